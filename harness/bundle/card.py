"""Card: what this model is, for whoever finds the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def model_card(manifest: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """The bundle's README.md: Markdown with the metadata head model hubs read."""
    metrics = "\n".join(
        f"| {m['title']} | {m['candidate']} | {m['baseline']} |" for m in facts["metrics"]
    )
    reasons = "\n".join(f"- {reason}" for reason in facts["reasons"])
    return f"""---
library_name: sklearn
pipeline_tag: tabular-classification
tags: [harness, {manifest["decision"].lower()}]
---
# {facts["name"]}: {manifest["decision"]}

Predicts {facts["description"]}.
Positive means: {facts["positive_meaning"]}.
The prediction is made {facts["prediction_time"]}.

## Decision

{reasons}

## Figures on the test window ({facts["test_window"]})

| metric | candidate | baseline |
|---|---|---|
{metrics}

## How to use

```python
from harness import load_bundle

bundle = load_bundle("bundle")
bundle.score(rows)   # DataFrame, list of dicts, or one dict
bundle.alert(rows)   # score >= {facts["threshold"]["shown"]}
```

Protocol `{manifest["protocol_fingerprint"][:16]}`, candidate
`{manifest["candidate_fingerprint"][:16]}`. What must be known about the data, the split and
the criteria stands in `protocol.json`; what preprocessing learned, in `preprocessing.json`.
"""
