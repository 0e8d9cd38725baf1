"""The tables of nftables and the number of their changes, from nfnetlink's messages."""

from doctor.formats.netlink.messages import attributes, text

GET_TABLE, GET_RULE, GET_GENERATION = 0x0A01, 0x0A07, 0x0A10
"""NFNL_SUBSYS_NFTABLES << 8, and NFT_MSG_ of include/uapi/linux/netfilter/nf_tables.h."""
HEADER = bytes(4)
"""struct nfgenmsg: all families."""
_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}


def parse_table(body: bytes) -> tuple[str, str] | None:
    """Return (family, name) of an NFT_MSG_NEWTABLE message.

    >>> from doctor.formats.netlink.messages import attribute
    >>> parse_table(bytes([2, 0, 0, 0]) + attribute(1, b"nat"))
    ('ip', 'nat')
    """
    name = text(attributes(body, len(HEADER)).get(1))
    return (_FAMILIES.get(body[0]) or str(body[0]), name) if name else None


def parse_rule_place(body: bytes) -> str | None:
    """Return the place of an NFT_MSG_NEWRULE message: "ip nat OUTPUT"."""
    found = attributes(body, len(HEADER))
    chain = text(found.get(2))
    return f"{_FAMILIES.get(body[0]) or body[0]} {text(found.get(1))} {chain}" if chain else None


def parse_generation(body: bytes) -> int:
    """Return the number of changes, of an NFT_MSG_NEWGEN message."""
    return int.from_bytes(attributes(body, len(HEADER)).get(1, b"")[:4], "big")
