"""Writes the decoders of this directory, and their logits in float64.

As in make.py: random weights, sizes and settings that no published model has together, computed by
PyTorch in float64 straight from the definition of each family.

Debian's python3-torch is enough: /usr/bin/python3 make_decoder.py
"""

import json
import math
import pathlib
import random

import torch
import torch.nn.functional as F

from make import Weights
from make_rotary import ACTIVATIONS, inverse_frequencies, linear, turn

HERE = pathlib.Path(__file__).parent


def rms(w, name, x, eps, from_one=False):
    """RMS norm. Gemma's weights are what is added to a gain of one."""
    gain = w(name + ".weight", x.shape[-1], mean=0.0 if from_one else 1.0, scale=0.2) + from_one
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * gain


def attention(c, w, at, x):
    """Attention, causal but for Llamas made encoders: query head i reads key head i // (heads / key heads)."""
    size, heads, shared, n = c["head_dim"], c["num_attention_heads"], c["num_key_value_heads"], len(x)
    bias = c["model_type"] == "qwen2" or c.get("attention_bias", False)
    q = linear(w, at + "q_proj", x, heads * size, bias).split(size, -1)
    k = linear(w, at + "k_proj", x, shared * size, bias).split(size, -1)
    v = linear(w, at + "v_proj", x, shared * size, bias).split(size, -1)
    if c["model_type"] == "qwen3":
        q = rms(w, at + "q_norm", torch.stack(q), c["rms_norm_eps"])
        k = rms(w, at + "k_norm", torch.stack(k), c["rms_norm_eps"])
    frequencies = scaled(c, inverse_frequencies(theta(c), size))
    later = torch.ones(n, n).triu(1).bool() & (c["model_type"] != "llama_bidirec")
    out = []
    for i in range(heads):
        j = i // (heads // shared)
        products = turn(q[i], frequencies) @ turn(k[j], frequencies).T / math.sqrt(size)
        out.append(torch.softmax(products.masked_fill(later, -math.inf), -1) @ v[j])
    return linear(w, at + "o_proj", torch.cat(out, -1), c["hidden_size"], c.get("attention_bias", False))


def rope(c):
    return c.get("rope_parameters") or c.get("rope_scaling") or {}


def theta(c):
    return rope(c).get("rope_theta") or c["rope_theta"]


def scaled(c, frequencies):
    """Llama 3.1's scaling: slow turns are divided by the factor, fast ones are not, those between are mixed."""
    r = rope(c)
    if r.get("rope_type") != "llama3":
        return frequencies
    low, high, length = r["low_freq_factor"], r["high_freq_factor"], r["original_max_position_embeddings"]
    out = []
    for f in frequencies.tolist():
        wave = 2 * math.pi / f
        if wave > length / low:
            out.append(f / r["factor"])
        elif wave < length / high:
            out.append(f)
        else:
            smooth = (length / wave - low) / (high - low)
            out.append((1 - smooth) * f / r["factor"] + smooth * f)
    return torch.tensor(out, dtype=torch.float64)


def pool(c, rows):
    kind = c.get("pooling", "avg") if c["model_type"] == "llama_bidirec" else "last"
    return {"avg": rows.mean(0), "cls": rows[0], "last": rows[-1]}[kind]


def decoder(c, w, ids, answers):
    hidden, inner, eps = c["hidden_size"], c["intermediate_size"], c["rms_norm_eps"]
    embeddings, gemma = w.table("model.embed_tokens", c["vocab_size"], hidden), c["model_type"] == "gemma"
    x = embeddings[ids] * (math.sqrt(hidden) if gemma else 1)
    act = ACTIVATIONS["gelu_pytorch_tanh"] if gemma else F.silu
    for i in range(c["num_hidden_layers"]):
        at = f"model.layers.{i}."
        x = x + attention(c, w, at + "self_attn.", rms(w, at + "input_layernorm", x, eps, gemma))
        h = rms(w, at + "post_attention_layernorm", x, eps, gemma)
        bias = c.get("mlp_bias", False)
        gate, up = linear(w, at + "mlp.gate_proj", h, inner, bias), linear(w, at + "mlp.up_proj", h, inner, bias)
        x = x + linear(w, at + "mlp.down_proj", act(gate) * up, hidden, bias)
    last = pool(c, rms(w, "model.norm", x, eps, gemma))
    if answers is None:
        return linear(w, "score", last, len(c["id2label"]), False) / c.get("temperature", 1)
    rows = embeddings if c["tie_word_embeddings"] else w.table("lm_head", c["vocab_size"], hidden)
    return rows[answers] @ last


def sizes(hidden, layers, heads, shared, size, inner, **more):
    return dict(hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=shared,
                head_dim=size, intermediate_size=inner, max_position_embeddings=400, vocab_size=60, hidden_act="silu",
                use_sliding_window=False, rms_norm_eps=1e-6, rope_theta=10000.0) | more


