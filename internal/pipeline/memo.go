package pipeline

import (
	"slices"
	"strings"
	"sync"
)

// maxMemo bounds the bytes of the texts and ids that a memoizing tokenizer keeps, some 200,000
// passages. Once it is full, new texts are tokenized each time.
const maxMemo = 128 << 20

// memoizing is a tokenizer that tokenizes each text once. It is safe for concurrent use.
type memoizing struct {
	Tokenizer

	mu    sync.RWMutex
	texts map[string][]int32
	size  int // of all texts, in bytes
}

var _ Tokenizer = (*memoizing)(nil)

func newMemoizing(t Tokenizer) *memoizing {
	return &memoizing{Tokenizer: t, texts: map[string][]int32{}}
}

// AppendSide implements [Tokenizer].
func (m *memoizing) AppendSide(dst []int32, text string) []int32 {
	m.mu.RLock()
	ids, ok := m.texts[text]
	m.mu.RUnlock()
	if ok {
		return append(dst, ids...)
	}
	start := len(dst)
	dst = m.Tokenizer.AppendSide(dst, text)
	m.keep(text, dst[start:])
	return dst
}

func (m *memoizing) keep(text string, ids []int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	const entry = 64 // in the map; a text may be empty, or have no ids
	size := entry + len(text) + 4*len(ids)
	if _, ok := m.texts[text]; ok || m.size+size > maxMemo {
		return
	}
	m.texts[strings.Clone(text)] = slices.Clone(ids) // without Clone, it would keep alive what the text is part of
	m.size += size
}
