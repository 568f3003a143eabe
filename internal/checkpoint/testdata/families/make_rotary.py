"""Writes the models of this directory that have rotary positions, and their logits in float64.

As in make.py: random weights, sizes and settings that no published model has together, computed by
PyTorch in float64 straight from the definition of each family.

Debian's python3-torch is enough: /usr/bin/python3 make_rotary.py
"""

import json
import math
import pathlib
import random

import torch
import torch.nn.functional as F

from make import ACTIVATIONS, Weights

HERE = pathlib.Path(__file__).parent
ACTIVATIONS = ACTIVATIONS | {"silu": F.silu, "gelu_pytorch_tanh": ACTIVATIONS["gelu_new"]}


def linear(w, name, x, out, bias):
    width = x.shape[-1]
    weight = w(name + ".weight", out, width, scale=1.4 / math.sqrt(width))
    return F.linear(x, weight, w(name + ".bias", out, scale=0.3) if bias else None)


def norm(w, name, x, eps, bias):
    width = x.shape[-1]
    gain = w(name + ".weight", width, mean=1.0, scale=0.2)
    return F.layer_norm(x, (width,), gain, w(name + ".bias", width, scale=0.2) if bias else None, eps)


def inverse_frequencies(base, size):
    return base ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)


def turn(x, frequencies):
    """Rotary positions over one head, whose rows are at the positions 0, 1, 2, ..."""
    angle = torch.outer(torch.arange(len(x), dtype=torch.float64), frequencies)
    angle = torch.cat([angle, angle], -1)
    half = x.shape[-1] // 2
    rotated = torch.cat([-x[:, half:], x[:, :half]], -1)
    return x * angle.cos() + rotated * angle.sin()


def attention(q, k, v, heads, frequencies, reach=None):
    """Multi-head attention; with a reach, only over tokens at so small a distance."""
    out, size, n = [], q.shape[-1] // heads, len(q)
    place = torch.arange(n)
    hidden = (place[:, None] - place[None, :]).abs() > (n if reach is None else reach)
    for a, b, c in zip(q.split(size, -1), k.split(size, -1), v.split(size, -1)):
        products = turn(a, frequencies) @ turn(b, frequencies).T / math.sqrt(size)
        out.append(torch.softmax(products.masked_fill(hidden, -math.inf), -1) @ c)
    return torch.cat(out, -1)


