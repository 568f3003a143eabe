package kernel

// Columns returns columns low to high of the weights, as weights of their own in the same memory:
// low is a multiple of [Width], and so is high unless it is Out. A product with them has the bits
// that the product with all has in these columns.
func (p *Panels) Columns(low, high int) *Panels {
	end, in := Pad(high), Pad(p.In)
	c := &Panels{In: p.In, Out: high - low}
	switch {
	case p.int8 != nil:
		c.int8 = &panels8{
			quantMax: p.int8.quantMax,
			data:     p.int8.data[low*in : end*in],
			params:   p.int8.params[low/Width*columnParams : end/Width*columnParams],
		}
		if wide := p.int8.wide; wide != nil {
			c.int8.wide = &panels8Wide{wide.bits, wide.params[low/Width*columnParams : end/Width*columnParams]}
		}
	case p.int16 != nil:
		c.int16 = &panels16{
			quantMax: p.int16.quantMax,
			data:     p.int16.data[low*in : end*in],
			params:   p.int16.params[low/Width*columnParams16 : end/Width*columnParams16],
		}
	case p.dot != nil:
		c.dot = &panelsDot{rounds: p.dot.rounds, panels: p.dot.panels.Columns(low, high)}
	case p.half != nil:
		h := *p.half
		h.first += low
		c.half, c.bias = &h, p.bias[low:end]
	default:
		c.data, c.bias = p.data[low*p.In:end*p.In], p.bias[low:end]
	}
	return c
}
