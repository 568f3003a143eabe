package checkpoint

import (
	"math"
	"strconv"
	"strings"
	"sync"
)

// parseScore reads a JSON number as the reference does, which is not the nearest number that a
// float64 can hold: it rounds the digits to one float64, and then divides that by a power of ten.
// The last bit decides between ways to cut a word whose scores are equal otherwise.
//
// Digits are read until they fill 64 bits; further ones only count for their place.
func parseScore(number string) float64 {
	rest, negative := strings.CutPrefix(number, "-")
	digits, exponent := uint64(0), 0
	full, fraction := false, false
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		switch {
		case c == '.':
			fraction = true
			continue
		case c == 'e' || c == 'E':
			exponent += parseExponent(rest[i+1:])
			i = len(rest)
			continue
		}
		d := uint64(c - '0')
		full = full || digits > (math.MaxUint64-d)/10
		if !full {
			digits = 10*digits + d
		}
		if fraction && !full {
			exponent--
		} else if !fraction && full {
			exponent++
		}
	}
	x := scale(float64(digits), exponent)
	if negative {
		return -x
	}
	return x
}

// parseExponent reads an exponent, which counts only as far as a float64 can show it.
func parseExponent(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n > 1<<20 || n < -1<<20 {
		n = 1 << 20
		if strings.HasPrefix(text, "-") {
			n = -n
		}
	}
	return n
}

// scale is x·10^exponent, in as few steps as powers of ten allow.
func scale(x float64, exponent int) float64 {
	const most = 308 // 10^308 is the greatest power of ten of a float64
	for exponent < -most && x != 0 {
		x /= 1e308
		exponent += most
	}
	switch {
	case x == 0:
		return 0
	case exponent > most:
		return math.Inf(1)
	case exponent >= 0:
		return x * powersOfTen()[exponent]
	}
	return x / powersOfTen()[-exponent]
}

// powersOfTen are the float64s that are nearest to 10^0 to 10^308.
var powersOfTen = sync.OnceValue(func() *[309]float64 {
	powers := new([309]float64)
	for n := range powers {
		powers[n], _ = strconv.ParseFloat("1e"+strconv.Itoa(n), 64) // in range, so there is no error
	}
	return powers
})
