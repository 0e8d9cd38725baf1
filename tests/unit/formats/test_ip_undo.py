"""A deleted address or interface is added again as it was: checked on an output of iproute2, and in a namespace against the kernel."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from doctor.formats.network import ip_undo
from doctor.formats.network.ip_json import Change

SHOWN = json.dumps(
    [
        {
            "ifname": "br-1",
            "flags": ["BROADCAST", "UP"],
            "mtu": 1400,
            "address": "02:11:22:33:44:55",
            "linkinfo": {"info_kind": "bridge"},
            "addr_info": [
                {
                    "family": "inet",
                    "local": "10.56.0.1",
                    "prefixlen": 24,
                    "broadcast": "10.56.0.255",
                    "scope": "link",
                    "label": "br-1:x",
                    "valid_life_time": 4294967295,
                    "preferred_life_time": 4294967295,
                },
                {"family": "inet6", "local": "fd00::1", "prefixlen": 64, "scope": "global", "nodad": True},
            ],
        },
        {"ifname": "inner0", "flags": [], "mtu": 1500, "address": "02:aa:bb:cc:dd:01"},
    ]
).encode()


def test_an_address_keeps_its_label_broadcast_and_scope() -> None:
    request: dict[str, str | int] = {"dev": "br-1", "address": "10.56.0.1/24"}
    undo = ip_undo.completed(("addr", "del", request), ("addr", "add", request), SHOWN)
    assert undo == ("addr", "add", request | {"scope": 253, "broadcast": "10.56.0.255", "label": "br-1:x"})


def test_an_address_of_ipv6_is_used_at_once_if_it_was() -> None:
    request: dict[str, str | int] = {"dev": "br-1", "address": "fd00::1/64"}
    undo = ip_undo.completed(("addr", "del", request), ("addr", "add", request), SHOWN)
    assert undo[2] == request | {"scope": 0, "flags": 2}


def test_an_interface_keeps_its_mac_address_mtu_and_state_and_what_the_undo_says_itself() -> None:
    undo = ip_undo.completed(
        ("link", "del", {"dev": "br-1"}),
        ("link", "add", {"dev": "br-1", "kind": "bridge", "mtu": 1300, "peer": "inner0"}),
        SHOWN,
    )
    assert undo[2] == {
        "dev": "br-1",
        "kind": "bridge",
        "peer": "inner0",
        "mtu": 1300,
        "address": "02:11:22:33:44:55",
        "state": "up",
        "peer_address": "02:aa:bb:cc:dd:01",
    }


@pytest.mark.parametrize(
    ("change", "undo"),
    [
        (("addr", "add", {"dev": "br-1"}), ("addr", "del", {"dev": "br-1"})),
        (("link", "del", {"dev": "gone"}), ("link", "add", {"dev": "gone", "kind": "bridge"})),
        (("route", "del", {"dev": "br-1"}), ("route", "add", {"dev": "br-1"})),
    ],
)
def test_other_requests_stay(change: Change, undo: Change) -> None:
    assert ip_undo.completed(change, undo, SHOWN) == undo


_ROUND_TRIP = """
import json, subprocess
from doctor.formats.network import ip_json, ip_undo
from doctor.host.netlink import change

def sh(text): subprocess.run(["sh", "-ec", text], check=True)
def shown(): return subprocess.run(ip_json.ADDRESSES, capture_output=True, check=True).stdout
def plain():
    keep = {"ifname", "flags", "mtu", "address", "addr_info"}
    return [{key: value for key, value in link.items() if key in keep} for link in ip_json.load(shown())]

sh("ip link add br-1 type bridge; ip link set br-1 address 02:11:22:33:44:55 mtu 1400 up; "
   "echo 1 > /proc/sys/net/ipv6/conf/br-1/addr_gen_mode; ip -6 addr flush dev br-1; "
   "ip addr add 10.55.0.1/24 brd + dev br-1; ip addr add 10.55.0.2/24 dev br-1; ip addr add 10.56.0.1/24 dev br-1 label br-1:x; "
   "ip addr add fd00::1/64 dev br-1 nodad")
before, undos = plain(), []
addresses = [f"{one['local']}/{one['prefixlen']}" for one in before[-1]["addr_info"]]
requests = [(("addr", "del", {"dev": "br-1", "address": one}), ("addr", "add", {"dev": "br-1", "address": one})) for one in reversed(addresses)]
requests.append((("link", "del", {"dev": "br-1"}), ("link", "add", {"dev": "br-1", "kind": "bridge"})))
for do, undo in requests:
    undos.append(ip_undo.completed(do, undo, shown()))
    change(do)
for undo in reversed(undos):
    change(undo)
if plain() != before:
    raise SystemExit(json.dumps([before, plain()]))
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("ip"), reason="needs root and iproute2")
def test_the_kernel_has_all_of_it_again() -> None:
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", _ROUND_TRIP], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
