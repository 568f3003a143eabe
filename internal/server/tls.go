package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
)

// TLS names the files, in PEM, of which TLS is made. Without any, both protocols are spoken in the clear. All are read
// again when they change; as long as they cannot be read, those from before stay in use.
type TLS struct {
	Cert     string // the certificate and its chain
	Key      string // its private key
	ClientCA string // authorities, one of which must have signed each caller's certificate; empty asks for none
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
		return errors.New("TLS needs both --tls-cert and --tls-key")
	}
	return nil
}

// identity is what the server shows and asks for in a handshake. It is safe for concurrent use.
type identity struct {
	files   TLS
	current atomic.Pointer[tls.Config]
}

// load reads the files. On an error the identity stays what it is.
func (id *identity) load() error {
	cert, err := tls.LoadX509KeyPair(id.files.Cert, id.files.Key)
	if err != nil {
		return fmt.Errorf("reading the certificate %s and its key: %w", id.files.Cert, err)
	}
	next := &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}}
	if id.files.ClientCA != "" {
		text, err := os.ReadFile(id.files.ClientCA)
		if err != nil {
			return fmt.Errorf("reading the callers' authorities: %w", err)
		}
		next.ClientCAs = x509.NewCertPool()
		if !next.ClientCAs.AppendCertsFromPEM(text) {
			return fmt.Errorf("reading the callers' authorities: %s holds no certificate in PEM", id.files.ClientCA)
		}
		next.ClientAuth = tls.RequireAndVerifyClientCert
		next.SessionTicketsDisabled = true // a resumed session would outlive an authority that is taken away
	}
	id.current.Store(next)
	return nil
}

// config gives the TLS of a listener that speaks these protocols. Every handshake uses what was loaded last.
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
