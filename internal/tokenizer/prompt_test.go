package tokenizer

import (
	"slices"
	"testing"
)

func TestPromptTexts(t *testing.T) {
	chat := Prompt{BeforeInstruction: "to ", Instruction: "find", BeforeQuery: " q ", AfterQuery: " d", BeforePassage: " "}
	optional := Prompt{BeforeInstruction: "i: ", BeforeQuery: "; q: ", BeforeQueryAlone: "q: "}
	for _, c := range []struct {
		prompt             Prompt
		instruction, query string
		want, passage      string
	}{
		{Prompt{}, "", "x", "x", "y"},
		{Prompt{BeforeQuery: "query: "}, "", "x", "query: x", "y"},
		{Prompt{BeforeQuery: "query: "}, "unread", "x", "query: x", "y"},
		{chat, "", "x", "to find q x d", " y"},
		{chat, "look", "x", "to look q x d", " y"},
		{optional, "", "x", "q: x", "y"},
		{optional, "look", "x", "i: look; q: x", "y"},
	} {
		if q, p := c.prompt.Query(c.instruction, c.query), c.prompt.Passage("y"); q != c.want || p != c.passage {
			t.Errorf("%+v: got %q and %q, want %q and %q", c.prompt, q, p, c.want, c.passage)
		}
	}
}

// TestChatIsCutAtItsEnd: the passage is cut before the query, and what stands around them never.
func TestChatIsCutAtItsEnd(t *testing.T) {
	tok, err := New([]string{"[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "a", "b", "c"}, Options{
		Unknown: "[UNK]", CLS: "[CLS]", SEP: "[SEP]", Pad: "[PAD]", Mask: "[MASK]", Prefix: "##",
	})
	if err != nil {
		t.Fatal(err)
	}
	chat := tok.WithChat([]int32{1, 2}, []int32{3})
	for _, c := range []struct {
		max, boundary, cut int
		want               []int32
	}{
		{20, 4, 0, []int32{1, 2, 5, 6, 7, 7, 7, 3}},
		{7, 4, 1, []int32{1, 2, 5, 6, 7, 7, 3}},
		{5, 4, 3, []int32{1, 2, 5, 6, 3}},
		{4, 3, 4, []int32{1, 2, 5, 3}},
		{1, 2, 5, []int32{1, 2, 3}},
	} {
		ids, boundary, cut := chat.Pair(nil, "a b", "c c c", c.max, KeepStart)
		if !slices.Equal(ids, c.want) || boundary != c.boundary || cut != c.cut {
			t.Errorf("at most %d: got %v, boundary %d, %d cut; want %v, %d, %d", c.max, ids, boundary, cut, c.want, c.boundary, c.cut)
		}
	}
}

// TestWithoutAdded: added tokens are read as text, whether they match raw or normalized text.
func TestWithoutAdded(t *testing.T) {
	for _, normalized := range []bool{false, true} {
		tok, err := New([]string{"[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "a", "b", "c"}, Options{
			Unknown: "[UNK]", CLS: "[CLS]", SEP: "[SEP]", Pad: "[PAD]", Mask: "[MASK]", Prefix: "##",
			Added: []AddedToken{{ID: 2, Content: "[SEP]", Normalized: normalized}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Append(nil, "a[SEP]b"); !slices.Equal(got, []int32{5, 2, 6}) {
			t.Errorf("normalized %v: got %v with added tokens", normalized, got)
		}
		if got := tok.WithoutAdded().Append(nil, "a[SEP]b"); slices.Contains(got, 2) {
			t.Errorf("normalized %v: got %v without added tokens", normalized, got)
		}
	}
}
