package main

import (
	"context"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/results"
)

func TestSlope(t *testing.T) {
	var x, y, noisy []float64
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 200 {
		x, y = append(x, float64(i)), append(y, 5+3*float64(i))
		noisy = append(noisy, 5+3*float64(i)+rng.NormFloat64())
	}
	if b, err := slope(x, y); math.Abs(b-3) > 1e-9 || err > 1e-6 {
		t.Errorf("a line: got %v ± %v, want 3 ± 0", b, err)
	}
	// σ/√Σ(x−x̄)² = 1/√(200·(200²−1)/12) = 0.00122.
	if b, err := slope(x, noisy); math.Abs(b-3) > 4*err || math.Abs(err-0.00122) > 0.0003 {
		t.Errorf("a line with noise: got %v ± %v, want about 3 ± 0.00122", b, err)
	}
	if b, _ := slope(x[:2], y); !math.IsNaN(b) {
		t.Errorf("of two points: got %v, want NaN", b)
	}
	if got := blocks([]float64{1, 3, 5, 7, 9}, 2); len(got) != 2 || got[0] != 2 || got[1] != 6 {
		t.Errorf("blocks of two: got %v, want 2 and 6", got)
	}
}

func TestGrowth(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	draw := func(scale float64) (xs []float64) {
		for range 2000 {
			xs = append(xs, scale*(10+rng.Float64()))
		}
		return xs
	}
	if more, margin := growth(draw(1), draw(1.2)); math.Abs(more-20) > margin+1 || margin > 2 {
		t.Errorf("a fifth slower: got %v ± %v %%, want 20", more, margin)
	}
	if more, _ := growth(nil, draw(1)); !math.IsNaN(more) {
		t.Errorf("against nothing: got %v, want NaN", more)
	}
}

func TestCounts(t *testing.T) {
	c := counts{
		`crossrank_requests_total{code="overloaded"}`:                  7,
		`crossrank_edge_refusals_total{code="overloaded",edge="grpc"}`: 2,
		`crossrank_edge_refusals_total{code="overloaded",edge="http"}`: 1,
		"crossrank_requests_in_flight":                                 2,
		"crossrank_queue_pairs":                                        3,
		"crossrank_running_pairs":                                      10,
		"crossrank_batch_pairs_sum":                                    1_500_000,
		"go_goroutines":                                                20,
		"process_open_fds":                                             9,
	}
	if n := c.ended(crossrank.Overloaded); n != 10 {
		t.Errorf("ended as overloaded: got %d, want 10", n)
	}
	if c.busy() != 15 || c.computed() != 1_500_000 || c.footprint() != (footprint{20, 9}) {
		t.Errorf("busy %d, computed %d, footprint %v; want 15, 1500000, 20 and 9", c.busy(), c.computed(), c.footprint())
	}
}

func TestLastWords(t *testing.T) {
	for _, c := range []struct {
		name, log string
		want      int
		ok        bool
	}{
		{"some of each", "x\nlevel=INFO msg=stopped requests.canceled=2 requests.ok=30 requests.overloaded=5\n", 32, true},
		{"none at all", "level=INFO msg=stopped\n", 0, true},
		{"another line before", "msg=stopped requests.ok=9\nmsg=stopped requests.ok=3\n", 3, true},
		{"killed", "level=INFO msg=draining grace=30s\n", 0, false},
	} {
		if got, ok := accepted(c.log); got != c.want || ok != c.ok {
			t.Errorf("%s: got %d, %v; want %d, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}

func TestReadTests(t *testing.T) {
	got := readTests([]byte(`compiling
{"Action":"output","Test":"TestX/a","Output":"    x_test.go:12: 345 cases\n"}
{"Action":"pass","Test":"TestX/a","Elapsed":0.03}
{"Action":"fail","Test":"TestX/b","Elapsed":0.01}
{"Action":"fail","Test":"TestX","Elapsed":9}
{"Action":"fail","Package":"p","Elapsed":9}
`))
	if len(got.passed) != 1 || got.numbers["TestX/a"] != 345 || got.slowest != 30*time.Millisecond ||
		got.fault() != "failed: TestX/b, TestX" {
		t.Errorf("got %+v, fault %q", got, got.fault())
	}
}

// TestSent holds what is made of records.
func TestSent(t *testing.T) {
	s := sent{records: []results.Request{
		{Intended: 0, Started: 0, Finished: time.Second, Pairs: 4, Code: crossrank.OK},
		{Intended: time.Second, Started: 3 * time.Second / 2, Finished: 2 * time.Second, Pairs: 4, Code: crossrank.OK},
		{Intended: time.Second, Started: 2 * time.Second, Finished: 2*time.Second + time.Millisecond, Pairs: 4, Code: crossrank.Overloaded},
	}}
	if got := s.goodput(time.Second, 3*time.Second); got != 4 {
		t.Errorf("goodput: got %v pairs/s, want 4", got)
	}
	if got := s.latencies(3*time.Second/2, forever); len(got) != 1 || got[0] != 1000 {
		t.Errorf("latencies: got %v ms, want 1000", got)
	}
	if got := s.refusals(); len(got) != 1 || got[0] != 1 {
		t.Errorf("refusals: got %v ms, want 1", got)
	}
	if n := s.count(crossrank.OK, crossrank.Internal); n != 2 {
		t.Errorf("count: got %d, want 2", n)
	}
}

// TestFuzzTargets finds some that are known to be there.
func TestFuzzTargets(t *testing.T) {
	t.Chdir("../../..")
	list, err := targets()
	if err != nil {
		t.Fatal(err)
	}
	have := map[target]bool{}
	for _, f := range list {
		have[f] = true
	}
	for _, want := range []target{{"./internal/safetensors", "FuzzHeader"}, {"./internal/definition", "FuzzParse"}} {
		if !have[want] {
			t.Errorf("%v is not among %v", want, list)
		}
	}
}

func TestCommandLine(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"soak", "make soak"},
		{"chaos -only overload -slice 6s", `make chaos CHAOS_FLAGS="-only overload -slice 6s"`},
		{"chaos -results /tmp/x -program=/tmp/y -terms 3", `make chaos CHAOS_FLAGS="-terms 3"`},
	} {
		args := strings.Fields(c.args)
		if got := command(args[0], args[1:]); got != c.want {
			t.Errorf("%s: got %s, want %s", c.args, got, c.want)
		}
	}
	for _, args := range []string{"", "rest", "chaos -only nothing", "soak -only overload", "soak -duration 1s", "chaos -terms 0", "render x"} {
		if err := execute(context.Background(), strings.Fields(args), io.Discard); err == nil {
			t.Errorf("no error for %q", args)
		}
	}
}
