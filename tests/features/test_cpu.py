"""Images shared out among threads: what each takes, in what state, and what is left behind."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import Tensor

from ganpipe.features.cpu import MOST, each_by_one_thread, sizes


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
