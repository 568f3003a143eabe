package importtest

import "strings"

// row is one package: what of this module, and which other modules, it may import.
type row struct {
	name     string   // relative to the module; "." is the root package
	imports  []string // packages of this module
	any      bool     // every package of this module, and those are not listed
	external []string // other modules, or parts of them
	tests    []string // packages that its tests may import besides what they always may
}

// cell is how ARCHITECTURE.md shows the row's imports.
func (r row) cell() string {
	switch {
	case r.any:
		return "any"
	case len(r.imports) == 0:
		return "–"
	}
	return "`" + strings.Join(r.imports, "`, `") + "`"
}

// testHelpers exist for tests alone; every test may import them, and the root package.
var testHelpers = []string{".", "internal/childtest", "internal/guard", "internal/hubtest", "internal/material", "internal/resultstest", "internal/scorertest", "internal/tinymodel"}

const (
	grpc  = "google.golang.org/grpc"
	dns   = "golang.org/x/net/dns/dnsmessage"           // messages of DNS
	rpc   = "google.golang.org/genproto/googleapis/rpc" // details of gRPC errors
	proto = "google.golang.org/protobuf"
	text  = "golang.org/x/text"
	sys   = "golang.org/x/sys"
	term  = "golang.org/x/term"
	yaml  = "go.yaml.in/yaml/v3"
	cobra = "github.com/spf13/cobra"
	pflag = "github.com/spf13/pflag" // the flags of cobra

	chromedp   = "github.com/chromedp"                         // drives a browser
	compress   = "github.com/klauspost/compress"               // gzip and Zstandard
	jsontext   = "github.com/go-json-experiment/json/jsontext" // strict JSON, in parts
	parquet    = "github.com/parquet-go/parquet-go"            // files of typed columns
	minio      = "github.com/minio/minio-go/v7"                // S3
	nats       = "github.com/nats-io"                          // queues: the client and the server
	renameio   = "github.com/google/renameio"                  // replaces a file in one step
	purego     = "github.com/ebitengine/purego"                // calls C functions without cgo
	otel       = "go.opentelemetry.io"                         // its API, its SDK, its exporter and its wire messages
	prometheus = "github.com/prometheus"                       // its client and the messages that it exposes
)

