"""Protocol page: the protocol as one page to read, print and sign."""

from __future__ import annotations

from markdown_it import MarkdownIt

from harness.artefacts.templates import SCROLL
from harness.report.page import render


def protocol_page(document: str, owner: str) -> str:
    """A protocol document as HTML, in one file that asks the network for nothing.

    Args:
        document: Markdown, as `protocol_document` writes it; tags in it are shown, not obeyed.
        owner: Whose the criteria are; empty where nobody is named.
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    body = reader.render(document)
    body = body.replace("<table>", f"<div {SCROLL}><table>").replace("</table>", "</table></div>")
    return render("protocol.html.j2", body=body, owner=owner)
