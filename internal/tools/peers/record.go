package main

import (
	"fmt"
	"time"

	"github.com/crossrank/crossrank/internal/machine"
	"github.com/crossrank/crossrank/internal/tools/docgen"
)

// record is a line of the results file: one of its parts is set.
type record struct {
	Setup       *setup       `json:"setup,omitempty"`
	Quality     *agreement   `json:"quality,omitempty"`
	Measurement *measurement `json:"measurement,omitempty"`
}

// setup says how the run was made. It is the first line.
type setup struct {
	Began     time.Time       `json:"began"`
	Machine   machine.Machine `json:"machine"`
	Tier      string          `json:"tier"` // the instructions that crossrank uses
	Crossrank string          `json:"crossrank"`
	Peer      string          `json:"peer"`
	Node      string          `json:"node"`
	Weights   string          `json:"weights"`
	Shape     string          `json:"shape,omitempty"` // of a family's model: layers × width
	Data      string          `json:"data"`
	DataHash  string          `json:"data_hash"`
	Rounds    int             `json:"rounds"`
	Requests  int             `json:"requests"`
	Singles   int             `json:"singles"`
	Warmup    int             `json:"warmup"`
}

// agreement compares logits of the same pairs.
type agreement struct {
	Pairs      int       `json:"pairs"`
	FP32MaxAbs float64   `json:"fp32_max_abs"` // between the engines
	Ours       closeness `json:"crossrank_int8"`
	Peers      closeness `json:"peer_int8"`
}

// closeness is how near logits are to the peer's fp32.
type closeness struct {
	MaxAbs  float64 `json:"max_abs"`
	MeanAbs float64 `json:"mean_abs"`
	Rank    float64 `json:"rank_correlation"`
}

// job is what is measured.
type job struct {
	Precision string `json:"precision"`
	Threads   int    `json:"threads"`
	Batch     int    `json:"batch"`
	Order     string `json:"order"` // as-is or sorted
}

// measurement is one process of one engine.
type measurement struct {
	Round  int    `json:"round"`
	Engine string `json:"engine"`
	job
	Pairs          int     `json:"pairs"`
	MeanTokens     float64 `json:"mean_tokens"`
	PairsPerSecond float64 `json:"pairs_per_s"`
	P50            float64 `json:"p50_ms"`
	Padding        float64 `json:"padding_waste_pct"` // that the requests have for an engine that pads
	footing
}

// footing is what crossrank says of its start and its memory; the peer reports neither.
type footing struct {
	FirstScore  float64 `json:"first_score_ms,omitempty"` // from the weights on disk
	Weights     int64   `json:"weights_bytes,omitempty"`
	ResidentEnd int64   `json:"resident_end_bytes,omitempty"`
}

// The names of the engines.
const (
	us   = "crossrank"
	peer = "onnxruntime"
)

// precisions are those that both engines are measured in.
var precisions = []string{"fp32", "int8"}

func readResults(name string) ([]record, error) {
	records, err := docgen.ReadRecords[record](name)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 || records[0].Setup == nil {
		return nil, fmt.Errorf("%s: its first line does not say how it was measured", name)
	}
	return records, nil
}
