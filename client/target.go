package client

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// target is a parsed target.
type target struct {
	scheme string   // grpc, grpcs, http, https, dns or xds
	hosts  []string // host:port each; several only of grpc and grpcs
}

func (t target) http() bool   { return t.scheme == "http" || t.scheme == "https" }
func (t target) secure() bool { return t.scheme == "grpcs" || t.scheme == "https" }

// schemes are those that Dial accepts.
var schemes = []string{"grpc", "grpcs", "http", "https", "dns", "xds"}

// parseTarget parses a target.
func parseTarget(text string) (target, error) {
	wrong := func(why string) (target, error) {
		return target{}, fmt.Errorf("target %q %s; give grpc://host:port or http://host:port, "+
			"with an s for TLS, dns:///host:port, or xds:///name", text, why)
	}
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		return wrong("has no scheme")
	}
	if !slices.Contains(schemes, scheme) {
		return wrong("has an unknown scheme")
	}
	t := target{scheme: scheme}
	if scheme == "dns" || scheme == "xds" {
		rest, found = strings.CutPrefix(rest, "/")
		if !found {
			return wrong("names a " + strings.ToUpper(scheme) + " server, which cannot be chosen")
		}
	}
	if scheme == "xds" {
		if rest == "" {
			return wrong("has no name")
		}
		t.hosts = []string{rest} // a name of the control plane's, not an address
		return t, nil
	}
	if t.http() || scheme == "dns" || !strings.Contains(rest, ",") {
		t.hosts = []string{rest}
	} else {
		t.hosts = strings.Split(rest, ",")
	}
	for i, host := range t.hosts {
		address, why := parseHost(host)
		if why != "" {
			return wrong(why)
		}
		t.hosts[i] = address
	}
	return t, nil
}

// parseHost returns the host:port after a scheme, or says why it is invalid.
func parseHost(text string) (address, why string) {
	u, err := url.Parse("x://" + text)
	if err != nil {
		return "", "is not an address"
	}
	host, port, err := net.SplitHostPort(u.Host)
	switch {
	case err != nil || port == "":
		return "", "has no port"
	case host == "":
		return "", "has no host"
	case u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return "", "has more than a host and a port"
	}
	return u.Host, ""
}
