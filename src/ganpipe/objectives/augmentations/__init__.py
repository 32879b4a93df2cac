"""Augmentations with a strength of their own, one file each; `objective.augmentation.kind` in
params.yaml names one.

Each file holds ``build(config, image_shape)``, which returns an
:class:`~ganpipe.objectives.augmentation.Augmentation`.
"""
