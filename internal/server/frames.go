package server

import "encoding/binary"

// frames reads HTTP/2 (RFC 9113, section 4) along as it passes in one direction of a connection, in pieces of any size. It looks
// at the head of each frame and at what DATA frames carry; all else it skips. What is no HTTP/2 makes it see
// frames that are none, and nothing worse: whoever the bytes are meant for ends such a connection.
type frames struct {
	preface int // bytes that are still to come before the first frame
	head    [9]byte
	have    int // bytes of the head
	left    int // bytes of the payload that are still to come, padding not among them
	pad     int // bytes of padding that follow them
	padded  bool
}

// prefaceSize is that of the client's opening words, "PRI * HTTP/2.0…".
const prefaceSize = 24

// Frames and flags that matter here.
const (
	frameData    = 0x0
	frameHeaders = 0x1
	frameReset   = 0x3

	flagEndStream = 0x1
	flagPadded    = 0x8
)

func (f *frames) kind() byte     { return f.head[3] }
func (f *frames) ends() bool     { return f.head[4]&flagEndStream != 0 }
func (f *frames) stream() uint32 { return binary.BigEndian.Uint32(f.head[5:]) & (1<<31 - 1) }

// read takes the next bytes. It calls begin for each frame whose head is whole, data for each piece of what a DATA frame
// carries, and end for each DATA frame that is over.
func (f *frames) read(p []byte, begin func(), data func(piece []byte), end func()) {
	n := min(f.preface, len(p))
	f.preface -= n
	p = p[n:]
	for len(p) > 0 {
		if f.have < len(f.head) {
			n := copy(f.head[f.have:], p)
			f.have += n
			p = p[n:]
			if f.have < len(f.head) {
				return
			}
			f.left = int(f.head[0])<<16 | int(f.head[1])<<8 | int(f.head[2])
			f.padded = f.kind() == frameData && f.head[4]&flagPadded != 0 && f.left > 0
			begin()
		}
		if f.padded && len(p) > 0 {
			f.pad = min(int(p[0]), f.left-1)
			f.left -= 1 + f.pad
			f.padded = false
			p = p[1:]
		}
		n := min(f.left, len(p))
		if n > 0 && f.kind() == frameData {
			data(p[:n])
		}
		f.left -= n
		p = p[n:]
		n = min(f.pad, len(p))
		f.pad -= n
		p = p[n:]
		if f.left == 0 && f.pad == 0 && !f.padded {
			if f.kind() == frameData {
				end()
			}
			f.have = 0
		}
	}
}
