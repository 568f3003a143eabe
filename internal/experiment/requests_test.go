package experiment

import (
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// The instruction of the data is in every request, together with one query per request or without.
func TestInstructed(t *testing.T) {
	pairs := []crossrank.Pair{{Query: "a", Passage: "1"}, {Query: "b", Passage: "2"}}
	for _, d := range []definition.Data{
		{}, {Instruction: "find answers"}, {Instruction: "find answers", OneQuery: true},
	} {
		fake, req := &scorertest.Fake{}, &crossrank.Request{Pairs: pairs}
		if _, err := Sending(fake, d).Score(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		got := fake.Last()
		if got.Instruction != d.Instruction || (got.Pairs[1].Query == "a") != d.OneQuery || req.Instruction != "" {
			t.Errorf("%+v: the request was %+v, and the caller's is now %+v", d, got, req)
		}
	}
}

func TestAnInstructionThatADialectCannotExpress(t *testing.T) {
	sw := settings(t, "name: x\ntarget: {address: 'http://127.0.0.1:1', dialect: tei}\ndata: {instruction: find answers}")
	if err := Check(sw); err == nil || !strings.Contains(err.Error(), "data.instruction: the dialect tei cannot express an instruction") {
		t.Errorf("got %v", err)
	}
}
