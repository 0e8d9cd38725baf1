"""Finds files in the layers of a few images that must be visible, or hidden, when the layers are mounted.

All files in layers come from images, so they are untrusted: links are not followed, and little is read.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from doctor.facts.images.images import ImageConfig
from doctor.facts.images.samples import ImageSample, ImageSamples, Shape
from doctor.facts.layers.graph import LayerGraph
from doctor.formats.json_safe import load_first
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join
from doctor.model.text import plural
from doctor.model.view import Stat

_IMAGES = 5
_LAYERS = 6
_FILES = 2
_DIRECTORIES, _ENTRIES = 24, 400
_SMALL_BYTES = 1 << 20
_OPAQUE = ("trusted.overlay.opaque", "user.overlay.opaque")
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_KINDS = {"f": "-", "d": "d", "l": "l", "c": "c", "b": "b", "p": "p", "s": "s"}


@collector
def image_samples(host: Host, graph: LayerGraph) -> ImageSamples:
    """Return the sample. Missing if this root has no records of overlay2 images."""
    sound = [config for config in graph.images.sound() if config.chain]
    return samples_of(host, graph, sound, _chosen(graph, sound))


def samples_of(
    host: Host, graph: LayerGraph, images: Sequence[ImageConfig], chosen: Iterable[ImageConfig]
) -> ImageSamples:
    """Return a sample of the chosen images. Others are not reported."""
    lost = [config for config in images if _lost_layer(graph, config)]
    gaps: list[Missing] = []
    looked = _Looked(host, graph, gaps)
    return ImageSamples(
        overlay2=graph.layers.overlay2,
        items=tuple(_sample(looked, config) for config in chosen),
        total=len(images),
        lost=tuple(graph.images.title(config.id) for config in lost),
        gaps=tuple(gaps),
    )


def _chosen(graph: LayerGraph, sound: list[ImageConfig]) -> list[ImageConfig]:
    """Return always the same five images: named ones first, distributed over the ids."""
    ordered = sorted(sound, key=lambda config: (not graph.images.names_of(config.id), config.id))
    named = [config for config in ordered if graph.images.names_of(config.id)] or ordered
    if len(named) < _IMAGES:
        return ordered[:_IMAGES]
    return [named[number * len(named) // _IMAGES] for number in range(_IMAGES)]


def _lost_layer(graph: LayerGraph, config: ImageConfig) -> str:
    """Return the first layer of an image, lowest first, that has no directory with files; "" if each has one."""
    for chain in config.chain:
        directory = graph.directory(graph.cache.get(chain, ""))
        if directory is None or not directory.has_diff:
            return chain
    return ""


class _Layer(Struct):
    """Paths of some regular files in a layer, and of its whiteouts."""

    files: list[str] = []
    whiteouts: list[str] = []


class _Looked:
    """Cache of examined layers, as images share them."""

    def __init__(self, host: Host, graph: LayerGraph, gaps: list[Missing]) -> None:
        self.host = host
        self.graph = graph
        self.gaps = gaps
        self._known: dict[str, _Layer] = {}

    def layer(self, directory: str) -> _Layer:
        """Return a few paths of a layer."""
        if directory not in self._known:
            self._known[directory] = self._look(directory)
        return self._known[directory]

    def _look(self, directory: str) -> _Layer:
        found = _Layer()
        todo = [""]
        entries = 0
        for _ in range(_DIRECTORIES):
            if not todo:
                break
            here = todo.pop(0)
            for name, kind in self._names(directory, here):
                entries += 1
                if entries > _ENTRIES:
                    return found
                path = f"{here}/{name}"
                if not _is_text(path):
                    continue
                if kind == "d":
                    todo.append(path)
                elif kind == "f" and len(found.files) < 4 * _FILES:
                    found.files.append(path)
                elif kind in {"c", "?"} and self.is_whiteout(
                    directory, path
                ):  # a directory listing has no device numbers
                    found.whiteouts.append(path)
        return found

    def _names(self, directory: str, here: str) -> list[tuple[str, str]]:
        path = join(self.graph.layers.diff_path(directory), here.lstrip("/")) if here else None
        try:
            return sorted(self.host.scandir(path or self.graph.layers.diff_path(directory), follow=False))
        except HostError as error:
            self.gaps.append(error.missing)
            return []

    def stat(self, directory: str, path: str) -> Stat | None:
        """Return the metadata of a layer's file, ``None`` if it does not exist."""
        try:
            return self.host.lstat(self._at(directory, path), follow=False)
        except HostError:
            return None

    def _at(self, directory: str, path: str) -> HostPath:
        return join(self.graph.layers.diff_path(directory), path.lstrip("/"))

    def is_whiteout(self, directory: str, path: str) -> bool:
        """Whether overlayfs interprets an entry as a whiteout: a character device 0:0 (Documentation/filesystems/overlayfs)."""
        found = self.stat(directory, path)
        return found is not None and found.kind == "c" and found.rdev == 0

    def is_decided(self, directory: str, path: str) -> bool:
        """Whether a layer decides about a path: it has it, removes it, or hides a parent directory."""
        parts = path.strip("/").split("/")
        for number in range(1, len(parts) + 1):
            here = "/" + "/".join(parts[:number])
            found = self.stat(directory, here)
            if found is None:
                return False
            if number == len(parts) or found.kind != "d" or self._is_opaque(directory, here):
                return True
        return False

    def _is_opaque(self, directory: str, path: str) -> bool:
        try:
            attributes = self.host.xattrs(self._at(directory, path))
        except HostError:
            return True  # what can't be judged is not in the sample
        return any(name in attributes for name in _OPAQUE)


