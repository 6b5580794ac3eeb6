"""Request: the body of a scoring request, read without trusting it."""

from __future__ import annotations

import hmac
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from harness.artefacts.key_file import read_key
from harness.serving.options import KEY_VARIABLE, ServeOptions


class RequestError(Exception):
    """A request that is refused, with its HTTP status.

    Attributes:
        status: 400, 401, 413 or 422.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """Rows to score.

    Attributes:
        rows: One mapping of columns to values per row.
        body: The request's body as it came.
        is_single: Whether one row was sent by itself, and gets one answer by itself.
    """

    rows: list[Mapping[str, Any]]
    is_single: bool
    body: bytes


def read_rows(body: bytes, options: ServeOptions) -> Asked:
    """One row as an object, or many as a list or under `rows`.

    Raises:
        RequestError: If the body is no JSON, of another shape, or too long.
    """
    content = _json(body)
    is_single = isinstance(content, dict) and not isinstance(content.get("rows"), list)
    rows = rows_of_body(content)
    if not isinstance(rows, list):
        raise RequestError(
            422, "send one row as an object of columns to values, or a list of such rows"
        )
    if not rows:
        raise RequestError(422, "the list of rows is empty")
    if len(rows) > options.max_rows:
        raise RequestError(
            413, f"{len(rows):,} rows in one request; at most {options.max_rows:,} are taken"
        )
    for i, row in enumerate(rows):
        if not isinstance(row, dict):
            raise RequestError(422, f"row {i}: expected an object of columns to values")
        for name, value in row.items():
            is_number = isinstance(value, float)
            if not (math.isfinite(value) if is_number else _is_finite_inside(value)):  # 1e999
                raise RequestError(422, f"row {i}, column {name!r:.60}: no finite number")
    return Asked(rows=rows, is_single=is_single, body=body)


def rows_of_body(content: Any) -> Any:
    """The rows of a body: itself, under `rows`, or the list it is."""
    if not isinstance(content, dict):
        return content
    return content["rows"] if isinstance(content.get("rows"), list) else [content]


def _json(body: bytes) -> Any:
    """The content of a body.

    Raises:
        RequestError: If it is no JSON, or means different things to different readers.
    """
    try:
        text = body.decode("utf-8-sig")
        content = json.loads(
            text, parse_constant=_refuse_constant, object_pairs_hook=_without_repeats
        )
        if "\\u" in text:  # half a surrogate pair is text that cannot be written
            json.dumps(content, ensure_ascii=False).encode()
    except RecursionError as error:
        raise RequestError(400, "the body is no JSON (nested too deeply)") from error
    except UnicodeEncodeError as error:
        half = ascii(error.object[error.start])
        raise RequestError(
            400, f"the body holds {half}, half of a surrogate pair, which is no character"
        ) from error
    except UnicodeDecodeError as error:
        raise RequestError(
            400, f"the body is no JSON (no UTF-8 at byte {error.start}); send UTF-8"
        ) from error
    except json.JSONDecodeError as error:
        raise RequestError(400, f"the body is no JSON ({error})") from error
    except ValueError as error:
        raise RequestError(
            400, "the body holds a whole number of thousands of digits; send it as text"
        ) from error
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise RequestError(400, f"the body is no JSON ({name} is not JSON; pass null)")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, n in counts.items() if n > 1)
        raise RequestError(400, f"the body names {twice!r:.60} twice in one object; send it once")
    return content


def _is_finite_inside(value: Any) -> bool:
    """Whether no number inside a list or mapping is beyond floats; they are logged as well."""
    if not isinstance(value, (list, dict)):
        return True
    todo: list[Any] = [value]
    while todo:
        part = todo.pop()
        if isinstance(part, float) and not math.isfinite(part):
            return False
        if isinstance(part, (list, dict)):
            todo += part.values() if isinstance(part, dict) else part
    return True


def api_key(options: ServeOptions) -> str | None:
    """The key a request has to carry: from the file, else HARNESS_API_KEY, else none.

    Raises:
        ConfigError: If the file cannot be read or is empty.
    """
    return read_key("--api-key-file", options.key_file, KEY_VARIABLE)


def check_key(key: str | None, headers: Mapping[str, str]) -> None:
    """Compare the key sent with the key asked for, in constant time.

    Raises:
        RequestError: If it is missing or another.
    """
    if key is None:
        return
    sent = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(sent.encode(), key.encode()):
        raise RequestError(401, "send the API key as `Authorization: Bearer KEY` or `X-API-Key`")
