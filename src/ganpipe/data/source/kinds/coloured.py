"""Grey images in colour, in the manner of coloured MNIST."""

from __future__ import annotations

import numpy as np

from ganpipe.core.errors import GanpipeError

GROUND = 0.5  # brightness of the ground, of at most 1
DRAWN = True  # one of many possible sources of an image


def channels(given: int) -> int:
    """3. Raises GanpipeError for images that are in colour already."""
    if given != 1:
        raise GanpipeError(
            "the images of the dataset are in colour already, which source.kind coloured would "
            "replace; choose another kind or a grey dataset, such as mnist"
        )
    return 3


def translate(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8 (N, 1, h, w) -> (N, 3, h, w): from black to white of the image the colour goes from
    that of the ground to that of the figure.

    Both are drawn for each image: the figure's a bright one of a random hue, the ground's a darker
    one, of a hue a third to two thirds round the circle from the first.
    """
    hue = rng.random(len(images))
    other = hue + rng.uniform(1 / 3, 2 / 3, len(images))
    figure, ground = _bright(hue), GROUND * _bright(other)
    share = images.astype(np.float64) / 255
    mixed = ground + share * (figure - ground)
    return np.rint(255 * mixed).astype(np.uint8)


def _bright(hue: np.ndarray) -> np.ndarray:
    """(N,) hues, red at whole numbers -> (N, 3, 1, 1) RGB of full saturation in [0, 1]."""
    turned = hue[:, None] + np.array([0, 2 / 3, 1 / 3])
    colour = np.clip(np.abs(turned % 1 * 6 - 3) - 1, 0, 1)
    return colour[:, :, None, None]
