"""Moves: promote and rollback, decided by one entry in the journal; aliases follow."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from harness.errors import BundleError, HarnessError, RegistryError
from harness.registry.journal import (
    PROMOTE,
    ROLLBACK,
    Move,
    Standing,
    read_moves,
    standing_of,
    write_move,
)
from harness.registry.names import CHAMPION, PREVIOUS, check_name
from harness.registry.store import Registry
from harness.registry.versions import SHIP, Version, bundle_of, find_version, require_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What came of a move.

    Attributes:
        version: What is live now.
        before: What was live.
        is_new: Whether anything moved: asking twice is answered once.
        notes: What was seen on the way.
    """

    version: str
    before: str | None
    is_new: bool
    notes: tuple[str, ...] = ()


def promote(
    registry: Registry,
    name: str,
    version: str,
    *,
    force: bool = False,
    reason: str = "",
    trust: Collection[str] = (),
) -> Moved:
    """Make a version the champion.

    Args:
        registry: Where.
        name: Registered model.
        version: What goes live.
        force: Whether to promote what is no SHIP; needs a reason.
        reason: Why, for the journal.
        trust: Types to trust beyond the known ones.

    Raises:
        RegistryError: If it is no SHIP and not forced, or another move came first.
        BundleError: If its bundle is damaged or scores differently; nothing moves.
    """
    check_name(name)
    chosen = find_version(registry, name, version)
    if chosen.decision != SHIP and not force:
        raise RegistryError(
            f"{name} version {version} is {chosen.decision or 'UNJUDGED'}; only a SHIP is promoted "
            "(--force --reason WHY records that you did)"
        )
    if chosen.decision != SHIP and not reason.strip():
        raise RegistryError("--force needs --reason WHY: it is what others will read")
    standing = standing_of(read_moves(registry, name))
    if standing.champion == version:
        _set_aliases(registry, name, standing)
        return Moved(version=version, before=version, is_new=False)
    bundle_of(registry, chosen, trust=trust)
    move = _move(PROMOTE, chosen, standing, reason, is_forced=chosen.decision != SHIP)
    return _carry_out(registry, name, move, chosen)


def rollback(
    registry: Registry,
    name: str,
    *,
    to: str | None = None,
    leaving: str | None = None,
    reason: str = "",
    by: str = "",
    evidence: dict[str, Any] | None = None,
    trust: Collection[str] = (),
) -> Moved:
    """Go back to an earlier champion whose bundle is whole and scores as it did.

    Args:
        registry: Where.
        name: Registered model.
        to: Version to go back to; None takes the last healthy one before the champion.
        leaving: Act only if this version is live: asking again after a success moves nothing.
        reason: Why, for the journal.
        by: Who; None for the user.
        evidence: Figures behind it.
        trust: Types to trust beyond the known ones.

    Raises:
        RegistryError: If there is nothing to go back to, or another move came first.
        BundleError: If the version named is damaged; nothing moves.
    """
    check_name(name)
    standing = standing_of(read_moves(registry, name))
    champion = standing.champion
    if champion is None:
        require_model(registry, name)
        raise RegistryError(f"{name}: nothing is live yet; `harness promote {name} VERSION` first")
    if champion == to or (leaving is not None and champion != leaving):
        _set_aliases(registry, name, standing)
        return Moved(version=champion, before=champion, is_new=False)
    try:
        target, notes = rollback_target(registry, name, standing, to=to, trust=trust)
    except HarnessError:
        _set_aliases(registry, name, standing)  # whoever died before the aliases is finished here
        raise
    move = _move(ROLLBACK, target, standing, reason, by=by, evidence=evidence)
    moved = _carry_out(registry, name, move, target)
    return Moved(version=moved.version, before=moved.before, is_new=True, notes=notes)


def rollback_target(
    registry: Registry,
    name: str,
    standing: Standing,
    *,
    to: str | None = None,
    trust: Collection[str] = (),
) -> tuple[Version, tuple[str, ...]]:
    """Where a rollback would go, its bundle checked, and what was passed over.

    Raises:
        RegistryError: If no healthy version is left.
        BundleError: If the version named is damaged.
    """
    if to is not None:
        chosen = find_version(registry, name, to)
        bundle_of(registry, chosen, trust=trust)
        return chosen, ()
    notes = []
    for version in reversed(standing.healthy[:-1]):
        try:
            chosen = find_version(registry, name, version)
            bundle_of(registry, chosen, trust=trust)
        except (BundleError, RegistryError) as error:
            notes.append(f"version {version} is passed over: {error}")
            continue
        return chosen, tuple(notes)
    why = f" ({'; '.join(notes)})" if notes else ""
    raise RegistryError(f"{name}: no earlier healthy version to go back to{why}; name one by --to")


def reconcile(registry: Registry, name: str) -> Standing:
    """Put the aliases where the journal says they are, and say what it says.

    Whoever died between a move and its aliases is finished here.
    """
    standing = standing_of(read_moves(registry, name))
    _set_aliases(registry, name, standing)
    return standing


def _move(
    action: str,
    version: Version,
    standing: Standing,
    reason: str,
    *,
    is_forced: bool = False,
    by: str = "",
    evidence: dict[str, Any] | None = None,
) -> Move:
    return Move(
        action=action,
        version=version.version,
        before=standing.champion,
        knows=standing.last,
        reason=reason,
        decision=version.decision,
        is_forced=is_forced,
        by=by,
        evidence=evidence or {},
    )


def _carry_out(registry: Registry, name: str, move: Move, version: Version) -> Moved:
    written = write_move(registry, name, move, source=version.source, run_id=version.run_id)
    standing = standing_of(registry.journals[name])
    if written.number not in {counted.number for counted in standing.moves}:
        first = next(m for m in standing.moves if m.knows == move.knows)
        raise RegistryError(
            f"{name}: {first.by} made another move first ({first.action} of version "
            f"{first.version}); nothing was changed, look at `harness history {name}` and ask again"
        )
    _set_alias(registry, name, PREVIOUS, standing.previous)
    _set_alias(registry, name, CHAMPION, standing.champion)
    with registry.asked(f"read the champion of {name} back"):
        live = registry.client.get_model_version_by_alias(name, CHAMPION).version
    if str(live) != standing.champion:  # moved by hand meanwhile; the journal has the last word
        _set_aliases(registry, name, standing)
    return Moved(version=move.version, before=move.before, is_new=True)


def _set_aliases(registry: Registry, name: str, standing: Standing) -> None:
    """Let the aliases say what the journal says, where they do not."""
    if standing.champion is None:
        return
    wanted = {CHAMPION: standing.champion, PREVIOUS: standing.previous}
    present = registry.aliases(name)
    for alias, version in wanted.items():
        if present.get(alias) != version:
            _set_alias(registry, name, alias, version)


def _set_alias(registry: Registry, name: str, alias: str, version: str | None) -> None:
    with registry.asked(f"set the alias {alias} of {name}"):
        if version is None:
            registry.client.delete_registered_model_alias(name, alias)
        else:
            registry.client.set_registered_model_alias(name, alias, version)
