package definition

import (
	"reflect"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/config"
)

// TestServerDefaults holds that the defaults of an experiment's servers are a server's, but for two
// that say so, whatever else the file says.
func TestServerDefaults(t *testing.T) {
	for _, text := range []string{"", "name: x", "name: x\ncache: {max_bytes: 9}"} {
		s, err := Parse("f", []byte(text))
		if err != nil || s.Cache.Coalesce || s.Batching.MaxQueueAgeMS != 600_000 {
			t.Errorf("%q: got %+v, %+v and %v", text, s.Cache, s.Batching, err)
		}
		for _, key := range []string{"cache.coalesce", "batching.max_queue_age_ms"} {
			if got := s.Origin(key); got != DefaultOrigin {
				t.Errorf("%q: %s is from %q", text, key, got)
			}
		}
	}
	s, err := Parse("f", []byte("cache: {coalesce: true}\nbatching: {max_queue_age_ms: 20000}"))
	if err != nil || !s.Cache.Coalesce || s.Batching.MaxQueueAgeMS != 20_000 || s.Origin("cache.coalesce") != "f:1" {
		t.Errorf("got %+v, %+v from %s, and %v", s.Cache, s.Batching, s.Origin("cache.coalesce"), err)
	}
	own, server := Default().Settings, config.Default()
	own.Origins = server.Origins
	own.Cache.Coalesce, own.Batching.MaxQueueAgeMS = server.Cache.Coalesce, server.Batching.MaxQueueAgeMS
	if !reflect.DeepEqual(own, server) {
		t.Errorf("got  %+v\nwant %+v", own, server)
	}
}

func TestWithData(t *testing.T) {
	if d := Default().WithData("p").Data; d.Path != "p" || d.Synthetic {
		t.Errorf("got %+v", d)
	}
}

// Every field has both names, the same ones, so that settings in a results file read as in YAML.
func TestTags(t *testing.T) {
	var check func(reflect.Type)
	check = func(typ reflect.Type) {
		for f := range typ.Fields() {
			key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if options == "inline" {
				check(f.Type)
				continue
			}
			if key == "-" {
				continue
			}
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != key || key == "" {
				t.Errorf("%s.%s: yaml %q, json %q", typ, f.Name, key, name)
			}
			ft := f.Type
			if ft.Kind() == reflect.Slice {
				ft = ft.Elem()
			}
			if ft.Kind() == reflect.Struct {
				check(ft)
			}
		}
	}
	check(reflect.TypeFor[Settings]())
}
