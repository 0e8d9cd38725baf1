"""Enable containerd's CRI plugin."""

import re
from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import EditFile
from doctor.facts.containerd.config import ContainerdConfig
from doctor.facts.details import OfFile

_LIST = re.compile(rb"^([ \t]*disabled_plugins[ \t]*=[ \t]*\[)([^\]]*)(\])", re.MULTILINE)
_CRI = (b"cri", b"io.containerd.grpc.v1.cri", b"io.containerd.cri.v1.runtime")


def _enabled(data: bytes) -> bytes:
    def without(found: re.Match[bytes]) -> bytes:
        items = [item for item in found[2].split(b",") if item.strip().strip(b"\"'") not in _CRI]
        return found[1] + b",".join(items).strip() + found[3]

    return _LIST.sub(without, data, count=1)


@fixer(applicability=Applicability.DISRUPTIVE)
def cri_disabled(detail: OfFile, containerd: ContainerdConfig) -> Iterator[Action]:
    """Remove "cri" from the disabled plugins; containerd reads the file at its next start."""
    path = detail.path
    if not containerd.line:
        yield Advise(text=f'remove "cri" from disabled_plugins in {path}, then systemctl restart containerd')
        return
    what = f'remove "cri" from disabled_plugins in {path} (restart containerd afterwards)'
    yield EditFile(path=path, edit=_enabled, what=what)
