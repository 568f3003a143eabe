package serving

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/config"
)

// TestThreads holds what is said of threads that a machine of four cores does not have.
func TestThreads(t *testing.T) {
	for _, c := range []struct{ pool, refused, warned string }{
		{"{instances: [{}]}", "", ""},
		{"{instances: [{threads: 4}]}", "", ""},
		{"{instances: [{threads: 1, replicas: 4}]}", "", ""},
		{"{instances: [{threads: 3, replicas: 2}]}", "", "instances=2 threads=6 cores=4"},
		{"{instances: [{replicas: 5}]}", "", "instances=5 threads=5 cores=4"},
		{"{instances: [{backend: webgpu, threads: 8, replicas: 9}, {threads: 4, model: x}]}", "", ""},
		{"{instances: [{backend: onnx, device: cuda, replicas: 9}, {backend: onnx, threads: 5, model: x}]}", "", "instances=1 threads=5 cores=4"},
		{"{instances: [{threads: 4096}]}", "model_pool.instances: threads: 4096 over all instances exceed the maximum of 512 for 4 cores; use 4", ""},
		{"{instances: [{threads: 64, replicas: 3}, {threads: 400, model: x}]}", "592 over all instances", ""},
	} {
		s, err := config.Parse("f", []byte("model_pool: "+c.pool))
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		err = checkThreads(s, 4, slog.New(slog.NewTextHandler(&log, nil)))
		if c.refused == "" && err != nil || c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)) {
			t.Errorf("%s: got error %v, want %q", c.pool, err, c.refused)
		}
		if c.warned == "" && log.Len() > 0 || !strings.Contains(log.String(), c.warned) {
			t.Errorf("%s: logged %q, want %q", c.pool, &log, c.warned)
		}
	}
}
