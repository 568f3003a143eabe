// Package defaults holds the default limits and times of a server.
//
// Settings show them to users, and the parts of a server fall back to them where an option is zero,
// so both read them here. It is facts alone, for packages that must not import each other.
package defaults

import "time"

// A request.
const (
	Deadline      = 30 * time.Second
	Documents     = 1000
	DocumentBytes = 256 << 10
	QueryBytes    = 64 << 10
)

// The server.
const (
	DrainGrace         = 30 * time.Second
	Connections        = 4096 // per address that the server listens on
	AddressConnections = 256  // per remote IP
	RequestBytes       = 256 << 20
	History            = 2 * time.Hour
)

// Both transports.
const (
	Streams      = 128 // per connection
	MessageBytes = 8 << 20
	HeaderBytes  = 32 << 10
)

// The gRPC transport.
const (
	Handshake      = 10 * time.Second
	MessageTimeout = 30 * time.Second
	KeepaliveMin   = 30 * time.Second
	ConnectionAge  = 30 * time.Minute
)

// The HTTP transport.
const (
	HeaderTimeout = 5 * time.Second
	BodyTimeout   = 30 * time.Second
	IdleTimeout   = time.Minute
)
