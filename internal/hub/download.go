package hub

import (
	"context"
	"errors"
	"fmt"
	hasher "hash"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
)

// download brings one file among the blobs, unless it is there already.
func (p *pull) download(ctx context.Context, f file) error {
	unlock, err := p.lockBlob(ctx, f.hash, func() {
		p.note(f.name + ": another process downloads it; waiting")
	})
	if err != nil {
		return err
	}
	defer unlock()
	if p.cache.holds(p.name, f) {
		p.progress.resume(f.size)
		return nil
	}
	d, err := p.openPartial(f)
	if err != nil {
		return err
	}
	err = p.complete(ctx, d)
	if closeErr := d.file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return p.cache.root.Rename(p.name.incomplete(f.hash), p.name.blob(f.hash))
}

// holds reports whether the blob of a file is there with its size. Its content was checked when it
// came.
func (c *cacheRoot) holds(n Name, f file) bool {
	info, err := c.root.Stat(n.blob(f.hash))
	return err == nil && info.Mode().IsRegular() && info.Size() == f.size
}

// partial is a download under way: the file with what has come of it, and the hash of that.
type partial struct {
	of     file
	file   *os.File
	w      io.Writer // writes to file
	hasher hasher.Hash
	n      int64 // bytes that have come and are hashed
	joined bool  // they did not come in one piece
	again  bool  // it was begun a second time because its hash was wrong
}

// openPartial opens what an earlier pull has left of a file, or begins it.
func (p *pull) openPartial(f file) (*partial, error) {
	name := p.name.incomplete(f.hash)
	if err := p.cache.root.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return nil, err
	}
	out, err := p.cache.root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	d := &partial{of: f, file: out, w: p.wrap(out), hasher: f.hash.hasher(f.size)}
	if d.n, err = io.Copy(d.hasher, io.LimitReader(out, f.size+1)); err == nil && d.n > f.size {
		d.n = 0
		err = d.restart()
	}
	if err != nil {
		out.Close()
		return nil, err
	}
	d.joined = d.n > 0
	p.progress.resume(d.n)
	return d, nil
}

// restart discards what has come.
func (d *partial) restart() error {
	d.n, d.joined = 0, false
	d.hasher = d.of.hash.hasher(d.of.size)
	if _, err := d.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return d.file.Truncate(0)
}

// complete downloads the rest of a file, in as many requests as it takes, and checks its hash.
// After an error that leaves a good beginning, that beginning stays for the next pull.
func (p *pull) complete(ctx context.Context, d *partial) error {
	u := p.address(p.name, p.commit, d.of)
	r := p.retry(d.of.name)
	for {
		for d.n < d.of.size {
			mark := d.n
			err := p.request(ctx, u, d)
			if err == nil {
				continue
			}
			if d.n-mark >= max(1, d.of.size/progressParts) {
				r.reset()
			}
			if err := r.again(ctx, p.client.explain(p.name, err)); err != nil {
				return err
			}
		}
		got := digest(d.hasher)
		if got == d.of.hash {
			return p.sync(d.file)
		}
		// Pieces of different origin may not fit together. What comes in one piece is what the hub
		// has.
		piecemeal := d.joined && !d.again
		p.progress.add(-d.n)
		if err := d.restart(); err != nil {
			return err
		}
		if !piecemeal {
			return errors.Join(fmt.Errorf("it has the %s %s instead of %s: nothing of it is kept", d.of.hash.kind(), got, d.of.hash),
				p.cache.root.Remove(p.name.incomplete(d.of.hash)))
		}
		d.again = true
		p.note(d.of.name + ": what came in pieces is damaged; starting again")
	}
}

// request asks for the rest of a file once and writes what comes.
func (p *pull) request(ctx context.Context, u *url.URL, d *partial) error {
	header := http.Header{}
	if d.n > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", d.n))
	}
	resp, err := p.client.get(ctx, u, header)
	if err != nil {
		if refusal, ok := errors.AsType[*Error](err); ok && refusal.Status == http.StatusRequestedRangeNotSatisfiable && d.n > 0 {
			p.progress.add(-d.n)
			return errors.Join(errors.New("the server does not continue the file"), d.restart())
		}
		return err
	}
	defer resp.Body.Close()
	if err := p.accept(resp, d); err != nil {
		return err
	}
	return p.receive(resp.Body, u.Host, d)
}

// accept checks that a response brings the rest of a file. If the server sends the whole file
// again, the download starts again.
func (p *pull) accept(resp *http.Response, d *partial) error {
	if err := p.checkCommit(resp); err != nil {
		return err
	}
	switch {
	case resp.StatusCode == http.StatusPartialContent && d.n > 0:
		want := fmt.Sprintf("bytes %d-%d/%d", d.n, d.of.size-1, d.of.size)
		if got := resp.Header.Get("Content-Range"); got != want {
			return fmt.Errorf("the server sends the range %q instead of %q", printable(got, 64), want)
		}
		d.joined = true
	case resp.StatusCode == http.StatusOK:
		if d.n > 0 {
			p.progress.add(-d.n)
			if err := d.restart(); err != nil {
				return &permanent{err}
			}
		}
	default:
		return fmt.Errorf("the server answers %s", resp.Status)
	}
	if text := resp.Header.Get("Content-Length"); text != "" && text != strconv.FormatInt(d.of.size-d.n, 10) {
		return fmt.Errorf("the server sends %s bytes instead of %d", printable(text, 32), d.of.size-d.n)
	}
	return nil
}

// receive writes and hashes what comes, at most to the size of the file.
func (p *pull) receive(body io.Reader, host string, d *partial) error {
	buf := make([]byte, min(bufferBytes, max(1, d.of.size-d.n+1)))
	for {
		n, err := body.Read(buf)
		if int64(n) > d.of.size-d.n {
			return errors.Join(&permanent{fmt.Errorf("%s sends more than the %d bytes of the file", host, d.of.size)}, d.restart())
		}
		if n > 0 {
			written, err := d.w.Write(buf[:n])
			d.hasher.Write(buf[:written])
			d.n += int64(written)
			p.progress.add(int64(written))
			if err != nil {
				return &permanent{fmt.Errorf("writing: %w; %d of %d bytes are kept, the next pull goes on from there",
					withoutPath(err), d.n, d.of.size)}
			}
		}
		switch {
		case err == io.EOF && d.n < d.of.size:
			return fmt.Errorf("%s: the connection ends after %d of %d bytes", host, d.n, d.of.size)
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("%s: the connection breaks after %d of %d bytes: %w", host, d.n, d.of.size, err)
		}
	}
}

const bufferBytes = 1 << 20

// withoutPath takes the path of a temporary file out of an error.
func withoutPath(err error) error {
	if wrapped, ok := errors.AsType[*fs.PathError](err); ok {
		return wrapped.Err
	}
	return err
}
