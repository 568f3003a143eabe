package server

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/crossrank/crossrank/internal/edge"
)

// asks tells whether callers have to show who they are.
func (c *Config) asks() bool { return c.needsKey() || c.TLS.ClientCA != "" }

func (c *Config) needsKey() bool { return len(c.APIKeys) > 0 || c.APIKeysFile != "" }

// loadKeys reads the keys that cfg names into keys.
func loadKeys(cfg *Config, keys *edge.Keys) error {
	var digests []edge.Digest
	for i, text := range cfg.APIKeys {
		d, err := edge.ParseDigest(text)
		if err != nil {
			return fmt.Errorf("reading API keys: number %d: %w", i+1, err)
		}
		digests = append(digests, d)
	}
	if cfg.APIKeysFile != "" {
		f, err := os.Open(cfg.APIKeysFile)
		if err != nil {
			return fmt.Errorf("reading API keys: %w", err)
		}
		defer f.Close()
		more, err := edge.ReadDigests(f)
		if err != nil {
			return fmt.Errorf("reading API keys: %s: %w", cfg.APIKeysFile, err)
		}
		digests = append(digests, more...)
	}
	if len(digests) == 0 {
		return errors.New("reading API keys: there are none, so that nobody would be answered")
	}
	keys.Replace(slices.Clip(digests))
	return nil
}
