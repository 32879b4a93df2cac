"""Penalties on the discriminator, one file each; `objective.penalties` in params.yaml maps their
names to weights.

Each file holds ``penalty``, a :data:`~ganpipe.objectives.gradients.Penalty`; one that is not on the
discriminator's gradient sets ``BOUNDS_GRADIENT`` to False.
"""
