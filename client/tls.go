package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// TLS says whom a [Client] trusts and as whom it shows itself, where the target's scheme is grpcs or https. The zero value
// trusts the authorities of the machine and shows nothing. Files are in PEM and read once, by [Dial].
type TLS struct {
	CAFile     string // authorities to trust instead of the machine's
	CertFile   string // the client's own certificate and its chain, for servers that ask for one
	KeyFile    string // its private key
	ServerName string // the name that the server's certificate must have, instead of the target's host
}

func (t TLS) config() (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS13, ServerName: t.ServerName}
	if t.CAFile != "" {
		text, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading the authorities: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("reading the authorities: %s holds no certificate in PEM", t.CAFile)
		}
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		return nil, errors.New("TLS.CertFile and TLS.KeyFile belong together; give both or neither")
	}
	if t.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("reading the certificate %s and its key: %w", t.CertFile, err)
		}
		cfg.Certificates = []tls.Certificate{cert}
	}
	return cfg, nil
}
