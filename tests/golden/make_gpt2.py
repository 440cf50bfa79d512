"""Remakes tests/golden/gpt2: a tiny GPT-2 in plain PyTorch, written from Radford et al. 2019.

    /usr/bin/python3 tests/golden/make_gpt2.py      (Debian: apt-get install python3-torch)
"""
import math

import torch
from golden_folder import write_golden

LAYERS, WIDTH, HEADS, CONTEXT, VOCABULARY, EPSILON = 2, 32, 4, 16, 97, 1e-5

CONFIG = {
    "model_type": "gpt2",
    "architectures": ["GPT2LMHeadModel"],
    "vocab_size": VOCABULARY,
    "n_positions": CONTEXT,
    "n_embd": WIDTH,
    "n_layer": LAYERS,
    "n_head": HEADS,
    "activation_function": "gelu_new",
    "layer_norm_epsilon": EPSILON,
    "tie_word_embeddings": True,
    "bos_token_id": None,
    "eos_token_id": None,
}


def make_weights(generator):
    def normal(*shape, deviation, mean=0.0):
        return mean + deviation * torch.randn(shape, generator=generator)

    def norm(path):
        return {
            f"{path}.weight": normal(WIDTH, deviation=0.1, mean=1.0),
            f"{path}.bias": normal(WIDTH, deviation=0.1),
        }

    def linear(path, inputs, outputs):  # kept [in, out]
        return {
            f"{path}.weight": normal(inputs, outputs, deviation=inputs**-0.5),
            f"{path}.bias": normal(outputs, deviation=0.1),
        }

    weights = {
        "transformer.wte.weight": normal(VOCABULARY, WIDTH, deviation=0.3),
        "transformer.wpe.weight": normal(CONTEXT, WIDTH, deviation=0.2),
    }
    for layer in range(LAYERS):
        block = f"transformer.h.{layer}"
        weights |= norm(f"{block}.ln_1")
        weights |= linear(f"{block}.attn.c_attn", WIDTH, 3 * WIDTH)
        weights |= linear(f"{block}.attn.c_proj", WIDTH, WIDTH)
        weights |= norm(f"{block}.ln_2")
        weights |= linear(f"{block}.mlp.c_fc", WIDTH, 4 * WIDTH)
        weights |= linear(f"{block}.mlp.c_proj", 4 * WIDTH, WIDTH)
    return weights | norm("transformer.ln_f")


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def gelu_exact(x):
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


def forward(weights, tokens, gelu=gelu_tanh):
    """Logits [length, vocabulary] of one sequence [length]."""

    def norm(x, path):
        return torch.nn.functional.layer_norm(x, (WIDTH,), weights[f"{path}.weight"], weights[f"{path}.bias"], EPSILON)

    def linear(x, path):
        return torch.addmm(weights[f"{path}.bias"], x, weights[f"{path}.weight"])

    def heads(x):  # [heads, length, head size]
        return x.view(length, HEADS, WIDTH // HEADS).transpose(0, 1)

    length = len(tokens)
    future = torch.ones(length, length).triu(1).bool()
    x = weights["transformer.wte.weight"][tokens] + weights["transformer.wpe.weight"][:length]
    for layer in range(LAYERS):
        block = f"transformer.h.{layer}"
        joined = linear(norm(x, f"{block}.ln_1"), f"{block}.attn.c_attn")
        queries, keys, values = (heads(part) for part in joined.split(WIDTH, dim=1))
        scores = queries @ keys.transpose(1, 2) / math.sqrt(WIDTH // HEADS)
        shares = torch.softmax(scores.float().masked_fill(future, -math.inf), dim=-1)
        attended = (shares @ values).transpose(0, 1).reshape(length, WIDTH)
        x = x + linear(attended, f"{block}.attn.c_proj")
        inner = gelu(linear(norm(x, f"{block}.ln_2"), f"{block}.mlp.c_fc"))
        x = x + linear(inner, f"{block}.mlp.c_proj")
    return norm(x, "transformer.ln_f") @ weights["transformer.wte.weight"].T


if __name__ == "__main__":
    torch.set_num_threads(1)
    weights = make_weights(torch.Generator().manual_seed(20))
    exact = lambda weights, tokens: forward(weights, tokens, gelu_exact)
    write_golden("gpt2", CONFIG, weights, forward, seed=21, variants={"gelu": exact})
