"""Names: how keys and values of a config are shortened where runs stand side by side."""

from __future__ import annotations


def short_key(key: str) -> str:
    """A key by its last word; a group's option by its group.

    >>> short_key("model.max_depth"), short_key("model._target_")
    ('max_depth', 'model')
    """
    for ending in ("._target_", ".kind"):
        if key.endswith(ending):
            return key.removesuffix(ending)
    return key.rpartition(".")[2]


def short_value(value: str) -> str:
    """A value: fractions to four digits, classes and functions by their own name.

    >>> [short_value(text) for text in ("0.30000001", "60000", "xgboost.XGBClassifier", "flights.csv")]
    ['0.3', '60000', 'XGBClassifier', 'flights.csv']
    """
    try:
        return value if value.lstrip("-").isdecimal() else f"{float(value):.4g}"
    except ValueError:
        parts = value.split(".")
        is_path = all(part.isidentifier() for part in parts)
        return parts[-1] if is_path and (len(parts) > 2 or parts[-1][0].isupper()) else value
