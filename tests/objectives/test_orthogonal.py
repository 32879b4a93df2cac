"""Orthogonal regularisation against its gradient in the authors' program."""

from __future__ import annotations

import torch

from ganpipe.objectives.orthogonal import orthogonal_regularisation


def test_the_gradient_is_that_of_the_authors_program() -> None:
    torch.manual_seed(0)
    weights = [torch.randn(shape).requires_grad_() for shape in ((3, 5), (4, 2, 3, 3), (5, 3))]
    with torch.autocast("cpu", torch.bfloat16):
        value = orthogonal_regularisation(weights)
    value.backward()
    expected = 0.0
    for weight in weights:
        w = weight.detach().flatten(1)
        products = (w @ w.T) * (1 - torch.eye(len(w)))
        assert weight.grad is not None
        assert torch.allclose(weight.grad.flatten(1), 2 * products @ w, atol=1e-4)
        expected += products.square().sum().item() / 2
    assert abs(value.item() - expected) < 1e-3


def test_orthogonal_rows_of_any_length_cost_nothing() -> None:
    rows = torch.diag(torch.tensor([0.5, 1.0, 3.0]))
    assert orthogonal_regularisation([rows]).item() == 0
