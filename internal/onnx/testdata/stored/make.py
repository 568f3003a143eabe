"""Writes ONNX files of small models as exporters write them: with torch.onnx, by the input and
output names of Optimum.

    /usr/bin/python3 make.py MODEL_DIRECTORY FILE [external|quantized]

A model directory has config.json and model.safetensors, of BERT, RoBERTa, ELECTRA or DistilBERT;
with external, the weights are in a file of their own, and with quantized in 8 bits. Debian's
python3-torch and python3-onnx are enough. The files in this directory are those of the directories
of the same names in internal/checkpoint/testdata/families, electra-even with external, distilbert-relu-int8
with quantized; internal/tinymodel/model.onnx is that of the directory that tinymodel.Write makes.
"""

import json
import math
import pathlib
import struct
import sys

import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

ACTIVATIONS = {"gelu": F.gelu, "relu": F.relu}
BERT = dict(q="attention.self.query", k="attention.self.key", v="attention.self.value", o="attention.output.dense",
            n="attention.output.LayerNorm", up="intermediate.dense", down="output.dense", n2="output.LayerNorm")
DISTIL = dict(q="attention.q_lin", k="attention.k_lin", v="attention.v_lin", o="attention.out_lin",
              n="sa_layer_norm", up="ffn.lin1", down="ffn.lin2", n2="output_layer_norm")
DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
COMMON = {"dim": "hidden_size", "n_layers": "num_hidden_layers", "n_heads": "num_attention_heads",
          "activation": "hidden_act"}


def read(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, t in json.loads(data[8:8 + size]).items():
        low, high = (8 + size + at for at in t["data_offsets"])
        tensors[name] = torch.frombuffer(bytearray(data[low:high]), dtype=DTYPES[t["dtype"]]).float().reshape(t["shape"])
    return tensors


class Model(torch.nn.Module):
    """The network of a directory, with the parameters under the names of its file."""

    def __init__(self, config, tensors):
        super().__init__()
        self.c = {COMMON.get(key, key): value for key, value in config.items()}
        self.kind = config["model_type"]
        self.names = DISTIL if self.kind == "distilbert" else BERT
        self.types = self.kind in ("bert", "electra")
        for name, t in tensors.items():
            name = name.removeprefix("module.").removeprefix(self.kind + ".")
            self.register_parameter(name.replace(".", "/"), torch.nn.Parameter(t))

    def get(self, name):
        return getattr(self, name.replace(".", "/"))

    def linear(self, name, x):
        return F.linear(x, self.get(name + ".weight"), self.get(name + ".bias"))

    def norm(self, name, x):
        weight = self.get(name + ".weight")
        return F.layer_norm(x, weight.shape, weight, self.get(name + ".bias"), self.c.get("layer_norm_eps", 1e-12))

    def heads(self, x):
        b, s, _ = x.shape
        return x.view(b, s, self.c["num_attention_heads"], -1).transpose(1, 2)

    def forward(self, input_ids, attention_mask, token_type_ids=None):
        e, s = "embeddings.", input_ids.shape[1]
        x = self.get(e + "word_embeddings.weight")[input_ids]
        positions = torch.arange(s)
        if self.kind == "roberta":
            pad = self.c["pad_token_id"]
            real = (input_ids != pad).long()
            positions = torch.cumsum(real, 1) * real + pad
        x = x + self.get(e + "position_embeddings.weight")[positions]
        if self.kind != "distilbert":
            kinds = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
            x = x + self.get(e + "token_type_embeddings.weight")[kinds]
        x = self.norm(e + "LayerNorm", x)
        far = (1.0 - attention_mask[:, None, None, :].to(x.dtype)) * torch.finfo(x.dtype).min
        for i in range(self.c["num_hidden_layers"]):
            at = ("transformer" if self.kind == "distilbert" else "encoder") + f".layer.{i}."
            q, k, v = (self.heads(self.linear(at + self.names[p], x)) for p in "qkv")
            weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + far, -1)
            y = (weights @ v).transpose(1, 2).reshape(x.shape)
            x = self.norm(at + self.names["n"], x + self.linear(at + self.names["o"], y))
            y = ACTIVATIONS[self.c["hidden_act"]](self.linear(at + self.names["up"], x))
            x = self.norm(at + self.names["n2"], x + self.linear(at + self.names["down"], y))
        x = x[:, 0]
        if self.kind == "bert":
            logits = self.linear("classifier", torch.tanh(self.linear("pooler.dense", x)))
        elif self.kind == "distilbert":
            logits = self.linear("classifier", F.relu(self.linear("pre_classifier", x)))
        else:
            act = torch.tanh if self.kind == "roberta" else F.gelu
            logits = self.linear("classifier.out_proj", act(self.linear("classifier.dense", x)))
        return logits


def quantize(model):
    """Multiplies in 8 bits, as the dynamic quantization of ONNX Runtime does."""
    graph = model.graph
    weights = {t.name: t for t in graph.initializer}
    for at, node in reversed(list(enumerate(graph.node))):
        if node.op_type != "MatMul" or node.input[1] not in weights:
            continue
        x, out, t = node.input[0], node.output[0], weights[node.input[1]]
        values = numpy_helper.to_array(t)
        scale = abs(values).max() / 127
        for name, array in (("_8", (values / scale).round().astype("int8")), ("_scale", scale.astype("float32"))):
            graph.initializer.append(numpy_helper.from_array(array, t.name + name))
        graph.initializer.remove(t)
        graph.node.remove(node)
        for new in reversed([
            helper.make_node("DynamicQuantizeLinear", [x], [out + "_8", out + "_s", out + "_z"]),
            helper.make_node("MatMulInteger", [out + "_8", t.name + "_8", out + "_z"], [out + "_sum"]),
            helper.make_node("Cast", [out + "_sum"], [out + "_float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [out + "_s", t.name + "_scale"], [out + "_scale"]),
            helper.make_node("Mul", [out + "_float", out + "_scale"], [out]),
        ]):
            graph.node.insert(at, new)


def main(directory, file, option=""):
    directory = pathlib.Path(directory)
    config = json.loads((directory / "config.json").read_text())
    model = Model(config, read(directory / "model.safetensors")).eval()
    names = ["input_ids", "attention_mask"] + (["token_type_ids"] if model.types else [])
    axes = {name: {0: "batch_size", 1: "sequence_length"} for name in names} | {"logits": {0: "batch_size"}}
    example = tuple(torch.ones(2, 7, dtype=torch.int64) for _ in names)
    torch.onnx.export(model, example, file, input_names=names, output_names=["logits"], opset_version=14, dynamic_axes=axes)
    if option == "external":
        location = pathlib.Path(file).name + "_data"
        onnx.save(onnx.load(file), file, save_as_external_data=True, location=location, size_threshold=0)
    if option == "quantized":
        model = onnx.load(file)
        quantize(model)
        onnx.save(model, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
