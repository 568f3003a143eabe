package config

import "github.com/crossrank/crossrank/internal/defaults"

// Server is how the server listens, whom it answers, and its limits.
//
// A field's help tag is its meaning. The keys of this section are also flags of serve, whose help
// it is: server.grpc.streams is --grpc-streams.
type Server struct {
	GRPCAddr       string   `yaml:"grpc_addr" json:"grpc_addr" check:"address" help:"listen address for gRPC, host:port; empty = no gRPC"`
	HTTPAddr       string   `yaml:"http_addr" json:"http_addr" check:"address" help:"listen address for HTTP, host:port; empty = no HTTP"`
	AdminAddr      string   `yaml:"admin_addr" json:"admin_addr" check:"address" help:"loopback listen address for metrics, host:port; empty = metrics at the HTTP address"`
	Pprof          bool     `yaml:"pprof" json:"pprof" help:"profiles of the Go runtime at /debug/pprof/ of the admin address"`
	InsecureNoAuth bool     `yaml:"insecure_no_auth" json:"insecure_no_auth" help:"permission to listen on public addresses without API keys"`
	APIKeys        []string `yaml:"api_keys,omitempty" json:"api_keys,omitempty" check:"digest" secret:"digests" help:"SHA-256 digests of the accepted API keys; crossrank config hash-key makes them"`
	APIKeysFile    string   `yaml:"api_keys_file,omitempty" json:"api_keys_file,omitempty" check:"filled" help:"file of accepted digests, one per line; reloaded when it changes"`

	Deadline           Duration `yaml:"deadline" json:"deadline" help:"max duration of a request; a caller may ask for less"`
	DrainGrace         Duration `yaml:"drain_grace" json:"drain_grace" help:"max time for requests in progress to finish when the server stops"`
	Connections        int      `yaml:"connections" json:"connections" min:"1" max:"1000000" help:"max connections per listen address"`
	AddressConnections int      `yaml:"address_connections" json:"address_connections" min:"0" max:"1000000" help:"max connections per remote IP (IPv6: per /64); 0 = unlimited"`
	RequestBytes       int      `yaml:"request_bytes" json:"request_bytes" min:"4096" max:"1099511627776" help:"max bytes held by all requests in progress; partly received gRPC messages may hold as much again"`

	History Duration `yaml:"history" json:"history" help:"time span of the history on the live page and at /api/history, sampled every 500 ms; about 7 MB per hour"`

	OTLPEndpoint string `yaml:"otlp_endpoint,omitempty" json:"otlp_endpoint,omitempty" check:"endpoint" help:"URL of an OpenTelemetry collector (OTLP over gRPC), such as http://127.0.0.1:4317; empty = no traces"`

	Limits ServerLimits `yaml:"limits" json:"limits"`
	GRPC   ServerGRPC   `yaml:"grpc" json:"grpc"`
	HTTP   ServerHTTP   `yaml:"http" json:"http"`
	TLS    ServerTLS    `yaml:"tls,omitempty" json:"tls,omitzero"`
}

// ServerLimits limits one request.
type ServerLimits struct {
	Documents     int `yaml:"documents" json:"documents" min:"1" max:"1000000" help:"max documents or pairs per request"`
	DocumentBytes int `yaml:"document_bytes" json:"document_bytes" min:"1" max:"1073741824" help:"max bytes per document"`
	QueryBytes    int `yaml:"query_bytes" json:"query_bytes" min:"1" max:"1073741824" help:"max bytes per query"`
}

// ServerGRPC limits a gRPC peer.
type ServerGRPC struct {
	Streams        int      `yaml:"streams" json:"streams" min:"1" max:"1000000" help:"max concurrent gRPC calls per connection"`
	MessageBytes   int      `yaml:"message_bytes" json:"message_bytes" min:"1024" max:"1073741824" help:"max bytes per gRPC message"`
	HeaderBytes    int      `yaml:"header_bytes" json:"header_bytes" min:"1024" max:"16777216" help:"max bytes of the metadata of a gRPC call"`
	Handshake      Duration `yaml:"handshake" json:"handshake" help:"timeout for the handshake of a gRPC connection"`
	MessageTimeout Duration `yaml:"message_timeout" json:"message_timeout" help:"timeout for receiving the message of a unary gRPC call"`
	KeepaliveMin   Duration `yaml:"keepalive_min" json:"keepalive_min" help:"min interval between the keepalive pings of a gRPC client"`
	ConnectionAge  Duration `yaml:"connection_age" json:"connection_age" help:"age of a gRPC connection at which its client is asked to reconnect"`
}

// ServerHTTP limits an HTTP peer.
type ServerHTTP struct {
	HeaderTimeout Duration `yaml:"header_timeout" json:"header_timeout" help:"timeout for receiving the headers of an HTTP request"`
	BodyTimeout   Duration `yaml:"body_timeout" json:"body_timeout" help:"timeout for receiving a whole HTTP request"`
	IdleTimeout   Duration `yaml:"idle_timeout" json:"idle_timeout" help:"max idle time of an HTTP connection between requests"`
	HeaderBytes   int      `yaml:"header_bytes" json:"header_bytes" min:"1024" max:"16777216" help:"max bytes of the headers of an HTTP request"`
	BodyBytes     int      `yaml:"body_bytes" json:"body_bytes" min:"1024" max:"1073741824" help:"max bytes of the body of an HTTP request"`
	Streams       int      `yaml:"streams" json:"streams" min:"1" max:"1000000" help:"max concurrent HTTP/2 requests per connection"`
}

// ServerTLS names the files of TLS. Without them both protocols are unencrypted. All are reloaded
// when they change.
type ServerTLS struct {
	Cert     string `yaml:"cert,omitempty" json:"cert,omitempty" check:"filled" help:"PEM file with the certificate chain; turns TLS 1.3 on"`
	Key      string `yaml:"key,omitempty" json:"key,omitempty" check:"filled" help:"PEM file with the private key of the certificate"`
	ClientCA string `yaml:"client_ca,omitempty" json:"client_ca,omitempty" check:"filled" help:"PEM file with the authorities that sign client certificates; empty = no client certificates"`
}

func defaultServer() Server {
	return Server{
		GRPCAddr:           "127.0.0.1:50051",
		HTTPAddr:           "127.0.0.1:8080",
		Deadline:           Duration(defaults.Deadline),
		DrainGrace:         Duration(defaults.DrainGrace),
		Connections:        defaults.Connections,
		AddressConnections: defaults.AddressConnections,
		History:            Duration(defaults.History),
		RequestBytes:       defaults.RequestBytes,
		Limits: ServerLimits{
			Documents:     defaults.Documents,
			DocumentBytes: defaults.DocumentBytes,
			QueryBytes:    defaults.QueryBytes,
		},
		GRPC: ServerGRPC{
			Streams:        defaults.Streams,
			MessageBytes:   defaults.MessageBytes,
			HeaderBytes:    defaults.HeaderBytes,
			Handshake:      Duration(defaults.Handshake),
			MessageTimeout: Duration(defaults.MessageTimeout),
			KeepaliveMin:   Duration(defaults.KeepaliveMin),
			ConnectionAge:  Duration(defaults.ConnectionAge),
		},
		HTTP: ServerHTTP{
			HeaderTimeout: Duration(defaults.HeaderTimeout),
			BodyTimeout:   Duration(defaults.BodyTimeout),
			IdleTimeout:   Duration(defaults.IdleTimeout),
			HeaderBytes:   defaults.HeaderBytes,
			BodyBytes:     defaults.MessageBytes,
			Streams:       defaults.Streams,
		},
	}
}
