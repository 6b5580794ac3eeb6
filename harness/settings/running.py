"""How a run is carried out: nothing here may change a decision."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class LatencySettings:
    """How one-row scoring is timed through the bundle.

    Attributes:
        n_rows: Timed single-row calls; a proof about the 99th percentile needs 299.
        n_warmup: Calls before the clock starts.
        through: bundle, or http: asked of the server that `harness serve` starts, on loopback.
    """

    n_rows: int = 400
    n_warmup: int = 30
    through: str = "bundle"


@dataclass(kw_only=True)
class RunningSettings:
    """Place, speed and volume of a run.

    Attributes:
        cache_dir: Folder, or URL behind it, of work that runs share; null takes HARNESS_CACHE,
            else the user's cache folder.
        cache_max_gb: Size the folder is kept to; 0 keeps nothing.
        ledger: File of the holdout ledger, or postgresql://USER@HOST/DATABASE for a team's; null
            takes HARNESS_LEDGER, else the user's data folder.
        n_jobs: Threads for training and scoring; null takes all cores.
        engine: local, or ray: the workers of a cluster read and score the parts of a streamed
            table, audit, profile and judge.
        pipeline_format: skops, or joblib for models skops cannot store; loading joblib runs code
            and has to be trusted.
        report: Whether report.html is drawn.
        latency: How one-row scoring is timed.
    """

    cache_dir: str | None = None
    cache_max_gb: float = 10.0
    ledger: str | None = None
    n_jobs: int | None = None
    engine: str = "local"
    pipeline_format: str = "skops"
    report: bool = True
    latency: LatencySettings = field(default_factory=LatencySettings)
