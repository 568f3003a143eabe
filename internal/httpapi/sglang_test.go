package httpapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// TestSGLangScore scores items in SGLang's form, on its own route and on the one of vLLM.
func TestSGLangScore(t *testing.T) {
	qa, aq := crossrank.Pair{Query: "q", Passage: "a"}, crossrank.Pair{Query: "a", Passage: "q"}
	for keys, want := range map[string]struct {
		pair crossrank.Pair
		raw  bool
	}{
		``: {qa, false}, `,"item_first":true`: {aq, false}, `,"apply_softmax":true`: {qa, false}, `,"raw_scores":true`: {qa, true},
		`,"label_token_ids":null,"return_pooled_hidden_states":false`: {qa, false}, `,"label_token_ids":[]`: {qa, false},
	} {
		for _, path := range []string{"/v1/score", "/score", "/sglang/v1/score"} {
			s := &scorer{}
			w := post(newAPI(s), path, `{"query":"q","items":["a","b"]`+keys+`}`)
			var reply sglangScored
			if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || w.Code != http.StatusOK {
				t.Fatalf("%s with %s: %d %s", path, keys, w.Code, w.Body)
			}
			score := scorertest.Logit(want.pair)
			if !want.raw {
				score = crossrank.Sigmoid(score)
			}
			if len(reply.Scores) != 2 || len(reply.Scores[0]) != 1 || reply.Scores[0][0] != score || s.last.Pairs[0] != want.pair {
				t.Errorf("%s with %s: got %s, want %v first", path, keys, w.Body, score)
			}
		}
	}
	for keys, says := range map[string]string{
		`"query":"q","items":["a"],"label_token_ids":[9454,2753]`:            `"label_token_ids" is not supported`,
		`"query":"q","items":["a"],"return_pooled_hidden_states":true`:       `"return_pooled_hidden_states" is not supported`,
		`"query":[1,2],"items":["a"]`:                                        `"query"[0] must be a string`,
		`"query":"q","items":[[1]]`:                                          `"items"[0] must be a string`,
		`"query":"q","items":[]`:                                             `"items" is empty`,
		`"query":"q","items":["a"],"item_first":"yes"`:                       `"item_first" must be true or false`,
		`"query":"q","items":["a"],"apply_softmax":1`:                        `"apply_softmax" must be true or false`,
		`"query":"q","items":["a","b","c","d","e"]`:                          `"items" has more than 4`,
		`"query":["q","r"],"items":["a"]`:                                    `"query" has 2 elements and "items" has 1`,
		`"query":"q","items":["a"],"truncation_direction":"up"`:              `"truncation_direction" must be one of`,
		`"query":"q","items":["a"],"max_tokens_per_query":9,"item_first":""`: `"max_tokens_per_query" is not supported`,
	} {
		s := &scorer{}
		w := post(newAPI(s), "/v1/score", `{`+keys+`}`)
		if s.last != nil || !strings.Contains(checkError(t, w).Error, says) {
			t.Errorf("%s: got %d %s, want %s", keys, w.Code, w.Body, says)
		}
	}
}
