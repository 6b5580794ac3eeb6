"""A run folder is one thing: a file that disagrees with the others is refused by every reader."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness import compose_settings, run_experiment, write_run
from harness.artefacts.one_run import open_run
from harness.errors import HarnessError, RegistryError
from tests.conftest import TABLE_WORDS, make_table

UPGRADES = Path(__file__).parents[1] / "upgrades"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Runs `a`, a SHIP with its report, and `b`, another candidate on the same rows."""
    folder = tmp_path_factory.mktemp("runs")
    make_table().to_parquet(folder / "t.parquet")
    plain = [word for word in TABLE_WORDS if "n_estimators" not in word]
    for name, more in {"a": ("model.C=1.0",), "b": ("model.C=0.01", "seed=3")}.items():
        words = (*plain, f"dataset.path={folder / 't.parquet'}", "model=logistic", *more)
        ledger = f"running.ledger={folder / name}.sqlite"
        report = f"running.report={str(name == 'a').lower()}"
        result = run_experiment(compose_settings((*words, ledger, report)))
        write_run(result, folder / name, overrides=words)
        assert result.decision.decision == "SHIP"
    return folder


@pytest.fixture
def runs(made, tmp_path) -> Path:
    """Copies of both, free to be tampered with."""
    for name in "ab":
        shutil.copytree(made / name, tmp_path / name)
    return tmp_path


def edited(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content, indent=2), "utf-8")


