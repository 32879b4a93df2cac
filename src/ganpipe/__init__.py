"""ganpipe: reproducible GAN experiments on DVC stages."""

__version__ = "0.1.0"
