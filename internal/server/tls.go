package server

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"sync/atomic"
)

// TLS names the PEM files for TLS. The zero value means no TLS. The files are read again when they
// change; if that fails, the previous ones stay in use.
type TLS struct {
	Cert     string // the certificate and its chain
	Key      string // its private key
	ClientCA string // authorities of the client certificates that callers must have; empty = none needed
}

func (t TLS) files() []string {
	files := []string{t.Cert, t.Key}
	if t.ClientCA != "" {
		files = append(files, t.ClientCA)
	}
	return files
}

func (t TLS) check() error {
	switch {
	case t == TLS{}:
		return nil
	case t.Cert == "" || t.Key == "":
		return t.incomplete()
	}
	return nil
}

// incomplete is the error of a certificate without its key, or the other way round.
func (t TLS) incomplete() error {
	path, file := "server.tls.cert", t.Cert
	if file == "" {
		path, file = "server.tls.key", t.Key
	}
	if file == "" {
		path, file = "server.tls.client_ca", t.ClientCA
	}
	return settingError(path, file, "TLS needs both server.tls.cert and server.tls.key")
}

// identity is the server's side of TLS handshakes. It is safe for concurrent use.
type identity struct {
	files   TLS
	current atomic.Pointer[tls.Config]
}

// load reads the files. After an error the identity is unchanged.
func (id *identity) load() error {
	cert, err := tls.LoadX509KeyPair(id.files.Cert, id.files.Key)
	if err != nil {
		return settingError("server.tls.cert", "", "reading the certificate %s and its key: %w", id.files.Cert, err)
	}
	next := &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}}
	if id.files.ClientCA != "" {
		text, err := os.ReadFile(id.files.ClientCA)
		if err != nil {
			return settingError("server.tls.client_ca", "", "reading the authorities for client certificates: %w", err)
		}
		next.ClientCAs = x509.NewCertPool()
		if !next.ClientCAs.AppendCertsFromPEM(text) {
			return settingError("server.tls.client_ca", id.files.ClientCA, "the file holds no certificate in PEM")
		}
		next.ClientAuth = tls.RequireAndVerifyClientCert
		next.SessionTicketsDisabled = true // a resumed session would outlive the removal of an authority
	}
	id.current.Store(next)
	return nil
}

// config is the configuration of a listener for these protocols. Every handshake uses the files
// that were loaded last.
func (id *identity) config(protocols ...string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: protocols,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			now := id.current.Load().Clone()
			now.NextProtos = protocols
			return now, nil
		},
	}
}
