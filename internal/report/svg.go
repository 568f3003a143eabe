package report

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Chart is a picture of some figures.
type Chart struct {
	File   string // for a file of its own, without its extension
	Title  string
	Note   string // what is left out, or how to read it; may be empty
	X, Y   string // what the axes show, with units
	Series []Series
	Bounds []Bound  // to draw across
	Names  []string // of the bars of a bar chart: each series is a layer of them, with a value for every bar
	Upward bool     // bars are columns, as of a histogram; else they lie, under each other
	Dots   bool     // points without lines
	LogX   bool
	LogY   bool
	XTicks []Tick // in place of round numbers
}

// Series is one line, cloud or layer of a chart. X and Y are of the same length; the layers of bars have no X. A Y that is not a
// number ends one line and begins another.
type Series struct {
	Name string
	X, Y []float64
	Low  []float64 // with High, the reach of each bar of a single layer; may be nil
	High []float64
}

// Bound is a line across a chart at a value of Y.
type Bound struct {
	Name string
	At   float64
}

// Tick is a mark of an axis.
type Tick struct {
	At   float64
	Text string
}

const (
	chartWidth = 720
	plotHeight = 250
	leftMargin = 72
	rightSide  = 18
	lineHeight = 19
	charWidth  = 7.5 // of 13 pixels' sans-serif, a wide one
)

// chartStyle is inside every picture, so that one in a file of its own is right in light and dark, too. The colours can be told
// apart by people who do not see all of them (Okabe and Ito 2008), with lighter ones on black.
const chartStyle = `<style>.c{font:13px system-ui,sans-serif;fill:#222}.t{font-size:15px;font-weight:600}.m{fill:#666}.g{stroke:#ddd}.w{stroke:#222}` +
	`.b{stroke:#c00;stroke-dasharray:6 4;stroke-width:1.5}.e{fill:#c00}.bg{fill:#fff}` +
	`.s0{--k:#0072b2}.s1{--k:#d98200}.s2{--k:#009e73}.s3{--k:#c0609a}.s4{--k:#3a9bd9}.s5{--k:#d55e00}.s6{--k:#7d7d00}.s7{--k:#777}` +
	`.f{fill:var(--k)}.l{fill:none;stroke:var(--k);stroke-width:2}.d{fill:var(--k);fill-opacity:.55}` +
	`@media(prefers-color-scheme:dark){.c{fill:#ddd}.m{fill:#999}.g{stroke:#333}.w{stroke:#ddd}.b{stroke:#f77}.e{fill:#f77}.bg{fill:#161616}` +
	`.s0{--k:#4aa8e0}.s1{--k:#f0a830}.s2{--k:#2fc79a}.s3{--k:#e08cc0}.s4{--k:#8fd0ff}.s5{--k:#ff8a4a}.s6{--k:#c8c840}.s7{--k:#aaa}}</style>`

// empty tells whether there is anything to draw.
func (c *Chart) empty() bool {
	for _, s := range c.Series {
		if len(s.Y) > 0 {
			return false
		}
	}
	return true
}

// SVG draws the chart as a document of its own, which also stands inside HTML.
func (c *Chart) SVG() string {
	var body strings.Builder
	text := func(class string, x, y float64, anchor, s string) { label(&body, class, x, y, anchor, s) }
	text("c t", 12, 24, "start", c.Title)
	top := c.legend(&body, 34) + 12
	var height float64
	switch {
	case len(c.Names) > 0 && !c.Upward:
		height = c.lying(&body, top)
	case len(c.Names) > 0:
		height = c.columns(&body, top)
	default:
		height = c.plot(&body, top)
	}
	if c.Note != "" {
		text("c m", 12, height+10, "start", c.Note)
		height += lineHeight
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" role="img" aria-label="%s">%s<rect class="bg" width="100%%" height="100%%"/>%s</svg>`,
		chartWidth, height, html.EscapeString(c.Title), chartStyle, body.String())
}

// legend names the series where there are several, and gives where it ends.
func (c *Chart) legend(b *strings.Builder, y float64) float64 {
	if len(c.Series) < 2 {
		return y
	}
	x := 12.0
	y += 6
	for i, s := range c.Series {
		width := 26 + charWidth*float64(len([]rune(s.Name)))
		if x > 12 && x+width > chartWidth-12 {
			x, y = 12, y+lineHeight
		}
		fmt.Fprintf(b, `<rect class="s%d f" x="%.1f" y="%.1f" width="11" height="11" rx="2"/>`, i%8, x, y)
		label(b, "c", x+16, y+10, "start", s.Name)
		x += width
	}
	return y + lineHeight
}

func label(b *strings.Builder, class string, x, y float64, anchor, text string) {
	if r := []rune(text); len(r) > 110 {
		text = string(r[:109]) + "…"
	}
	fmt.Fprintf(b, `<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, class, x, y, anchor, html.EscapeString(text))
}

// scale maps figures to places in the picture.
type scale struct {
	low, high float64 // of the figures, after the logarithm if there is one
	from, to  float64 // of the places
	log       bool
}

func (s scale) at(v float64) float64 {
	if s.log {
		v = math.Log10(v)
	}
	return s.from + (v-s.low)/(s.high-s.low)*(s.to-s.from)
}

// newScale fits figures; a scale that is not logarithmic begins at 0 if asked to.
func newScale(values []float64, log, zero bool, from, to float64) scale {
	s := scale{low: math.Inf(1), high: math.Inf(-1), from: from, to: to, log: log}
	for _, v := range values {
		if log {
			if v <= 0 {
				continue
			}
			v = math.Log10(v)
		}
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			s.low, s.high = min(s.low, v), max(s.high, v)
		}
	}
	if zero && !log {
		s.low = min(0, s.low)
	}
	if math.IsInf(s.high, -1) {
		s.low, s.high = 0, 1
	}
	if s.high <= s.low {
		s.high = s.low + 1
	}
	return s
}

// ticks gives marks at round numbers.
func (s scale) ticks() []Tick {
	var all []Tick
	if !s.log {
		for _, v := range round(s.low, s.high) {
			all = append(all, Tick{v, figure(v)})
		}
		return all
	}
	steps := []float64{1, 2, 5}
	switch {
	case s.high-s.low > 3:
		steps = steps[:1]
	case s.high-s.low < 0.7:
		steps = []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}
	}
	for e := math.Floor(s.low); e <= math.Ceil(s.high); e++ {
		for _, m := range steps {
			v := m * math.Pow(10, e)
			if l := math.Log10(v); l >= s.low-1e-9 && l <= s.high+1e-9 {
				all = append(all, Tick{v, figure(v)})
			}
		}
	}
	return all
}

// round gives four to nine round numbers from low to high.
func round(low, high float64) []float64 {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/4)))
	for _, m := range []float64{5, 2} {
		if (high-low)/(step*m) >= 4 {
			step *= m
			break
		}
	}
	var at []float64
	for i := math.Ceil(low/step - 1e-9); i*step <= high*(1+1e-12) && len(at) < 20; i++ {
		at = append(at, i*step)
	}
	return at
}

// figure writes a number short, with its thousands apart.
func figure(v float64) string {
	if v == 0 {
		return "0" // and not -0
	}
	if a := math.Abs(v); a >= 1000 {
		s := fmt.Sprintf("%.0f", v)
		for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
			s = s[:i] + "," + s[i:]
		}
		return s
	}
	return fmt.Sprintf("%.4g", v)
}
