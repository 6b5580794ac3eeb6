"""Form: a small page to try one row by hand, on a phone as well."""

from __future__ import annotations

import secrets

from harness.artefacts.templates import template
from harness.bundle import Bundle


def form_page(bundle: Bundle, version: str, *, needs_key: bool) -> tuple[str, str]:
    """The page, and the content security policy it is served under.

    Args:
        bundle: What scores.
        version: What answers.
        needs_key: Whether the page asks for the API key.
    """
    nonce = secrets.token_urlsafe(16)
    page = template("serving", "form.html.j2").render(
        name=bundle.manifest.get("name", "model"),
        decision=bundle.manifest.get("decision", ""),
        numeric=bundle.schema.numeric,
        categorical=bundle.schema.categorical,
        example=bundle.example,
        version=version,
        needs_key=needs_key,
        nonce=nonce,
    )
    policy = (
        f"default-src 'none'; connect-src 'self'; style-src 'nonce-{nonce}'; "
        f"script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page, policy
