package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestEncodings compares the bytes of every instruction of encodings, with operands of all kinds,
// with those of the GNU assembler.
func TestEncodings(t *testing.T) {
	var lines []encoded
	for name, e := range encodings {
		for _, operands := range someOperands(e) {
			line, err := encodeLine(name, strings.Join(operands, ", "))
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, parseLine(t, line))
		}
	}
	compare(t, gnuAssembler(t, "as", "--64"), lines)
}

// someOperands has operands of each field: registers low and high, and every form of an address.
func someOperands(e encoding) (all [][]string) {
	for i := range max(1, len(addresses)) {
		var operands []string
		for at, field := range e.fields {
			switch {
			case field == 'a':
				operands = append(operands, addresses[i])
			case e.evex && e.writes && field == 'r':
				operands = append(operands, fmt.Sprintf("Y%d", (11*i+7*at)%32))
			case e.evex:
				operands = append(operands, fmt.Sprintf("Z%d", (11*i+7*at)%32))
			case e.long:
				operands = append(operands, fmt.Sprintf("Y%d", (5*i+7*at)%16))
			default:
				operands = append(operands, fmt.Sprintf("T%d", (3*i+at)%8))
			}
		}
		all = append(all, operands)
	}
	return all
}

var addresses = []string{
	"(AX)(CX*1)", "64(BX)(DX*1)", "-128(SI)(DI*2)", "1024(BP)(R8*4)", "(R13)(R15*8)", "(R12)(R9*1)",
	"(SP)(AX*1)", "128(R10)(R11*1)", "(BP)(BP*1)",
}

func TestEncodeLineRefuses(t *testing.T) {
	for _, operands := range []string{"", "Y1, Y2", "Y1, Y2, Q3", "Y1, Y2, Y", "Y1, Y2, (AX", "Y1, Y2, (QX)", "Y1, Y2, x(AX)", "Y1, Y2, (AX)(SP*1)", "Y1, Y2, (AX)(CX*3)"} {
		if line, err := encodeLine("VEX_VPDPBUSD", operands); err == nil {
			t.Errorf("%q: got %q, want an error", operands, line)
		}
	}
}

// TestCommittedBytes compares the bytes in the assembly that is shipped with the instructions that
// stand beside them.
func TestCommittedBytes(t *testing.T) {
	for _, arch := range []struct {
		files     string
		assembler []string
	}{
		{"*_amd64.s", []string{"as", "--64"}},
		{"*_arm64.s", []string{"aarch64-linux-gnu-as", "-march=armv8.6-a"}},
	} {
		t.Run(arch.files, func(t *testing.T) {
			paths, err := filepath.Glob(filepath.Join("..", arch.files))
			if err != nil || len(paths) == 0 {
				t.Fatalf("no assembly found: %v", err)
			}
			assemble := gnuAssembler(t, arch.assembler...)
			seen := map[string]bool{}
			var lines []encoded
			for _, path := range paths {
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				for line := range strings.SplitSeq(string(text), "\n") {
					if isData.MatchString(line) && !seen[line] {
						seen[line] = true
						lines = append(lines, parseLine(t, line))
					}
				}
			}
			t.Logf("%d instructions", len(lines))
			if len(lines) == 0 {
				t.Fatal("found none that is given in bytes")
			}
			compare(t, assemble, lines)
		})
	}
}

// encoded is an instruction that Go's assembly has in bytes.
type encoded struct {
	code []byte
	text string // for the GNU assembler
}

var (
	isData = regexp.MustCompile(`^\s*(BYTE|WORD|LONG)\s`)
	datum  = regexp.MustCompile(`(BYTE|WORD|LONG)\s+\$0x([0-9a-f]+)`)
	sizes  = map[string]int{"BYTE": 1, "WORD": 4, "LONG": 4} // a WORD of arm64
)

func parseLine(t *testing.T, line string) encoded {
	t.Helper()
	code, text, ok := strings.Cut(line, "//")
	if !ok {
		t.Fatalf("no instruction beside %q", line)
	}
	e := encoded{text: strings.TrimSpace(text)}
	for _, m := range datum.FindAllStringSubmatch(code, -1) {
		v, err := strconv.ParseUint(m[2], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		e.code = append(e.code, binary.LittleEndian.AppendUint32(nil, uint32(v))[:sizes[m[1]]]...)
	}
	return e
}

// gnuAssembler returns a function that assembles instructions, each aligned to slot bytes. It skips
// the test where there is no such assembler.
func gnuAssembler(t *testing.T, command ...string) func([]encoded) []byte {
	t.Helper()
	if _, err := exec.LookPath(command[0]); err != nil {
		t.Skipf("NOT TESTED: encoded instructions; to test them, install binutils with %s", command[0])
	}
	return func(lines []encoded) []byte {
		var source strings.Builder
		for _, line := range lines {
			fmt.Fprintf(&source, ".balign %d\n%s\n", slot, line.text)
		}
		fmt.Fprintf(&source, ".balign %d\n", slot)
		object := filepath.Join(t.TempDir(), "o")
		cmd := exec.Command(command[0], append(slices.Clone(command[1:]), "-o", object, "-")...)
		cmd.Stdin = strings.NewReader(source.String())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", command, err, out)
		}
		f, err := elf.Open(object)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		code, err := f.Section(".text").Data()
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
}

const slot = 16

func compare(t *testing.T, assemble func([]encoded) []byte, lines []encoded) {
	t.Helper()
	code := assemble(lines)
	if len(code) != slot*len(lines) {
		t.Fatalf("%d bytes of %d instructions", len(code), len(lines))
	}
	for i, line := range lines {
		want := code[slot*i:][:len(line.code)]
		if !bytes.Equal(line.code, want) {
			t.Errorf("%s: got % x, the assembler gives % x", line.text, line.code, code[slot*i:slot*(i+1)])
		}
	}
}
