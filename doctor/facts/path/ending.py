"""The end of a packet's walk, as it is met on the way."""

from doctor.facts.path.rules.hooks import HookVerdict
from doctor.facts.path.world import DROPPED, PathPlace


class WalkEnd(Exception):  # noqa: N818 - the end of a walk isn't an error
    """A packet comes no further.

    Attributes:
        reason: completes "packets … end at": place and fault in words.
        verdict: of a rule, if one decided.
    """

    def __init__(
        self,
        place: PathPlace,
        device: str,
        cause: str,
        reason: str,
        *,
        end: str = DROPPED,
        verdict: HookVerdict | None = None,
    ) -> None:
        """Record where and why."""
        super().__init__(reason)
        self.place, self.device, self.cause, self.reason, self.end, self.verdict = (
            place,
            device,
            cause,
            reason,
            end,
            verdict,
        )
