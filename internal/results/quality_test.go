package results

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// Quality lines come back as they were written, from a packed file too; one of a point that is not
// there is refused.
func TestQualityAndPackedFiles(t *testing.T) {
	want := Quality{
		Quantization: "int8", Set: []Setting{{Key: "model_pool.instances.0.quantization", Value: "int8"}},
		Agreement: &Agreement{Against: "fp32", Pairs: 3, MaxAbsError: 0.25, RankCorrelation: new(0.5), Top10: TopAgreement{Queries: 2, Share: new(0.9)}},
		Judged:    &Judged{Collection: "c", Queries: 2, Candidates: 10, NDCG10: 0.5, FirstMRR: 1},
	}
	var plain, packed bytes.Buffer
	w := NewWriter(&plain)
	if err := errors.Join(w.Run(Run{Name: "x"}), w.Configuration(Configuration{Batch: 1, Concurrency: 1}), w.ConfigurationEnd(ConfigurationEnd{Complete: true}),
		w.Quality(want), w.End(End{Complete: true})); err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(plain.Bytes()); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"x_results.jsonl": plain.Bytes(), "x_results.jsonl.gz": packed.Bytes()} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, data, 0o666); err != nil {
			t.Fatal(err)
		}
		res, err := ReadFile(file)
		if err != nil || len(res.Partial) > 0 || len(res.Quality) != 1 || !reflect.DeepEqual(res.Quality[0], want) {
			t.Errorf("%s: %+v, %v", name, res, err)
		}
	}
	cut := filepath.Join(t.TempDir(), "cut.gz")
	if err := os.WriteFile(cut, packed.Bytes()[:20], 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(cut); err == nil || !strings.Contains(err.Error(), "cut.gz") && !strings.Contains(err.Error(), "EOF") {
		t.Errorf("a packed file that was cut off: %v", err)
	}
	lost := strings.Replace(plain.String(), `"kind":"quality","point":0`, `"kind":"quality","point":7`, 1)
	if _, err := Read("x", strings.NewReader(lost)); err == nil || !strings.Contains(err.Error(), "x:4: quality: there is no configuration 7") {
		t.Errorf("quality of a point that is not there: %v", err)
	}
}
