"""Any of: several success criteria of which one has to pass, by Holm's procedure.

Holm (1979), "A simple sequentially rejective multiple test procedure": test k criteria at
alpha / k; if one passes, the others are tested at alpha / (k - 1), and so on. The chance
that any criterion passes which is not truly met stays at most alpha.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.decision.criterion import Criterion
from harness.decision.verdict import PASS, Verdict


def judge_any(
    primaries: Sequence[Criterion], alpha: float, judge_at: Callable[[Criterion, float], Verdict]
) -> tuple[Verdict, ...]:
    """Verdicts of success criteria of which any one suffices.

    Args:
        primaries: The success criteria, one or more.
        alpha: Error probability of all of them together.
        judge_at: Judges one criterion at a given error probability.

    Returns:
        One verdict each, in the order given; bounds are those of the last step at which
        the criterion was tested.
    """
    waiting = list(primaries)
    settled: dict[str, Verdict] = {}
    while waiting:
        each = alpha / len(waiting)
        found = {criterion.name: judge_at(criterion, each) for criterion in waiting}
        settled |= found
        passed = [criterion for criterion in waiting if found[criterion.name].verdict == PASS]
        if not passed:
            break
        waiting = [criterion for criterion in waiting if criterion not in passed]
    return tuple(settled[criterion.name] for criterion in primaries)
