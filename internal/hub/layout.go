package hub

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
)

// The most bytes of one element of a path that common file systems store.
const maxElement = 255

// safePath checks a path that came from elsewhere, with slashes, before it is used below a
// directory.
func safePath(name string) error {
	switch {
	case name == "":
		return errors.New("it is empty")
	case len(name) > 1024:
		return errors.New("it is longer than 1024 bytes")
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || r == ':' }):
		return errors.New("it has a control character, a backslash or a colon")
	case path.Clean(name) != name || !filepath.IsLocal(filepath.FromSlash(name)):
		return errors.New("it does not stay in its directory")
	}
	for element := range strings.SplitSeq(name, "/") {
		if len(element) > maxElement-len(incompleteSuffix) {
			return errors.New("a part of it is too long for a file's name")
		}
		if strings.HasSuffix(element, ".") || strings.HasSuffix(element, " ") {
			return errors.New("a part of it ends in a dot or a space")
		}
	}
	return nil
}

const (
	blobsDir         = "blobs"
	refsDir          = "refs"
	snapshotsDir     = "snapshots"
	locksDir         = ".locks"
	incompleteSuffix = ".incomplete"
)

// Paths in a cache, relative to it. They hold only elements that were checked.

func (n Name) blob(h hash) string { return filepath.Join(n.folder(), blobsDir, string(h)) }

func (n Name) incomplete(h hash) string { return n.blob(h) + incompleteSuffix }

func (n Name) lock(h hash) string { return filepath.Join(locksDir, n.folder(), string(h)+".lock") }

// modelLock is shared between pulls of a model and exclusive for its removal. Python has no such
// lock.
func (n Name) modelLock() string { return filepath.Join(locksDir, n.folder(), "crossrank.lock") }

func (n Name) ref() string {
	return filepath.Join(n.folder(), refsDir, filepath.FromSlash(n.Revision))
}

func (n Name) snapshot(commit string) string { return filepath.Join(n.folder(), snapshotsDir, commit) }

// linkTarget is what the link of a file in a snapshot says: the way from the link's directory to a
// blob.
func linkTarget(file string, h hash) string {
	up := strings.Repeat("../", 2+strings.Count(file, "/"))
	return filepath.FromSlash(up + blobsDir + "/" + string(h))
}

// blobOfLink is the inverse of linkTarget.
func blobOfLink(target string) (hash, error) {
	h, err := parseHash(path.Base(filepath.ToSlash(target)))
	if err != nil {
		return "", fmt.Errorf("its link leads to %q, which is no blob", target)
	}
	return h, nil
}
