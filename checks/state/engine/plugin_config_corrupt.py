"""The config of a managed plugin is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.engine.plugins import EnginePlugins


@check(severity=Severity.ERROR, detail=OfFile, ok="the config of each managed plugin can be read")
def plugin_config_corrupt(plugins: EnginePlugins) -> Iterator[Finding]:
    """A managed plugin's config is corrupt, so the engine skips the plugin, and its volumes and networks fail.

    What it looks at:
        ``plugins/ID/config.json``: it must be one JSON object. If the file is missing, a removal of the plugin was interrupted.

    Why it matters:
        dockerd logs "error loading plugin, skipping" at its start. Containers with a volume or network of that plugin don't
        start, and ``docker plugin ls`` does not show it.

    How it is fixed:
        From doctor's metadata backup. Without one the plugin must be installed again; the file also holds its settings.

    References:
        https://github.com/moby/moby/blob/v26.1.5/plugin/manager.go
        https://docs.docker.com/engine/extend/
    """
    for plugin in plugins.broken:
        yield Finding(
            subject=Subject("plugin", plugin.id[:12]),
            message=f"config.json of plugin {plugin.id[:12]} is {'missing' if plugin.is_missing else 'corrupt'}: the engine does not "
            "load the plugin",
            evidence=(Evidence(plugin.path, plugin.problem),),
            detail=OfFile(path=plugin.path),
            severity=Severity.INFO if plugin.is_missing else None,
        )
