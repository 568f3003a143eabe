package main

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
)

// testHarness reports to a list.
func testHarness() *harness {
	return &harness{options: options{slice: 6 * time.Second, objective: 100 * time.Millisecond}, log: &bytes.Buffer{}, ctx: context.Background()}
}

// load makes a load whose requests end one after another, every step, with a latency and a code.
func sentLoad(n int, step, latency time.Duration, code crossrank.Code) sent {
	s := sent{Result: &load.Result{Elapsed: time.Duration(n) * step}}
	for i := range n {
		at := time.Duration(i+1) * step
		s.records = append(s.records, results.Request{
			Seq: i, Intended: at - latency, Started: at - latency, Finished: at, Pairs: 4, Code: code,
		})
	}
	return s
}

func (h *harness) get(t *testing.T, goal string) record {
	t.Helper()
	for _, r := range h.records {
		if r.Goal == goal {
			return r
		}
	}
	t.Fatalf("nothing was reported of %s: %+v", goal, h.records)
	return record{}
}

// Loads of 40 pairs/s, answered in 50 ms, where the peak is 50 and the objective 100 ms; one has
// refusals besides.
func TestReportLoads(t *testing.T) {
	h := testHarness()
	loads := []sent{sentLoad(60, 100*time.Millisecond, 50*time.Millisecond, crossrank.OK), sentLoad(60, 100*time.Millisecond, 50*time.Millisecond, crossrank.OK)}
	loads[1].records = append(loads[1].records, sentLoad(10, 100*time.Millisecond, 3*time.Millisecond, crossrank.Overloaded).records...)
	h.reportLoads(loads, 50)
	for goal, want := range map[string]float64{"goodput-1.5": 80, "goodput-2": 80, "latency-2": 0.5, "refusals": 3} {
		if r := h.get(t, goal); math.Abs(r.Value-want) > 2 || r.Fault != "" {
			t.Errorf("%s: got %+v, want about %v", goal, r, want)
		}
	}
	loads[1].records = append(loads[1].records, sentLoad(1, time.Second, 0, crossrank.Internal).records...)
	loads[1].FirstError = errors.New("broken")
	h.records = nil
	h.reportLoads(loads[1:], 50)
	if r := h.get(t, "goodput-1.5"); !strings.Contains(r.Fault, "1 requests ended otherwise, the first with: broken") {
		t.Errorf("a load with a failure: %+v", r)
	}
	h.records = nil
	h.reportLoads(loads[:1], 50)
	if r := h.get(t, "refusals"); r.Fault != "nothing was measured" {
		t.Errorf("without refusals: %+v", r)
	}
}

func TestRecovered(t *testing.T) {
	l := sentLoad(5, 200*time.Millisecond, 150*time.Millisecond, crossrank.OK)
	for i := range inARow {
		at := time.Second + time.Duration(i)*100*time.Millisecond
		l.records = append(l.records, results.Request{Intended: at, Started: at, Finished: at + 10*time.Millisecond, Code: crossrank.OK})
	}
	if at, ok := l.recovered(20); !ok || at != time.Second {
		t.Errorf("recovered at %v, %t; want 1s", at, ok)
	}
	if _, ok := l.recovered(5); ok {
		t.Error("recovered though every request was slow")
	}
}

func TestAccounts(t *testing.T) {
	callers := map[crossrank.Code]int{crossrank.OK: 5, crossrank.Overloaded: 2, crossrank.Canceled: 1}
	server := counts{
		`crossrank_requests_total{code="ok"}`: 5, `crossrank_requests_total{code="canceled"}`: 1,
		`crossrank_edge_refusals_total{code="overloaded",edge="grpc"}`: 2,
	}
	if r := accounts(callers, server, 7, 1); r.Value != 0 || r.Fault != "" || r.Note != "7 sent = 5 ok + 2 overloaded + 1 canceled" {
		t.Errorf("accounts that agree: %+v", r)
	}
	server[`crossrank_requests_total{code="ok"}`] = 4
	want := "ok: callers 5, server 4; 9 were sent and 8 ended"
	if r := accounts(callers, server, 9, 0); r.Value != 1 || r.Fault != want {
		t.Errorf("accounts that differ: %+v, want 1 and %q", r, want)
	}
}

func TestEnding(t *testing.T) {
	var e ending
	for _, c := range []struct {
		code crossrank.Code
		more bool
	}{
		{crossrank.OK, true}, {crossrank.Overloaded, true}, {crossrank.Unavailable, false}, {crossrank.Internal, false},
	} {
		var err error
		if c.code != crossrank.OK {
			err = crossrank.Errorf(c.code, "it was %s", c.code)
		}
		if more := e.count(err, true); more != c.more {
			t.Errorf("after %s the caller sends more: %t, want %t", c.code, more, c.more)
		}
	}
	e.accepted = 3
	sum := ending{accepted: 2, answered: 2}
	sum.add(e)
	sum.add(ending{badExits: 1, exit: "killed"})
	records := sum.records(3)
	if r := records[0]; r.Value != 2 || !strings.Contains(r.Note, "3 ends; 5 accepted by the server's count, 1 of them answered after the signal") ||
		!strings.Contains(r.Fault, "1 callers were answered otherwise, one with: ") {
		t.Errorf("lost: %+v", r)
	}
	if r := records[1]; r.Value != 1 || r.Fault != "killed" || r.Note != "of 3" {
		t.Errorf("exits: %+v", r)
	}
	if r := (&ending{}).records(1)[0]; r.Fault != "nothing was accepted" {
		t.Errorf("without a request: %+v", r)
	}
}