def models():
    """Name, class, type of the tensors, config, ids of the tokens whose logits make the score."""
    yield "qwen2-tied", "Qwen2ForCausalLM", "BF16", sizes(
        44, 2, 6, 2, 10, 37, tie_word_embeddings=True, rms_norm_eps=1e-4), [7, 31]
    yield "qwen2-untied", "Qwen2ForCausalLM", "F16", sizes(
        33, 3, 3, 1, 14, 50, tie_word_embeddings=False, rope_theta=1e6), [59, 0]
    yield "qwen2-one", "Qwen2ForCausalLM", "F32", sizes(24, 1, 2, 2, 18, 31, tie_word_embeddings=False), [12]
    yield "qwen2-labels", "Qwen2ForSequenceClassification", "F16", sizes(
        40, 2, 4, 2, 6, 44, tie_word_embeddings=True, id2label={"0": "no", "1": "yes"}), None
    yield "qwen3-untied", "Qwen3ForCausalLM", "F32", sizes(
        36, 3, 4, 1, 22, 41, tie_word_embeddings=False, rms_norm_eps=1e-3), [3, 5]
    parameters = sizes(28, 2, 4, 4, 12, 40, tie_word_embeddings=True, attention_bias=True, id2label={"0": "LABEL_0"},
                       rope_parameters={"rope_type": "default", "rope_theta": 500.0})
    del parameters["rope_theta"]
    yield "qwen3-bias", "Qwen3ForSequenceClassification", "BF16", parameters, None
    scaling = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 64}
    yield "llama-tied", "LlamaForCausalLM", "BF16", sizes(
        40, 2, 4, 2, 10, 44, tie_word_embeddings=True, rope_scaling=scaling, rope_theta=500.0), [9, 44]
    yield "llama-bias", "LlamaForSequenceClassification", "F16", sizes(
        42, 2, 6, 3, 7 * 2, 38, attention_bias=True, mlp_bias=True, rms_norm_eps=1e-5, id2label={"0": "LABEL_0"},
        rope_parameters=scaling | {"rope_theta": 100.0, "factor": 32.0}), None
    yield "llama-mean", "LlamaBidirectionalForSequenceClassification", "F32", sizes(
        32, 3, 4, 1, 8, 40, tie_word_embeddings=True, temperature=0.5, id2label={"0": "LABEL_0"}, rope_scaling=scaling), None
    yield "llama-first", "LlamaBidirectionalForSequenceClassification", "BF16", sizes(
        30, 2, 3, 3, 10, 40, pooling="cls", id2label={"0": "LABEL_0", "1": "LABEL_1"}), None
    yield "llama-last", "LlamaBidirectionalForSequenceClassification", "F16", sizes(
        36, 2, 4, 2, 12, 33, pooling="last", id2label={"0": "LABEL_0"}), None
    yield "gemma-tied", "GemmaForCausalLM", "F32", sizes(
        36, 2, 3, 1, 16, 40, hidden_act="gelu", tie_word_embeddings=True), [17]
    yield "gemma-bf16", "GemmaForCausalLM", "BF16", sizes(
        20, 1, 2, 1, 256, 33, hidden_activation="gelu_pytorch_tanh", tie_word_embeddings=True, rms_norm_eps=1e-4), [17]
    yield "gemma-labels", "GemmaForSequenceClassification", "F16", sizes(
        28, 2, 2, 2, 18, 37, hidden_act="gelu_pytorch_tanh", rope_theta=500.0, id2label={"0": "no", "1": "yes"}), None


def main():
    for seed, (name, kind, dtype, config, answers) in enumerate(models()):
        config |= {"architectures": [kind], "model_type": "llama_bidirec" if "Bidirectional" in kind else kind[:5].lower()}
        w, cases, rng = Weights(200 + seed, dtype), [], random.Random(name)
        for length in [1, 2, 3, 7, 15, 16, 17, 30, 48, 49, 97, 130, 257, 300]:
            ids = [rng.randrange(config["vocab_size"]) for _ in range(length)]
            logits = decoder(config, w, torch.tensor(ids), answers)
            cases.append({"ids": ids, "types_from": rng.randint(1, length), "logits": logits.tolist()})
        target = HERE / name
        target.mkdir(exist_ok=True)
        (target / "config.json").write_text(json.dumps(config, indent=1) + "\n")
        (target / "expected.json").write_text(json.dumps({"cases": cases}) + "\n")
        w.save(target / "model.safetensors")
        if answers:
            score = target / "1_LogitScore"
            score.mkdir(exist_ok=True)
            (score / "config.json").write_text(json.dumps(
                {"true_token_id": answers[-1], "false_token_id": answers[0] if len(answers) > 1 else None}) + "\n")
            (target / "modules.json").write_text(json.dumps([
                {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"},
                {"idx": 1, "name": "1", "path": "1_LogitScore", "type": "sentence_transformers.cross_encoder.modules.logit_score.LogitScore"},
            ], indent=1) + "\n")


if __name__ == "__main__":
    main()
