"""What PyTorch's bf16 product reaches at best: square matrices, the fastest of some rounds."""
import argparse
import json
import time

import torch

from torch_gpt import peer_name


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()

    torch.set_num_threads(given.threads)
    left, right = (torch.randn(given.size, given.size).to(torch.bfloat16) for _ in range(2))
    seconds = []
    for _ in range(given.rounds + 2):
        start = time.perf_counter()
        left @ right
        seconds.append(time.perf_counter() - start)
    gflops = 2 * given.size**3 / min(seconds) / 1e9
    print(json.dumps(dict(peer=peer_name(), size=given.size, matmul_bf16_gflops=round(gflops, 1))), flush=True)


main()
