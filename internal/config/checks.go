package config

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
)

// Checks are what the tag check names in the settings of a server and of an experiment. Each
// returns what is wrong with a text, or nothing.
var Checks = map[string]func(text string) string{
	"filename": checkFileName,
	"address":  checkAddress,
	"endpoint": checkEndpoint,
	"digest":   checkDigest,
}

var fileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)

func checkFileName(text string) string {
	if fileName.MatchString(text) {
		return ""
	}
	return fmt.Sprintf("is %q; files are named after it, so it is up to 100 letters, digits, _, - and ., and begins with a letter or digit", text)
}

func checkAddress(text string) string {
	if text == "" {
		return ""
	}
	if _, port, err := net.SplitHostPort(text); err != nil || port == "" {
		return fmt.Sprintf("is %q, which is not host:port, such as 127.0.0.1:8080; an empty address turns the listener off", text)
	}
	return ""
}

func checkEndpoint(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "is not the URL of a collector, such as http://127.0.0.1:4317, or https:// for TLS"
	}
	return ""
}

var digest = regexp.MustCompile(`^(sha256:)?[0-9a-fA-F]{64}$`)

func checkDigest(text string) string {
	if digest.MatchString(text) {
		return ""
	}
	return "is not the SHA-256 of a key, 64 hexadecimal digits; make it with crossrank config hash-key"
}
