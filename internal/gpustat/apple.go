package gpustat

import (
	"context"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/crossrank/crossrank/internal/state"
)

// apple is the GPUs of a Mac, which ioreg lists.
type apple struct {
	list func() (string, error)

	at   time.Time // of the last list
	last []state.GPU
}

// appleInterval is how often ioreg is started at most.
const appleInterval = 2 * time.Second

// openApple finds them; nil: this is no Mac.
func openApple() source {
	if runtime.GOOS != "darwin" {
		return nil
	}
	return &apple{list: listAccelerators}
}

// listAccelerators runs ioreg, which takes some milliseconds.
func listAccelerators() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), appleInterval)
	defer cancel()
	text, err := exec.CommandContext(ctx, "/usr/sbin/ioreg", "-r", "-d", "1", "-w", "0", "-c", "IOAccelerator").Output()
	return string(text), err
}

func (a *apple) read() []state.GPU {
	if time.Since(a.at) < appleInterval {
		return a.last
	}
	text, err := a.list()
	if err != nil {
		text = ""
	}
	a.at, a.last = time.Now(), parseAccelerators(text)
	return a.last
}

var (
	appleModel = regexp.MustCompile(`"model" = <?"([^"]*)"`)
	appleBusy  = regexp.MustCompile(`"Device Utilization %"=(\d+)`)
	appleUsed  = regexp.MustCompile(`"In use system memory"=(\d+)`)
)

// parseAccelerators reads what ioreg prints: an object for each GPU, which begins with "+-o".
func parseAccelerators(text string) []state.GPU {
	var all []state.GPU
	objects := strings.Split(text, "+-o ")
	for _, object := range objects[1:] {
		if !strings.Contains(object, `"PerformanceStatistics"`) {
			continue
		}
		g := state.GPU{GPUIdentity: state.GPUIdentity{Name: "Apple GPU"}}
		if m := appleModel.FindStringSubmatch(object); m != nil {
			g.Name = m[1]
		}
		if m := appleBusy.FindStringSubmatch(object); m != nil {
			if busy, err := strconv.ParseFloat(m[1], 64); err == nil {
				g.BusyPct = &busy
			}
		}
		if m := appleUsed.FindStringSubmatch(object); m != nil {
			if used, err := strconv.ParseInt(m[1], 10, 64); err == nil {
				g.UsedBytes = &used
			}
		}
		all = append(all, g)
	}
	return all
}
