"""The plain GPT of the PyTorch programs here, one training step of it, and what they tell of themselves.

Pre-norm blocks, learned positions, LayerNorm, exact GELU, the token table as output matrix, no dropout: what
`glossa bench train` and `glossa bench learn` compute, written as a PyTorch user would write it.
"""
import math
import resource
import sys

import torch
from torch import nn
from torch.nn import functional


class SelfAttention(nn.Module):
    def __init__(self, width, heads, context):
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        later = torch.ones(context, context, dtype=torch.bool).triu(1)
        self.register_buffer("later", later, persistent=False)

    def forward(self, x):
        batch, rows, width = x.shape
        heads = self.query_key_value(x).view(batch, rows, 3, self.heads, width // self.heads)
        queries, keys, values = heads.permute(2, 0, 3, 1, 4)
        if hasattr(functional, "scaled_dot_product_attention"):
            seen = functional.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        else:
            scores = queries @ keys.transpose(2, 3) / math.sqrt(width // self.heads)
            scores = scores.masked_fill(self.later[:rows, :rows], float("-inf"))
            seen = scores.softmax(3) @ values
        return self.output(seen.transpose(1, 2).reshape(batch, rows, width))


class Block(nn.Module):
    def __init__(self, width, heads, context):
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, context)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        return x + self.feed_forward(self.feed_forward_norm(x))


class Gpt(nn.Module):
    def __init__(self, layers, width, heads, context, vocabulary):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(Block(width, heads, context) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens, targets):
        """Mean loss in nats; tokens and targets are [batch, rows]."""
        x = self.tokens(tokens) + self.positions.weight[: tokens.shape[1]]
        logits = functional.linear(self.norm(self.blocks(x)), self.tokens.weight)
        return functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten())


def loss_of(model, tokens, targets, precision):
    """In bf16, products run under autocast and parameters stay float32."""
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
        return model(tokens, targets)


def training_step(model, optimizer, tokens, targets, precision):
    """One change of the parameters, gradients clipped to norm 1; answers the loss before it."""
    loss = loss_of(model, tokens, targets, precision)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def peak_resident_bytes():
    """The most memory that this process held at once."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def peer_name():
    return "PyTorch " + torch.__version__
