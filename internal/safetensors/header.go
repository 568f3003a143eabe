package safetensors

import (
	"cmp"
	"fmt"
	"io"
	"math/bits"
	"slices"
)

// parseHeader reads a whole header: the tensors in it, each consistent in itself. See [cover] for
// how they lie together.
func parseHeader(r io.Reader) ([]Tensor, *Error) {
	s := newScanner(r)
	if c, err := s.peek(); err != nil {
		return nil, s.errorf(RuleBrace, "it is empty")
	} else if c != '{' {
		return nil, s.errorf(RuleBrace, "%q", c)
	}
	var tensors []Tensor
	seen := make(map[string]bool)
	err := s.list('{', '}', func() *Error {
		name, err := key(s, seen)
		if err != nil {
			return err
		}
		if name == "__metadata__" {
			return parseMetadata(s)
		}
		if len(tensors) == MaxTensors {
			return s.errorf(RuleCount, "%q is one more", name)
		}
		t, err := parseTensor(s)
		if err != nil {
			err.Tensor = name
			return err
		}
		t.Name = name
		tensors = append(tensors, t)
		return nil
	})
	if err == nil {
		err = s.finish()
	}
	return tensors, err
}

// key reads a key that was not seen before, and the colon after it.
func key(s *scanner, seen map[string]bool) (string, *Error) {
	name, err := s.str(MaxName, RuleName)
	if err != nil {
		return "", err
	}
	if seen[name] {
		return "", s.errorf(RuleDuplicate, "%q", name)
	}
	seen[name] = true
	return name, s.expect(':')
}

// parseMetadata checks __metadata__ and drops it: nothing in it is needed.
func parseMetadata(s *scanner) *Error {
	if c, err := s.token(); err != nil {
		return err
	} else if c != '{' {
		return s.errorf(RuleMetadata, "it is not an object")
	}
	seen := make(map[string]bool)
	return s.list('{', '}', func() *Error {
		if len(seen) == MaxTensors {
			return s.errorf(RuleMetadata, "there are more")
		}
		if _, err := key(s, seen); err != nil {
			return err
		}
		if c, err := s.token(); err != nil {
			return err
		} else if c != '"' {
			return s.errorf(RuleMetadata, "%q begins a value that is not a string", c)
		}
		_, err := s.str(-1, RuleMetadata)
		return err
	})
}

func parseTensor(s *scanner) (Tensor, *Error) {
	var t Tensor
	seen := make(map[string]bool, 3)
	err := s.list('{', '}', func() *Error {
		field, err := key(s, seen)
		if err != nil {
			return err
		}
		switch field {
		case "dtype":
			return t.parseDType(s)
		case "shape":
			return t.parseShape(s)
		case "data_offsets":
			return t.parseOffsets(s)
		}
		return s.errorf(RuleFields, "it has %q", field)
	})
	if err != nil {
		return t, err
	}
	for _, field := range []string{"dtype", "shape", "data_offsets"} {
		if !seen[field] {
			return t, s.errorf(RuleFields, "it lacks %q", field)
		}
	}
	return t, t.checkBytes(s)
}

func (t *Tensor) parseDType(s *scanner) *Error {
	name, err := s.str(MaxName, RuleDType)
	if err != nil {
		return err
	}
	t.DType = DType(name)
	if bitsOf[t.DType] == 0 {
		return s.errorf(RuleDType, "%q", name)
	}
	return nil
}

func (t *Tensor) parseShape(s *scanner) *Error {
	return s.list('[', ']', func() *Error {
		d, err := s.integer(RuleDims)
		switch {
		case err != nil:
			return err
		case d < 0:
			return s.errorf(RuleDims, "a dimension is %d", d)
		case len(t.Shape) == MaxDims:
			return s.errorf(RuleDims, "there are more")
		case int64(int(d)) != d:
			return s.errorf(RuleOverflow, "a dimension of %d is too large for this machine", d)
		}
		t.Shape = append(t.Shape, int(d))
		return nil
	})
}

func (t *Tensor) parseOffsets(s *scanner) *Error {
	var got []int64
	err := s.list('[', ']', func() *Error {
		n, err := s.integer(RuleOffsets)
		switch {
		case err != nil:
			return err
		case n < 0:
			return s.errorf(RuleOffsets, "%d", n)
		case len(got) == 2:
			return s.errorf(RuleOffsets, "there are more than two")
		}
		got = append(got, n)
		return nil
	})
	switch {
	case err != nil:
		return err
	case len(got) != 2:
		return s.errorf(RuleOffsets, "there are %d", len(got))
	case got[0] > got[1]:
		return s.errorf(RuleOffsets, "%d, %d", got[0], got[1])
	}
	t.begin, t.end = got[0], got[1]
	return nil
}

// checkBytes compares the range with what shape and dtype need, without ever wrapping around.
func (t *Tensor) checkBytes(s *scanner) *Error {
	elements := uint64(1)
	for _, d := range t.Shape {
		hi, lo := bits.Mul64(elements, uint64(d))
		if hi != 0 || int(lo) < 0 || uint64(int(lo)) != lo {
			return s.errorf(RuleOverflow, "shape %v", t.Shape)
		}
		elements = lo
	}
	hi, total := bits.Mul64(elements, bitsOf[t.DType])
	if hi != 0 {
		return s.errorf(RuleOverflow, "shape %v of %s", t.Shape, t.DType)
	}
	if total%8 != 0 {
		return s.errorf(RuleBytes, "shape %v of %s is no whole number of bytes", t.Shape, t.DType)
	}
	if need := total / 8; need != uint64(t.end-t.begin) {
		return s.errorf(RuleBytes, "shape %v of %s needs %d, data_offsets give %d", t.Shape, t.DType, need, t.end-t.begin)
	}
	return nil
}

// cover sorts tensors by their place and checks that together they are exactly the size bytes after
// the header.
func cover(tensors []Tensor, size int64) *Error {
	slices.SortFunc(tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), cmp.Compare(a.Name, b.Name))
	})
	at := int64(0)
	for _, t := range tensors {
		if t.begin != at {
			return &Error{Tensor: t.Name, Rule: RuleRanges, Err: fmt.Errorf("it begins at %d, not at %d", t.begin, at)}
		}
		at = t.end
	}
	if at != size {
		return &Error{Rule: RuleEnd, Err: fmt.Errorf("tensors take %d bytes, %d follow the header", at, size)}
	}
	return nil
}
