"""Tiny data roots for cases of damaged state: one image of two layers, a container, a volume, a network, a build cache.

Everything in them is true: image configs have the hash of their name, chain ids and digests follow from tars of a few
hundred bytes, links and lowers agree. A case takes the parts it needs and breaks one thing.
"""

import base64
import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doctor.formats.crc import crc64
from doctor.formats.databases.bolt import Bucket
from doctor.formats.databases.bolt_write import write
from doctor.formats.images.oci_digest import chain_ids

ROOT = "var/lib/docker"
STORE = f"{ROOT}/image/overlay2"
CREATED = "2024-01-02T03:04:05Z"
PAGE = 1024
"""Page size of the databases: the smallest that bolt reads, so that a case stays small."""
PARTS = ("image", "container", "volumes", "network", "buildkit")


def hex_id(text: str) -> str:
    """A fixed 64-digit id for a word."""
    return hashlib.sha256(text.encode()).hexdigest()


def link_name(text: str) -> str:
    """A fixed overlay2 link name for a word."""
    return base64.b32encode(hashlib.sha256(f"link {text}".encode()).digest()).decode()[:26]


Content = bytes | tuple[str, str] | None
"""A file's bytes, ``("link", target)``, or ``None`` for an empty directory."""


@dataclass
class Tree:
    """A host tree by path."""

    entries: dict[str, Content] = field(default_factory=dict)

    def put(self, path: str, content: str | bytes = b"") -> None:
        """Put a file there."""
        self.entries[path] = content.encode() if isinstance(content, str) else content

    def directory(self, path: str) -> None:
        """Put an empty directory there."""
        self.entries[path] = None

    def link(self, path: str, target: str) -> None:
        """Put a symbolic link there."""
        self.entries[path] = ("link", target)

    def remove(self, path: str) -> None:
        """Remove a path and what is beneath it."""
        for key in [key for key in self.entries if key == path or key.startswith(f"{path}/")]:
            del self.entries[key]

    def read(self, path: str) -> bytes:
        """The content of a file."""
        content = self.entries[path]
        assert isinstance(content, bytes)
        return content

    def write(self, top: Path) -> None:
        """Write all of it beneath a directory, over what is there."""
        for name, content in self.entries.items():
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.mkdir(exist_ok=True)
            elif isinstance(content, tuple):
                path.symlink_to(content[1])
            else:
                path.write_bytes(content)

    def move(self, path: str, to: str) -> None:
        """Rename a path and what is beneath it."""
        for key in [key for key in self.entries if key == path or key.startswith(f"{path}/")]:
            self.entries[to + key[len(path) :]] = self.entries.pop(key)


@dataclass(frozen=True)
class Layer:
    """A layer of the tiny image: ``word`` names it, ``files`` is what it adds."""

    word: str
    files: dict[str, bytes]
    diff: str
    tar_split: bytes

    @property
    def directory(self) -> str:
        """Its directory in overlay2."""
        return hex_id(f"cache {self.word}")


def layer(word: str, files: dict[str, bytes]) -> Layer:
    """A layer with these files, as a real tar with its tar-split."""
    stream, lines, position, end = io.BytesIO(), [], 0, 0
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), 1_700_000_000
            tar.addfile(entry, io.BytesIO(content))
    data = stream.getvalue()[: tar.offset] if not files else stream.getvalue()
    data = data[: _size(files)]
    for name, content in files.items():
        raw = base64.b64encode(data[end : position + 512]).decode()
        crc = base64.b64encode(crc64(content).to_bytes(8, "big")).decode()
        lines.append({"type": 2, "payload": raw, "position": len(lines)})
        lines.append({"type": 1, "name": name, "size": len(content), "payload": crc, "position": len(lines)})
        end = position + 512 + len(content)
        position = end + -len(content) % 512
    lines.append({"type": 2, "payload": base64.b64encode(data[end:]).decode(), "position": len(lines)})
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    return Layer(
        word,
        files,
        "sha256:" + hashlib.sha256(data).hexdigest(),
        _gzip(text.encode()),
    )


def _gzip(data: bytes) -> bytes:
    """Compress; the tenth byte, the system that did it, differs between versions of Python."""
    made = gzip.compress(data, mtime=0, compresslevel=9)
    return made[:9] + b"\xff" + made[10:]


