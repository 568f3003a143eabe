package native

import (
	"slices"
	"sync"

	"github.com/crossrank/crossrank/internal/state"
)

// prefixes keeps the keys and values of earlier batches, for those that begin alike. The least
// recently used go first. It is safe for concurrent use, by all engines on the same weights.
type prefixes struct {
	most int64 // bytes

	mu    sync.Mutex
	list  []*prefix // the most recently used last
	state state.Prefixes
}

// DefaultPrefixBytes is the memory for keys and values that are kept between batches.
const DefaultPrefixBytes = 512 << 20

// newPrefixes keeps up to so many bytes: 0 means [DefaultPrefixBytes]; with a negative number
// nothing is shared, and there is none.
func newPrefixes(most int64) *prefixes {
	switch {
	case most < 0:
		return nil
	case most == 0:
		most = DefaultPrefixBytes
	}
	return &prefixes{most: most}
}

// find returns the prefix that has the most first tokens of ids, and how many; none if it is no
// token.
func (c *prefixes) find(ids []int32) (best *prefix, tokens int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := 0
	for i, p := range c.list {
		if n := p.common(ids); n > tokens {
			best, tokens, at = p, n, i
		}
	}
	if tokens == 0 {
		c.state.Misses++
		return nil, 0
	}
	c.state.Hits++
	c.list = append(slices.Delete(c.list, at, at+1), best)
	return best, tokens
}

// add keeps a prefix, if it fits at all, and drops the least recently used ones beyond the memory.
func (c *prefixes) add(p *prefix) {
	if p.bytes() > c.most {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.ContainsFunc(c.list, func(other *prefix) bool { return slices.Equal(other.ids, p.ids) }) {
		return // another engine has computed it meanwhile
	}
	c.list = append(c.list, p)
	c.state.Bytes += p.bytes()
	drop := 0
	for ; c.state.Bytes > c.most; drop++ {
		c.state.Bytes -= c.list[drop].bytes()
	}
	c.list = slices.Delete(c.list, 0, drop)
}

// count adds tokens that were not computed.
func (c *prefixes) count(tokens int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.Tokens += int64(tokens)
}

func (c *prefixes) report() state.Prefixes {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.state
	s.Kept, s.MaxBytes = int64(len(c.list)), c.most
	return s
}
