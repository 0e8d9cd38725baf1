"""Linked containers do not get the variables of their links."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.engine.state import EngineVersion
from doctor.facts.engine.upgrade import EngineUpgrade

_SINCE = (29, 0, 0)
_KEEPS = "DOCKER_KEEP_DEPRECATED_LEGACY_LINKS_ENV_VARS"
_MODES = frozenset({"", "default", "bridge"})
_FEW = 3


@check(severity=Severity.INFO, ok="no container needs the variables of a link")
def link_variables_gone(
    containers: Containers, config: EngineConfig, version: EngineVersion, upgrade: EngineUpgrade | Missing
) -> Iterator[Finding]:
    """Engine 29 does not set the variables of links (``DB_PORT_5432_TCP_ADDR``) in containers of the default network.

    What it looks at:
        Containers of the default network that were created with ``--link``, since engine 29, unless the engine's environment has
        ``DOCKER_KEEP_DEPRECATED_LEGACY_LINKS_ENV_VARS=1``. For an upgrade (``--for-engine``) it is a warning.

    Why it matters:
        A program that reads its database's address from such a variable finds it empty after its next start. The names of linked
        containers in /etc/hosts still work.

    How it is fixed:
        Manually: let the program use the name of the linked container, or connect both to a network of their own; until then set
        the variable for the engine.

    References:
        https://docs.docker.com/engine/deprecated/#environment-variables-from-legacy-container-links
        moby/moby: daemon/container_operations_unix.go
    """
    if version.release < _SINCE or config.flags.environment.get(_KEEPS) == "1":
        return
    linked = [one for one in containers.items if _has_links(one)]
    if not linked:
        return
    names = ", ".join(one.name for one in linked[:_FEW]) + (f" and {len(linked) - _FEW} more" if linked[_FEW:] else "")
    crosses = isinstance(upgrade, EngineUpgrade) and upgrade.crosses(*_SINCE)
    yield Finding(
        subject=Subject("engine", "links"),
        message=f"engine {version.text} does not set the variables of links: {names} must find the linked containers by name",
        evidence=tuple(Evidence(one.host_config_path, f"{one.name}: Links") for one in linked[:_FEW]),
        severity=Severity.WARNING if crosses else None,
    )


def _has_links(container: Container) -> bool:
    return container.host is not None and bool(container.host.links) and container.host.network_mode in _MODES
