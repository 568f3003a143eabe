package hub

import "sync"

// Progress is how far a download is.
type Progress struct {
	Files, FilesDone int
	Bytes, BytesDone int64 // of all files that are needed
	BytesKept        int64 // of BytesDone, those that were there before
}

// tally counts the progress of one pull. It is safe for concurrent use.
type tally struct {
	report func(Progress)

	mu  sync.Mutex
	now Progress
}

// begin sets the files that are needed, and resets the counts.
func (t *tally) begin(files []file) {
	now := Progress{Files: len(files)}
	for _, f := range files {
		now.Bytes += f.size
	}
	t.change(func(p *Progress) { *p = now })
}

// add counts bytes that came, or with a negative number bytes that turned out to be of no use.
func (t *tally) add(n int64) {
	t.change(func(p *Progress) {
		p.BytesDone += n
		p.BytesKept = min(p.BytesKept, p.BytesDone)
	})
}

// resume counts bytes that were there before.
func (t *tally) resume(n int64) {
	t.change(func(p *Progress) {
		p.BytesDone += n
		p.BytesKept += n
	})
}

// done counts a file.
func (t *tally) done() { t.change(func(p *Progress) { p.FilesDone++ }) }

func (t *tally) change(by func(*Progress)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	by(&t.now)
	if t.now.Files > 0 {
		t.report(t.now)
	}
}
