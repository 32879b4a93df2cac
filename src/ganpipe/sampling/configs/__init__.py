"""Configurations of samplers, one file a kind: what weights files carry."""
