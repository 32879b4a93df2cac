"""Losses, penalties, stabilisers: pure functions on tensors, each with its paper and equation."""
