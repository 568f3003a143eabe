package tokenizer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// regexParser reads an expression in the syntax of Ruby, as far as tokenizers use it.
type regexParser struct {
	text  string
	at    int
	fold  bool // (?i: …)
	depth int
}

// maxRegexDepth bounds groups inside groups, and maxRepeat a number in braces.
const (
	maxRegexDepth = 50
	maxRepeat     = 256
)

func (p *regexParser) parse() (*regexNode, error) {
	if !utf8.ValidString(p.text) {
		return nil, errNotText
	}
	n, err := p.choice()
	if err == nil && p.at < len(p.text) {
		err = errors.New("a ) without its (")
	}
	return n, err
}

func (p *regexParser) choice() (*regexNode, error) {
	n := &regexNode{kind: nodeChoice}
	for {
		part, err := p.sequence()
		if err != nil {
			return nil, err
		}
		n.parts = append(n.parts, part)
		if !p.skip("|") {
			break
		}
	}
	if len(n.parts) == 1 {
		return n.parts[0], nil
	}
	return n, nil
}

func (p *regexParser) sequence() (*regexNode, error) {
	n := &regexNode{kind: nodeSequence}
	from := p.at
	for p.at < len(p.text) && p.text[p.at] != '|' && p.text[p.at] != ')' {
		part, err := p.atom()
		if err != nil {
			return nil, err
		}
		if part, err = p.repeats(part); err != nil {
			return nil, err
		}
		n.parts = append(n.parts, part)
	}
	if p.fold {
		if err := checkFolding(p.text[from:p.at]); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// checkFolding refuses texts that have a form of fewer characters in another case, which would
// match too.
func checkFolding(text string) error {
	text = strings.ToLower(text)
	for _, pair := range []string{"ss", "st", "ff", "fi", "fl"} {
		if strings.Contains(text, pair) {
			return fmt.Errorf("%q in either case", pair)
		}
	}
	for _, r := range text {
		if r >= utf8.RuneSelf {
			return fmt.Errorf("%q in either case", r)
		}
	}
	return nil
}

func (p *regexParser) atom() (*regexNode, error) {
	switch c := p.text[p.at]; c {
	case '(':
		return p.group()
	case '[':
		set, err := p.class()
		return &regexNode{kind: nodeSet, set: set}, err
	case '.':
		p.at++
		return setNode(&runeSet{ranges: []runeRange{{'\n', '\n'}}, negate: true}), nil
	case '\\':
		return p.escape()
	case '^', '$':
		return nil, fmt.Errorf("the anchor %q", c)
	case '*', '+', '?', '{':
		return nil, fmt.Errorf("%q with nothing before it", c)
	}
	return setNode(p.literal()), nil
}

func setNode(s *runeSet) *regexNode { return &regexNode{kind: nodeSet, set: s.done()} }

// literal reads one character.
func (p *regexParser) literal() *runeSet {
	r, size := utf8.DecodeRuneInString(p.text[p.at:])
	p.at += size
	s := &runeSet{ranges: []runeRange{{r, r}}}
	if p.fold {
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			s.ranges = append(s.ranges, runeRange{f, f})
		}
	}
	return s
}

// groups are what may begin a group.
var groups = []struct {
	begin string
	kind  nodeKind
	not   bool
}{
	{"(?:", nodeSequence, false}, {"(?=", nodeLook, false}, {"(?!", nodeLook, true}, {"(?>", nodeAtomic, false},
	{"(?<=", nodeBehind, false}, {"(?<!", nodeBehind, true}, {"(?i:", nodeSequence, false},
}

func (p *regexParser) group() (*regexNode, error) {
	if p.depth++; p.depth > maxRegexDepth {
		return nil, errors.New("groups are too deep")
	}
	defer func() { p.depth-- }()
	n := &regexNode{kind: nodeSequence}
	fold := p.fold
	defer func() { p.fold = fold }()
	known := false
	for _, g := range groups {
		if p.skip(g.begin) {
			n.kind, n.negate, known = g.kind, g.not, true
			p.fold = p.fold || g.begin == "(?i:"
			break
		}
	}
	if !known && strings.HasPrefix(p.text[p.at:], "(?") {
		return nil, fmt.Errorf("the group %.6q", p.text[p.at:])
	}
	if !known {
		p.at++ // a group whose text could be referred to, which nothing here does
	}
	part, err := p.choice()
	if err != nil {
		return nil, err
	}
	if !p.skip(")") {
		return nil, errors.New("a ( without its )")
	}
	n.parts = []*regexNode{part}
	if n.kind == nodeBehind {
		return behind(n)
	}
	return n, nil
}

// behind makes a look at the character before. Looking further back is refused.
func behind(n *regexNode) (*regexNode, error) {
	part := n.parts[0]
	for part.kind == nodeSequence && len(part.parts) == 1 {
		part = part.parts[0]
	}
	if part.kind != nodeSet {
		return nil, errors.New("a look at more than one character before")
	}
	n.set, n.parts = part.set, nil
	return n, nil
}

// repeats reads the repetition of an atom, if it has one.
func (p *regexParser) repeats(n *regexNode) (*regexNode, error) {
	if p.at == len(p.text) {
		return n, nil
	}
	least, most, braces := 0, -1, false
	switch c := p.text[p.at]; {
	case c == '*':
	case c == '+':
		least = 1
	case c == '?':
		most = 1
	case c == '{':
		var err error
		if least, most, err = p.braces(); err != nil {
			return nil, err
		}
		braces = true
	default:
		return n, nil
	}
	if !braces {
		p.at++
	}
	if n.nullable() {
		return nil, errors.New("a repetition of what can match nothing")
	}
	n = &regexNode{kind: nodeRepeat, parts: []*regexNode{n}, min: least, max: most}
	switch {
	case p.skip("?"):
		if braces && least == most {
			return nil, errors.New("a ? after a number of times")
		}
		n.lazy = true
	case p.at < len(p.text) && p.text[p.at] == '+' && braces:
		return nil, errors.New("a + after braces")
	case p.skip("+"):
		n = &regexNode{kind: nodeAtomic, parts: []*regexNode{n}}
	}
	if p.at < len(p.text) && strings.IndexByte("*+?{", p.text[p.at]) >= 0 {
		return nil, errors.New("a repetition of a repetition")
	}
	return n, nil
}

// braces reads {n}, {n,}, {n,m} or {,m}.
func (p *regexParser) braces() (least, most int, err error) {
	inner, _, ok := strings.Cut(p.text[p.at+1:], "}")
	first, second, two := strings.Cut(inner, ",")
	if !ok || inner == "" || inner == "," {
		return 0, 0, errors.New("a { that is no repetition")
	}
	p.at += len(inner) + 2
	if first != "" {
		if least, err = repeatCount(first); err != nil {
			return 0, 0, err
		}
	}
	most = least
	if two {
		most = -1
		if second != "" {
			if most, err = repeatCount(second); err != nil {
				return 0, 0, err
			}
		}
	}
	if most >= 0 && most < least || most == 0 {
		return 0, 0, fmt.Errorf("the repetition {%s}", inner)
	}
	return least, most, nil
}

func repeatCount(digits string) (int, error) {
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil || n > maxRepeat {
		return 0, fmt.Errorf("a repetition of %.20q times; at most %d can be run", digits, maxRepeat)
	}
	return int(n), nil
}

func (p *regexParser) skip(text string) bool {
	if !strings.HasPrefix(p.text[p.at:], text) {
		return false
	}
	p.at += len(text)
	return true
}
