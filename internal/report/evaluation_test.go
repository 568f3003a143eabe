package report

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/browser"
	"github.com/crossrank/crossrank/internal/resultstest"
	"github.com/crossrank/crossrank/internal/summary"
)

func TestEvaluationTable(t *testing.T) {
	res := resultstest.Rankings()
	res.Partial = []string{"interrupted after 3 of 9 queries"}
	res.Evaluation.Models[1].Info.Meaningless = true
	var b bytes.Buffer
	if err := EvaluationTable(&b, summary.Of(res)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"collection   small: 3 queries with a relevant document, 6 documents",
		"first stage  this program's own BM25, the 3 best documents of each query, 5 pairs",
		"model        a, in process", "against      b <int8>, in process",
		"note         judged queries left out: 1", "PARTIAL      interrupted after 3 of 9 queries", "NOTE         the scores of a model with random weights mean nothing",
		"MRR@10                           0.5000 [0.0000 1.0000]  0.6667 [0.0000 1.0000]  0.6667 [0.0000 1.0000]",
		"pairs/s                          –                       50.0                    50.0",
		"seconds, of which in the engine  –                       0.10, 0.08",
		"a − b <int8>  Difference", "+0.1667 [+0.0000 +0.5000]  1.0000  1     2     0",
		"largest changes of nDCG@10  b <int8>  a       query", "+0.2398                     0.7602    1.0000  1: <b>fish</b> & chips",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, &b)
		}
	}
}

func TestEvaluationMarkdown(t *testing.T) {
	page := string(Markdown(summary.Of(resultstest.Rankings())))
	for _, want := range []string{
		"## Ranking\n", `| Mean [95 % interval] | BM25 | a | b \<int8> |`, "| MRR@10 | 0.5000 [0.0000 1.0000] | 0.6667 [0.0000 1.0000] |",
		`### a − b \<int8>`, "| Measure | Difference | p | Wins | Ties | Losses |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in\n%s", want, page)
		}
	}
	if other := string(Markdown(summary.Of(resultstest.OpenLoop()))); strings.Contains(other, "## Ranking") {
		t.Error("a report of other results has a section about ranking")
	}
}

// TestEvaluationPage has the queries side by side, texts from outside escaped, and asks for nothing
// else in a browser.
func TestEvaluationPage(t *testing.T) {
	res := resultstest.Rankings()
	html, err := EvaluationHTML(summary.Of(res), res.Rankings)
	if err != nil {
		t.Fatal(err)
	}
	page := string(html)
	for _, want := range []string{
		"<h1>Ranking of small</h1>", "<h3>1: &lt;b&gt;fish&lt;/b&gt; &amp; chips</h3>", "first &lt;script&gt;",
		"nDCG@10 of a minus that of b &lt;int8&gt;", "change &#43;0.2398", `<li class="hit"><b>b</b> <span class="soft">grade 2, score 7, from rank 2</span>`,
		"grade n/a, score 2, from rank 2", `<li class="none">no candidate</li>`, "2 relevant, 2 of them among the candidates",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in\n%s", want, page)
		}
	}
	if _, err := browser.Find(); errors.Is(err, browser.ErrNone) {
		t.Skip(err)
	}
	file := filepath.Join(t.TempDir(), "eval.html")
	if err := os.WriteFile(file, html, 0o666); err != nil {
		t.Fatal(err)
	}
	p, err := browser.Open(t.Context(), browser.Options{Width: 400, Height: 900})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Visit("file://" + file); err != nil {
		t.Fatal(err)
	}
	if problems := p.Problems(); len(problems) > 0 {
		t.Errorf("the browser complains: %q", problems)
	}
	for _, url := range p.Requests() {
		if url != "file://"+file && url != "data:," {
			t.Errorf("the page asks for %s", url)
		}
	}
	if n, err := browser.Eval[int](p, "document.querySelectorAll('section.query').length"); err != nil || n != 4 {
		t.Errorf("%d queries are shown and %v, want the one that changed and all three", n, err)
	}
	// On a phone the page itself does not scroll sideways.
	if wide, err := browser.Eval[bool](p, "document.documentElement.scrollWidth > window.innerWidth"); err != nil || wide {
		t.Errorf("the page is wider than the screen: %t, %v", wide, err)
	}
}

// TestEvaluationPageOfOneModel compares with the first stage, and survives an evaluation without a
// query.
func TestEvaluationPageOfOneModel(t *testing.T) {
	res := resultstest.Rankings()
	res.Evaluation.Models = res.Evaluation.Models[:1]
	for i := range res.Rankings {
		for d := range res.Rankings[i].Documents {
			res.Rankings[i].Documents[d].Scores = res.Rankings[i].Documents[d].Scores[:1]
		}
	}
	html, err := EvaluationHTML(summary.Of(res), res.Rankings)
	if err != nil || !strings.Contains(string(html), "nDCG@10 of a minus that of BM25") {
		t.Errorf("%v, %s", err, html)
	}
	res.Rankings = nil
	html, err = EvaluationHTML(summary.Of(res), nil)
	if err != nil || !strings.Contains(string(html), "No query changed.") || !strings.Contains(string(html), "n/a [n/a n/a]") {
		t.Errorf("without a query: %v, %s", err, html)
	}
}
