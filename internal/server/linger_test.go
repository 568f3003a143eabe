package server

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/scorertest"
)

// TestRefusedCallersMaySendFirst: a caller that sends all of a large body before it reads gets the
// reply, though it was refused by its header.
func TestRefusedCallersMaySendFirst(t *testing.T) {
	const size = 8 << 20 // more than the kernel buffers, and than net/http reads of itself
	r := start(t, &scorertest.Fake{}, Config{APIKeys: []string{strings.Repeat("0", 64)}})
	conn, err := net.Dial("tcp", r.HTTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	header := fmt.Sprintf("POST /rerank HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", size)
	if _, err := io.WriteString(conn, header); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // net/http closes half a second after its reply
	if _, err := conn.Write(bytes.Repeat([]byte{' '}, size)); err != nil {
		t.Fatal(err)
	}
	status := make([]byte, len("HTTP/1.1 401"))
	if _, err := io.ReadFull(conn, status); err != nil || !bytes.HasSuffix(status, []byte("401")) {
		t.Fatalf("got %q and %v, want status 401", status, err)
	}
}
