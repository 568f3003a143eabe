package checkpoint

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
)

// library is the Hugging Face library in a process of its own: ../../test/tokenizers/library.mjs.
type library struct {
	in  io.WriteCloser
	out *bufio.Reader
}

// startLibrary starts the library, or skips the test where it is not installed.
func startLibrary(t testing.TB) *library {
	t.Helper()
	const folder = "../../test/tokenizers"
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("there is no Node.js here")
	}
	check := exec.Command("node", "-e", `require("tokenizers")`)
	check.Dir = folder
	if check.Run() != nil {
		t.Skipf("the tokenizers library is not installed; npm install in %s gets it", folder)
	}
	cmd := exec.CommandContext(t.Context(), "node", "library.mjs")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "TOKENIZERS_PARALLELISM=false") // one core, for comparisons of speed
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	return &library{in, bufio.NewReaderSize(out, 1<<20)}
}

type libraryRequest struct {
	File   string   `json:"file,omitempty"`
	JSON   *string  `json:"json,omitempty"`
	Texts  []string `json:"texts,omitempty"`
	Pairs  [][4]any `json:"pairs,omitempty"`
	Time   []string `json:"time,omitempty"`
	Rounds int      `json:"rounds,omitempty"`
}

type libraryAnswer struct {
	IDs     [][]int32
	Types   [][]int32
	Seconds float64
	Error   string
}

func (l *library) ask(r libraryRequest) (a libraryAnswer, err error) {
	line, err := json.Marshal(r)
	if err != nil {
		return a, err
	}
	if _, err := l.in.Write(append(line, '\n')); err != nil {
		return a, err
	}
	if line, err = l.out.ReadBytes('\n'); err != nil {
		return a, err
	}
	if err := json.Unmarshal(line, &a); err != nil {
		return a, err
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}
