"""Spell the logging driver right."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise
from doctor.api.actions.engine_settings import set_flag, set_setting
from doctor.facts.engine import EngineConfig


@fixer(applicability=Applicability.SAFE)
def unknown_driver(finding: Finding, config: EngineConfig) -> Iterator[Action]:
    """Correct the name where it stands, or say what to look for."""
    meant = finding.detail.meant
    places = [flag.place for flag in config.flags.of_key("log-driver") if flag.place is not None]
    if meant and places:
        yield set_flag(places[-1], "log-driver", meant)
    elif meant and "log-driver" in config.json.value:
        yield set_setting(config.json.path, ("log-driver",), meant)
    else:
        name = finding.detail.name
        yield Advise(text=f"install the logging plugin {name!r}, or set log-driver to one that 'docker info' lists")
