"""The engine upgrade that a scan supposes (``doctor scan --for-engine``)."""

from msgspec import Struct

from doctor.facts.engine.state import EngineVersion


class EngineUpgrade(Struct, frozen=True, kw_only=True):
    """The supposed upgrade; missing in a scan of the host as it is.

    Attributes:
        before: the release of this host now, ``None`` if unknown.
        after: the supposed version; every fact and check reads it in place of the real one.
    """

    after: EngineVersion
    before: tuple[int, int, int] | None = None

    def crosses(self, *release: int) -> bool:
        """Whether it goes from an older release to this one or a newer one: ``crosses(27, 0)``."""
        return self.before is not None and self.before < release <= self.after.release
