"""Networks that newer engines treat differently: seen on hosts upgraded from 20.10 and 26 to 28.5 and 29.7."""

import json
from dataclasses import dataclass, replace

from tests.cases.case import Case
from tests.cases.firewall.host import Host
from tests.cases.firewall.networks import APP, NETWORKS, network
from tests.cases.firewall.rules import SAVE_28

NO_MASQUERADE = {"enable_ip_masquerade": "false"}
REPLIES, IPV6, DIRECT = "unmasqueraded-replies", "ipv6-filter-begins", "direct-access-ends"
UPGRADE = "29.7.2"


@dataclass(frozen=True, kw_only=True)
class Story:
    """A case of one check, with a firewall case's host."""

    check: str
    name: str
    about: str
    host: Host
    subject: tuple[str, str] | None = None
    for_engine: str = ""

    def case(self) -> Case:
        """The case that the tests run."""
        return Case(
            name=f"network/{self.check}/{self.name}",
            about=self.about,
            findings=[] if self.subject is None else [(f"network/{self.check}", *self.subject)],
            fix="none" if self.subject is None else "manual",
            select=(f"network/{self.check}",),
            fill=self.host.fill,
            recorded=self.host.answers,
            files=self.host.special,
            for_engine=self.for_engine,
        )


def host(options: dict[str, str] | None = None, version: str = "28.5.2", *, six: bool = False) -> Host:
    """A host whose network "app" has these options."""
    made = Host(SAVE_28 if version >= "28" else "", version)
    if options and "enable_ip_masquerade" in options:
        made.without("-A POSTROUTING -s 10.88.0.0/24")
    app = network(APP, "app", "10.88.0.0/24", options)
    if six:
        config = [
            {"Subnet": "10.88.0.0/24", "Gateway": "10.88.0.1"},
            {"Subnet": "fd00:66::/64", "Gateway": "fd00:66::1"},
        ]
        app |= {"EnableIPv6": True, "IPAM": {"Config": config}}
    made.networks = [NETWORKS[0], app, NETWORKS[2]]
    return made


def settings(made: Host, **given: object) -> Host:
    """The same with these settings."""
    return made.file(
        "/etc/docker/daemon.json", json.dumps({key.replace("_", "-"): value for key, value in given.items()})
    )


_LOST = Story(
    check=REPLIES, name="masquerade-off", about="a network without masquerading lost its replies by an upgrade to 28",
    host=host(NO_MASQUERADE), subject=("network", "app"),
)  # fmt: skip
_SIX = Story(
    check=IPV6, name="six", about="a network with IPv6 was open, and engine 27 and newer filters it",
    host=host(version="26.1.5", six=True), subject=("network", "app"), for_engine=UPGRADE,
)  # fmt: skip
_DIRECT = Story(
    check=DIRECT, name="published", about="published ports are reached by containers' addresses up to 27",
    host=host(version="26.1.5"), subject=("engine", "direct access"), for_engine=UPGRADE,
)  # fmt: skip
_OWN_RULE = "-A POSTROUTING -s 10.88.0.0/24 -j SNAT --to-source 198.51.100.1"
CASES = (
    _LOST,
    replace(
        _LOST, name="before-the-upgrade", about="the same network under 26, before its upgrade",
        host=host(NO_MASQUERADE, "26.1.5"), for_engine=UPGRADE,
    ),
    replace(
        _LOST, name="healthy-engine-26", about="the same network under 26 works", host=host(NO_MASQUERADE, "26.1.5"), subject=None,
    ),
    replace(
        _LOST, name="healthy-routed", about="its gateway mode is routed", subject=None,
        host=host(NO_MASQUERADE | {"gateway_mode_ipv4": "routed"}),
    ),
    replace(
        _LOST, name="healthy-own-snat", about="the administrator translates its addresses", subject=None,
        host=host(NO_MASQUERADE).put(_OWN_RULE, "-A POSTROUTING"),
    ),
    replace(
        _LOST, name="healthy-comment", about="a comment in its rule reads like a source", subject=None,
        host=host(NO_MASQUERADE).put('-A POSTROUTING -o eth0 -m comment --comment "no -s here" -j MASQUERADE', "-A POSTROUTING"),
    ),
    replace(
        _LOST, name="healthy-direct-routing", about="the engine allows direct routing", subject=None,
        host=settings(host(NO_MASQUERADE), allow_direct_routing=True),
    ),
    _SIX,
    replace(
        _SIX, name="healthy-set", about="ip6tables is set, so the upgrade changes nothing", subject=None,
        host=settings(host(version="26.1.5", six=True), ip6tables=False),
    ),
    replace(_SIX, name="healthy-27", about="27 filters already", host=host(version="27.5.1", six=True), subject=None),
    _DIRECT,
    replace(
        _DIRECT, name="healthy-28", about="28 drops them already", host=host(version="28.5.2"), subject=None,
    ),
    replace(_DIRECT, name="healthy-today", about="the host as it is", for_engine="", subject=None),
)  # fmt: skip
