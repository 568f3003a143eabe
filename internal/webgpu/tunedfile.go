package webgpu

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/crossrank/crossrank/internal/outfile"
)

// tuningKey is all that times depend on. Those of another key are not used.
type tuningKey struct {
	Adapter   string    `json:"adapter"`
	Driver    string    `json:"driver"`
	Backend   string    `json:"backend"`
	Precision Precision `json:"precision"`
	Unit      string    `json:"unit"`   // of matrices; "": none
	Shader    string    `json:"shader"` // the hash of its text
	Layers    [][2]int  `json:"layers"` // outputs and inputs
}

// tunedFile is the file with the times of a key.
type tunedFile struct {
	Key   tuningKey                `json:"key"`
	Times map[string]time.Duration `json:"nanoseconds"` // by the names of tiles
}

func (m *model) tuningKey(d *device) tuningKey {
	hash := sha256.New()
	for _, name := range []string{"linear", d.tiles()[0].shader()} {
		text, err := shaderFiles.ReadFile("shaders/" + name + ".wgsl")
		if err != nil {
			panic(err) // it is part of the program
		}
		hash.Write(text)
	}
	precision := FP32
	if m.f16 {
		precision = FP16
	}
	return tuningKey{
		Adapter: d.adapter.name, Driver: d.adapter.driver, Backend: d.adapter.backend, Precision: precision, Unit: d.matrices.name(),
		Shader: hex.EncodeToString(hash.Sum(nil)[:8]), Layers: m.shapes(),
	}
}

// path is where the times of a key are in a directory.
func (k tuningKey) path(dir string) string {
	text, err := json.Marshal(k)
	if err != nil {
		panic(err) // strings and numbers always have a form in JSON
	}
	hash := sha256.Sum256(text)
	return filepath.Join(dir, "webgpu-"+hex.EncodeToString(hash[:8])+".json")
}

// tunedBytes is more than a file with times has.
const tunedBytes = 1 << 16

// read returns the times of tiles that a file has; none if it does not exist. The error says what is
// wrong with the file, and then there are none either.
func (k tuningKey) read(path string, of []productTile) (map[productTile]time.Duration, error) {
	none := map[productTile]time.Duration{}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, tunedBytes))
	if err != nil {
		return none, err
	}
	times, err := k.parse(text, of)
	if err != nil {
		return none, err
	}
	return times, nil
}

// parse returns the times in a file's text.
func (k tuningKey) parse(text []byte, of []productTile) (map[productTile]time.Duration, error) {
	var file tunedFile
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	if file.Key.path("") != k.path("") {
		return nil, errors.New("it is of another device or version")
	}
	tiles, times := map[string]productTile{}, map[productTile]time.Duration{}
	for _, t := range of {
		tiles[t.String()] = t
	}
	for name, took := range file.Times {
		t, ok := tiles[name]
		if !ok || took <= 0 {
			return nil, fmt.Errorf("it is damaged: the time of %q is %d ns", name, took)
		}
		times[t] = took
	}
	return times, nil
}

// write replaces the file.
func (k tuningKey) write(path string, times map[productTile]time.Duration) error {
	file := tunedFile{Key: k, Times: map[string]time.Duration{}}
	for t, took := range times {
		file.Times[t.String()] = took
	}
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return outfile.Write(path, append(text, '\n'))
}
