"""What entries hold, to the letter: later versions and auditors read them."""

from __future__ import annotations

import json

import pytest

from harness.errors import LedgerError
from harness.ledger import Chain, LabelledWindow, record_verdict, reserve, take_look, unseal
from harness.settings import HoldoutSettings

WINDOW = LabelledWindow(key="k" * 64, days={"2024-05-01": "a" * 32, "2024-05-02": "b" * 32})
LATER = LabelledWindow(key="m" * 64, days={"2024-05-02": "b" * 32, "2024-05-03": "c" * 32})
BLIND = HoldoutSettings(looks=2, disclosure="verdict")


@pytest.fixture
def chain(tmp_path):
    return Chain(tmp_path / "ledger.sqlite")


def look(
    chain, candidate="a", window=WINDOW, *, holdout=None, protocol="p", rows="r", baseline="b"
):
    return take_look(
        chain, window, holdout or HoldoutSettings(),
        protocol=protocol, rows=rows, candidate=candidate, baseline=baseline,
    )  # fmt: skip


def test_a_reservation_names_its_family_once_sorted_and_whether_the_window_was_fresh(chain):
    reserve(chain, WINDOW, "p", "r", ["c", "a", "c"])
    (entry,) = chain.entries()
    assert (entry.kind, entry.seq) == ("reserve", 1)
    assert entry.content == {
        "window": WINDOW.key,
        "days": WINDOW.days,
        "protocol": "p",
        "rows": "r",
        "candidates": ["a", "c"],
        "is_fresh": True,
    }
    reserve(chain, LATER, "p", "r", ["a"])
    assert chain.entries()[1].content["is_fresh"] is False  # a day in common was reserved


def test_the_same_family_reserved_again_adds_nothing_and_another_one_does(chain):
    reserve(chain, WINDOW, "p", "r", ["a", "b"])
    reserve(chain, WINDOW, "p", "r", ["b", "a", "a"])
    assert len(chain.entries()) == 1
    for number, (protocol, rows, family) in enumerate(
        [("p2", "r", ["a", "b"]), ("p", "r2", ["a", "b"]), ("p", "r", ["a", "c"])], start=2
    ):
        reserve(chain, WINDOW, protocol, rows, family)
        assert len(chain.entries()) == number


def test_a_family_judged_to_the_last_needs_no_reservation_and_one_short_does(chain):
    for candidate in ("a", "b"):
        look(chain, candidate)
    reserve(chain, WINDOW, "p", "r", ["a", "b"])
    assert [e.kind for e in chain.entries()] == ["open", "open"]
    reserve(chain, WINDOW, "p", "other rows", ["a", "b"])  # other features: others altogether
    reserve(chain, WINDOW, "other", "r", ["a", "b"])
    reserve(chain, WINDOW, "p", "r", ["a", "b", "c"])
    assert [e.kind for e in chain.entries()] == ["open", "open", "reserve", "reserve", "reserve"]


def test_an_opening_says_by_what_it_was_judged(chain):
    reserve(chain, WINDOW, "p", "r", ["a", "b"])
    taken = look(chain)
    entry = chain.entries()[1]
    assert entry.content == {
        "window": WINDOW.key,
        "days": WINDOW.days,
        "protocol": "p",
        "rows": "r",
        "candidate": "a",
        "baseline": "b",
        "status": "confirmatory",
        "alpha_divisor": 2,
        "looks_planned": 2,
        "disclosure": "full",
        "fresh_days": 0,  # its own sweep's reservation has laid hands on them
    }
    assert (taken.opening, taken.alpha_divisor, taken.looks_used, taken.is_repeat) == (
        2,
        2,
        2,
        False,
    )
    assert taken.sentence == (
        "2 candidates were fixed before the window was opened; they share alpha."
    )


def test_a_reservation_holds_for_its_rows_and_family_alone(chain):
    reserve(chain, WINDOW, "p", "r", ["a", "b"])
    assert look(chain, "a", rows="r2").status == "exploratory"
    assert look(chain, "c").status == "exploratory"
    assert look(chain, "a", protocol="p2").status == "exploratory"
    assert look(chain, "b").alpha_divisor == 2


def test_blind_looks_count_up_and_end_sealed_looks_at_the_last(chain):
    first, second = (look(chain, name, holdout=BLIND) for name in ("a", "b"))
    assert [(x.status, x.alpha_divisor, x.looks_used) for x in (first, second)] == [
        ("blind", 2, 1),
        ("blind", 2, 2),
    ]
    assert (first.is_sealed, second.is_sealed) == (True, False)
    assert first.sentence == "Look 1 of 2 planned ones, each at alpha / 2."
    third = look(chain, "c", holdout=BLIND)
    assert (third.status, third.alpha_divisor, third.disclosure) == ("exploratory", 1, "full")
    assert third.sentence.startswith("2 of the 2 test days were looked at before")


def test_a_window_that_shares_a_day_is_partly_fresh(chain):
    look(chain)
    later = look(chain, "b", LATER)
    assert (later.status, later.fresh_days) == ("exploratory", 1)
    assert later.sentence.startswith("1 of the 2 test days were looked at before")


