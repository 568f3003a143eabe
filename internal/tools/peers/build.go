package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/crossrank/crossrank/internal/outfile"
)

// workshop is what a run needs, ready to use.
type workshop struct {
	crossrank string // our program
	bench     string // the peer's, for node, beside its node_modules
	model     string // folder with model.safetensors, config.json, a vocabulary, model.onnx and model-int8.onnx
	tokenizer string // tokenizer.json
	pairs     string
}

func prepare(ctx context.Context, o options, log io.Writer) (workshop, error) {
	build, err := filepath.Abs(o.build)
	if err != nil {
		return workshop{}, err
	}
	if err := os.MkdirAll(build, 0o777); err != nil {
		return workshop{}, err
	}
	w := workshop{
		crossrank: filepath.Join(build, "crossrank"),
		bench:     filepath.Join(o.peer, "bench.mjs"),
		model:     o.model,
		tokenizer: filepath.Join(o.material, "vocab", "tokenizer.json"),
		pairs:     filepath.Join(o.material, "pairs", "msmarco-3200.jsonl"),
	}
	if err := command(ctx, log, "", "go", "build", "-trimpath", "-o", w.crossrank, "./cmd/crossrank"); err != nil {
		return w, err
	}
	if !exists(filepath.Join(o.peer, "node_modules")) {
		if w.bench, err = installPeer(ctx, o, build, log); err != nil {
			return w, err
		}
	}
	switch {
	case o.family != "":
		made, err := makeFamily(ctx, o, build, log)
		if err != nil {
			return w, err
		}
		w.model, w.tokenizer = made.model, made.tokenizer
	case w.model == "":
		w.model = filepath.Join(build, "model")
		if err := makeModel(ctx, o, w.model, log); err != nil {
			return w, err
		}
	}
	needed := []string{w.tokenizer, w.pairs}
	for _, precision := range o.precisions() {
		needed = append(needed, filepath.Join(w.model, onnxFile(precision)))
	}
	for _, name := range needed {
		if _, err := os.Stat(name); err != nil {
			return w, fmt.Errorf("something is missing that both engines need: %w", err)
		}
	}
	return w, nil
}

// installPeer copies the peer, whose folder may be read-only, and installs its packages beside the
// copy.
func installPeer(ctx context.Context, o options, build string, log io.Writer) (bench string, err error) {
	dir := filepath.Join(build, "onnxruntime")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	for _, name := range []string{"bench.mjs", "package.json"} {
		if err := copyFile(filepath.Join(dir, name), filepath.Join(o.peer, name)); err != nil {
			return "", fmt.Errorf("copying the peer: %w", err)
		}
	}
	if !exists(filepath.Join(dir, "node_modules")) {
		if err := command(ctx, log, dir, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "bench.mjs"), nil
}

// makeModel writes the random MiniLM in all its forms, unless it is there.
func makeModel(ctx context.Context, o options, dir string, log io.Writer) error {
	if !exists(filepath.Join(dir, "model-int8.onnx")) {
		script := filepath.Join(o.peer, "make_model.py")
		if err := command(ctx, log, "", o.python, script, dir); err != nil {
			return fmt.Errorf("making the model, which takes torch, numpy and onnx: %w", err)
		}
	}
	return copyFile(filepath.Join(dir, "tokenizer.json"), filepath.Join(o.material, "vocab", "tokenizer.json"))
}

func command(ctx context.Context, log io.Writer, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("running %s: %w", filepath.Base(name), err)
	}
	return nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

func copyFile(to, from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return outfile.Write(to, data)
}
