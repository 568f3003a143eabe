"""Writes ONNX files of small decoders, each in another of the shapes that exporters give them.

    /usr/bin/python3 make_decoder.py

The models are those of the directories of the same names in internal/checkpoint/testdata/families.
Debian's python3-torch and python3-onnx are enough.
"""

import json
import math
import pathlib

import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

from make import quantize, read

HERE = pathlib.Path(__file__).parent
FAMILIES = HERE.parents[2] / "checkpoint" / "testdata" / "families"


class Fused(torch.autograd.Function):
    """Attention as one operation of ONNX Runtime, which turns queries and keys itself."""

    @staticmethod
    def symbolic(g, *inputs):
        *tensors, heads, shared = inputs
        return g.op("com.microsoft::GroupQueryAttention", *tensors, num_heads_i=heads, kv_num_heads_i=shared, do_rotary_i=1, outputs=3)

    @staticmethod
    def forward(ctx, q, k, v, past_key, past_value, last, total, cos, sin, heads, shared):
        k, v = (x.view(*x.shape[:2], shared, -1).transpose(1, 2) for x in (k, v))
        return q.clone(), torch.cat([past_key, k], 2), torch.cat([past_value, v], 2)  # of the right shapes


class Model(torch.nn.Module):
    """The network of a directory. Its inputs and its output are those of a shape."""

    def __init__(self, name, shape):
        super().__init__()
        self.c = json.loads((FAMILIES / name / "config.json").read_text())
        self.shape = shape
        self.gemma = self.c["model_type"] == "gemma"
        for key, t in read(FAMILIES / name / "model.safetensors").items():
            self.register_parameter(key.removeprefix("model.").replace(".", "/"), torch.nn.Parameter(t))

    def get(self, name):
        return getattr(self, name.replace(".", "/"), None)

    def linear(self, name, x):
        return F.linear(x, self.get(name + ".weight"), self.get(name + ".bias"))

    def rms(self, name, x):
        weight = self.get(name + ".weight")
        if self.gemma:
            weight = weight + 1
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.c["rms_norm_eps"]) * weight

    def act(self, x):
        return F.gelu(x, approximate="tanh") if self.gemma else F.silu(x)

    def frequencies(self):
        theta = self.c["rope_parameters"]["rope_theta"] if "rope_parameters" in self.c else self.c["rope_theta"]
        return theta ** (-torch.arange(0, self.c["head_dim"], 2).float() / self.c["head_dim"])

    def turn(self, x, positions):
        size = self.c["head_dim"]
        angles = (positions[:, :, None].float() * self.frequencies())[:, None]
        cos, sin = torch.cat([angles.cos()] * 2, -1), torch.cat([angles.sin()] * 2, -1)
        return x * cos + torch.cat([-x[..., size // 2:], x[..., :size // 2]], -1) * sin

    def repeat(self, x):
        b, shared, n, size = x.shape
        heads = self.c["num_attention_heads"]
        return x[:, :, None].expand(b, shared, heads // shared, n, size).reshape(b, heads, n, size)

    def attention(self, at, x, positions, allowed, past):
        b, s, size = x.shape[0], x.shape[1], self.c["head_dim"]
        q, k, v = (self.linear(at + name + "_proj", x).view(b, s, -1, size) for name in "qkv")
        if self.c["model_type"] == "qwen3":
            q, k = self.rms(at + "q_norm", q), self.rms(at + "k_norm", k)
        if self.shape.get("fused"):
            angles = torch.arange(self.c["max_position_embeddings"])[:, None] * self.frequencies()
            last, total = (self.mask.sum(1) - 1).to(torch.int32), (self.mask.shape[1] + torch.zeros((), dtype=torch.int64)).to(torch.int32)
            y, k, v = Fused.apply(*(x.reshape(b, s, -1) for x in (q, k, v)), *past, last, total, angles.cos(), angles.sin(),
                                  self.c["num_attention_heads"], self.c["num_key_value_heads"])
            return self.linear(at + "o_proj", y), k, v
        q, k, v = self.turn(q.transpose(1, 2), positions), self.turn(k.transpose(1, 2), positions), v.transpose(1, 2)
        if past:
            k, v = torch.cat([past[0].float(), k], 2), torch.cat([past[1].float(), v], 2)
        products = q @ self.repeat(k).transpose(-1, -2) / math.sqrt(size)
        lowest = -math.inf if self.shape.get("infinite") else torch.finfo(products.dtype).min
        weights = torch.softmax(products.masked_fill(~allowed, lowest), -1)
        y = (weights @ self.repeat(v)).transpose(1, 2).reshape(b, s, -1)
        return self.linear(at + "o_proj", y), k, v

    def forward(self, *inputs):
        given = dict(zip(self.shape["inputs"], inputs))
        ids, mask = given["input_ids"], given["attention_mask"]
        s, total, self.mask = ids.shape[1], mask.shape[1], mask
        positions = given.get("position_ids")
        if positions is None:
            positions = torch.arange(s)[None]
        later = torch.arange(total)[None, :] > torch.arange(s)[:, None] + (total - s)
        allowed = ~later[None, None] & mask[:, None, None].bool()
        x = self.get("embed_tokens.weight")[ids] * (math.sqrt(self.c["hidden_size"]) if self.gemma else 1)
        kept = []
        for i in range(self.c["num_hidden_layers"]):
            at = f"layers.{i}."
            past = [given[f"past_key_values.{i}.{n}"] for n in ("key", "value")] if self.shape["past"] else None
            y, k, v = self.attention(at + "self_attn.", self.rms(at + "input_layernorm", x), positions, allowed, past)
            x = x + y
            h = self.rms(at + "post_attention_layernorm", x)
            x = x + self.linear(at + "mlp.down_proj", self.act(self.linear(at + "mlp.gate_proj", h)) * self.linear(at + "mlp.up_proj", h))
            kept += [k.to(self.shape["past"]), v.to(self.shape["past"])] if self.shape["past"] else []
        x = self.rms("norm", x)
        return (self.head(x, ids, given).to(self.shape["float"]), *kept)

    def head(self, x, ids, given):
        """What the output has a row of: every token, the last, or the last that is no padding."""
        rows, pad = self.shape["rows"], self.shape.get("pad")
        if rows == "last":
            x = x[:, -1:]
        elif rows == "keep":
            x = x[:, torch.arange(x.shape[1])[-given["num_logits_to_keep"]:]]
        elif rows == "classifier of the last":
            return F.linear(x[:, -1], self.get("score.weight"))
        elif rows == "classifier":
            last = (torch.arange(ids.shape[1]) * (ids != pad)).argmax(-1)
            return F.linear(x, self.get("score.weight"))[torch.arange(ids.shape[0]), last]
        weight = self.get("lm_head.weight")
        return F.linear(x, self.get("embed_tokens.weight") if weight is None else weight)


def shape(rows, positions=False, past=None, **more):
    inputs = ["input_ids", "attention_mask"] + ["position_ids"] * positions + ["num_logits_to_keep"] * (rows == "keep")
    return dict(rows=rows, inputs=inputs, past=past, float=torch.float32) | more


# As optimum-cli exports text-generation-with-past; the same in half precision; without either input
# and with the logits of the last token, which are no numbers where padding stands before it; a
# classifier as transformers computes it, which knows its padding by a token that is not 0; one that
# reads the last row, padding or not; a file that is asked for how many last tokens the logits are
# wanted, with its products in 8 bits; and one whose attention is a single operation of ONNX Runtime,
# as onnx-community's are.
SHAPES = {
    "qwen3-untied": shape("all", positions=True, past=torch.float32),
    "qwen2-untied": shape("all", positions=True, past=torch.float16, float=torch.float16, half=True, external=True),
    "qwen2-tied": shape("last", infinite=True),
    "qwen2-labels": shape("classifier", pad=59),
    "qwen3-bias": shape("classifier of the last", positions=True),
    "qwen2-one": shape("keep", quantized=True),
    "gemma-tied": shape("all", past=torch.float32, fused=True),
}


def halve(model):
    """Holds the weights in float16."""
    casts = []
    for t in model.graph.initializer:
        if t.data_type == TensorProto.FLOAT and len(t.dims) > 1:
            name = t.name
            t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(t).astype("float16"), name + "_half"))
            casts.append(helper.make_node("Cast", [t.name], [name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        model.graph.node.insert(0, node)


def write(name, shape):
    model = Model(name, shape).eval()
    layers, heads, size = (model.c[key] for key in ("num_hidden_layers", "num_key_value_heads", "head_dim"))
    past = [f"past_key_values.{i}.{n}" for i in range(layers) for n in ("key", "value")] if shape["past"] else []
    names, length = shape["inputs"], 5
    example, axes = [], {"logits": {0: "batch_size", 1: "sequence_length"}}
    for n in names:
        example.append(torch.tensor(1) if n == "num_logits_to_keep" else torch.ones(2, length, dtype=torch.int64))
        axes[n] = {} if n == "num_logits_to_keep" else {0: "batch_size", 1: "sequence_length"}
    if past:
        example[1] = torch.ones(2, length + 2, dtype=torch.int64)
        axes["attention_mask"][1] = "past_sequence_length + sequence_length"
    for n in past:
        example.append(torch.zeros(2, heads, 2, size, dtype=shape["past"]))
        axes[n] = {0: "batch_size", 2: "past_sequence_length"}
    if "classifier" in shape["rows"] or shape["rows"] == "last":
        del axes["logits"][1]
    shape["inputs"] = names + past
    outputs = ["logits"] + [n.replace("past_key_values", "present") for n in past]
    axes |= {n: {0: "batch_size", 2: "past_sequence_length + sequence_length"} for n in outputs[1:]}
    target = HERE / name
    target.mkdir(exist_ok=True)
    file = target / "model.onnx"
    torch.onnx.export(model, tuple(example), file, input_names=shape["inputs"], output_names=outputs, opset_version=14, dynamic_axes=axes,
                      custom_opsets={"com.microsoft": 1} if shape.get("fused") else {})
    exported = onnx.load(file)
    for node in exported.graph.node:
        node.ClearField("doc_string")
    if shape.get("half"):
        halve(exported)
    if shape.get("quantized"):
        quantize(exported)
    external = dict(save_as_external_data=True, location="model.onnx_data", size_threshold=0) if shape.get("external") else {}
    (target / "model.onnx_data").unlink(missing_ok=True)
    onnx.save(exported, str(file), **external)


if __name__ == "__main__":
    for name, wanted in SHAPES.items():
        write(name, wanted)
