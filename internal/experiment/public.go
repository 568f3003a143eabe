package experiment

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"

	"github.com/crossrank/crossrank/internal/results"
)

// public gives r without the folders of this machine: results are kept and shown, and where a model or a data set lies
// tells nothing of the measurement. Their names stay, and their hashes say what they are.
func public(r results.Run) results.Run {
	r.Model.Model = publicPath(r.Model.Model)
	r.Data.Name = publicPath(r.Data.Name)
	args := make([]string, len(r.CommandLine))
	for i, a := range r.CommandLine {
		flag, value, joined := strings.Cut(a, "=")
		if joined && strings.HasPrefix(flag, "-") {
			args[i] = flag + "=" + publicPath(value)
		} else {
			args[i] = publicPath(a)
		}
	}
	r.CommandLine = args
	r.Settings = publicSettings(r.Settings)
	return r
}

// publicPath cuts a path that begins at the root or goes up to its last part. Others, such as a model's name on the hub, stay.
func publicPath(s string) string {
	if filepath.IsAbs(s) || strings.HasPrefix(s, "../") || strings.HasPrefix(s, "~") || strings.HasPrefix(s, "./") {
		return filepath.Base(s)
	}
	return s
}

// publicSettings does so to every text of the settings.
func publicSettings(settings json.RawMessage) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(settings))
	d.UseNumber() // so that numbers stay as they are written
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	b, err := json.Marshal(publicValue(v))
	if err != nil {
		panic("experiment: decoded settings do not encode: " + err.Error())
	}
	return b
}

func publicValue(v any) any {
	switch v := v.(type) {
	case string:
		return publicPath(v)
	case []any:
		for i := range v {
			v[i] = publicValue(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = publicValue(v[k])
		}
	}
	return v
}
