"""Layers and initial weights that the architectures share."""
