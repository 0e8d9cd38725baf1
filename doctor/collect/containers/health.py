"""Asks the running engine which containers are unhealthy: one request, and none without a health check."""

from typing import Any

from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.health import Health, Unhealthy
from doctor.facts.engine.state import EngineState
from doctor.formats.json_safe import load
from doctor.formats.json_values import mapping, mappings, number, text
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why

_LIST = "/containers/json?filters=%7B%22health%22%3A%5B%22unhealthy%22%5D%7D"
_MOST = 30


@collector
def health(host: Host, containers: Containers, state: EngineState) -> Health:
    """Return the unhealthy containers; the output of the test is requested for the first thirty."""
    if not state.is_running or not any(one.has_healthcheck and one.state.running for one in containers.items):
        return Health()
    listed = {text(one.get("Id")) for one in mappings(_ask(host, _LIST))}
    found = [one for one in containers.items if one.id in listed]
    return Health(
        items=tuple(_examine(host, one) for one in found[:_MOST])
        + tuple(Unhealthy(container=one) for one in found[_MOST:])
    )


def _examine(host: Host, one: Container) -> Unhealthy:
    from doctor.facts.secrets.log_text import shown_line  # noqa: PLC0415 - a healthy host needs none

    about = mapping(mapping(mapping(_ask(host, f"/containers/{one.id}/json")).get("State")).get("Health"))
    last = (mappings(about.get("Log")) or [{}])[-1]
    return Unhealthy(
        container=one,
        streak=number(about.get("FailingStreak")),
        exit_code=number(last.get("ExitCode")),
        output=shown_line(text(last.get("Output"))),
    )


def _ask(host: Host, path: str) -> Any:
    answer = host.engine(path)
    if answer.status == 404:
        # It was removed since the list was made.
        return None
    if answer.status != 200:
        raise HostError(Missing(Why.UNREADABLE, f"GET {path}: status {answer.status}"))
    try:
        return load(answer.body)
    except FormatError as error:
        raise HostError(Missing(Why.UNREADABLE, f"GET {path}: {error}")) from error
