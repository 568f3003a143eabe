package guard

import (
	"slices"
	"testing"
	"unsafe"
)

// past is the element n places after the first.
func past[T any](x []T, n int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(x)), n*int(unsafe.Sizeof(x[0]))))
}

var sink float32

func TestTouchingThePagesIsCaught(t *testing.T) {
	m := New(t, 4096)
	data := []float32{1, 2, 3}
	for _, c := range []struct {
		name  string
		at    Edge
		shift int
		touch int // element
		fault bool
	}{
		{"the first at the end", End, 0, 0, false},
		{"the last at the end", End, 0, 2, false},
		{"one after the end", End, 0, 3, true},
		{"one after the end, one element away", End, 1, 3, false},
		{"two after the end, one element away", End, 1, 4, true},
		{"the first at the beginning", Begin, 0, 0, false},
		{"one before the beginning", Begin, 0, -1, true},
		{"two before the beginning, two elements away", Begin, 2, -2, false},
		{"three before the beginning, two elements away", Begin, 2, -3, true},
	} {
		x := Place(m, c.at, c.shift, data)
		if !slices.Equal(x, data) {
			t.Errorf("%s: placed %v as %v", c.name, data, x)
		}
		if err := Faults(func() { sink = *past(x, c.touch) }); (err != nil) != c.fault {
			t.Errorf("%s: reading gave %v, want a fault: %t", c.name, err, c.fault)
		}
		if err := Faults(func() { *past(x, c.touch) = 7 }); (err != nil) != c.fault {
			t.Errorf("%s: writing gave %v, want a fault: %t", c.name, err, c.fault)
		}
		inside := c.touch >= 0 && c.touch < len(x)
		if got, want := m.Intact(), inside || c.fault; got != want {
			t.Errorf("%s: Intact() = %t, want %t", c.name, got, want)
		}
	}
}

func TestPlaceNothing(t *testing.T) {
	m := New(t, 1)
	if x := Place(m, End, 0, []int8{}); len(x) != 0 || unsafe.SliceData(x) == nil || !m.Intact() {
		t.Errorf("got %v at %p", x, unsafe.SliceData(x))
	}
}

func TestOtherPanicsGoOn(t *testing.T) {
	defer func() {
		if p := recover(); p != "other" {
			t.Errorf("recovered %v", p)
		}
	}()
	Faults(func() { panic("other") })
	t.Error("no panic")
}
