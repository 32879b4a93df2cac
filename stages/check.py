"""Stage `check`: a wrong parameter is answered here, before anything has run, and what every other
stage depends on is written down."""

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from ganpipe.core import paths
from ganpipe.core.command import run
from ganpipe.core.imports import Sources
from ganpipe.data.acquire.source import expect_source
from ganpipe.data.config import OwnImages
from ganpipe.data.prepare.build import reader_names
from ganpipe.data.source.build import kind_name
from ganpipe.data.source.config import Folder
from ganpipe.evaluation.selection import needed_extractors
from ganpipe.methods.config import AnyModelConfig, CycleGANConfig, ModelConfig, Pix2PixConfig
from ganpipe.methods.configs.ddgan import DDGANConfig
from ganpipe.methods.configs.translating import TranslatingConfig
from ganpipe.params import Params, load_params
from ganpipe.storage.files import write_json

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Check params.yaml; for each stage, list the code that it uses and the values of its
    parameters in a file on which the stage depends."""
    params = load_params()
    dataset = params.chosen_dataset
    if isinstance(dataset, OwnImages):
        expect_source(Path(dataset.path), f"datasets.{params.dataset}.path")
    stages = definitions()
    sources, by_name = Sources(ROOT), chosen(params)
    for stage in stages.keys() - {"check"}:
        code = sources.code_of(ROOT / "stages" / f"{stage}.py", by_name)
        content = {"params": values(params, stages[stage].get("params", [])), "code": code}
        if stage == "source":  # of which DVC could name no field, since most models have none
            content["params"]["source"] = source_of(params)
        write_json(paths.code_list(stage), content)
    print(f"{params.model} on {params.dataset}: the parameters are well-formed")


def definitions() -> dict[str, dict[str, Any]]:
    """The stages as dvc.yaml defines them, by name; of a group, the definition that its stages
    share."""
    stages = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")["stages"]
    return {name: stage.get("do", stage) for name, stage in stages.items()}


def chosen(params: Params) -> dict[str, list[str]]:
    """The modules that the parameters choose by name, by the module that loads them."""
    model = params.chosen_model
    extractors = needed_extractors(params.evaluate, params.dataset)
    return {
        "ganpipe.data.prepare.build": reader_names(params.dataset),
        "ganpipe.features.build": [f"ganpipe.features.{name}" for name in extractors],
        **_of_model(model),
    }


def _of_model(model: AnyModelConfig) -> dict[str, list[str]]:
    """The modules of a model."""
    match model:
        case ModelConfig():
            return _adversarial(model)
        case DDGANConfig():
            return _denoising(model)
        case Pix2PixConfig() | CycleGANConfig():
            return _translating(model)


def _adversarial(model: ModelConfig) -> dict[str, list[str]]:
    """The modules of a model that draws from noise."""
    objective = model.objective
    return {
        "ganpipe.methods.build": [
            f"ganpipe.methods.{model.method}",
            f"ganpipe.networks.{model.discriminator.arch}",  # which methods alone build
        ],
        "ganpipe.networks.build": [f"ganpipe.networks.{model.generator.arch}"],
        "ganpipe.objectives.build": [
            f"ganpipe.objectives.losses.{objective.loss}",
            *(f"ganpipe.objectives.penalties.{name}" for name in objective.penalties),
            *(f"ganpipe.objectives.augmentations.{a.kind}" for a in [objective.augmentation] if a),
        ],
        "ganpipe.sampling.build": ["ganpipe.sampling.samplers.noise"],
    }


def _translating(model: Pix2PixConfig | CycleGANConfig) -> dict[str, list[str]]:
    """The modules of a model that translates pictures."""
    networks = [model.generator, *([model.discriminator] if model.discriminator else [])]
    source = model.source
    return {
        "ganpipe.data.source.build": (
            [] if isinstance(source, Folder) else [kind_name(source.kind)]
        ),
        "ganpipe.methods.build": [f"ganpipe.methods.{model.method}"],
        "ganpipe.networks.translators": [f"ganpipe.networks.{each.arch}" for each in networks],
        "ganpipe.sampling.build": ["ganpipe.sampling.samplers.translate"],
    }


def _denoising(model: DDGANConfig) -> dict[str, list[str]]:
    """The modules of a model that removes noise."""
    networks = {model.generator.arch, model.discriminator.arch}
    return {
        "ganpipe.methods.build": [f"ganpipe.methods.{model.method}"],
        "ganpipe.networks.denoising": [f"ganpipe.networks.{arch}" for arch in sorted(networks)],
        "ganpipe.sampling.build": ["ganpipe.sampling.samplers.denoising_chain"],
    }


def source_of(params: Params) -> dict[str, Any] | None:
    """Source of a translating model's pictures; None for a model that draws from noise."""
    model = params.chosen_model
    return model.source.model_dump() if isinstance(model, TranslatingConfig) else None


def values(params: Params, names: list[str]) -> dict[str, Any]:
    """The values of parameters as dvc.yaml names them, defaults filled in: the code that fills
    them in does not count."""
    content = params.model_dump(mode="json")
    found: dict[str, Any] = {}
    for name in names:
        plain = re.sub(r"\$\{(\w+)\}", lambda match: str(content[match[1]]), name)
        value: Any = content
        for part in plain.split("."):
            value = value[part]
        found[plain] = value
    return found


if __name__ == "__main__":
    run(main)
