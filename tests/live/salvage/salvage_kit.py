"""Takes what was salvaged out of a box and gives it to another dockerd."""

import contextlib
import json
import shutil
from collections.abc import Iterator

from tests.hosts.box import Box

OUT = "/mnt/out"
IMAGES = "/mnt/images.tar"
TAGS = {"app:latest", "bb:1", "bk:1", "com:1", "leg:1"}
"""The names of the patient's images."""


def salvaged(box: Box) -> dict[str, str]:
    """Name → image id of what skopeo takes out of the layout: it checks every blob against its digest."""
    names = {}
    for entry in json.loads(box.read(f"{OUT}/index.json"))["manifests"]:
        name = entry.get("annotations", {}).get("org.opencontainers.image.ref.name", "")
        if name:
            box.run(["skopeo", "copy", "--quiet", f"oci:{OUT}:{name}", "dir:/tmp/copy"])
            names[name] = json.loads(box.read("/tmp/copy/manifest.json"))["config"]["digest"]
            box.run(["rm", "-r", "/tmp/copy"])
    return names


@contextlib.contextmanager
def loaded(box: Box, *, settings: str = "{}") -> Iterator[Box]:
    """Another box, whose fresh dockerd has loaded the tar of images that was salvaged in the first; settings of its own."""
    with Box() as other:
        other.write("/etc/docker/daemon.json", settings)
        other.start_dockerd()
        shutil.copy(box.path(IMAGES), other.path(IMAGES))
        other.docker("load", "-i", IMAGES)
        yield other
