package checkpoint

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBuckets compares the buckets of all distances with those that PyTorch computes in float32.
func TestBuckets(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "families", "buckets.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tables []struct {
		Buckets, Most int
		First, Bucket []int // the first distance of each bucket
	}
	if err := json.Unmarshal(data, &tables); err != nil || len(tables) == 0 {
		t.Fatalf("got %d tables, error %v", len(tables), err)
	}
	for _, table := range tables {
		r := relativePositions{buckets: table.Buckets, most: table.Most, positions: table.Most}
		at := -1
		for distance := 1; distance < table.Most; distance++ {
			if at+1 < len(table.First) && table.First[at+1] == distance {
				at++
			}
			if got, back := r.bucket(distance), r.bucket(-distance); got != table.Bucket[at] || back != -got {
				t.Fatalf("%d buckets for %d positions: distances ±%d are in buckets %d and %d, want ±%d",
					table.Buckets, table.Most, distance, got, back, table.Bucket[at])
			}
		}
	}
}

const debertaConfig = `{"architectures": ["DebertaV2ForSequenceClassification"], "model_type": "deberta-v2", "hidden_size": 6,
	"num_hidden_layers": 1, "num_attention_heads": 3, "intermediate_size": 10, "vocab_size": 12, "id2label": {"0": "LABEL_0"},
	"max_position_embeddings": 9, "type_vocab_size": 0, "relative_attention": true, "pos_att_type": ["p2c", "c2p"],
	"position_buckets": 4, "norm_rel_ebd": "layer_norm", "share_att_key": true, "position_biased_input": false`

func TestHostileDeBERTa(t *testing.T) {
	for _, c := range []struct{ key, value string }{
		{"conv_kernel_size", "3"},
		{"conv_kernel_size", `"3"`},
		{"embedding_size", "0"},
		{"pooler_hidden_size", "12"},
		{"attention_head_size", "4"},
		{"pooler_hidden_act", `"mish"`},
		{"pos_att_type", `["p2p"]`},
		{"pos_att_type", `"c2p|x"`},
		{"pos_att_type", "[1]"},
		{"position_buckets", "1"},
		{"position_buckets", "99999999999"},
		{"max_relative_positions", "3"},
		{"max_relative_positions", "1.5"},
		{"relative_attention", "1"},
		{"share_att_key", `"yes"`},
		{"norm_rel_ebd", "true"},
		{"position_biased_input", "0"},
		{"id2label", `{"0": "contradiction", "1": "entailment", "2": "neutral"}`},
		{"num_attention_heads", "4"},
		{"position_embedding_type", `"relative_key"`},
	} {
		_, err := parseConfig([]byte(withMember(debertaConfig, c.key, c.value)))
		if err == nil || !strings.HasPrefix(err.Error(), "config.json:") || !strings.Contains(err.Error(), c.key) &&
			!(c.key == "max_relative_positions" && strings.Contains(err.Error(), "position_buckets")) {
			t.Errorf("%s %s: got %v, want an error about it", c.key, c.value, err)
		}
	}
}

// withMember closes a config that lacks its last brace, with a member set or replaced.
func withMember(config, key, value string) string {
	config = strings.Replace(config, `"`+key+`": `, `"unused_`+key+`": `, 1)
	return config + `, "` + key + `": ` + value + "}"
}

// TestDeBERTaDescriptions: keys that change the result change the description.
func TestDeBERTaDescriptions(t *testing.T) {
	read := func(key, value string) *translation {
		c, err := parseConfig([]byte(withMember(debertaConfig, key, value)))
		if err != nil {
			t.Fatalf("%s %s: %v", key, value, err)
		}
		return &c.translation
	}
	base := read("use_cache", "true").network
	if base.Relative == nil || base.Relative.Norm == nil || base.Embeddings.Positions != nil || base.Embeddings.Types != nil ||
		base.Blocks[0].PositionKey != &base.Blocks[0].Key || base.Blocks[0].PositionQuery != &base.Blocks[0].Query {
		t.Fatalf("got %+v", base)
	}
	if n := read("share_att_key", "false").network; n.Blocks[0].PositionKey == &n.Blocks[0].Key {
		t.Error("projections of positions of their own: they are those of contents")
	}
	if n := read("position_biased_input", "true").network; n.Embeddings.Positions == nil {
		t.Error("position_biased_input: there are no position embeddings")
	}
	if n := read("type_vocab_size", "2").network; n.Embeddings.Types == nil {
		t.Error("type_vocab_size 2: there are no types")
	}
	if e := read("embedding_size", "4").network.Embeddings; e.Tokens.Width != 4 || e.Projection.Out != 6 || e.Projection.Bias != nil || !e.ProjectFirst {
		t.Errorf("embedding_size 4: got %+v", e)
	}
	if e := read("embedding_size", "6").network.Embeddings; e.Projection != nil || e.ProjectFirst {
		t.Errorf("embedding_size 6: got %+v", e)
	}
	if n := read("norm_rel_ebd", `"none"`).network; n.Relative.Norm != nil {
		t.Error("norm_rel_ebd none: there is a norm")
	}
	if n := read("relative_attention", "false").network; n.Relative != nil || n.AttentionScale != base.AttentionScale {
		t.Error("relative_attention false: there are relative positions, or another scale")
	}
	if n := read("pos_att_type", `"c2p"`).network; n.Relative.PositionToContent || n.Blocks[0].PositionQuery != nil ||
		n.AttentionScale == base.AttentionScale {
		t.Error("pos_att_type c2p: positions attend to contents, or the scale stayed")
	}
	if n := read("position_buckets", "-1").network; n.Relative.Table.Rows != 18 {
		t.Errorf("no buckets: the table has %d rows, want 18", n.Relative.Table.Rows)
	}
}
