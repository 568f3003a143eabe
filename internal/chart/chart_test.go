package chart

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var nan = math.NaN()

// element is one of an SVG document, with its text.
type element struct {
	name, class, text string
	attr              map[string]string
}

// number is an attribute as a number.
func (e element) number(t *testing.T, name string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(e.attr[name], 64)
	if err != nil {
		t.Fatalf("%s of %+v: %v", name, e, err)
	}
	return v
}

// draw gives the elements of a chart, whose document has to be well formed and free of figures that
// are no numbers.
func draw(t *testing.T, c *Chart) []element {
	t.Helper()
	svg := c.SVG()
	if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Errorf("a place is no number in %s", svg)
	}
	if again := c.SVG(); again != svg {
		t.Error("the same chart is drawn otherwise the second time")
	}
	var all []element
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local, attr: map[string]string{}}
			for _, a := range token.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			e.class = e.attr["class"]
			all = append(all, e)
		case xml.CharData:
			all[len(all)-1].text += string(token)
		}
	}
}

// withClass gives the elements that have a class.
func withClass(all []element, name, class string) []element {
	return slices.DeleteFunc(slices.Clone(all), func(e element) bool {
		return e.name != name || !slices.Contains(strings.Fields(e.class), class)
	})
}

func texts(all []element) []string {
	var s []string
	for _, e := range all {
		if e.name == "text" {
			s = append(s, e.text)
		}
	}
	return s
}

func TestLines(t *testing.T) {
	c := &Chart{Title: "Latency", X: "load", Y: "ms", Series: []Series{
		{Name: "one", X: []float64{0, 1, 2}, Y: []float64{0, 10, 5}},
		{Name: "two", X: []float64{0, 1, 2, 3}, Y: []float64{1, nan, 3, 4}},
	}, Bounds: []Bound{{"objective", 20}}, Note: "a note"}
	all := draw(t, c)
	for _, want := range []string{"Latency", "load", "ms", "one", "two", "objective", "a note"} {
		if !slices.Contains(texts(all), want) {
			t.Errorf("no text %q in %q", want, texts(all))
		}
	}
	lines := withClass(all, "polyline", "l")
	if len(lines) != 2 {
		t.Fatalf("%d lines, want the first series and the two last points of the second, behind its gap", len(lines))
	}
	points := strings.Fields(lines[0].attr["points"])
	var x, y [3]float64
	for i, p := range points {
		if _, err := fmt.Sscanf(p, "%f,%f", &x[i], &y[i]); err != nil {
			t.Fatal(err)
		}
	}
	if !(x[0] < x[1] && x[1] < x[2]) || !(y[1] < y[2] && y[2] < y[0]) {
		t.Errorf("larger figures are not further right and higher up: %q", points)
	}
	if n := len(strings.Fields(lines[1].attr["points"])); n != 2 {
		t.Errorf("behind the gap there are %d points", n)
	}
	if n := len(withClass(all, "circle", "s1")); n != 3 {
		t.Errorf("%d dots on the second line, want one for each of its figures", n)
	}
	bound := withClass(all, "line", "b")
	if len(bound) != 1 || bound[0].number(t, "y1") >= y[1] {
		t.Errorf("the bound of 20 is not above the figure of 10: %v", bound)
	}
}

// Many points stand without dots, except those that are alone between gaps.
func TestManyPoints(t *testing.T) {
	s := Series{Name: "s"}
	for i := range 100 {
		y := float64(i)
		if i == 49 || i == 51 {
			y = nan
		}
		s.X, s.Y = append(s.X, float64(i)), append(s.Y, y)
	}
	all := draw(t, &Chart{Series: []Series{s}})
	if dots := withClass(all, "circle", "f"); len(dots) != 1 || dots[0].attr["r"] != "1.5" {
		t.Errorf("got %d dots, want the one of the point that is alone", len(dots))
	}
	if n := len(withClass(all, "polyline", "l")); n != 2 {
		t.Errorf("%d lines, want one before and one behind the gaps", n)
	}
}

