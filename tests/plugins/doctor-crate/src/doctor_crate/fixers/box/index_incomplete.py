"""Add boxes to the index."""

import json
from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.files import WriteFile
from doctor_crate.engines.crate.facts.root import Crates, OfIndex


@fixer(applicability=Applicability.SAFE)
def index_incomplete(detail: OfIndex, crates: Crates) -> Iterator[Action]:
    """Write the index with every box that has a directory."""
    boxes = {**crates.index, **dict.fromkeys(detail.boxes, "")}
    content = json.dumps({"boxes": boxes, "images": crates.images}).encode()
    yield WriteFile(
        path=detail.path, content=content, what=f"add {', '.join(detail.boxes)} to the index", stage=Stage.DATABASES
    )
