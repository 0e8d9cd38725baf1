"""The firewall has rules of another engine version."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.details import OtherChains
from doctor.facts.firewall.rules import EngineRules


@check(severity=Severity.WARNING, detail=OtherChains, ok="the firewall has no rules of another engine version")
def rules_of_another_engine(rules: EngineRules) -> Iterator[Finding]:
    """The filter table has chains that only engines of another version create, so ports may be wrongly open or closed.

    What it looks at:
        The chains of the filter table, compared with those that an engine of this version creates.

    Why it matters:
        The engine was downgraded, or an old rule file was loaded over its rules. The rules of two versions conflict: ports that
        should be open may be closed, and closed ones open.

    How it is fixed:
        Manually: flush the foreign chains at a quiet time, then restart docker, which creates its own rules.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    saved = rules.families[0].saved
    used = [chain for chain in rules.leftovers if saved.rules("filter", chain)]
    if used:
        yield Finding(
            subject=Subject("firewall", "filter"),
            message=f"the filter table has rules of another engine version ({', '.join(used)}); this engine uses"
            f" the rules of engine {rules.generation}",
            evidence=tuple(Evidence(" ".join(saved.save), saved.rules("filter", chain)[0].text) for chain in used),
            detail=OtherChains(names=tuple(used)),
        )
