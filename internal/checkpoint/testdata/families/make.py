"""Writes the small models of this directory, and their logits in float64.

Each has random weights, and sizes and settings that no published model has together: what they
test is that a setting changes the result as it does in the reference. A model is computed here in
float64 by PyTorch from the weights as they are stored, one sequence at a time, straight from the
definition of its family, with none of crossrank's code.

Debian's python3-torch is enough: /usr/bin/python3 make.py makes all of them, with names only those.
"""

import json
import math
import pathlib
import random
import struct
import sys

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
ACTIVATIONS = {
    "gelu": F.gelu,
    "gelu_new": lambda x: 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "relu": F.relu,
    "tanh": torch.tanh,
}
DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


class Weights:
    """Random tensors by name. They are made when they are first asked for."""

    def __init__(self, seed, dtype):
        self.random, self.dtype, self.tensors = torch.Generator().manual_seed(seed), DTYPES[dtype], {}

    def __call__(self, name, *shape, mean=0.0, scale=1.0):
        if name not in self.tensors:
            values = mean + scale * torch.randn(*shape, generator=self.random)
            self.tensors[name] = values.to(self.dtype)
        return self.tensors[name].double()

    def table(self, name, rows, width):
        return self(name + ".weight", rows, width, scale=0.7)

    def linear(self, name, x, out, factor=1.4):
        width = x.shape[-1]
        weight = self(name + ".weight", out, width, scale=factor / math.sqrt(width))
        return F.linear(x, weight, self(name + ".bias", out, scale=0.3))

    def norm(self, name, x, eps):
        width = x.shape[-1]
        gain = self(name + ".weight", width, mean=1.0, scale=0.2)
        return F.layer_norm(x, (width,), gain, self(name + ".bias", width, scale=0.2), eps)

    def save(self, path):
        header, blobs, at = {}, [], 0
        names = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
        for name, t in self.tensors.items():
            raw = t.contiguous()
            raw = (raw.view(torch.int16) if raw.dtype != torch.float32 else raw.view(torch.int32)).numpy().tobytes()
            header[name] = {"dtype": names[t.dtype], "shape": list(t.shape), "data_offsets": [at, at + len(raw)]}
            blobs.append(raw)
            at += len(raw)
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def attention(q, k, v, heads, extra=None, scale=None):
    """Multi-head attention. extra(head, q, k) is added to the products before they are scaled."""
    out = []
    size = q.shape[-1] // heads
    for head, (a, b, c) in enumerate(zip(q.split(size, -1), k.split(size, -1), v.split(size, -1))):
        products = a @ b.T
        if extra:
            products = products + extra(head, a, b)
        out.append(torch.softmax(products * (scale or 1 / math.sqrt(size)), -1) @ c)
    return torch.cat(out, -1)


BERT = dict(q="attention.self.query", k="attention.self.key", v="attention.self.value", o="attention.output.dense",
            n="attention.output.LayerNorm", up="intermediate.dense", down="output.dense", n2="output.LayerNorm")
DISTIL = dict(q="attention.q_lin", k="attention.k_lin", v="attention.v_lin", o="attention.out_lin",
              n="sa_layer_norm", up="ffn.lin1", down="ffn.lin2", n2="output_layer_norm")
DEBERTA = BERT | dict(q="attention.self.query_proj", k="attention.self.key_proj", v="attention.self.value_proj")


def blocks(w, x, prefix, names, layers, heads, inner, act, eps, relative=None):
    width = x.shape[-1]
    for i in range(layers):
        at = f"{prefix}{i}."
        q, k, v = (w.linear(at + names[p], x, width) for p in "qkv")
        extra, scale = relative(w, at) if relative else (None, None)
        y = w.linear(at + names["o"], attention(q, k, v, heads, extra, scale), width)
        x = w.norm(at + names["n"], x + y, eps)
        y = w.linear(at + names["down"], act(w.linear(at + names["up"], x, inner)), width)
        x = w.norm(at + names["n2"], x + y, eps)
    return x


def bert_like(c, w, ids, types, prefix, positions, use_types=True):
    width = c.get("embedding_size", c["hidden_size"])
    e = prefix + "embeddings."
    x = w.table(e + "word_embeddings", c["vocab_size"], width)[ids]
    x = x + w.table(e + "position_embeddings", c["max_position_embeddings"], width)[positions]
    if c["type_vocab_size"]:
        x = x + w.table(e + "token_type_embeddings", c["type_vocab_size"], width)[types]
    x = w.norm(e + "LayerNorm", x, c["layer_norm_eps"])
    if width != c["hidden_size"]:
        x = w.linear(prefix + "embeddings_project", x, c["hidden_size"])
    return blocks(w, x, prefix + "encoder.layer.", BERT, c["num_hidden_layers"], c["num_attention_heads"],
                  c["intermediate_size"], ACTIVATIONS[c["hidden_act"]], c["layer_norm_eps"])


