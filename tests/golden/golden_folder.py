"""What both makers share: packed batches, PyTorch's losses, gradients and AdamW steps, and the files they are kept in.

A golden folder holds a model as Hugging Face does (config.json, model.safetensors) and what PyTorch made of it:
expected.json (version, settings, losses, norms) and expected.safetensors (tokens, logits, gradients, final weights).
"""
import contextlib
import datetime
import json
import math
import pathlib
import struct

import torch

MAGIC = "glossa-golden"
VERSION = 1

# Lengths of the sequences that lie one after another in a batch, and how many such batches the steps take turns with.
SEQUENCES = [16, 9, 7]
BATCHES = 2
# A target that does not count, in PyTorch's files and in ours.
PYTORCH_IGNORED = -100
IGNORED = -1

# Some steps are clipped and some are not; the rate warms up. Epsilon is large enough that gradients which
# are zero on paper (the bias of keys under softmax) and rounding noise in floating point move their weights by nothing.
STEPS = 10
OPTIMIZER = {"betas": [0.9, 0.95], "epsilon": 1e-5, "weightDecay": 0.1, "maximumGradientNorm": 3.0}
LEARNING_RATES = [0.004 * min(1.0, (step + 1) / 4) for step in range(STEPS)]

DTYPES = {torch.float32: ("F32", "f"), torch.int32: ("I32", "i")}


def save_safetensors(path, tensors, metadata):
    """The format: the length of a JSON table, the table, the numbers one tensor after another."""
    table, data, place = {"__metadata__": metadata}, b"", 0
    for name, tensor in tensors.items():
        kind, letter = DTYPES[tensor.dtype]
        data += struct.pack(f"<{tensor.numel()}{letter}", *tensor.detach().flatten().tolist())
        table[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [place, len(data)]}
        place = len(data)
    text = json.dumps(table, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def make_batches(vocabulary, generator):
    """[batches, rows] tokens and targets: the next token of each sequence, the last one and every fifth not counted."""
    rows = sum(SEQUENCES)
    tokens = torch.randint(vocabulary, (BATCHES, rows), generator=generator)
    targets = torch.roll(tokens, -1, dims=1)
    targets[:, torch.tensor(SEQUENCES).cumsum(0) - 1] = PYTORCH_IGNORED
    targets[:, ::5] = PYTORCH_IGNORED
    return tokens, targets


def row_logits(forward, weights, tokens):
    """Logits of the packed rows [rows, vocabulary]; each sequence goes through the model by itself."""
    return torch.cat([forward(weights, sequence) for sequence in tokens.split(SEQUENCES)])


def row_losses(logits, targets):
    return torch.nn.functional.cross_entropy(logits.float(), targets, ignore_index=PYTORCH_IGNORED, reduction="none")


def mean_loss(logits, targets):
    return row_losses(logits, targets).sum() / (targets != PYTORCH_IGNORED).sum()


def gradients_of(forward, weights, tokens, targets, precision):
    """Loss of a batch, every gradient and the logits, in float32 or under PyTorch's bfloat16 autocast."""
    leaves = {name: value.clone().requires_grad_() for name, value in weights.items()}
    with precision():
        logits = row_logits(forward, leaves, tokens)
    loss = mean_loss(logits, targets)
    loss.backward()
    return loss.item(), {name: leaf.grad for name, leaf in leaves.items()}, logits.detach().float()


def train(forward, weights, tokens, targets, precision):
    """AdamW with clipping over matrices that decay and vectors that do not."""
    leaves = {name: value.clone().requires_grad_() for name, value in weights.items()}
    decaying = [leaf for leaf in leaves.values() if leaf.ndim >= 2]
    others = [leaf for leaf in leaves.values() if leaf.ndim < 2]
    groups = [
        {"params": decaying, "weight_decay": OPTIMIZER["weightDecay"]},
        {"params": others, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, betas=tuple(OPTIMIZER["betas"]), eps=OPTIMIZER["epsilon"])
    steps = []
    for step, rate in enumerate(LEARNING_RATES):
        for group in optimizer.param_groups:
            group["lr"] = rate
        with precision():
            logits = row_logits(forward, leaves, tokens[step % BATCHES])
        loss = mean_loss(logits, targets[step % BATCHES])
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(leaves.values(), OPTIMIZER["maximumGradientNorm"])
        optimizer.step()
        steps.append({"loss": loss.item(), "gradientNorm": norm.item(), "learningRate": rate})
    return steps, {name: leaf.detach() for name, leaf in leaves.items()}


def relative(value, expected):
    """How far two tensors are apart, as a share of the expected one's length."""
    return ((value - expected).norm() / expected.norm()).item()


def write_golden(name, config, weights, forward, seed, variants=None):
    """Runs everything and writes the folder `name` beside this file. `variants`: further forwards, logits only."""
    generator = torch.Generator().manual_seed(seed)
    tokens, targets = make_batches(config["vocab_size"], generator)
    float32 = contextlib.nullcontext
    bfloat16 = lambda: torch.autocast("cpu", dtype=torch.bfloat16)

    loss, gradients, logits = gradients_of(forward, weights, tokens[0], targets[0], float32)
    half_loss, half_gradients, half_logits = gradients_of(forward, weights, tokens[0], targets[0], bfloat16)
    steps, trained = train(forward, weights, tokens, targets, float32)
    half_steps, _ = train(forward, weights, tokens, targets, bfloat16)

    kept = {
        "tokens": tokens.int(),
        "targets": torch.where(targets == PYTORCH_IGNORED, IGNORED, targets).int(),
        "logits": logits,
        "losses": row_losses(logits, targets[0]),
    }
    kept |= {f"gradient.{path}": gradient for path, gradient in gradients.items()}
    kept |= {f"trained.{path}": value for path, value in trained.items()}
    for variant, variant_forward in (variants or {}).items():
        with torch.no_grad():
            kept[f"variant.{variant}.logits"] = row_logits(variant_forward, weights, tokens[0])
    marks = {"magic": MAGIC, "version": VERSION}
    expected = {
        **marks,
        "made": datetime.date.today().isoformat(),
        "torch": torch.__version__,
        "seed": seed,
        "sequences": SEQUENCES,
        "optimizer": OPTIMIZER,
        "loss": loss,
        "steps": steps,
        # PyTorch's own bfloat16 (autocast): its losses, and how far it is from its float32.
        "bf16": {
            "loss": half_loss,
            "logitsError": relative(half_logits, logits),
            "gradientErrors": {
                path: relative(half_gradients[path], gradient)
                for path, gradient in gradients.items()
            },
            "steps": [{"loss": step["loss"], "gradientNorm": step["gradientNorm"]} for step in half_steps],
        },
    }
    folder = pathlib.Path(__file__).parent / name
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")
    save_safetensors(folder / "model.safetensors", weights, {"format": "pt"})
    save_safetensors(folder / "expected.safetensors", kept, {key: str(mark) for key, mark in marks.items()})
    size = sum(file.stat().st_size for file in folder.iterdir())
    clipped = sum(step["gradientNorm"] > OPTIMIZER["maximumGradientNorm"] for step in steps)
    assert size <= 400_000 and all(math.isfinite(step["loss"]) for step in steps) and 0 < clipped < STEPS
    print(f"{name}: {size} bytes, loss {loss:.4f}, after {STEPS} steps ({clipped} clipped) {steps[-1]['loss']:.4f}")
    for step in steps:
        print(f"  loss {step['loss']:.6f}  norm {step['gradientNorm']:.4f}")
