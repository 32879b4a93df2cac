"""Penalties on the discriminator's gradient, one file each; `objective.penalties` in params.yaml
maps their names to weights.

Each file holds ``penalty``, a :data:`~ganpipe.objectives.gradients.Penalty`.
"""
