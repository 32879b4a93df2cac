"""Checkpoints, their fingerprint, and the ends of interrupted runs."""
