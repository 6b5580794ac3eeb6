"""Names: a feature called after the label was probably made from it."""

from __future__ import annotations

from harness.audit.column_check import ColumnCheck
from harness.audit.finding import WARN, Finding
from harness.audit.view import View
from harness.settings import AuditSettings


def check_names(view: View, settings: AuditSettings) -> list[Finding]:
    """Features whose name begins with the label's."""
    roles = view.dataset.roles
    named = [name for name in roles.features if name.startswith(f"{roles.label}_")]
    return [
        Finding(
            check="L20",
            title="called after the label",
            severity=WARN,
            columns=(name,),
            sentence=f"{name} is called after the label {roles.label}.",
            advice="Find out whether it is known at prediction time.",
        )
        for name in named
    ]


CHECKS: dict[str, ColumnCheck] = {"L20": check_names}
