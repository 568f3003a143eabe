package serving

import (
	"log/slog"
	"time"

	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/edge"
	"github.com/crossrank/crossrank/internal/metrics"
	"github.com/crossrank/crossrank/internal/server"
)

// serverConfig is what settings ask of the server.
func serverConfig(s config.Server, log *slog.Logger) server.Config {
	return server.Config{
		GRPCAddr:    s.GRPCAddr,
		HTTPAddr:    s.HTTPAddr,
		AdminAddr:   s.AdminAddr,
		Pprof:       s.Pprof,
		AllowPublic: s.InsecureNoAuth,
		APIKeys:     s.APIKeys,
		APIKeysFile: s.APIKeysFile,
		TLS:         server.TLS{Cert: s.TLS.Cert, Key: s.TLS.Key, ClientCA: s.TLS.ClientCA},
		Limits: edge.Limits{
			Documents:     s.Limits.Documents,
			DocumentBytes: s.Limits.DocumentBytes,
			QueryBytes:    s.Limits.QueryBytes,
		},
		OTLPEndpoint:       s.OTLPEndpoint,
		Deadline:           time.Duration(s.Deadline),
		DrainGrace:         time.Duration(s.DrainGrace),
		Connections:        s.Connections,
		AddressConnections: orNone(s.AddressConnections),
		RequestBytes:       int64(s.RequestBytes),
		GRPC: server.GRPC{
			Streams:        s.GRPC.Streams,
			MessageBytes:   s.GRPC.MessageBytes,
			HeaderBytes:    s.GRPC.HeaderBytes,
			Handshake:      time.Duration(s.GRPC.Handshake),
			MessageTimeout: time.Duration(s.GRPC.MessageTimeout),
			KeepaliveMin:   time.Duration(s.GRPC.KeepaliveMin),
			ConnectionAge:  time.Duration(s.GRPC.ConnectionAge),
		},
		HTTP: server.HTTP{
			HeaderTimeout: time.Duration(s.HTTP.HeaderTimeout),
			BodyTimeout:   time.Duration(s.HTTP.BodyTimeout),
			IdleTimeout:   time.Duration(s.HTTP.IdleTimeout),
			HeaderBytes:   s.HTTP.HeaderBytes,
			BodyBytes:     int64(s.HTTP.BodyBytes),
			Streams:       s.HTTP.Streams,
		},
		Log: log,
	}
}

// orNone translates a bound: in settings 0 means none, in a server's configuration a negative value
// does, and 0 means its default.
func orNone(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// recorderOptions are what settings ask of the server's metrics.
func recorderOptions(s config.Server, gauges metrics.Gauges) metrics.Options {
	return metrics.Options{Gauges: gauges, History: time.Duration(s.History)}
}
