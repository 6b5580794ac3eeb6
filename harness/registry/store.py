"""Store: MLflow's tracking and model registry, a SQLite file unless a server is named."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import RegistryError

if TYPE_CHECKING:
    from harness.bundle import Bundle

VARIABLE = "HARNESS_REGISTRY"
EXPERIMENT = "harness"
_TIMEOUT_SECONDS = "10"


def registry_uri(configured: str | None = None) -> str:
    """Where the registry is: as configured, else HARNESS_REGISTRY, else the user's data folder.

    Args:
        configured: `sqlite:///file`, `http://server`, any URI MLflow takes, or a plain file.
    """
    named = configured or os.environ.get(VARIABLE)
    if named and "://" in named:
        return named
    if named:
        return f"sqlite:///{Path(named).expanduser().resolve()}"
    home = os.environ.get("XDG_DATA_HOME")
    folder = (Path(home) if home else Path.home() / ".local" / "share") / "harness"
    return f"sqlite:///{folder / 'registry.sqlite'}"


class Registry:
    """A connection to a registry; what it read once and cannot change stays at hand.

    Args:
        uri: As `registry_uri` gives it.

    Raises:
        RegistryError: If MLflow is not installed, or the registry cannot be reached.
    """

    def __init__(self, uri: str | None = None) -> None:
        self.uri = registry_uri(uri)
        # As it is shown: without a user's name and password.
        self.shown = re.sub(r"(?<=://)[^/@]*@", "", self.uri)
        self.loaded: dict[Path, Bundle] = {}
        # Entries of journals are never changed, so each is read once.
        self.journals: dict[str, list[Any]] = {}
        # Where versions keep their bundles does not change either.
        self.places: dict[tuple[str, str], str] = {}
        file = sqlite_file(self.uri)
        if file is not None:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise RegistryError(
                    f"{file}: the registry cannot be made ({error.strerror})"
                ) from error
        # A server that is away is noticed within seconds.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", _TIMEOUT_SECONDS)
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        self.mlflow = _mlflow()
        if "://" in self.uri and not self.uri.startswith(("sqlite:", "http:", "https:")):
            self._knock()
        with self.asked("open"):
            self.client: Any = self.mlflow.MlflowClient(
                tracking_uri=self.uri, registry_uri=self.uri
            )

    def _knock(self) -> None:
        """Connect to a database once: MLflow would try for minutes."""
        import sqlalchemy

        with self.asked("open"):
            engine = sqlalchemy.create_engine(self.uri)
            engine.connect().close()
            engine.dispose()

    @contextlib.contextmanager
    def asked(self, what: str) -> Iterator[None]:
        """Words whatever goes wrong while MLflow is asked for something.

        Args:
            what: What was asked, for the message.

        Raises:
            RegistryError: In one sentence.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except RegistryError:
            raise
        except Exception as error:  # MLflow, SQLAlchemy and the network each raise their own
            first = next((x.strip() for x in str(error).splitlines() if x.strip()), repr(error))
            said = first.replace(self.uri, self.shown)
            raise RegistryError(f"{self.shown}: cannot {what} ({said:.300})") from error

    def experiment(self, name: str = EXPERIMENT) -> str:
        """Id of an experiment, by default the one with the bundles; made when it is not there."""
        with self.asked("find its experiment"):
            found = self.client.get_experiment_by_name(name)
            if found is not None:
                return str(found.experiment_id)
            file = sqlite_file(self.uri)
            # A server keeps artefacts where it was told to; a file has them beside it.
            place = None if file is None else (file.parent / f"{file.stem}-artifacts").as_uri()
            try:
                return str(self.client.create_experiment(name, artifact_location=place))
            except self.mlflow.MlflowException:  # made by another process meanwhile
                return str(self.client.get_experiment_by_name(name).experiment_id)

    def make_model(self, name: str) -> None:
        """Register a model's name, unless it is there."""
        with self.asked(f"register {name}"):
            try:
                self.client.create_registered_model(name)
            except self.mlflow.MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise

    def aliases(self, name: str) -> dict[str, str]:
        """Aliases of a model to versions."""
        with self.asked(f"read the aliases of {name}"):
            found = self.client.get_registered_model(name).aliases
            return {str(alias): str(version) for alias, version in dict(found).items()}


def sqlite_file(uri: str) -> Path | None:
    """The file of a SQLite registry; None for a server."""
    if not uri.startswith("sqlite:///"):
        return None
    return Path(uri.removeprefix("sqlite:///"))


def _mlflow() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of MLflow about its own classes
            import alembic  # noqa: F401
            import mlflow
            import mlflow.exceptions
            import mlflow.pyfunc
            import mlflow.tracking
            import sqlalchemy  # noqa: F401
    except ModuleNotFoundError as error:
        raise RegistryError(
            f"the registry needs {error.name}, which is not installed: pip install 'harness[mlflow]'"
        ) from error
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return mlflow
