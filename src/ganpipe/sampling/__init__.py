"""Samplers: drawing images from trained weights."""
