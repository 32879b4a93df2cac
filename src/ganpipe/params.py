"""The one place where params.yaml becomes types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.core.names import nearest
from ganpipe.core.schema import NonNegativeInt, Strict, validate
from ganpipe.data.config import DatasetConfig, DatasetName, Datasets
from ganpipe.evaluation.config import EvaluateConfig, unfit
from ganpipe.export.config import ExportConfig
from ganpipe.methods.config import AnyModelConfig, CycleGANConfig, Pix2PixConfig
from ganpipe.optim.config import (
    PLAYERS,
    OptimizerConfig,
    foreign_fields,
    optimizer_name,
    unused_defaults,
)
from ganpipe.sampling.config import SampleConfig
from ganpipe.training.config import TrainConfig


class Params(Strict):
    """All of params.yaml."""

    dataset: DatasetName
    model: str
    seed: NonNegativeInt
    datasets: Datasets
    optimizer: OptimizerConfig
    train: TrainConfig
    models: dict[str, AnyModelConfig] = Field(min_length=1)
    sample: SampleConfig
    evaluate: EvaluateConfig
    export: ExportConfig

    @model_validator(mode="after")
    def _optimizers_fit(self) -> Params:
        mistakes, used = [], set()
        for name, model in self.models.items():
            players = [each for each in PLAYERS if getattr(model, each) is not None]
            found = foreign_fields(self.optimizer, model.optimizer, players)
            mistakes += [f"models.{name}.optimizer: {mistake}" for mistake in found]
            used |= {optimizer_name(self.optimizer, model.optimizer, each) for each in players}
        unused = unused_defaults(self.optimizer, used)
        mistakes = [*(f"optimizer: {mistake}" for mistake in unused), *mistakes]
        if mistakes:
            raise ValueError("\n  ".join(mistakes))
        return self

    @model_validator(mode="after")
    def _extractors_fit(self) -> Params:
        """Refuse extractors that know nothing of the dataset, before anything is computed."""
        asked = {*self.evaluate.extractors, self.evaluate.snapshots.extractor}
        if mistake := unfit(asked, self.dataset):
            raise ValueError(f"evaluate.extractors: {mistake}")
        return self

    @model_validator(mode="after")
    def _sources_fit(self) -> Params:
        model = self.models.get(self.model)
        if model is not None and (mistake := _source_mistake(self, model)):
            raise ValueError(mistake)
        return self

    @property
    def chosen_dataset(self) -> DatasetConfig:
        """The block of the dataset in use."""
        block: DatasetConfig = getattr(self.datasets, self.dataset)
        return block

    @property
    def chosen_model(self) -> AnyModelConfig:
        """The block of the model in use."""
        return self.models[self.model]

    def of_the_run(self) -> dict[str, Any]:
        """The parameters that decide the run, as JSON content: of models and datasets, those in
        use alone."""
        dataset, model = self.chosen_dataset, self.chosen_model
        return {
            "dataset": self.dataset,
            "model": self.model,
            "seed": self.seed,
            f"datasets.{self.dataset}": dataset.model_dump(mode="json"),
            f"models.{self.model}": model.model_dump(mode="json"),
            "optimizer": self.optimizer.model_dump(mode="json"),
            "train": self.train.model_dump(mode="json"),
            "evaluate": self.evaluate.model_dump(mode="json"),
        }


def _source_mistake(params: Params, model: AnyModelConfig) -> str:
    """A clause on a dataset and a model that do not fit in what is translated; empty if they do."""
    if not isinstance(model, Pix2PixConfig | CycleGANConfig):
        return (
            f"dataset: pairs is for models that translate, and {params.model} draws from noise; "
            "choose pix2pix or cyclegan, or name one of the sides as datasets.folder.path of the "
            "dataset folder"
            if params.dataset == "pairs"
            else ""
        )
    place, source = f"models.{params.model}.source", model.source
    if params.dataset != "pairs":
        return (
            f"{place}.kind: folder takes the user's own pairs, which {params.dataset} is not; "
            "set dataset to pairs and datasets.pairs.path to your pictures"
            if source.kind == "folder"
            else ""
        )
    if source.kind != "folder":
        return (
            f"{place}.kind: {source.kind} computes what is translated, and the dataset pairs "
            "brings it along; set it to folder"
        )
    if source.paired and not params.datasets.pairs.paired:
        return (
            f"{place}.paired: is true, and datasets.pairs.paired is false; a model cannot learn "
            "from pairs that are none: choose cyclegan with paired false, or set both to true"
        )
    return ""


def load_params(path: Path = paths.PARAMS) -> Params:
    """Read and check the parameter file; raises GanpipeError as both of its steps do."""
    return check(read(path), str(path))


def read(path: Path = paths.PARAMS) -> dict[str, Any]:
    """The content of a parameter file, unchecked.

    YAML 1.2 rules: ``1e-05``, as ``dvc exp run -S`` writes it, is a float. Raises GanpipeError
    where there is no such file or no mapping in it.
    """
    try:
        with path.open(encoding="utf-8") as source:
            content = YAML(typ="safe", pure=True).load(source)
    except FileNotFoundError:
        raise GanpipeError(f"there is no {path} here; run from the project's root") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise GanpipeError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise GanpipeError(f"{path} must hold a mapping of parameters")
    return content


def check(content: dict[str, Any], where: str) -> Params:
    """The parameters of ``content``; ``where`` names its source.

    Raises GanpipeError with every mistake at once, each with its path and the nearest valid name.
    """
    return validate(Params, content, where, also=_name_mistakes(content))


def _name_mistakes(content: dict[str, Any]) -> list[str]:
    """Mistakes in the names of models, which are the user's own."""
    models, chosen = content.get("models"), content.get("model")
    if not isinstance(models, dict):
        return []
    mistakes = [
        f"models.{name}: a model's name must not hold a dot, which DVC reads as a path; "
        "join words with '_'"
        for name in models
        if "." in str(name)
    ]
    if isinstance(chosen, str) and models and chosen not in models:
        guess = nearest(chosen, [str(name) for name in models], "models")
        mistakes.append(f"model: there is no model '{chosen}'; {guess}")
    return mistakes
