// Screenshot saves a page as PNG with a Chromium of this machine: a server's live page, or a
// report.
//
//	go run ./internal/tools/screenshot -o page.png http://127.0.0.1:8080/
//	go run ./internal/tools/screenshot -o report.png experiments/results/05_batch_size_results.html
//	go run ./internal/tools/screenshot -o page.png -experiment 01_engine_fp32 -program bin/crossrank
//
// With -experiment it runs the experiment, with the program as its server, and saves the live page
// once the last configuration is measured and before the server stops. So the browser takes no time
// from the measurement. The results go to a folder that is removed.
//
// It is a separate program so that crossrank has no browser driver inside, which is 2 MB and two
// modules.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/crossrank/crossrank/internal/browser"
	"github.com/crossrank/crossrank/internal/experiment"
	"github.com/crossrank/crossrank/internal/outfile"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "screenshot:", err)
		os.Exit(1)
	}
}

type options struct {
	output     string
	experiment string
	program    string
	look       browser.Options
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o options
	f := flag.NewFlagSet("screenshot", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.output, "o", "screenshot.png", "PNG file to write; - = standard output")
	f.StringVar(&o.experiment, "experiment", "", "experiment to run: a YAML file, or the name of one in the folder experiments")
	f.StringVar(&o.program, "program", filepath.Join("bin", "crossrank"), "crossrank program that serves the experiment")
	f.IntVar(&o.look.Width, "width", 1280, "width of the window in CSS pixels")
	f.IntVar(&o.look.Height, "height", 900, "least height of the picture in CSS pixels")
	f.BoolVar(&o.look.Dark, "dark", false, "dark colours")
	if err := f.Parse(args); err != nil {
		return err
	}
	if (o.experiment == "") != (f.NArg() == 1) || f.NArg() > 1 {
		return errors.New("name one page, or an experiment with -experiment")
	}
	var png []byte
	var err error
	if o.experiment != "" {
		png, err = pictureOfExperiment(ctx, o, stderr)
	} else {
		png, err = picture(ctx, address(f.Arg(0)), o.look)
	}
	if err != nil {
		return err
	}
	return outfile.WriteOr(stdout, o.output, png)
}

// address makes a URL of a file's path.
func address(page string) string {
	if strings.Contains(page, "://") {
		return page
	}
	if path, err := filepath.Abs(page); err == nil {
		page = path
	}
	return "file://" + filepath.ToSlash(page)
}

// pictureOfExperiment runs an experiment and takes the picture of its last server's page.
func pictureOfExperiment(ctx context.Context, o options, stderr io.Writer) (png []byte, err error) {
	if _, err := browser.Find(); err != nil {
		return nil, err // at once, and not after the measurement
	}
	sweep, err := experiment.Folder{Path: "experiments"}.Load(o.experiment)
	if err != nil {
		return nil, err
	}
	program, err := filepath.Abs(o.program)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "crossrank-screenshot-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	shotErr := errors.New("nothing was measured to the end of the last server")
	_, err = experiment.Run(ctx, experiment.Options{
		Sweep: sweep, Dir: dir, Program: program,
		Serving: func(page string) { fmt.Fprintln(stderr, "live page:", page) },
		Measured: func(ctx context.Context, page string) {
			png, shotErr = picture(ctx, page, o.look)
		},
	})
	return png, errors.Join(err, shotErr)
}
