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
		return "", errors.New("the name of the model is empty; give a directory, or " + Builtin)
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", opening(name, &absentError{name})
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

// absentError says that no directory has a model's name, and what to do. It is [fs.ErrNotExist].
type absentError struct{ name string }

func (e *absentError) Error() string {
	if !isHubName(e.name) {
		return fmt.Sprintf("no such directory; give one that holds %s, %s and %s or %s, a name on the Hugging Face hub "+
			"(owner/model), or %s", configFile, weightsFile, tokenizerFile, vocabFile, Builtin)
	}
	return fmt.Sprintf("no such directory; if it is a model on the Hugging Face hub, download it (crossrank pull %s), or use %s",
		e.name, Builtin)
}

func (e *absentError) Unwrap() error { return fs.ErrNotExist }

// isHubName reports whether a name looks like owner/model.
func isHubName(name string) bool {
	owner, model, ok := strings.Cut(name, "/")
	return ok && owner != "" && model != "" && !strings.ContainsAny(model, `/\`) && !strings.HasPrefix(owner, ".") &&
		!strings.HasPrefix(owner, "~") && !strings.Contains(owner, `\`)
}
