package safetensors

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads the tokens of JSON that a header may hold from a stream, in constant memory. The
// standard decoder is not used because it keeps the last of duplicate keys, repairs invalid UTF-8
// without a word, and wants the whole header in memory, which a hostile file can declare to be 100
// MB.
type scanner struct {
	r    io.Reader
	buf  []byte // what is in memory of the stream
	pos  int    // the next byte of buf
	base int64  // bytes of the stream before buf
	text []byte // scratch for str
}

func newScanner(r io.Reader) *scanner {
	return &scanner{r: r, buf: make([]byte, 0, 64<<10)}
}

// offset is where in the header the next byte is.
func (s *scanner) offset() int64 { return s.base + int64(s.pos) }

// errorf reports a fault at the next byte.
func (s *scanner) errorf(rule Rule, format string, args ...any) *Error {
	return &Error{Rule: rule, Err: fmt.Errorf("byte %d of the header: "+format, append([]any{s.offset()}, args...)...)}
}

// peek shows the next byte without taking it. At the end of the header it gives io.EOF inside an
// error.
func (s *scanner) peek() (byte, *Error) {
	if s.pos == len(s.buf) {
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
	return s.buf[s.pos], nil
}

func (s *scanner) fill() *Error {
	s.base += int64(len(s.buf))
	s.buf, s.pos = s.buf[:0], 0
	for range 100 { // a reader may return nothing now and then, but not for ever
		n, err := s.r.Read(s.buf[:cap(s.buf)])
		s.buf = s.buf[:n]
		switch {
		case n > 0:
			return nil
		case err == io.EOF:
			return s.errorf(RuleJSON, "it ends too early: %w", io.EOF)
		case err != nil:
			return s.errorf(RuleRead, "%w", err)
		}
	}
	return s.errorf(RuleRead, "%w", io.ErrNoProgress)
}

// padding is skipped as a block, because it can be as long as the header.
var padding = bytes.Repeat([]byte{' '}, 256)

// token skips white space and shows the byte after it.
func (s *scanner) token() (byte, *Error) {
	for {
		c, err := s.peek()
		if err != nil {
			return 0, err
		}
		switch c {
		case ' ':
			s.pos++
			for bytes.HasPrefix(s.buf[s.pos:], padding) {
				s.pos += len(padding)
			}
		case '\t', '\n', '\r':
			s.pos++
		default:
			return c, nil
		}
	}
}

// expect reads the byte c, with white space before it.
func (s *scanner) expect(c byte) *Error {
	got, err := s.token()
	if err != nil {
		return err
	}
	if got != c {
		return s.errorf(RuleJSON, "%q where %q must stand", got, c)
	}
	s.pos++
	return nil
}

// list walks what stands between open and end, separated by commas: item reads one of them.
func (s *scanner) list(open, end byte, item func() *Error) *Error {
	if err := s.expect(open); err != nil {
		return err
	}
	if c, err := s.token(); err != nil {
		return err
	} else if c == end {
		s.pos++
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		c, err := s.token()
		if err != nil {
			return err
		}
		if c != ',' {
			return s.expect(end)
		}
		s.pos++
	}
}

// finish makes sure that only white space is left.
func (s *scanner) finish() *Error {
	c, err := s.token()
	if errors.Is(errOrNil(err), io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.errorf(RuleJSON, "%q after the end of the object", c)
}

// integer reads an integer. Its error has the given rule.
func (s *scanner) integer(rule Rule) (int64, *Error) {
	c, err := s.token()
	if err != nil {
		return 0, err
	}
	var digits []byte
	for len(digits) <= 20 && (c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E') {
		digits = append(digits, c)
		s.pos++
		if c, err = s.peek(); err != nil {
			return 0, err
		}
	}
	n, parseErr := strconv.ParseInt(string(digits), 10, 64)
	switch {
	case errors.Is(parseErr, strconv.ErrRange):
		return 0, s.errorf(RuleOverflow, "%s", digits)
	case len(digits) == 0:
		return 0, s.errorf(rule, "%q where an integer must stand", c)
	case parseErr != nil || len(digits) > 1 && digits[0] == '0' || digits[0] == '+' || digits[0] == '-' && n >= 0:
		return 0, s.errorf(rule, "%q is not an integer", digits)
	}
	return n, nil
}

// str reads a string of at most limit bytes; a longer one breaks rule. A negative limit means that
// the string may have any length and is checked but not kept.
func (s *scanner) str(limit int, rule Rule) (string, *Error) {
	if err := s.expect('"'); err != nil {
		return "", err
	}
	s.text = s.text[:0]
	for {
		c, err := s.peek()
		if err != nil {
			return "", err
		}
		switch {
		case c == '"':
			s.pos++
			return string(s.text), nil
		case c < ' ':
			return "", s.errorf(RuleJSON, "control character %#02x inside a string", c)
		case c == '\\':
			err = s.escape()
		case c < utf8.RuneSelf:
			s.ascii()
		default:
			err = s.multibyte()
		}
		if err != nil {
			return "", err
		}
		if limit < 0 {
			s.text = s.text[:0]
		} else if len(s.text) > limit {
			return "", s.errorf(rule, "a longer one begins with %q", s.text[:min(limit, 32)])
		}
	}
}

// ascii reads a run of plain characters that is in memory.
func (s *scanner) ascii() {
	run := s.buf[s.pos:]
	n := 0
	for n < len(run) && run[n] >= ' ' && run[n] < utf8.RuneSelf && run[n] != '"' && run[n] != '\\' {
		n++
	}
	s.text = append(s.text, run[:n]...)
	s.pos += n
}

// multibyte reads one character outside ASCII.
func (s *scanner) multibyte() *Error {
	var raw []byte
	for len(raw) < utf8.UTFMax && !utf8.FullRune(raw) {
		c, err := s.peek()
		if err != nil {
			return err
		}
		raw = append(raw, c)
		s.pos++
	}
	if r, _ := utf8.DecodeRune(raw); r == utf8.RuneError && string(raw) != "\uFFFD" {
		return s.errorf(RuleUTF8, "% x is not UTF-8", raw)
	}
	s.text = append(s.text, raw...)
	return nil
}

// escape reads an escape sequence, or two that are a surrogate pair.
func (s *scanner) escape() *Error {
	c, err := s.escaped()
	if err != nil {
		return err
	}
	switch c {
	case '"', '\\', '/':
		s.text = append(s.text, c)
	case 'b', 'f', 'n', 'r', 't':
		s.text = append(s.text, map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}[c])
	case 'u':
		return s.unicode()
	default:
		return s.errorf(RuleJSON, "unknown escape %q", c)
	}
	return nil
}

// escaped reads a backslash and the byte after it.
func (s *scanner) escaped() (byte, *Error) {
	var c byte
	for i := range 2 {
		next, err := s.peek()
		if err != nil {
			return 0, err
		}
		if i == 0 && next != '\\' {
			return 0, s.errorf(RuleUTF8, "half of a surrogate pair")
		}
		c = next
		s.pos++
	}
	return c, nil
}

func (s *scanner) unicode() *Error {
	r, err := s.hex4()
	if err != nil {
		return err
	}
	if utf16.IsSurrogate(r) {
		c, err := s.escaped()
		if err != nil {
			return err
		}
		low := rune(-1)
		if c == 'u' {
			if low, err = s.hex4(); err != nil {
				return err
			}
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return s.errorf(RuleUTF8, "half of a surrogate pair")
		}
	}
	s.text = utf8.AppendRune(s.text, r)
	return nil
}

func (s *scanner) hex4() (rune, *Error) {
	var digits [4]byte
	for i := range digits {
		c, err := s.peek()
		if err != nil {
			return 0, err
		}
		digits[i] = c
		s.pos++
	}
	n, err := strconv.ParseUint(string(digits[:]), 16, 16)
	if err != nil {
		return 0, s.errorf(RuleJSON, "\\u%s is not a character", digits[:])
	}
	return rune(n), nil
}

// errOrNil keeps a nil *Error from becoming a non-nil error.
func errOrNil(e *Error) error {
	if e == nil {
		return nil
	}
	return e
}
