package checkpoint

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/network"
)

// jina is the family of jina-reranker-v2, which names the class of XLM-RoBERTa and brings Python
// code of its own for it (auto_map). That code is never run; the network is known by the class of
// its configuration.
var jina = family{
	name:      "Jina XLM-RoBERTa",
	class:     "XLMRobertaForSequenceClassification",
	config:    "XLMRobertaFlashConfig",
	modelType: "xlm-roberta",
	base:      "roberta.",
	unused:    []string{"lm_head.", "pooler."},
	translate: translateJina,
}

// translateJina describes RoBERTa's network under other names of tensors, with queries, keys and
// values in one. The keys of config.json are RoBERTa's; what the code has beyond them is refused:
// rotary positions, adapters, and a last layer that attends in another way.
func translateJina(o *object, labels int) *translation {
	for _, key := range []string{"last_layer_subset", "lora_adaptations", "load_trained_adapters"} {
		o.refuse(key)
	}
	c, offset := readRoberta(o, labels)
	if o.err != nil {
		return nil
	}
	n, types := c.roberta(offset)
	var s slots
	s.robertaEmbeddings(&n.Embeddings, types, "emb_ln")
	for i := range n.Blocks {
		c.jinaBlock(&s, fmt.Sprintf("encoder.layers.%d.", i), &n.Blocks[i])
	}
	s.top = true
	c.head(&s, "classifier.dense", "classifier.out_proj", &n.Head)
	return &translation{network: n, positions: n.MaxTokens(), slots: s.list}
}

func (c encoder) jinaBlock(s *slots, at string, b *network.Block) {
	b.AttentionNorm, b.FeedForwardNorm = &network.Norm{Eps: c.NormEps}, &network.Norm{Eps: c.NormEps}
	s.fused(at+"mixer.Wqkv", c.Hidden, true, part{c.Hidden, &b.Query}, part{c.Hidden, &b.Key}, part{c.Hidden, &b.Value})
	s.linear(at+"mixer.out_proj", c.Hidden, c.Hidden, &b.AttentionOutput)
	s.norm(at+"norm1", c.Hidden, b.AttentionNorm)
	s.linear(at+"mlp.fc1", c.Hidden, c.Intermediate, &b.Up)
	s.linear(at+"mlp.fc2", c.Intermediate, c.Hidden, &b.Down)
	s.norm(at+"norm2", c.Hidden, b.FeedForwardNorm)
}
