"""Compares the authorization plugins of the settings with the sockets that have a listener."""

from doctor.collect.config.places import known_plugins
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.authorization import AuthorizationPlugins, DeadPlugin
from doctor.formats.network import proc_net
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join


@collector
def authorization_plugins(host: Host, config: EngineConfig) -> AuthorizationPlugins:
    """Return those without a listener; missing without such plugins, and on a mounted root."""
    names = config.get("authorization-plugins") if config.is_set("authorization-plugins") else None
    wanted = [name for name in names if isinstance(name, str) and name] if isinstance(names, list) else []
    if not wanted or not host.is_live():
        raise HostError(Missing(Why.ABSENT, "no authorization plugin is configured, or the host does not run"))
    text = host.read(HostPath("/proc/net/unix")).decode("utf-8", "replace")
    heard = frozenset(path for _, path in proc_net.parse_unix_listeners(text))
    elsewhere = known_plugins(host, config)
    return AuthorizationPlugins(
        dead=tuple(dead for name in wanted if (dead := _dead(host, name, heard, elsewhere)) is not None)
    )


def _dead(host: Host, name: str, heard: frozenset[str], elsewhere: frozenset[str]) -> DeadPlugin | None:
    places = [join(docker.PLUGIN_SOCKETS[0], f"{name}.sock"), join(docker.PLUGIN_SOCKETS[0], name, f"{name}.sock")]
    there = next((path for path in places if host.exists(path)), None)
    if there is None:
        is_elsewhere = name in elsewhere or f"{name}:latest" in elsewhere
        return None if is_elsewhere else DeadPlugin(name=name, socket=places[0], exists=False)
    # The same file as the listener names it: /var/run is usually a link to /run.
    names = {str(there), f"/var{there}", str(host.resolve(there))}
    return None if names & heard else DeadPlugin(name=name, socket=there, exists=True)
