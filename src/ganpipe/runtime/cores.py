"""The processor cores that this process may use."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

CPUS = Path("/sys/devices/system/cpu")
CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def cores() -> list[int]:
    """The cores that this process may run on, each by the lowest number of its CPUs; of many no
    more than the quota of the container grants.

    Hyperthreads share a core: for arithmetic two of them are worth little more than one.
    """
    found = sorted({core_of(cpu) for cpu in _allowed()})
    limits = (psutil.cpu_count(logical=False), quota())
    return found[: min([limit for limit in limits if limit], default=len(found))]


def usable() -> int:
    """The number of threads that can really compute at once: as many as there are cores, and at
    most ``OMP_NUM_THREADS`` where it is set."""
    return min(len(cores()), _chosen() or len(cores()))


def quota(membership: Path = MEMBERSHIP, cgroups: Path = CGROUPS) -> int | None:
    """Whole cores that the control groups of this process grant, of either version, at least 1;
    None where there is no limit."""
    granted: list[float] = []
    for line in _read(membership).splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            granted += _limits(cgroups, path, "cpu.max")
        elif "cpu" in controllers.split(","):
            for name in (controllers, "cpu"):
                granted += _limits(cgroups / name, path, "cpu.cfs_quota_us", "cpu.cfs_period_us")
    return max(1, int(min(granted))) if granted else None


def core_of(cpu: int, cpus: Path = CPUS) -> int:
    """The lowest number of the CPUs that share a core with ``cpu``; itself where the system does
    not say."""
    siblings = _read(cpus / f"cpu{cpu}" / "topology" / "thread_siblings_list")
    first = siblings.replace("-", ",").partition(",")[0].strip()
    return int(first) if first.isdigit() else cpu


def _limits(root: Path, path: str, *names: str) -> list[float]:
    """The limits of the group ``path`` and of all above it; in a container, whose own group is the
    root of what it sees, the path leads nowhere and the root is left."""
    found = []
    group = root / path.lstrip("/")
    for folder in [group, *group.parents]:
        if not folder.is_relative_to(root):
            break
        words = " ".join(_read(folder / name) for name in names).split()
        if len(words) == 2 and words[0].isdigit() and words[1].isdigit() and int(words[1]):
            found.append(int(words[0]) / int(words[1]))  # "max" and -1 are no limit
    return found


def _allowed() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _chosen() -> int | None:
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isdigit() and int(first) else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
