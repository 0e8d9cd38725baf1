"""The config of a managed plugin is damaged."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.engine.plugins import EnginePlugins


@check(severity=Severity.ERROR, detail=OfFile, ok="the config of each managed plugin can be read")
def plugin_config_corrupt(plugins: EnginePlugins) -> Iterator[Finding]:
    """A managed plugin's config is damaged, so the plugin vanishes, and the volumes and networks that need it fail.

    What it looks at:
        ``plugins/ID/config.json``: one JSON object. Where there is none, a removal of the plugin stopped half-way.

    Why it matters:
        dockerd says "error loading plugin, skipping" at its start. Containers with a volume or network of that plugin don't
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
            message=f"plugin {plugin.id[:12]} has vanished from the engine: its config.json is "
            f"{'missing' if plugin.is_missing else 'damaged'}",
            evidence=(Evidence(plugin.path, plugin.problem),),
            detail=OfFile(path=plugin.path),
            severity=Severity.INFO if plugin.is_missing else None,
        )
