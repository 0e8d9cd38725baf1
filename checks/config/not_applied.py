"""The engine runs with other settings than those in daemon.json."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.applied import differences
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.shown import ShownSettings
from doctor.facts.engine.state import EngineState
from doctor.facts.network.networks import Networks
from doctor.facts.secrets.redact import as_json, conceal


@check(severity=Severity.WARNING, ok="the engine runs with the settings in daemon.json")
def not_applied(
    config: EngineConfig,
    state: EngineState,
    shown: ShownSettings,
    root: DataRoot | Missing,
    networks: Networks | Missing,
) -> Iterator[Finding]:
    """A setting in the file differs from the one that the running engine has, so the change is not active.

    What it looks at:
        Each setting of daemon.json that the running engine shows (GET /info, GET /version, the record of the default network):
        logging and storage driver, data root, runtimes, cgroup driver, labels, mirrors, insecure registries, proxies, address
        pools, security options, plugins, the default bridge's address, MTU and IPv6 …. A setting that it does not show is not
        judged.

    Why it matters:
        dockerd reads the file at its start. On SIGHUP it reloads only some keys; the logging driver is not one of them. The
        administrator believes that the change is active, and it takes effect unexpectedly at the next reboot.

    How it is fixed:
        If the engine can reload the key, it is reloaded (SIGHUP) and no container stops. Otherwise the engine is restarted, and
        containers keep running only if live-restore was on before.

    References:
        https://docs.docker.com/reference/cli/dockerd/#configuration-reload-behavior
    """
    if not config.json.exists or not state.is_running:
        return
    items = networks.items if isinstance(networks, Networks) else ()
    bridge = next((network for network in items if network.is_default), None)
    for found in differences(config, shown, bridge):
        key = found.key
        if key == "data-root" and isinstance(root, DataRoot) and found.running == root.resolved:
            # dockerd resolves symbolic links to it once, at its start, and reports the target.
            continue
        if key == "storage-driver" and found.running == docker.SNAPSHOTTER and found.wanted in _ALIASES:
            continue
        wanted, running = as_json(conceal(key, found.wanted)), as_json(conceal(key, found.running))
        yield Finding(
            subject=Subject("setting", key),
            message=f"{key} is {wanted} in {config.json.path}, but the engine still runs with {running}",
            evidence=(Evidence(config.json.path, f"{key}: {wanted}"), Evidence(found.source, running)),
        )


_ALIASES = frozenset({"", "overlay", "overlay2"})
"""With the containerd image store, the engine names the snapshotter "overlayfs" for these."""
