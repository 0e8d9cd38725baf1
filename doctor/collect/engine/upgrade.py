"""Nothing on a host shows a supposed upgrade: the command line gives it."""

from doctor.facts.engine.upgrade import EngineUpgrade
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why


@collector
def engine_upgrade() -> EngineUpgrade:
    """Raise: without ``--for-engine`` no upgrade is supposed."""
    raise HostError(Missing(Why.ABSENT, "no upgrade of the engine is supposed (--for-engine)"))