def _sample(looked: _Looked, config: ImageConfig) -> ImageSample:
    graph, title = looked.graph, looked.graph.images.title(config.id)
    lost = _lost_layer(graph, config)
    if lost:
        return ImageSample(title=title, problem=f"layer {lost[:12]} has no directory")
    directories = [graph.cache[chain] for chain in reversed(config.chain)]
    top = graph.layers.directories[directories[0]]
    lower = top.lower or ()
    if len(lower) != len(directories) - 1:
        text = f"its top layer has {plural(len(lower), 'parent')} in its 'lower', {len(directories) - 1} in its config"
        return ImageSample(title=title, problem=text)
    layers = [_linked(graph, name) for name in (top.link or "", *lower)]
    if "" in layers:
        return ImageSample(title=title, problem="the short link of one of its layers is missing")
    present, absent = _expected(looked, directories)
    changeable = [path for path, shape in present.items() if shape.size <= _SMALL_BYTES]
    program, search, of_volume = _command(looked, config)
    return ImageSample(
        title=title,
        layers=tuple(layers),
        present=present,
        absent=absent,
        program=program,
        search=search,
        is_program_of_volume=of_volume,
        change=changeable[0] if changeable else "",
        hide=changeable[1] if len(changeable) > 1 else "",
    )


def _linked(graph: LayerGraph, name: str) -> str:
    """Return the directory of a short link, "" for none; the link itself is never passed on."""
    target = graph.layers.links.get(name, "")
    path = target.removeprefix("../")
    directory = path.removesuffix("/diff")
    return path if target == f"../{directory}/diff" and directory in graph.layers.directories else ""


def _expected(looked: _Looked, directories: list[str]) -> tuple[dict[str, Shape], tuple[str, ...]]:
    """Return files that must be visible and paths that must be hidden, from the upper layers and the lowest one."""
    present: dict[str, Shape] = {}
    absent: list[str] = []
    for depth in sorted({*range(min(_LAYERS, len(directories))), len(directories) - 1}):
        here, above = directories[depth], directories[:depth]
        layer = looked.layer(here)
        free = [path for path in layer.files if not any(looked.is_decided(other, path) for other in above)]
        for path in free[:_FILES]:
            found = looked.stat(here, path)
            if found is not None:
                present[path] = _shape(found)
        gone = [path for path in layer.whiteouts if not any(looked.is_decided(other, path) for other in above)]
        absent += gone[:_FILES]
    return present, tuple(absent)


def _shape(found: Stat) -> Shape:
    return Shape(kind=_KINDS.get(found.kind, "?"), mode=found.mode, uid=found.uid, gid=found.gid, size=found.size)


def _command(looked: _Looked, config: ImageConfig) -> tuple[str, str, bool]:
    """Return the image's program, the PATH to search it in, and whether a declared volume covers it."""
    try:
        parsed = load_first(looked.host.read(looked.graph.images.path_of(config.id), follow=False)).value
    except (HostError, FormatError):
        return "", "", False
    said = parsed.get("config") if isinstance(parsed, dict) else None
    if not isinstance(said, dict):
        return "", "", False
    words = [word for key in ("Entrypoint", "Cmd") for word in _list(said.get(key))]
    paths = [line[5:] for line in _list(said.get("Env")) if line.startswith("PATH=")]
    program = words[0] if words and _is_text(words[0]) else ""
    search = paths[-1] if paths and _is_text(paths[-1]) else _DEFAULT_PATH
    volumes = said.get("Volumes")
    covered = [str(path).rstrip("/") + "/" for path in volumes] if isinstance(volumes, dict) else []
    return program, search, any(program.startswith(path) for path in covered)


def _list(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _is_text(path: str) -> bool:
    """Whether a file name from an image can be passed on: valid UTF-8 without NUL."""
    return path.isprintable() and not any("\ud800" <= letter <= "\udfff" for letter in path)
