"""Writable directories of an overlay that lie where the plan says and vanish with the runtime, whatever ends it.

Overlayfs wants `upper` and `work` on one file system, made before the mount. The janitor removes them, so a runtime that
is killed leaves none.
"""

import os

from doctor.runtime.plan import Plan
from doctor.runtime.values import TYPE_CHECKING, Failure, reason, replace

if TYPE_CHECKING:
    from doctor.runtime.janitor import Janitor


def prepare(plan: Plan, name: str, janitor: "Janitor") -> Plan:
    """Make the directories below the plan's scratch, and the plan that uses them. Raises Failure.

    The scratch's files become a lower layer of their own where the plan has no layers.
    """
    scratch = plan.scratch
    if scratch is None:
        return plan
    base = f"{scratch.directory}/{name}"
    janitor.before_tree(base)
    try:
        for path in (base, f"{base}/upper", f"{base}/work", f"{base}/lower"):
            os.mkdir(path, 0o755 if path != base else 0o700)
        for path, text in scratch.files:
            _write(f"{base}/lower", path, text)
    except OSError as error:
        raise Failure(f"can't make the scratch directory '{base}': {reason(error)}") from None
    layers = plan.root.layers or (f"{base}/lower",)
    return replace(plan, root=replace(plan.root, layers=layers, upper=f"{base}/upper", work=f"{base}/work"))


def _write(lower: str, path: str, text: str) -> None:
    directory = f"{lower}{path}".rpartition("/")[0]
    os.makedirs(directory, 0o755, exist_ok=True)
    handle = os.open(f"{lower}{path}", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    os.write(handle, text.encode())
    os.close(handle)
