package tokenizer

import (
	"fmt"
	"unicode/utf8"
)

// regex is a regular expression of the kind that tokenizers have: the library gives it to
// Oniguruma, so that it tries alternatives in their order and may look ahead. Go's own package does
// neither look ahead nor know Unicode's digits and white space.
//
// What is not certain to be read as Oniguruma reads it is refused when the expression is parsed.
type regex struct {
	program []instruction
}

type opcode uint8

const (
	opMatch  opcode = iota
	opSet           // one character of set
	opSplit         // first at x, then, if that fails, at y
	opJump          // at x
	opLook          // the program at x matches here, or does not if negate; then at y
	opBehind        // the character before is of set, or is not if negate
	opAtomic        // what the program at x matches first; then at y
	opStart         // the text begins here
	opEnd           // the text ends here
	opBorder        // a word begins or ends here, or does not if negate
)

type instruction struct {
	op     opcode
	negate bool
	x, y   int
	set    *runeSet
}

// maxProgram bounds the instructions of an expression, and so what memory takes: a bit for each of
// them and each byte of a text.
const maxProgram = 1024

// newRegex parses and compiles an expression.
func newRegex(text string) (*regex, error) {
	p := &regexParser{text: text}
	node, err := p.parse()
	if err != nil {
		return nil, fmt.Errorf("the regular expression %.200q cannot be run exactly as the reference does: %w", text, err)
	}
	if node.nullable() {
		return nil, fmt.Errorf("the regular expression %.200q can match nothing, which cannot be run as the reference does", text)
	}
	var c regexCompiler
	c.emit(node)
	c.add(instruction{op: opMatch})
	if len(c.program) > maxProgram {
		return nil, fmt.Errorf("the regular expression %.200q is too long: %d steps; at most %d can be run", text, len(c.program), maxProgram)
	}
	return &regex{c.program}, nil
}

// find returns the first match at or after from.
func (r *regex) find(text string, from int, m *memory) (start, end int, ok bool) {
	for at := from; at < len(text); {
		if end := r.run(0, text, at, m); end >= 0 {
			return at, end, true
		}
		at += runeLen(text[at])
	}
	return 0, 0, false
}

// memory is what is known of a text while matches are looked for in it: the places from which parts
// of an expression cannot match. It is used only once a search takes long.
type memory struct {
	steps  int
	failed []uint64 // a bit for each instruction at each place, once it is used
	width  int      // places
	stack  []choice
	path   []state
}

// state is an instruction at a place.
type state struct{ pc, at int }

// choice is where to go on if what was tried fails.
type choice struct {
	state
	path int // states before it
}

// patience is the number of steps that a text may take before memory is used.
const patience = 1 << 12

// reset forgets the text.
func (m *memory) reset() { m.steps, m.failed = 0, m.failed[:0] }

// grow makes room for the states of a text of so many bytes, unless there is room.
func (m *memory) grow(instructions, bytes int) {
	if len(m.failed) > 0 {
		return
	}
	m.width = bytes + 1
	words := (instructions*m.width + 63) / 64
	if cap(m.failed) < words {
		m.failed = make([]uint64, words)
	}
	m.failed = m.failed[:words]
	clear(m.failed)
}

// mark notes that a state was tried, and reports whether it had been.
func (m *memory) mark(s state) bool {
	i := s.pc*m.width + s.at
	word, bit := &m.failed[i/64], uint64(1)<<(i%64)
	known := *word&bit != 0
	*word |= bit
	return known
}

func (m *memory) unmark(s state) {
	i := s.pc*m.width + s.at
	m.failed[i/64] &^= 1 << (i % 64)
}

// run returns the end of the match at text[at:] of the program at pc, or -1.
func (r *regex) run(pc int, text string, at int, m *memory) (end int) {
	base, pathBase := len(m.stack), len(m.path)
	defer func() { m.stack, m.path = m.stack[:base], m.path[:pathBase] }()
	s := state{pc, at}
	for {
		m.steps++
		alive := true
		if m.steps > patience {
			m.grow(len(r.program), len(text))
			if alive = !m.mark(s); alive {
				m.path = append(m.path, s)
			}
		}
		if alive {
			i := &r.program[s.pc]
			if i.op == opMatch {
				for _, p := range m.path[pathBase:] {
					m.unmark(p)
				}
				return s.at
			}
			if s, alive = r.step(i, s, text, m); alive {
				continue
			}
		}
		if len(m.stack) == base {
			return -1
		}
		last := m.stack[len(m.stack)-1]
		m.stack, m.path = m.stack[:len(m.stack)-1], m.path[:last.path]
		s = last.state
	}
}

// step carries out one instruction. It returns the next state, or false if the instruction fails.
func (r *regex) step(i *instruction, s state, text string, m *memory) (state, bool) {
	next := state{s.pc + 1, s.at}
	switch i.op {
	case opSet:
		size := i.set.match(text, s.at)
		return state{s.pc + 1, s.at + size}, size > 0
	case opSplit:
		m.stack = append(m.stack, choice{state{i.y, s.at}, len(m.path)})
		return state{i.x, s.at}, true
	case opJump:
		return state{i.x, s.at}, true
	case opLook:
		return state{i.y, s.at}, r.run(i.x, text, s.at, m) >= 0 != i.negate
	case opAtomic:
		end := r.run(i.x, text, s.at, m)
		return state{i.y, end}, end >= 0
	case opBehind:
		_, size := utf8.DecodeLastRuneInString(text[:s.at])
		return next, (size > 0 && i.set.match(text[:s.at], s.at-size) > 0) != i.negate
	case opStart:
		return next, s.at == 0
	case opEnd:
		return next, s.at == len(text)
	case opBorder:
		return next, border(text, s.at) != i.negate
	}
	return next, false
}

// border reports whether a word begins or ends at text[at:].
func border(text string, at int) bool {
	before, size := utf8.DecodeLastRuneInString(text[:at])
	wordBefore := size > 0 && isRegexWord(before)
	after, size := utf8.DecodeRuneInString(text[at:])
	return wordBefore != (size > 0 && isRegexWord(after))
}
