"""Training methods: players, the order of their updates, and their losses."""
