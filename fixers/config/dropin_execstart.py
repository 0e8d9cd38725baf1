"""Make a drop-in replace the unit's command."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.config.engine_settings import clear_command, with_reload
from doctor.facts.config.engine import Place
from doctor.facts.engine.units import EngineUnits


@fixer(applicability=Applicability.SAFE)
def dropin_execstart(detail: Place | None, units: EngineUnits | Missing) -> Iterator[Action]:
    """Insert the empty ExecStart= that systemd requires before the drop-in's command."""
    if detail is None:
        yield Advise(
            text="systemctl cat docker.service shows a package's files that set ExecStart= twice: reinstall that package"
        )
    else:
        yield from with_reload(units, [clear_command(detail.file)])
