"""Rules of an engine of another version are there."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.details import OtherChains
from doctor.facts.firewall.rules import EngineRules


@check(severity=Severity.WARNING, detail=OtherChains, ok="only this engine's rules are there")
def rules_of_another_engine(rules: EngineRules) -> Iterator[Finding]:
    """The filter table has chains that only engines of another version make.

    What it looks at:
        The chains of the filter table against those that an engine of this version makes.

    Why it matters:
        The engine was downgraded, or an old rule file was loaded over its rules. Rules of two generations do not agree on who
        drops what: ports that should be open may be closed, and the other way round.

    How it is fixed:
        By a person: restart docker in a quiet moment after the foreign chains were flushed; it makes its own rules anew.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    saved = rules.families[0].saved
    used = [chain for chain in rules.leftovers if saved.rules("filter", chain)]
    if used:
        yield Finding(
            subject=Subject("firewall", "filter"),
            message=f"the filter table holds rules of another engine's version ({', '.join(used)}); this one is of"
            f" {rules.generation}",
            evidence=tuple(Evidence(" ".join(saved.save), saved.rules("filter", chain)[0].text) for chain in used),
            detail=OtherChains(names=tuple(used)),
        )
