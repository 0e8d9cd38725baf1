"""Reads CDI specifications, and the NVIDIA driver's parts if a container asks for a GPU or a specification names one."""

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from doctor.facts.containers.containers import Containers
from doctor.facts.containers.gpus import Gpus, by_cdi, by_hook
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join

if TYPE_CHECKING:
    from doctor.formats.host.cdi import CdiSpec

_CDI = (HostPath("/etc/cdi"), HostPath("/var/run/cdi"))
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_MODULE = (HostPath("/sys/module/nvidia/version"), HostPath("/proc/driver/nvidia/version"))
_LIBRARIES = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")
_LIMIT_BYTES = 4 << 20
_MOST = 50
_DEV = HostPath("/dev")


@collector
def gpus(host: Host, containers: Containers) -> Gpus:
    """Return all of it; two directories are listed on a host without GPUs."""
    if not host.is_live():
        raise HostError(Missing(Why.ABSENT, "not a running machine, so its devices can't be checked"))
    gaps: list[Missing] = []
    specs = tuple(_specs(host, gaps))
    if not specs and not any(by_hook(one) or by_cdi(one) for one in containers.items):
        return Gpus(gaps=tuple(gaps))
    nodes = tuple(sorted(_nodes(host)))
    missing = {spec.path: tuple(path for path in spec.needs if not host.exists(HostPath(path))) for spec in specs}
    return Gpus(
        specs=specs,
        lost={path: names for path, names in missing.items() if names},
        hook=_program(host, "nvidia-container-runtime-hook"),
        tool=_program(host, "nvidia-ctk"),
        driver=_driver(host),
        libraries=tuple(sorted(set(_libraries(host)))),
        nodes=nodes,
        unlinked=dict(_unlinked(host, nodes)),
        gaps=tuple(gaps),
    )


def _specs(host: Host, gaps: list[Missing]) -> Iterator["CdiSpec"]:
    for top in _CDI:
        try:
            names = sorted(name for name, _ in host.scandir(top) if name.endswith((".yaml", ".json")))
        except HostError as error:
            if not error.is_absent:
                gaps.append(error.missing)
            continue
        if not names:
            continue
        from doctor.formats.host import cdi  # noqa: PLC0415 - few hosts have a specification

        for name in names[:_MOST]:
            path = join(top, name)
            try:
                text = host.read(path, limit_bytes=_LIMIT_BYTES).decode("utf-8", "replace")
            except HostError as error:
                gaps.append(error.missing)
                continue
            yield cdi.parse(path, text)


def _nodes(host: Host) -> Iterator[str]:
    try:
        for name, _ in host.scandir(_DEV):
            if re.fullmatch(r"nvidia(?:\d+|ctl|-uvm|-uvm-tools|-modeset)", name):
                yield join(_DEV, name)
    except HostError:
        return


def _unlinked(host: Host, nodes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield (node, link) of device nodes without a link by their number, where systemd looks for them."""
    for node in nodes:
        try:
            stat = host.lstat(HostPath(node))
        except HostError:
            continue
        link = f"/dev/char/{os.major(stat.rdev)}:{os.minor(stat.rdev)}"
        if stat.kind == "c" and not host.exists(HostPath(link)):
            yield node, link


def _program(host: Host, name: str) -> str:
    return next((path for top in _PATH if host.exists(HostPath(path := f"{top}/{name}"))), "")


def _driver(host: Host) -> str:
    for path in _MODULE:
        try:
            text = host.read(path, limit_bytes=4096).decode("utf-8", "replace")
        except HostError:
            continue
        found = re.search(r"(?:Kernel Module[^\d\n]*|^)(\d{2,4}\.\d+(?:\.\d+)?)", text)
        if found is not None:
            return found[1]
    return ""


def _libraries(host: Host) -> Iterator[str]:
    for top in _LIBRARIES:
        try:
            names = [name for name, _ in host.scandir(HostPath(top)) if name.startswith("libnvidia-ml.so.")]
        except HostError:
            continue
        for name in names:
            if re.fullmatch(r"libnvidia-ml\.so\.\d{2,4}\.\d+(?:\.\d+)?", name):
                yield name.removeprefix("libnvidia-ml.so.")
