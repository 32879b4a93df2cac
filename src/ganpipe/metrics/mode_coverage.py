"""Coverage of many modes by images, each of which shows one."""

from __future__ import annotations

import numpy as np

from ganpipe.metrics.class_coverage import divergence


def mode_coverage(modes: np.ndarray, training_counts: np.ndarray) -> dict[str, float]:
    """``modes_covered`` and ``mode_kl`` of images that show ``modes``, int64 (N,) in [0, K).

    A mode is covered by a single image. ``mode_kl`` is the divergence KL(images || training) of the
    shares, in nats, where ``training_counts`` (K,) are the numbers of training images of each mode
    (Metz et al. 2017, arXiv:1611.02163). N images that are drawn as the training images are have
    about (K - 1) / 2N where N is much larger than K.
    """
    counts = np.bincount(modes, minlength=len(training_counts))
    return {
        "modes_covered": int((counts > 0).sum()),
        "mode_kl": divergence(counts / counts.sum(), training_counts / training_counts.sum()),
    }
