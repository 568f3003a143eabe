package state

import "math/bits"

// SizeClasses is how many classes [Sizes] has.
const SizeClasses = 32

// Sizes counts sizes by class: class k holds those over 2^(k−1) and up to 2^k, and the last class
// all larger ones too.
type Sizes [SizeClasses]int64

// Count adds one size.
func (s *Sizes) Count(size int) { s[sizeClass(size)]++ }

// Add adds the counts of another.
func (s *Sizes) Add(other Sizes) {
	for k, n := range other {
		s[k] += n
	}
}

// Sub subtracts the counts of an earlier state.
func (s *Sizes) Sub(earlier Sizes) {
	for k, n := range earlier {
		s[k] -= n
	}
}

func sizeClass(size int) int {
	if size <= 1 {
		return 0
	}
	return min(bits.Len(uint(size-1)), SizeClasses-1)
}
