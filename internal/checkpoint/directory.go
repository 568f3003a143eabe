package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// directory finds the directory of a model. Its errors say what to do.
func directory(name string) (string, error) {
	if name == "" {
		return "", errors.New("no model is named; give the directory of one, or " + Builtin)
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", opening(name, fmt.Errorf("%s: %w", absent(name), fs.ErrNotExist))
	case err != nil:
		return "", fmt.Errorf("opening model: %w", err)
	case !info.IsDir():
		return "", fmt.Errorf("opening model %s: it is a file; give the directory that holds it", name)
	}
	dir, err := snapshot(name)
	if err != nil {
		return "", opening(name, err)
	}
	return dir, nil
}

// absent says what to do about a name that is no directory's.
func absent(name string) string {
	if !isHubName(name) {
		return fmt.Sprintf("give a directory that holds %s, %s and %s or %s, or use %s",
			configFile, weightsFile, tokenizerFile, vocabFile, Builtin)
	}
	return fmt.Sprintf("there is no directory of this name. If it is a model on the Hugging Face hub, "+
		"download it (crossrank pull %s), or use %s", name, Builtin)
}

// isHubName reports whether a name looks like owner/model.
func isHubName(name string) bool {
	owner, model, ok := strings.Cut(name, "/")
	return ok && owner != "" && model != "" && !strings.ContainsAny(model, `/\`) && !strings.HasPrefix(owner, ".") &&
		!strings.HasPrefix(owner, "~") && !strings.Contains(owner, `\`)
}
