"""Maps from images to the pictures they are to be translated from: one file each, found by name."""
