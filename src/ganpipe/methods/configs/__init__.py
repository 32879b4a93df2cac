"""Fields of the blocks of other methods than the adversarial game: one file a method."""
