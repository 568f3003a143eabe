package report

import (
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/resultstest"
	"github.com/crossrank/crossrank/internal/summary"
)

func TestLoadIsPrinted(t *testing.T) {
	text := string(Markdown(summary.Of(resultstest.Workers(1, 2, 4, 8))))
	for _, want := range []string{
		"| documents=about 4, conc=2 | 10.0% | 5.0% | yes |", "| documents=about 4, conc=8 | 10.0% | 5.0% | **no** |",
		"each has its own query: documents a request: 4; seed 0.", "## Saturation", "| concurrency 2 | 80.0 pairs/s | 100.0ms |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text[strings.Index(text, "## Saturation"):])
		}
	}
}
