package clients

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	cohere "github.com/cohere-ai/cohere-go/v2"
	cohereclient "github.com/cohere-ai/cohere-go/v2/client"
	"github.com/cohere-ai/cohere-go/v2/option"
)

// TestCohereGo calls both versions of Cohere's API with its SDK for Go.
func TestCohereGo(t *testing.T) {
	client := cohereclient.NewClient(option.WithBaseURL(base), option.WithToken("unused"))
	ranking := want(t)
	topN := 3

	v2, err := client.V2.Rerank(t.Context(), &cohere.V2RerankRequest{
		Model: model, Query: query, Documents: documents, TopN: &topN})
	if err != nil {
		t.Fatal(err)
	}
	var got []result
	for _, r := range v2.Results {
		got = append(got, result{r.Index, r.RelevanceScore})
	}
	if !slices.Equal(got, ranking[:topN]) {
		t.Errorf("version 2: got %v, want %v", got, ranking[:topN])
	}
	if v2.GetId() == nil || v2.Meta.GetApiVersion().GetVersion() != "2" || *v2.Meta.GetBilledUnits().GetSearchUnits() != 1 {
		t.Errorf("version 2: got %v", v2)
	}

	yes := true
	name := model
	v1Request := &cohere.RerankRequest{Model: &name, Query: query, ReturnDocuments: &yes}
	for _, text := range documents {
		v1Request.Documents = append(v1Request.Documents,
			&cohere.RerankRequestDocumentsItem{RerankDocument: cohere.RerankDocument{"text": text}})
	}
	v1, err := client.Rerank(t.Context(), v1Request)
	if err != nil {
		t.Fatal(err)
	}
	got = nil
	for _, r := range v1.Results {
		got = append(got, result{r.Index, r.RelevanceScore})
		if r.Document == nil || r.Document.Text != documents[r.Index] {
			t.Errorf("version 1: document %d came back as %v", r.Index, r.Document)
		}
	}
	if !slices.Equal(got, ranking) || v1.Meta.GetApiVersion().GetVersion() != "1" {
		t.Errorf("version 1: got %v, %v, want %v", got, v1.Meta, ranking)
	}
}

func TestCohereGoErrors(t *testing.T) {
	client := cohereclient.NewClient(option.WithBaseURL(strict), option.WithToken("unused"), option.WithMaxAttempts(1))
	_, err := client.V2.Rerank(t.Context(), &cohere.V2RerankRequest{Model: "rerank-v3.5", Query: query, Documents: documents})
	var notFound *cohere.NotFoundError
	if !errors.As(err, &notFound) {
		t.Errorf("an unknown model: got %T %v", err, err)
	}
	negative := -1
	_, err = client.V2.Rerank(t.Context(), &cohere.V2RerankRequest{Model: model, Query: query, Documents: documents, TopN: &negative})
	var bad *cohere.BadRequestError
	if !errors.As(err, &bad) {
		t.Errorf("a negative top_n: got %T %v", err, err)
	}
}

// TestCoherePython makes the requests of Cohere's SDK for Python, which does not run here: its
// headers and the order of its keys.
func TestCoherePython(t *testing.T) {
	ranking := want(t)
	for path, body := range map[string]string{
		"/v2/rerank": `{"model":"rerank-v3.5","query":` + asJSON(query) + `,"documents":` + asJSON(documents) + `,"top_n":3}`,
		"/v1/rerank": `{"model":"rerank-v3.5","query":` + asJSON(query) + `,"documents":` + asJSON(documents) + `,"top_n":3,"return_documents":true}`,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "cohere/5.21.1", "X-Fern-Language": "Python",
			"X-Fern-Sdk-Name": "cohere", "X-Fern-Sdk-Version": "5.21.1", "Authorization": "Bearer unused", "Content-Type": "application/json",
		} {
			req.Header.Set(name, value)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var reply struct {
			ID      string
			Results []struct {
				Index     int
				Relevance float64 `json:"relevance_score"`
				Document  *struct{ Text string }
			}
			Meta struct {
				APIVersion struct{ Version string } `json:"api_version"`
			}
		}
		err = json.NewDecoder(resp.Body).Decode(&reply)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || reply.ID == "" || "/v"+reply.Meta.APIVersion.Version+"/rerank" != path {
			t.Errorf("%s: got %s, %v, %+v", path, resp.Status, err, reply)
		}
		var got []result
		for _, r := range reply.Results {
			got = append(got, result{r.Index, r.Relevance})
			if returned := r.Document != nil && r.Document.Text == documents[r.Index]; returned != (path == "/v1/rerank") {
				t.Errorf("%s: document %d came back as %v", path, r.Index, r.Document)
			}
		}
		if !slices.Equal(got, ranking[:3]) {
			t.Errorf("%s: got %v, want %v", path, got, ranking[:3])
		}
	}
}

// TestCohereNode calls both versions of Cohere's API with its SDK for Node, which cohere.mjs does.
func TestCohereNode(t *testing.T) {
	ranking := want(t)
	var got struct {
		V2, V1  []result
		Texts   []string
		Version map[string]string
		Errors  map[string]struct {
			Name   string
			Status int
			Body   struct{ Message string }
		}
	}
	runNode(t, &got, map[string]any{"model": model, "query": query, "documents": documents}, "cohere.mjs", base, strict)
	if !slices.Equal(got.V2, ranking[:3]) || !slices.Equal(got.V1, ranking) {
		t.Errorf("got %v and %v, want %v, 3 of them in version 2", got.V2, got.V1, ranking)
	}
	for i, r := range got.V1 {
		if got.Texts[i] != documents[r.Index] {
			t.Errorf("document %d came back as %q", r.Index, got.Texts[i])
		}
	}
	if got.Version["v1"] != "1" || got.Version["v2"] != "2" {
		t.Errorf("got versions %v", got.Version)
	}
	if e := got.Errors["model"]; e.Name != "NotFoundError" || e.Status != http.StatusNotFound || e.Body.Message == "" {
		t.Errorf("an unknown model: got %+v", e)
	}
	if e := got.Errors["top_n"]; e.Name != "BadRequestError" || e.Status != http.StatusBadRequest || e.Body.Message == "" {
		t.Errorf("a negative top_n: got %+v", e)
	}
}