def roberta(c, w, ids, types, prefix="roberta."):
    pad = c["pad_token_id"]
    real = (ids != pad).long()
    positions = torch.cumsum(real, 0) * real + pad
    x = bert_like(c, w, ids, torch.zeros_like(ids), prefix, positions)
    h = torch.tanh(w.linear("classifier.dense", x[0], c["hidden_size"]))
    return w.linear("classifier.out_proj", h, len(c["id2label"]))


def jina(c, w, ids, types, prefix="roberta."):
    hidden, heads, eps, pad = c["hidden_size"], c["num_attention_heads"], c["layer_norm_eps"], c["pad_token_id"]
    real = (ids != pad).long()
    e = prefix + "embeddings."
    x = w.table(e + "word_embeddings", c["vocab_size"], hidden)[ids]
    x = x + w.table(e + "position_embeddings", c["max_position_embeddings"], hidden)[torch.cumsum(real, 0) * real + pad]
    x = x + w.table(e + "token_type_embeddings", c["type_vocab_size"], hidden)[0]
    x = w.norm(prefix + "emb_ln", x, eps)
    for i in range(c["num_hidden_layers"]):
        at = f"{prefix}encoder.layers.{i}."
        q, k, v = w.linear(at + "mixer.Wqkv", x, 3 * hidden).split(hidden, -1)
        x = w.norm(at + "norm1", x + w.linear(at + "mixer.out_proj", attention(q, k, v, heads), hidden), eps)
        y = ACTIVATIONS[c["hidden_act"]](w.linear(at + "mlp.fc1", x, c["intermediate_size"]))
        x = w.norm(at + "norm2", x + w.linear(at + "mlp.fc2", y, hidden), eps)
    h = torch.tanh(w.linear("classifier.dense", x[0], hidden))
    return w.linear("classifier.out_proj", h, len(c["id2label"]))


def electra(c, w, ids, types, prefix="electra."):
    x = bert_like(c, w, ids, types, prefix, torch.arange(len(ids)))
    h = F.gelu(w.linear("classifier.dense", x[0], c["hidden_size"]))
    return w.linear("classifier.out_proj", h, len(c["id2label"]))


def distilbert(c, w, ids, types, prefix="distilbert."):
    e = prefix + "embeddings."
    x = w.table(e + "word_embeddings", c["vocab_size"], c["dim"])[ids]
    x = x + w.table(e + "position_embeddings", c["max_position_embeddings"], c["dim"])[: len(ids)]
    x = w.norm(e + "LayerNorm", x, 1e-12)
    x = blocks(w, x, prefix + "transformer.layer.", DISTIL, c["n_layers"], c["n_heads"], c["hidden_dim"],
               ACTIVATIONS[c["activation"]], 1e-12)
    h = F.relu(w.linear("pre_classifier", x[0], c["dim"]))
    return w.linear("classifier", h, len(c["id2label"]))


def bucket(distance, c):
    """The bucket of a distance, in float32 tensors as the reference computes it."""
    most = c.get("max_relative_positions", -1)
    if most < 1:
        most = c["max_position_embeddings"]
    n = c.get("position_buckets", -1)
    if n < 1 or abs(distance) <= n // 2:
        return distance
    half = n // 2
    far = torch.log(torch.tensor(abs(distance)) / half) / torch.log(torch.tensor((most - 1) / half)) * (half - 1)
    return int(math.copysign(int(torch.ceil(far)) + half, distance))


