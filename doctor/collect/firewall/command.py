"""Finds the iptables command and its variant by the links that lead to its program."""

from itertools import pairwise

from doctor.facts.firewall.command import IptablesCommand
from doctor.facts.firewall.packet_filter import LEGACY, NFT
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, parent

_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_ALTERNATIVES = "/etc/alternatives"
_NAMES = tuple(f"{word}{part}" for word in ("iptables", "ip6tables") for part in ("", "-save", "-restore"))
_TIMEOUT_S = 10.0


@collector
def iptables_command(host: Host) -> IptablesCommand:
    """Return the command; a program is run only if its name does not show the variant."""
    path = find(host, "iptables")
    if not path:
        return IptablesCommand()
    links = _follow(host, HostPath(path))
    alternative = next((to for link, to in pairwise(links) if link == f"{_ALTERNATIVES}/iptables"), "")
    variant, problem = _variant(host, links[-1])
    return IptablesCommand(path=path, target=links[-1], alternative=alternative, variant=variant, problem=problem)


def find(host: Host, name: str) -> str:
    """Return the path of a program in a directory that services search, "" without one."""
    return next((f"{place}/{name}" for place in _PATH if host.exists(HostPath(f"{place}/{name}"))), "")


def switches(host: Host, command: IptablesCommand) -> dict[HostPath, str]:
    """Return the links in /etc/alternatives with the programs of the other variant; {} if one of iptables itself is missing."""
    directory = command.alternative.rpartition("/")[0]
    if not directory:
        return {}
    found = {}
    for name in _NAMES:
        link = HostPath(f"{_ALTERNATIVES}/{name}")
        program = f"{directory}/{name.replace('tables', f'tables-{command.other}')}"
        if host.exists(link) and host.exists(HostPath(program)):
            found[link] = program
    return found if all(HostPath(f"{_ALTERNATIVES}/{name}") in found for name in _NAMES[:3]) else {}


def _follow(host: Host, path: HostPath) -> list[HostPath]:
    """Return a command and the links that it leads through: a prediction changes one in the middle."""
    found = [path]
    for _ in range(8):
        try:
            target = host.readlink(found[-1])
        except HostError:
            break
        found.append(HostPath(target if target.startswith("/") else f"{parent(found[-1])}/{target}"))
    return found


def _variant(host: Host, target: str) -> tuple[str, str]:
    """Return the variant of a resolved ``iptables``, and how it fails.

    The name shows the variant (Debian, Fedora, Alpine), else the version that it prints.
    """
    name = target.rpartition("/")[2]
    if "nft" in name:
        return NFT, ""
    if "legacy" in name or name == "xtables-multi":
        return LEGACY, ""
    try:
        result = host.run(("iptables", "--version"), timeout_s=_TIMEOUT_S)
    except HostError as error:
        # On a mounted disk nothing can be run, and that shows no failure.
        return (LEGACY, "") if error.is_absent and not host.is_live() else ("", error.missing.reason)
    if result.exit == 0:
        return NFT if "nf_tables" in result.text else LEGACY, ""
    said = result.stderr.decode("utf-8", "replace").strip().splitlines()
    return "", f"exit code {result.exit}" + (f", {said[-1]}" if said else "")
