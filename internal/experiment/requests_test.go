package experiment

import (
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// What the data says of requests is in every one of them.
func TestSending(t *testing.T) {
	pairs := []crossrank.Pair{{Query: "a", Passage: "1"}, {Query: "b", Passage: "2"}}
	for _, d := range []definition.Data{
		{}, {Instruction: "find answers"}, {Instruction: "find answers", OneQuery: true}, {TopN: 1}, {TopN: 1, OneQuery: true},
	} {
		fake, req := &scorertest.Fake{}, &crossrank.Request{Pairs: pairs}
		if _, err := Sending(fake, d).Score(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		got := fake.Last()
		if got.Instruction != d.Instruction || (got.Pairs[1].Query == "a") != d.OneQuery || got.TopN != d.TopN || req.Instruction != "" || req.TopN != 0 {
			t.Errorf("%+v: the request was %+v, and the caller's is now %+v", d, got, req)
		}
	}
}

func TestWhatADialectCannotExpress(t *testing.T) {
	for data, want := range map[string]string{
		"instruction: find answers": "data.instruction: the dialect tei cannot express an instruction",
		"top_n: 3":                  "data.top_n: the dialect tei cannot ask for the highest scores alone",
	} {
		sw := settings(t, "name: x\ntarget: {address: 'http://127.0.0.1:1', dialect: tei}\ndata: {"+data+"}")
		if err := Check(sw); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", data, err, want)
		}
	}
}
