"""A box is in no index."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.model.paths import join
from doctor_crate.engines.crate import places as crate
from doctor_crate.engines.crate.facts.root import Crates, OfIndex


@check(severity=Severity.ERROR, detail=OfIndex, ok="the index has every box")
def index_incomplete(crates: Crates) -> Iterator[Finding]:
    """The index of Crate lacks a box that has a directory: Crate does not start it.

    What it looks at:
        The index, and the directories of boxes.

    Why it matters:
        Crate starts what its index lists.

    How it is fixed:
        The box is added to the index.

    References:
        https://crate.example/index
    """
    lost = tuple(one for one in crates.boxes if one not in crates.index)
    if lost:
        path = join(crates.path, crate.INDEX)
        yield Finding(
            subject=Subject("file", path),
            message=f"the index lacks box {', '.join(lost)}: Crate does not start it",
            evidence=(Evidence(path, ", ".join(crates.index)),),
            detail=OfIndex(path=path, boxes=lost),
        )
