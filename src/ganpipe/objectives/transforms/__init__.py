"""Transforms of images whose parameters are given for each image; nothing here is random."""
