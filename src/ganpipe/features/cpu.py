"""A network on a CPU: each thread takes images of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from ganpipe.runtime.threads import workers

MOST = 6  # images at once: of more, what a layer leaves for the next outgrows a core's cache


def each_by_one_thread(network: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """``network`` of an (N, ...) CPU tensor, in inference mode and under the caller's autocast.

    PyTorch splits every operation between ``torch.get_num_threads()`` threads, and at the end of
    each all wait for the slowest; here :func:`workers` threads meet once. Since one thread computes
    every image, the bits do not depend on how many there are.
    """
    before, threads = torch.get_num_threads(), workers()
    bf16 = torch.is_autocast_enabled("cpu")

    def run(part: Tensor) -> Tensor:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            return network(part)

    parts = images.split(list(sizes(len(images), threads)))
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return torch.cat(list(pool.map(run, parts)))
    finally:
        torch.set_num_threads(before)  # later threads start with what was set last


def sizes(num: int, threads: int) -> Iterator[int]:
    """How many images of ``num`` to take at a time: fewer towards the end, so that all threads
    finish together (guided self-scheduling, Polychronopoulos and Kuck 1987)."""
    while num > 0:
        size = min(MOST, -(-num // (2 * threads)))
        yield size
        num -= size
