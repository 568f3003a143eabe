package load

import (
	"time"

	"github.com/crossrank/crossrank"
)

// Record is what one request met. Times count from the beginning of the measured part.
type Record struct {
	Request  int // its number
	Intended time.Duration
	Started  time.Duration
	Finished time.Duration
	Pairs    int
	Code     crossrank.Code
	Message  string
	Usage    crossrank.Usage
	Timing   crossrank.Timing
}
