package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
)

// Go's assembler and avo lack some instructions. A generator adds one with emit, under a name of
// this file, so that avo allocates its registers. When avo has written the assembly, encodeFile
// puts the instruction's bytes in the place of its name and operands. The instruction itself stands
// beside them, as the GNU assembler writes it: TestCommittedBytes assembles it and compares.

// encoding is the VEX or EVEX encoding of an instruction, as Intel's manual gives it.
//
// Every one here is of the opcode map 0F38 and has W0. Operands are in the order of Go and of GNU:
// destination last.
type encoding struct {
	gnu    string // its name for the GNU assembler
	isa    string // the feature that it needs
	prefix int    // 0: none, 1: 66, 2: F3, 3: F2
	opcode byte
	long   bool   // 256 bits
	evex   bool   // EVEX, 512 bits, registers alone
	fields string // for each operand r: ModRM.reg, m: ModRM.rm, v: VEX.vvvv, a: an address in ModRM.rm
	writes bool   // does not read its destination
}

var encodings = map[string]encoding{
	"VEX_VPDPBUSD": {gnu: "{vex} vpdpbusd", isa: "AVX_VNNI", prefix: 1, opcode: 0x50, long: true, fields: "mvr"},
	"VEX_VPDPWSSD": {gnu: "{vex} vpdpwssd", isa: "AVX_VNNI", prefix: 1, opcode: 0x52, long: true, fields: "mvr"},

	"VDPBF16PS":     {gnu: "vdpbf16ps", isa: "AVX512_BF16", prefix: 2, opcode: 0x52, evex: true, fields: "mvr"},
	"VCVTNEPS2BF16": {gnu: "vcvtneps2bf16", isa: "AVX512_BF16", prefix: 2, opcode: 0x72, evex: true, fields: "mr", writes: true},

	"LDTILECFG":   {gnu: "ldtilecfg", isa: "AMX_TILE", prefix: 0, opcode: 0x49, fields: "a"},
	"TILERELEASE": {gnu: "tilerelease", isa: "AMX_TILE", prefix: 0, opcode: 0x49},
	"TILEZERO":    {gnu: "tilezero", isa: "AMX_TILE", prefix: 3, opcode: 0x49, fields: "r"},
	"TILELOADD":   {gnu: "tileloadd", isa: "AMX_TILE", prefix: 3, opcode: 0x4b, fields: "ar"},
	"TILESTORED":  {gnu: "tilestored", isa: "AMX_TILE", prefix: 2, opcode: 0x4b, fields: "ra"},
	"TDPBUUD":     {gnu: "tdpbuud", isa: "AMX_INT8", prefix: 0, opcode: 0x5e, fields: "vmr"},
	"TDPBSUD":     {gnu: "tdpbsud", isa: "AMX_INT8", prefix: 2, opcode: 0x5e, fields: "vmr"},
	"TDPBSSD":     {gnu: "tdpbssd", isa: "AMX_INT8", prefix: 3, opcode: 0x5e, fields: "vmr"},
	"TDPBF16PS":   {gnu: "tdpbf16ps", isa: "AMX_BF16", prefix: 2, opcode: 0x5c, fields: "vmr"},
	"TDPBUSD":     {gnu: "tdpbusd", isa: "AMX_INT8", prefix: 1, opcode: 0x5e, fields: "vmr"},
}

// emit adds an instruction that reads its sources, which come first, and writes its destination,
// which is last. Unless it only writes that, it reads it too.
func emit(name string, operands ...Op) {
	e, ok := encodings[name]
	if !ok {
		panic("no encoding of " + name)
	}
	var written []Op
	read := slices.Clone(operands)
	if len(operands) > 0 {
		written = append(written, operands[len(operands)-1])
	}
	if e.writes {
		read = read[:len(read)-1]
	}
	Instruction(&ir.Instruction{
		Opcode:   name,
		Operands: operands,
		Inputs:   read,
		Outputs:  written,
		ISA:      []string{e.isa},
	})
}

