#!/usr/bin/env python3
"""Writes a cross-encoder of a family's shape with seeded random weights, twice over: as a Hugging
Face directory (config.json, model.safetensors), and as ONNX in fp32, so that two engines score the
same model. Tensors have the names of published checkpoints.

Debian's python3-torch and python3-onnx are enough: /usr/bin/python3 make_family.py FAMILY DIR
"""

import json
import math
import pathlib
import struct
import sys

import torch
import torch.nn.functional as F

LEAST = torch.finfo(torch.float32).min


class Model(torch.nn.Module):
    """Computes logits by a function of itself. A tensor is made when it is first asked for."""

    def __init__(self, compute, config):
        super().__init__()
        self.compute, self.c, self.names = compute, config, {}

    def forward(self, input_ids, attention_mask, token_type_ids):
        hidden = (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * LEAST
        # Every input is a part of the graph, also of families without types.
        hidden = hidden + (0 * token_type_ids[:, None, None, :]).to(torch.float32)
        return self.compute(self, self.c, input_ids, hidden, token_type_ids)

    def tensor(self, name, *shape, mean=0.0, scale=1.0):
        if name not in self.names:
            self.names[name] = name.replace(".", "__")
            self.register_parameter(self.names[name], torch.nn.Parameter(mean + scale * torch.randn(*shape)))
        return getattr(self, self.names[name])

    def table(self, name, rows, width):
        return self.tensor(name + ".weight", rows, width, scale=0.7)

    def linear(self, name, x, out, factor=1.0, bias=True):
        width = x.size(-1) if isinstance(x.size(-1), int) else int(x.size(-1))
        weight = self.tensor(name + ".weight", out, width, scale=factor / math.sqrt(width))
        return F.linear(x, weight, self.tensor(name + ".bias", out, scale=0.1) if bias else None)

    def norm(self, name, x, eps, bias=True):
        width = int(x.size(-1))
        gain = self.tensor(name + ".weight", width, mean=1.0, scale=0.1)
        shift = self.tensor(name + ".bias", width, scale=0.1) if bias else torch.zeros(width)
        return F.layer_norm(x, (width,), gain, shift, eps)


def split_heads(x, heads):
    return x.view(x.size(0), x.size(1), heads, int(x.size(2)) // heads).permute(0, 2, 1, 3)


def attention(q, k, v, hidden, scale):
    """Attention of heads that are split; hidden is added to the scaled products."""
    p = torch.softmax(torch.matmul(q, k.transpose(-1, -2)) * scale + hidden, -1)
    y = torch.matmul(p, v).permute(0, 2, 1, 3).contiguous()
    return y.view(y.size(0), y.size(1), int(y.size(2)) * int(y.size(3)))


BERT = dict(q="attention.self.query", k="attention.self.key", v="attention.self.value", o="attention.output.dense",
            n="attention.output.LayerNorm", up="intermediate.dense", down="output.dense", n2="output.LayerNorm")
DISTIL = dict(q="attention.q_lin", k="attention.k_lin", v="attention.v_lin", o="attention.out_lin",
              n="sa_layer_norm", up="ffn.lin1", down="ffn.lin2", n2="output_layer_norm")
DEBERTA = BERT | dict(q="attention.self.query_proj", k="attention.self.key_proj", v="attention.self.value_proj")
JINA = dict(o="mixer.out_proj", n="norm1", up="mlp.fc1", down="mlp.fc2", n2="norm2")


def post_norm(m, x, at, names, heads, inner, eps, hidden, relative=None):
    """A block as BERT has it, and families with other names and positions."""
    width = int(x.size(-1))
    scale = 1 / math.sqrt(width // heads)
    if "q" in names:
        q, k, v = (split_heads(m.linear(at + names[p], x, width, 1.5 if p in "qk" else 1.0), heads) for p in "qkv")
    else:
        q, k, v = (split_heads(y, heads) for y in m.linear(at + "mixer.Wqkv", x, 3 * width).split(width, -1))
    if relative:
        more, scale = relative(at, q, k)
        hidden = hidden + more * scale
    x = m.norm(at + names["n"], x + m.linear(at + names["o"], attention(q, k, v, hidden, scale), width), eps)
    y = m.linear(at + names["down"], F.gelu(m.linear(at + names["up"], x, inner)), width)
    return m.norm(at + names["n2"], x + y, eps)


def bert_like(m, c, ids, hidden, types, prefix, positions, layer="encoder.layer.", names=BERT, norm="embeddings.LayerNorm"):
    width = c.get("embedding_size", c["hidden_size"])
    e = prefix + "embeddings."
    x = m.table(e + "word_embeddings", c["vocab_size"], width)[ids]
    x = x + m.table(e + "token_type_embeddings", c["type_vocab_size"], width)[types]
    x = x + m.table(e + "position_embeddings", c["max_position_embeddings"], width)[positions]
    x = m.norm(prefix + norm, x, c["layer_norm_eps"])
    if width != c["hidden_size"]:
        x = m.linear(prefix + "embeddings_project", x, c["hidden_size"])
    for i in range(c["num_hidden_layers"]):
        x = post_norm(m, x, f"{prefix}{layer}{i}.", names, c["num_attention_heads"], c["intermediate_size"], c["layer_norm_eps"], hidden)
    return x


def places(ids):
    return torch.arange(ids.size(1))[None]


def bert(m, c, ids, hidden, types):
    x = bert_like(m, c, ids, hidden, types, "bert.", places(ids))
    return m.linear("classifier", torch.tanh(m.linear("bert.pooler.dense", x[:, 0], c["hidden_size"])), 1)


def electra(m, c, ids, hidden, types):
    x = bert_like(m, c, ids, hidden, types, "electra.", places(ids))
    return m.linear("classifier.out_proj", F.gelu(m.linear("classifier.dense", x[:, 0], c["hidden_size"])), 1)


def roberta_places(c, ids):
    real = (ids != c["pad_token_id"]).long()
    return torch.cumsum(real, 1) * real + c["pad_token_id"]


def roberta(m, c, ids, hidden, types, **other):
    x = bert_like(m, c, ids, hidden, 0 * types, "roberta.", roberta_places(c, ids), **other)
    return m.linear("classifier.out_proj", torch.tanh(m.linear("classifier.dense", x[:, 0], c["hidden_size"])), 1)


def jina(m, c, ids, hidden, types):
    return roberta(m, c, ids, hidden, types, layer="encoder.layers.", names=JINA, norm="emb_ln")


def distilbert(m, c, ids, hidden, types):
    width = c["dim"]
    e = "distilbert.embeddings."
    x = m.table(e + "word_embeddings", c["vocab_size"], width)[ids]
    x = m.norm(e + "LayerNorm", x + m.table(e + "position_embeddings", c["max_position_embeddings"], width)[places(ids)], 1e-12)
    for i in range(c["n_layers"]):
        x = post_norm(m, x, f"distilbert.transformer.layer.{i}.", DISTIL, c["n_heads"], c["hidden_dim"], 1e-12, hidden)
    return m.linear("classifier", F.relu(m.linear("pre_classifier", x[:, 0], width)), 1)


def buckets(distance, count, most):
    """The bucket of each distance: itself up to half of the buckets, and then logarithmic."""
    half = count // 2
    size = distance.abs().clamp(min=half).to(torch.float32)
    far = torch.ceil(torch.log(size / half) / math.log((most - 1) / half) * (half - 1)) + half
    return torch.where(distance.abs() <= half, distance, (far * torch.sign(distance)).long())


def deberta(m, c, ids, hidden, types):
    width, heads, eps, span = c["hidden_size"], c["num_attention_heads"], c["layer_norm_eps"], c["position_buckets"]
    x = m.norm("deberta.embeddings.LayerNorm", m.table("deberta.embeddings.word_embeddings", c["vocab_size"], width)[ids], eps)
    table = m.norm("deberta.encoder.LayerNorm", m.table("deberta.encoder.rel_embeddings", 2 * span, width), eps)
    place = torch.arange(ids.size(1))
    index = (buckets(place[:, None] - place[None, :], span, c["max_position_embeddings"]) + span).clamp(0, 2 * span - 1)

    def relative(at, q, k):
        keys = split_heads(m.linear(at + "attention.self.key_proj", table[None], width), heads)
        queries = split_heads(m.linear(at + "attention.self.query_proj", table[None], width), heads)
        shape = (q.size(0), heads, ids.size(1), ids.size(1))
        forward = torch.gather(torch.matmul(q, keys.transpose(-1, -2)), -1, index.expand(shape))
        back = torch.gather(torch.matmul(k, queries.transpose(-1, -2)), -1, index.T.expand(shape)).transpose(-1, -2)
        return forward + back, 1 / math.sqrt(3 * width // heads)

    for i in range(c["num_hidden_layers"]):
        x = post_norm(m, x, f"deberta.encoder.layer.{i}.", DEBERTA, heads, c["intermediate_size"], eps, hidden, relative)
    return m.linear("classifier", F.gelu(m.linear("pooler.dense", x[:, 0], width)), 1)


def turn(x, base):
    """Rotary positions over whole heads, by halves."""
    size = int(x.size(-1))
    frequencies = base ** (-torch.arange(0, size, 2, dtype=torch.float32) / size)
    angle = torch.arange(x.size(2)).to(torch.float32)[:, None] * frequencies[None]
    angle = torch.cat([angle, angle], -1)
    turned = torch.cat([-x[..., size // 2:], x[..., : size // 2]], -1)
    return x * angle.cos() + turned * angle.sin()


def modernbert(m, c, ids, hidden, types):
    width, heads, inner, eps = c["hidden_size"], c["num_attention_heads"], c["intermediate_size"], c["norm_eps"]
    x = m.norm("model.embeddings.norm", m.table("model.embeddings.tok_embeddings", c["vocab_size"], width)[ids], eps, False)
    place = torch.arange(ids.size(1))
    far = ((place[:, None] - place[None, :]).abs() > c["local_attention"] // 2).to(torch.float32) * LEAST
    for i in range(c["num_hidden_layers"]):
        at, wide = f"model.layers.{i}.", i % c["global_attn_every_n_layers"] == 0
        base = c["global_rope_theta"] if wide else c["local_rope_theta"]
        h = m.norm(at + "attn_norm", x, eps, False) if i else x
        q, k, v = (split_heads(y, heads) for y in m.linear(at + "attn.Wqkv", h, 3 * width, bias=False).split(width, -1))
        reach = hidden if wide else torch.maximum(hidden + far, torch.tensor(LEAST))
        y = attention(turn(q, base), turn(k, base), v, reach, 1 / math.sqrt(width // heads))
        x = x + m.linear(at + "attn.Wo", y, width, bias=False)
        gate, up = m.linear(at + "mlp.Wi", m.norm(at + "mlp_norm", x, eps, False), 2 * inner, bias=False).split(inner, -1)
        x = x + m.linear(at + "mlp.Wo", F.gelu(gate) * up, width, bias=False)
    x = m.norm("model.final_norm", x, eps, False)
    mask = (hidden[:, 0, 0, :, None] == 0).to(torch.float32)
    h = (x * mask).sum(1) / mask.sum(1)
    h = F.gelu(m.linear("head.dense", h, width, bias=False))
    return m.linear("classifier", m.norm("head.norm", h, eps, False), 1)


def gte(m, c, ids, hidden, types):
    width, heads, inner, eps = c["hidden_size"], c["num_attention_heads"], c["intermediate_size"], c["layer_norm_eps"]
    x = m.table("new.embeddings.word_embeddings", c["vocab_size"], width)[ids]
    x = x + m.table("new.embeddings.token_type_embeddings", 1, width)[0 * types]
    x = m.norm("new.embeddings.LayerNorm", x, eps)
    for i in range(c["num_hidden_layers"]):
        at = f"new.encoder.layer.{i}."
        q, k, v = (split_heads(y, heads) for y in m.linear(at + "attention.qkv_proj", x, 3 * width).split(width, -1))
        y = attention(turn(q, c["rope_theta"]), turn(k, c["rope_theta"]), v, hidden, 1 / math.sqrt(width // heads))
        x = m.norm(at + "attn_ln", x + m.linear(at + "attention.o_proj", y, width), eps)
        up, gate = m.linear(at + "mlp.up_gate_proj", x, 2 * inner, bias=False).split(inner, -1)
        x = m.norm(at + "mlp_ln", x + m.linear(at + "mlp.down_proj", F.gelu(gate) * up, width), eps)
    return m.linear("classifier", torch.tanh(m.linear("new.pooler.dense", x[:, 0], width)), 1)


def encoder(kind, model_type, layers, width, heads, inner, vocab, positions=512, types=2, **more):
    return dict(architectures=[kind], model_type=model_type, num_hidden_layers=layers, hidden_size=width, num_attention_heads=heads,
                intermediate_size=inner, vocab_size=vocab, max_position_embeddings=positions, type_vocab_size=types,
                hidden_act="gelu", layer_norm_eps=1e-5, pad_token_id=1) | more


XLMR = "XLMRobertaForSequenceClassification"
FAMILIES = {
    "bert": (bert, encoder("BertForSequenceClassification", "bert", 6, 384, 12, 1536, 30522, pad_token_id=0)),
    "electra": (electra, encoder("ElectraForSequenceClassification", "electra", 12, 256, 4, 1024, 30522, pad_token_id=0, embedding_size=128)),
    "distilbert": (distilbert, dict(
        architectures=["DistilBertForSequenceClassification"], model_type="distilbert", dim=768, n_layers=6, n_heads=12, hidden_dim=3072,
        activation="gelu", vocab_size=30522, max_position_embeddings=512)),
    "roberta": (roberta, encoder("RobertaForSequenceClassification", "roberta", 6, 768, 12, 3072, 50265, 514, 1)),
    "xlmr": (roberta, encoder(XLMR, "xlm-roberta", 12, 384, 12, 1536, 250002, 514, 1)),
    "jina": (jina, encoder(XLMR, "xlm-roberta", 12, 768, 12, 3072, 250002, 1026, 1, auto_map={
        "AutoConfig": "configuration_xlm_roberta.XLMRobertaFlashConfig",
        "AutoModelForSequenceClassification": "modeling_xlm_roberta.XLMRobertaForSequenceClassification"})),
    "gte": (gte, encoder("NewForSequenceClassification", "new", 12, 768, 12, 3072, 250048, 8192, 1, rope_theta=20000,
                         position_embedding_type="rope", pack_qkv=True)),
    "modernbert": (modernbert, encoder(
        "ModernBertForSequenceClassification", "modernbert", 10, 384, 6, 576, 50368, 8192, norm_eps=1e-5, hidden_activation="gelu",
        classifier_activation="gelu", classifier_pooling="mean", local_attention=128, global_attn_every_n_layers=3,
        global_rope_theta=160000.0, local_rope_theta=10000.0)),
    "deberta": (deberta, encoder(
        "DebertaV2ForSequenceClassification", "deberta-v2", 12, 384, 6, 1536, 128100, 512, 0, layer_norm_eps=1e-7, pad_token_id=0,
        relative_attention=True, pos_att_type="p2c|c2p", position_buckets=256, max_relative_positions=-1, norm_rel_ebd="layer_norm",
        share_att_key=True, position_biased_input=False, pooler_hidden_act="gelu")),
}


def save(model, path):
    header, blobs, at = {}, [], 0
    for name, flat in model.names.items():
        t = getattr(model, flat).detach()
        raw = t.contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [at, at + len(raw)]}
        blobs.append(raw)
        at += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        f.writelines(blobs)


def main(family, out):
    compute, config = FAMILIES[family]
    config |= {"id2label": {"0": "LABEL_0"}, "sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"}
    torch.manual_seed(42)
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    model = Model(compute, config).eval()
    ids = torch.randint(1000, 20000, (2, 16))
    inputs = (ids, torch.ones_like(ids), torch.zeros_like(ids))
    with torch.no_grad():
        model(*inputs)  # makes all tensors
        save(model, out / "model.safetensors")
        names = ["input_ids", "attention_mask", "token_type_ids"]
        torch.onnx.export(model, inputs, str(out / "model.onnx"), input_names=names, output_names=["logits"], opset_version=14,
                          dynamic_axes={k: {0: "batch", 1: "tokens"} for k in names} | {"logits": {0: "batch"}})
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (out / "tokenizer_config.json").write_text('{"model_max_length": 512}\n')  # as bench.mjs cuts pairs
    print(f"wrote {out}: {sum(p.numel() for p in model.parameters()):,} parameters")


if __name__ == "__main__":
    main(*sys.argv[1:])
