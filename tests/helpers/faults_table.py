"""The table that `make faults` prints: fault, times tried, survived, bytes lost.

A test is of a fault by its marker, ``@pytest.mark.fault("what was done")``, or by its name in
ELSEWHERE. It reports bytes by ``record_property("bytes_lost", n)``; without, a passed test lost
none, which its own comparison of bytes has shown, and a failed one an unknown number.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

# Faults of downloads and folders are tested beside the code that meets them.
ELSEWHERE = {
    "tests/data/test_commands.py::test_a_spoilt_mirror": "download truncated, flipped or swapped",
    "tests/data/test_commands.py::test_a_spoilt_cache_is_mended": "downloads' cache damaged",
    "tests/data/test_commands.py::test_a_mirror_that_misbehaves": "mirror hangs, lies or loops",
    "tests/data/test_commands.py::test_a_partial_file_is_gone_on_with": "partial download left",
    "tests/storage/test_remote.py::test_a_gzip_bomb_is_not_unpacked": "gzip bomb",
    "tests/storage/test_download.py::test_a_connection_closed_half_way_is_resumed": (
        "mirror closes half way"
    ),
    "tests/storage/test_download.py::test_a_partial_file_longer_than_the_file_is_dropped": (
        "partial download left"
    ),
    "tests/data/test_folder.py::test_damaged_images_are_named": "damaged image in a folder",
    "tests/data/test_images.py::test_flipped_bytes_in_a_png": "damaged image in a folder",
    "tests/data/test_images.py::test_something_else_by_an_images_name": "text file called .png",
    "tests/data/test_images.py::test_a_decompression_bomb": "20,000 x 20,000 image bomb",
    "tests/data/test_collect_links.py::test_a_link_in_a_tar": "link in an archive",
    "tests/data/test_collect_names.py::test_a_name_that_leads_out": "archive with ../ in it",
    "tests/data/test_collect_damage.py::test_a_damaged_archive": "damaged archive",
    "tests/data/test_package_index.py::test_a_pickle_in_disguise_is_not_executed": "planted pickle",
    "tests/recovery/test_resume.py::test_a_flipped_byte_costs_only_the_newest": (
        "checkpoint with flipped bytes"
    ),
    "tests/recovery/test_resume.py::test_half_a_file_costs_only_the_newest": (
        "checkpoint cut short"
    ),
    "tests/recovery/test_resume.py::test_a_planted_pickle_is_never_executed": "planted pickle",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of ELSEWHERE, before `-m fault` selects."""
    for item in items:
        name = item.nodeid.partition("[")[0]
        if name in ELSEWHERE:
            item.add_marker(pytest.mark.fault(ELSEWHERE[name]))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Write a test's fault beside its outcome."""
    outcome = yield
    marker = item.get_closest_marker("fault")
    if marker:
        outcome.get_result().user_properties.append(("fault", marker.args[0]))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table where faults were asked for."""
    if config.option.markexpr != "fault" or config.option.collectonly:
        return
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            properties = dict(
                getattr(report, "user_properties", ())
            )  # not so where collecting failed
            if "fault" not in properties or (report.when != "call" and outcome == "passed"):
                continue
            row = rows[properties["fault"]]
            row[0] += 1
            row[1] += outcome == "passed"
            row[2] += properties.get("bytes_lost", 0)
    width = max(map(len, rows), default=5)
    terminalreporter.section("faults")
    terminalreporter.write_line(f"{'fault':{width}}  tried  survived  bytes lost")
    for name, (tried, survived, lost) in sorted(rows.items()):
        bytes_lost = str(lost) if lost or survived == tried else "unknown"
        terminalreporter.write_line(f"{name:{width}}  {tried:5}  {survived:8}  {bytes_lost:>10}")
    total = [sum(row[column] for row in rows.values()) for column in range(3)]
    terminalreporter.write_line(f"{'all':{width}}  {total[0]:5}  {total[1]:8}  {total[2]:10}")