def deberta(c, w, ids, types, prefix="deberta."):
    hidden, heads = c["hidden_size"], c["num_attention_heads"]
    eps, kinds = c["layer_norm_eps"], c.get("pos_att_type") or []
    kinds = kinds.lower().split("|") if isinstance(kinds, str) else kinds
    most = c.get("max_relative_positions", -1)
    most = c["max_position_embeddings"] if most < 1 else most
    span = c["position_buckets"] if c.get("position_buckets", -1) > 0 else most
    e, width = prefix + "embeddings.", c.get("embedding_size", hidden)
    x = w.table(e + "word_embeddings", c["vocab_size"], width)[ids]
    if c["position_biased_input"]:
        x = x + w.table(e + "position_embeddings", c["max_position_embeddings"], width)[: len(ids)]
    if c["type_vocab_size"]:
        x = x + w.table(e + "token_type_embeddings", c["type_vocab_size"], width)[types]
    if width != hidden:
        x = F.linear(x, w(e + "embed_proj.weight", hidden, width, scale=1.4 / math.sqrt(width)))
    x = w.norm(e + "LayerNorm", x, eps)
    n, size = len(ids), hidden // heads

    def relative(w, at):
        scale = 1 / math.sqrt(size * (1 + len(kinds)))
        if not c["relative_attention"]:
            return None, scale
        table = w.table(prefix + "encoder.rel_embeddings", 2 * span, hidden)
        if "layer_norm" in c.get("norm_rel_ebd", "none"):
            table = w.norm(prefix + "encoder.LayerNorm", table, eps)
        own = c.get("share_att_key", False)
        keys = w.linear(at + "attention.self." + ("key_proj" if own else "pos_key_proj"), table, hidden) if "c2p" in kinds else None
        queries = w.linear(at + "attention.self." + ("query_proj" if own else "pos_query_proj"), table, hidden) if "p2c" in kinds else None
        delta = torch.tensor([[bucket(i - j, c) for j in range(n)] for i in range(n)])

        def extra(head, q, k):
            part, sum = slice(head * size, (head + 1) * size), torch.zeros(n, n, dtype=torch.float64)
            if keys is not None:
                sum = sum + torch.gather(q @ keys[:, part].T, 1, (delta + span).clamp(0, 2 * span - 1))
            if queries is not None:
                sum = sum + torch.gather(k @ queries[:, part].T, 1, (span - delta).clamp(0, 2 * span - 1)).T
            return sum

        return extra, scale

    x = blocks(w, x, prefix + "encoder.layer.", DEBERTA, c["num_hidden_layers"], heads, c["intermediate_size"],
               ACTIVATIONS[c["hidden_act"]], eps, relative)
    h = ACTIVATIONS[c["pooler_hidden_act"]](w.linear("pooler.dense", x[0], hidden))
    return w.linear("classifier", h, len(c["id2label"]))


FAMILIES = {
    "RobertaForSequenceClassification": ("roberta", roberta),
    "XLMRobertaForSequenceClassification": ("xlm-roberta", roberta),
    "ElectraForSequenceClassification": ("electra", electra),
    "DistilBertForSequenceClassification": ("distilbert", distilbert),
    "DebertaV2ForSequenceClassification": ("deberta-v2", deberta),
    "jina": ("xlm-roberta", jina),
}
# A family whose class is that of another one.
CLASSES = {"jina": "XLMRobertaForSequenceClassification"}


def sizes(hidden, layers, heads, inner, positions=48, types=1, vocab=40, **more):
    return dict(hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads, intermediate_size=inner,
                max_position_embeddings=positions, type_vocab_size=types, vocab_size=vocab) | more


