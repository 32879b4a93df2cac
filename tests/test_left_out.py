"""Code that stages do not depend on decides no byte of a result: a test for each of its modules.

The table names the test that proves it. A new module of these packages must have one, too.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.support import ROOT, SHIPPED, run_python
from ruamel.yaml import YAML

from ganpipe.core import digest, imports, paths, plugins
from ganpipe.core.imports import FRONT, LEFT_OUT, Sources
from ganpipe.core.schema import validate
from ganpipe.params import Params, load_params
from ganpipe.storage.csv import write_rows
from ganpipe.storage.files import read_json, write_json
from ganpipe.storage.locks import exclusive
from ganpipe.storage.npy import NpyWriter
from ganpipe.storage.npz import arrays_in, open_npz
from ganpipe.storage.tensor_file import read_tensors, write_tensors
from ganpipe.storage.unpickle import load_arrays
from stages.check import chosen, definitions

SOURCE = ROOT / "src" / "ganpipe"
HERE = "test_left_out.py"
KILLS = "faults/test_kills.py::test_killed_at_a_random_moment"
RESUMED = "recovery/test_resume.py::test_any_sequence_of_stops_changes_nothing"

PROOFS = {
    "__main__.py": f"{HERE}::test_no_stage_can_reach_the_commands",
    "cli": f"{HERE}::test_no_stage_can_reach_the_commands",
    "__init__.py": "test_architecture.py::test_the_front_door_imports_no_result_until_it_is_used",
    "params.py": f"{HERE}::test_parameters_arrive_as_they_are_written",
    "core/command.py": f"{HERE}::test_messages_and_the_frame_change_no_result",
    "core/log.py": f"{HERE}::test_messages_and_the_frame_change_no_result",
    "core/errors.py": "core/test_digest.py::test_what_cannot_change_a_result_does_not_count",
    "core/mistakes.py": "core/test_mistakes.py::test_a_mistake_is_one_sentence",
    "core/names.py": "core/test_mistakes.py::test_the_nearest_name_in_words",
    "core/schema.py": f"{HERE}::test_parameters_arrive_as_they_are_written",
    "core/paths.py": f"{HERE}::test_paths_are_those_of_dvc_and_pinned",
    "core/plugins.py": f"{HERE}::test_a_name_finds_its_own_module",
    "core/digest.py": f"{HERE}::test_the_lists_decide_what_runs_and_nothing_else",
    "core/imports.py": f"{HERE}::test_the_lists_decide_what_runs_and_nothing_else",
    "core/guard.py": "core/test_guard.py::test_what_decides_no_byte_may_be_imported",
    "storage/cache.py": f"{HERE}::test_where_the_cache_is_changes_no_result",
    "storage/csv.py": f"{HERE}::test_rows_come_back",
    "storage/download.py": "storage/test_download.py::test_a_file_arrives",
    "storage/files.py": f"{HERE}::test_json_comes_back",
    "storage/locks.py": f"{HERE}::test_a_lock_hands_nothing_over",
    "storage/npy.py": f"{HERE}::test_arrays_come_back",
    "storage/npz.py": f"{HERE}::test_arrays_come_back",
    "storage/remote.py": "storage/test_remote.py::test_nothing_wrong_gets_a_final_name",
    "storage/tensor_file.py": f"{HERE}::test_tensors_come_back",
    "storage/unpickle.py": f"{HERE}::test_pickled_arrays_come_back",
    "recovery/checkpoint.py": RESUMED,
    "recovery/fingerprint.py": RESUMED,
    "recovery/interrupt.py": KILLS,
    "recovery/resume.py": RESUMED,
}


def test_every_module_that_is_left_out_has_a_proof() -> None:
    packages = [path for name in LEFT_OUT for path in (SOURCE / name).rglob("*.py")]
    front = [plugins.SOURCE / f"{name.replace('.', '/')}.py" for name in FRONT]
    single = [path if path.is_file() else path.with_suffix("") / "__init__.py" for path in front]
    names = {path.relative_to(SOURCE).as_posix() for path in (*packages, *single)}
    working = {name for name in names if digest.code_digest(SOURCE / name) != digest.NOTHING}
    missing = {name for name in working if not {name, name.split("/")[0]} & PROOFS.keys()}
    assert not missing, "say in PROOFS which test shows that it decides no byte"
    assert all((SOURCE / name).exists() for name in PROOFS)


@pytest.mark.parametrize("proof", sorted(set(PROOFS.values())))
def test_a_proof_is_a_test(proof: str) -> None:
    file, name = proof.split("::")
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_no_stage_can_reach_the_commands() -> None:
    sources = Sources(ROOT)
    for path in (ROOT / "stages").glob("*.py"):
        reached = sources.reachable(path, chosen(SHIPPED))
        assert not {
            name for name in reached if name.startswith(("ganpipe.cli", "ganpipe.__main__"))
        }


def test_parameters_arrive_as_they_are_written() -> None:
    """What a stage gets are the values of the file; those of defaults stand in its list."""
    written = YAML(typ="safe").load(ROOT / "params.yaml")

    def same(value: object, config: object) -> bool:
        if isinstance(value, dict):
            get = config.__getitem__ if isinstance(config, dict) else config.__getattribute__
            return all(same(each, get(name)) for name, each in value.items())
        return (list(config) if isinstance(config, tuple) else config) == value

    params = load_params(ROOT / "params.yaml")
    assert same(written, params)
    assert validate(Params, json.loads(params.model_dump_json()), "itself") == params


def test_messages_and_the_frame_change_no_result(tmp_path: Path) -> None:
    results = []
    for level in ("debug", "error"):
        place = tmp_path / level
        (place / "data" / "images").mkdir(parents=True)
        shutil.copy(ROOT / "params.yaml", place)
        result = run_python(
            "-m", "stages.check", cwd=place, PYTHONPATH=str(ROOT), GANPIPE_LOG=level
        )
        assert result.returncode == 0, result.stderr
        lists = sorted((place / "data" / "code").iterdir())
        results.append({path.name: path.read_bytes() for path in lists})
    assert results[0] == results[1]
    assert len(results[0]) > 5


def test_paths_are_those_of_dvc_and_pinned() -> None:
    """A path is part of a result where it is a name in a folder that DVC tracks as a whole."""
    stages = definitions().values()
    kinds = ("outs", "metrics", "plots")
    entries = [entry for stage in stages for kind in kinds for entry in stage.get(kind, [])]
    tracked = {entry if isinstance(entry, str) else next(iter(entry)) for entry in entries}
    known = {str(path) for path in vars(paths).values() if isinstance(path, Path)}
    assert tracked - {name for name in tracked if name.startswith("data/code/")} <= known
    names = {
        paths.CLASSIFIER: "data/classifier/classifier.safetensors",
        paths.generator(): "models/generator.safetensors",
        paths.generator(raw=True): "models/generator_raw.safetensors",
        paths.generator("a_to_b", raw=True): "models/generator_raw_a_to_b.safetensors",
        paths.player("discriminator"): "models/discriminator.safetensors",
        paths.snapshot(1234): "models/snapshots/images_000001234.safetensors",
        paths.snapshot(1234, "a_to_b"): "models/snapshots/images_000001234_a_to_b.safetensors",
        paths.progress_grid(1234): "samples/progress/000001234.png",
    }
    assert [str(path) for path in names] == list(names.values())


def test_a_name_finds_its_own_module() -> None:
    for name in plugins.names("ganpipe.objectives.losses"):
        module = plugins.load("ganpipe.objectives.losses", name)
        assert module.__name__ == f"ganpipe.objectives.losses.{name}"
        assert Path(str(module.__file__)).read_text() == plugins.source(
            "ganpipe.objectives.losses", name
        )


def test_the_lists_decide_what_runs_and_nothing_else() -> None:
    """No code that counts imports them."""
    sources = Sources(ROOT)
    for path in SOURCE.rglob("*.py"):
        name = ".".join(("ganpipe", *path.relative_to(SOURCE).with_suffix("").parts))
        if imports.counts(name):
            assert not sources.imported(path) & {
                "ganpipe.core.digest",
                "ganpipe.core.imports",
                "ganpipe.core.guard",
            }


def test_where_the_cache_is_changes_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of the cache are found by hashes of what they hold; see also the tests of remote."""
    from ganpipe.storage.cache import make_cache_folder

    for name in ("here", "there"):
        monkeypatch.setenv("GANPIPE_CACHE", str(tmp_path / name))
        assert make_cache_folder("features") == tmp_path / name / "features"


