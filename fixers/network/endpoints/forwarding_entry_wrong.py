"""Delete a fixed forwarding entry."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.ends.details import EntryWrong


@fixer(applicability=Applicability.SAFE)
def forwarding_entry_wrong(detail: EntryWrong) -> Iterator[Action]:
    """Delete it: the bridge learns the address by itself."""
    entry = detail.entry
    yield ChangeLink(
        do=("fdb", "del", {"dev": entry["dev"], "lladdr": entry["lladdr"]}),
        undo=("fdb", "add", entry),
        what=f"delete the static forwarding entry of {entry['lladdr']} at {entry['dev']}",
    )
