package kernel

// TileRows is how many rows the highest tile of a product has with float32 weights, and TileRows8
// with quantized ones.
func (s *Set) TileRows() int { return len(s.tile) }

// TileRowsDot is TileRows with pairs of bfloat16 weights.
func (s *Set) TileRowsDot() int { return len(s.dot.tile) }

// TileRows8 is TileRows with int8 weights.
func (s *Set) TileRows8() int { return len(s.tile8) }