// Steady callers in turns of 1 s: 10 ms when it is calm, 20 ms under attack.
func TestAttackRecord(t *testing.T) {
	var l sent
	l.Result = &load.Result{}
	for i := range 600 {
		at := time.Duration(i) * 10 * time.Millisecond
		took := 10 * time.Millisecond
		if at/time.Second%2 == 1 {
			took *= 2
		}
		l.records = append(l.records, results.Request{Intended: at, Started: at, Finished: at + took, Code: crossrank.OK})
	}
	a := attacks[0]
	if r := attackRecord(a, l, time.Second, 7, nil); math.Abs(r.Value-100) > 1 || r.Fault != "" || !strings.Contains(r.Note, "270 and 270 requests; 7 times") {
		t.Errorf("twice as slow under attack: %+v", r)
	}
	broken := errors.New("a header of 1 MiB was accepted")
	if r := attackRecord(a, l, time.Second, 7, &broken); !strings.Contains(r.Fault, "1 MiB was accepted") {
		t.Errorf("an attack that was taken: %+v", r)
	}
	l.records[0].Code, l.FirstError = crossrank.Internal, broken
	if r := attackRecord(a, l, time.Second, 7, nil); !strings.Contains(r.Fault, "1 of the others' requests failed") {
		t.Errorf("a caller that was not answered: %+v", r)
	}
}

func TestNetworkRecord(t *testing.T) {
	l := sentLoad(10, time.Second, netDeadline+300*time.Millisecond, crossrank.DeadlineExceeded)
	if r := networkRecord("net-slow", l, time.Second, nil); r.Value != 0.3 || r.Fault != "" || !strings.Contains(r.Note, "10 ended at the deadline") {
		t.Errorf("300 ms too late: %+v", r)
	}
	if r := networkRecord("net-slow", l, time.Second, errors.New("no answer")); r.Fault != "after the fault: no answer" {
		t.Errorf("a network that does not heal: %+v", r)
	}
}

// Memory that grows by 1 kB a second for an hour is 3.6 MB/h, and all requests are alike.
func TestReportSoak(t *testing.T) {
	h := testHarness()
	h.warmup = time.Second
	m := &memory{live: []float64{1e6, 2e6}}
	for i := range 3600 {
		m.seconds, m.bytes = append(m.seconds, float64(i)), append(m.bytes, 5e7+1000*float64(i))
	}
	l := sentLoad(400, 100*time.Millisecond, 50*time.Millisecond, crossrank.OK)
	l.records[3].Code = crossrank.Overloaded
	h.reportSoak(l, m)
	if r := h.get(t, "rss"); math.Abs(r.Value-3.6) > 1e-6 || !strings.Contains(r.Note, "1.00 to 2.00 MB") {
		t.Errorf("memory: %+v, want 3.6 MB/h", r)
	}
	if r := h.get(t, "drift"); math.Abs(r.Value-100) > 1e-6 {
		t.Errorf("drift: %+v, want 100 %%", r)
	}
	if r := h.get(t, "soak-errors"); r.Value != 1 {
		t.Errorf("errors: %+v, want 1", r)
	}
}

// A step that fails does not keep the others from running, and one that is interrupted is partial.
func TestRunAll(t *testing.T) {
	dir := t.TempDir()
	h := testHarness()
	h.results, h.page = dir+"/results.jsonl", dir+"/page.md"
	empty, err := part.In("<!-- generated by make soak, make chaos and make fleet -->\n<!-- end of what make soak, make chaos and make fleet generated -->\n", "")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, h.page, empty)
	ctx, interrupt := context.WithCancel(t.Context())
	err = h.runAll(ctx, []step{
		{name: "one", run: func(context.Context, *harness) error { return errors.New("broken") }},
		{name: "two", run: func(_ context.Context, h *harness) error {
			h.report(record{Goal: "exits", Value: math.NaN(), Margin: math.Inf(1)})
			interrupt()
			h.report(record{Goal: "lost"})
			return nil
		}},
		{name: "three", run: func(context.Context, *harness) error { panic("it runs after an interruption") }},
	})
	if err == nil || !strings.Contains(err.Error(), "one: broken") || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("got %v", err)
	}
	records, err := readRecords(h.results)
	if err != nil || len(records) != 2 || !records[0].Partial || records[1].Partial || records[1].Fault != "nothing was measured" {
		t.Errorf("records %+v, %v; want one that is partial and one that measured nothing", records, err)
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
