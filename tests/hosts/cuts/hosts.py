"""Healthy hosts to break: two networks with running containers, with IPv4 alone or with IPv6 too."""

import json
import subprocess
from pathlib import Path

from tests.hosts import archive, images
from tests.hosts.box import Box
from tests.hosts.cuts.traffic import FAR6
from tests.hosts.odd.packages import install_engine
from tests.hosts.reach import ADDRESS6, BOX_ADDRESS6, SETTINGS6

_SETTINGS = "/etc/docker/daemon.json"


def healthy(version: int, engine: str = "") -> Box:
    """A box that is not entered yet, with the data root of a healthy host. Call `settle` before the engine is started."""
    key = "\n".join([Path(__file__).read_text(encoding="utf-8"), images.source(), engine or _own_version()])
    name = f"cuts{version}{engine and '-' + engine}.tar"
    return Box(data_root=archive.cached(name, key, lambda target: _build(target, version, engine)))


def settle(box: Box, version: int) -> None:
    """Give the uplink its addresses of IPv6, and the engine the settings for it."""
    if version == 4:
        return
    box.write(_SETTINGS, json.dumps(SETTINGS6))
    box.run(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0", "net.ipv6.conf.default.disable_ipv6=0"])
    box.run(["ip", "-6", "addr", "add", f"{BOX_ADDRESS6}/64", "dev", "eth0", "nodad"])
    for address, device in ((f"{ADDRESS6}/64", "eth0"), (f"{FAR6}/128", "lo")):
        box.outside(["ip", "-6", "addr", "add", address, "dev", device, "nodad"], check=False)
    box.run(["ip", "-6", "route", "add", "default", "via", ADDRESS6])


def install(box: Box, engine: str) -> None:
    """Put another engine first on the box's path."""
    if engine:
        install_engine(box, engine)


def _own_version() -> str:
    return subprocess.run(["dockerd", "--version"], capture_output=True, text=True, check=True).stdout


def _build(target: Path, version: int, engine: str) -> None:
    """The data root: `web` and `lo` on the default bridge, `app1` and `app2` on a network of their own."""
    with Box() as box:
        install(box, engine)
        settle(box, version)
        box.start_dockerd()
        images.build(box)
        both = ("--ipv6", "--subnet", "fd00:88::/64") if version == 6 else ()
        option = "com.docker.network.bridge.name=br-app"
        box.docker("network", "create", "--subnet", "10.88.0.0/24", *both, "-o", option, "app")
        run = ("run", "-d", "--restart", "always", "--stop-timeout", "1")
        serve = ("leg:1",)
        box.docker(*run, "--name", "web", "-p", "8080:80", *serve)
        box.docker(*run, "--name", "lo", "-p", "127.0.0.1:8082:80", *serve)
        for name, number, more in (("app1", 2, ("-p", "8081:80")), ("app2", 3, ())):
            own = ("--ip6", f"fd00:88::{number}") if version == 6 else ()
            box.docker(*run, "--name", name, "--network", "app", "--ip", f"10.88.0.{number}", *own, *more, *serve)
        box.power_loss()
        archive.pack(box.workdir / "docker", target)
