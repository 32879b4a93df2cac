"""A second clone restores a colleague's experiment from a remote without training."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from helpers.project import Project, make_project
from moto.server import ThreadedMotoServer

GENERATOR = "models/generator.safetensors"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "somebody",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3 server with an empty bucket `shared`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client(
        "s3",
        endpoint_url=address,
        aws_access_key_id="somebody",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="shared")
    yield address
    server.stop()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, s3: str) -> Project:
    """A colleague's project on a git server, with two remotes; one experiment, not yet shared."""
    root = tmp_path_factory.mktemp("colleague") / "project"
    project = make_project(root)
    project.environment |= {"OMP_NUM_THREADS": "1", **CREDENTIALS}
    project.set(model="toy_mlp", train__epochs=1)
    project.dvc("remote", "add", "folder", str(root.parent / "remote"))
    project.dvc("remote", "add", "s3", "s3://shared/dvc")
    project.dvc("remote", "modify", "s3", "endpointurl", s3)
    project.dvc("repro", "reference")
    project.commit("data, and where results are shared")
    subprocess.run(
        ["git", "init", "-q", "--bare", "-b", "main", root.parent / "origin.git"], check=True
    )
    project.run("git", "remote", "add", "origin", str(root.parent / "origin.git"))
    project.run("git", "push", "-q", "origin", "main")
    project.dvc("exp", "run", "--name", "shared", "-S", "seed=5")
    return project


@pytest.mark.fault("nothing here but a remote: restored, not trained")
@pytest.mark.parametrize("remote", ["folder", "s3"])
def test_a_colleague_restores_without_training(
    trained: Project, tmp_path: Path, remote: str
) -> None:
    trained.dvc("remote", "default", "--local", remote)
    trained.dvc("push")
    trained.dvc("exp", "push", "--run-cache", "origin", "shared")
    wanted = (trained.root / GENERATOR).read_bytes()

    mine = clone(trained, tmp_path / "mine", remote)
    mine.dvc("fetch", "--run-cache")
    output = mine.dvc("exp", "run", "--pull", "--name", "again", "-S", "seed=5")
    assert "Stage 'train' is cached - skipping run" in output
    assert "Running stage 'train'" not in output
    assert (mine.root / GENERATOR).read_bytes() == wanted
    assert mine.json("metrics/evaluate.json") == trained.json("metrics/evaluate.json")

    other = clone(trained, tmp_path / "other", remote)
    other.dvc("exp", "pull", "origin", "shared")
    other.dvc("exp", "apply", "shared")
    assert (other.root / GENERATOR).read_bytes() == wanted
    assert other.json("metrics/evaluate.json") == trained.json("metrics/evaluate.json")
    assert "up to date" in other.dvc("status")


def clone(project: Project, root: Path, remote: str) -> Project:
    """What a colleague starts with: the git repository, nothing cached, one remote chosen."""
    origin = project.root.parent / "origin.git"
    subprocess.run(["git", "clone", "-q", origin, root], check=True)
    cache = {"GANPIPE_CACHE": str(root.parent / f"cache of {root.name}")}
    fresh = Project(root, project.environment | cache)
    fresh.dvc("remote", "default", "--local", remote)
    return fresh
