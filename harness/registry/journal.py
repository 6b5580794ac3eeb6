"""Journal: every move of a model, in the registry itself, in one order for everyone.

Moves of NAME are versions of the registered model NAME.journal: the registry gives each a number
of its own, in one transaction, and they are never changed. A move says which move it knew as the
last; of two made at once the first counts, and the second is void, for every reader alike. So
writing the move *is* the switch; aliases follow it, and are put right by whoever looks next.
"""

from __future__ import annotations

import datetime as dt
import getpass
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.registry.names import JOURNAL
from harness.registry.store import Registry

PROMOTE, ROLLBACK = "promote", "rollback"
_TAG = "harness.move"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One line of the journal.

    Attributes:
        action: promote or rollback.
        version: What is live from here on.
        before: What was live until then; None for the first.
        knows: Number of the last move its author knew; 0 for none.
        reason: In the author's words.
        decision: What the harness had said of the version.
        is_forced: Whether it was promoted without a SHIP.
        by: Who.
        at: When, by the author's clock, UTC.
        evidence: Figures behind it.
        number: Its place in the journal; 0 before it is written.
    """

    action: str
    version: str
    before: str | None
    knows: int
    reason: str
    decision: str
    is_forced: bool = False
    by: str = ""
    at: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a journal amounts to.

    Attributes:
        champion: The live version; None before any promotion.
        previous: The healthy version that was live before it.
        last: Number of the last move that counts.
        healthy: Versions that were live and not rolled back from, the latest last.
        moves: Moves that count, in order.
    """

    champion: str | None
    previous: str | None
    last: int
    healthy: tuple[str, ...]
    moves: tuple[Move, ...]


def read_moves(registry: Registry, name: str) -> list[Move]:
    """All moves ever written, void ones included, in order."""
    known: list[Move] = registry.journals.setdefault(name, [])
    after = known[-1].number if known else 0
    asked = f"name='{name}{JOURNAL}' and version_number > {after}"
    with registry.asked(f"read the journal of {name}"):
        found = registry.client.search_model_versions(asked)
        while found.token:
            page = registry.client.search_model_versions(asked, page_token=found.token)
            found.extend(page)
            found.token = page.token
        moves = [
            Move(**{**json.loads(entry.tags[_TAG]), "number": int(entry.version)})
            for entry in found
            if _TAG in entry.tags
        ]
    known.extend(sorted(moves, key=lambda move: move.number))
    return list(known)


def write_move(registry: Registry, name: str, move: Move, *, source: str, run_id: str) -> Move:
    """Append a move, in one transaction of the registry.

    Args:
        registry: Where.
        name: Registered model.
        move: What moved.
        source: Where the version that goes live has its model: MLflow asks every version for one.
        run_id: Its MLflow run.

    Returns:
        The move with its number, author and time.
    """
    now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    signed = {**asdict(move), "by": move.by or who(), "at": now}
    del signed["number"]
    with registry.asked(f"write the journal of {name}"):
        make = registry.client.create_model_version
        words = f"{move.action} {move.before or 'nothing'} -> {move.version}"
        tags = {_TAG: json.dumps(signed)}
        try:
            written = make(name + JOURNAL, source, run_id=run_id, tags=tags, description=words)
        except registry.mlflow.MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            registry.make_model(name + JOURNAL)
            written = make(name + JOURNAL, source, run_id=run_id, tags=tags, description=words)
    made = Move(**{**signed, "number": int(written.version)})
    known: list[Move] = registry.journals.setdefault(name, [])
    if made.number == (known[-1].number if known else 0) + 1:
        known.append(made)  # nobody wrote in between, so there is nothing to read
        return made
    read_moves(registry, name)
    return made


def standing_of(moves: Sequence[Move]) -> Standing:
    """What moves amount to; a move whose author did not know the last one that counts is void.

    Example:
        >>> def move(number, action, version, knows):
        ...     return Move(number=number, action=action, version=version, before=None, knows=knows,
        ...                 reason="", decision="SHIP")
        >>> told = standing_of([move(1, "promote", "1", 0), move(2, "promote", "2", 1),
        ...                     move(3, "promote", "3", 1), move(4, "rollback", "1", 2)])
        >>> told.champion, told.last, [m.number for m in told.moves]
        ('1', 4, [1, 2, 4])
    """
    champion: str | None = None
    healthy: list[str] = []
    last, counted = 0, []
    for move in moves:
        if move.knows != last:
            continue
        last = move.number
        counted.append(move)
        if move.action == ROLLBACK:
            healthy = [v for v in healthy if v not in (champion, move.version)]
        else:
            healthy = [v for v in healthy if v != move.version]
        champion = move.version
        healthy.append(champion)
    return Standing(
        champion=champion,
        previous=healthy[-2] if len(healthy) > 1 else None,
        last=last,
        healthy=tuple(healthy),
        moves=tuple(counted),
    )


def standing_at(moves: Sequence[Move], when: dt.datetime) -> Standing:
    """What moves amounted to at a time; clocks that went backwards do not reorder them.

    Args:
        moves: All moves, in order.
        when: The time, with a zone.
    """
    latest, until = dt.datetime.min.replace(tzinfo=dt.UTC), 0
    for place, move in enumerate(moves, start=1):
        latest = max(latest, dt.datetime.fromisoformat(move.at))
        if latest <= when:
            until = place
    return standing_of(moves[:until])


def who() -> str:
    """The user, as the machine knows them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without an entry for the user
        return "unknown"
