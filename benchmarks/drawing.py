"""Time drawing with the weights of the run in this folder: milliseconds of processor time an image,
on one thread and in batches of 250 images.

    python benchmarks/drawing.py
"""

from __future__ import annotations

import time
from statistics import median

import torch

from ganpipe.core import paths
from ganpipe.sampling.draw import CHUNK, draw
from ganpipe.sampling.trained import load_trained

ROUNDS = 3  # of a batch, after one to warm up


def main() -> None:
    """Print the time of an image, the median of ROUNDS."""
    torch.set_num_threads(1)
    trained = load_trained(paths.GENERATOR, torch.device("cpu"))
    times = []
    for _ in range(1 + ROUNDS):
        start = time.process_time()
        list(draw(trained.sampler, CHUNK, trained.seed))
        times.append(time.process_time() - start)
    print(1000 * median(times[1:]) / CHUNK)


if __name__ == "__main__":
    main()
