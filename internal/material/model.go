package material

import (
	"os"
	"path/filepath"
	"testing"
)

// Model puts together the folder of a fixture, such as "bert-a-f32", as it would be downloaded:
// config.json, model.safetensors and vocab.txt. It skips the test if the data is not on this
// machine. What must come out is in the fixture's expected.json, see [Path]. The folder goes when
// the test ends.
func Model(t testing.TB, name string) string {
	t.Helper()
	dir := t.TempDir()
	for file, from := range map[string]string{
		"config.json":       Path(t, "fixtures", name, "config.json"),
		"model.safetensors": Path(t, "fixtures", name, "model.safetensors"),
		"vocab.txt":         Path(t, "vocab", "vocab.txt"),
	} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
