// Package chart draws figures as SVG: lines, clouds of dots, bars and columns.
//
// A [Chart] is plain data, with no knowledge of where its figures come from. [Chart.SVG] draws it
// as a document that stands alone, in light and in dark, and that can also be put inside an HTML
// page. The same chart gives the same bytes.
package chart

import (
	_ "embed"
	"fmt"
	"html"
	"strings"
)

// Chart is a picture of some figures.
type Chart struct {
	File   string // of its file, without the extension
	Title  string
	Note   string // what is left out, or how to read it; may be empty
	X, Y   string // what the axes show, with units
	Series []Series
	Bounds []Bound  // to draw across
	Names  []string // of the bars of a bar chart: each series is a layer of them, with a value for every bar
	Upward bool     // bars are columns, as of a histogram; else they are horizontal, under each other
	Dots   bool     // points without lines
	LogX   bool
	LogY   bool
	XTicks []Tick // in place of round numbers
}

// Series is one line, cloud or layer of a chart. X and Y are of the same length; the layers of bars
// have no X. A Y that is not a number ends one line and begins another.
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

// style is inside every picture, so that a separate file is right in light and dark, too.
// Its colours differ for people who do not see all of them (Okabe and Ito 2008), with lighter ones
// on black. A line of the file is one part.
var style = "<style>" + strings.ReplaceAll(styleFile, "\n", "") + "</style>"

//go:embed style.css
var styleFile string

// Empty reports whether there is nothing to draw.
func (c *Chart) Empty() bool {
	for _, s := range c.Series {
		if len(s.Y) > 0 {
			return false
		}
	}
	return true
}

// SVG draws the chart as a complete document, which can also be put inside HTML.
func (c *Chart) SVG() string {
	var body strings.Builder
	text := func(class string, x, y float64, anchor, s string) { label(&body, class, x, y, anchor, s) }
	text("c t", 12, 24, "start", c.Title)
	top := c.legend(&body, 34) + 12
	var height float64
	switch {
	case len(c.Names) > 0 && !c.Upward:
		height = c.horizontalBars(&body, top)
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
		chartWidth, height, html.EscapeString(c.Title), style, body.String())
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
