"""Words of findings about rules at which packets end."""

from doctor.facts.firewall.rule_cuts import RuleCut
from doctor.facts.network.rule_files import RuleFiles, loaded_again
from doctor.model.finding import Evidence
from doctor.model.missing import Missing


def message_of(item: RuleCut) -> str:
    """Return the sentence: which packets end at which rule, and how much more ends there."""
    cut = item.cut
    subject = cut.says.partition(" end at ")[0].partition(" are rejected at ")[0]
    verb = "are rejected" if cut.end == "rejected" else "end"
    others = max(len(cut.ways) - 1, 0)
    more = f", as {'does 1 other way' if others == 1 else f'do {others} other ways'} of traffic" if others else ""
    owner = f" (of {item.place.owner})" if item.place.owner else ""
    return f"{subject} {verb} at {item.place.words}{owner}{more}"


def evidence_of(item: RuleCut, files: RuleFiles | Missing) -> tuple[Evidence, ...]:
    """Return the command that shows the rule, the file that loads it again, and the hops and ways of what ends there."""
    place = item.place
    shown = Evidence(place.command, place.text or "policy drop")
    again = loaded_again(files, place.family, place.table, place.chain, place.text)
    if not item.cut.ways:
        return (shown, *again)
    # The message names rule and packets: the sentence adds something only where packets end because of the rule, not at it.
    is_said = item.cut.reason.startswith(('"', "the policy "))
    return (shown, *again, *(item.cut.evidence[1:] if is_said else item.cut.evidence))
