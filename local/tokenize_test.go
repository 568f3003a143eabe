package local

import (
	"context"
	"testing"

	"github.com/crossrank/crossrank"
)

func TestTokenize(t *testing.T) {
	m := open(t)
	plain, whole := m.Tokenize("The capital, of France.", false), m.Tokenize("The capital, of France.", true)
	if len(plain) < 5 || len(whole) != len(plain)+2 {
		t.Fatalf("got %v, and %v with special tokens", plain, whole)
	}
	if first, last := whole[0], whole[len(whole)-1]; first.Text != "[CLS]" || !first.Special || last.Text != "[SEP]" || !last.Special {
		t.Errorf("the template's tokens are %+v and %+v", first, last)
	}
	for i, tok := range plain {
		if tok != whole[i+1] || tok.Special || tok.Text == "" {
			t.Errorf("token %d is %+v, and %+v inside of the template", i, tok, whole[i+1])
		}
	}
	if plain[0].Text != "the" || plain[len(plain)-1].Text != "." {
		t.Errorf("got %v", plain)
	}
	if got := m.Tokenize("", false); len(got) != 0 {
		t.Errorf("nothing has tokens %v", got)
	}

	// A pair costs what its sides cost, and three special tokens.
	resp, err := m.Score(context.Background(), &crossrank.Request{
		Pairs: []crossrank.Pair{{Query: "The capital, of France.", Passage: "The capital, of France."}}})
	if err != nil || resp.Usage.Tokens != 2*len(plain)+3 {
		t.Errorf("a pair has %+v tokens, %v; want %d", resp, err, 2*len(plain)+3)
	}
}
