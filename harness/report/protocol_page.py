"""Protocol page: the protocol as one page to read, print and sign."""

from __future__ import annotations

from markdown_it import MarkdownIt

from harness.report.page import render

_SCROLLS = (
    '<div class="scroll" tabindex="0" role="group" '
    'aria-label="A table that may scroll sideways"><table>'
)


def protocol_page(document: str, owner: str) -> str:
    """A protocol document as HTML, in one file that asks the network for nothing.

    Args:
        document: Markdown, as `protocol_document` writes it; tags in it are shown, not obeyed.
        owner: Whose the criteria are; empty where nobody is named.
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    body = reader.render(document)
    body = body.replace("<table>", _SCROLLS).replace("</table>", "</table></div>")
    return render("protocol.html.j2", body=body, owner=owner)
