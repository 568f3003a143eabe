package metrics

import (
	"reflect"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/state"
)

// TestNothingIsLost gives every number that the core reports a different value, and looks for each
// among the metrics.
func TestNothingIsLost(t *testing.T) {
	next := int64(1000)
	var queue state.Queue
	var batches state.Batches
	var cache state.Cache
	var prefixes state.Prefixes
	var cascade state.Cascade
	device := state.Device{Timed: true}
	instance := state.Instance{Name: "0", State: "ready"}
	want := map[string]float64{}
	for _, v := range []any{&queue, &batches, &cache, &prefixes, &cascade, &device, &instance} {
		fill(reflect.ValueOf(v).Elem(), &next, want)
	}
	r := New(Options{Gauges: Gauges{
		Queue:     func() state.Queue { return queue },
		Batches:   func() state.Batches { return batches },
		Cache:     func() state.Cache { return cache },
		Prefixes:  func() state.Prefixes { return prefixes },
		Cascade:   func() state.Cascade { return cascade },
		Device:    func() *state.Device { return &device },
		Instances: func() []state.Instance { return []state.Instance{instance} },
	}})
	reg := prometheus.NewRegistry()
	reg.MustRegister(&collector{r, Served{
		Info:  func() crossrank.Info { return crossrank.Info{} },
		Ready: func() bool { return true },
	}, readHost})
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[float64]bool{}
	for _, f := range families {
		for _, m := range f.Metric {
			for _, x := range values(m) {
				found[x] = true
			}
		}
	}
	delete(want, "Batches.Runs") // the count of two histograms, which add it up from their buckets
	for field, x := range want {
		if !found[x] {
			t.Errorf("%s, which is %v, is not among the metrics", field, x)
		}
	}
}

// fill sets each number of a struct to a different value, and notes the value that Prometheus has.
func fill(v reflect.Value, next *int64, want map[string]float64) {
	for i := range v.NumField() {
		field, name := v.Field(i), v.Type().Name()+"."+v.Type().Field(i).Name
		*next++
		switch {
		case field.Type() == reflect.TypeFor[time.Duration]():
			field.Set(reflect.ValueOf(time.Duration(*next) * time.Second))
		case field.CanInt():
			field.SetInt(*next)
		case field.CanFloat():
			field.SetFloat(float64(*next))
		case field.Kind() == reflect.Array:
			field.Index(3).SetInt(*next)
		default:
			continue // a name
		}
		want[name] = float64(*next)
	}
}

func values(m *dto.Metric) []float64 {
	switch {
	case m.Gauge != nil:
		return []float64{m.Gauge.GetValue()}
	case m.Counter != nil:
		return []float64{m.Counter.GetValue()}
	case m.Histogram != nil:
		return []float64{float64(m.Histogram.GetSampleCount()), m.Histogram.GetSampleSum()}
	}
	return nil
}
