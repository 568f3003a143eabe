package config

import "time"

// Server is how the server listens, whom it answers and within which bounds. The experiment runner chooses free ports of its
// own.
//
// A field's help tag is what it means, for this section's keys also are flags of serve: server.grpc.streams is
// --grpc-streams.
type Server struct {
	GRPCAddr       string   `yaml:"grpc_addr" json:"grpc_addr" check:"address" help:"host:port for gRPC, empty for none"`
	HTTPAddr       string   `yaml:"http_addr" json:"http_addr" check:"address" help:"host:port for HTTP, empty for none"`
	AdminAddr      string   `yaml:"admin_addr" json:"admin_addr" check:"address" help:"loopback host:port for metrics, which are then not on http_addr, empty for none"`
	Pprof          bool     `yaml:"pprof" json:"pprof" help:"Go's profiles at /debug/pprof/ of admin_addr"`
	InsecureNoAuth bool     `yaml:"insecure_no_auth" json:"insecure_no_auth" help:"allow addresses that other machines can reach, though nobody is asked for a key"`
	APIKeys        []string `yaml:"api_keys,omitempty" json:"api_keys,omitempty" check:"digest" secret:"digests" help:"SHA-256 digests of the keys that callers may use, see crossrank config hash-key"`
	APIKeysFile    string   `yaml:"api_keys_file,omitempty" json:"api_keys_file,omitempty" check:"filled" help:"file of such digests, one a line, read again when it changes"`

	Deadline           Duration `yaml:"deadline" json:"deadline" help:"the most time that a request may take; its caller may ask for less"`
	DrainGrace         Duration `yaml:"drain_grace" json:"drain_grace" help:"how long requests under way may take once the server stops"`
	Connections        int      `yaml:"connections" json:"connections" min:"1" max:"1000000" help:"connections open at once, for each of the two addresses"`
	AddressConnections int      `yaml:"address_connections" json:"address_connections" min:"0" max:"1000000" help:"those of them from one address that is not of this machine, or from one /64 of IPv6; 0 for no such bound"`
	RequestBytes       int      `yaml:"request_bytes" json:"request_bytes" min:"4096" max:"1099511627776" help:"bytes that all requests under way hold, from the first byte of each until its answer; as much again may be gRPC messages that have not arrived whole"`

	History Duration `yaml:"history" json:"history" help:"how far back /api/history and the live page see at half a second, for about 7 MB an hour"`

	OTLPEndpoint string `yaml:"otlp_endpoint,omitempty" json:"otlp_endpoint,omitempty" check:"endpoint" help:"URL of an OpenTelemetry collector for OTLP over gRPC, such as http://127.0.0.1:4317; without one nothing is traced"`

	Limits ServerLimits `yaml:"limits" json:"limits"`
	GRPC   ServerGRPC   `yaml:"grpc" json:"grpc"`
	HTTP   ServerHTTP   `yaml:"http" json:"http"`
	TLS    ServerTLS    `yaml:"tls,omitempty" json:"tls,omitzero"`
}

// ServerLimits bounds one request.
type ServerLimits struct {
	Documents     int `yaml:"documents" json:"documents" min:"1" max:"1000000" help:"documents, or pairs, of a request"`
	DocumentBytes int `yaml:"document_bytes" json:"document_bytes" min:"1" max:"1073741824" help:"bytes of a document"`
	QueryBytes    int `yaml:"query_bytes" json:"query_bytes" min:"1" max:"1073741824" help:"bytes of a query"`
}

// ServerGRPC bounds what a gRPC peer can ask of the transport.
type ServerGRPC struct {
	Streams        int      `yaml:"streams" json:"streams" min:"1" max:"1000000" help:"gRPC calls at once on a connection"`
	MessageBytes   int      `yaml:"message_bytes" json:"message_bytes" min:"1024" max:"1073741824" help:"bytes of a gRPC message"`
	HeaderBytes    int      `yaml:"header_bytes" json:"header_bytes" min:"1024" max:"16777216" help:"bytes of the metadata of a gRPC call"`
	Handshake      Duration `yaml:"handshake" json:"handshake" help:"the most time that a gRPC connection may take to be made"`
	MessageTimeout Duration `yaml:"message_timeout" json:"message_timeout" help:"the most time that a gRPC call of one message may take to send it"`
	KeepaliveMin   Duration `yaml:"keepalive_min" json:"keepalive_min" help:"the shortest time between a gRPC client's pings"`
	ConnectionAge  Duration `yaml:"connection_age" json:"connection_age" help:"after which a gRPC client is asked to connect anew"`
}

// ServerHTTP bounds what an HTTP peer can ask of the transport.
type ServerHTTP struct {
	HeaderTimeout Duration `yaml:"header_timeout" json:"header_timeout" help:"the most time to send the headers of an HTTP request"`
	BodyTimeout   Duration `yaml:"body_timeout" json:"body_timeout" help:"the most time to send an HTTP request"`
	IdleTimeout   Duration `yaml:"idle_timeout" json:"idle_timeout" help:"how long an HTTP connection may rest between requests"`
	HeaderBytes   int      `yaml:"header_bytes" json:"header_bytes" min:"1024" max:"16777216" help:"bytes of the headers of an HTTP request"`
	BodyBytes     int      `yaml:"body_bytes" json:"body_bytes" min:"1024" max:"1073741824" help:"bytes of the body of an HTTP request"`
	Streams       int      `yaml:"streams" json:"streams" min:"1" max:"1000000" help:"HTTP/2 requests at once on a connection"`
}

// ServerTLS names the files of TLS; without any, both protocols are spoken in the clear. All are read again when they
// change.
type ServerTLS struct {
	Cert     string `yaml:"cert,omitempty" json:"cert,omitempty" check:"filled" help:"certificate and its chain, in PEM; turns TLS 1.3 on"`
	Key      string `yaml:"key,omitempty" json:"key,omitempty" check:"filled" help:"private key of the certificate, in PEM"`
	ClientCA string `yaml:"client_ca,omitempty" json:"client_ca,omitempty" check:"filled" help:"authorities, in PEM, one of which must have signed a caller's certificate"`
}

func defaultServer() Server {
	return Server{
		GRPCAddr:           "127.0.0.1:50051",
		HTTPAddr:           "127.0.0.1:8080",
		Deadline:           Duration(30 * time.Second),
		DrainGrace:         Duration(30 * time.Second),
		Connections:        4096,
		AddressConnections: 256,
		History:            Duration(2 * time.Hour),
		RequestBytes:       256 << 20,
		Limits:             ServerLimits{Documents: 1000, DocumentBytes: 256 << 10, QueryBytes: 64 << 10},
		GRPC: ServerGRPC{
			Streams:        128,
			MessageBytes:   8 << 20,
			HeaderBytes:    32 << 10,
			Handshake:      Duration(10 * time.Second),
			MessageTimeout: Duration(30 * time.Second),
			KeepaliveMin:   Duration(30 * time.Second),
			ConnectionAge:  Duration(30 * time.Minute),
		},
		HTTP: ServerHTTP{
			HeaderTimeout: Duration(5 * time.Second),
			BodyTimeout:   Duration(30 * time.Second),
			IdleTimeout:   Duration(60 * time.Second),
			HeaderBytes:   32 << 10,
			BodyBytes:     8 << 20,
			Streams:       128,
		},
	}
}
