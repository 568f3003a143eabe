package serving

import (
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/metrics"
	"github.com/crossrank/crossrank/internal/server"
)

// TestDefaultsOfTheServer holds that the defaults of settings and of package server are the same,
// and that no setting is lost between the two.
func TestDefaultsOfTheServer(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	s := config.Default().Server
	got := serverConfig(s, log).OrDefaults()
	want := server.Config{GRPCAddr: s.GRPCAddr, HTTPAddr: s.HTTPAddr, Log: log}.OrDefaults()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("settings give %+v\nthe server's own are %+v", got, want)
	}
	for _, key := range config.Default().Keys() {
		if !strings.HasPrefix(key.Path, "server.") {
			continue
		}
		settings := config.Default()
		for _, text := range []string{"true", "192.0.2.1:7", "http://192.0.2.1:7", "7777", "7s", someDigest} {
			if err := settings.Set(key.Path, text, "x"); err == nil {
				break
			}
		}
		if settings.Origin(key.Path) != "x" {
			t.Errorf("no value for %s", key.Path)
		}
		remembers := recorderOptions(settings.Server, metrics.Gauges{}).History
		if reflect.DeepEqual(serverConfig(settings.Server, log).OrDefaults(), got) && remembers == metrics.DefaultHistory {
			t.Errorf("%s changes nothing", key.Path)
		}
	}
}

const someDigest = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
