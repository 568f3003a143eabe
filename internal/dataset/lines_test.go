package dataset

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	for _, test := range []struct {
		name, in string
		want     []string
		numbers  []int
	}{
		{"nothing", "", nil, nil},
		{"only blank lines", "\n \n\t\n  ", nil, nil},
		{"the last line may lack its end", "a\nb", []string{"a", "b"}, []int{1, 2}},
		{"blank lines are passed over but counted", "\n a\n\t \n\nb\n\n", []string{" a", "b"}, []int{2, 5}},
		{"carriage returns go", "a\r\nb\r\n", []string{"a", "b"}, []int{1, 2}},
		{"a byte order mark goes", "\ufeffa\n\ufeffb\n", []string{"a", "\ufeffb"}, []int{1, 2}},
		{"lines longer than the buffer", strings.Repeat("x", 200_000) + "\ny\n",
			[]string{strings.Repeat("x", 200_000), "y"}, []int{1, 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			lines := NewLines(strings.NewReader(test.in), "test")
			var got []string
			var numbers []int
			for {
				line, err := lines.Text()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				got, numbers = append(got, line), append(numbers, lines.number)
			}
			if !slices.Equal(got, test.want) || !slices.Equal(numbers, test.numbers) {
				t.Errorf("got %.40q at lines %v, want %.40q at %v", got, numbers, test.want, test.numbers)
			}
		})
	}
}

func TestLinesBoundALine(t *testing.T) {
	lines := NewLines(io.MultiReader(strings.NewReader("\nok\n"), zeros{}), "zeros")
	if _, err := lines.Next(); err != nil {
		t.Fatal(err)
	}
	_, err := lines.Next()
	if wrong, ok := errors.AsType[*LineError](err); !ok || wrong.Line != 3 {
		t.Errorf("error %v, want one of line 3", err)
	}
}

// zeros is an endless file without a line end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}
