"""Rules of others that change or skip the translation of containers' packets, in every backend."""

from msgspec import Struct

from doctor.facts.firewall.ends.rule_place import RulePlace
from doctor.facts.path.paths import PathCut, Paths
from doctor.model.missing import Missing

DIVERTED, UNTRACKED, RENAMED = "diverted", "untracked", "renamed"
_CAUSES = {
    DIVERTED: ("rule", "neighbour", "no-listener", "taken", "wrong-way", "proxy-missing", "no-route", "local-address"),
    UNTRACKED: ("no-masquerade", "answer-address", "rule"),
    RENAMED: ("no-masquerade", "answer-address"),
}
"""Causes of ends that follow from such a rule."""


class Translation(Struct, frozen=True, kw_only=True):
    """One rule of somebody else that translates packets in the engine's stead, or keeps them from being translated.

    Attributes:
        version: of the packets, 4 or 6.
        kind: ``diverted`` (they go elsewhere), ``untracked`` (no rule of nat sees them), ``renamed`` (their answers go elsewhere).
        place: the rule.
        packets: the packets, in words: "packets to port 8080/tcp", "outgoing packets of network app".
        target: where they go, or the source that they get, "" if nowhere in particular.
        holder: the loopback interface if it has that source, "" if nobody here has it.
        bridges: interfaces of the networks concerned.
        ports: (protocol, port) of diverted packets.
    """

    kind: str
    version: int = 4
    place: RulePlace
    packets: tuple[str, ...]
    target: str = ""
    bridges: tuple[str, ...] = ()
    ports: tuple[tuple[str, int], ...] = ()
    holder: str = ""

    def sayings(self, paths: Paths | Missing) -> tuple[str, ...]:
        """Return the sentences about packets that end where they do because of this rule."""
        found = () if isinstance(paths, Missing) else paths.of(*_CAUSES[self.kind])
        return tuple(cut.says for cut in found if self._explains(cut))

    def _explains(self, cut: PathCut) -> bool:
        if any(way.version != self.version for way in cut.ways):
            return False
        if self.kind != DIVERTED:
            return cut.cause != "rule" or cut.table.endswith(" filter")
        ports = {(way.protocol, way.port) for way in cut.ways}
        return bool(self.ports) and ports <= set(self.ports)


class Translations(Struct, frozen=True, kw_only=True):
    """All of them."""

    items: tuple[Translation, ...] = ()
    gaps: tuple[Missing, ...] = ()

    def of(self, kind: str) -> tuple[Translation, ...]:
        """Return those of one kind."""
        return tuple(item for item in self.items if item.kind == kind)