def models():
    """Name, class, type of the tensors, labels, prefix of the encoder's names, config."""
    yield "xlmr-bf16", "XLMRobertaForSequenceClassification", "BF16", 2, "roberta.", sizes(
        44, 2, 4, 37, types=2, hidden_act="gelu_new", layer_norm_eps=1e-5, pad_token_id=1)
    yield "roberta-pad", "RobertaForSequenceClassification", "F16", 1, "", sizes(
        35, 3, 5, 50, hidden_act="relu", layer_norm_eps=1e-3, pad_token_id=6)
    yield "electra-wide", "ElectraForSequenceClassification", "F32", 2, "electra.", sizes(
        28, 2, 2, 30, types=2, embedding_size=41, hidden_act="relu", layer_norm_eps=1e-12)
    yield "electra-even", "ElectraForSequenceClassification", "F16", 1, "module.electra.", sizes(
        32, 1, 1, 64, types=2, embedding_size=32, hidden_act="gelu", layer_norm_eps=1e-2)
    yield "distilbert-relu", "DistilBertForSequenceClassification", "BF16", 2, "distilbert.", dict(
        dim=30, n_layers=2, n_heads=3, hidden_dim=45, activation="relu", vocab_size=40, max_position_embeddings=48,
        sinusoidal_pos_embds=True)
    common = dict(hidden_act="gelu", pad_token_id=0, pooler_hidden_act="gelu", conv_kernel_size=0)
    yield "deberta-c2p", "DebertaV2ForSequenceClassification", "F32", 1, "deberta.", sizes(
        33, 2, 3, 40, types=2, layer_norm_eps=1e-7, relative_attention=True, pos_att_type="c2p", position_buckets=-1,
        max_relative_positions=17, norm_rel_ebd="none", position_biased_input=True) | common | dict(pooler_hidden_act="tanh")
    yield "deberta-p2c", "DebertaV2ForSequenceClassification", "BF16", 2, "deberta.", sizes(
        24, 2, 2, 31, types=0, layer_norm_eps=1e-4, relative_attention=True, pos_att_type=["p2c"], position_buckets=7,
        max_relative_positions=30, norm_rel_ebd="layer_norm", share_att_key=True, position_biased_input=False) | common
    yield "deberta-both", "DebertaV2ForSequenceClassification", "F16", 1, "", sizes(
        40, 3, 5, 44, types=0, layer_norm_eps=1e-7, relative_attention=True, pos_att_type="p2c|c2p", position_buckets=10,
        max_relative_positions=-1, norm_rel_ebd="layer_norm", share_att_key=False, position_biased_input=False) | common
    yield "deberta-v3", "DebertaV2ForSequenceClassification", "F16", 1, "deberta.", sizes(
        24, 2, 2, 31, positions=512, types=0, layer_norm_eps=1e-7, relative_attention=True, pos_att_type="p2c|c2p",
        position_buckets=256, max_relative_positions=-1, norm_rel_ebd="layer_norm", share_att_key=True,
        position_biased_input=False) | common
    yield "deberta-absolute", "DebertaV2ForSequenceClassification", "F32", 1, "deberta.", sizes(
        24, 1, 2, 31, types=0, layer_norm_eps=1e-7, relative_attention=False, pos_att_type=["p2c", "c2p"],
        position_biased_input=True) | common
    own = dict(auto_map={"AutoConfig": "configuration_xlm_roberta.XLMRobertaFlashConfig",
                         "AutoModelForSequenceClassification": "modeling_xlm_roberta.XLMRobertaForSequenceClassification"},
               use_flash_attn=True, emb_pooler=None, position_embedding_type="absolute")
    yield "jina-bf16", "jina", "BF16", 1, "roberta.", sizes(
        44, 3, 4, 37, hidden_act="gelu", layer_norm_eps=1e-5, pad_token_id=1) | own
    yield "jina-two", "jina", "F32", 2, "", sizes(
        30, 1, 5, 64, types=2, hidden_act="gelu_new", layer_norm_eps=1e-3, pad_token_id=3) | own
    yield "deberta-narrow", "DebertaV2ForSequenceClassification", "F16", 1, "deberta.", sizes(
        36, 2, 3, 29, types=2, embedding_size=22, layer_norm_eps=1e-5, relative_attention=True, pos_att_type="p2c|c2p",
        position_buckets=8, max_relative_positions=-1, norm_rel_ebd="layer_norm", share_att_key=True,
        position_biased_input=True) | common
    yield "deberta-wide", "DebertaV2ForSequenceClassification", "F32", 2, "", sizes(
        20, 1, 2, 31, types=0, embedding_size=33, layer_norm_eps=1e-2, relative_attention=False, pos_att_type=["c2p"],
        position_biased_input=False) | common


def sequences(c, name):
    """Random ids of many lengths; some have padding inside, as if it were written in a text."""
    rng = random.Random(name)
    pad, most = c.get("pad_token_id", 0), c["max_position_embeddings"]
    longest = most - pad - 1 if "roberta" in c["model_type"] else most
    lengths = [1, 2, 3, 7, 15, 16, 17, 30, longest - 1, longest]
    if longest > 256:
        lengths += [129, 257, 300]
    for length in lengths:
        ids = [rng.randrange(c["vocab_size"]) for _ in range(length)]
        if length > 3 and rng.random() < 0.6:
            ids[rng.randrange(1, length)] = pad
        first = rng.randint(1, length)
        yield ids, first


def main(only):
    for seed, (name, kind, dtype, labels, prefix, config) in enumerate(models()):
        if only and name not in only:
            continue
        model_type, compute = FAMILIES[kind]
        config |= {"architectures": [CLASSES.get(kind, kind)], "model_type": model_type, "id2label": {str(i): f"LABEL_{i}" for i in range(labels)}}
        w, cases = Weights(seed, dtype), []
        for ids, first in sequences(config, name):
            types = torch.tensor([int(i >= first) for i in range(len(ids))])
            logits = compute(config, w, torch.tensor(ids), types, prefix)
            cases.append({"ids": ids, "types_from": first, "logits": logits.tolist()})
        if prefix.startswith("module."):
            w.tensors = {n if n.startswith("module.") else "module." + n: t for n, t in w.tensors.items()}
        target = HERE / name
        target.mkdir(exist_ok=True)
        (target / "config.json").write_text(json.dumps(config, indent=1) + "\n")
        (target / "expected.json").write_text(json.dumps({"cases": cases}) + "\n")
        w.save(target / "model.safetensors")
    if only:
        return
    distances = [{"buckets": b, "most": m, "first": [min(d for d in range(1, m) if bucket(d, c) == k)
                                                   for k in sorted({bucket(d, c) for d in range(1, m)})],
                  "bucket": sorted({bucket(d, c) for d in range(1, m)})}
                 for b, m in [(256, 512), (32, 512), (8, 64), (7, 30), (10, 48), (64, 512), (128, 1024), (256, 8192), (2, 16)]
                 for c in [{"position_buckets": b, "max_position_embeddings": m}]]
    (HERE / "buckets.json").write_text(json.dumps(distances) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
