package queue

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// ServerOptions configure an embedded server. The zero value is a server in this process alone,
// with nothing on the disk.
type ServerOptions struct {
	Listen string // host:port; port 0 chooses a free one; "" listens nowhere
	Dir    string // of the streams; "" is a temporary directory
	Token  string // that clients must know; "" means none
}

// Server is a NATS server with JetStream in this process.
type Server struct {
	server *server.Server
	temp   string // directory to remove
}

// readyTime is how long an embedded server may take to start. It reads its streams first.
const readyTime = time.Minute

// Serve starts an embedded server.
func Serve(opts ServerOptions) (s *Server, err error) {
	s = &Server{}
	if opts.Dir == "" {
		if s.temp, err = os.MkdirTemp("", "crossrank-queue-"); err != nil {
			return nil, fmt.Errorf("starting the queue: %w", err)
		}
	}
	o := &server.Options{
		ServerName:             "crossrank",
		DontListen:             opts.Listen == "",
		JetStream:              true,
		StoreDir:               cmp.Or(opts.Dir, s.temp),
		Authorization:          opts.Token,
		NoLog:                  true,
		NoSigs:                 true,
		DisableJetStreamBanner: true,
	}
	if opts.Listen != "" {
		host, port, err := net.SplitHostPort(opts.Listen)
		if err != nil {
			return nil, fmt.Errorf("listening for workers: %w", err)
		}
		o.Host = host
		if o.Port, err = strconv.Atoi(port); err != nil {
			return nil, fmt.Errorf("listening for workers: port %q is no number", port)
		}
		if o.Port == 0 {
			o.Port = server.RANDOM_PORT
		}
	}
	if s.server, err = server.NewServer(o); err != nil {
		return nil, fmt.Errorf("starting the queue: %w", errors.Join(err, s.removeTemp()))
	}
	s.server.Start()
	if !s.server.ReadyForConnections(readyTime) || !s.server.JetStreamEnabled() {
		s.Close()
		return nil, fmt.Errorf("starting the queue: it did not get ready on %s with its streams in %s; "+
			"is the address in use, or the directory not writable?", cmp.Or(opts.Listen, "no address"), o.StoreDir)
	}
	return s, nil
}

// Addr is the address that workers connect to, as host:port.
func (s *Server) Addr() string { return s.server.Addr().String() }

// Close stops the server.
func (s *Server) Close() error {
	s.server.Shutdown()
	s.server.WaitForShutdown()
	return s.removeTemp()
}

func (s *Server) removeTemp() error {
	if s.temp == "" {
		return nil
	}
	return os.RemoveAll(s.temp)
}

// Conn is a connection to a queue. Close it at the end.
type Conn = nats.Conn

// Connect connects to a server in this process.
func (s *Server) Connect() (*Conn, error) {
	return nats.Connect("", nats.InProcessServer(s.server))
}

// DialOptions configure a connection. The zero value works.
type DialOptions struct {
	Name        string // of this process, for operators of the queue
	Credentials string // a file of NATS
	Token       string // of a server that wants one
	Log         *slog.Logger
}

// Dial connects to the servers at a URL: nats://host:4222, or several, separated by commas; with
// tls:// encrypted. The connection is made in the background, and made again whenever it ends.
func Dial(url string, o DialOptions) (*Conn, error) {
	opts := []nats.Option{
		nats.Name(o.Name),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond),
		nats.RetryOnFailedConnect(true),
		nats.PingInterval(10 * time.Second), // notices a cut network after two of them
		nats.MaxPingsOutstanding(2),
	}
	if o.Credentials != "" {
		opts = append(opts, nats.UserCredentials(o.Credentials))
	}
	if o.Token != "" {
		opts = append(opts, nats.Token(o.Token))
	}
	if o.Log != nil {
		opts = append(opts,
			nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { o.Log.Warn("the queue is away", "error", err) }),
			nats.ReconnectHandler(func(*nats.Conn) { o.Log.Info("the queue is back") }))
	}
	conn, err := nats.Connect(url, opts...)
	if err != nil {
		return nil, fmt.Errorf("connecting to the queue at %s: %w", url, err)
	}
	return conn, nil
}
