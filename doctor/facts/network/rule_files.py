"""Files of the host that load rules of packet filters again: which line brings a rule or a policy back."""

from msgspec import Struct

from doctor.formats.network.rule_lines import RuleLine, plain
from doctor.model.finding import Evidence
from doctor.model.missing import Missing

_KINDS = frozenset({"IN", "OUT", "FWD", "FWDI", "FWDO"})
_PARTS = ("pre", "log", "deny", "allow", "post")


class RuleFiles(Struct, frozen=True, kw_only=True):
    """Rules and policies of saved rules, nftables.conf, ufw, firewalld, hooks and scripts; read only if packets end somewhere.

    Attributes:
        lines: those that drop, or lead somewhere, in the order of the files.
        forward_policy: place of the line by which ufw sets the policy of FORWARD to DROP, "" for none.
        zones: name of a zone or policy of firewalld → the line of its file that drops or rejects.
        gaps: files that could not be read.
    """

    lines: tuple[RuleLine, ...] = ()
    forward_policy: str = ""
    zones: dict[str, str] = {}
    gaps: tuple[Missing, ...] = ()

    def source(self, family: str, table: str, chain: str, text: str) -> str:
        """Return the place of the line that loads a rule, or with an empty text a chain's policy; "" if none is known.

        ``text`` is the rule as its program spells it, with or without ``-A CHAIN``.
        """
        words = text.split()
        wanted = plain(words[2:] if words[:1] == ["-A"] else words)
        nft = _of_nft(words)
        for one in self.lines:
            if (one.family, one.table, one.chain) == (family, table, chain) and one.words in {wanted, nft}:
                return f"{one.path}:{one.line}"
        if zone := self.zones.get(zone_of(family, table, chain), ""):
            return zone
        return self.forward_policy if not text and (table, chain) == ("filter", "FORWARD") else ""


def zone_of(family: str, table: str, chain: str) -> str:
    """Return the zone or policy to which a chain of firewalld belongs, "" for another chain.

    >>> zone_of("inet", "firewalld", "filter_FWD_public_deny"), zone_of("ip", "filter", "IN_public"), zone_of("ip", "filter", "DOCKER")
    ('public', 'public', '')
    """
    if (family, table) == ("inet", "firewalld"):
        chain = chain.partition("_")[2]
    kind, _, name = chain.partition("_")
    for part in _PARTS:
        name = name.removesuffix(f"_{part}")
    return name if kind in _KINDS else ""


def _of_nft(words: list[str]) -> tuple[str, ...]:
    """Return a rule of nft without its counters and comment."""
    text = " ".join(words)
    before, mark, after = text.partition("counter packets ")
    return nft_words([*before.split(), *after.split()[3:]] if mark else words)


def nft_words(words: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a rule of nft in a form in which equal rules are equal.

    >>> nft_words(["ip", "saddr", "10.0.0.0/8", "counter", "drop", "comment", '"x"'])
    ('10.0.0.0/8', 'drop', 'ip', 'saddr')
    """
    found = list(words[: words.index("comment")] if "comment" in words else words)
    return tuple(sorted(word.strip('"') for word in found if word != "counter"))


def loaded_again(files: RuleFiles | Missing, family: str, table: str, chain: str, text: str) -> tuple[Evidence, ...]:
    """Return the evidence that a file loads a rule or a policy again, for the finding about it."""
    found = "" if isinstance(files, Missing) else files.source(family, table, chain, text)
    return (Evidence(found, "loads it again at the next boot or reload"),) if found else ()
