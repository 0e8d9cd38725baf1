"""Keeps the host's own network state after a scan that found nothing wrong with it.

A state with a fault must never become the one that a repair restores: a next hop is kept only if it has answered.
"""

import os
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from doctor.facts.backup.kept_namespace import NAME, VERSION, KeptNamespace, kept_of, settings_of
from doctor.facts.path.namespace import NetNamespace, NetRoute
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.paths import Paths
from doctor.formats.netlink.links import NO_ARP
from doctor.formats.netlink.routes import LEARNED, PERMANENT
from doctor.host.base import Host
from doctor.model.errors import DoctorError, FormatError
from doctor.model.missing import Missing
from doctor.state.files import atomic_write, ensure_dir
from doctor.state.metadata import DIRECTORY, decode, encode
from doctor.state.network_record import MAX_BYTES
from doctor.state.paths import state_dir

AREAS = ("firewall/", "network/", "dns/")
Ask = Callable[[type], Any]


def take(host: Host, ask: Ask, *, is_proven: bool = False, directory: str | None = None) -> tuple[str, ...]:
    """Write the current state if it differs from the record; return notes for the report.

    The caller has checked that all checks of ``AREAS`` passed. ``is_proven``: a test container reached the outside.
    """
    namespaces, paths = ask(NetNamespaces), ask(Paths)
    if isinstance(paths, Paths) and paths.cuts:
        # A cut that is only a remark, or that somebody waived, is a fault as well.
        return ()
    if not isinstance(namespaces, NetNamespaces) or namespaces.host.cut or namespaces.host.gaps:
        return ()
    top = os.path.join(state_dir() if directory is None else directory, DIRECTORY)
    path = os.path.join(top, NAME)
    before = _before(path)
    own = kept_of(namespaces.host)
    known = None if before is None else before.namespace
    if not (is_proven or all(_has_answered(namespaces.host, route, known) for route in own.routes)):
        return ()
    settings = host.net_settings((0,), settings_of(own))[0]
    if isinstance(settings, Missing):
        return ()
    found = KeptNamespace(taken=0, namespace=replace(own, sysctls=settings))
    if before is not None and found == replace(before, taken=0):
        return ()
    data = encode(replace(found, taken=host.now()))
    if len(data) > MAX_BYTES:
        return (f"the host's network state was not kept: it needs {len(data)} bytes",)
    try:
        ensure_dir(top)
        atomic_write(path, data)
    except (OSError, DoctorError) as error:
        return (f"the host's network state was not kept: {error}",)
    return ()


def _before(path: str) -> KeptNamespace | None:
    try:
        with open(path, "rb") as stream:
            found = decode(stream.read(MAX_BYTES), KeptNamespace)
    except (OSError, FormatError):
        return None
    return found if found.version == VERSION else None


def _has_answered(namespace: NetNamespace, route: NetRoute, known: NetNamespace | None) -> bool:
    """Whether the next hop of a default route is learned, or needs no answer; one fixed by hand counts if its address is known."""
    if route.destination not in {"0.0.0.0/0", "::/0"}:
        return True
    hops = ((route.link, route.gateway),) if route.link else tuple((hop.link, hop.gateway) for hop in route.hops)
    return all(_answers(namespace, link, gateway, known) for link, gateway in hops if gateway)


def _answers(namespace: NetNamespace, index: int, gateway: str, known: NetNamespace | None) -> bool:
    link = namespace.link(index)
    if link is None:
        return False
    if link.flags & NO_ARP:
        return True
    entries = [one for one in namespace.neighbours if (one.link, one.address) == (index, gateway)]
    if any(one.state & LEARNED for one in entries):
        return True
    before = None if known is None else known.named(link.name)
    return before is not None and any(
        (one.link, one.address, one.mac) == (before.index, gateway, entry.mac)
        for entry in entries
        if entry.state & PERMANENT
        for one in (known.neighbours if known else ())
    )
