"""Which snapshot is called the best."""

from __future__ import annotations

from ganpipe.evaluation.snapshots import best_and_last


def test_the_best_is_the_lowest_and_the_earliest_of_equals() -> None:
    rows = [
        {"images_seen": seen, "fid": fid, "kid": kid}
        for seen, fid, kid in [(1, 9.0, 0.1), (2, 4.0, 0.3), (3, 4.0, 0.2), (4, 7.0, 0.4)]
    ]
    found = best_and_last(rows, "fid", 2000)
    assert found["best"] == {"images_seen": 2, "fid": 4.0, "kid": 0.3}
    assert found["last"] == {"images_seen": 4, "fid": 7.0, "kid": 0.4}
    assert found["rule"] == "lowest fid of 2000 images from fixed noise"
    assert best_and_last(rows, "kid", 2000)["best"]["images_seen"] == 1
