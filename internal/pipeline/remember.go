package pipeline

import (
	"slices"
	"sync"
)

// maxRemembered bounds the ids that a remembering tokenizer keeps: 64 MiB of them, some 200,000 passages. Texts that are met
// when it is full are tokenized each time.
const maxRemembered = 16 << 20

// remembering is a tokenizer that tokenizes each text once. It is safe for concurrent use.
type remembering struct {
	Tokenizer

	mu    sync.RWMutex
	texts map[string][]int32
	ids   int // in all texts
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
	if _, ok := r.texts[text]; ok || r.ids+len(ids) > maxRemembered {
		return
	}
	r.texts[text] = slices.Clone(ids)
	r.ids += len(ids)
}
