"""Pages and outputs of the docs that are made by running something.

python scripts/docs_pages.py reference     # configuration and commands, from the code
python scripts/docs_pages.py failures      # one page for each script of scripts/demo
python scripts/docs_pages.py outputs PAGE  # runs a page's commands and puts their output below each
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from warm_shell import run_line

from harness.cli.main import COMMANDS
from harness.config import CONF_DIR
from harness.config.keys import Key, keys_of, run_keys
from harness.settings import GROUPS, OPEN_GROUPS, AbtestRunSettings

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
DEMOS = (
    "leakage",
    "shuffled_split",
    "imbalance",
    "wrong_metric",
    "skew",
    "monitoring",
    "rollback",
)
WIDTH = "100"
_CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)


def config_page() -> str:
    """Every group with its options, and every key with type, default and meaning."""
    lines = [
        "# Configuration",
        "",
        "Made from the settings' own words by `scripts/docs_pages.py`. Any key is an override: "
        "`harness run split.test=1mo`. Groups choose one of their options: `harness run model=logistic`.",
        "",
    ]
    for group in (*GROUPS, *OPEN_GROUPS):
        lines += [f"## {group}", ""]
        for file in sorted((CONF_DIR / group).glob("*.yaml")):
            lines.append(f"- `{group}={file.stem}`: {first_comment(file)}")
        for kind, settings in GROUPS.get(group, {}).items():
            keys = list(keys_of(settings))
            if not keys:
                continue
            several = len(GROUPS[group]) > 1
            lines += ["", *([f"Keys of `{kind}`:", ""] if several else []), *key_table(keys)]
        if group in OPEN_GROUPS:
            lines += [
                "",
                "`_target_` names a class or function; all other keys are its own parameters.",
            ]
        lines.append("")
    lines += ["## Keys without a group", "", *key_table(run_keys()), ""]
    lines += ["## A/B tests (`harness abtest`)", "", *key_table(keys_of(AbtestRunSettings)), ""]
    return "\n".join(lines)


def key_table(keys: Sequence[Key] | Iterator[Key]) -> list[str]:
    """Keys as a Markdown table."""
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for key in keys:
        kind = " \\| ".join(f"`{word}`" for word in key.choices) or ", ".join(
            filter(None, (key.type, key.range))
        )
        empty = key.default in ("", [], {})
        default = "" if empty else f"`{'null' if key.default is None else key.default}`"
        meaning = key.meaning.replace("|", "\\|")
        lines.append(f"| `{key.name}` | {kind} | {default} | {meaning} |")
    return lines


def first_comment(file: Path) -> str:
    """What an option is for, in its own words."""
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("# ") and "yaml-language-server" not in line and "@package" not in line:
            return line[2:]
    return ""


def commands_page() -> str:
    """Every command with its help."""
    lines = ["# Commands", "", "Each as `harness COMMAND --help` prints it.", ""]
    for name, command in COMMANDS.items():
        lines += [f"## harness {name}", "", "```text"]
        if command.takes_hydra_flags:
            lines += [f"{command.summary}", f"example: {command.example}", "",
                      "Overrides and Hydra's own flags; `harness run --help` lists every group."]  # fmt: skip
        else:
            lines.append(run_words(["harness", name, "--help"], ROOT / "docs").rstrip())
        lines += ["```", ""]
    return "\n".join(lines)


def failure_page(name: str) -> str:
    """What a demonstration prints, and its script."""
    script = ROOT / "scripts" / "demo" / f"{name}.py"
    title = script.read_text("utf-8").splitlines()[0].strip('"').removeprefix("Failure: ")
    with tempfile.TemporaryDirectory() as folder:
        printed = run_words([sys.executable, str(script)], Path(folder))
    return "\n".join(
        [
            f"# {title[0].upper()}{title[1:].rstrip('.')}",
            "",
            f"What `python scripts/demo/{name}.py` prints:",
            "",
            "```text",
            printed.replace(folder, "/tmp/demo").rstrip(),  # noqa: S108  # shown, not used
            "```",
            "",
            "The script:",
            "",
            "```python",
            f'--8<-- "scripts/demo/{name}.py"',
            "```",
            "",
        ]
    )


def with_outputs(page: Path, folder: Path) -> str:
    """A page whose commands are run in a folder, each with what it printed below it."""
    loans(folder / "loans.csv")

    def filled(match: re.Match[str]) -> str:
        shown = []
        for line in match[1].splitlines():
            if line.startswith("$ "):
                shown += [line, printed(run_line(line[2:], folder, plain_terminal())), ""]
        return "```console\n" + "\n".join(shown).rstrip() + "\n```"

    return _CONSOLE.sub(filled, page.read_text("utf-8"))


def loans(path: Path) -> None:
    """Made loans: two years, one in five defaults, riskier with debt and rate."""
    rng = np.random.default_rng(0)
    n = 20_000
    minutes = np.sort(rng.integers(0, 2 * 365 * 24 * 60, n))
    debt, rate = rng.gamma(2, 10, n), rng.normal(9, 3, n)
    purpose = rng.choice(["car", "home", "study"], n, p=[0.5, 0.3, 0.2])
    log_odds = -3.4 + 0.05 * debt + 0.12 * rate + 0.5 * (purpose == "study")
    defaulted = rng.random(n) < 1 / (1 + np.exp(-log_odds))
    columns = {
        "loan_id": np.arange(n) + 100_000,
        "issued": (np.datetime64("2023-01-01T00:00") + minutes).astype(str),
        "debt": debt.round(1),
        "rate": rate.round(2),
        "purpose": purpose,
        "defaulted": np.where(defaulted, "yes", "no"),
    }
    pd.DataFrame(columns).to_csv(path, index=False)


def differences(before: str, after: str) -> list[str]:
    """Lines that differ by more than figures, dates and the width of a table."""

    def plain(text: str) -> list[str]:
        lines = (re.sub(r"[\d.,:+-]+", "0", line) for line in text.splitlines())
        return [" ".join(re.sub("[\u2500-\u257f]+", " ", line).split()) for line in lines]

    found = difflib.unified_diff(plain(before), plain(after), lineterm="", n=0)
    return [line for line in found if line.strip("+- ")]


def plain_terminal() -> dict[str, str]:
    """The environment of a terminal of fixed width without colours, with this `harness` on it."""
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": WIDTH,
        "NO_COLOR": "1",
    }


def run_words(words: Sequence[str], folder: Path) -> str:
    """What a command prints to standard output."""
    return printed(
        subprocess.run(
            words, cwd=folder, env=plain_terminal(), capture_output=True, text=True, check=False
        )
    )


def printed(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that could run printed to standard output, without blanks at line ends."""
    if done.returncode not in (0, 1, 3, 4):
        raise SystemExit(f"{done.args}: {done.stderr}")
    return "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines()).rstrip()


def main() -> None:
    """Make what is asked for."""
    what, *pages = sys.argv[1:]
    if what == "reference":
        (DOCS / "reference" / "config.md").write_text(config_page(), "utf-8")
        (DOCS / "reference" / "commands.md").write_text(commands_page(), "utf-8")
    elif what == "failures":
        for name in DEMOS:
            (DOCS / "failures" / f"{name}.md").write_text(failure_page(name), "utf-8")
    else:
        differ = False
        for name in pages:
            with tempfile.TemporaryDirectory() as folder:
                os.environ["HARNESS_LEDGER"] = f"{folder}/ledger.sqlite"
                page = ROOT / name
                text = with_outputs(page, Path(folder))
            if what == "outputs":
                page.write_text(text, "utf-8")
            elif lines := differences(page.read_text("utf-8"), text):
                differ = True
                print(f"{name}:", *lines, sep="\n")
        if differ:
            raise SystemExit("what the pages show is not what commands print")


if __name__ == "__main__":
    main()
