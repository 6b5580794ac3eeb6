"""Look: one look at new rows, from a bundle's folder to a result."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.artefacts import read_json
from harness.bundle import load_bundle
from harness.cache import open_store
from harness.config import change_monitoring, load_settings
from harness.monitor import read_reference
from harness.watch.result import MonitorResult, weigh
from harness.watch.rows import read_rows, rows_since
from harness.watch.run import monitor_rows


def look_at(
    folder: Path,
    table: Path | None,
    overrides: Sequence[str] = (),
    *,
    by: str | None = None,
    since: str | None = None,
    time: str | None = None,
    labels: Path | None = None,
    key: str | None = None,
    state: Path | None = None,
    trust: Sequence[str] = (),
    config_dir: Path | None = None,
) -> MonitorResult:
    """Load a bundle, read new rows and judge them window by window.

    Args:
        folder: The bundle's folder.
        table: New rows; None takes those of the bundle's own dataset that came after.
        overrides: Overrides of `monitoring`.
        by: day, week, month, or None for one window.
        since: First day to look at, without a table; None takes the day after the reference.
        time: Column with the prediction time.
        labels: Table with labels that came later.
        key: Column both tables share.
        state: Folder of windows seen before.
        trust: Types to trust beyond the known ones.
        config_dir: A user's own config folder.

    Raises:
        HarnessError: If anything cannot be read or meant.
    """
    bundle = load_bundle(folder, trust=trust)
    reference = read_reference(folder)
    config: dict[str, Any] = read_json(folder / "config.json")["config"]
    protocol: dict[str, Any] = read_json(folder / "protocol.json")["protocol"]
    settings = load_settings(config)
    monitoring = change_monitoring(config.get("monitoring"), overrides, config_dir=config_dir)
    if table is not None:
        rows = read_rows(table, protocol, schema=bundle.schema, time=time, labels=labels, key=key)
    else:
        running = settings.running
        rows = rows_since(
            settings.dataset, since, reference, open_store(running.cache_dir, running.cache_max_gb)
        )
    windows = monitor_rows(bundle, reference, rows, protocol, settings.criteria, monitoring, by=by)
    return weigh(
        windows,
        reference,
        monitoring,
        guard=settings.guard,
        model=str(bundle.manifest["name"]),
        fingerprint=str(bundle.manifest["candidate_fingerprint"]),
        state=state,
        notes=rows.notes,
    )
