"""The generator's loss against a discriminator that has moved on (Metz et al. 2017)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganpipe.methods.critic import Judge
from ganpipe.methods.method import Context
from ganpipe.objectives.loss import AdversarialLoss
from ganpipe.objectives.unroll import Network, unrolled


def loss_ahead(
    loss: AdversarialLoss,
    judge: Judge,
    images: tuple[Tensor, Tensor],
    context: Context,
    *,
    steps: int,
    d_loss: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """The generator's loss against the discriminator after ``steps`` more updates of ``d_loss``,
    a function of (N,) logits of the real and the generated ``images``, computed in fp32.

    In a zero-sum game this is minus the discriminator's whole loss (Metz et al. 2017,
    arXiv:1611.02163, eq. 4 and 5), since the unrolled updates make the logits of real images depend
    on the generator as well. Smoothed and flipped labels are used in ``d_loss`` only.
    """
    with torch.autocast(images[0].device.type, enabled=False):
        real, fake = (each.float() for each in images)

        def logits(network: Network) -> list[Tensor]:
            return [each.logits for each in judge.verdicts(real, fake, context.batch, network)]

        ahead = unrolled(
            judge.network,
            lambda network: d_loss(*logits(network)),
            steps,
            context.optimizers["discriminator"],
        )
        on_real, on_fake = logits(ahead)
        if loss.zero_sum:
            return -loss.discriminator(on_real, on_fake)
        return loss.generator(on_real, on_fake)
