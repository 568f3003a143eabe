package serving

import (
	"context"
	"log/slog"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/scorertest"
	"github.com/crossrank/crossrank/internal/tinymodel"
	"github.com/crossrank/crossrank/local"
)

// TestRouterIsAScorer holds a router to what every Scorer must do.
func TestRouterIsAScorer(t *testing.T) {
	scorertest.Run(t, func(t *testing.T) crossrank.Scorer {
		return newRouter(t, "v1", fakeModel{Fake: new(scorertest.Fake)}, fakeModel{Fake: &scorertest.Fake{Name: "other"}})
	})
}

// newRouter makes a router over open models, the default one first.
func newRouter(t *testing.T, version string, models ...Model) *Router {
	t.Helper()
	all := make([]named, len(models))
	for i, one := range models {
		all[i].name = one.Info().Model
	}
	found, err := newNames(all, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return &Router{models: models, names: found, version: version}
}

// fakeModel is a model that only scores.
type fakeModel struct {
	*scorertest.Fake
	Model
}

func (f fakeModel) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	return f.Fake.Score(ctx, req)
}

func (f fakeModel) Info() crossrank.Info { return f.Fake.Info() }

// TestModelOptions holds that every setting of a model reaches it: none of them is silently
// ignored.
func TestModelOptions(t *testing.T) {
	s, err := config.Parse("f", []byte(`
model: m
model_pool:
  routing: least_busy
  instances: [{quantization: int8, max_length: 99, threads: 3, replicas: 2}, {quantization: int8, max_length: 99}]
tokenizer_pool: {workers: 7}
batching:
  {enabled: false, max_batch_size: 11, max_batch_tokens: 222, timeout_ms: 1.5, length_aware: false, packing: false,
   preferred_batch_size: [4, 8], max_queue_age_ms: 0.5, max_queued_tokens: 3333}
pipeline: {mode: inference_only, special_tokens: text}
cache: {max_bytes: 333, coalesce: false, prefix_bytes: 444}
`))
	if err != nil {
		t.Fatal(err)
	}
	got := modelOptions(s, s.Served()[0], 2)
	want := local.Options{
		Threads: 2, Instances: []local.Instance{{Threads: 3}, {Threads: 3}, {}}, Routing: "least_busy",
		MaxLength: 99, TokenizerWorkers: 7, Backend: "native", Quantization: "int8", Mode: "inference_only", CacheBytes: 333,
		PrefixBytes: 444, SpecialTokens: "text",
		Batching: local.Batching{
			MaxTokens: 222, MaxPairs: 11, Timeout: 1500 * time.Microsecond, Enabled: new(false), LengthAware: new(false),
			PreferredPairs: []int{4, 8}, MaxQueueAge: 500 * time.Microsecond, MaxQueuedTokens: 3333,
		},
		Packing: new(false),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestEverySettingReachesTheModel changes each setting outside the server section, and wants other
// options for the model.
func TestEverySettingReachesTheModel(t *testing.T) {
	options := func(s config.Settings) local.Options { return modelOptions(s, s.Served()[0], 1) }
	notOptions := map[string]bool{
		"model": true, "model_pool.instances[0].model": true, // names the model, beside its options
		"aliases": true, "model_pool.instances[0].aliases": true, // likewise; see names_test.go
		"model_pool.instances[0].device": true, // the backend's only one
	}
	for _, key := range config.Default().Keys() {
		if strings.HasPrefix(key.Path, "server.") || notOptions[key.Path] {
			continue
		}
		s := config.Default()
		for _, text := range []string{"false", "77", "77.5", "int8", "onnx", "least_busy", "inference_only", "text"} {
			if text != key.Value && s.Set(key.Path, text, "x") == nil {
				break
			}
		}
		if s.Origin(key.Path) != "x" {
			t.Errorf("no other value for %s", key.Path)
		}
		if reflect.DeepEqual(options(s), options(config.Default())) {
			t.Errorf("%s changes nothing", key.Path)
		}
	}
}

// TestRouterOverTwoModels opens two models with three instances in all, and routes requests by the
// names of the models.
func TestRouterOverTwoModels(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	for _, dir := range []string{a, b} {
		if err := tinymodel.Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	s := config.Default()
	s.Model = a
	s.ModelPool.Instances = []config.Instance{
		{Quantization: "fp32", Replicas: 2}, {Model: b, Quantization: "int8", Replicas: 1},
	}
	m, err := Open(t.Context(), s, "v1", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	pairs := []crossrank.Pair{{Query: "what is paris", Passage: "paris is a city."}, {Query: "rome", Passage: "a"}}
	nameA, nameB := filepath.Base(a), filepath.Base(b)
	for asked, want := range map[string]string{"": nameA, nameA: nameA, b: nameB} {
		resp, err := m.Score(t.Context(), &crossrank.Request{Model: asked, Pairs: pairs})
		if err != nil || resp.Model != want {
			t.Errorf("asked for %q: got %+v, %v, want %s to answer", asked, resp, err, want)
		}
	}
	if _, err := m.Score(t.Context(), &crossrank.Request{Model: "third", Pairs: pairs}); crossrank.CodeOf(err) != crossrank.NotFound || !strings.Contains(err.Error(), nameA) {
		t.Errorf("an unknown model: got error %v", err)
	}
	if infos := m.Infos(); len(infos) != 2 || infos[0].Instances != 2 || infos[1].Quantization != "int8" || infos[1].Version != "v1" {
		t.Errorf("got %+v", infos)
	}

	g := m.Gauges()
	var names []string
	var batches, computed int64
	for _, in := range g.Instances() {
		names = append(names, in.Name)
		batches += in.Batches
		computed += in.Pairs
	}
	if !slices.Equal(names, []string{nameA + "/0", nameA + "/1", nameB + "/0"}) || computed != 6 || batches != 3 {
		t.Errorf("instances %v ran %d batches of %d pairs, want 3 instances, 3 batches, 6 pairs", names, batches, computed)
	}
	if sum := g.Batches(); sum.Runs != 3 || sum.Pairs != 6 || sum.ByPairs[1] != 3 {
		t.Errorf("got %+v, want 3 runs of 2 pairs", sum)
	}
	if q := g.Queue(); q.Pairs != 0 || q.RunningPairs != 0 {
		t.Errorf("got %+v, want nothing waiting", q)
	}

	s.ModelPool.Instances[1].Model = "nowhere"
	if m, err := Open(t.Context(), s, "v1", slog.New(slog.DiscardHandler)); err == nil {
		t.Errorf("a model that is not there: got %v", m)
	}
}

// TestCacheOfModels scores the same pairs again, twice in a request, with the memory of one setting
// for two models.
func TestCacheOfModels(t *testing.T) {
	s := config.Default()
	s.Cache.MaxBytes = 2_000_000
	s.ModelPool.Instances = []config.Instance{{Model: config.BuiltinModel, Replicas: 1}, {Model: "other", Replicas: 1}}
	if got := modelOptions(s, s.Served()[0], 1); got.CacheBytes != 1_000_000 || !got.Coalesce {
		t.Errorf("got %+v, want half of the memory, and coalescing", got)
	}
	s.ModelPool.Instances = s.ModelPool.Instances[:1]
	m, err := Open(t.Context(), s, "v1", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	pair := crossrank.Pair{Query: "q", Passage: "p"}
	first, err := m.Score(t.Context(), &crossrank.Request{Pairs: []crossrank.Pair{pair, pair}, Raw: true})
	if err != nil {
		t.Fatal(err)
	}
	again, err := m.Score(t.Context(), &crossrank.Request{Pairs: []crossrank.Pair{pair}})
	if err != nil {
		t.Fatal(err)
	}
	if again.Usage.Tokens != 0 || again.Usage.CachedTokens != first.Usage.Tokens || first.Scores[0] != first.Scores[1] ||
		again.Scores[0] != crossrank.Sigmoid(first.Scores[0]) {
		t.Errorf("got %+v, then %+v", first, again)
	}
	if g := m.Gauges().Cache(); g.Hits != 1 || g.Misses != 1 || g.Coalesced != 1 || g.Scores != 1 || g.Bytes == 0 || g.MaxBytes != 2_000_000 {
		t.Errorf("the gauge says %+v", g)
	}
}
