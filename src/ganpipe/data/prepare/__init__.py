"""From data/raw to prepared arrays: one file a reader, found by its name."""
