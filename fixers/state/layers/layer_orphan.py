"""Quarantine unused layer directories."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import Quarantine
from doctor.facts.details import OfDirectories
from doctor.facts.layers.graph import LayerGraph


@fixer(applicability=Applicability.DESTRUCTIVE)
def layer_orphan(finding: Finding, detail: OfDirectories, graph: LayerGraph) -> Iterator[Action]:
    """Move each directory and its short link to quarantine, after all repairs that may copy from it."""
    directories = detail.directories
    if not directories and finding.subject.kind == "directory":
        top = graph.layers.overlay2
        yield Advise(
            text=f"du -sh {top}/* shows their size, and 'doctor salvage --to DIR' saves lost images in them; if no image is missing:"
            " systemctl stop docker.socket docker.service, mv the directories (scan -v lists them) away, systemctl start docker"
        )
    elif not directories:
        yield Advise(
            text=f"ls -la {graph.layers.directory_path(finding.subject.name)} shows what it is; mv it to /root/: it does "
            "not belong to the engine"
        )
    for name in directories:
        yield Quarantine(
            path=graph.layers.directory_path(name),
            why="no image, no container and no build cache refers to it",
            stage=Stage.DATABASES,
        )
        for link, target in graph.layers.links.items():
            if target == f"../{name}/diff":
                yield Quarantine(
                    path=graph.layers.link_path(link), why=f"it points only to {name[:12]}", stage=Stage.DATABASES
                )
