"""Training steps of the plain GPT in PyTorch on random tokens: the work of `glossa bench train`, the same keys."""
import argparse
import json
import statistics
import time

import torch

from torch_gpt import Gpt, peak_resident_bytes, peer_name, training_step

SIZES = ["layers", "width", "heads", "context", "vocabulary", "batch"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for size in SIZES:
        parser.add_argument("--" + size, type=int, required=True)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="bf16")
    parser.add_argument("--steps", type=int, default=8, help="timed steps")
    parser.add_argument("--warm-up", type=int, default=2, help="steps before the clock counts")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()

    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    model = Gpt(given.layers, given.width, given.heads, given.context, given.vocabulary)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, betas=(0.9, 0.95), weight_decay=0.1)
    seconds = []
    for step in range(given.warm_up + given.steps):
        tokens = torch.randint(given.vocabulary, (given.batch, given.context))
        targets = tokens.roll(-1, dims=1)
        start = time.perf_counter()
        loss = training_step(model, optimizer, tokens, targets, given.precision)
        if step >= given.warm_up:
            seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    result = dict(
        peer=peer_name(),
        precision=given.precision,
        threads=given.threads,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        steps=given.steps,
        tokens_per_s=round(given.batch * given.context / median, 1),
        step_seconds=median,
        peak_resident_bytes=peak_resident_bytes(),
        loss=loss,
    )
    print(json.dumps(result), flush=True)


main()