def _size(files: dict[str, bytes]) -> int:
    """Bytes of a tar as Go ends it: two empty blocks, no filling."""
    return sum(512 + len(content) + -len(content) % 512 for content in files.values()) + 1024


BASE = layer("base", {"hello": b"hello\n"})
TOP = layer("top", {"more": b"more\n"})
EMPTY = layer("empty", {})
CONFIG = json.dumps(
    {
        "architecture": "amd64",
        "config": {"Cmd": ["sh"]},
        "created": CREATED,
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [BASE.diff, TOP.diff]},
    },
    separators=(",", ":"),
)
IMAGE = hashlib.sha256(CONFIG.encode()).hexdigest()
CHAIN_BASE, CHAIN_TOP = (chain.removeprefix("sha256:") for chain in chain_ids([BASE.diff, TOP.diff]))
WEB = hex_id("container web")
MOUNT = hex_id("mount web")
MESH = hex_id("network mesh")
SNAPSHOT = "abcdefghij0123456789klmno"


def tags(entries: dict[str, str]) -> bytes:
    """A repositories.json of references of app and others → image ids, as dockerd writes it."""
    repositories: dict[str, dict[str, str]] = {}
    for reference, identity in entries.items():
        repositories.setdefault(reference.partition(":")[0], {})[reference] = f"sha256:{identity}"
    return json.dumps({"Repositories": repositories}, separators=(",", ":")).encode()


def build(*parts: str) -> Tree:
    """A healthy root with these parts."""
    tree = Tree()
    if "image" in parts:
        _image(tree)
    if "container" in parts:
        _container(tree)
    if "volumes" in parts:
        _volumes(tree)
    if "network" in parts:
        tree.put(f"{ROOT}/network/files/local-kv.db", network_database())
    if "buildkit" in parts:
        _buildkit(tree)
    return tree


def record(tree: Tree, chain: str, one: Layer, parent: str = "") -> None:
    """Put the record of a layer."""
    top = f"{STORE}/layerdb/sha256/{chain}"
    tree.put(f"{top}/diff", one.diff)
    tree.put(f"{top}/size", str(sum(len(content) for content in one.files.values())))
    tree.put(f"{top}/cache-id", one.directory)
    tree.put(f"{top}/tar-split.json.gz", one.tar_split)
    if parent:
        tree.put(f"{top}/parent", f"sha256:{parent}")


def overlay(tree: Tree, name: str, lower: tuple[str, ...] = (), *, committed: bool = True) -> None:
    """Put a directory of overlay2 without files."""
    top = f"{ROOT}/overlay2/{name}"
    tree.directory(f"{top}/diff")
    tree.put(f"{top}/link", link_name(name))
    tree.link(f"{ROOT}/overlay2/l/{link_name(name)}", f"../{name}/diff")
    if committed:
        tree.put(f"{top}/committed")
    if lower:
        tree.put(f"{top}/lower", ":".join(f"l/{link_name(one)}" for one in lower))
        tree.directory(f"{top}/work")


def _fill(tree: Tree, one: Layer) -> None:
    for name, content in one.files.items():
        tree.put(f"{ROOT}/overlay2/{one.directory}/diff/{name}", content)
        tree.entries.pop(f"{ROOT}/overlay2/{one.directory}/diff", None)


def _image(tree: Tree) -> None:
    tree.put(f"{STORE}/imagedb/content/sha256/{IMAGE}", CONFIG)
    tree.directory(f"{STORE}/imagedb/metadata/sha256")
    tags = {"Repositories": {"app": {"app:latest": f"sha256:{IMAGE}"}}}
    tree.put(f"{STORE}/repositories.json", json.dumps(tags, separators=(",", ":")))
    record(tree, CHAIN_BASE, BASE)
    record(tree, CHAIN_TOP, TOP, CHAIN_BASE)
    overlay(tree, BASE.directory)
    overlay(tree, TOP.directory, (BASE.directory,))
    for one in (BASE, TOP):
        _fill(tree, one)


