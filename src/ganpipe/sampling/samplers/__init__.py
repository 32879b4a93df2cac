"""Samplers: one file each, found by its name."""
