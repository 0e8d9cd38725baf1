"""The healthy patient after a scan and a power loss: what every case starts from and is held against."""

import json
import tempfile
from pathlib import Path

from msgspec import Struct

from doctor.state import metadata
from tests.hosts import archive
from tests.hosts.box import Box
from tests.hosts.campaign.verdict import Engine, Verdict, verdict
from tests.hosts.patient import patient
from tests.hosts.sandbox import SandboxError

STATE = "/var/lib/doctor"


class Reference(Struct, frozen=True, kw_only=True):
    """The healthy patient after a scan and a power loss.

    Attributes:
        root: its data root as a tar.
        state: doctor's own files of the scan, as a tar.
        images: tag → image ID.
        verdict: what dockerd says of it.
    """

    root: Path
    state: Path
    images: dict[str, str]
    verdict: Verdict


def reference() -> Reference:
    """Built once, then taken from the cache."""
    here = Path(__file__)
    # Doctor's record of a scan is part of it: a backup in another form is not a backup.
    kept = [Path(module.__file__).read_text() for module in (metadata,)]
    key = "\n".join([patient().name, here.read_text(), here.with_name("verdict.py").read_text(), *kept])
    kept = archive.cached("campaign", key, _build)
    about = json.loads((kept / "about.json").read_text())
    return Reference(root=kept / "root.tar", state=kept / "state.tar", **about)


def _build(target: Path) -> None:
    partial = Path(tempfile.mkdtemp(dir=target.parent, prefix="campaign."))
    with Box(data_root=patient()) as box:
        box.start_dockerd()
        images = {tag: one["Id"] for one in Engine(box).get("/images/json") for tag in one["RepoTags"]}
        box.run([box.doctor_path, "scan"])
        box.power_loss()
        archive.pack(box.workdir / "docker", partial / "root.tar")
        archive.pack(box.path(STATE), partial / "state.tar")
        box.start_dockerd()
        said = verdict(box, images)
    failed = {name: value for name, value in said.items() if value.startswith("failed: ")}
    if failed:
        raise SandboxError(f"the patient is not healthy: {failed}")
    (partial / "about.json").write_text(json.dumps({"images": images, "verdict": said}))
    partial.rename(target)
