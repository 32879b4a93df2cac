"""The ground: paths, errors, parameter checks and the code that a stage runs; without torch."""
