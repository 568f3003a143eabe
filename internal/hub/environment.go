package hub

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Environment is what the environment says about the hub: the same variables, with the same
// meaning, that huggingface_hub reads.
type Environment struct {
	CacheDir   string        // HF_HUB_CACHE, else HF_HOME/hub
	Endpoint   string        // HF_ENDPOINT, else https://huggingface.co
	Token      string        // HF_TOKEN, else the content of the file HF_TOKEN_PATH
	Offline    bool          // HF_HUB_OFFLINE: no request is made
	NoProgress bool          // HF_HUB_DISABLE_PROGRESS_BARS
	NoLinks    bool          // HF_HUB_DISABLE_SYMLINKS: files in snapshots are no symbolic links
	Timeout    time.Duration // HF_HUB_DOWNLOAD_TIMEOUT, of a connection that brings nothing

	network error // what is wrong with the variables that only a Puller needs
}

const (
	defaultEndpoint = "https://huggingface.co"
	defaultTimeout  = 30 * time.Second
	maxTokenBytes   = 4096
)

// ReadEnvironment reads the variables through getenv, which is [os.Getenv] outside of tests, and
// the token's file. What is wrong with the endpoint, the token or the timeout is reported by
// [NewPuller]: a cache is read without them.
func ReadEnvironment(getenv func(string) string) (Environment, error) {
	path := func(name, otherwise string) string { return expand(cmp.Or(getenv(name), otherwise), getenv) }
	home := path("HF_HOME", filepath.Join(cmp.Or(getenv("XDG_CACHE_HOME"), filepath.Join("~", ".cache")), "huggingface"))
	e := Environment{
		CacheDir:   path("HF_HUB_CACHE", cmp.Or(getenv("HUGGINGFACE_HUB_CACHE"), filepath.Join(home, "hub"))),
		Endpoint:   strings.TrimRight(cmp.Or(getenv("HF_ENDPOINT"), defaultEndpoint), "/"),
		Offline:    isTrue(cmp.Or(getenv("HF_HUB_OFFLINE"), getenv("TRANSFORMERS_OFFLINE"))),
		NoProgress: isTrue(getenv("HF_HUB_DISABLE_PROGRESS_BARS")),
		NoLinks:    isTrue(getenv("HF_HUB_DISABLE_SYMLINKS")),
	}
	if strings.HasPrefix(e.CacheDir, "~") {
		return e, errors.New("the home directory is unknown: set HF_HOME to the directory of the hub's cache")
	}
	var wrongToken, wrongTimeout error
	e.Token, wrongToken = readToken(getenv, path("HF_TOKEN_PATH", filepath.Join(home, "token")))
	e.Timeout, wrongTimeout = readTimeout(getenv("HF_HUB_DOWNLOAD_TIMEOUT"))
	e.network = cmp.Or(wrongToken, wrongTimeout)
	return e, nil
}

func readTimeout(text string) (time.Duration, error) {
	if text == "" {
		return defaultTimeout, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds > 0 && seconds < 1e6) {
		return 0, fmt.Errorf("HF_HUB_DOWNLOAD_TIMEOUT is %q: want seconds", text)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// readToken gives the token that requests carry; none is no error.
func readToken(getenv func(string) string, file string) (string, error) {
	from := "HF_TOKEN"
	token := cmp.Or(strings.TrimSpace(getenv("HF_TOKEN")), strings.TrimSpace(getenv("HUGGING_FACE_HUB_TOKEN")))
	if token == "" && !isTrue(getenv("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
		from = file
		text, err := readSmall(file, maxTokenBytes)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("reading the token of the hub: %w", err)
		}
		token = strings.TrimSpace(string(text))
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%s holds no token of the hub: a token is one word of printable ASCII", from)
	}
	return token, nil
}

func readSmall(file string, limit int64) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fmt.Errorf("%s is not a regular file of at most %d bytes", file, limit)
	}
	return os.ReadFile(file)
}

func parseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil || u.RawQuery != "" ||
		u.Fragment != "" {
		return nil, errors.New("want http:// or https://, a host, and perhaps a path")
	}
	return u, nil
}

// expand replaces a leading ~ and variables, as Python's expanduser and expandvars do.
func expand(path string, getenv func(string) string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
		if home := cmp.Or(getenv("HOME"), getenv("USERPROFILE")); home != "" {
			path = home + rest
		}
	}
	return os.Expand(path, func(name string) string {
		return cmp.Or(getenv(name), "$"+name) // an unset variable stays as it is
	})
}

func isTrue(text string) bool {
	switch strings.ToUpper(text) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}
