"""Reads policies and states of IPsec (XFRM) in the network namespace of this thread, where there are any."""

import os

from doctor.facts.kernel.sysctl import interface_key
from doctor.formats.netlink import policies
from doctor.formats.netlink.policies import XfrmPolicy, XfrmState
from doctor.host.rtnetlink.dump import Dumper

_XFRM = 6
"""NETLINK_XFRM."""
_LARGEST_BYTES = 1 << 16


def read(cut: list[str]) -> tuple[tuple[XfrmPolicy, ...], tuple[XfrmState, ...]]:
    """Return them; ``cut`` gets the name of a listing that is not whole."""
    if not _is_loaded():
        return (), ()
    try:
        with Dumper(_XFRM) as socket:
            if not policies.parse_counts(socket.ask(policies.GET_POLICY_COUNTS, policies.COUNTS_REQUEST)):
                return (), ()
            found, is_whole = socket.rows(policies.GET_POLICY, b"", policies.parse_policy)
            states, are_whole = socket.rows(policies.GET_STATE, b"", policies.parse_state)
    except OSError:
        cut.append("policies")
        return (), ()
    if not is_whole or not are_whole:
        cut.append("policies")
    return tuple(found), tuple(states)


def exceptions() -> dict[str, str]:
    """Return the settings by which interfaces are left out of policies, of those where one is set."""
    found = {}
    for version in ("ipv4", "ipv6"):
        directory = f"/proc/sys/net/{version}/conf"
        for device in _names(directory):
            for name in ("disable_policy", "disable_xfrm"):
                if _is_set(f"{directory}/{device}/{name}"):
                    found[interface_key(device, name, family=version)] = "1"
    return found


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _is_set(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.read(descriptor, 16).strip() not in {b"", b"0"}
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _is_loaded() -> bool:
    """Whether the kernel takes such questions: it has a socket of its own for them. A question would load the module."""
    try:
        descriptor = os.open("/proc/thread-self/net/netlink", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        while text := os.read(descriptor, _LARGEST_BYTES):
            if any(line.split(None, 2)[1:2] == [b"6"] for line in text.splitlines()):
                return True
        return False
    finally:
        os.close(descriptor)