def edit(name: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    return lambda runs: edited(runs / "a" / name, change)


def take(name: str) -> Callable[[Path], None]:
    """Put a file or folder of the other run in its place."""

    def tamper(runs: Path) -> None:
        mine, other = runs / "a" / name, runs / "b" / name
        if other.is_dir():
            shutil.rmtree(mine)
            shutil.copytree(other, mine)
        else:
            shutil.copy(other, mine)

    return tamper


def remove(name: str) -> Callable[[Path], None]:
    return lambda runs: (runs / "a" / name).unlink()


def truncate(name: str) -> Callable[[Path], None]:
    def tamper(runs: Path) -> None:
        path = runs / "a" / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return tamper


def first(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda decision: decision["criteria"][0].update({key: value})


# What is done to run `a`, and what the sentence has to name.
TAMPERINGS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "decision edited": (
        edit("decision.json", lambda d: d.update(decision="NO_SHIP")),
        ("decision.json", "NO_SHIP", "ship is true"),
    ),
    "decision and flag edited": (
        edit("decision.json", lambda d: d.update(decision="NO_SHIP", ship=False)),
        ("decision.json", "NO_SHIP", "SHIP"),
    ),
    "decision, flag and face value edited": (
        edit("decision.json", lambda d: d.update(decision="NO_SHIP", ship=False, face_value="NO_SHIP")),
        ("decision.json", "criteria", "SHIP"),
    ),
    "decision made INVALID": (
        edit("decision.json", lambda d: d.update(decision="INVALID", ship=False)),
        ("decision.json", "INVALID"),
    ),
    "decision unknown": (
        edit("decision.json", lambda d: d.update(decision="MAYBE")),
        ("decision.json", "MAYBE"),
    ),
    "ship flag edited": (
        edit("decision.json", lambda d: d.update(ship=False)),
        ("decision.json", "ship is false"),
    ),
    "a verdict edited": (
        edit("decision.json", first("verdict", "FAIL")),
        ("decision.json", "pr_auc", "FAIL", "PASS"),
    ),
    "a verdict left open": (
        edit("decision.json", first("verdict", "UNRESOLVED")),
        ("decision.json", "pr_auc", "UNRESOLVED"),
    ),
    "a bound edited": (
        edit("decision.json", first("lower", -0.5)),
        ("decision.json", "pr_auc"),
    ),
    "the candidate's figure edited": (
        edit("decision.json", first("candidate", 0.99)),
        ("metrics.json", "pr_auc", "0.99"),
    ),
    "a sentence edited": (
        edit("decision.json", first("sentence", "All is well.")),
        ("decision.json", "bundle"),
    ),
    "too few rows": (
        edit("decision.json", lambda d: d.update(minimum_sample_size=10**6)),
        ("decision.json", "INCONCLUSIVE"),
    ),
    "a finding added": (
        edit("decision.json", lambda d: d["blocking_findings"].append("L02: a leak")),
        ("decision.json", "INVALID"),
    ),
    "exploratory made confirmatory": (
        edit("decision.json", lambda d: d["holdout"].update(status="exploratory")),
        ("decision.json", "exploratory"),
    ),
    "criteria of no list": (
        edit("decision.json", lambda d: d.update(criteria="all pass")),
        ("decision.json", "criteria"),
    ),
    "a criterion without a bound": (
        edit("decision.json", lambda d: d["criteria"][0].pop("lower")),
        ("decision.json", "lower"),
    ),
    "decision replaced": (take("decision.json"), ("decision.json",)),
    "decision missing": (remove("decision.json"), ("decision.json", "missing")),
    "decision cut": (truncate("decision.json"), ("decision.json", "cannot be read")),
    "metrics edited": (
        edit("metrics.json", lambda m: m["test"][0]["candidate"].update(value=0.123)),
        ("metrics.json", "changed since"),
    ),
    "metrics cut": (truncate("metrics.json"), ("metrics.json",)),
    "metrics missing": (remove("metrics.json"), ("metrics.json", "missing")),
    "metrics replaced": (take("metrics.json"), ("metrics.json",)),
    "predictions replaced": (take("predictions.parquet"), ("predictions.parquet", "changed since")),
    "predictions missing": (remove("predictions.parquet"), ("predictions.parquet", "missing")),
    "predictions cut": (truncate("predictions.parquet"), ("predictions.parquet", "changed since")),
    "audit edited": (
        edit("audit.json", lambda a: a.update(findings=[])),
        ("audit.json",),
    ),
    "bundle replaced": (take("bundle"), ("bundle", "candidate_fingerprint")),
    "bundle's decision edited": (
        edit("bundle/decision.json", lambda d: d.update(decision="NO_SHIP")),
        ("bundle/decision.json",),
    ),
    "bundle's threshold edited": (
        edit("bundle/threshold.json", lambda d: d.update(value=0.0)),
        ("threshold.json", "changed"),
    ),
    "bundle missing": (lambda runs: shutil.rmtree(runs / "a/bundle"), ("bundle", "missing")),
    "protocol edited": (
        lambda runs: (runs / "a/protocol.md").write_text("# no criteria\n"),
        ("protocol.md", "changed since"),
    ),
    "report edited": (
        lambda runs: (runs / "a/report.html").write_text("<h1>SHIP</h1>"),
        ("report.html", "changed since"),
    ),
    "report missing": (remove("report.html"), ("report.html", "missing")),
    "record edited": (
        edit("run.json", lambda r: r["candidate"]["model"].update(C=5.0)),
        ("run.json", "changed since"),
    ),
    "record's decision edited": (
        edit("run.json", lambda r: r.update(decision="NO_SHIP")),
        ("run.json", "NO_SHIP", "decision.json"),
    ),
    "record cut": (truncate("run.json"), ("run.json", "cannot be read")),
    "a hash taken out": (
        edit("run.json", lambda r: r["artefacts"].pop("predictions.parquet")),
        ("run.json", "changed since"),
    ),
    "a record that is a list": (
        lambda runs: (runs / "a/run.json").write_text("[]"),
        ("run.json",),
    ),
}  # fmt: skip

READERS = {
    "gate": ("gate", "a"),
    "register": ("register", "a", "--name", "churn"),
    "register by bundle": ("register", "a/bundle", "--name", "churn"),
    "compare": ("compare", "a", "b"),
    "decide": ("decide", "a"),
    "power": ("power", "a"),
    "verify": ("verify", "a"),
    "protocol": ("protocol", "a"),
    "score": ("score", "a", "t.csv", "--out", "o.csv"),
    "export": ("export", "a", "--to", "onnx", "--out", "o.onnx"),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_a_file_that_was_tampered_with_is_named_and_refused(what, runs, harness):
    tamper, named = TAMPERINGS[what]
    tamper(runs)
    for reader in ("gate", "register", "compare"):
        status, out, err = harness(*READERS[reader])
        assert status == 2, (reader, out, err)
        assert out == ""
        for part in named:
            assert part in err, (reader, err)
        assert len(err.splitlines()) == 1, err
        assert "Traceback" not in err
        assert "defect" not in err
    assert not (runs / "o.csv").exists()


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_of_a_run_checks_it(reader, runs, harness):
    if reader not in ("score", "export", "register", "register by bundle"):
        assert harness(*READERS[reader])[0] == 0
    edited(runs / "a/decision.json", lambda d: d.update(decision="NO_SHIP"))
    status, _, err = harness(*READERS[reader])
    assert (status, "decision.json" in err) == (2, True), err


def test_a_run_that_nobody_touched_is_read_by_all(runs, harness):
    assert harness("gate", "a")[:2] == (0, "SHIP\n")
    assert harness("verify", "a")[0] == 0
    (runs / "a/notes.txt").write_text("mine")  # a file of one's own is no part of the run
    assert harness("compare", "a", "b")[0] == 0


def test_a_run_may_be_moved_and_read_from_elsewhere(runs, harness):
    shutil.move(runs / "a", runs / "moved")
    assert harness("gate", "moved")[0] == 0


@pytest.mark.parametrize("status", ["UNFINISHED", "FAILED"])
def test_a_run_that_came_to_no_end_is_no_run(status, runs, harness):
    record = {"schema_version": 1, "status": status, "overrides": [], "reason": "killed"}
    (runs / "a/run.json").write_text(json.dumps(record))
    for reader, words in READERS.items():
        if reader not in ("compare", "protocol"):
            code, _, err = harness(*words)
            assert (code, status in err, "run it again" in err) == (2, True, True), (reader, err)
    code, out, _ = harness("compare", "a", "b", "--format", "markdown")
    assert (code, status in out) == (0, True)


def test_a_run_of_0_1_0_has_no_hashes_and_its_content_is_checked(tmp_path, harness):
    shutil.copytree(UPGRADES / "v0.1.0/run", tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert "artefacts" not in open_run(tmp_path / "a").content
    assert harness("gate", "a")[0] == 3
    for what in ("decision edited", "a verdict edited", "decision missing", "decision cut",
                 "the candidate's figure edited", "bundle's decision edited",
                 "record's decision edited"):  # fmt: skip
        shutil.rmtree(tmp_path / "a")
        shutil.copytree(tmp_path / "b", tmp_path / "a")
        TAMPERINGS[what][0](tmp_path)
        for reader in ("gate", "register", "compare"):
            status, _, err = harness(*READERS[reader])
            assert (status, "a/" in err) == (2, True), (what, reader, err)


def places_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every value of a JSON document stands."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places_of(value[key], (*path, key))


@pytest.mark.parametrize("junk", [None, "x", -1, [], {"a": 1}, "taken out"], ids=repr)
def test_no_edit_of_a_decision_goes_through_even_without_hashes(tmp_path, harness, junk):
    shutil.copytree(UPGRADES / "v0.1.0/run", tmp_path / "a")
    path = tmp_path / "a/decision.json"
    whole = path.read_text("utf-8")
    for place in places_of(json.loads(whole)):
        content = json.loads(whole)
        holder = content
        for key in place[:-1]:
            holder = holder[key]
        if holder[place[-1]] == junk or place == ("schema_version",):
            continue
        if junk == "taken out":
            del holder[place[-1]]
        else:
            holder[place[-1]] = junk
        path.write_text(json.dumps(content), "utf-8")
        status, out, err = harness("gate", "a")
        assert (status, out) == (2, ""), (place, err)
        assert "decision.json" in err, (place, err)
        assert "defect" not in err, (place, err)


def test_predictions_of_other_rows_are_refused_without_hashes_too(runs, harness):
    def forget(record: dict[str, Any]) -> None:
        del record["artefacts"]
        del record["seal"]

    edited(runs / "a/run.json", forget)
    assert harness("gate", "a")[0] == 0
    path = runs / "a/predictions.parquet"
    pd.read_parquet(path).tail(100).to_parquet(path)
    status, _, err = harness("gate", "a")
    assert (status, "predictions.parquet" in err, "rows" in err) == (2, True, True), err


def test_a_sealed_verdict_is_a_run_without_a_bundle(made, tmp_path, harness):
    words = [word for word in TABLE_WORDS if "n_estimators" not in word]
    status, _, err = harness(
        "run", "--quiet", *words, f"dataset.path={made / 't.parquet'}", "model=logistic",
        "holdout=blind", "hydra.run.dir=sealed",
    )  # fmt: skip
    assert status == 0, err
    assert harness("gate", "sealed")[0] == 0
    edited(tmp_path / "sealed/decision.json", lambda d: d.update(decision="NO_SHIP", ship=False))
    status, _, err = harness("gate", "sealed")
    assert (status, "decision.json" in err) == (2, True)


def test_promote_refuses_a_version_whose_tag_its_bundle_denies(runs, harness, monkeypatch):
    from harness.registry import Registry, promote, register
    from harness.registry.moves import read_moves

    uri = f"sqlite:///{runs / 'r.sqlite'}"
    registry = Registry(uri)
    version, _ = register(registry, runs / "a", "churn")
    for tag, value in {"decision": "NO_SHIP", "candidate_fingerprint": "0" * 64}.items():
        registry.client.set_model_version_tag("churn", version.version, f"harness.{tag}", value)
        with pytest.raises(HarnessError, match=tag):
            promote(Registry(uri), "churn", version.version, force=True, reason="see")
        registry.client.set_model_version_tag(
            "churn", version.version, f"harness.{tag}", getattr(version, tag)
        )
    assert read_moves(registry, "churn") == []
    assert promote(Registry(uri), "churn", version.version).is_new


@pytest.fixture
def keys(runs) -> tuple[Path, Path]:
    """A private and a public key."""
    from cryptography.hazmat.primitives import serialization as pem
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private, public = runs / "private.pem", runs / "public.pem"
    private.write_bytes(
        key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption())
    )
    public.write_bytes(
        key.public_key().public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo)
    )
    return private, public


def rehashed(folder: Path) -> None:
    """What a forger does who knows how hashes are made."""
    from harness.artefacts.one_run import write_record

    content = json.loads((folder / "run.json").read_text("utf-8"))
    write_record(folder, {k: v for k, v in content.items() if k not in ("artefacts", "seal")})


def test_a_forger_who_hashes_again_is_found_by_a_signature_alone(runs, keys, harness, monkeypatch):
    private, public = keys
    monkeypatch.setenv("HARNESS_BUNDLE_KEY", str(public))
    for reader in ("gate", "register", "compare"):
        status, _, err = harness(*READERS[reader])
        assert (status, "not signed" in err, "harness sign" in err) == (2, True, True), err
    for name in "ab":
        status, _, err = harness("sign", name, "--key", private)
        assert status == 0, err
    assert (runs / "a/run.sig").is_file()
    assert (runs / "a/bundle/manifest.sig").is_file()
    for reader in ("gate", "compare", "decide", "verify"):
        assert harness(*READERS[reader])[0] == 0
    edited(runs / "a/metrics.json", lambda m: m["validation"].update(accuracy=1.0))
    edited(runs / "a/run.json", lambda r: r["validation_metrics"].update(accuracy=1.0))
    rehashed(runs / "a")
    for reader in ("gate", "register", "compare"):
        status, _, err = harness(*READERS[reader])
        assert (status, "run.sig" in err) == (2, True), err
    monkeypatch.delenv("HARNESS_BUNDLE_KEY")
    assert harness("gate", "a")[0] == 0  # hashes alone cannot tell


def test_signing_refuses_a_run_that_was_tampered_with(runs, keys, harness):
    edited(runs / "a/decision.json", lambda d: d.update(decision="NO_SHIP"))
    status, _, err = harness("sign", "a", "--key", keys[0])
    assert (status, "decision.json" in err) == (2, True)
    assert not (runs / "a/run.sig").exists()


def test_a_run_of_0_1_0_is_signed_with_hashes_as_of_that_day(tmp_path, keys, harness, monkeypatch):
    shutil.copytree(UPGRADES / "v0.1.0/run", tmp_path / "old")
    assert harness("sign", "old", "--key", keys[0])[0] == 0
    monkeypatch.setenv("HARNESS_BUNDLE_KEY", str(keys[1]))
    assert harness("gate", "old")[0] == 3
    (tmp_path / "old/protocol.md").write_text("# other")
    status, _, err = harness("gate", "old")
    assert (status, "protocol.md" in err) == (2, True)


def test_what_no_longer_agrees_is_an_error_of_the_harness_family(runs):
    edited(runs / "a/decision.json", lambda d: d.update(ship=False))
    with pytest.raises(HarnessError, match="ship is false"):
        open_run(runs / "a")
    assert issubclass(RegistryError, HarnessError)
