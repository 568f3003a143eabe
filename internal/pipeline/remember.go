package pipeline

import (
	"slices"
	"strings"
	"sync"
)

// maxRemembered bounds the bytes of the texts and ids that a remembering tokenizer keeps, some 200,000 passages. Texts that
// are met when it is full are tokenized each time.
const maxRemembered = 128 << 20

// remembering is a tokenizer that tokenizes each text once. It is safe for concurrent use.
type remembering struct {
	Tokenizer

	mu    sync.RWMutex
	texts map[string][]int32
	size  int // of all texts, in bytes
}

var _ Tokenizer = (*remembering)(nil)

// remember makes a Tokenizer remember what it was asked.
func remember(t Tokenizer) *remembering {
	return &remembering{Tokenizer: t, texts: map[string][]int32{}}
}

// Append implements [Tokenizer].
func (r *remembering) Append(dst []int32, text string) []int32 {
	r.mu.RLock()
	ids, ok := r.texts[text]
	r.mu.RUnlock()
	if ok {
		return append(dst, ids...)
	}
	start := len(dst)
	dst = r.Tokenizer.Append(dst, text)
	r.keep(text, dst[start:])
	return dst
}

func (r *remembering) keep(text string, ids []int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	const entry = 64 // in the map; a text may be empty, or have no ids
	size := entry + len(text) + 4*len(ids)
	if _, ok := r.texts[text]; ok || r.size+size > maxRemembered {
		return
	}
	r.texts[strings.Clone(text)] = slices.Clone(ids) // which would keep alive what the text is part of
	r.size += size
}
