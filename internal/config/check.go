package config

import (
	"fmt"
	"net"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// wrong says what is wrong with a value of the right type that its field's tags do not allow, or nothing.
func wrong(v reflect.Value, tag reflect.StructTag) string {
	switch v.Kind() {
	case reflect.String:
		if names := tag.Get("oneof"); names != "" {
			return notOneOf(v.String(), strings.Split(names, ","))
		}
		return wrongText(v.String(), tag.Get("check"))
	case reflect.Int, reflect.Int64:
		if v.Type() == reflect.TypeFor[Duration]() {
			if v.Int() <= 0 {
				return "must be longer than 0"
			}
			return ""
		}
		return outOfRange(float64(v.Int()), tag)
	case reflect.Float64:
		return outOfRange(v.Float(), tag)
	}
	return ""
}

func notOneOf(value string, known []string) string {
	if slices.Contains(known, value) {
		return ""
	}
	msg := fmt.Sprintf("is %q, which is not one of %s", value, strings.Join(known, ", "))
	if near := nearest(value, known); near != "" {
		msg += fmt.Sprintf("; did you mean %s?", near)
	}
	return msg
}

var digest = regexp.MustCompile(`^(sha256:)?[0-9a-fA-F]{64}$`)

var fileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)

func wrongText(value, check string) string {
	switch check {
	case "":
	case "filled":
		if strings.TrimSpace(value) == "" {
			return "is empty; give it a value or leave the key out"
		}
	case "filename":
		if !fileName.MatchString(value) {
			return fmt.Sprintf("is %q; files are named after it, so it is up to 100 letters, digits, _, - and ., and begins with a letter or digit", value)
		}
	case "address":
		if value == "" {
			return ""
		}
		if _, port, err := net.SplitHostPort(value); err != nil || port == "" {
			return fmt.Sprintf("is %q, which is not host:port, such as 127.0.0.1:8080; leave the text empty to not listen", value)
		}
	case "endpoint":
		u, err := url.Parse(value)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return "is not the URL of a collector, such as http://127.0.0.1:4317, or https:// for TLS"
		}
	case "digest":
		if !digest.MatchString(value) {
			return "is not the SHA-256 of a key, 64 hexadecimal digits; make it with crossrank config hash-key"
		}
	default:
		panic("config: a field of Settings has an unknown check: " + check)
	}
	return ""
}

func outOfRange(x float64, tag reflect.StructTag) string {
	if s := tag.Get("min"); s != "" && x < number(s) {
		return fmt.Sprintf("is %v, but must be at least %s", x, s)
	}
	if s := tag.Get("max"); s != "" && x > number(s) {
		return fmt.Sprintf("is %v, but must be at most %s", x, s)
	}
	return ""
}

func number(s string) float64 {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic("config: a min or max tag of Settings is not a number: " + s)
	}
	return x
}
