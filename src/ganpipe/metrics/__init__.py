"""Extractors and figures: one file per metric, arrays in, plain dicts out."""