func TestDots(t *testing.T) {
	few := &Chart{Dots: true, Series: []Series{{X: []float64{1, 10, 100}, Y: []float64{1, 10, 100}}}, LogX: true, LogY: true}
	dots := withClass(draw(t, few), "circle", "d")
	if len(dots) != 3 || dots[0].attr["r"] != "5" {
		t.Fatalf("got %v", dots)
	}
	first, second := dots[1].number(t, "cx")-dots[0].number(t, "cx"), dots[2].number(t, "cx")-dots[1].number(t, "cx")
	if math.Abs(first-second) > 0.2 || first < 1 {
		t.Errorf("tenfold steps are %v and %v wide, want the same on a logarithmic axis", first, second)
	}
	many := &Chart{Dots: true, Series: []Series{{X: make([]float64, 200), Y: make([]float64, 200)}}}
	if dots := withClass(draw(t, many), "circle", "d"); len(dots) != 200 || dots[0].attr["r"] != "2.5" {
		t.Errorf("many dots are not small: %d of %s", len(dots), dots[0].attr["r"])
	}
}

func TestHorizontalBars(t *testing.T) {
	c := &Chart{Title: "Speed", X: "pairs/s", Names: []string{"slow", "fast"}, Series: []Series{
		{Name: "tokenize", Y: []float64{1, 2}, Low: []float64{0.5, 2}, High: []float64{1.5, 2}},
		{Name: "compute", Y: []float64{3, 6}},
	}}
	all := draw(t, c)
	bars := slices.DeleteFunc(withClass(all, "rect", "f"), func(e element) bool { return e.attr["rx"] != "" }) // but not the legend's
	if len(bars) != 4 {
		t.Fatalf("%d bars, want 2 layers of 2", len(bars))
	}
	slow, onTop, fast := bars[0], bars[1], bars[2]
	if got := onTop.number(t, "x") - slow.number(t, "x") - slow.number(t, "width"); math.Abs(got) > 0.11 {
		t.Errorf("the layers are %v apart", got)
	}
	if ratio := fast.number(t, "width") / slow.number(t, "width"); math.Abs(ratio-2) > 0.01 {
		t.Errorf("a bar of twice the figure is %v times as long", ratio)
	}
	if fast.number(t, "y") <= slow.number(t, "y") {
		t.Error("the second bar is not below the first")
	}
	if n := len(withClass(all, "path", "w")); n != 1 {
		t.Errorf("%d bars have a reach, want the one whose ends differ", n)
	}
	for _, want := range []string{"slow", "fast", "4", "8", "pairs/s"} { // the sums of the layers behind the bars
		if !slices.Contains(texts(all), want) {
			t.Errorf("no text %q in %q", want, texts(all))
		}
	}
}

func TestColumns(t *testing.T) {
	c := &Chart{Upward: true, Names: []string{"1", "2", "3–4"}, Series: []Series{{Y: []float64{2, 0, 4}}}}
	columns := withClass(draw(t, c), "rect", "f")
	if len(columns) != 2 {
		t.Fatalf("%d columns, want none for 0", len(columns))
	}
	if ratio := columns[1].number(t, "height") / columns[0].number(t, "height"); math.Abs(ratio-2) > 0.01 {
		t.Errorf("a column of twice the figure is %v times as high", ratio)
	}
}

// Texts come from results files. None of them becomes markup, and long ones are cut.
func TestTextsAreEscaped(t *testing.T) {
	hostile := `<script>alert("x")</script>&`
	for _, c := range []*Chart{
		{Title: hostile, X: hostile, Y: hostile, Note: hostile, Series: []Series{{Name: hostile, X: []float64{1}, Y: []float64{1}}, {Name: hostile}},
			Bounds: []Bound{{hostile, 1}}, XTicks: []Tick{{1, hostile}}},
		{Title: hostile, X: hostile, Names: []string{hostile}, Series: []Series{{Name: hostile, Y: []float64{1}}, {Name: hostile, Y: []float64{1}}}},
	} {
		for _, e := range draw(t, c) {
			if e.name == "script" {
				t.Error("a text became an element")
			}
		}
	}
	long := &Chart{Title: strings.Repeat("ä", 500), Names: []string{strings.Repeat("n", 500)}, Series: []Series{{Y: []float64{1}}}}
	for _, s := range texts(draw(t, long)) {
		if n := len([]rune(s)); n > 110 || n > 100 && !strings.HasSuffix(s, "…") {
			t.Errorf("a text of %d characters is drawn", n)
		}
	}
}

