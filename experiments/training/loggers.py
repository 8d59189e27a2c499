"""Lightning's loggers whose packages are extras, and which send nothing unless they are told to."""

import os
from importlib.util import find_spec
from pathlib import Path

from pytorch_lightning.loggers import Logger, MLFlowLogger, WandbLogger

from ...gast.errors import InputError

_FILE = "sqlite:///"


def mlflow(*, uri: str, experiment: str, run: str) -> Logger:
    """A run of an MLflow experiment, in a SQLite file (``sqlite:///PATH``) or on a server.

    Artifacts lie beside the file. An InputError if MLflow is not installed.
    """
    _wanted("mlflow")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    artifacts = None
    if uri.startswith(_FILE):
        folder = Path(uri.removeprefix(_FILE)).absolute().parent
        folder.mkdir(parents=True, exist_ok=True)
        artifacts = (folder / "mlflow").as_uri()
    return MLFlowLogger(
        experiment_name=experiment, run_name=run, tracking_uri=uri, artifact_location=artifacts
    )


def wandb(*, folder: str, project: str, run: str, offline: bool) -> Logger:
    """A run of Weights & Biases; an InputError if wandb is not installed."""
    _wanted("wandb")
    if offline:
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    return WandbLogger(name=run, project=project, save_dir=folder, offline=offline)


def _wanted(package: str) -> None:
    if find_spec(package) is None:
        raise InputError(
            f"logger={package} needs the package {package}; install it: "
            f"pip install 'gastlive[{package}]'"
        )
