"""Output of iproute2, and its predicted output after a change, checked against the real ``ip`` in a namespace."""

import json
import os
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.formats.network import ip_json
from doctor.model.errors import FormatError

LINKS = json.dumps(
    [
        {"ifindex": 1, "ifname": "lo", "flags": ["LOOPBACK", "UP"], "mtu": 65536, "addr_info": []},
        {
            "ifindex": 3,
            "ifname": "docker0",
            "flags": ["BROADCAST", "UP"],
            "mtu": 1500,
            "addr_info": [{"family": "inet", "local": "172.17.0.1", "prefixlen": 16, "scope": "global"}],
        },
    ]
).encode()
ROUTES = json.dumps([{"dst": "172.17.0.0/16", "dev": "docker0", "prefsrc": "172.17.0.1", "flags": []}]).encode()


@given(st.binary(max_size=200))
def test_only_a_format_error_is_raised(raw: bytes) -> None:
    """Whatever a broken ``ip`` prints."""
    try:
        ip_json.load(raw)
    except FormatError:
        return


def test_a_bridge_that_goes_down_loses_its_route_and_gets_it_back() -> None:
    down = ip_json.predict(("link", "set", {"dev": "docker0", "state": "down"}), LINKS, ROUTES)
    assert ip_json.load(down[1]) == []
    assert "UP" not in ip_json.load(down[0])[1]["flags"]
    up = ip_json.predict(("link", "set", {"dev": "docker0", "state": "up"}), *down)
    assert [route["dst"] for route in ip_json.load(up[1])] == ["172.17.0.0/16"]


def test_changes_add_up() -> None:
    """A bridge is made, addressed, set up and gets a port."""
    answers = (LINKS, ROUTES)
    for change in (
        ("link", "add", {"dev": "br-1", "kind": "bridge"}),
        ("addr", "add", {"dev": "br-1", "address": "10.1.0.1/24"}),
        ("link", "set", {"dev": "br-1", "state": "up"}),
        ("link", "set", {"dev": "docker0", "master": "br-1"}),
    ):
        answers = ip_json.predict(change, *answers)  # type: ignore[arg-type]
    links = {link["ifname"]: link for link in ip_json.load(answers[0])}
    assert links["br-1"]["linkinfo"] == {"info_kind": "bridge"}
    assert links["docker0"]["master"] == "br-1"
    assert {"dst": "10.1.0.0/24", "dev": "br-1"}.items() <= ip_json.load(answers[1])[-1].items()


def test_an_unknown_interface_changes_nothing() -> None:
    assert ip_json.predict(("link", "set", {"dev": "gone", "state": "up"}), LINKS, ROUTES) == (LINKS, ROUTES)


REAL = """
ip link add br-9 type bridge
ip addr add 10.9.0.1/24 dev br-9
ip link set br-9 up
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root and unshare")
@pytest.mark.parametrize(
    ("change", "command"),
    [
        (("link", "set", {"dev": "br-9", "state": "down"}), "ip link set br-9 down"),
        (("addr", "del", {"dev": "br-9", "address": "10.9.0.1/24"}), "ip addr del 10.9.0.1/24 dev br-9"),
        (("addr", "add", {"dev": "br-9", "address": "10.8.0.1/16"}), "ip addr add 10.8.0.1/16 dev br-9"),
        (("link", "del", {"dev": "br-9"}), "ip link del br-9"),
        (("link", "set", {"dev": "br-9", "mtu": 1400}), "ip link set br-9 mtu 1400"),
    ],
)
def test_the_prediction_is_what_the_kernel_does(change: ip_json.Change, command: str) -> None:
    """Names, flags UP, MTU, addresses and main routes of the prediction are those of the real kernel afterwards."""
    show = f"{' '.join(ip_json.ADDRESSES)}; echo; echo @; {' '.join(ip_json.ROUTES)}; echo; echo @"
    script = f"{REAL}\n{show}\n{command}\n{show}"
    done = subprocess.run(["unshare", "-n", "sh", "-ec", script], capture_output=True, check=True)
    before_links, before_routes, after_links, after_routes = done.stdout.split(b"@")[:4]
    links, routes = ip_json.predict(change, before_links, before_routes)
    assert _links(links) == _links(after_links)
    assert _main(routes) == _main(after_routes)


def _links(raw: bytes) -> dict[str, object]:
    return {
        link["ifname"]: (
            "UP" in link["flags"],
            link["mtu"],
            sorted(address for family, address, _, _ in ip_json.addresses_of(link) if family == "inet"),
        )
        for link in ip_json.load(raw)
    }


def _main(raw: bytes) -> list[tuple[str, str]]:
    return sorted(
        (route["dst"], route["dev"])
        for route in ip_json.load(raw)
        if "table" not in route and "pref" not in route and ":" not in route["dst"]
    )
