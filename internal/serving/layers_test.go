package serving

import (
	"context"
	"log/slog"
	"os"
	"path"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/tinymodel"
	"github.com/crossrank/crossrank/local"
)

// layerModel is a model that records which packages a request came through.
type layerModel struct {
	Model
	layers chan []string
}

func (m layerModel) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	m.layers <- callers()
	return m.Model.Score(ctx, req)
}

// TestLayersOfARequest holds the diagram in ARCHITECTURE.md against the calls that requests make:
// from either edge down to the model, each package in the order that the diagram shows.
func TestLayersOfARequest(t *testing.T) {
	page, err := os.ReadFile(path.Join("..", "..", "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	settings := config.Default()
	settings.Server.GRPCAddr, settings.Server.HTTPAddr = "127.0.0.1:0", "127.0.0.1:0"
	settings.Server.OTLPEndpoint = "http://127.0.0.1:1" // a collector that is away; traces are on
	s, err := Listen(settings, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	dir := t.TempDir()
	if err := tinymodel.Write(dir); err != nil {
		t.Fatal(err)
	}
	opened, err := local.Open(dir, local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	model := layerModel{opened, make(chan []string, 1)}
	s.router = newRouter(t, "v1", model)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	defer func() {
		cancel()
		<-ended
	}()
	for edge, target := range map[string]string{"httpapi": "http://" + s.HTTPAddr(), "grpcapi": "grpc://" + s.GRPCAddr()} {
		want := append([]string{edge}, drawnLayers(t, string(page))...)
		c, err := client.Dial(target, client.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Score(t.Context(), &crossrank.Request{Pairs: make([]crossrank.Pair, 1)}); err != nil {
			t.Fatal(err)
		}
		got := <-model.layers
		if i := slices.Index(got, edge); i < 0 || !slices.Equal(got[i:], want) {
			t.Errorf("%s: a request went through %v, ARCHITECTURE.md draws %v", edge, got, want)
		}
		c.Close()
	}
}

// drawnLayers are the packages that the diagram shows between the edges and the model.
func drawnLayers(t *testing.T, page string) (layers []string) {
	t.Helper()
	_, rest, ok := strings.Cut(page, "httpapi        grpcapi")
	diagram, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("ARCHITECTURE.md has no diagram that begins with httpapi and grpcapi")
	}
	for _, m := range regexp.MustCompile(`(?m)^ +│ (\w+)`).FindAllStringSubmatch(diagram, -1) {
		if m[1] == "local" { // the model, which is called last
			break
		}
		layers = append(layers, m[1])
	}
	return layers
}

// callers are the packages of this module on the stack of the calling method, the outermost first,
// without this test's own.
func callers() (packages []string) {
	pcs := make([]uintptr, 200)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		if name, ok := strings.CutPrefix(f.Function, "github.com/crossrank/crossrank/internal/"); ok {
			name, _, _ = strings.Cut(name, ".")
			packages = append(packages, name)
		}
		if !more {
			break
		}
	}
	slices.Reverse(packages)
	return slices.Compact(packages)
}
