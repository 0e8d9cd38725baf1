"""Compares containers' settings with the metadata backup: by digest, and only differing files byte by byte."""

from hashlib import sha256

from doctor.collect.backup.kept import Backups
from doctor.engines.docker import places as docker
from doctor.facts.backup.digests import KeptDigests
from doctor.facts.backup.files import KeptFile
from doctor.facts.containers.altered_settings import AlteredFile, AlteredSettings
from doctor.facts.containers.containers import Containers
from doctor.facts.engine.data_root import DataRoot
from doctor.formats.json_safe import load_object
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.paths import join
from doctor.model.text import flipped_byte


@collector
def altered_settings(host: Host, root: DataRoot, containers: Containers, recorded: KeptDigests) -> AlteredSettings:
    """Return the files of readable containers that are one bit away from a backup of this root."""
    items = {}
    backups: Backups | None = None
    for container in containers.items:
        for file in (docker.CONTAINER_CONFIG, docker.HOST_CONFIG):
            name = docker.container_file(container.id, file)
            size, digest = recorded.files.get(name, (0, ""))
            path = join(container.directory, file)
            try:
                content = host.read(path, follow=False) if digest else b""
                if not digest or len(content) != size or sha256(content).hexdigest() == digest:
                    continue
                backups = backups or Backups(host, root)
            except HostError:
                continue
            found = backups.find(name, _Flipped(content))
            if found is None:
                continue
            kept, about, where = found
            items[path] = AlteredFile(
                title=container.title,
                position=flipped_at(content, kept),
                kept=KeptFile(content=kept, mode=about.mode, uid=about.uid, gid=about.gid, age=where.age),
            )
    return AlteredSettings(items=items)


class _Flipped:
    """Whether a content in the backup differs from a file in one flipped bit."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __call__(self, kept: bytes) -> bool:
        return flipped_at(self.content, kept) >= 0


def flipped_at(content: bytes, kept: bytes) -> int:
    """Return the position of the only differing bit, -1 if several differ or if the engine may have written it.

    An incremented number often differs in one bit, and so may the name after ``docker rename``.

    >>> flipped_at(b'{"Privileged":famse}', b'{"Privileged":false}'), flipped_at(b'{"N":13}', b'{"N":12}')
    (16, -1)
    """
    position = flipped_byte(content, kept)
    if position < 0:
        return -1
    if content[position : position + 1].isdigit() and kept[position : position + 1].isdigit():
        return -1
    return -1 if _name(content) != _name(kept) else position


def _name(content: bytes) -> object:
    try:
        return load_object(content).get("Name")
    except FormatError:
        return None