def config_of(name: str, identity: str, **more: Any) -> dict[str, Any]:
    """A container's config.v2.json."""
    place = {
        "IPAMConfig": {"IPv4Address": "172.31.0.10"},
        "NetworkID": MESH,
        "EndpointID": hex_id(f"endpoint {name}"),
        "Gateway": "172.31.0.1",
        "IPAddress": "172.31.0.10",
        "IPPrefixLen": 24,
    }
    return {
        "State": {"Running": True, "Pid": 42, "StartedAt": CREATED, "FinishedAt": "0001-01-01T00:00:00Z"},
        "ID": identity,
        "Created": CREATED,
        "Config": {"Hostname": identity[:12], "Image": "app:latest", "Labels": {}},
        "Image": f"sha256:{IMAGE}",
        "NetworkSettings": {"SandboxID": "", "Networks": {"mesh": place}, "Ports": {}},
        "Name": f"/{name}",
        "Driver": "overlay2",
        "MountPoints": {},
        **more,
    }


def host_config(**more: Any) -> dict[str, Any]:
    """A container's hostconfig.json."""
    return {
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m"}},
        "NetworkMode": "mesh",
        "PortBindings": {},
        "RestartPolicy": {"Name": "always"},
        "AutoRemove": False,
        **more,
    }


def put_container(tree: Tree, name: str, config: dict[str, Any], host: dict[str, Any]) -> None:
    """Put the files of a container."""
    top = f"{ROOT}/containers/{hex_id(f'container {name}')}"
    tree.put(f"{top}/config.v2.json", json.dumps(config, separators=(",", ":")))
    tree.put(f"{top}/hostconfig.json", json.dumps(host, separators=(",", ":")))


def _container(tree: Tree) -> None:
    put_container(tree, "web", config_of("web", WEB), host_config())
    mounts = f"{STORE}/layerdb/mounts/{WEB}"
    tree.put(f"{mounts}/mount-id", MOUNT)
    tree.put(f"{mounts}/init-id", f"{MOUNT}-init")
    tree.put(f"{mounts}/parent", f"sha256:{CHAIN_TOP}")
    overlay(tree, f"{MOUNT}-init", (TOP.directory, BASE.directory))
    overlay(tree, MOUNT, (f"{MOUNT}-init", TOP.directory, BASE.directory), committed=False)


def volume_record(name: str, options: dict[str, str] | None = None, labels: dict[str, str] | None = None) -> bytes:
    """A record of volumes/metadata.db."""
    body = {"Name": name, "Driver": "local", "Labels": labels, "Options": options}
    return json.dumps(body, separators=(",", ":")).encode()


OPTIONS = {"device": "tmpfs", "o": "size=1m", "type": "tmpfs"}
OPTIONS_FILE = b'{"MountType":"tmpfs","MountOpts":"size=1m","MountDevice":"tmpfs","Quota":{"Size":0}}'


def volume_database() -> bytes:
    """The records of both volumes."""
    keys = {b"data": volume_record("data"), b"scratch": volume_record("scratch", OPTIONS, {"keep": "yes"})}
    return write(Bucket(buckets={b"volumes": Bucket(keys=keys)}), page_size=PAGE)


def _volumes(tree: Tree) -> None:
    tree.directory(f"{ROOT}/volumes/data/_data")
    tree.directory(f"{ROOT}/volumes/scratch/_data")
    tree.put(f"{ROOT}/volumes/scratch/opts.json", OPTIONS_FILE)
    tree.put(f"{ROOT}/volumes/metadata.db", volume_database())


def network_record(index: int, name: str, identity: str) -> tuple[bytes, bytes]:
    """A record of network/files/local-kv.db, as far as the engine needs it."""
    body = {"enableIPv6": False, "id": identity, "ipamV4Info": "[]", "name": name, "networkType": "bridge"}
    value = index.to_bytes(8, "little") + json.dumps(body, separators=(",", ":")).encode()
    return f"docker/network/v1.0/network/{identity}/".encode(), value


def network_database() -> bytes:
    """One user network."""
    return write(Bucket(buckets={b"libnetwork": Bucket(keys=dict([network_record(3, "mesh", MESH)]))}), page_size=PAGE)


def _buildkit(tree: Tree) -> None:
    for name in ("cache.db", "containerdmeta.db", "history.db", "metadata_v2.db"):
        tree.put(f"{ROOT}/buildkit/{name}", write(Bucket(buckets={b"v1": Bucket()}), page_size=PAGE))
    snapshots = {SNAPSHOT.encode(): Bucket(keys={b"parent": b""})}
    tree.put(f"{ROOT}/buildkit/snapshots.db", write(Bucket(buckets=snapshots), page_size=PAGE))
