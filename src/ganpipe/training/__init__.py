"""The training loop, its state, and the stage `train`."""
