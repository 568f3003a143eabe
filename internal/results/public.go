package results

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
)

// Public returns r without the folders of this machine. Results are kept and published, and where a
// model or a data set lies says nothing about the measurement. Names stay, and hashes say what they
// stand for.
func (r Run) Public() Run {
	r.Model.Model = PublicPath(r.Model.Model)
	r.Data.Name = PublicPath(r.Data.Name)
	args := make([]string, len(r.CommandLine))
	for i, a := range r.CommandLine {
		flag, value, joined := strings.Cut(a, "=")
		if joined && strings.HasPrefix(flag, "-") {
			args[i] = flag + "=" + PublicPath(value)
		} else {
			args[i] = PublicPath(a)
		}
	}
	r.CommandLine = args
	r.Settings = publicSettings(r.Settings)
	return r
}

// PublicPath returns the last part of a path that begins at the root, at a home or at the folder
// above. Others, such as a model's name on the hub, stay.
func PublicPath(s string) string {
	if filepath.IsAbs(s) || strings.HasPrefix(s, "../") || strings.HasPrefix(s, "~") || strings.HasPrefix(s, "./") {
		return filepath.Base(s)
	}
	return s
}

// publicSettings shortens every text of the settings as PublicPath does.
func publicSettings(settings json.RawMessage) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(settings))
	d.UseNumber() // so that numbers stay as they are written
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	b, err := json.Marshal(publicValue(v))
	if err != nil {
		panic("results: decoded settings do not encode: " + err.Error())
	}
	return b
}

func publicValue(v any) any {
	switch v := v.(type) {
	case string:
		return PublicPath(v)
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
