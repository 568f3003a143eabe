package serving

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/tinymodel"
	"github.com/crossrank/crossrank/local"
)

// wrongModel is a model whose kernels compute something else than plain Go.
type wrongModel struct{ Model }

func (wrongModel) Verify() (local.Verification, error) {
	v := local.Verification{Tier: "avx2", Precision: "fp32", Largest: 3, Limit: 1e-3, Blocks: 6, AllBlocks: 6}
	return v, errors.New("verifying model m: a logit differs")
}

// TestWrongModelIsNeverReady serves a model that fails its check: health says so over both
// protocols, no score is given, the log has the reason, and so has the end of the server.
func TestWrongModelIsNeverReady(t *testing.T) {
	var lines bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&lines, nil))
	settings := config.Default()
	settings.Server.GRPCAddr, settings.Server.HTTPAddr = "127.0.0.1:0", "127.0.0.1:0"
	srv, err := Listen(settings, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	dir := filepath.Join(t.TempDir(), "m")
	if err := errors.Join(os.Mkdir(dir, 0o755), tinymodel.Write(dir)); err != nil {
		t.Fatal(err)
	}
	opened, err := local.Open(dir, local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	srv.router = newRouter(t, "v1", wrongModel{opened})
	srv.fault = srv.router.verify(log)
	if got := lines.String(); !strings.Contains(got, `"msg":"the server is not ready","model":"m","tier":"avx2","precision":"fp32"`) {
		t.Errorf("got the log\n%s", got)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- srv.Run(ctx) }()

	for path, want := range map[string]int{"/livez": 200, "/readyz": 503, "/health": 503, "/metrics": 200} {
		if status, body := ask(t, "http://"+srv.HTTPAddr()+path, ""); status != want {
			t.Errorf("%s: got %d and %s, want %d", path, status, body, want)
		}
	}
	status, body := ask(t, "http://"+srv.HTTPAddr()+"/rerank", `{"query": "a", "texts": ["b"]}`)
	if status != 503 || !strings.Contains(body, "its log has the details") {
		t.Errorf("got %d and %s, want 503", status, body)
	}
	conn, err := grpc.NewClient(srv.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, service := range []string{"", "m", "crossrank.v1.RerankService"} {
		health, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
		if err != nil || health.Status != healthpb.HealthCheckResponse_NOT_SERVING {
			t.Errorf("health of %q: got %v, %v, want NOT_SERVING", service, health, err)
		}
	}
	stop()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "verifying model m") {
		t.Errorf("at the end: got %v, want the fault", err)
	}
}

// TestVerify logs what was compared, and that a network is too large for it.
func TestVerify(t *testing.T) {
	for _, c := range []struct {
		v    local.Verification
		want string
	}{
		{local.Verification{Tier: "avx2", Largest: 1e-6, Limit: 1e-3, Blocks: 3, AllBlocks: 12}, `"blocks":"3 of 12"`},
		{local.Verification{Tier: "avx2", AllBlocks: 36}, "not verified at the start"},
	} {
		var lines bytes.Buffer
		logVerified(slog.New(slog.NewJSONHandler(&lines, nil)), c.v, 0)
		if !strings.Contains(lines.String(), c.want) {
			t.Errorf("got %s, want %s", lines.String(), c.want)
		}
	}
}
