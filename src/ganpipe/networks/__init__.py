"""Generators and discriminators: one file per architecture, plain keywords in."""