// table is the stack, from the bottom to the top.
var table = []row{
	// Words and file formats.
	{name: "."},
	{name: "proto/crossrank/v1", external: []string{grpc, proto}},
	{name: "proto/inference", external: []string{grpc, proto}},
	{name: "internal/defaults"},
	{name: "internal/keypath"},
	{name: "internal/strictyaml", imports: []string{"internal/keypath"}, external: []string{yaml}},
	{name: "internal/dynlib", external: []string{purego}},
	{name: "internal/backend/catalog", imports: []string{"internal/dynlib"}},
	{name: "internal/config", imports: []string{"internal/backend/catalog", "internal/defaults", "internal/keypath", "internal/strictyaml"}},
	{name: "internal/definition", imports: []string{"internal/config", "internal/keypath", "internal/strictyaml"}},
	{name: "internal/importer", imports: []string{"internal/backend/catalog", "internal/definition", "internal/keypath", "internal/strictyaml"}},
	{name: "experiments"},
	{name: "internal/cpu", external: []string{sys}},
	{name: "internal/topology"},
	{name: "internal/machine", imports: []string{"internal/topology"}},
	{name: "internal/half"},
	{name: "internal/safetensors", imports: []string{"internal/half"}},
	{name: "internal/network", imports: []string{"internal/half"}},
	{name: "internal/network/sample", imports: []string{"internal/network"}},
	{name: "internal/tokenizer", external: []string{text}},
	{name: "internal/state"},
	{name: "internal/gpustat", imports: []string{"internal/dynlib", "internal/state"}},
	{name: "internal/fairqueue"},
	{name: "internal/batch", imports: []string{"internal/fairqueue", "internal/state"}},
	{name: "internal/cache", imports: []string{"internal/state"}},
	{name: "internal/stats"},
	{name: "internal/procstat"},
	{name: "internal/outfile", external: []string{renameio}},
	{name: "internal/dataset", imports: []string{".", "internal/stats"}},
	{name: "internal/rows", imports: []string{"internal/dataset"}, external: []string{compress, jsontext, parquet}},
	{name: "internal/storage", imports: []string{"internal/outfile"}, external: []string{minio}},
	{name: "internal/job", imports: []string{".", "internal/rows", "internal/storage"}},
	{name: "internal/queue", external: []string{nats}, tests: []string{"internal/faultproxy"}},
	{name: "internal/scoring", imports: []string{".", "internal/outfile", "internal/rows"}},
	{name: "internal/results", imports: []string{".", "internal/keypath", "internal/outfile", "internal/state"}},

	// A model and its mathematics.
	{
		name:     "internal/checkpoint",
		imports:  []string{"internal/half", "internal/network", "internal/safetensors", "internal/tokenizer"},
		external: []string{jsontext, proto},
		tests:    []string{"internal/procstat"},
	},
	{name: "internal/hub", imports: []string{"internal/checkpoint"}, external: []string{sys}},
	{name: "internal/kernel", imports: []string{"internal/cpu", "internal/half"}},
	{name: "internal/native", imports: []string{"internal/cpu", "internal/half", "internal/kernel", "internal/network", "internal/state"}, external: []string{sys}, tests: []string{"internal/checkpoint", "internal/network/sample"}},
	{name: "internal/webgpu", imports: []string{"internal/dynlib", "internal/half", "internal/network", "internal/outfile"}, tests: []string{"internal/checkpoint", "internal/cpu", "internal/native", "internal/network/sample"}},
	{name: "internal/onnx", imports: []string{"internal/dynlib", "internal/half", "internal/network"}, external: []string{proto}, tests: []string{"internal/checkpoint", "internal/network/sample"}},
	{name: "internal/parity", imports: []string{"internal/cpu", "internal/native", "internal/network"}, tests: []string{"internal/network/sample"}},
	{name: "internal/backend", imports: []string{"internal/backend/catalog", "internal/cpu", "internal/dynlib", "internal/gpustat", "internal/half", "internal/native", "internal/network", "internal/network/sample", "internal/onnx", "internal/parity", "internal/state", "internal/webgpu"}},
	{name: "internal/pool", imports: []string{"internal/batch", "internal/fairqueue", "internal/network", "internal/state"}},
	{
		name: "internal/pipeline",
		imports: []string{".", "internal/batch", "internal/cache", "internal/fairqueue", "internal/network", "internal/pool",
			"internal/state", "internal/tokenizer"},
	},
	{
		name: "local",
		imports: []string{".", "internal/backend", "internal/backend/catalog", "internal/batch", "internal/checkpoint",
			"internal/dataset", "internal/hub", "internal/network", "internal/parity", "internal/pipeline", "internal/pool", "internal/state", "internal/topology"},
		tests: []string{"internal/procstat"},
	},

	// The edges of a server, and those who call it.
	{name: "internal/metrics", imports: []string{".", "internal/defaults", "internal/procstat", "internal/state", "internal/stats"}, external: []string{prometheus}},
	{name: "internal/dashboard", imports: []string{".", "internal/metrics", "internal/state", "internal/stats"}},
	{name: "internal/edge", imports: []string{".", "internal/defaults"}},
	{
		name:     "internal/grpcapi",
		imports:  []string{".", "internal/edge", "proto/crossrank/v1", "proto/inference"},
		external: []string{grpc, proto, rpc},
	},
	{
		name:     "internal/httpapi",
		imports:  []string{".", "internal/defaults", "internal/edge"},
		external: []string{jsontext},
		tests:    []string{"internal/tools/docgen"}, // the table of clients in docs/api.md
	},
	{name: "internal/trace", imports: []string{"."}, external: []string{grpc, otel}},
	{name: "internal/framewatch", external: []string{grpc}},
	{
		name: "internal/server",
		imports: []string{".", "internal/dashboard", "internal/defaults", "internal/edge", "internal/framewatch", "internal/grpcapi",
			"internal/httpapi", "internal/metrics", "internal/state", "internal/trace"},
		external: []string{grpc},
		tests:    []string{"client"},
	},
	{
		name: "internal/serving",
		imports: []string{".", "internal/batch", "internal/config", "internal/edge", "internal/gpustat", "internal/httpapi", "internal/metrics",
			"internal/server", "internal/state", "internal/topology", "local"},
		tests: []string{"client"},
	},
	{name: "client", imports: []string{".", "proto/crossrank/v1", "proto/inference"}, external: []string{grpc, rpc}},

	// What measures; it cannot reach what it measures.
	{name: "internal/load", imports: []string{".", "internal/procstat", "internal/results"}, external: []string{sys}},
	{name: "internal/quality", imports: []string{".", "client", "internal/dataset", "internal/results", "internal/stats"}},
	{name: "internal/serverproc", imports: []string{"internal/procstat"}},
	{
		name: "internal/experiment",
		imports: []string{".", "client", "internal/config", "internal/dataset", "internal/definition", "internal/load", "internal/machine", "internal/quality",
			"internal/results", "internal/serverproc", "internal/stats"},
		tests: []string{"proto/crossrank/v1"},
	},
	{name: "internal/summary", imports: []string{"internal/results", "internal/stats"}},
	{name: "internal/markdown"},
	{name: "internal/chart"},
	{
		name:    "internal/compare",
		imports: []string{"internal/keypath", "internal/markdown", "internal/results", "internal/stats", "internal/summary"},
	},
	{
		name: "internal/report",
		imports: []string{"internal/chart", "internal/compare", "internal/markdown", "internal/results", "internal/stats",
			"internal/summary"},
		tests: []string{"internal/browser"},
	},

	// Tests' helpers, tools, and the program.
	{name: "internal/scorertest", imports: []string{"."}},
	{name: "internal/resultstest", imports: []string{".", "internal/results"}},
	{name: "internal/tinymodel"},
	{name: "internal/hubtest"},
	{name: "internal/childtest"},
	{name: "internal/browser", external: []string{chromedp}},
	{name: "internal/material"},
	{name: "internal/guard", external: []string{sys}},
	{name: "internal/faultproxy"},
	{name: "internal/netns"},
	{name: "internal/importtest"},
	{
		name:    "internal/tools/screenshot",
		imports: []string{"internal/browser", "internal/experiment", "internal/outfile"},
		tests:   []string{"internal/tinymodel"},
	},
	{name: "internal/tools/vocabtrainer", imports: []string{"internal/outfile"}, external: []string{text}},
	{name: "internal/tools/docgen", imports: []string{"internal/outfile"}},
	{
		name: "internal/tools/families",
		imports: []string{"internal/checkpoint", "internal/cpu", "internal/machine", "internal/native", "internal/network", "internal/stats",
			"internal/tools/docgen"},
	},
	{
		name: "internal/tools/peers",
		imports: []string{".", "internal/dataset", "internal/machine", "internal/outfile", "internal/quality", "internal/stats",
			"internal/tools/docgen"},
	},
	{
		name: "internal/tools/reliability",
		imports: []string{".", "client", "internal/dataset", "internal/faultproxy", "internal/load", "internal/machine",
			"internal/netns", "internal/results", "internal/serverproc", "internal/stats", "internal/tools/docgen"},
		external: []string{grpc, dns, sys},
		tests:    []string{"internal/config", "internal/serving"},
	},
	{
		name: "internal/tools/jobchaos",
		imports: []string{".", "internal/faultproxy", "internal/job", "internal/machine", "internal/netns", "internal/outfile", "internal/procstat", "internal/queue",
			"internal/tinymodel", "internal/tools/docgen"},
	},
	{name: "examples/rag", imports: []string{".", "client", "local"}},
	{name: "cmd/crossrank", any: true, external: []string{cobra, pflag, term}},
}
