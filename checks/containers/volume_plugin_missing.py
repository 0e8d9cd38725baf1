"""A container's volume is on a plugin that the engine does not have."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.host_sources import ContainerSources
from doctor.facts.containers.needs import severity_of, titles


@check(
    severity=Severity.WARNING,
    ok="each volume plugin that containers use is there",
    messages=(
        Message(
            pattern=r"error looking up volume plugin \S+: (?:legacy plugin: )?plugin:? ?(?:\"?\S+ )?not found|error while checking if volume \S+ exists in driver \S+: .*|Unable to connect to plugin: \S+/VolumeDriver\.\w+",
            example='get pv: error while checking if volume "pv" exists in driver "myplug": error looking up volume plugin myplug: plugin "myplug" not found',
            means="the plugin that holds the container's volume is not installed, disabled, or does not run",
            do="start or enable it ('docker plugin ls', 'docker plugin enable NAME'), then start the container",
        ),
    ),
)
def volume_plugin_missing(containers: Containers, sources: ContainerSources) -> Iterator[Finding]:
    """A container has a volume of a plugin that the engine does not have, so its next start fails.

    What it looks at:
        The drivers of volumes in each ``config.v2.json`` against the volume drivers that the running engine lists, and the sockets
        and spec files of old-style plugins in /run/docker/plugins, /etc/docker/plugins and /usr/lib/docker/plugins.

    Why it matters:
        ``docker start`` fails with "error looking up volume plugin", and the engine waits up to half a minute for the plugin at each
        start and stop. The plugin was removed or disabled, its service does not run, or it starts after the engine.

    How it is fixed:
        Manually: enable or start the plugin. The volume's data is where the plugin keeps it.

    References:
        https://docs.docker.com/engine/extend/legacy_plugins/
        https://docs.docker.com/reference/cli/docker/plugin/enable/
    """
    for name in sorted({name for names in sources.plugins.values() for name in names}):
        users = [one for one in containers.items if name in sources.plugins.get(one.id, ())]
        volumes = sorted({mount.name for one in users for mount in one.mounts if mount.driver == name})
        yield Finding(
            subject=Subject("plugin", name),
            message=f"the engine has no volume plugin {name}: the next start of {titles(users)} fails",
            evidence=(
                Evidence("GET /info", f"no volume driver {name}"),
                Evidence("volumes on it", ", ".join(volumes[:5])),
                Evidence("containers that use it", titles(users)),
            ),
            severity=severity_of(users),
        )
