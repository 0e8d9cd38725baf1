"""Crate, an engine that doctor does not know by itself."""

import json
import socket as sockets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from doctor.api.engine import Ask, BackupFiles, Engine, Kept, Root
from doctor.facts.engine.control import EngineControl
from doctor.host.base import Host
from doctor.model.expected import Asked, Expected
from doctor.model.missing import Missing
from doctor.model.outcome import Result
from doctor.model.paths import HostPath, join
from doctor.model.probe_result import ProbeResult
from doctor.model.root_identity import RootIdentity, compare, sketch
from doctor.salvage.blobs import Copier, Stored
from doctor.salvage.reader import (
    FoundVolume,
    FoundVolumes,
    Progress,
    Reader,
    Salvage,
    Salvageable,
    SalvageRoot,
    Upper,
)
from doctor.salvage.results import Left, Written
from doctor.salvage.target import Target
from doctor.salvage.volumes import Recipe
from doctor_crate.engines.crate import places as crate
from doctor_crate.engines.crate.facts.root import CrateControl, Crates


class Crate(Engine):
    """One process, one index, a directory a box."""

    name = crate.NAME
    title = "Crate"
    noun = "Crate"
    processes = (crate.PROCESS,)
    sockets = (crate.SOCKET,)
    databases = (crate.STORE,)
    default_root = crate.ROOT
    marks = frozenset({crate.STORE})
    likely = ("crate",)
    area = "crate:box"

    def changing(self, ask: Ask) -> tuple[HostPath, ...]:
        """Return the index and the boxes."""
        del ask
        return (join(crate.ROOT, crate.INDEX), join(crate.ROOT, crate.BOXES))

    def control(self, ask: Ask) -> EngineControl | Missing | None:
        """Return how it is stopped; ``None`` on a host without it."""
        found: CrateControl | Missing = ask(CrateControl)
        return found if isinstance(ask(Crates), Crates) else None

    def root(self, host: Host, ask: Ask) -> Root | None:
        """Return the data root, recognised by its path and its boxes."""
        found = ask(Crates)
        if not isinstance(found, Crates):
            return None
        here = RootIdentity(path=found.path, when=host.now(), names=sketch(set(found.boxes)), engine_id=crate.NAME)
        return Root(path=found.path, identity=here, likeness=lambda recorded: compare(recorded, here))

    def present(self, ask: Ask) -> Expected:
        """Return the boxes that the index lists and that have a directory."""
        found = ask(Crates)
        boxes = [one for one in found.boxes if one in found.index] if isinstance(found, Crates) else []
        return Expected(containers={one: one for one in boxes})

    def prove(self, host: Host, socket: str, expected: Expected) -> Asked:
        """Ask the process for its boxes."""
        del host
        with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as connection:
            connection.settimeout(5.0)
            connection.connect(socket)
            there = json.loads(b"".join(iter(lambda: connection.recv(4096), b"")))["boxes"]
        missing = [one for one in expected.containers if one not in there]
        result = Result.FAIL if missing else Result.PASS
        message = f"Crate lacks {', '.join(missing)}" if missing else f"Crate has {len(there)} boxes"
        proof = ProbeResult(name="engine", proves="Crate has every box", result=result, message=message)
        return Asked(proof=proof, is_missing=bool(missing), is_stopped=False)

    def listed_in(self, name: str) -> str:
        """The index lists the boxes."""
        return "containers" if name == crate.INDEX else ""

    def is_of_one(self, name: str) -> bool:
        """A directory beneath the boxes is one box."""
        return name.startswith(f"{crate.BOXES}/") and name.count("/") == 1

    def backup(self, host: Host, ask: Ask) -> BackupFiles | None:
        """Keep the index."""
        del host
        found = ask(Crates)
        files = (Kept(crate.INDEX, join(crate.ROOT, crate.INDEX)),)
        return BackupFiles(files=files) if isinstance(found, Crates) else None

    def salvage(self, host: Host, ask: Ask) -> Any:
        """Return images, stashes and boxes."""
        found = ask(Crates)
        return CrateSalvage(host, found) if isinstance(found, Crates) else None


class CrateSalvage(Salvage):
    """Everything in the data root."""

    engine = crate.NAME

    def __init__(self, host: Host, found: Crates) -> None:
        self._host, self._found = host, found
        self.identity = SalvageRoot(path=found.path, engine=crate.NAME)
        self.tops = (found.path,)
        blobs = join(crate.ROOT, crate.BLOBS)
        self.images = tuple(Stored(id=digits, names=(name,), blobs=blobs) for name, digits in found.images.items())

    @contextmanager
    def reading(self, target: Target, progress: Progress) -> Iterator[Reader]:
        """Nothing has to be opened."""
        yield CrateReader(self._host, Copier(self._host, target, progress), self._found)


class CrateReader(Reader):
    """Reads it."""

    def __init__(self, host: Host, copier: Copier, found: Crates) -> None:
        super().__init__(host)
        self._copier, self._found = copier, found

    def image(self, image: Salvageable, *, take_unproven: bool) -> Written | Left:
        """Copy an image."""
        del take_unproven
        assert isinstance(image, Stored)
        return self._copier.image(image)

    def volumes(self) -> FoundVolumes:
        """Return the stashes."""
        top = join(crate.ROOT, crate.VOLUMES)
        return FoundVolumes(
            items=tuple(
                FoundVolume(recipe=Recipe(name=name, driver="local"), directory=join(top, name))
                for name in self.host.listdir(top)
            )
        )

    def uppers(self) -> Iterator[Upper]:
        """Yield each box."""
        for name in self._found.boxes:
            yield Upper(
                id=name.ljust(64, "0"), title=name, driver="crate", directory=join(crate.ROOT, crate.BOXES, name)
            )


ENGINE = Crate()
