package clients

import (
	"slices"
	"testing"
)

// TestNodeSDKs ranks with the SDKs of several makers, as sdks.mjs calls them. All must give the
// ranking that the server has in its own form.
func TestNodeSDKs(t *testing.T) {
	ranking := want(t)
	var made map[string]struct {
		Results []result
		Texts   []string
		Tokens  *int
		Models  []string
		Error   string
	}
	runNode(t, &made, map[string]any{"query": query, "documents": documents}, "sdks.mjs", base)
	if len(made) < 28 {
		t.Errorf("there are only %d clients", len(made))
	}
	for name, got := range made {
		t.Run(name, func(t *testing.T) {
			switch {
			case got.Error != "":
				t.Fatal(got.Error)
			case got.Models != nil:
				if slices.ContainsFunc(got.Models, func(m string) bool { return m != model }) {
					t.Errorf("got models %q, want %s", got.Models, model)
				}
				return
			}
			if !slices.Equal(got.Results, ranking) {
				t.Errorf("got %v, want %v", got.Results, ranking)
			}
			for i, text := range got.Texts {
				if text != documents[ranking[i].Index] {
					t.Errorf("result %d is %q", i, text)
				}
			}
			if got.Tokens != nil && *got.Tokens < 10 {
				t.Errorf("got %d tokens", *got.Tokens)
			}
		})
	}
}
