"""Templates: how every room opens its pages, and the palette that all of them share."""

from __future__ import annotations

from functools import cache

import jinja2
from markupsafe import Markup

# What a box around a wide table says of itself: it scrolls, and the keyboard reaches it.
SCROLL = Markup(
    'class="scroll" tabindex="0" role="group" aria-label="A table that may scroll sideways"'
)


@cache
def template(room: str, name: str) -> jinja2.Template:
    """A page's template; every value escaped, an unknown name an error.

    Args:
        room: Package of the harness whose `templates` it lies in; `palette.css.j2` is everyone's.
        name: Its file.
    """
    places = [f"{room}/templates", "artefacts/templates"]
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader("harness", place) for place in places]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals["scroll"] = SCROLL
    return environment.get_template(name)
