"""Remakes tests/golden/llama: a tiny Llama with grouped key heads in plain PyTorch, written from Touvron et al. 2023
(arXiv:2307.09288); rotary positions pair the halves of a head, as Hugging Face checkpoints have them.

    /usr/bin/python3 tests/golden/make_llama.py      (Debian: apt-get install python3-torch)
"""
import math

import torch
from golden_folder import write_golden

LAYERS, WIDTH, INNER, HEADS, KV_HEADS, CONTEXT, VOCABULARY = 2, 32, 80, 4, 2, 16, 97
HEAD = WIDTH // HEADS
EPSILON, BASE = 1e-5, 10000.0

CONFIG = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KV_HEADS,
    "hidden_act": "silu",
    "max_position_embeddings": CONTEXT,
    "rms_norm_eps": EPSILON,
    "rope_theta": BASE,
    "tie_word_embeddings": False,
    "bos_token_id": None,
    "eos_token_id": None,
}


def make_weights(generator):
    def normal(*shape, deviation, mean=0.0):
        return mean + deviation * torch.randn(shape, generator=generator)

    def norm(path):
        return {f"{path}.weight": normal(WIDTH, deviation=0.1, mean=1.0)}

    def linear(path, inputs, outputs):  # kept [out, in]
        return {f"{path}.weight": normal(outputs, inputs, deviation=inputs**-0.5)}

    weights = {"model.embed_tokens.weight": normal(VOCABULARY, WIDTH, deviation=0.5)}
    for layer in range(LAYERS):
        block = f"model.layers.{layer}"
        weights |= norm(f"{block}.input_layernorm")
        weights |= linear(f"{block}.self_attn.q_proj", WIDTH, HEADS * HEAD)
        weights |= linear(f"{block}.self_attn.k_proj", WIDTH, KV_HEADS * HEAD)
        weights |= linear(f"{block}.self_attn.v_proj", WIDTH, KV_HEADS * HEAD)
        weights |= linear(f"{block}.self_attn.o_proj", HEADS * HEAD, WIDTH)
        weights |= norm(f"{block}.post_attention_layernorm")
        weights |= linear(f"{block}.mlp.gate_proj", WIDTH, INNER)
        weights |= linear(f"{block}.mlp.up_proj", WIDTH, INNER)
        weights |= linear(f"{block}.mlp.down_proj", INNER, WIDTH)
    weights |= norm("model.norm")
    return weights | linear("lm_head", WIDTH, VOCABULARY)


def turn(x):
    """Rotary positions: features i and i + HEAD/2 turn together by position · BASE^(−2i/HEAD). x [heads, length, HEAD]"""
    frequencies = BASE ** (-torch.arange(0, HEAD, 2) / HEAD)
    angles = torch.arange(x.shape[1])[:, None] * frequencies
    cosine, sine = angles.cos(), angles.sin()
    left, right = x.chunk(2, dim=-1)
    return torch.cat([left * cosine - right * sine, right * cosine + left * sine], dim=-1)


def forward(weights, tokens):
    """Logits [length, vocabulary] of one sequence [length]."""

    def norm(x, path):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + EPSILON) * weights[f"{path}.weight"]

    def linear(x, path):
        return torch.nn.functional.linear(x, weights[f"{path}.weight"])

    def heads(x):  # [heads, length, HEAD]
        return x.view(length, -1, HEAD).transpose(0, 1)

    length = len(tokens)
    future = torch.ones(length, length).triu(1).bool()
    x = weights["model.embed_tokens.weight"][tokens]
    for layer in range(LAYERS):
        block = f"model.layers.{layer}"
        normed = norm(x, f"{block}.input_layernorm")
        queries = turn(heads(linear(normed, f"{block}.self_attn.q_proj")))
        keys = turn(heads(linear(normed, f"{block}.self_attn.k_proj")))
        values = heads(linear(normed, f"{block}.self_attn.v_proj"))
        # Query heads 0 and 1 read key head 0, 2 and 3 read key head 1.
        keys, values = (part.repeat_interleave(HEADS // KV_HEADS, dim=0) for part in (keys, values))
        scores = queries @ keys.transpose(1, 2) / math.sqrt(HEAD)
        shares = torch.softmax(scores.float().masked_fill(future, -math.inf), dim=-1)
        attended = (shares @ values).transpose(0, 1).reshape(length, WIDTH)
        x = x + linear(attended, f"{block}.self_attn.o_proj")
        normed = norm(x, f"{block}.post_attention_layernorm")
        gate = torch.nn.functional.silu(linear(normed, f"{block}.mlp.gate_proj"))
        x = x + linear(gate * linear(normed, f"{block}.mlp.up_proj"), f"{block}.mlp.down_proj")
    return linear(norm(x, "model.norm"), "lm_head")


if __name__ == "__main__":
    torch.set_num_threads(1)
    weights = make_weights(torch.Generator().manual_seed(10))
    write_golden("llama", CONFIG, weights, forward, seed=11)
