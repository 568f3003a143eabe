package tokenizer

// PreTokenizer cuts text into words. It is one of [BERTPreTokenizer], [Whitespace],
// [WhitespaceSplit], [Punctuation], [Digits], [Split], [ByteLevel] and [Metaspace].
type PreTokenizer interface {
	// cut cuts each word of w into words, and may rewrite their text.
	cut(w *words)
}

// span is the place of a word in a text.
type span struct{ from, to int }

// words are the words of a segment between two pre-tokenizers. None is empty.
type words struct {
	text  string
	spans []span
	start bool // a word at the beginning of text begins the whole text

	next  []span    // the words after the pre-tokenizer at work
	texts [2][]byte // rewritten text; one holds text, the other is free
	free  int

	memory memory // of the pattern at work
}

// reset makes w the one word text.
func (w *words) reset(text string, start bool) {
	w.text, w.start = text, start
	w.spans = append(w.spans[:0], span{0, len(text)})
}

// add adds a word to those after the pre-tokenizer, unless it is empty.
func (w *words) add(from, to int) {
	if from < to {
		w.next = append(w.next, span{from, to})
	}
}

// done makes the words that were added the words of w.
func (w *words) done() { w.spans, w.next = w.next, w.spans[:0] }

// rewritten is done for words of another text, which must be in w.texts[w.free].
func (w *words) rewritten() {
	if len(w.spans) > 0 && w.spans[0].from > 0 {
		w.start = false
	}
	w.text = view(w.texts[w.free])
	w.free = 1 - w.free
	w.done()
}

func (w *words) size() int {
	return 16*(cap(w.spans)+cap(w.next)) + cap(w.texts[0]) + cap(w.texts[1]) + 8*cap(w.memory.failed)
}

// Behavior is what becomes of the parts of a text that a pattern matches.
type Behavior uint8

const (
	Removed            Behavior = iota // they are no words
	Isolated                           // each is a word
	MergedWithPrevious                 // each ends the word before it
	MergedWithNext                     // each begins the word after it
	Contiguous                         // neighbouring ones are one word together
)

// cutter cuts one word into parts, some of which match a pattern, and adds words by a behavior.
type cutter struct {
	w        *words
	behavior Behavior
	from     int  // the start of the word that is not yet added
	to       int  // its end
	matched  bool // whether the last part matched
	open     bool
}

// part takes the next part of the word. Parts are adjacent; an empty one is passed over.
func (c *cutter) part(from, to int, matches bool) {
	if from == to {
		return
	}
	if c.behavior == Removed && matches {
		c.flush()
		c.matched = true
		return
	}
	if !c.open || !c.joins(matches) {
		c.flush()
		c.from, c.open = from, true
	}
	c.to, c.matched = to, matches
}

// joins reports whether the next part belongs to the word of the last one.
func (c *cutter) joins(matches bool) bool {
	switch c.behavior {
	case MergedWithPrevious:
		return matches && !c.matched
	case MergedWithNext:
		return !matches && c.matched
	case Contiguous:
		return matches == c.matched
	}
	return false
}

// flush adds the word that is open.
func (c *cutter) flush() {
	if c.open {
		c.w.add(c.from, c.to)
	}
	c.open = false
}
