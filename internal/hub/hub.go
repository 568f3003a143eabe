// Package hub downloads models from the Hugging Face hub and finds them again on the disk.
//
// A [Name] says which model is meant: owner/model, and perhaps a revision. A [Cache] is a directory
// in the layout that the Python library huggingface_hub uses, so both programs share what either
// has downloaded:
//
//	models--owner--model/
//	  blobs/<hash>                  the content of a file, named by its hash
//	  refs/<branch>                 the commit that a branch or tag was at when it was last pulled
//	  snapshots/<commit>/<file>     relative symbolic links into blobs
//	.locks/models--owner--model/<hash>.lock
//
// A [Puller] talks to the hub and fills a cache. It asks for the list of files at a revision,
// chooses those that scoring needs, and downloads them side by side. A download is written to
// blobs/<hash>.incomplete and hashed on its way. It gets its final name only if the hash is right,
// and the links and the ref of a snapshot are made only when all its blobs are there. So a reader
// of the cache never sees a part of a file, whenever a pull is interrupted, and the next pull
// continues where the last one stopped.
//
// Nothing here trusts the hub: names of files, hashes and commits are checked before they become
// paths, every path is opened below the cache's [os.Root], sizes are bounds, and the access token
// is sent to the configured endpoint alone, whatever it redirects to. Finding, listing, verifying
// and removing need no network.
package hub

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// DefaultRevision is the branch that a name without a revision means.
const DefaultRevision = "main"

// Name is a model of the hub at a revision. The zero value names nothing; use [ParseName].
type Name struct {
	Repo     string // owner/model, or a bare model for some old ones
	Revision string // a branch, a tag or a commit; never empty
}

// ParseName reads NAME or NAME@REVISION.
func ParseName(text string) (Name, error) {
	repo, revision, pinned := strings.Cut(text, "@")
	if !validRepo(repo) {
		return Name{}, fmt.Errorf("%q is not the name of a model on the hub: want OWNER/MODEL or OWNER/MODEL@REVISION, "+
			"of letters, digits, '-', '_' and '.'", text)
	}
	if pinned && !validRevision(revision) {
		return Name{}, fmt.Errorf("%q is not a revision of %s: want a branch, a tag or a commit", revision, repo)
	}
	return Name{Repo: repo, Revision: cmp.Or(revision, DefaultRevision)}, nil
}

// IsName reports whether text has the form OWNER/MODEL or OWNER/MODEL@REVISION. Bare names of old
// models are not recognized: they look like any directory.
func IsName(text string) bool {
	n, err := ParseName(text)
	return err == nil && strings.Contains(n.Repo, "/")
}

// String gives the shortest text that ParseName reads as n.
func (n Name) String() string {
	if n.Revision == DefaultRevision {
		return n.Repo
	}
	return n.Repo + "@" + n.Revision
}

// folder is the directory of the model in a cache.
func (n Name) folder() string { return folderPrefix + strings.ReplaceAll(n.Repo, "/", "--") }

const folderPrefix = "models--"

// repoOfFolder is the inverse of Name.folder.
func repoOfFolder(folder string) (string, bool) {
	rest, ok := strings.CutPrefix(folder, folderPrefix)
	repo := strings.Replace(rest, "--", "/", 1)
	return repo, ok && validRepo(repo)
}

var (
	repoPart   = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)
	commitForm = regexp.MustCompile(`^[0-9a-f]{40}$`)
	refForm    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.+=-]*(/[A-Za-z0-9_][A-Za-z0-9_.+=-]*)*$`)
)

// validRepo follows the hub's own rules for names. They rule out "--" and "..", so a name maps to
// one directory.
func validRepo(repo string) bool {
	parts := strings.Split(repo, "/")
	if len(parts) > 2 || len(repo) > 96 || strings.Contains(repo, "--") || strings.Contains(repo, "..") ||
		strings.HasSuffix(repo, ".git") {
		return false
	}
	for _, part := range parts {
		if !repoPart.MatchString(part) {
			return false
		}
	}
	return true
}

// validRevision accepts what can be a file below refs. Git allows stranger names, which the hub
// does not show.
func validRevision(revision string) bool {
	return len(revision) <= 200 && refForm.MatchString(revision) && !strings.Contains(revision, "..") &&
		safePath(revision) == nil
}

func isCommit(revision string) bool { return commitForm.MatchString(revision) }
