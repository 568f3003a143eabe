package server

import (
	"os"
	"slices"

	"github.com/crossrank/crossrank/internal/edge"
)

// authenticates reports whether callers need a key or a client certificate.
func (c *Config) authenticates() bool { return c.needsKey() || c.TLS.ClientCA != "" }

func (c *Config) needsKey() bool { return len(c.APIKeys) > 0 || c.APIKeysFile != "" }

// loadKeys replaces keys by those that cfg names.
func loadKeys(cfg *Config, keys *edge.Keys) error {
	const path = "server.api_keys_file"
	var digests []edge.Digest
	for i, text := range cfg.APIKeys {
		d, err := edge.ParseDigest(text)
		if err != nil {
			return settingError("server.api_keys", "", "reading API keys: number %d: %w", i+1, err)
		}
		digests = append(digests, d)
	}
	if cfg.APIKeysFile != "" {
		f, err := os.Open(cfg.APIKeysFile)
		if err != nil {
			return settingError(path, "", "reading API keys: %w", err)
		}
		defer f.Close()
		more, err := edge.ReadDigests(f)
		if err != nil {
			return settingError(path, "", "reading API keys: %s: %w", cfg.APIKeysFile, err)
		}
		digests = append(digests, more...)
	}
	if len(digests) == 0 {
		return settingError(path, cfg.APIKeysFile, "the file holds no key, so the server would refuse everybody")
	}
	keys.Replace(slices.Clip(digests))
	return nil
}
