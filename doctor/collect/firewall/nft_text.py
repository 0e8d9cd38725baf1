"""Lists chains of nft as text, which has nft's own spelling of a rule; only those in which a finding is."""

from doctor.facts.firewall.ends.rule_place import NFT, RulePlace
from doctor.formats.firewall import nft_chain
from doctor.formats.firewall.nft_chain import NftLine
from doctor.host.base import Host
from doctor.model.missing import HostError

_TIMEOUT_S = 10.0
NftPlace = tuple[str, str, str]
"""Family, table and chain."""


class NftTexts:
    """The rules of chains, each chain listed once; ``prefix`` enters the network namespace that they are in."""

    def __init__(self, host: Host, prefix: tuple[str, ...] = ()) -> None:
        self.host = host
        self.prefix = prefix
        self._known: dict[NftPlace, dict[int, NftLine]] = {}

    def of(self, chain: NftPlace, handle: int) -> NftLine | None:
        """Return one rule, ``None`` if it can't be listed."""
        if chain not in self._known:
            self._known[chain] = {line.handle: line for line in self._listed(chain)}
        return self._known[chain].get(handle)

    def _listed(self, chain: NftPlace) -> tuple[NftLine, ...]:
        try:
            done = self.host.run((*self.prefix, "nft", "-a", "list", "chain", *chain), timeout_s=_TIMEOUT_S)
        except HostError:
            return ()
        return () if done.exit else nft_chain.parse(done.text)


def place(texts: NftTexts, chain: NftPlace, *, handle: int, base: str, fallback: str) -> RulePlace:
    """Return the place of a rule, or of the policy for no handle; ``fallback`` is its text if it can't be listed."""
    line = texts.of(chain, handle) if handle else None
    return RulePlace(
        family=chain[0],
        table=chain[1],
        chain=chain[2],
        base=base,
        backend=NFT,
        text=fallback if line is None else line.plain,
        handle=handle,
        can_return=line is not None and line.is_readable,
    )
