"""Fields of the block `source` of a translating model: what it translates from.

A kind that is computed is the module of that name in ``ganpipe.data.source.kinds``; its own fields
are keywords of its function.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ganpipe.core.schema import NonNegativeInt, PositiveFloat, PositiveInt, Strict


class _Source(Strict):
    """Fields of every source."""

    # false: half of the training images become sources, the other half stay targets, so that no
    # picture stands on both sides.
    paired: bool = True
    seed: NonNegativeInt = 0  # of what is drawn; its own, so that all runs translate the same


class Edges(_Source):
    """White edges on black."""

    kind: Literal["edges"]
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.2  # gradient, as a share of the steepest


class Grey(_Source):
    """Colours as their luma."""

    kind: Literal["grey"]


class LowResolution(_Source):
    """Large pixels."""

    kind: Literal["low_resolution"]
    factor: Annotated[int, Field(ge=2)] = 4  # pixels a side that become one


class Hole(_Source):
    """A grey square in place of a part of the image, somewhere."""

    kind: Literal["hole"]
    size: PositiveInt = 12  # pixels a side


class Noise(_Source):
    """Gaussian noise on top."""

    kind: Literal["noise"]
    deviation: PositiveFloat = 64.0  # grey values, of 255


class Inverted(_Source):
    """Black and white exchanged."""

    kind: Literal["inverted"]


class Coloured(_Source):
    """Grey images in a colour on a ground of another colour, both drawn for each image."""

    kind: Literal["coloured"]


class Thick(_Source):
    """Bright strokes that are wider."""

    kind: Literal["thick"]
    pixels: PositiveInt = 1  # wider on each side


class Folder(_Source):
    """The user's own pictures, of the dataset `pairs`; nothing is computed.

    Where its pictures are no pairs, all of them are used, and ``seed`` means nothing.
    """

    kind: Literal["folder"]


ComputedSource = Edges | Grey | LowResolution | Hole | Noise | Inverted | Coloured | Thick
SourceConfig = Annotated[ComputedSource | Folder, Field(discriminator="kind")]
