"""Delete a fixed neighbour entry."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.path.endpoints import inside
from doctor.facts.path.ends.details import EntryWrong


@fixer(applicability=Applicability.SAFE)
def neighbour_wrong(detail: EntryWrong) -> Iterator[Action]:
    """Delete it: the kernel asks for the address by itself."""
    entry = detail.entry
    yield inside(
        detail.place,
        ("neigh", "del", {"dev": entry["dev"], "dst": entry["dst"]}),
        ("neigh", "add", entry),
        f"delete the permanent neighbour entry of {entry['dst']} on {entry['dev']}",
    )
