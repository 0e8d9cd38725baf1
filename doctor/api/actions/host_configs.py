"""Restore of a container's host config, or its rebuild from remaining data."""

from collections.abc import Iterator

from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.state import CopyOver, Rebuild, WantedPath, go_json, restore
from doctor.facts.backup.files import MetadataBackup
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.details import OfHostConfig
from doctor.facts.network.networks import Networks
from doctor.model.action import Action, Stage
from doctor.model.finding import Evidence
from doctor.model.missing import Missing
from doctor.model.severity import Applicability
from doctor.model.step import File
from doctor.model.text import plural
from doctor.rebuild.containers.host_config import rebuild_host_config, with_policy


def restore_host_config(
    detail: OfHostConfig,
    container: str,
    backup: MetadataBackup | Missing,
    remains: tuple[Containers, Networks | Missing, EngineConfig | Missing],
) -> Iterator[Action]:
    """Yield the restore from a valid temporary file or the backup; else a question whether to rebuild it.

    Args:
        detail: the file.
        container: name of the container.
        backup: the metadata backup.
        remains: the facts from which it is rebuilt.
    """
    what = f"restore the host config of container {container}"
    kept = backup.files.get(detail.path) if isinstance(backup, MetadataBackup) else None
    if detail.sibling is not None:
        yield CopyOver(source=detail.sibling, path=detail.path, what=f"{what} from dockerd's temporary file")
        return
    if kept is not None:
        yield restore(detail.path, kept, what=what)
        return
    containers, networks, config = remains
    found = containers.get(detail.path.rpartition("/")[0].rpartition("/")[2])
    if found is None:
        yield Advise(
            text=f"restore {detail.path} from a backup with 'cp -a', or recreate container {container} (docker run)"
        )
        return
    yield _ask(
        detail,
        found,
        networks if isinstance(networks, Networks) else None,
        config if isinstance(config, EngineConfig) else None,
    )


def _ask(detail: OfHostConfig, container: Container, networks: Networks | None, config: EngineConfig | None) -> Choose:
    rebuilt = rebuild_host_config(container, networks, config)
    policies = (
        ("no-restart", "no", "the engine does not start it by itself"),
        ("restarts", "unless-stopped", "the engine starts it by itself"),
    )
    return Choose(
        question=f"whether to rebuild the host config of container {container.title} from remaining data",
        options=tuple(
            Choosable(
                name=name,
                evidence=(
                    *(Evidence("known", text) for text in rebuilt.known),
                    *(Evidence("assumed", text) for text in rebuilt.assumed),
                    Evidence("your choice", f"restart policy {policy}: {meaning}"),
                    *_speaking(container),
                ),
                actions=(
                    Rebuild(
                        items=(
                            WantedPath(
                                path=detail.path, node=File(content=go_json(with_policy(rebuilt, policy))), mode=0o644
                            ),
                        ),
                        what=f"rebuild the host config of container {container.title} from remaining data, restart "
                        f"policy {policy}; assumed: {'; '.join(rebuilt.assumed)}",
                        risk=Applicability.DISRUPTIVE,
                        stage=Stage.MOUNTS,
                    ),
                ),
            )
            for name, policy, meaning in policies
        ),
    )


def _speaking(container: Container) -> Iterator[Evidence]:
    """Yield the evidence for a restart policy."""
    if container.restart_count:
        yield Evidence(
            "its config",
            f"the engine restarted it {plural(container.restart_count, 'time')}, so it had a restart policy",
        )
