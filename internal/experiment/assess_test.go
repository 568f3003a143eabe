package experiment

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Where quality is asked for, every server is asked once, after what is timed: its scores are
// compared with the reference's, whichever comes first, and rank the candidates of a collection.
func TestQualityIsMeasuredBesideSpeed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "judged")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"docs.jsonl": "{\"id\":\"1\",\"text\":\"a fish\"}\n{\"id\":\"2\",\"text\":\"a long list of words\"}\n", "queries.tsv": "q\ta fish\n", "qrels.tsv": "q\t1\t1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	yaml := `
name: quantized
model: /models/tiny
model_pool: {instances: [{quantization: [int8, fp32]}]}
data: {seed: 3}
experiment: {batch_sizes: [4], benchmark_requests: 3, warmup: 0, quality: {against: fp32, collection: ` + dir + `}}
`
	out, res, err := run(t, t.Context(), "serve", yaml, nil)
	if err != nil || out.Partial || len(res.Quality) != 2 {
		t.Fatalf("%+v and %v, with %d qualities; want a whole run with two", out, err, len(res.Quality))
	}
	int8, fp32 := res.Quality[0], res.Quality[1]
	if int8.Quantization != "int8" || int8.Configuration != 0 || fp32.Quantization != "fp32" || fp32.Configuration != 1 || fp32.Agreement != nil {
		t.Errorf("%+v and %+v", int8, fp32)
	}
	// Both servers are the same fake, so that their scores are, too.
	if a := int8.Agreement; a == nil || a.Against != "fp32" || a.Pairs != syntheticPairs || a.MaxAbsError != 0 || a.RankCorrelation == nil || *a.RankCorrelation < 0.999 {
		t.Errorf("agreement is %+v", a)
	}
	for _, j := range []float64{int8.Judged.FirstNDCG, int8.Judged.FirstMRR} {
		if j != 1 || int8.Judged.Queries != 1 || int8.Judged.Candidates != defaultCandidates || int8.Judged.Collection != "judged" {
			t.Errorf("judged is %+v", int8.Judged)
		}
	}
	if *int8.Judged != *fp32.Judged || strings.Contains(string(res.Run.Settings), dir) {
		t.Errorf("%+v and %+v, settings %s", int8.Judged, fp32.Judged, res.Run.Settings)
	}
}

func TestQualityNeedsItsReference(t *testing.T) {
	sw := settings(t, "name: x\nexperiment: {quality: {against: int8}}\n")
	if err := Check(sw); err == nil || !strings.Contains(err.Error(), "nothing is measured in int8") {
		t.Errorf("got %v", err)
	}
}
