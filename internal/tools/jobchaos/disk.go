package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// disk is a directory, if possible on a small file system of its own, which can be full.
type disk struct {
	dir     string
	mounted bool
}

// newDisk makes a disk of a size in bytes.
func newDisk(dir string, size int64) (*disk, error) {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return nil, err
	}
	d := &disk{dir: dir}
	if runtime.GOOS == "linux" && os.Geteuid() == 0 {
		err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d", size), "crossrank-jobchaos", dir).Run()
		d.mounted = err == nil
	}
	return d, nil
}

func (d *disk) ballast() string { return filepath.Join(d.dir, "ballast") }

// fill writes until no byte is left.
func (d *disk) fill() error {
	if !d.mounted {
		return errors.New("there is no file system of its own to fill")
	}
	f, err := os.OpenFile(d.ballast(), os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	for block := make([]byte, 1<<16); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

func (d *disk) free() error { return os.Remove(d.ballast()) }

func (d *disk) close() error {
	if !d.mounted {
		return nil
	}
	if out, err := exec.Command("umount", d.dir).CombinedOutput(); err != nil {
		return fmt.Errorf("umount %s: %w: %s", d.dir, err, out)
	}
	d.mounted = false
	return nil
}