def layer_kinds(c):
    """For each layer its base and its reach."""
    every = c.get("global_attn_every_n_layers", 3)
    types = c.get("layer_types") or ["sliding" if i % every else "full" for i in range(c["num_hidden_layers"])]
    wide, near = c.get("global_rope_theta", 160000.0), c.get("local_rope_theta", 10000.0)
    near = wide if near is None else near
    for kind, parameters in (c.get("rope_parameters") or {}).items():
        if kind == "full_attention":
            wide = parameters["rope_theta"]
        else:
            near = parameters["rope_theta"]
    return [(near, c["local_attention"] // 2) if t.startswith("sliding") else (wide, None) for t in types]


def modernbert(c, w, ids, types, prefix):
    hidden, heads, inner, eps = c["hidden_size"], c["num_attention_heads"], c["intermediate_size"], c["norm_eps"]
    bias = c.get("norm_bias", False)
    act = ACTIVATIONS[c["hidden_activation"]]
    x = w.table(prefix + "embeddings.tok_embeddings", c["vocab_size"], hidden)[ids]
    x = norm(w, prefix + "embeddings.norm", x, eps, bias)
    for i, (base, reach) in enumerate(layer_kinds(c)):
        at = f"{prefix}layers.{i}."
        h = norm(w, at + "attn_norm", x, eps, bias) if i else x
        q, k, v = linear(w, at + "attn.Wqkv", h, 3 * hidden, c.get("attention_bias", False)).split(hidden, -1)
        y = attention(q, k, v, heads, inverse_frequencies(base, hidden // heads), reach)
        x = x + linear(w, at + "attn.Wo", y, hidden, c.get("attention_bias", False))
        h = norm(w, at + "mlp_norm", x, eps, bias)
        a, b = linear(w, at + "mlp.Wi", h, 2 * inner, c.get("mlp_bias", False)).split(inner, -1)
        x = x + linear(w, at + "mlp.Wo", act(a) * b, hidden, c.get("mlp_bias", False))
    x = norm(w, prefix + "final_norm", x, eps, bias)
    h = x.mean(0) if c["classifier_pooling"] == "mean" else x[0]
    h = ACTIVATIONS[c["classifier_activation"]](linear(w, "head.dense", h, hidden, c.get("classifier_bias", False)))
    return linear(w, "classifier", norm(w, "head.norm", h, eps, bias), len(c["id2label"]), True)


def gte(c, w, ids, types, prefix):
    hidden, heads, inner, eps = c["hidden_size"], c["num_attention_heads"], c["intermediate_size"], c["layer_norm_eps"]
    size = hidden // heads
    act = ACTIVATIONS[c["hidden_act"]]
    scaling = c.get("rope_scaling") or c.get("rope_parameters") or {}
    base = scaling.get("rope_theta", c.get("rope_theta"))
    frequencies = inverse_frequencies(base, size)
    if factor := scaling.get("factor"):
        frequencies = inverse_frequencies(base * factor, size) / factor ** (2 / size)
    x = w.table(prefix + "embeddings.word_embeddings", c["vocab_size"], hidden)[ids]
    if c["type_vocab_size"]:
        kinds = w.table(prefix + "embeddings.token_type_embeddings", c["type_vocab_size"], hidden)
        x = x + kinds[types if c["type_vocab_size"] > 1 else torch.zeros_like(types)]
    x = norm(w, prefix + "embeddings.LayerNorm", x, eps, True)
    for i in range(c["num_hidden_layers"]):
        at = f"{prefix}encoder.layer.{i}."
        if c["pack_qkv"]:
            q, k, v = linear(w, at + "attention.qkv_proj", x, 3 * hidden, True).split(hidden, -1)
        else:
            q, k, v = (linear(w, at + f"attention.{p}_proj", x, hidden, True) for p in "qkv")
        y = attention(q, k, v, heads, frequencies)
        x = norm(w, at + "attn_ln", x + linear(w, at + "attention.o_proj", y, hidden, True), eps, True)
        up, gate = linear(w, at + "mlp.up_gate_proj", x, 2 * inner, False).split(inner, -1)
        x = norm(w, at + "mlp_ln", x + linear(w, at + "mlp.down_proj", up * act(gate), hidden, True), eps, True)
    h = x[0]
    if c["with_pooler"]:
        h = torch.tanh(linear(w, prefix + "pooler.dense", h, hidden, True))
    return linear(w, "classifier", h, len(c["id2label"]), True)


def sizes(hidden, layers, heads, inner, positions=60, vocab=40, **more):
    return dict(hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads, intermediate_size=inner,
                max_position_embeddings=positions, vocab_size=vocab) | more


def models():
    """Name, whether it is a ModernBERT, type of the tensors, labels, prefix of the names, config."""
    yield "modernbert-bias", True, "BF16", 2, "model.", sizes(
        36, 5, 3, 25, hidden_activation="gelu", norm_eps=1e-3, norm_bias=True, attention_bias=True, mlp_bias=True,
        classifier_bias=True, classifier_pooling="mean", classifier_activation="tanh", local_attention=7,
        global_attn_every_n_layers=2, global_rope_theta=500.0, local_rope_theta=None, position_embedding_type="absolute",
        torch_dtype="bfloat16")
    yield "modernbert-types", True, "F16", 1, "", sizes(
        50, 4, 5, 33, hidden_activation="gelu_pytorch_tanh", norm_eps=1e-5, classifier_pooling="cls",
        classifier_activation="silu", local_attention=10, dtype="float16",
        layer_types=["sliding_attention", "full_attention", "sliding_attention", "sliding_attention"],
        rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 30000.0},
                         "sliding_attention": {"rope_type": "default", "rope_theta": 700.0}})
    yield "modernbert-window", True, "F16", 1, "model.", sizes(
        80, 3, 2, 30, positions=300, hidden_activation="relu", norm_eps=1e-5, classifier_pooling="cls",
        classifier_activation="gelu", local_attention=128, global_attn_every_n_layers=2, global_rope_theta=160000.0,
        local_rope_theta=10000.0)
    common = dict(position_embedding_type="rope", layer_norm_type="layer_norm", logn_attention_scale=False,
                  logn_attention_clip1=False, auto_map={"AutoConfig": "configuration.NewConfig",
                                                        "AutoModelForSequenceClassification": "modeling.NewForSequenceClassification"})
    yield "gte-ntk", False, "F16", 2, "new.", sizes(
        36, 3, 3, 31, positions=200, type_vocab_size=1, hidden_act="gelu", layer_norm_eps=1e-12, rope_theta=20000,
        rope_scaling={"factor": 8.0, "type": "ntk"}, pack_qkv=True, with_pooler=True) | common
    yield "gte-plain", False, "BF16", 1, "", sizes(
        28, 2, 2, 45, type_vocab_size=2, hidden_act="gelu_new", layer_norm_eps=1e-2, rope_theta=300.0, rope_scaling=None,
        pack_qkv=False, with_pooler=False) | common
    yield "gte-parameters", False, "F32", 1, "new.", sizes(
        44, 1, 11, 17, type_vocab_size=0, hidden_act="relu", layer_norm_eps=1e-5, pack_qkv=True, with_pooler=True,
        rope_parameters={"rope_type": "ntk", "rope_theta": 1000.0, "factor": 2.0}) | common


def sequences(c, name):
    """Random ids of many lengths."""
    rng, longest = random.Random(name), c["max_position_embeddings"]
    lengths = [1, 2, 3, 4, 5, 7, 15, 16, 17, 30, 49, longest - 1, longest]
    if longest > 100:
        lengths += [64, 65, 66, 113, 129, 130, 160]
    for length in lengths:
        yield [rng.randrange(c["vocab_size"]) for _ in range(length)], rng.randint(1, length)


def main():
    for seed, (name, modern, dtype, labels, prefix, c) in enumerate(models(), 100):
        kind, model_type = ("ModernBertForSequenceClassification", "modernbert") if modern else ("NewForSequenceClassification", "new")
        c |= {"architectures": [kind], "model_type": model_type, "id2label": {str(i): f"LABEL_{i}" for i in range(labels)}}
        w, cases = Weights(seed, dtype), []
        for ids, first in sequences(c, name):
            types = torch.tensor([int(i >= first) for i in range(len(ids))])
            logits = (modernbert if modern else gte)(c, w, torch.tensor(ids), types, prefix)
            cases.append({"ids": ids, "types_from": first, "logits": logits.tolist()})
        c.pop("with_pooler", None)
        target = HERE / name
        target.mkdir(exist_ok=True)
        (target / "config.json").write_text(json.dumps(c, indent=1) + "\n")
        (target / "expected.json").write_text(json.dumps({"cases": cases}) + "\n")
        w.save(target / "model.safetensors")


if __name__ == "__main__":
    main()
