"""Base chains and tables of nft that an iptables command creates implicitly, and their removal.

``iptables-nft-restore`` creates the table and each built-in chain that a line names; undoing its lines leaves them empty.
"""

import json
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct

from doctor.host.base import CommandResult
from doctor.model.missing import HostError, Missing, Why
from doctor.model.step import Answer
from doctor.model.view import View

BUILT_IN = frozenset({"INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING"})

STAYS = "uses it since"
"""The message of the removal for a chain that it leaves: not empty, or with another policy."""

_REMOVE = f"""
family=$1 table=$2 made=$3 left=
shift 3
for chain; do
    text=$(nft list chain "$family" "$table" "$chain" 2>/dev/null) || continue
    case $text in
    *"policy accept"*) lines=$(printf '%s\\n' "$text" | wc -l) ;;
    *) lines=0 ;;
    esac
    [ "$lines" -eq 5 ] && nft delete chain "$family" "$table" "$chain" || left="$left $chain"
done
if [ "$made" = table ] && [ -z "$(nft list table "$family" "$table" 2>/dev/null | sed '1d;/^}}$/d')" ]; then
    nft delete table "$family" "$table" 2>/dev/null
fi
[ -z "$left" ] || {{ echo "chain$left of table $family $table stays: something {STAYS}" >&2; exit 1; }}
"""
"""``nft delete chain`` also deletes a chain's rules, so only an empty one is deleted."""


@runtime_checkable
class Asks(Protocol):
    """A view that also answers commands: every host does, predictions too."""

    def run(self, argv: tuple[str, ...], *, timeout_s: float = 5.0, stdin: bytes = b"") -> CommandResult:
        """Run a read-only command."""
        ...


@runtime_checkable
class AskingView(Asks, View, Protocol):
    """A view of a running host."""


def asking(view: View) -> AskingView:
    """Return a view that answers commands; raises ``HostError`` for one that does not: rules exist only in a running kernel."""
    if not isinstance(view, AskingView):
        raise HostError(Missing(Why.UNSUPPORTED, "firewall rules need a running host"))
    return view


class MadeChains(Struct, frozen=True):
    """The command that removes the created chains, and the kernel's listing with them."""

    remove: tuple[str, ...]
    after: Answer


def made(view: Asks, restore: str, table: str, chains: tuple[str, ...]) -> MadeChains | None:
    """Return the removal of built-in chains of an iptables table that do not exist yet; ``None`` for none.

    A legacy table is a kernel module and always has all of its chains.
    """
    if "legacy" in restore:
        return None
    family = "ip6" if restore.startswith("ip6") else "ip"
    ask = ("nft", "-j", "list", "chains", family)
    try:
        entries: list[dict[str, Any]] = json.loads(view.run(ask).stdout)["nftables"]
        known = {(one["chain"]["table"], one["chain"]["name"]) for one in entries if "chain" in one}
        tables = view.run(("nft", "list", "tables")).text.splitlines()
    except (HostError, ValueError, TypeError, KeyError):
        return None
    new = tuple(chain for chain in dict.fromkeys(chains) if chain in BUILT_IN and (table, chain) not in known)
    if not new:
        return None
    word = "" if f"table {family} {table}" in tables else "table"
    there = [{"chain": {"family": family, "table": table, "name": chain}} for chain in new]
    listed = json.dumps({"nftables": [*entries, *there]}).encode()
    return MadeChains(("sh", "-c", _REMOVE, "sh", family, table, word, *new), Answer(ask=ask, stdout=listed))
