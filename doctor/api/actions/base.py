"""Common parts of actions (``doctor.model.action``)."""

from msgspec import Struct

from doctor.model.severity import Applicability


class Intention(Struct, frozen=True, kw_only=True):
    """An action of no risk that needs no restart of the engine, unless its class or its author sets another value."""

    risk: Applicability = Applicability.SAFE
    needs_engine_restart: bool = False


class WordedIntention(Intention, frozen=True, kw_only=True):
    """An action whose summary comes from its author.

    Attributes:
        what: imperative summary ("set log-driver to json-file in /etc/docker/daemon.json").
    """

    what: str

    @property
    def summary(self) -> str:
        """Return its effect."""
        return self.what
