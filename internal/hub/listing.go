package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// The most bytes of a list of files that are read.
const maxListingBytes = 32 << 20

// file is one file of a model at the hub.
type file struct {
	name string
	size int64
	hash hash // empty if the list of files lacks it; the size is then unknown too
}

// listing is what the hub says of a model at a revision.
type listing struct {
	commit string
	files  map[string]file // those whose name is safe on every system
}

// list asks the hub for the files of a model.
func (p *Puller) list(ctx context.Context, n Name) (listing, error) {
	u := p.client.url("/api/models/"+n.Repo+"/revision/"+url.PathEscape(n.Revision), url.Values{"blobs": {"true"}})
	r := p.retry(n.Repo)
	for {
		text, err := p.readAll(ctx, u)
		if err == nil {
			l, err := parseListing(text)
			if err == nil && isCommit(n.Revision) && l.commit != n.Revision {
				err = fmt.Errorf("%s answers for commit %s", u.Host, l.commit)
			}
			return l, err
		}
		if err := r.again(ctx, p.client.explain(n, err)); err != nil {
			return listing{}, err
		}
	}
}

func (p *Puller) readAll(ctx context.Context, u *url.URL) ([]byte, error) {
	resp, err := p.client.get(ctx, u, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &permanent{fmt.Errorf("%s answers %s", u.Host, resp.Status)}
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxListingBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.Host, err)
	}
	if len(text) > maxListingBytes {
		return nil, &permanent{fmt.Errorf("%s sends a list of more than %d bytes", u.Host, maxListingBytes)}
	}
	return text, nil
}

// parseListing reads the hub's description of a model. A file with an unsafe name is left out, as
// if it were not there.
func parseListing(text []byte) (listing, error) {
	var body struct {
		Commit string `json:"sha"`
		Files  []struct {
			Name string `json:"rfilename"`
			Size *int64 `json:"size"`
			Blob string `json:"blobId"`
			LFS  *struct {
				SHA256 string `json:"sha256"`
				Size   int64  `json:"size"`
			} `json:"lfs"`
		} `json:"siblings"`
	}
	if err := json.Unmarshal(text, &body); err != nil {
		return listing{}, fmt.Errorf("the list of files is not the hub's: %w", err)
	}
	if !isCommit(body.Commit) {
		return listing{}, fmt.Errorf("the list of files has the commit %q, which is none", printable(body.Commit, 64))
	}
	l := listing{commit: body.Commit, files: map[string]file{}}
	for _, f := range body.Files {
		if safePath(f.Name) != nil {
			continue
		}
		one := file{name: f.Name}
		text := f.Blob
		if text == "" && f.LFS == nil {
			l.files[f.Name] = one // some mirrors leave it out
			continue
		}
		if f.LFS != nil {
			one.size, text = f.LFS.Size, f.LFS.SHA256
		} else if f.Size != nil {
			one.size = *f.Size
		} else {
			text = ""
		}
		var err error
		if one.hash, err = parseHash(text); err != nil || one.size < 0 {
			return listing{}, fmt.Errorf("the list of files has no hash or no size of %s", f.Name)
		}
		l.files[f.Name] = one
	}
	if len(l.files) == 0 {
		return listing{}, errors.New("it has no files")
	}
	return l, nil
}

// identify gives a file with its hash and size. It asks for them if the list of files did not say
// them.
func (p *pull) identify(ctx context.Context, f file) (file, error) {
	if f.hash != "" {
		return f, nil
	}
	u := p.address(p.name, p.commit, f)
	r := p.retry(f.name)
	for {
		resp, err := p.client.head(ctx, u)
		if err == nil {
			return p.identified(f, resp)
		}
		if err := r.again(ctx, p.client.explain(p.name, err)); err != nil {
			return f, err
		}
	}
}

// identified reads a file's hash and size from the headers of a response.
func (p *pull) identified(f file, resp *http.Response) (file, error) {
	if err := p.checkCommit(resp); err != nil {
		return f, err
	}
	etag, size := resp.Header.Get("X-Linked-Etag"), resp.Header.Get("X-Linked-Size")
	if etag == "" && resp.StatusCode == http.StatusOK {
		etag, size = resp.Header.Get("ETag"), resp.Header.Get("Content-Length")
	}
	var err error
	if f.hash, err = parseHash(etag); err == nil {
		f.size, err = strconv.ParseInt(size, 10, 64)
	}
	if err != nil || f.size < 0 {
		return f, fmt.Errorf("%s does not say its hash and its size", p.client.endpoint.Host)
	}
	return f, nil
}

// checkCommit refuses a response that is of another commit than the pull.
func (p *pull) checkCommit(resp *http.Response) error {
	if commit := resp.Header.Get("X-Repo-Commit"); commit != "" && commit != p.commit {
		return &permanent{fmt.Errorf("the hub sends it of commit %s instead of %s", printable(commit, 64), p.commit)}
	}
	return nil
}

// address is where a file of a model at a commit is downloaded.
func (p *Puller) address(n Name, commit string, f file) *url.URL {
	var escaped []string
	for part := range strings.SplitSeq(f.name, "/") {
		escaped = append(escaped, url.PathEscape(part))
	}
	return p.client.url("/"+n.Repo+"/resolve/"+commit+"/"+strings.Join(escaped, "/"), nil)
}
