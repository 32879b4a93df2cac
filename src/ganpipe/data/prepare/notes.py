"""Facts about image files that their decoding finds."""

from __future__ import annotations

from dataclasses import dataclass

FULL = 65535  # the largest number of 16 bits
DARK = (FULL + 1) // 4  # where the largest value is below, images are nearly black

Levels = tuple[int, int]  # the values that become black and white


class DamagedImageError(Exception):
    """The reason why a file gave no image."""


class NoRangeError(DamagedImageError):
    """The file does not say which of its values are black and white, and nothing else does."""


@dataclass
class Notes:
    """Facts that decoding came across and a person should hear of."""

    animations: int = 0  # files of several frames, of which the first was taken
    deep: int = 0  # files of 16 bits a channel that were scaled from the full range
    lowest: int = FULL  # value in those
    highest: int = 0
    scaled: int = 0  # files that were scaled from given levels

    def add(self, other: Notes) -> None:
        """Take over what ``other`` has noted."""
        self.animations += other.animations
        self.deep += other.deep
        self.lowest = min(self.lowest, other.lowest)
        self.highest = max(self.highest, other.highest)
        self.scaled += other.scaled

    def see_deep(self, lowest: int, highest: int) -> None:
        """Note one file of 16 bits a channel and the range of its values."""
        self.add(Notes(deep=1, lowest=lowest, highest=highest))

    def frames(self) -> str:
        """A clause on animations; empty where there were none."""
        plural = "file has" if self.animations == 1 else "files have"
        what = f"{self.animations:,} {plural} several frames; the first of each is taken"
        return what if self.animations else ""

    def white(self) -> int:
        """The largest number of as many bits as the values of 16-bit images need."""
        return int(2 ** self.highest.bit_length() - 1)

    def darkness(self) -> str:
        """A clause on 16-bit images that hold fewer bits; empty where all is well."""
        if not self.deep or self.highest >= DARK:
            return ""
        return (
            f"{self.deep:,} images of 16 bits hold values from {self.lowest} to {self.highest} of "
            f"{FULL}, and come out nearly black"
        )
