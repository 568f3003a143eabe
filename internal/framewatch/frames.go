package framewatch

import "encoding/binary"

// frameReader parses the HTTP/2 frames (RFC 9113, section 4) of one direction of a connection,
// which arrive in pieces of any size. It reads frame headers and the payload of DATA frames, and
// skips everything else. Bytes that are not HTTP/2 make it report frames that do not exist, which
// is harmless: the transport ends such a connection.
type frameReader struct {
	preface   int // bytes that precede the first frame and are still to come
	header    [9]byte
	headerLen int // bytes of the header received
	left      int // bytes of the payload still to come, without padding
	pad       int // bytes of padding after the payload
	padded    bool
}

// prefaceSize is the length of the client's connection preface, "PRI * HTTP/2.0…".
const prefaceSize = 24

// The frame types and flags that matter here.
const (
	frameData    = 0x0
	frameHeaders = 0x1
	frameReset   = 0x3

	flagEndStream = 0x1
	flagPadded    = 0x8
)

func (f *frameReader) kind() byte       { return f.header[3] }
func (f *frameReader) endsStream() bool { return f.header[4]&flagEndStream != 0 }
func (f *frameReader) stream() uint32   { return binary.BigEndian.Uint32(f.header[5:]) & (1<<31 - 1) }

// read parses the next bytes. It calls begin after each frame header, data for each piece of a DATA
// frame's payload, and end after each DATA frame.
func (f *frameReader) read(p []byte, begin func(), data func(piece []byte), end func()) {
	p = skip(p, &f.preface)
	for len(p) > 0 {
		if f.headerLen < len(f.header) {
			n := copy(f.header[f.headerLen:], p)
			f.headerLen += n
			p = p[n:]
			if f.headerLen < len(f.header) {
				return
			}
			f.left = int(f.header[0])<<16 | int(f.header[1])<<8 | int(f.header[2])
			f.padded = f.kind() == frameData && f.header[4]&flagPadded != 0 && f.left > 0
			begin()
		}
		if f.padded && len(p) > 0 {
			f.pad = min(int(p[0]), f.left-1)
			f.left -= 1 + f.pad
			f.padded = false
			p = p[1:]
		}
		if n := min(f.left, len(p)); n > 0 && f.kind() == frameData {
			data(p[:n])
		}
		p = skip(p, &f.left)
		p = skip(p, &f.pad)
		if f.left == 0 && f.pad == 0 && !f.padded {
			if f.kind() == frameData {
				end()
			}
			f.headerLen = 0
		}
	}
}

// skip drops up to *n bytes of p and subtracts what it dropped from *n.
func skip(p []byte, n *int) []byte {
	dropped := min(*n, len(p))
	*n -= dropped
	return p[dropped:]
}
