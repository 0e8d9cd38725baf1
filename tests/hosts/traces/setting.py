"""A box with the containers of the battery, and one fault at a time."""

import json
import re
from pathlib import Path
from typing import Any

from tests.hosts.box import Box
from tests.hosts.images import base_tar
from tests.hosts.traces.path_fault import FAR, FAR6, PathFault

_IN = re.compile(r"^in (\d+): (.*)$", re.DOTALL)
_REFUSED = """
import errno
from doctor.host.trace import tracefs
def refuse(*_):
    raise OSError(errno.EPERM, "Operation not permitted")
tracefs._mounted, tracefs._detached = (lambda: -1), refuse
from doctor.cli.entry import main
main()
"""
_HELPERS = 'in_mac() { nsenter -t "$1" -n ip -o link show eth0 | sed "s/.*ether //; s/ .*//"; }; '


class TraceSetting:
    """A prepared box."""

    def __init__(self, box: Box, *, peers: bool = True, ipv6: bool = True, without_tracefs: bool = False) -> None:
        """Start the containers in a box whose dockerd runs: aa, its peers, and one on an IPv6 network; without tracefs, traces run
        as where the kernel refuses it.
        """
        self._box = box
        self._without_tracefs = without_tracefs
        box.docker("import", "-", "bb:1", input=base_tar())
        box.outside(["ip", "addr", "add", f"{FAR}/32", "dev", "lo"])
        self._names = {"br": "docker0"}
        self._run("aa", "-p", "8080:80")
        if peers:
            self._run("bb")
            box.docker("network", "create", "other")
            self._run("cc", "--network", "other")
        if ipv6:
            self._with_ipv6()
        running = ("aa", *(("bb", "cc") if peers else ()), *(("ff",) if ipv6 else ()))
        pids = box.docker("inspect", "-f", "{{.State.Pid}}", *running).split()
        self._names |= dict(zip(running, pids, strict=True))
        self._names["ip"] = box.docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "aa")
        shown = box.run(["ip", "-o", "link", "show", "docker0"]).stdout
        self._names["mac"] = shown.partition("link/ether ")[2].split()[0]
        self._names["v"] = self._port("aa")
        if peers:
            self._names["w"] = self._port("bb")

    def _run(self, name: str, *options: str) -> None:
        self._box.docker(
            "run", "-d", "--name", name, "--stop-timeout", "1", *options, "bb:1", "httpd", "-f", "-p", "80"
        )

    def _with_ipv6(self) -> None:
        box = self._box
        box.run(["sh", "-c", "ip addr add 2001:db8::1/64 dev eth0 nodad; ip -6 route add default via 2001:db8::2"])
        script = f"ip addr add 2001:db8::2/64 dev eth0 nodad; ip addr add {FAR6}/128 dev lo; ip -6 route add fd00:6::/64 via 2001:db8::1"
        box.outside(["sh", "-c", script])
        box.docker(
            "network", "create", "--ipv6", "--subnet", "fd00:6::/64", "-o", "com.docker.network.bridge.name=six", "six"
        )
        box.run(["sysctl", "-qw", "net.ipv6.conf.all.forwarding=1"])
        box.run(["ip", "-6", "route", "replace", "default", "via", "2001:db8::2"])
        self._run("ff", "--network", "six")
        self._names["br6"] = "six"

    def _port(self, name: str) -> str:
        shown = self._box.run(["nsenter", "-t", self._names[name], "-n", "ip", "-o", "link", "show", "eth0"]).stdout
        number = shown.partition("@if")[2].partition(":")[0]
        listed = self._box.run(["ip", "-o", "link"]).stdout
        found = re.search(rf"^{number}: ([^@:]+)", listed, re.MULTILINE)
        assert found is not None, listed
        return found[1]

    def fill(self, text: str) -> str:
        """Return the text with the names of this box."""
        for name, value in self._names.items():
            text = text.replace("{" + name + "}", value)
        return text

    def shell(self, commands: tuple[str, ...]) -> None:
        """Run commands of a fault."""
        for command in commands:
            filled = self.fill(command)
            inside = _IN.match(filled)
            prefix = ["nsenter", "-t", inside[1], "-n"] if inside else []
            script = inside[2] if inside else filled
            self._box.run([*prefix, "sh", "-c", _HELPERS + script])

    def trace(self, origin: str, target: str, *, without_tracefs: bool = False) -> dict[str, Any]:
        """Return the document of a trace."""
        arguments = ["probe", "--trace", origin, target, "--format", "json"]
        command = [self._box.doctor_path]
        if without_tracefs or self._without_tracefs:
            command = [str(Path(self._box.doctor_path).parent / "python"), "-c", _REFUSED]
        done = self._box.run([*command, *arguments], check=False, env={"DOCTOR_TRACEBACK": "1"})
        assert done.stdout.startswith("{"), done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        assert found["exit_code"] == done.returncode
        return found

    def differences(self, fault: PathFault, found: dict[str, Any]) -> list[str]:
        """Return what is not as expected."""
        end = found["end"] | {"result": found["result"]}
        if self._without_tracefs:
            # Taps show the place alone; of drops after a queue or before the first device, not even that.
            expected = {key: self.fill(fault.end.get(key, end[key])).split("|") for key in ("place", "device")}
            return [
                f"{key}: {end[key]!r}, expected {named}" for key, named in expected.items() if end[key] not in named
            ]
        wrong = [
            f"{key}: {end[key]!r}, expected {self.fill(value)!r}"
            for key, value in fault.end.items()
            if end[key] not in self.fill(value).split("|")
        ]
        if fault.rule and self.fill(fault.rule) not in end["says"]:
            wrong.append(f"rule: {end['says']!r} lacks {self.fill(fault.rule)!r}")
        return wrong
