package checkpoint

import (
	"crypto/sha256"
	"fmt"
	"hash"
)

// hashList is the hash of weights in several files: that of the list of their hashes, in the format
// of sha256sum.
type hashList struct{ list hash.Hash }

func newHashList() hashList { return hashList{sha256.New()} }

// add adds a file's hash.
func (l hashList) add(sum []byte, name string) { fmt.Fprintf(l.list, "%x  %s\n", sum, name) }

// hash is that of the files so far.
func (l hashList) hash() string { return fmt.Sprintf("sha256:%x", l.list.Sum(nil)) }
