"""A network on a CPU: images shared out among threads, and layers folded into one operator."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn
from torchvision.models.inception import BasicConv2d

from ganpipe.features import cpu
from ganpipe.features.cpu import MOST, Accelerated, Folded, each_by_one_thread, sizes


@pytest.mark.parametrize("num", [1, 2, 7, 50, 1000])
@pytest.mark.parametrize("threads", [1, 2, 16])
def test_shares_are_all_images_and_shrink_to_one(num: int, threads: int) -> None:
    shares = list(sizes(num, threads))
    assert sum(shares) == num
    assert max(shares) <= MOST
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == 1


def test_rows_come_back_in_order_from_threads_that_work_alone() -> None:
    before = torch.get_num_threads()
    seen = set()

    def network(part: Tensor) -> Tensor:
        assert torch.get_num_threads() == 1
        assert torch.is_inference_mode_enabled()
        assert not torch.is_autocast_enabled("cpu")
        seen.add(threading.get_ident())
        return part * 2

    images = torch.arange(40.0)[:, None]
    assert torch.equal(each_by_one_thread(network, images), images * 2)
    assert threading.get_ident() not in seen
    assert torch.get_num_threads() == before
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [before]


def test_the_callers_autocast_reaches_the_threads() -> None:
    weight = torch.ones(3, 3)
    with torch.autocast("cpu", torch.bfloat16):
        found = each_by_one_thread(lambda part: part @ weight, torch.ones(5, 3))
    assert found.dtype == torch.bfloat16


def test_an_error_in_a_thread_is_the_callers() -> None:
    before = torch.get_num_threads()

    def broken(part: Tensor) -> Tensor:
        raise RuntimeError("damaged")

    with pytest.raises(RuntimeError, match="damaged"):
        each_by_one_thread(broken, torch.ones(5, 3))
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [before]


@pytest.mark.parametrize("bf16", [False, True])
def test_a_folded_layer_is_convolution_batch_norm_and_relu(
    bf16: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    layer = BasicConv2d(3, 8, kernel_size=3, stride=2, padding=1).eval()
    layer.bn.running_mean.normal_()
    layer.bn.running_var.uniform_(0.5, 2)
    folded = Folded(layer)
    for size in ((9, 11), (32, 5), (9, 11)):  # the weights are brought into order for the first
        x = torch.randn(2, 3, *size)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            expected, found = layer(x), folded(x)
            with monkeypatch.context() as without:
                without.setattr(cpu, "_has_operators", lambda bf16: False)
                plain = folded(x)
        assert found.dtype == expected.dtype
        assert torch.equal(found, plain)
        assert torch.allclose(found, expected, atol=0.05 if bf16 else 1e-6)
        assert found.min() == 0 < found.max()


def test_a_layer_in_both_precisions_keeps_its_weights_apart() -> None:
    folded = Folded(BasicConv2d(3, 8, kernel_size=3).eval())
    x = torch.randn(2, 3, 9, 9)
    with torch.inference_mode():
        before = folded(x)
        with torch.autocast("cpu", torch.bfloat16):
            assert folded(x).dtype == torch.bfloat16
        assert torch.equal(folded(x), before)


def test_a_processor_without_bf16_takes_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    operators = SimpleNamespace(
        _convolution_pointwise=None,
        _reorder_convolution_weight=None,
        _is_mkldnn_bf16_supported=lambda: False,
    )
    monkeypatch.setattr(torch.ops, "mkldnn", operators)
    choose = cpu._has_operators.__wrapped__
    assert choose(False)
    assert not choose(True)
    del operators._convolution_pointwise
    assert not choose(False)


def test_an_accelerated_network_is_the_same_function() -> None:
    torch.manual_seed(0)
    inner = nn.Sequential(BasicConv2d(4, 6, kernel_size=3), nn.MaxPool2d(2))
    network = nn.Sequential(BasicConv2d(3, 4, kernel_size=3), inner).eval()
    images = torch.randn(7, 3, 12, 12)
    with torch.inference_mode():
        expected = network(images)
        found = Accelerated(network)(images)
    assert isinstance(network[0], Folded)
    assert isinstance(inner[0], Folded)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
