"""Write a volume's options from their second copy."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise, Rebuild, Stage, Wanted
from doctor.facts.databases import VolumeDatabase
from doctor.facts.volumes import options_content
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def volume_opts_missing(finding: Finding, database: VolumeDatabase) -> Iterator[Action]:
    """Write what the volume database says."""
    detail = finding.detail
    content = options_content(database.records[detail.volume].options)
    if content is None:
        yield Advise(text=f"write {detail.path} by hand: the volume database holds an option that doctor does not know")
        return
    yield Rebuild(
        items=(Wanted(path=detail.path, node=File(content=content), mode=0o600),),
        what=f"write the options of volume {detail.volume} from the volume database",
        stage=Stage.DATABASES,
    )
