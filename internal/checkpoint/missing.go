package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// requireWeights says what to do where the weights come in another form than model.safetensors.
func requireWeights(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, weightsFile)); err == nil {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("looking for weights: %w", err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".safetensors.index.json") {
			return &Error{File: e.Name(), Err: errors.New("the weights are in several files, which cannot be read; save them " +
				"as one: model.save_pretrained(folder, max_shard_size=\"100GB\")")}
		}
	}
	for _, e := range entries {
		if slices.Contains([]string{".bin", ".pt", ".pth", ".pkl", ".ckpt"}, filepath.Ext(e.Name())) {
			return &Error{File: e.Name(), Err: fmt.Errorf("it can run code when it is read (pickle), so it is never read; "+
				"convert it to %s once, where you trust it: python -c 'from transformers import "+
				"AutoModelForSequenceClassification as M; M.from_pretrained(\"FOLDER\").save_pretrained(\"FOLDER\", "+
				"safe_serialization=True)'", weightsFile)}
		}
	}
	return &Error{File: weightsFile, Err: fs.ErrNotExist}
}
