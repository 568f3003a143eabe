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

// Config is where a server listens and within which limits. Zero fields, except the addresses, mean
// their defaults.
type Config struct {
	GRPCAddr string // host:port; port 0 = a free one; empty = no gRPC
	HTTPAddr string // likewise for HTTP

	// AdminAddr is a loopback host:port for metrics, which are then not on HTTPAddr, and, with
	// Pprof, for Go's profiles. It needs no key. Empty means none.
	AdminAddr string
	Pprof     bool

	// AllowPublic allows addresses that other machines can reach without authentication of callers.
	AllowPublic bool

	// APIKeys are SHA-256 digests of API keys, as [edge.ParseDigest] reads them. APIKeysFile names
	// a file of more digests, which is read again when it changes. With either, everything except
	// health needs a key.
	APIKeys     []string
	APIKeysFile string

	TLS TLS

	OTLPEndpoint string // see [trace.Options]; empty = from the environment

	Limits      edge.Limits   // per request
	Deadline    time.Duration // per request; callers may ask for less; default 30 s
	DrainGrace  time.Duration // for requests in progress at the end; default 30 s
	Connections int           // maximum per listener; default 4,096

	// AddressConnections is the maximum of connections per remote IP, or per /64 of IPv6. Loopback
	// addresses are not limited. Default 256; negative means unlimited.
	AddressConnections int

	// RequestBytes limits what all requests in progress hold over both protocols: the bytes of each
	// request from the first until it is answered, then of its reply until it is written. Default
	// 256 MiB. It should be several times the largest request. Incomplete gRPC messages may hold as
	// much again.
	RequestBytes int64

	GRPC GRPC
	HTTP HTTP

	Log *slog.Logger // default slog.Default(); never gets texts of requests or API keys

	grpcIdle  time.Duration // timeout of gRPC connections without calls; default 5 min
	replyTime time.Duration // to send a reply after the deadline of its request; default 5 s
	lookAgain time.Duration // interval at which files are checked for changes; default 2 s
}

// GRPC limits the gRPC transport.
type GRPC struct {
	Streams        int           // maximum of concurrent calls per connection; default 128
	MessageBytes   int           // default 8 MiB
	HeaderBytes    int           // default 32 KiB
	Handshake      time.Duration // default 10 s
	MessageTimeout time.Duration // for the message of a unary call; default 30 s
	KeepaliveMin   time.Duration // minimum interval of pings; default 30 s
	ConnectionAge  time.Duration // when clients are asked to reconnect; default 30 min
}

// HTTP limits the HTTP transport.
type HTTP struct {
	HeaderTimeout time.Duration // to send the headers; default 5 s
	BodyTimeout   time.Duration // to send headers and body; default 30 s
	IdleTimeout   time.Duration // of connections between requests; default 60 s
	HeaderBytes   int           // default 32 KiB
	BodyBytes     int64         // default 8 MiB
	Streams       int           // maximum of concurrent requests per HTTP/2 connection; default 128
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

// Tokenize returns the tokens of a text as the model of that name reads it, with or without the
// special tokens around a single text.
type Tokenize = func(model, text string, special bool) []httpapi.Token

// Backend is what a server serves. Models, Tokenize and the numbers, which GET /info reports, may
// be zero.
type Backend struct {
	Scorer   crossrank.Scorer
	Info     func() crossrank.Info   // of the default model
	Models   func() []crossrank.Info // of all models; nil = that of Info
	Resolve  edge.Resolve            // finds the model that a request names; nil = by its name alone
	Recorder *metrics.Recorder       // counts every request; run by the server
	Tokenize Tokenize                // for POST /tokenize; nil = no such route

	// Fault is why no score may be given. The server then runs, but it is never ready and refuses
	// every request that scores as Unavailable. nil = none.
	Fault error

	BatchTokens int // maximum of tokens per batch
	Tokenizers  int // concurrent tokenizations
}
