package tokenizer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// escape reads a backslash and what follows it, outside of brackets.
func (p *regexParser) escape() (*regexNode, error) {
	switch rest := p.text[p.at:]; {
	case strings.HasPrefix(rest, `\A`):
		p.at += 2
		return &regexNode{kind: nodeStart}, nil
	case strings.HasPrefix(rest, `\z`):
		p.at += 2
		return &regexNode{kind: nodeEnd}, nil
	case strings.HasPrefix(rest, `\b`), strings.HasPrefix(rest, `\B`):
		p.at += 2
		return &regexNode{kind: nodeBorder, negate: rest[1] == 'B'}, nil
	}
	s := new(runeSet)
	single, err := p.escaped(s)
	if err != nil {
		return nil, err
	}
	if single && p.fold {
		return nil, errors.New("an escaped character in either case")
	}
	return setNode(s), nil
}

// escaped reads a backslash and what follows it into a set. It reports whether that is one
// character.
func (p *regexParser) escaped(s *runeSet) (single bool, err error) {
	p.at++
	if p.at == len(p.text) {
		return false, errors.New("a backslash at its end")
	}
	c := p.text[p.at]
	p.at++
	switch c {
	case 's', 'd', 'w', 'S', 'D', 'W':
		s.tests = append(s.tests, shorthand(c))
		return false, nil
	case 'p', 'P':
		return false, p.property(s, c == 'P')
	case 'x', 'u':
		return true, p.codePoint(s, c)
	}
	r := rune(c)
	if i := strings.IndexByte("trnfve", c); i >= 0 {
		r = rune("\t\r\n\f\v\x1b"[i])
	} else if c >= utf8.RuneSelf || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' {
		return false, fmt.Errorf(`\%c`, c)
	}
	s.ranges = append(s.ranges, runeRange{r, r})
	return true, nil
}

func shorthand(c byte) func(r rune) bool {
	is := map[byte]func(r rune) bool{'s': isRegexSpace, 'd': isRegexDigit, 'w': isRegexWord}[c|0x20]
	if c < 'a' {
		return func(r rune) bool { return !is(r) }
	}
	return is
}

// property reads {NAME} or {^NAME} after \p or \P.
func (p *regexParser) property(s *runeSet, negate bool) error {
	name, _, ok := strings.Cut(p.text[p.at:], "}")
	if !ok || !strings.HasPrefix(name, "{") {
		return errors.New(`\p without a name in braces`)
	}
	p.at += len(name) + 1
	name = name[1:]
	if rest, ok := strings.CutPrefix(name, "^"); ok {
		name, negate = rest, !negate
	}
	is, ok := properties[name]
	if !ok {
		return fmt.Errorf(`the class \p{%.40s}`, name)
	}
	if negate {
		s.tests = append(s.tests, func(r rune) bool { return !is(r) })
	} else {
		s.tests = append(s.tests, is)
	}
	return nil
}

// codePoint reads {HEX} after \x, two hexadecimal digits after \x, or four after \u.
func (p *regexParser) codePoint(s *runeSet, c byte) error {
	digits := ""
	if c == 'x' && p.skip("{") {
		inner, _, ok := strings.Cut(p.text[p.at:], "}")
		if !ok {
			return errors.New(`\x{ without its }`)
		}
		digits = inner
		p.at += len(inner) + 1
	} else {
		n := map[byte]int{'x': 2, 'u': 4}[c]
		if p.at+n > len(p.text) {
			return fmt.Errorf(`\%c at its end`, c)
		}
		digits = p.text[p.at : p.at+n]
		p.at += n
	}
	n, err := strconv.ParseUint(digits, 16, 21)
	if err != nil || !utf8.ValidRune(rune(n)) || c == 'x' && len(digits) == 2 && n >= utf8.RuneSelf {
		return fmt.Errorf(`\%c%.20s`, c, digits)
	}
	s.ranges = append(s.ranges, runeRange{rune(n), rune(n)})
	return nil
}

// class reads a set in brackets.
func (p *regexParser) class() (*runeSet, error) {
	p.at++
	s := &runeSet{negate: p.skip("^")}
	if p.fold {
		return nil, errors.New("brackets in either case")
	}
	for first := true; ; first = false {
		switch {
		case p.at == len(p.text):
			return nil, errors.New("a [ without its ]")
		case p.text[p.at] == ']' && first:
			return nil, errors.New("empty brackets")
		case p.skip("]"):
			return s.done(), nil
		case p.text[p.at] == '[' || strings.HasPrefix(p.text[p.at:], "&&"):
			return nil, errors.New("brackets in brackets")
		}
		if err := p.item(s); err != nil {
			return nil, err
		}
	}
}

// item reads a character, a class or a range in brackets.
func (p *regexParser) item(s *runeSet) error {
	low, single, err := p.member(s)
	if err != nil {
		return err
	}
	rest := p.text[p.at:]
	if len(rest) < 2 || rest[0] != '-' || rest[1] == ']' {
		return nil
	}
	if !single || rest[1] == '[' {
		return errors.New("a - after a class in brackets")
	}
	p.at++
	high, single, err := p.member(new(runeSet))
	if err != nil {
		return err
	}
	if !single || high < low {
		return errors.New("a range that ends before it begins")
	}
	s.ranges = append(s.ranges, runeRange{low, high})
	return nil
}

// member reads a character or a class in brackets into a set.
func (p *regexParser) member(s *runeSet) (r rune, single bool, err error) {
	if p.text[p.at] == '\\' {
		if strings.HasPrefix(p.text[p.at:], `\b`) {
			return 0, false, errors.New(`\b in brackets`)
		}
		single, err = p.escaped(s)
	} else {
		r, size := utf8.DecodeRuneInString(p.text[p.at:])
		p.at += size
		s.ranges = append(s.ranges, runeRange{r, r})
		single = true
	}
	if single && err == nil {
		r = s.ranges[len(s.ranges)-1].first
	}
	return r, single, err
}
