"""The changes of a prediction, for a comparison with another one."""

from typing import NamedTuple

from doctor.model.step import Answer


class PredictedChanges(NamedTuple):
    """All that a prediction changes.

    Attributes:
        paths: what each changed path became, and the attributes it got.
        answers: predicted answers, by question.
        gone: processes that a step ends.
        links: predicted links with where each leads to.
    """

    paths: dict[str, object]
    answers: dict[tuple[str, ...], Answer]
    gone: frozenset[int]
    links: dict[str, str]


NONE = PredictedChanges({}, {}, frozenset(), {})
