package hub

import (
	"path/filepath"
	"regexp"
	"strings"
)

// Newer versions of huggingface_hub keep large files once for all models of a cache:
//
//	blobs/.huggingface-shared-blobs    "1" and an end of line: the version of this layout
//	blobs/<2 digits>/<hash>            the content
//	blobs/<2 digits>/<hash>.refs       the links that were made to it, a path in each line
//	blobs/<2 digits>/<hash>.lock       locked while any of them changes
//
// A model's own blob is then a link to it. Such blobs are read like others, and a model that is
// pulled here has blobs of its own. Only removal needs to know more.

const (
	sharedMarker  = "blobs/.huggingface-shared-blobs"
	sharedVersion = "1\n"
)

var sharedForm = regexp.MustCompile(`^blobs/([0-9a-f]{2})/([0-9a-f]{64})$`)

// shared gives the contents of the common store that links of a model lead to, as paths.
func (c *cacheRoot) shared(n Name) (stores []string) {
	for _, h := range c.blobs(n) {
		if store, ok := c.sharedBy(n.blob(h)); ok {
			stores = append(stores, store)
		}
	}
	return stores
}

// sharedBy gives the content of the common store that a link leads to, if it does.
func (c *cacheRoot) sharedBy(link string) (store string, ok bool) {
	target, err := c.root.Readlink(link)
	if err != nil || filepath.IsAbs(target) {
		return "", false
	}
	store = filepath.Join(filepath.Dir(link), target)
	parts := sharedForm.FindStringSubmatch(filepath.ToSlash(store))
	return store, parts != nil && strings.HasPrefix(parts[2], parts[1])
}

// releaseShared deletes contents of the common store that no link leads to any more, and returns
// their bytes. What is uncertain stays.
func (c *cacheRoot) releaseShared(stores []string) (freed int64) {
	if version, err := readBounded(c.root, filepath.FromSlash(sharedMarker)); err != nil || string(version) != sharedVersion {
		return 0
	}
	for _, store := range stores {
		freed += c.releaseOne(store)
	}
	return freed
}

func (c *cacheRoot) releaseOne(store string) (freed int64) {
	unlock, _ := c.tryLock(store + ".lock")
	if unlock == nil {
		return 0
	}
	defer unlock()
	refs, err := readBounded(c.root, store+".refs")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(refs)) {
		link := strings.TrimSuffix(line, "\n")
		if safePath(link) != nil {
			return 0
		}
		if used, ok := c.sharedBy(filepath.FromSlash(link)); ok && used == store {
			return 0
		}
	}
	info, err := c.root.Lstat(store)
	if err != nil || !info.Mode().IsRegular() || c.root.Remove(store) != nil {
		return 0
	}
	_ = c.root.Remove(store + ".refs") // of no content, it means nothing
	return info.Size()
}
