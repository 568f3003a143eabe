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
	X, Y   string // what the axes show, with units
	Series []Series
	Line   float64 // a bound to draw across; 0 for none
	LogX   bool
	Stack  []string // the names of the bars; each series is a layer, its X being the bar's number
	Dots   bool     // points without lines
	tick   func(float64) string
}

// Series is one line, cloud or layer of a chart. X and Y are of the same length.
type Series struct {
	Name string
	X, Y []float64
}

const (
	chartWidth, chartHeight            = 720, 320
	leftMargin, rightMargin, topMargin = 64, 16, 34
	bottomMargin                       = 44
	legendRow                          = 18
)

// chartStyle is inside every picture, so that one in a file of its own is right in light and dark, too.
const chartStyle = `<style>.c{font:12px sans-serif;fill:#222}.g{stroke:#ccc;stroke-width:1}.b{stroke:#c00;stroke-dasharray:6 4;stroke-width:1.5}` +
	`.bg{fill:#fff}@media(prefers-color-scheme:dark){.c{fill:#ddd}.g{stroke:#444}.b{stroke:#f66}.bg{fill:#161616}}</style>`

// palette can be told apart by people who do not see all colours, on white and on black.
var palette = []string{"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c00", "#7f7f7f"}

// empty tells whether there is anything to draw.
func (c *Chart) empty() bool {
	for _, s := range c.Series {
		if len(s.X) > 0 {
			return false
		}
	}
	return true
}

// SVG draws the chart as a document of its own, which also stands inside HTML.
func (c *Chart) SVG() string {
	var b strings.Builder
	height := chartHeight + legendRow*((len(c.Series)+1)/2)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">%s<rect class="bg" width="100%%" height="100%%"/>`,
		chartWidth, height, html.EscapeString(c.Title), chartStyle)
	label(&b, leftMargin, 20, "start", c.Title)
	s := c.scale()
	c.axes(&b, s)
	for i, series := range c.Series {
		colour := palette[i%len(palette)]
		switch {
		case len(c.Stack) > 0:
			c.layer(&b, s, i, colour)
		case c.Dots:
			for k := range series.X {
				fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="2.5" fill="%s" fill-opacity=".6"/>`, s.x(series.X[k]), s.y(series.Y[k]), colour)
			}
		default:
			c.path(&b, s, series, colour)
		}
		x, y := leftMargin+(i%2)*(chartWidth-leftMargin)/2, chartHeight+legendRow*(i/2)+8
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="10" height="10" fill="%s"/>`, x, y-9, colour)
		label(&b, float64(x+16), float64(y), "start", series.Name)
	}
	if c.Line > 0 {
		fmt.Fprintf(&b, `<line class="b" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, leftMargin, chartWidth-rightMargin, s.y(c.Line), s.y(c.Line))
	}
	b.WriteString("</svg>")
	return b.String()
}

func label(b *strings.Builder, x, y float64, anchor, text string) {
	if r := []rune(text); len(r) > 110 {
		text = string(r[:109]) + "…"
	}
	fmt.Fprintf(b, `<text class="c" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, html.EscapeString(text))
}

func (c *Chart) path(b *strings.Builder, s scale, series Series, colour string) {
	var points []string
	for k := range series.X {
		points = append(points, fmt.Sprintf("%.1f,%.1f", s.x(series.X[k]), s.y(series.Y[k])))
	}
	fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>`, colour, strings.Join(points, " "))
	if len(points) <= 60 {
		for k := range series.X {
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`, s.x(series.X[k]), s.y(series.Y[k]), colour)
		}
	}
}

// layer draws layer i of every bar on top of the layers before it.
func (c *Chart) layer(b *strings.Builder, s scale, i int, colour string) {
	width := (s.x(1) - s.x(0)) * 0.7
	for k, bar := range c.Series[i].X {
		below := 0.0
		for _, lower := range c.Series[:i] {
			below += lower.Y[k]
		}
		top := s.y(below + c.Series[i].Y[k])
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, s.x(bar)-width/2, top, width, s.y(below)-top, colour)
	}
}

// scale maps figures to places in the picture.
type scale struct {
	x0, x1, y1 float64 // the lowest and the highest x, after the logarithm if there is one, and the highest y; y begins at 0
	log        bool
}

func (s scale) x(v float64) float64 {
	if s.log {
		v = math.Log10(v)
	}
	return leftMargin + (v-s.x0)/(s.x1-s.x0)*(chartWidth-leftMargin-rightMargin)
}

func (s scale) y(v float64) float64 {
	return chartHeight - bottomMargin - v/s.y1*(chartHeight-topMargin-bottomMargin)
}

func (c *Chart) scale() scale {
	s := scale{x0: math.Inf(1), x1: math.Inf(-1), y1: c.Line, log: c.LogX}
	tops := make([]float64, len(c.Stack))
	for _, series := range c.Series {
		for k, x := range series.X {
			if s.log {
				x = math.Log10(x)
			}
			s.x0, s.x1 = min(s.x0, x), max(s.x1, x)
			top := series.Y[k]
			if len(c.Stack) > 0 {
				tops[k] += top
				top = tops[k]
			}
			s.y1 = max(s.y1, top)
		}
	}
	switch {
	case len(c.Stack) > 0:
		s.x0, s.x1 = -0.5, float64(len(c.Stack))-0.5
	case math.IsInf(s.x0, 1):
		s.x0, s.x1 = 0, 1
	case s.x0 == s.x1:
		s.x0, s.x1 = s.x0-1, s.x1+1
	}
	if s.y1 <= 0 {
		s.y1 = 1
	}
	s.y1 *= 1.05
	return s
}

// axes draws the grid, its figures and the names.
func (c *Chart) axes(b *strings.Builder, s scale) {
	for _, v := range ticks(0, s.y1) {
		fmt.Fprintf(b, `<line class="g" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, leftMargin, chartWidth-rightMargin, s.y(v), s.y(v))
		label(b, leftMargin-6, s.y(v)+4, "end", fmt.Sprintf("%.4g", v))
	}
	base := float64(chartHeight - bottomMargin + 16)
	switch {
	case len(c.Stack) > 0:
		for i, name := range c.Stack {
			label(b, s.x(float64(i)), base, "middle", name)
		}
	case s.log:
		for e := math.Floor(s.x0); e <= math.Ceil(s.x1); e++ {
			if v := math.Pow(10, e); e >= s.x0-1e-9 && e <= s.x1+1e-9 {
				label(b, s.x(v), base, "middle", c.tickText(v))
			}
		}
	default:
		for _, v := range ticks(s.x0, s.x1) {
			label(b, s.x(v), base, "middle", c.tickText(v))
		}
	}
	label(b, (leftMargin+chartWidth)/2, base+18, "middle", c.X)
	fmt.Fprintf(b, `<text class="c" transform="translate(14 %d) rotate(-90)" text-anchor="middle">%s</text>`,
		(topMargin+chartHeight-bottomMargin)/2, html.EscapeString(c.Y))
}

func (c *Chart) tickText(v float64) string {
	if c.tick != nil {
		return c.tick(v)
	}
	return fmt.Sprintf("%.4g", v)
}

// ticks gives four to nine round numbers from low to high.
func ticks(low, high float64) []float64 {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/4)))
	for _, m := range []float64{5, 2} {
		if (high-low)/(step*m) >= 4 {
			step *= m
			break
		}
	}
	var at []float64
	for i := math.Ceil(low / step); i*step <= high && len(at) < 20; i++ {
		at = append(at, i*step)
	}
	return at
}
