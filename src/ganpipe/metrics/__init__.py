"""Metrics: one file each, features in, plain dicts out."""
