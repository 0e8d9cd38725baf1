"""Keep a setting in one place only."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from doctor.api import Action, Applicability, Evidence, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import OverrideCommand, remove_flag, set_setting, with_reload
from doctor.api.actions.files import EditFile
from doctor.facts.config.details import Conflict
from doctor.facts.config.engine import DaemonJson
from doctor.facts.config.exposure import network_listeners
from doctor.facts.engine.units import EngineUnits


@fixer(applicability=Applicability.SAFE)
def flag_file_conflict(detail: Conflict, file: DaemonJson, units: EngineUnits | Missing) -> Iterator[Action]:
    """Keep the setting in daemon.json and remove the flag from the file that sets it."""
    yield from with_reload(units, _actions(detail, file))


def _actions(conflict: Conflict, file: DaemonJson) -> Iterator[Action]:
    if any("***" in flag.value for flag in conflict.flags):
        yield Advise(
            text=f"remove --{conflict.flags[0].name} or {conflict.key} (doctor does not choose, because they contain a password), "
            "then systemctl restart docker"
        )
        return
    if conflict.key == "hosts" and network_listeners(conflict.in_file) != network_listeners(conflict.by_flag):
        yield _which_listeners(conflict, file)
        return
    yield from _in_file(conflict, file, conflict.joined)


def _which_listeners(conflict: Conflict, file: DaemonJson) -> Choose:
    """Ask which listeners are meant: one value opens the engine to the network, the other does not."""
    both = network_listeners(conflict.in_file) & network_listeners(conflict.by_flag)
    opened = network_listeners(conflict.joined) - both
    closed = [host for host in conflict.joined if host not in opened]
    return Choose(
        question="whether the engine should listen on the network",
        options=tuple(
            Choosable(
                name=name,
                evidence=(Evidence("it listens on", ", ".join(hosts)),),
                actions=tuple(_in_file(conflict, file, hosts)),
            )
            for name, hosts in (("closed", closed), ("open", conflict.joined))
        ),
    )


def _in_file(conflict: Conflict, file: DaemonJson, value: Any) -> Iterator[Action]:
    """Remove the flag, and set the file's key to ``value``; ``None`` keeps the file's value."""
    contradicts = value is None
    if not contradicts and value != conflict.in_file:
        yield set_setting(file.path, (conflict.key,), value, restart=False)
    for place in dict.fromkeys(flag.place for flag in conflict.flags):
        if place is None:
            continue
        action = remove_flag(place, conflict.flags[0].name, restart=False)
        if contradicts and isinstance(action, EditFile | OverrideCommand):
            # One of two contradicting values is dropped, and which one is meant is unknown.
            action = replace(action, risk=Applicability.DISRUPTIVE)
        yield action
