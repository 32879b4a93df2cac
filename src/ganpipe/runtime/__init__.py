"""The machine: devices, cores, threads, memory, precision and random streams."""
