package chart

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// plot draws lines or dots, and gives where the picture ends.
func (c *Chart) plot(b *strings.Builder, top float64) float64 {
	bottom := top + plotHeight
	x, y := c.plotScales(top, bottom)
	ticks := c.XTicks
	if ticks == nil {
		ticks = x.ticks()
	}
	c.axes(b, y, ticks, x, bottom)
	for i, s := range c.Series {
		if c.Dots {
			c.cloud(b, i, s, x, y)
		} else {
			line(b, i, s, x, y)
		}
	}
	for _, bound := range c.Bounds {
		at := y.at(bound.At)
		fmt.Fprintf(b, `<line class="b" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, leftMargin, chartWidth-rightSide, at, at)
		label(b, "c e", chartWidth-rightSide, at-5, "end", bound.Name)
	}
	return bottom + 46
}

// plotScales fits all series and bounds, with some room around them.
func (c *Chart) plotScales(top, bottom float64) (x, y scale) {
	var xs, ys []float64
	for _, s := range c.Series {
		xs, ys = append(xs, s.X...), append(ys, s.Y...)
	}
	for _, bound := range c.Bounds {
		ys = append(ys, bound.At)
	}
	x = newScale(xs, c.LogX, false, leftMargin, chartWidth-rightSide)
	y = newScale(ys, c.LogY, true, bottom, top)
	if !c.LogY {
		y.high += (y.high - y.low) * 0.05
	}
	if x.high-x.low > 0 {
		room := (x.high - x.low) * 0.02
		x.low, x.high = x.low-room, x.high+room
	}
	return x, y
}

// manyDots is how many dots of all series make them small.
const manyDots = 100

// cloud draws a series as dots.
func (c *Chart) cloud(b *strings.Builder, i int, s Series, x, y scale) {
	n, radius := 0, "5"
	for _, all := range c.Series {
		n += len(all.X)
	}
	if n > manyDots {
		radius = "2.5"
	}
	for k := range s.X {
		fmt.Fprintf(b, `<circle class="s%d d" cx="%.1f" cy="%.1f" r="%s"/>`, i%8, x.at(s.X[k]), y.at(s.Y[k]), radius)
	}
}

// axes draws the grid, its figures and the names of the axes.
func (c *Chart) axes(b *strings.Builder, y scale, ticks []Tick, x scale, bottom float64) {
	for _, t := range y.ticks() {
		at := y.at(t.At)
		fmt.Fprintf(b, `<line class="g" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, leftMargin, chartWidth-rightSide, at, at)
		label(b, "c m", leftMargin-7, at+4.5, "end", t.Text)
	}
	last := math.Inf(-1)
	for _, t := range ticks {
		at, width := x.at(t.At), charWidth*float64(len([]rune(t.Text)))
		if at-width/2 < last+4 || at > chartWidth-rightSide+1 {
			continue
		}
		label(b, "c m", at, bottom+17, "middle", t.Text)
		last = at + width/2
	}
	c.axisNames(b, y.to, bottom, bottom+37)
}

func (c *Chart) axisNames(b *strings.Builder, top, bottom, xName float64) {
	label(b, "c", (leftMargin+chartWidth-rightSide)/2, xName, "middle", c.X)
	fmt.Fprintf(b, `<text class="c" transform="translate(17 %.1f) rotate(-90)" text-anchor="middle">%s</text>`, (top+bottom)/2, html.EscapeString(c.Y))
}

// line draws a series, in pieces where a value is not a number.
func line(b *strings.Builder, i int, s Series, x, y scale) {
	var points []string
	end := func() {
		if len(points) > 1 {
			fmt.Fprintf(b, `<polyline class="s%d l" points="%s"/>`, i%8, strings.Join(points, " "))
		}
		points = nil
	}
	few, radius := len(s.X) <= 60, "1.5"
	if few {
		radius = "3"
	}
	for k := range s.X {
		if math.IsNaN(s.Y[k]) {
			end()
			continue
		}
		px, py := x.at(s.X[k]), y.at(s.Y[k])
		points = append(points, fmt.Sprintf("%.1f,%.1f", px, py))
		alone := (k == 0 || math.IsNaN(s.Y[k-1])) && (k == len(s.X)-1 || math.IsNaN(s.Y[k+1]))
		if few || alone {
			fmt.Fprintf(b, `<circle class="s%d f" cx="%.1f" cy="%.1f" r="%s"/>`, i%8, px, py, radius)
		}
	}
	end()
}
