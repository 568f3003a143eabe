package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/crossrank/crossrank/internal/config"
)

// The image is not built and the unit not started here. These tests hold what can be held without:
// commands, flags, variables and files that they name exist, and times fit the server's.

// runs holds that a command line in a file parses: its command and flags exist.
func runs(t *testing.T, where string, words []string) {
	t.Helper()
	cmd, rest, err := newRootCommand().Find(words)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err != nil || cmd.Name() == "crossrank" {
		t.Errorf("%s: crossrank %s: %v", where, strings.Join(words, " "), err)
	}
}

// effective gives the settings in effect for arguments and the environment.
func effective(t *testing.T, where string, args ...string) string {
	t.Helper()
	var out, stderr bytes.Buffer
	if code := run(t.Context(), append([]string{"config", "show"}, args...), strings.NewReader(""), &out, &stderr); code != 0 {
		t.Errorf("%s: its settings are refused: %s", where, &stderr)
	}
	return out.String()
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{deploy}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// outlastsDrain holds that a supervisor waits longer than the server's drain.
func outlastsDrain(t *testing.T, where, wait string) {
	t.Helper()
	drain := time.Duration(config.Default().Server.DrainGrace)
	if d, err := time.ParseDuration(wait); err != nil || d <= drain {
		t.Errorf("%s: it waits %s, %v; want more than the drain's %v", where, wait, err, drain)
	}
}

func TestSystemdUnit(t *testing.T) {
	unit := read(t, "systemd", "crossrank.service")
	value := func(key string) string {
		m := regexp.MustCompile(`(?m)^` + key + `=(.*)$`).FindStringSubmatch(unit)
		if m == nil {
			t.Fatalf("the unit has no %s", key)
		}
		return m[1]
	}
	words := strings.Fields(value("ExecStart"))
	if words[0] != "/usr/bin/crossrank" {
		t.Errorf("it starts %s", words[0])
	}
	runs(t, "the unit", words[1:])
	outlastsDrain(t, "the unit", value("TimeoutStopSec"))
	effective(t, "server.yaml", "--config", filepath.Join(deploy, "systemd", "server.yaml"))
}

func TestDockerfile(t *testing.T) {
	text := strings.ReplaceAll(read(t, "docker", "Dockerfile"), "\\\n", " ")
	found := map[string]bool{}
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if _, command, ok := strings.Cut(rest, "CMD "); ok && name == "HEALTHCHECK" {
			name, rest = "CMD", command
		}
		switch name {
		case "ENV":
			for pair := range strings.FieldsSeq(rest) {
				variable, value, _ := strings.Cut(pair, "=")
				t.Setenv(variable, value)
			}
		case "CMD":
			var words []string
			if err := json.Unmarshal([]byte(rest), &words); err != nil {
				t.Fatalf("%s: %v", rest, err)
			}
			if words[0] == "crossrank" {
				words = words[1:]
			}
			found[words[0]] = true
			runs(t, "Dockerfile", words)
		}
	}
	if !found["serve"] || !found["ready"] {
		t.Errorf("of the commands serve and ready it runs %v", found)
	}
	if settings := effective(t, "Dockerfile"); !strings.Contains(settings, "0.0.0.0:8080") || !strings.Contains(settings, "0.0.0.0:50051") {
		t.Errorf("the server does not listen for callers outside of the container:\n%s", settings)
	}
}

func TestCompose(t *testing.T) {
	var compose struct {
		Services map[string]struct {
			Command         []string
			Volumes         []string
			StopGracePeriod string `yaml:"stop_grace_period"`
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "docker", "compose.yaml")), &compose); err != nil {
		t.Fatal(err)
	}
	server := compose.Services["crossrank"]
	runs(t, "compose.yaml", server.Command)
	outlastsDrain(t, "compose.yaml", server.StopGracePeriod)
	mounts := 0
	for _, service := range compose.Services {
		for _, volume := range service.Volumes {
			if file, _, _ := strings.Cut(volume, ":"); strings.HasPrefix(file, ".") {
				mounts++
				if _, err := os.Stat(filepath.Join(deploy, "docker", file)); err != nil {
					t.Errorf("compose.yaml mounts %v", err)
				}
			}
		}
	}
	if mounts < 6 {
		t.Errorf("only %d mounted files were found", mounts)
	}
}
