"""Checks the configs of managed plugins."""

from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.plugins import BrokenPlugin, EnginePlugins
from doctor.formats.images.oci_digest import is_hex64
from doctor.formats.json_safe import load_object
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_LIMIT_BYTES = 4 << 20


@collector
def engine_plugins(host: Host, root: DataRoot) -> EnginePlugins:
    """Return the plugins; an empty value without plugins."""
    if not root.has(docker.PLUGINS):
        return EnginePlugins()
    top = root.at(docker.PLUGINS)
    names = sorted(name for name, kind in host.scandir(top, follow=False) if kind == "d" and is_hex64(name))
    gaps: list[Missing] = []
    found = [_broken(host, name, root.at(docker.plugin_config(name)), gaps) for name in names]
    return EnginePlugins(broken=tuple(one for one in found if one is not None), gaps=tuple(gaps))


def _broken(host: Host, identity: str, path: HostPath, gaps: list[Missing]) -> BrokenPlugin | None:
    try:
        load_object(host.read(path, follow=False, limit_bytes=_LIMIT_BYTES))
    except FormatError as error:
        return BrokenPlugin(id=identity, path=path, problem=str(error))
    except HostError as error:
        if error.missing.why in {Why.DENIED, Why.TIMED_OUT}:
            gaps.append(error.missing)
            return None
        problem = error.missing.reason.removeprefix(f"{path}: ")
        return BrokenPlugin(id=identity, path=path, problem=problem, is_missing=error.is_absent)
    return None
