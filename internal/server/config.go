package server

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/defaults"
	"github.com/crossrank/crossrank/internal/edge"
	"github.com/crossrank/crossrank/internal/httpapi"
	"github.com/crossrank/crossrank/internal/metrics"
)

// Config says where and within which bounds a server answers. Every zero field but the addresses means its default.
type Config struct {
	GRPCAddr string // host:port; port 0 chooses a free one; empty leaves gRPC out
	HTTPAddr string // host:port, likewise for HTTP

	// AdminAddr is a loopback host:port for metrics, which are then not on HTTPAddr, and with Pprof for Go's profiles. Nobody
	// is asked for a key there. Empty leaves it out.
	AdminAddr string
	Pprof     bool

	// AllowPublic lets the server listen where other machines can reach it, although nothing asks callers who they are.
	AllowPublic bool

	// APIKeys are SHA-256 digests of the keys that callers may use, as [edge.ParseDigest] reads them, and APIKeysFile
	// names a file of more, which is read again when it changes. With either, all but health needs a key.
	APIKeys     []string
	APIKeysFile string

	TLS TLS

	OTLPEndpoint string // where traces go, see [trace.Options]; empty leaves it to the environment

	Limits      edge.Limits   // of one request
	Deadline    time.Duration // of a request that brings none; default 30 s
	DrainGrace  time.Duration // how long requests under way may take once the server stops; default 30 s
	Connections int           // open at once, a listener; default 4,096

	// AddressConnections is how many of them may come from one address, or from one /64 of IPv6. Loopback addresses
	// have no such bound. Default 256; negative means none.
	AddressConnections int

	// RequestBytes bounds what the requests under way hold, from the first byte of each until it is answered, over both
	// protocols and all connections; default 256 MiB. It should be several times the largest request. As much again
	// may be gRPC messages that have not arrived whole.
	RequestBytes int64

	GRPC GRPC
	HTTP HTTP

	Log *slog.Logger // default slog.Default(); texts of requests and API keys never reach it

	grpcIdle  time.Duration // how long a gRPC connection may be without calls; default 5 min
	replyTime time.Duration // to send an answer, once the deadline of its request is over; default 5 s
	lookAgain time.Duration // how often files are looked at for a change; default 2 s
}

// GRPC bounds what a gRPC peer can ask of the transport.
type GRPC struct {
	Streams        int           // at once on a connection; default 128
	MessageBytes   int           // default 8 MiB
	HeaderBytes    int           // default 32 KiB
	Handshake      time.Duration // default 10 s
	MessageTimeout time.Duration // of a call, to send its message; default 30 s
	KeepaliveMin   time.Duration // closest pings allowed; default 30 s
	ConnectionAge  time.Duration // after which a client is asked to connect anew; default 30 min
}

// HTTP bounds what an HTTP peer can ask of the transport.
type HTTP struct {
	HeaderTimeout time.Duration // to send the headers; default 5 s
	BodyTimeout   time.Duration // to send headers and body; default 30 s
	IdleTimeout   time.Duration // between requests of a connection; default 60 s
	HeaderBytes   int           // default 32 KiB
	BodyBytes     int64         // default 8 MiB
	Streams       int           // requests at once on a connection of HTTP/2, which comes with TLS; default 128
}

// OrDefaults replaces zero fields by their defaults.
func (c Config) OrDefaults() Config {
	c.Limits = c.Limits.OrDefaults()
	c.Deadline = cmp.Or(c.Deadline, defaults.Deadline)
	c.DrainGrace = cmp.Or(c.DrainGrace, defaults.DrainGrace)
	c.Connections = cmp.Or(c.Connections, defaults.Connections)
	c.AddressConnections = cmp.Or(c.AddressConnections, defaults.AddressConnections)

	c.RequestBytes = cmp.Or(c.RequestBytes, defaults.RequestBytes)

	c.GRPC.Streams = cmp.Or(c.GRPC.Streams, defaults.Streams)
	c.GRPC.MessageBytes = cmp.Or(c.GRPC.MessageBytes, defaults.MessageBytes)
	c.GRPC.HeaderBytes = cmp.Or(c.GRPC.HeaderBytes, defaults.HeaderBytes)
	c.GRPC.Handshake = cmp.Or(c.GRPC.Handshake, defaults.Handshake)
	c.GRPC.MessageTimeout = cmp.Or(c.GRPC.MessageTimeout, defaults.MessageTimeout)
	c.GRPC.KeepaliveMin = cmp.Or(c.GRPC.KeepaliveMin, defaults.KeepaliveMin)
	c.GRPC.ConnectionAge = cmp.Or(c.GRPC.ConnectionAge, defaults.ConnectionAge)

	c.HTTP.HeaderTimeout = cmp.Or(c.HTTP.HeaderTimeout, defaults.HeaderTimeout)
	c.HTTP.BodyTimeout = cmp.Or(c.HTTP.BodyTimeout, defaults.BodyTimeout)
	c.HTTP.IdleTimeout = cmp.Or(c.HTTP.IdleTimeout, defaults.IdleTimeout)
	c.HTTP.HeaderBytes = cmp.Or(c.HTTP.HeaderBytes, defaults.HeaderBytes)
	c.HTTP.BodyBytes = cmp.Or(c.HTTP.BodyBytes, defaults.MessageBytes)
	c.HTTP.Streams = cmp.Or(c.HTTP.Streams, defaults.Streams)

	c.grpcIdle = cmp.Or(c.grpcIdle, 5*time.Minute)
	c.replyTime = cmp.Or(c.replyTime, 5*time.Second)
	c.lookAgain = cmp.Or(c.lookAgain, 2*time.Second)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// Tokenize gives the tokens that the model of that name reads of a text, with those that the model puts around a lone text
// or without.
type Tokenize = func(model, text string, special bool) []httpapi.Token

// Backend is what a server serves. All of it is needed but Models, Tokenize, and the numbers, which GET /info tells.
type Backend struct {
	Scorer   crossrank.Scorer
	Info     func() crossrank.Info   // of the model of requests that name none
	Models   func() []crossrank.Info // all that Scorer serves, by name; nil means the one of Info
	Recorder *metrics.Recorder       // told of every request; run by the server
	Tokenize Tokenize                // for POST /tokenize; nil leaves that out

	BatchTokens int // tokens of one batch
	Tokenizers  int // tokenizations at once
}
