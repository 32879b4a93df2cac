"""Standing statistics: a generator's batch norms measured anew, with its final weights.

The running mean and variance of a batch norm trail behind the weights, and were made by those of
the last updates while images are drawn from a moving average. Brock et al. 2019 (arXiv:1809.11096)
replace them by means over many batches of fresh noise, with the weights that draw.
"""

from __future__ import annotations

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from ganpipe.core.errors import GanpipeError
from ganpipe.runtime.seeding import make_rng
from ganpipe.sampling.draw import CHUNK
from ganpipe.sampling.pictures import translates
from ganpipe.sampling.sampler import Sampler

PASSES = 40  # of CHUNK images each


@torch.inference_mode()
def take_standing_statistics(sampler: Sampler, seed: int) -> bool:
    """Replace the running statistics of the batch norms of ``sampler.network`` by their means over
    PASSES batches; say whether it has any.

    In each pass every batch norm normalises by the statistics of the batch, so that the next one
    sees what it saw in training. The inputs are drawn from a stream of ``seed`` that nothing else
    uses. The sampler must be in evaluation mode, and is so afterwards. Raises GanpipeError where it
    translates pictures.
    """
    norms = [
        module
        for module in sampler.network.modules()
        if isinstance(module, _BatchNorm) and module.track_running_stats
    ]
    if not norms:
        return False
    if translates(sampler):
        raise GanpipeError(
            "evaluate.batch_norm standing draws its batches from noise, and the model translates "
            "pictures; set it to running"
        )
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # PyTorch then takes the mean over all batches
        norm.train()
    for step in range(PASSES):
        rng = make_rng(sampler.device, seed, "standing statistics", step)
        sampler(**sampler.draw_inputs(CHUNK, rng))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()
    return True
