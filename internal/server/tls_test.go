package server

import (
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// secureTargets are the server's addresses when it speaks TLS.
func (r *running) secureTargets() []string {
	return []string{"grpcs://" + r.GRPCAddr(), "https://" + r.HTTPAddr()}
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, dir, "ca")
	cert, key, _ := ca.issue(t, dir, "server")
	other := newAuthority(t, dir, "other")
	r := start(t, &scorertest.Fake{}, Config{TLS: TLS{Cert: cert, Key: key}, APIKeys: []string{digest(goodKey)}})
	for _, target := range r.secureTargets() {
		trusting := client.Options{TLS: client.TLS{CAFile: ca.file}, APIKey: goodKey}
		if _, err := dialWith(t, target, trusting).Score(t.Context(), request("q")); err != nil {
			t.Errorf("%s: %v", target, err)
		}
		for name, opts := range map[string]client.Options{
			"another authority": {TLS: client.TLS{CAFile: other.file}},
			"the machine's own": {},
			"another server":    {TLS: client.TLS{CAFile: ca.file, ServerName: "elsewhere.example"}},
		} {
			_, err := dialWith(t, target, opts).Score(t.Context(), request("q"))
			if crossrank.CodeOf(err) != crossrank.Unavailable || !strings.Contains(err.Error(), "certificate") {
				t.Errorf("%s, trusting %s: got %v, want Unavailable for its certificate", target, name, err)
			}
		}
		plain := strings.Replace(strings.Replace(target, "grpcs", "grpc", 1), "https", "http", 1)
		if _, err := dialWith(t, plain, client.Options{APIKey: goodKey}).Score(t.Context(), request("q")); err == nil {
			t.Errorf("%s: it answers in the clear", plain)
		}
	}
	for version, ok := range map[uint16]bool{tls.VersionTLS12: false, tls.VersionTLS13: true} {
		for _, addr := range []string{r.GRPCAddr(), r.HTTPAddr()} {
			conn, err := tls.Dial("tcp", addr, &tls.Config{
				MinVersion: version, MaxVersion: version, RootCAs: ca.pool(), NextProtos: []string{"h2"},
			})
			if ok != (err == nil) {
				t.Errorf("%s, %s: got %v, want it taken: %v", addr, tls.VersionName(version), err, ok)
			}
			if err == nil {
				conn.Close()
			}
		}
	}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func TestHTTP2ComesWithTLS(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, dir, "ca")
	cert, key, _ := ca.issue(t, dir, "server")
	r := start(t, &scorertest.Fake{}, Config{TLS: TLS{Cert: cert, Key: key}})
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.pool()}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get("https://" + r.HTTPAddr() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 || resp.TLS.Version != tls.VersionTLS13 {
		t.Errorf("got %s over %s, want 200 over HTTP/2", resp.Status, resp.Proto)
	}
}

func TestClientCertificates(t *testing.T) {
	dir := t.TempDir()
	ca, other := newAuthority(t, dir, "ca"), newAuthority(t, dir, "other")
	cert, key, _ := ca.issue(t, dir, "server")
	r := start(t, &scorertest.Fake{}, Config{TLS: TLS{Cert: cert, Key: key, ClientCA: ca.file}})
	good, goodKeyFile, _ := ca.issue(t, dir, "caller")
	stranger, strangerKey, _ := other.issue(t, dir, "stranger")
	for _, target := range r.secureTargets() {
		trust := client.TLS{CAFile: ca.file}
		if _, err := dialWith(t, target, client.Options{TLS: trust}).Score(t.Context(), request("q")); err == nil {
			t.Errorf("%s: it answers a caller without a certificate", target)
		}
		trust.CertFile, trust.KeyFile = stranger, strangerKey
		if _, err := dialWith(t, target, client.Options{TLS: trust}).Score(t.Context(), request("q")); err == nil {
			t.Errorf("%s: it answers a caller whose certificate another authority signed", target)
		}
		trust.CertFile, trust.KeyFile = good, goodKeyFile
		if _, err := dialWith(t, target, client.Options{TLS: trust}).Score(t.Context(), request("q")); err != nil {
			t.Errorf("%s: a caller with a good certificate got %v", target, err)
		}
	}
}

// TestCertificatesAreReloaded replaces the certificate, first by what is none, under load that
// nobody may notice.
func TestCertificatesAreReloaded(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, dir, "ca")
	cert, key, first := ca.issue(t, dir, "server")
	r := start(t, &scorertest.Fake{}, Config{TLS: TLS{Cert: cert, Key: key}, lookAgain: 5 * time.Millisecond})
	trust := client.Options{TLS: client.TLS{CAFile: ca.file}}
	stop := r.steadyCallers(t, trust, r.secureTargets()...)
	defer stop()
	shows := func(want *big.Int) {
		t.Helper()
		for _, addr := range []string{r.GRPCAddr(), r.HTTPAddr()} {
			conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: ca.pool(), NextProtos: []string{"h2"}})
			if err != nil {
				t.Fatal(err)
			}
			if got := conn.ConnectionState().PeerCertificates[0].SerialNumber; got.Cmp(want) != 0 {
				t.Errorf("%s shows certificate %v, want %v", addr, got, want)
			}
			conn.Close()
		}
	}
	shows(first)
	write(t, cert, "no certificate")
	r.waitForLog(t, "the previous ones stay in use")
	shows(first)
	_, _, second := ca.issue(t, dir, "server") // the certificate first, then its key: between the two they do not match
	r.waitForLog(t, "files reloaded")
	shows(second)
	if err := os.Remove(filepath.Join(dir, "server.key")); err != nil {
		t.Fatal(err)
	}
	r.waitForLog(t, "no such file")
	shows(second)
}

func TestTLSFilesAreChecked(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, dir, "ca")
	cert, key, _ := ca.issue(t, dir, "server")
	_, otherKey, _ := ca.issue(t, dir, "other")
	for name, c := range map[string]struct {
		tls  TLS
		says string
	}{
		"no key":                   {TLS{Cert: cert}, "server.tls.key"},
		"no certificate":           {TLS{Key: key}, "server.tls.cert"},
		"an authority alone":       {TLS{ClientCA: ca.file}, "server.tls.cert"},
		"another's key":            {TLS{Cert: cert, Key: otherKey}, cert},
		"a file that is not":       {TLS{Cert: filepath.Join(dir, "nowhere"), Key: key}, "nowhere"},
		"an authority that is not": {TLS{Cert: cert, Key: key, ClientCA: key}, "no certificate"},
	} {
		s, err := Listen(Config{HTTPAddr: "127.0.0.1:0", TLS: c.tls})
		if err == nil {
			s.Close()
			t.Errorf("%s: it listens", name)
		} else if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want it to say %q", name, err, c.says)
		}
	}
}
