"""Validation loss over time in PyTorch: the task, model and recipe of `glossa bench learn`, the same keys.

A GPT of 4 layers and width 128 learns a text character by character; the last tenth is held out. The recipe is nanoGPT's
for processors: context 64, batch 12, AdamW (0.9, 0.99), decay 0.1 on matrices, rate 1e-3 down to 1e-4 by a cosine
after 100 steps of warm-up. Seconds are those of training steps; evaluations are not counted.
"""
import argparse
import json
import math
import time

import torch

from torch_gpt import Gpt, loss_of, peer_name, training_step

CONTEXT = 64
BATCH = 12
EVALUATION_BATCH = 64
REPORT_EVERY = 100
WARM_UP = 100
PEAK_RATE, FLOOR_RATE = 1e-3, 1e-4
# What `--precision best` tries of each precision.
TRIAL_STEPS = 20


def read_characters(path):
    """Ids of the characters in the order of their code points: all but the last tenth, the last tenth, how many ids."""
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    alphabet = sorted(set(text))
    id_of = {character: index for index, character in enumerate(alphabet)}
    ids = torch.tensor([id_of[character] for character in text])
    boundary = int(len(ids) * 0.9)
    return ids[:boundary], ids[boundary:], len(alphabet)


def windows(ids, starts):
    """Tokens and targets, [starts, CONTEXT] each."""
    places = starts[:, None] + torch.arange(CONTEXT)
    return ids[places], ids[places + 1]


def new_training(vocabulary, seed):
    torch.manual_seed(seed)
    model = Gpt(layers=4, width=128, heads=4, context=CONTEXT, vocabulary=vocabulary)
    matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    others = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    groups = [dict(params=matrices, weight_decay=0.1), dict(params=others, weight_decay=0.0)]
    return model, torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.99))


def rate_at(step, steps):
    warm_up = min(WARM_UP, steps - 1)
    if step < warm_up:
        return PEAK_RATE * (step + 1) / warm_up
    done = (step - warm_up) / (steps - warm_up)
    return FLOOR_RATE + 0.5 * (1 + math.cos(math.pi * done)) * (PEAK_RATE - FLOOR_RATE)


def timed_step(training, ids, step, steps, precision):
    model, optimizer = training
    for group in optimizer.param_groups:
        group["lr"] = rate_at(step, steps)
    start = time.perf_counter()
    tokens, targets = windows(ids, torch.randint(len(ids) - CONTEXT - 1, (BATCH,)))
    training_step(model, optimizer, tokens, targets, precision)
    return time.perf_counter() - start


@torch.no_grad()
def held_out_loss(model, ids, precision):
    """Mean over whole evaluation batches, one after another through the text."""
    span = EVALUATION_BATCH * CONTEXT
    losses = []
    for start in range(0, len(ids) - CONTEXT - 1 - span, span):
        tokens, targets = windows(ids, start + CONTEXT * torch.arange(EVALUATION_BATCH))
        losses.append(loss_of(model, tokens, targets, precision).item())
    return sum(losses) / len(losses)


def faster_precision(ids, vocabulary):
    """The precision in which a few steps of a model of its own take less time."""
    seconds = {}
    for precision in ["bf16", "f32"]:
        training = new_training(vocabulary, seed=0)
        times = [timed_step(training, ids, step, TRIAL_STEPS, precision) for step in range(TRIAL_STEPS)]
        seconds[precision] = sorted(times)[TRIAL_STEPS // 2]
    return min(seconds, key=seconds.get)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", required=True)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1337)
    parser.add_argument("--precision", choices=["f32", "bf16", "best"], default="best")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()

    torch.set_num_threads(given.threads)
    training_ids, held_out, vocabulary = read_characters(given.text)
    precision = given.precision
    if precision == "best":
        precision = faster_precision(training_ids, vocabulary)
    training = new_training(vocabulary, given.seed)
    model, _ = training
    seconds = 0.0
    for step in range(given.steps + 1):
        if step % REPORT_EVERY == 0 or step == given.steps:
            loss = held_out_loss(model, held_out, precision)
            line = dict(peer=peer_name(), step=step, seconds=round(seconds, 3), val_loss=loss, precision=precision)
            print(json.dumps(dict(line, final=True) if step == given.steps else line), flush=True)
        if step < given.steps:
            seconds += timed_step(training, training_ids, step, given.steps, precision)


main()
