"""In the open: what preprocessing learned, as numbers and words anyone can read."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline

# Learned attributes worth showing: means, scales, filling values, vocabularies.
_SHOWN = ("statistics_", "mean_", "scale_", "var_", "categories_", "infrequent_categories_")


def preprocessing_in_the_open(pipeline: Pipeline) -> dict[str, Any]:
    """Every transformer's columns and learned values, by part and step."""
    transformer = pipeline.named_steps["preprocess"]
    parts = getattr(transformer, "transformers_", [("all", transformer, [])])
    return {
        "parts": [
            {"name": name, "columns": [str(c) for c in columns], "steps": _steps(part)}
            for name, part, columns in parts
        ]
    }


def _steps(part: Any) -> list[dict[str, Any]]:
    steps = [step for _, step in part.steps] if isinstance(part, Pipeline) else [part]
    return [
        {
            "type": type(step).__name__,
            "learned": {
                name.rstrip("_"): _words(getattr(step, name)) for name in _SHOWN if _has(step, name)
            },
        }
        for step in steps
    ]


def _has(step: Any, name: str) -> bool:
    try:
        return getattr(step, name) is not None
    except AttributeError:
        return False


def _words(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_words(v) for v in value]
    return value.tolist() if hasattr(value, "tolist") else value