def test_a_verdict_is_written_once_for_its_opening(chain):
    first, second = look(chain, "a"), look(chain, "b")
    record_verdict(chain, first, "SHIP")
    record_verdict(chain, first, "NO_SHIP")
    record_verdict(chain, second, "INCONCLUSIVE")
    told = [e.content for e in chain.entries() if e.kind == "verdict"]
    assert told == [
        {"opening": first.opening, "decision": "SHIP"},
        {"opening": second.opening, "decision": "INCONCLUSIVE"},
    ]


def test_unsealing_takes_a_reason_and_one_window(chain):
    look(chain, holdout=BLIND)
    for key, reason, sentence in (
        (WINDOW.key, "  ", "^unseal: say why, with --reason; it is kept$"),
        ("x", "enough", "^unseal: 0 opened windows begin with 'x'; `harness ledger` lists them$"),
    ):
        with pytest.raises(LedgerError, match=sentence):
            unseal(chain, key, reason)
    look(chain, window=LATER, holdout=BLIND)
    with pytest.raises(LedgerError, match="unseal: 2 opened windows begin with ''"):
        unseal(chain, "", "enough")
    unseal(chain, "kk", "enough")
    entry = chain.entries()[-1]
    assert (entry.kind, entry.content) == ("unseal", {"window": WINDOW.key, "reason": "enough"})
    assert look(chain, "z", holdout=BLIND).status == "exploratory"
    assert look(chain, holdout=BLIND).disclosure == "full"


def test_the_chain_is_made_of_sorted_json_and_every_field(chain):
    import hashlib

    with chain.transaction():
        chain.append("open", {"b": 1, "a": "ä"})
        chain.append("open", {"z": [1, 2]})
    first, second = chain.entries()
    text = json.dumps({"a": "ä", "b": 1}, separators=(",", ":"))
    parts = ("1", first.at, "open", text, "0" * 64)
    assert first.hash == hashlib.sha256("\n".join(parts).encode()).hexdigest()
    assert second.previous == first.hash
    assert first.at.endswith("+00:00")
    assert chain.verify() == 2


def test_an_error_inside_a_transaction_leaves_nothing(chain):
    with pytest.raises(RuntimeError, match="half-way"), chain.transaction():
        chain.append("open", {})
        raise RuntimeError("half-way")
    assert chain.entries() == []
    assert chain.verify() == 0


def test_a_look_says_in_full_what_it_means_and_where_it_is_written(chain):
    alone = look(chain)
    assert (alone.looks_planned, alone.looks_used, alone.ledger) == (1, 1, chain.place)
    assert alone.sentence == "The window was opened for this candidate alone."
    again = look(chain, "b")
    assert (again.looks_planned, again.looks_used) == (1, 1)
    assert again.sentence == (
        "2 of the 2 test days were looked at before, so this look is exploratory and cannot end in "
        "SHIP; a test window of fresh days, or an A/B test, can confirm what it shows."
    )


def test_days_seen_in_several_windows_add_up(chain):
    last = LabelledWindow(key="z" * 64, days={"2024-05-04": "d" * 32})
    both = LabelledWindow(
        key="y" * 64, days={"2024-05-01": "a" * 32, "2024-05-04": "d" * 32, "2024-05-05": "e" * 32}
    )
    look(chain)
    look(chain, window=last)
    assert look(chain, "b", both).fresh_days == 1


def test_a_ledger_is_made_below_folders_that_are_not_there_yet(tmp_path):
    place = tmp_path / "a" / "b" / "ledger.sqlite"
    with Chain(place) as chain, chain.transaction():
        chain.append("open", {})
    assert place.is_file()


def test_what_is_no_ledger_is_said_in_full(tmp_path):
    import sqlite3

    newer = tmp_path / "newer.sqlite"
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version = 2")
    with pytest.raises(LedgerError) as refused:
        Chain(newer)
    assert str(refused.value) == (
        f"{newer}: ledger format 2, this harness reads up to 1; install a newer harness"
    )
    junk = tmp_path / "junk"
    junk.write_bytes(b"no database at all, and long enough to be looked at" * 50)
    with pytest.raises(LedgerError) as refused:
        Chain(junk)
    assert str(refused.value) == (
        f"{junk}: the ledger cannot be opened (file is not a database); nothing can be judged without "
        "it, so mend it, or name another with running.ledger=..."
    )
    with pytest.raises(LedgerError) as refused:
        Chain("mysql://db/x")
    assert str(refused.value) == (
        "running.ledger: mysql://db/x is no kind of ledger; name a file, or "
        "postgresql://USER@HOST/DATABASE"
    )


def test_a_ledger_damaged_while_it_is_open_cannot_be_read(tmp_path):
    import sqlite3

    place = tmp_path / "ledger.sqlite"
    with Chain(place) as chain:
        with sqlite3.connect(place) as db:
            db.execute("DROP TABLE entries")
        with pytest.raises(LedgerError) as refused:
            chain.entries()
    assert str(refused.value) == f"{place}: the ledger cannot be read (no such table: entries)"
