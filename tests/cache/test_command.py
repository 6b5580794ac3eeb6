from __future__ import annotations

import json

from tests.conftest import TABLE_WORDS, make_table


def test_the_cache_is_listed_and_cleared_and_decides_nothing(harness, tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    make_table().to_parquet(tmp_path / "t.parquet")
    plain = [w for w in TABLE_WORDS if "n_estimators" not in w]
    words = [*plain, "dataset.path=t.parquet", "running.report=false", "model=logistic"]
    decisions = []
    for name, more in (("cold", []), ("warm", []), ("without", ["running.cache_max_gb=0"])):
        status, _, err = harness("run", *words, *more, f"hydra.run.dir={name}",
                                 f"running.ledger={name}.sqlite")  # fmt: skip
        assert status == 0, err
        content = json.loads((tmp_path / name / "decision.json").read_text())
        decisions.append([c for c in content["criteria"] if "latency" not in c["name"]])
    assert decisions[0] == decisions[1] == decisions[2]
    status, out, _ = harness("cache", "--format", "json")
    assert status == 0
    kinds = {entry["kind"]: entry["entries"] for entry in json.loads(out)["kinds"]}
    assert kinds == {"dataset": 1, "audit": 1, "baseline": 1}
    assert "audit" in harness("cache")[1]
    assert "set free" in harness("cache", "clear", "--unused-days", "1")[1]
    assert len(list((tmp_path / "cache").rglob("*.entry"))) == 3
    harness("cache", "clear", "--kind", "audit")
    assert len(list((tmp_path / "cache").rglob("*.entry"))) == 2
    harness("cache", "clear")
    assert list((tmp_path / "cache").rglob("*.entry")) == []
