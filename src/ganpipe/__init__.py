"""ganpipe: reproducible GAN experiments on DVC stages."""

import os

__version__ = "0.1.0"

# Before NumPy is imported: its factorisations give other last digits for another number of threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
