"""Leaks: what the audit blocks and warns of, and what it leaves in peace.

Thresholds are looked for on one half of the honest tables and reported on the other. Leaks
of fifteen kinds at three strengths are planted into six tables; those that look like strong
honest columns are planted a second time with `feature_times` declared.

    python scripts/studies/leaks.py [EVERY NTH LEAK] [OUT]
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from harness.audit import BLOCK, WARN, audit_before
from harness.settings import AuditSettings

sys.path.insert(0, str(Path(__file__).parent))
from table import write_table
from tables import LEAKS, Leak, Table, base_tables, honest_tables, made, opened

__all__ = ["LEAKS", "made", "plant", "severities", "study"]

# The values tried for each threshold, the most sensitive first.
GRID = {
    "block_auc": (0.98, 0.99, 0.995, 0.999),
    "missing_block_auc": (0.9, 0.95, 0.99),
    "rule_block_few": (0.5, 0.6, 0.7),
    "rule_block": (0.7, 0.8, 0.9),
    "future_block": (0.9, 0.95, 0.97),
    "duplicate_share": (0.01, 0.02, 0.03),
    "warn_auc": (0.85, 0.9, 0.95),
    "warn_lead": (0.05, 0.1, 0.15),
    "identifier_warn_auc": (0.7, 0.75, 0.8),
}
MOST_WARNINGS = 0.75


def severities(table: Table, settings: AuditSettings) -> tuple[int, int, list[str]]:
    """Blocks and warnings of a table, and what they name."""
    warnings.simplefilter("ignore")
    dataset, split = opened(table)
    findings = audit_before(dataset, split, settings)
    loud = [f for f in findings if f.severity in (BLOCK, WARN)]
    said = [f"{f.check} {f.severity} {', '.join(f.columns[:3])}".strip() for f in loud]
    return sum(f.severity == BLOCK for f in loud), sum(f.severity == WARN for f in loud), said


def of_honest(arguments: tuple[Table, AuditSettings]) -> tuple[int, int, list[str]]:
    """One honest table, for a pool."""
    return severities(*arguments)


def chosen_thresholds(tables: Sequence[Table], pool: ProcessPoolExecutor) -> dict[str, float]:
    """The most sensitive value of each threshold that leaves these honest tables in peace."""
    chosen = {}
    for name, values in GRID.items():
        for value in values:
            settings = replace(AuditSettings(), **{name: value})
            found = list(pool.map(of_honest, [(table, settings) for table in tables]))
            blocks = sum(block > 0 for block, _, _ in found)
            warned = float(np.mean([warn for _, warn, _ in found]))
            if blocks == 0 and warned <= MOST_WARNINGS:
                chosen[name] = value
                break
    return chosen


def plant(arguments: tuple[Leak, float, int]) -> dict[str, str | None]:
    """The worst severity that names a leak: as the table is, and with its time declared."""
    leak, strength, place = arguments
    warnings.simplefilter("ignore")
    table = leak.plant(base_tables()[place], strength, np.random.default_rng(place))
    found: dict[str, str | None] = {}
    for way, asked in (("as it is", replace(table, feature_times={})), ("declared", table)):
        if way == "declared" and not table.feature_times:
            found[way] = None
            continue
        dataset, split = opened(asked)
        findings = audit_before(dataset, split, AuditSettings())
        named = {
            f.severity
            for f in findings
            if "leak" in f.columns or (leak.check == "L07" and f.check == "L07")
        }
        found[way] = BLOCK if BLOCK in named else WARN if WARN in named else "silent"
    return found


def applies(leak: Leak, place: int) -> bool:
    """Copied rows cannot be told where nearly every honest row occurs several times."""
    return not (leak.check == "L07" and base_tables()[place].name == "doctor visits")


def study(every: int) -> str:
    """All of it as Markdown."""
    tables = list(honest_tables())
    first, second = tables[::2], tables[1::2]
    n_bases = len(base_tables())
    jobs = [
        (leak, strength, place)
        for leak in LEAKS
        for strength in leak.strengths
        for place in range(n_bases)
        if applies(leak, place)
    ][::every]
    with ProcessPoolExecutor(2) as pool:
        thresholds = chosen_thresholds(first, pool) if every == 1 else {}
        honest = list(pool.map(of_honest, [(table, AuditSettings()) for table in second]))
        planted = list(pool.map(plant, jobs))
    lines = [
        "# Leaks",
        "",
        f"Made by `scripts/studies/leaks.py {every}`.",
        "",
        "## Honest tables",
        "",
        f"{len(tables)} honest tables, 27 of them real. Thresholds were looked for on {len(first)} of "
        f"them (no block, at most {MOST_WARNINGS:g} warnings a table); the figures are of the other "
        f"{len(second)}.",
        "",
        "| | |",
        "|---|---:|",
        f"| honest tables with a block | {sum(b > 0 for b, _, _ in honest)} of {len(second)} |",
        f"| warnings per honest table | {np.mean([w for _, w, _ in honest]):.2f} |",
        "",
        "| threshold | most sensitive value that left the first half in peace | value in use |",
        "|---|---:|---:|",
    ]
    defaults = AuditSettings()
    lines += [f"| {n} | {v:g} | {getattr(defaults, n):g} |" for n, v in thresholds.items()]
    lines += ["", "What the second half was told:", ""]
    lines += [
        f"- {table.name}: {'; '.join(said)}"
        for table, (_, _, said) in zip(second, honest, strict=True)
        if said
    ]
    for can, title in (
        (True, "Leaks that can be told from strong honest columns"),
        (False, "Leaks that cannot, without knowing when a value was computed"),
    ):
        part = [(j, p) for j, p in zip(jobs, planted, strict=True) if j[0].can_be_told is can]
        outcomes = [p["as it is"] for _, p in part]
        lines += [
            "",
            f"## {title}",
            "",
            f"Blocked {_share(outcomes, BLOCK)}, at least warned of {_share(outcomes, BLOCK, WARN)}"
            + (
                ""
                if can
                else f"; blocked {_share([p['declared'] for _, p in part if p['declared']], BLOCK)} once "
                "`dataset.feature_times` says when the value was computed"
            )
            + f" ({len(part)} plantings).",
            "",
            "| kind | strength | blocked | warned | silent |"
            + ("" if can else " blocked if declared |"),
            "|---|---:|---:|---:|---:|" + ("" if can else "---:|"),
        ]
        for leak in LEAKS:
            for strength in leak.strengths:
                mine = [p for j, p in part if j[0] is leak and j[1] == strength]
                if not mine:
                    continue
                counts = [sum(p["as it is"] == s for p in mine) for s in (BLOCK, WARN, "silent")]
                declared = [p["declared"] for p in mine if p["declared"]]
                more = f" {_share(declared, BLOCK)} |" if declared else " not a matter of time |"
                lines.append(
                    f"| {leak.kind} | {strength:g} | {counts[0]} | {counts[1]} | {counts[2]} |"
                    + ("" if can else more)
                )
    return "\n".join(lines) + "\n"


def _share(outcomes: Sequence[str | None], *wanted: str) -> str:
    if not outcomes:
        return "-"
    return f"{100 * sum(o in wanted for o in outcomes) / len(outcomes):.0f} %"


if __name__ == "__main__":
    write_table(study, default=1)
