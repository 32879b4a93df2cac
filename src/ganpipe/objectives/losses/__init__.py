"""Adversarial losses, one file each; its name is the value of `objective.loss` in params.yaml.

Each file holds ``LOSS``, an :class:`~ganpipe.objectives.loss.AdversarialLoss`.
"""
