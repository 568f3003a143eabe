package metrics

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

var update = flag.Bool("update", false, "write the lists of metrics and samples into docs/observability.md")

const page = "../../docs/observability.md"

// TestDocs holds that the page lists exactly what is exposed and sampled, with the help texts of
// the code.
func TestDocs(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the process's own metrics differ between systems; the page lists Linux's")
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	lists := map[string]string{"own metrics": metricTable(gatherOwn(t)), "samples": sampleTable(t)}
	if runtimes := metricTable(gatherRuntime(t)); *update {
		lists["runtime metrics"] = runtimes
	} else {
		for line := range strings.Lines(runtimes) { // a kernel may give fewer than that on which the page was made
			if !strings.Contains(want, line) {
				t.Errorf("%s has no line %q; run go test ./internal/metrics -update", page, line)
			}
		}
	}
	for name, list := range lists {
		begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
		head, rest, ok := strings.Cut(want, begin)
		_, tail, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("%s has no place for the %s", page, name)
		}
		want = head + begin + "\n" + list + "\n" + end + tail
	}
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Errorf("%s is not what the code says; run go test ./internal/metrics -update", page)
	}
}

// gatherOwn gives all of crossrank's metrics, those included that this machine has no figures for.
func gatherOwn(t *testing.T) []*dto.MetricFamily {
	r, served := busy()
	reg := prometheus.NewRegistry()
	reg.MustRegister(&collector{r, served, func() usage { return usage{steal: new(time.Second), throttled: new(time.Second)} }})
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

func gatherRuntime(t *testing.T) []*dto.MetricFamily {
	return slices.DeleteFunc(gather(t), func(f *dto.MetricFamily) bool { return strings.HasPrefix(f.GetName(), "crossrank_") })
}

func metricTable(families []*dto.MetricFamily) string {
	var b strings.Builder
	b.WriteString("| metric | type | unit | labels | meaning |\n|---|---|---|---|---|\n")
	for _, f := range families {
		name := f.GetName()
		var labels []string
		for _, l := range f.Metric[0].Label {
			labels = append(labels, "`"+l.GetName()+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", name, strings.ToLower(f.GetType().String()), unit(name),
			strings.Join(labels, ", "), strings.ReplaceAll(f.GetHelp(), "|", `\|`))
	}
	return b.String()
}

// unit reads the unit off a name, where Prometheus wants it.
func unit(name string) string {
	if strings.HasSuffix(name, "_tokens_per_second") {
		return "tokens/s"
	}
	words := strings.Split(strings.TrimSuffix(strings.TrimSuffix(name, "_total"), "_max"), "_")
	for _, u := range []string{"seconds", "bytes", "pairs", "tokens", "percent", "requests", "ratio", "threads"} {
		if slices.Contains(words, u) {
			return u
		}
	}
	return ""
}

// sampleTable lists the fields of a Sample, and below it those of its instances, with the comments
// beside them.
func sampleTable(t *testing.T) string {
	file, err := parser.ParseFile(token.NewFileSet(), "../state/sample.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| key | unit | meaning |\n|---|---|---|\n")
	prefixes := map[string]string{"Sample": "", "InstanceSample": "instances[]."}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		prefix, ok := prefixes[spec.Name.Name]
		if !ok {
			return true
		}
		group := ""
		for _, f := range spec.Type.(*ast.StructType).Fields.List {
			key := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json")
			if f.Doc != nil {
				group = strings.TrimSpace(strings.ReplaceAll(f.Doc.Text(), "\n", " "))
				fmt.Fprintf(&b, "| | | *%s* |\n", group)
			}
			fmt.Fprintf(&b, "| `%s%s` | %s | %s |\n", prefix, key, sampleUnit(key), strings.TrimSpace(f.Comment.Text()))
		}
		return false
	})
	return b.String()
}

func sampleUnit(key string) string {
	for suffix, unit := range map[string]string{
		"_ms": "milliseconds", "_s": "seconds", "_bytes": "bytes", "_pct": "percent", "_per_second": "per second",
	} {
		if strings.HasSuffix(key, suffix) {
			return unit
		}
	}
	return ""
}
