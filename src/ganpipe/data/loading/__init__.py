"""From prepared arrays to seeded batches."""
