package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// directory finds the directory of a model, and otherwise says what to do.
func directory(name string) (string, error) {
	if name == "" {
		return "", errors.New("no model was named: give the folder of one, or " + Builtin)
	}
	info, err := os.Stat(name)
	switch {
	case err != nil && errors.Is(err, fs.ErrNotExist) && isHubName(name):
		return "", fmt.Errorf("opening model %s: no folder has this name here. If it is a model on the Hugging Face hub, "+
			"download it (hf download %s --local-dir %s) and give that folder, or use %s: %w",
			name, name, filepath.Base(name), Builtin, fs.ErrNotExist)
	case err != nil && errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("opening model %s: give a folder that holds %s, %s and %s or %s, or use %s: %w",
			name, configFile, weightsFile, tokenizerFile, vocabFile, Builtin, fs.ErrNotExist)
	case err != nil:
		return "", fmt.Errorf("opening model: %w", err)
	case !info.IsDir():
		return "", fmt.Errorf("opening model %s: it is a file; give the folder that holds it", name)
	}
	dir, err := snapshot(name)
	if err != nil {
		return "", opening(name, err)
	}
	return dir, nil
}

// isHubName says whether a name looks like owner/model.
func isHubName(name string) bool {
	owner, model, ok := strings.Cut(name, "/")
	return ok && owner != "" && model != "" && !strings.ContainsAny(model, `/\`) && !strings.HasPrefix(owner, ".") &&
		!strings.HasPrefix(owner, "~") && !strings.Contains(owner, `\`)
}