func TestEmpty(t *testing.T) {
	for what, c := range map[string]*Chart{"no series": {}, "series without figures": {Series: []Series{{Name: "x"}}}} {
		if !c.Empty() {
			t.Errorf("%s: it is not empty", what)
		}
		draw(t, c)
	}
	if c := (&Chart{Series: []Series{{}, {Y: []float64{1}}}}); c.Empty() {
		t.Error("a figure in the second series is passed over")
	}
}

// Whatever the figures are, the document is well formed and every place is a number.
func TestHostileFigures(t *testing.T) {
	figures := []float64{0, -1, nan, math.Inf(1), math.Inf(-1), 1e300, -1e300, 5e-324, 1}
	for _, log := range []bool{false, true} {
		for _, first := range figures {
			for _, second := range figures {
				y := []float64{first, second, 3}
				if slices.ContainsFunc(y, func(v float64) bool { return math.IsInf(v, 0) || log && v <= 0 }) {
					continue // not figures of a chart: what is not measured is NaN
				}
				draw(t, &Chart{LogY: log, Series: []Series{{X: []float64{1, 2, 3}, Y: y}}})
			}
		}
	}
}

func TestAdd(t *testing.T) {
	var c Chart
	c.Add("a", 1, 10)
	c.Add("b", 1, 20)
	c.Add("a", 2, 30)
	want := "[{a [1 2] [10 30] [] []} {b [1] [20] [] []}]"
	if got := fmt.Sprint(c.Series); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestShortenNames(t *testing.T) {
	for _, c := range []struct {
		what, title string
		names, want []string
	}{
		{"what all share goes to the title", "T (batch=8)", []string{"batch=8, conc=1", "batch=8, conc=2"}, []string{"conc=1", "conc=2"}},
		{"nothing is shared", "T", []string{"a", "b"}, []string{"a", "b"}},
		{"one name alone", "T", []string{"batch=8, conc=1"}, []string{"batch=8, conc=1"}},
		{"equal names stay", "T (a, b)", []string{"a, b", "a, b"}, []string{"a, b", "a, b"}},
		{"a longer one", "T (a)", []string{"a", "a, b"}, []string{"a", "b"}},
		{"none", "T", nil, nil},
	} {
		bars := &Chart{Title: "T", Names: slices.Clone(c.names)}
		bars.ShortenNames()
		lines := &Chart{Title: "T"}
		for _, name := range c.names {
			lines.Series = append(lines.Series, Series{Name: name})
		}
		lines.ShortenNames()
		var ofLines []string
		for _, s := range lines.Series {
			ofLines = append(ofLines, s.Name)
		}
		if !slices.Equal(bars.Names, c.want) || bars.Title != c.title || !slices.Equal(ofLines, c.want) || lines.Title != c.title {
			t.Errorf("%s: bars %q under %q, lines %q under %q; want %q under %q", c.what, bars.Names, bars.Title, ofLines, lines.Title, c.want, c.title)
		}
	}
}

// The style goes into every picture, so it asks for nothing and closes what it opens.
func TestStyle(t *testing.T) {
	if regexp.MustCompile(`@import|url\(|\n`).MatchString(style) || strings.Count(style, "{") != strings.Count(style, "}") ||
		!strings.HasPrefix(style, "<style>") || !strings.HasSuffix(style, "</style>") {
		t.Errorf("got %s", style)
	}
}
