"""Evaluation: statistics of real and generated images, and the figures that compare them."""