// encodeFile replaces the instructions of this file's names in a file of Go's assembly.
func encodeFile(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.SplitAfter(string(text), "\n")
	for i, line := range lines {
		name, operands, _ := strings.Cut(strings.TrimSpace(line), " ")
		if _, ok := encodings[name]; !ok {
			continue
		}
		if lines[i], err = encodeLine(name, operands); err != nil {
			return fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
	}
	return os.WriteFile(path, []byte(strings.Join(lines, "")), 0o644)
}

// encodeLine returns a line of Go's assembly with an instruction's bytes, and the instruction as a
// comment.
func encodeLine(name, operands string) (string, error) {
	e := encodings[name]
	code, gnu := instruction{x: 1, b: 1, r: 1, vvvv: 15, r2: 1, v2: 1, modrm: registers}, []string(nil)
	texts := strings.FieldsFunc(operands, func(r rune) bool { return r == ',' || r == ' ' })
	if len(texts) != len(e.fields) {
		return "", fmt.Errorf("%s has %d operands, not %d", name, len(e.fields), len(texts))
	}
	for i, text := range texts {
		o, err := parseOperand(text)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		if o.memory != (e.fields[i] == 'a') {
			return "", fmt.Errorf("%s: operand %q, which is not of the kind that stands there", name, text)
		}
		code.place(e.fields[i], o)
		gnu = append(gnu, o.gnu())
	}
	text := strings.TrimSpace(e.gnu + " " + strings.Join(gnu, ", "))
	return fmt.Sprintf("\t%s // %s\n", data(code.bytes(e)), text), nil
}

// data writes bytes as Go's assembler has them in the text of a function.
func data(code []byte) string {
	var parts []string
	for ; len(code) >= 4; code = code[4:] {
		parts = append(parts, fmt.Sprintf("LONG $0x%08x", binary.LittleEndian.Uint32(code)))
	}
	for _, b := range code {
		parts = append(parts, fmt.Sprintf("BYTE $0x%02x", b))
	}
	return strings.Join(parts, "; ")
}

// instruction has the parts of an encoded instruction. r, x, b and vvvv are inverted, as the prefix
// holds them; so are r2 and v2, the highest bits of the numbers of 32 registers.
type instruction struct {
	r, x, b, vvvv int
	r2, v2        int
	modrm         int
	tail          []byte // SIB and displacement
}

// registers is a ModRM without an address.
const registers = 0xc0

// place puts an operand in its field.
func (c *instruction) place(field byte, o operand) {
	switch field {
	case 'r':
		c.r, c.r2, c.modrm = 1-o.number>>3&1, 1-o.number>>4, c.modrm|o.number&7<<3
	case 'v':
		c.vvvv, c.v2 = 15-o.number&15, 1-o.number>>4
	case 'm':
		c.b, c.x, c.modrm = 1-o.number>>3&1, 1-o.number>>4, c.modrm|o.number&7
	case 'a':
		c.x, c.b = 1-o.index>>3, 1-o.base>>3
		c.address(o)
	}
}

// address encodes an operand in memory: with a SIB byte if there is an index, or the base is one of
// those whose number stands for that byte.
func (c *instruction) address(o operand) {
	if o.index == noIndex && o.base&7 != 4 {
		c.modrm |= o.base & 7
	} else {
		c.modrm |= 4
		c.tail = []byte{byte(o.scale<<6 | o.index&7<<3 | o.base&7)}
	}
	switch {
	case o.disp == 0 && o.base&7 != 5: // without a displacement, 5 would mean another form
		c.modrm ^= 0xc0
	case int(int8(o.disp)) == o.disp:
		c.modrm ^= 0x80
		c.tail = append(c.tail, byte(o.disp))
	default:
		c.modrm ^= 0x40
		c.tail = binary.LittleEndian.AppendUint32(c.tail, uint32(int32(o.disp)))
	}
}

func (c *instruction) bytes(e encoding) []byte {
	const map0F38 = 2
	if e.evex {
		const long, always = 2, 4
		return []byte{
			0x62, byte(c.r<<7 | c.x<<6 | c.b<<5 | c.r2<<4 | map0F38), byte(c.vvvv<<3 | always | e.prefix),
			byte(long<<5 | c.v2<<3), e.opcode, byte(c.modrm),
		}
	}
	length := 0
	if e.long {
		length = 1
	}
	return append([]byte{
		0xc4, byte(c.r<<7 | c.x<<6 | c.b<<5 | map0F38), byte(c.vvvv<<3 | length<<2 | e.prefix), e.opcode, byte(c.modrm),
	}, c.tail...)
}

// operand is a register, or memory at disp + base + index·2^scale.
type operand struct {
	memory             bool
	kind               string // of the register: ymm, zmm or tmm
	number             int
	disp               int
	base, index, scale int
}

var generalRegisters = strings.Fields("AX CX DX BX SP BP SI DI R8 R9 R10 R11 R12 R13 R14 R15")

const noIndex = 4

// parseOperand reads an operand in Go's syntax: Y3, T4, (AX), 64(AX)(CX*1).
func parseOperand(text string) (operand, error) {
	wrong := fmt.Errorf("operand %q", text)
	disp, address, memory := strings.Cut(text, "(")
	if !memory {
		kind := map[byte]string{'Y': "ymm", 'Z': "zmm", 'T': "tmm"}[text[0]]
		number, err := strconv.Atoi(text[1:])
		if kind == "" || err != nil {
			return operand{}, wrong
		}
		return operand{kind: kind, number: number}, nil
	}
	o := operand{memory: true, index: noIndex}
	var err error
	if disp != "" {
		if o.disp, err = strconv.Atoi(disp); err != nil {
			return operand{}, wrong
		}
	}
	base, index, indexed := strings.Cut(strings.TrimSuffix(address, ")"), ")(")
	if o.base = slices.Index(generalRegisters, base); o.base < 0 {
		return operand{}, wrong
	}
	if indexed {
		register, scale, _ := strings.Cut(index, "*")
		o.index, o.scale = slices.Index(generalRegisters, register), strings.Index("1248", scale)
		if o.index < 0 || o.index == noIndex || o.scale < 0 {
			return operand{}, wrong
		}
	}
	return o, nil
}

// gnu writes an operand for the GNU assembler.
func (o operand) gnu() string {
	if !o.memory {
		return fmt.Sprintf("%%%s%d", o.kind, o.number)
	}
	text := ""
	if o.disp != 0 {
		text = strconv.Itoa(o.disp)
	}
	if o.index == noIndex {
		return fmt.Sprintf("%s(%%%s)", text, gnuRegister(o.base))
	}
	return fmt.Sprintf("%s(%%%s,%%%s,%d)", text, gnuRegister(o.base), gnuRegister(o.index), 1<<o.scale)
}

func gnuRegister(number int) string {
	name := strings.ToLower(generalRegisters[number])
	if number < 8 {
		return "r" + name
	}
	return name
}
