"""Everything the harness raises on purpose.

    HarnessError
    |-- ConfigError     a key, option or override that cannot be meant
    |-- DataError       a table, column or row that cannot be used
    |-- FitError        a candidate that cannot be trained or scored
    |   `-- GivenUpError  one of a search that lagged behind
    |-- EvidenceError   figures that cannot be computed or trusted
    |-- LedgerError     a holdout ledger that is damaged, locked or too new
    |-- BundleError     a bundle that is damaged, foreign or not trusted
    |-- RegistryError   a registry that is away, or a move that is refused
    `-- ArtefactError   a run folder or file that is missing, damaged or too new

A message is one sentence: what is wrong, where (key, file, column, row), what is
expected, how to go on. The command line prints it without a traceback and exits
with status 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HarnessError(Exception):
    """Base of all errors a user can mend."""


class ConfigError(HarnessError):
    """A config key, group option or override is wrong."""


class DataError(HarnessError):
    """A table, column or row cannot be used as declared."""


class FitError(HarnessError):
    """The candidate cannot be trained or scored."""


class GivenUpError(FitError):
    """A candidate of a search lagged behind the others and was not fitted to its end."""


class EvidenceError(HarnessError):
    """A figure cannot be computed from the rows given."""


class LedgerError(HarnessError):
    """The holdout ledger cannot be read, written or trusted."""


class BundleError(HarnessError):
    """A bundle cannot be written, or must not be loaded."""


class RegistryError(HarnessError):
    """The registry cannot be reached, or refuses what was asked."""


class ArtefactError(HarnessError):
    """A run folder or one of its files cannot be read or written."""


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Word what is valid instead of `name`.

    Example:
        >>> did_you_mean("gapp", ["gap", "test"])
        "did you mean 'gap'?"
        >>> did_you_mean("zzz", ["gap", "test"])
        'valid: gap, test'
    """
    names = sorted(set(valid))
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    return f"valid: {shown}" if names else "nothing is valid here"
