"""Faults as data: how to break a box, how to undo that, the trace that must notice, and where its way must end.

In commands and expectations, names in braces are those of the box: {v} and {w} are the host's devices of the containers aa
and bb, {br} their bridge, {aa}, {bb} and {cc} their processes, {ip} the address of aa. aa and bb are on the default bridge,
cc on a network of its own. ``in {aa}: `` before a command runs it in the network of the container.
"""

from dataclasses import dataclass

FAR = "203.0.113.9"
FAR6 = "2001:db8:9::9"
TO_FAR = ("aa", f"{FAR}:80")
TO_HOST = ("aa", "host")
TO_AA = ("host", "aa:80")
TO_PEER = ("aa", "bb")
TO_FAR6 = ("ff", f"[{FAR6}]:80")
RULE_DROP = "NETFILTER_DROP"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFault:
    """One fault.

    Attributes:
        name: what is wrong.
        do, undo: shell commands.
        trace: arguments.
        end: expected values of the document's ``end``; ``result`` too. A text in ``rule`` must be in the rule's line.
        rule: text of the rule that drops the packet.
    """

    name: str
    do: tuple[str, ...]
    undo: tuple[str, ...] = ()
    trace: tuple[str, str] = TO_FAR
    end: dict[str, str]
    rule: str = ""


def drop(reason: str, function: str, place: str = "host", device: str = "{br}", **more: str) -> dict[str, str]:
    return {"result": "dropped", "reason": reason, "function": function, "place": place, "device": device, **more}


def ruled(name: str, add: str, remove: str, text: str, trace: tuple[str, str] = TO_FAR, **end: str) -> PathFault:
    found = drop(RULE_DROP, "nft_do_chain", **end) | {"cause": "rule"}
    return PathFault(name=name, do=(add,), undo=(remove,), trace=trace, end=found, rule=text)