def test_json_comes_back(tmp_path: Path) -> None:
    content = {"a": [1, 2.5, None, True], "b": {"ü": "x"}, "c": 0.1 + 0.2}
    write_json(tmp_path / "file.json", content)
    assert read_json(tmp_path / "file.json", "a stage") == content


def test_rows_come_back(tmp_path: Path) -> None:
    write_rows(tmp_path / "file.csv", ["a", "b"], [{"a": 1, "b": 0.1 + 0.2}, {"a": 2, "b": "x,y"}])
    with (tmp_path / "file.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{"a": "1", "b": repr(0.1 + 0.2)}, {"a": "2", "b": "x,y"}]


def test_a_lock_hands_nothing_over(tmp_path: Path) -> None:
    with exclusive(tmp_path / "lock", "waits") as given:
        assert given is None


def test_arrays_come_back(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 3, 4, 4), np.uint8)
    with NpyWriter(tmp_path / "images.npy", (3, 4, 4), np.uint8) as writer:
        writer.append(images[:2])
        writer.append(images[2:])
    assert np.array_equal(np.load(tmp_path / "images.npy"), images)
    np.savez(tmp_path / "images.npz", images=images)
    assert arrays_in(tmp_path / "images.npz") == {"images"}
    with open_npz(tmp_path / "images.npz") as content:
        assert np.array_equal(content["images"], images)


def test_tensors_come_back(tmp_path: Path) -> None:
    tensors = {
        "a": torch.randn(3, 4),
        "b": torch.arange(6).view(2, 3).t(),
        "c": torch.tensor(1.5, dtype=torch.bfloat16),
    }
    write_tensors(tmp_path / "file.safetensors", tensors, {"about": {"x": [1, None]}})
    header, found = read_tensors(tmp_path / "file.safetensors", torch.device("cpu"))
    assert header["about"] == {"x": [1, None]}
    assert found.keys() == tensors.keys()
    for name, value in tensors.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)


def test_pickled_arrays_come_back() -> None:
    content = {b"data": np.arange(6, dtype=np.uint8).reshape(2, 3), b"labels": [1, 2]}
    found = load_arrays(io.BytesIO(pickle.dumps(content)), "bytes")
    assert np.array_equal(found[b"data"], content[b"data"])
    assert found[b"labels"] == content[b"labels"]
