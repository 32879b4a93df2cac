"""Optimizers, their schedules and the moving average."""
