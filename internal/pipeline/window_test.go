package pipeline

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// numbered is a text of the words 0 to n−1.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d ", i)
	}
	return b.String()
}

// passageOf writes the passage of a sequence with the words of numbered.
func passageOf(s network.Sequence) string {
	var out []string
	for _, id := range s.IDs[s.TypeBoundary : len(s.IDs)-1] {
		for i := range 100 {
			if wordID(fmt.Sprint(i)) == id {
				out = append(out, fmt.Sprint(i))
			}
		}
	}
	return strings.Join(out, " ")
}

func TestWindows(t *testing.T) {
	best := crossrank.Windows{Aggregate: crossrank.BestWindow, Overlap: 2}
	bounded := crossrank.Windows{Aggregate: crossrank.BestWindow, Overlap: 2, Max: 2}
	for _, c := range []struct {
		name  string
		query string
		words int // of the passage
		req   crossrank.Request
		want  []string // what the windows read of the passage
		cut   int
	}{
		{"a passage that fits", "q", 4, crossrank.Request{MaxLength: 8, Windows: best}, []string{"0 1 2 3"}, 0},
		{"an empty passage", "q", 0, crossrank.Request{MaxLength: 8, Windows: best}, []string{""}, 0},
		{"one word too many", "q", 5, crossrank.Request{MaxLength: 8, Windows: best}, []string{"0 1 2 3", "2 3 4"}, 0},
		{"windows that end together with the passage", "q", 6,
			crossrank.Request{MaxLength: 8, Windows: best}, []string{"0 1 2 3", "2 3 4 5"}, 0},
		{"three windows", "q", 8, crossrank.Request{MaxLength: 8, Windows: best}, []string{"0 1 2 3", "2 3 4 5", "4 5 6 7"}, 0},
		{"more than are asked for", "q", 9, crossrank.Request{MaxLength: 8, Windows: bounded}, []string{"0 1 2 3", "2 3 4 5"}, 3},
		{"more than are asked for, cut from the left", "q", 9,
			crossrank.Request{MaxLength: 8, Windows: bounded, Truncation: crossrank.TruncateLeft}, []string{"3 4 5 6", "5 6 7 8"}, 3},
		{"a passage that is cut first", "q", 9,
			crossrank.Request{MaxLength: 8, Windows: best, MaxPassage: 5}, []string{"0 1 2 3", "2 3 4"}, 4},
		{"a query that takes too much", "a b c d e f", 4,
			crossrank.Request{MaxLength: 7, Windows: best}, []string{"0 1", "1 2", "2 3"}, 4},
		{"an overlap that would not advance", "q", 5, crossrank.Request{MaxLength: 8,
			Windows: crossrank.Windows{Aggregate: crossrank.BestWindow}}, []string{"0 1 2 3", "2 3 4"}, 0},
		{"no room at all", "q", 5, crossrank.Request{MaxLength: 3, Windows: best}, []string{""}, 6},
		{"no windows, a passage that is cut first", "q", 9, crossrank.Request{MaxLength: 8, MaxPassage: 3}, []string{"0 1 2"}, 6},
		{"no windows, its end kept", "q", 9,
			crossrank.Request{MaxLength: 8, MaxPassage: 3, Truncation: crossrank.TruncateLeft}, []string{"6 7 8"}, 6},
	} {
		var got []string
		var longest int
		m := &machine{logit: func(s network.Sequence) float32 {
			longest = max(longest, len(s.IDs))
			got = append(got, passageOf(s))
			return 0
		}}
		p := open(t, new(words), m, Options{Options: batch.Options{LengthAware: new(false)}})
		c.req.Pairs = []crossrank.Pair{{Query: c.query, Passage: numbered(c.words)}}
		resp, err := p.Score(t.Context(), &c.req)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if !slices.Equal(got, c.want) || longest > c.req.MaxLength {
			t.Errorf("%s: read %q with up to %d tokens, want %q", c.name, got, longest, c.want)
		}
		var cut int
		if resp.Truncated != nil {
			cut = resp.Truncated[0]
		}
		if cut != c.cut || resp.Usage.TruncatedTokens != c.cut || len(resp.Scores) != 1 {
			t.Errorf("%s: got %+v, want one score, and %d tokens cut", c.name, resp, c.cut)
		}
		never := c.req
		never.Truncation = crossrank.TruncateNever
		_, err = p.Score(t.Context(), &never)
		if (crossrank.CodeOf(err) == crossrank.InvalidArgument) != (c.cut > 0) {
			t.Errorf("%s, never truncated: got error %v, want one if something is cut", c.name, err)
		}
	}
}

