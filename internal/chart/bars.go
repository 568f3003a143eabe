package chart

import (
	"fmt"
	"strings"
)

const (
	barRow   = 24.0 // height of a bar with its gap
	barThick = 15.0
	barRight = 80.0 // room for the figure behind a bar
)

// horizontalBars draws bars under each other, each beside its name and with its figure, and gives
// where the picture ends.
func (c *Chart) horizontalBars(b *strings.Builder, top float64) float64 {
	left := 0.0
	for _, name := range c.Names {
		left = max(left, charWidth*float64(len([]rune(name))))
	}
	left = min(left, 330) + 20
	x := newScale(c.barEnds(), false, true, left, chartWidth-barRight)
	bottom := top + barRow*float64(len(c.Names))
	c.barGrid(b, x, top, bottom)
	for k, name := range c.Names {
		y := top + barRow*float64(k) + (barRow-barThick)/2
		label(b, "c", left-8, y+barThick-3, "end", shorten(name, int(left/charWidth)))
		c.bar(b, k, x, y)
	}
	label(b, "c", (left+chartWidth-barRight)/2, bottom+36, "middle", c.X)
	return bottom + 46
}

// barEnds gives the figures that the axis of horizontal bars has to reach.
func (c *Chart) barEnds() []float64 {
	var ends []float64
	for k := range c.Names {
		total := 0.0
		for _, s := range c.Series {
			total += s.Y[k]
		}
		ends = append(ends, total)
		if high := c.Series[0].High; high != nil {
			ends = append(ends, high[k])
		}
	}
	return ends
}

// barGrid draws the marks of the axis, as many as have room.
func (c *Chart) barGrid(b *strings.Builder, x scale, top, bottom float64) {
	last := -1e9
	for _, t := range x.ticks() {
		at := x.at(t.At)
		if at-last < charWidth*float64(len(t.Text)+1) {
			continue
		}
		last = at
		fmt.Fprintf(b, `<line class="g" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, at, at, top-2, bottom)
		label(b, "c m", at, bottom+16, "middle", t.Text)
	}
}

// bar draws the layers of one bar, its reach, and the sum behind it.
func (c *Chart) bar(b *strings.Builder, k int, x scale, y float64) {
	sum := 0.0
	for i, s := range c.Series {
		fmt.Fprintf(b, `<rect class="s%d f" x="%.1f" y="%.1f" width="%.1f" height="%.0f"/>`, i%8, x.at(sum), y, x.at(sum+s.Y[k])-x.at(sum), barThick)
		sum += s.Y[k]
	}
	end := x.at(sum)
	if s := c.Series[0]; s.High != nil && s.High[k] > s.Low[k] {
		middle := y + barThick/2
		fmt.Fprintf(b, `<path class="w" fill="none" d="M%.1f %.1fv6M%.1f %.1fH%.1fM%.1f %.1fv6"/>`,
			x.at(s.Low[k]), middle-3, x.at(s.Low[k]), middle, x.at(s.High[k]), x.at(s.High[k]), middle-3)
		end = max(end, x.at(s.High[k]))
	}
	label(b, "c m", end+6, y+barThick-3, "start", figure4(sum))
}

// columns draws bars beside each other, and gives where the picture ends.
func (c *Chart) columns(b *strings.Builder, top float64) float64 {
	bottom := top + plotHeight
	var ys []float64
	for _, s := range c.Series {
		ys = append(ys, s.Y...)
	}
	y := newScale(ys, false, true, bottom, top)
	y.high *= 1.05
	x := scale{low: -0.5, high: float64(len(c.Names)) - 0.5, from: leftMargin, to: chartWidth - rightSide}
	var ticks []Tick
	for k, name := range c.Names {
		ticks = append(ticks, Tick{float64(k), name})
	}
	c.axes(b, y, ticks, x, bottom)
	width := (x.at(1) - x.at(0)) * 0.8
	for i, s := range c.Series {
		for k, v := range s.Y {
			if v > 0 {
				fmt.Fprintf(b, `<rect class="s%d f" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, i%8, x.at(float64(k))-width/2, y.at(v), width, bottom-y.at(v))
			}
		}
	}
	return bottom + 46
}

func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// figure4 writes four digits of a number.
func figure4(v float64) string {
	switch {
	case v >= 1000:
		return figure(v)
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
