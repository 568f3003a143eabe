package rows

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is the most memory in bytes that a frame of zstd may ask its reader for: what the
// command-line tool accepts too.
const maxWindow = 128 << 20

// decompress gives the text of r, and a function that ends reading it.
func decompress(r io.Reader, c Compression) (io.Reader, func() error, error) {
	switch c {
	case Gzip:
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, nil, fmt.Errorf("it is not compressed with gzip: %w", err)
		}
		return z, z.Close, nil
	case Zstd:
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, err
		}
		return z, func() error { z.Close(); return nil }, nil
	}
	return r, func() error { return nil }, nil
}

// compressor makes a complete frame of a text. The same text gives the same bytes.
type compressor struct {
	gzip *gzip.Writer
	zstd *zstd.Encoder
}

func newCompressor(c Compression) (*compressor, error) {
	switch c {
	case Gzip:
		return &compressor{gzip: gzip.NewWriter(nil)}, nil
	case Zstd:
		z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithZeroFrames(true))
		return &compressor{zstd: z}, err
	}
	return nil, nil
}

func (c *compressor) frame(text []byte) ([]byte, error) {
	if c.zstd != nil {
		return c.zstd.EncodeAll(text, nil), nil
	}
	var out bytes.Buffer
	c.gzip.Reset(&out)
	if _, err := c.gzip.Write(text); err != nil {
		return nil, err
	}
	err := c.gzip.Close()
	return out.Bytes(), err
}