// TestWindowsMakeOneScore gives every window the number of its first word as logit.
func TestWindowsMakeOneScore(t *testing.T) {
	m := &machine{logit: func(s network.Sequence) float32 {
		var first float32
		fmt.Sscan(passageOf(s), &first)
		return first
	}}
	p := open(t, new(words), m, Options{})
	req := crossrank.Request{MaxLength: 8, Raw: true, Pairs: []crossrank.Pair{
		{Query: "q", Passage: numbered(4)}, {Query: "q", Passage: numbered(10)}, {Query: "q", Passage: numbered(7)},
	}}
	for _, c := range []struct {
		how  crossrank.Aggregate
		want []float32
	}{
		{crossrank.BestWindow, []float32{0, 6, 4}}, // of windows that begin at 0; 0, 2, 4 and 6; 0, 2 and 4
		{crossrank.MeanWindow, []float32{0, 3, 2}},
	} {
		req.Windows = crossrank.Windows{Aggregate: c.how, Overlap: 2}
		resp, err := p.Score(t.Context(), &req)
		if err != nil || !slices.Equal(resp.Scores, c.want) || resp.Truncated != nil {
			t.Errorf("aggregate %d: got %+v and error %v, want scores %v and nothing cut", c.how, resp, err, c.want)
		}
	}
	req.Windows, req.Pairs[1].Passage = crossrank.Windows{}, numbered(9)
	resp, err := p.Score(t.Context(), &req)
	if err != nil || !slices.Equal(resp.Truncated, []int{0, 5, 3}) || resp.Usage.TruncatedTokens != 8 {
		t.Errorf("without windows: got %+v and error %v, want 5 and 3 tokens cut", resp, err)
	}
}

func TestAWindowThatIsNotFiniteFailsItsPair(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		m := &machine{logit: func(s network.Sequence) float32 {
			if strings.HasPrefix(passageOf(s), "2 ") {
				return float32(bad)
			}
			return 1
		}}
		p := open(t, new(words), m, Options{})
		_, err := p.Score(t.Context(), &crossrank.Request{
			MaxLength: 8, Pairs: []crossrank.Pair{{Query: "q", Passage: numbered(8)}},
			Windows: crossrank.Windows{Aggregate: crossrank.BestWindow, Overlap: 2},
		})
		if crossrank.CodeOf(err) != crossrank.Internal {
			t.Errorf("a window of %v: got error %v, want an internal one", bad, err)
		}
	}
}

func TestRefusesBadWindows(t *testing.T) {
	p := open(t, new(words), new(machine), Options{})
	for name, spoil := range map[string]func(*crossrank.Request){
		"an unknown aggregate": func(r *crossrank.Request) { r.Windows.Aggregate = 3 },
		"a negative overlap":   func(r *crossrank.Request) { r.Windows.Overlap = -1 },
		"a negative number":    func(r *crossrank.Request) { r.Windows.Max = -1 },
		"a negative passage":   func(r *crossrank.Request) { r.MaxPassage = -1 },
	} {
		req := requestOf(5)
		spoil(req)
		if _, err := p.Score(t.Context(), req); crossrank.CodeOf(err) != crossrank.InvalidArgument {
			t.Errorf("%s: got error %v, want an invalid argument", name, err)
		}
	}
}

func TestWindowsAreBounded(t *testing.T) {
	p := open(t, new(words), &machine{}, Options{})
	req := &crossrank.Request{
		MaxLength: 5, Windows: crossrank.Windows{Aggregate: crossrank.BestWindow, Max: math.MaxInt},
		Pairs: []crossrank.Pair{{Query: "q", Passage: "a"}, {Query: "q", Passage: strings.Repeat("a ", maxWindows)}},
	}
	_, err := p.Score(t.Context(), req)
	if crossrank.CodeOf(err) != crossrank.TooLarge || !strings.Contains(err.Error(), "with pair 1 the request has 65537 windows") {
		t.Errorf("got %v, want TooLarge with the number of windows", err)
	}
}

func TestAFaultNamesThePair(t *testing.T) {
	m := &machine{logit: func(s network.Sequence) float32 {
		if passageOf(s) == "9" {
			panic("a hole")
		}
		return 0
	}}
	windows := crossrank.Windows{Aggregate: crossrank.BestWindow, Overlap: 2}
	for i, w := range []crossrank.Windows{{}, windows, {}, windows} {
		p := open(t, new(words), m, Options{Coalesce: i >= 2})
		_, err := p.Score(t.Context(), &crossrank.Request{MaxLength: 8, Windows: w, Pairs: []crossrank.Pair{
			{Query: "q", Passage: numbered(8)}, {Query: "q", Passage: "1"}, {Query: "q", Passage: "9"},
		}})
		if err == nil || !strings.Contains(err.Error(), "pair 2 could not be computed") {
			t.Errorf("with windows %v: got %v, want an error that names pair 2", w, err)
		}
	}
}

// twoSeparators joins as RoBERTa's template does: with two separators between the texts.
type twoSeparators struct{ words }

func (w *twoSeparators) Join(dst, query, passage []int32, maxLength int, keep tokenizer.Keep) (ids []int32, split, cut int) {
	first := len(dst)
	dst, split, cut = w.words.Join(dst, query, passage, maxLength-1, keep)
	return slices.Insert(dst, first+split, 1), split + 1, cut
}

// Windows leave room for as many special tokens as the template has.
func TestWindowsOfAnotherTemplate(t *testing.T) {
	var got []string
	m := &machine{logit: func(s network.Sequence) float32 {
		got = append(got, passageOf(s))
		return 0
	}}
	p := open(t, new(twoSeparators), m, Options{Options: batch.Options{LengthAware: new(false)}})
	resp, err := p.Score(t.Context(), &crossrank.Request{MaxLength: 9, Pairs: []crossrank.Pair{{Query: "q", Passage: numbered(6)}},
		Windows: crossrank.Windows{Aggregate: crossrank.BestWindow, Overlap: 2}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"0 1 2 3", "2 3 4 5"}; !slices.Equal(got, want) || resp.Usage.TruncatedTokens != 0 {
		t.Errorf("read %q, %d tokens cut; want %q and none", got, resp.Usage.TruncatedTokens, want)
	}
}
