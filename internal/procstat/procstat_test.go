package procstat

import (
	"os"
	"runtime"
	"testing"
	"time"
)

// TestOwnProcess reads what every Linux reports of this process, and that CPU time does not fall.
func TestOwnProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux reports all of it")
	}
	before := CPU()
	if before == nil || *before < 0 {
		t.Fatalf("got CPU time %v, want some", before)
	}
	for begun := time.Now(); *CPU() == *before && time.Since(begun) < time.Minute; {
	}
	if after := CPU(); *after <= *before {
		t.Errorf("CPU time went from %v to %v while the process computed", *before, *after)
	}
	if n := Resident(os.Getpid()); n == nil || *n < 1<<20 {
		t.Errorf("got %v bytes resident, want more than a MiB", n)
	}
	if OwnResident() == nil {
		t.Error("the process's own memory is not known")
	}
	files := OpenFiles()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if n := OpenFiles(); files == nil || n == nil || *n != *files+2 {
		t.Errorf("got %v open files before a pipe and %v with it, want two more", files, n)
	}
	if n := Resident(1 << 30); n != nil {
		t.Errorf("got %d bytes for a process that does not exist, want nil", *n)
	}
}

func TestPercent(t *testing.T) {
	second := time.Second
	if pct := Percent(&second, new(3*second), 4*second); *pct != 50 {
		t.Errorf("2 s of CPU over 4 s: got %v %%, want 50", *pct)
	}
	if pct := Percent(nil, nil, second); pct != nil {
		t.Errorf("unknown CPU: got %v %%, want nil", *pct)
	}
}
