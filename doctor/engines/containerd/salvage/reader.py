"""containerd's data for a salvage: the images of a service, and of Docker's own containerd."""

from collections.abc import Iterator
from contextlib import contextmanager

from doctor.api.engine import Ask
from doctor.engines.containerd import places as containerd
from doctor.engines.containerd.salvage.images import read
from doctor.facts.containerd.service import ContainerdService
from doctor.facts.engine.data_root import DataRoot
from doctor.host.base import Host
from doctor.model.missing import Missing
from doctor.salvage.blobs import Copier, Stored
from doctor.salvage.reader import Progress, Reader, Salvage, Salvageable
from doctor.salvage.results import Left, Written
from doctor.salvage.target import Target


class ContainerdSalvage(Salvage):
    """The images of containerd's stores. Docker's salvage has the writable layers: its containers use the snapshots."""

    engine = containerd.NAME

    def __init__(self, host: Host, root: DataRoot, service: ContainerdService) -> None:
        self._host = host
        found = read(host, root, service)
        self.images = found.images
        self.left = found.left
        self.notes = found.notes

    @contextmanager
    def reading(self, target: Target, progress: Progress) -> Iterator[Reader]:
        """Nothing has to be opened."""
        yield _ContainerdReader(self._host, Copier(self._host, target, progress))


class _ContainerdReader(Reader):
    def __init__(self, host: Host, copier: Copier) -> None:
        super().__init__(host)
        self._copier = copier

    def image(self, image: Salvageable, *, take_unproven: bool) -> Written | Left:
        """Copy an image; an unproven blob is never copied."""
        del take_unproven
        if not isinstance(image, Stored):
            raise TypeError(image)
        return self._copier.image(image)


def salvage(host: Host, ask: Ask) -> ContainerdSalvage | None:
    """Return the images; ``None`` on a host without a data root of Docker."""
    root, service = ask(DataRoot), ask(ContainerdService)
    if not isinstance(root, DataRoot):
        return None
    return ContainerdSalvage(host, root, ContainerdService() if isinstance(service, Missing) else service)
