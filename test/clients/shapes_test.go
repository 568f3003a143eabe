package clients

import (
	"math"
	"net/http"
	"slices"
	"testing"
)

// TestTextEmbeddingsInference makes the calls of that server's documentation, which gives them as
// plain HTTP.
func TestTextEmbeddingsInference(t *testing.T) {
	ranking := want(t)
	ask := `"query":` + asJSON(query) + `,"texts":` + asJSON(documents)

	var raw []struct {
		Index int
		Score float64
		Text  *string
	}
	post(t, "/rerank", `{`+ask+`,"raw_scores":true,"return_text":true,"truncate":true,"truncation_direction":"Right"}`, http.StatusOK, &raw)
	for i, r := range raw {
		if r.Index != ranking[i].Index || r.Text == nil || *r.Text != documents[r.Index] {
			t.Errorf("result %d: got %+v, want that of %+v", i, r, ranking[i])
		}
		if p := 1 / (1 + math.Exp(-r.Score)); math.Abs(p-ranking[i].Score) > 1e-6 {
			t.Errorf("result %d: the logit %v is the probability %v, not %v", i, r.Score, p, ranking[i].Score)
		}
	}

	pairs := [][]string{}
	for _, d := range documents {
		pairs = append(pairs, []string{query, d})
	}
	var predicted [][]struct {
		Score float64
		Label string
	}
	post(t, "/predict", `{"inputs":`+asJSON(pairs)+`}`, http.StatusOK, &predicted)
	for _, r := range ranking {
		if p := predicted[r.Index]; len(p) != 1 || p[0].Score != r.Score || p[0].Label == "" {
			t.Errorf("document %d: predicted %+v, want %v", r.Index, p, r.Score)
		}
	}

	var tokens [][]struct {
		ID      int
		Text    string
		Special bool
	}
	post(t, "/tokenize", `{"inputs":"What is Deep Learning?"}`, http.StatusOK, &tokens)
	if len(tokens) != 1 || len(tokens[0]) < 6 || tokens[0][0].Text != "[CLS]" || !tokens[0][0].Special || tokens[0][1].Text != "what" {
		t.Errorf("got tokens %+v", tokens)
	}

	var failed struct {
		Error     string
		ErrorType string `json:"error_type"`
	}
	post(t, "/rerank", `{"query":"q","texts":[]}`, http.StatusBadRequest, &failed)
	if failed.Error == "" || failed.ErrorType != "Empty" {
		t.Errorf("got %+v", failed)
	}
}

// TestVLLM scores in each of the shapes of vLLM's score API, and ranks in its words.
func TestVLLM(t *testing.T) {
	ranking := want(t)
	type scored struct {
		ID, Object, Model string
		Created           int64
		Data              []struct {
			Index  int
			Object string
			Score  float64
		}
		Usage struct {
			Prompt int `json:"prompt_tokens"`
			Total  int `json:"total_tokens"`
		}
	}
	scoreOf := map[int]float64{}
	for _, r := range ranking {
		scoreOf[r.Index] = r.Score
	}
	queries := slices.Repeat([]string{query}, len(documents))
	for name, c := range map[string]struct {
		texts string
		want  []int // documents
	}{
		"one to one":  {`"text_1":` + asJSON(query) + `,"text_2":` + asJSON(documents[2]), []int{2}},
		"one to many": {`"text_1":` + asJSON(query) + `,"text_2":` + asJSON(documents), []int{0, 1, 2, 3}},
		"many":        {`"text_1":` + asJSON(queries) + `,"text_2":` + asJSON(documents), []int{0, 1, 2, 3}},
	} {
		var got scored
		post(t, "/v1/score", `{"model":"`+model+`",`+c.texts+`}`, http.StatusOK, &got)
		if got.Object != "list" || got.ID == "" || got.Model != model || got.Created == 0 || got.Usage.Total == 0 || len(got.Data) != len(c.want) {
			t.Errorf("%s: got %+v", name, got)
			continue
		}
		for i, d := range got.Data {
			if d.Index != i || d.Object != "score" || d.Score != scoreOf[c.want[i]] {
				t.Errorf("%s: pair %d: got %+v, want %v", name, i, d, scoreOf[c.want[i]])
			}
		}
	}

	var reranked struct {
		ID, Model string
		Usage     struct {
			Total int `json:"total_tokens"`
		}
		Results []struct {
			Index int
			Score float64 `json:"relevance_score"`
		}
	}
	post(t, "/rerank", `{"model":"`+model+`","query":`+asJSON(query)+`,"documents":`+asJSON(documents)+`,"top_n":2,"truncate_prompt_tokens":-1}`,
		http.StatusOK, &reranked)
	if len(reranked.Results) != 2 || reranked.Usage.Total == 0 || reranked.Results[0].Index != ranking[0].Index || reranked.Results[0].Score != ranking[0].Score {
		t.Errorf("got %+v, want the first two of %v", reranked, ranking)
	}
	var failed struct {
		Error struct {
			Message, Type string
			Code          int
		}
	}
	postTo(t, strict, "/v1/score", `{"model":"other","text_1":"a","text_2":"b"}`, http.StatusNotFound, &failed)
	if failed.Error.Message == "" || failed.Error.Type != "NotFoundError" || failed.Error.Code != http.StatusNotFound {
		t.Errorf("got %+v", failed)
	}
}
