package tokenizer

import (
	"fmt"
	"slices"
	"strings"
)

// Config is a tokenizer as its file describes it: one value for each component.
type Config struct {
	Added         []AddedToken
	Normalizers   []Normalizer   // in the order in which they work; none means text as it is
	PreTokenizers []PreTokenizer // in the order in which they work; none means that a segment is a word
	Model         Model          // must not be used by another tokenizer
	Pair          []Part         // how two texts make a pair
}

// Build makes a tokenizer of the components in c.
func Build(c Config) (*Tokenizer, error) {
	pieces := c.Model.pieces()
	t := &Tokenizer{pieces: pieces, unknown: c.Model.unknownPiece()}
	if err := t.setPair(c.Pair, max(len(pieces), highest(c.Added)+1)); err != nil {
		return nil, err
	}
	if err := checkGrowth(c.Normalizers); err != nil {
		return nil, err
	}
	c.PreTokenizers = slices.DeleteFunc(slices.Clone(c.PreTokenizers), c.findsNothing)
	readBytes(&c)
	p := newPipeline(c)
	var err error
	if p.normalizedRaw, err = t.addTokens(c.Model.lookup, c.Added, p.normalizeContent); err != nil {
		return nil, err
	}
	t.encoder = p
	t.assignRoles(c.continues(), c.Added)
	return t, nil
}

// maxGrowth bounds how many times as long normalizers with a content of their own may make a text:
// each of them multiplies what the ones before it made.
const maxGrowth = 64

func checkGrowth(normalizers []Normalizer) error {
	growth := 1
	for _, n := range normalizers {
		switch n := n.(type) {
		case Replace:
			least := 1 // bytes of a match
			if text, ok := n.Pattern.(literal); ok {
				least = len(text)
			}
			growth *= max(1, (len(n.Content)+least-1)/least)
		case Prepend:
			growth *= 1 + len(n.Text)/maxGrowth
		}
		if growth > maxGrowth {
			return fmt.Errorf("the normalizers can make a text more than %d times as long", maxGrowth)
		}
	}
	return nil
}

func highest(tokens []AddedToken) int {
	id := int32(-1)
	for _, t := range tokens {
		id = max(id, t.ID)
	}
	return int(id)
}

// findsNothing reports whether a pre-tokenizer splits at a character that the last normalizer has
// replaced, as Gemma's does at spaces: words are whole segments then.
func (c *Config) findsNothing(t PreTokenizer) bool {
	split, ok := t.(Split)
	if !ok || split.Invert || len(c.Normalizers) == 0 {
		return false
	}
	last, ok := c.Normalizers[len(c.Normalizers)-1].(Replace)
	at, isText := split.Pattern.(literal)
	return ok && isText && last.Pattern == split.Pattern && len(at) == 1 && !strings.Contains(last.Content, string(at))
}

// readBytes spares a BPE the printable characters of bytes, if a ByteLevel makes them last.
func readBytes(c *Config) {
	for i, t := range c.PreTokenizers {
		b, ok := t.(ByteLevel)
		if !ok {
			continue
		}
		m, isBPE := c.Model.(*BPE)
		if last := i == len(c.PreTokenizers)-1; !last || !isBPE || !m.readBytes() {
			b.mapped = true
			c.PreTokenizers[i] = b
		}
	}
}

// continues tells pieces that continue a word from those that begin one, as far as they show it.
func (c *Config) continues() func(piece string) bool {
	whole := true // whether a segment is one word
	for _, t := range c.PreTokenizers {
		m, ok := t.(Metaspace)
		if ok && !m.Whole {
			mark := string(m.Replacement)
			return func(piece string) bool { return !strings.HasPrefix(piece, mark) }
		}
		whole = whole && ok
	}
	prefix := c.Model.prefix()
	return func(piece string) bool { return whole || prefix != "" && strings.HasPrefix(piece, prefix) }
}

// checkPiece checks the text of a piece.
func checkPiece(piece string, most int) error {
	switch {
	case len(piece) > most:
		return fmt.Errorf("it has %d bytes; at most %d can be read", len(piece), most)
	case !isText(piece):
		return errNotText
	}
	return nil
}
