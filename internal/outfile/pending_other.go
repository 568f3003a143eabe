//go:build !windows

package outfile

import (
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// newPending makes a temporary file beside path, with the permissions of the file at path.
func newPending(path string) (*os.File, pending, error) {
	p, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)),
		renameio.WithPermissions(0o666), renameio.WithExistingPermissions())
	if err != nil {
		return nil, nil, err
	}
	return p.File, p, nil
}
