package quality

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/material"
)

// TestWorkedExample holds the figures of BM25 in docs/quality.md to what it ranks.
func TestWorkedExample(t *testing.T) {
	page, err := os.ReadFile("../../docs/quality.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Cranfield", "CISI", "NPL"} {
		task, err := OpenTask(dataset.Files{Dir: material.Path(t, "collections", strings.ToLower(name))}, 50)
		if err != nil {
			t.Fatal(err)
		}
		j := task.Rank(make([]float64, len(task.Pairs)))
		_, rows, found := strings.Cut(string(page), fmt.Sprintf("| %s | %d | ", name, j.Queries))
		if !found {
			t.Errorf("docs/quality.md has no row of %s with %d queries", name, j.Queries)
			continue
		}
		for _, m := range []struct {
			name  string
			value float64
		}{{"nDCG@10", j.FirstNDCG}, {"MRR@10", j.FirstMRR}} {
			_, got, _ := strings.Cut(rows, "| "+m.name+" | ")
			if want := fmt.Sprintf("%.4f [", m.value); !strings.HasPrefix(got, want) {
				t.Errorf("%s: docs/quality.md has %s %.8s, want %s", name, m.name, got, want)
			}
		}
	}
}
