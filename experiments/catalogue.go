// Package experiments holds the catalogue of experiments, so that the program can run them
// anywhere.
package experiments

import "embed"

// Files are the definitions, and the files that they extend.
//
//go:embed *.yaml common/*.yaml
var Files embed.FS
