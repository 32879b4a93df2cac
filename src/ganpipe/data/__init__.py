"""From public files or a user's own images to uint8 arrays and seeded batches."""
