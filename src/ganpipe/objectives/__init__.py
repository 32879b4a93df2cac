"""What is played for: pure functions on tensors, each with its paper and equation."""
