"""Creates an overlay's writable directories at the plan's place; they are removed with the runtime, even if it is
killed.

Overlayfs wants `upper` and `work` on one file system, created before the mount. The janitor removes them, so a killed
runtime leaves none.
"""

import os

from doctor.runtime.base import kernel
from doctor.runtime.base.frozen import TYPE_CHECKING, LaunchError, reason, replace
from doctor.runtime.base.kernel import O_PATH
from doctor.runtime.plan.container import ContainerPlan

if TYPE_CHECKING:
    from doctor.runtime.cleanup.janitor import Janitor


def prepare(plan: ContainerPlan, name: str, janitor: "Janitor") -> ContainerPlan:
    """Create the directories below the plan's scratch; returns the plan that uses them. Raises LaunchError.

    The scratch's files become a separate lower layer if the plan has no layers.
    """
    scratch = plan.scratch
    if scratch is None:
        return plan
    try:
        parent = os.open(scratch.directory, O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        tree = _made(parent, name, scratch.files, janitor)
    except OSError as error:
        raise LaunchError(f"can't make the scratch directory '{scratch.directory}/{name}': {reason(error)}") from None
    try:
        # By its resolved name: the plan's directories are reopened without following links.
        base = os.readlink(kernel.at(tree)).decode("utf-8", "surrogateescape")
    finally:
        os.close(parent)
        os.close(tree)
    layers = plan.root.layers or (f"{base}/lower",)
    return replace(plan, root=replace(plan.root, layers=layers, upper=f"{base}/upper", work=f"{base}/work"))


def _made(parent: int, name: str, files: tuple[tuple[str, str], ...], janitor: "Janitor") -> int:
    """A descriptor of the new directory, announced to the janitor before it is created."""
    janitor.before_tree(parent, name)
    os.mkdir(name, 0o700, dir_fd=parent)
    tree = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    janitor.tree_made(tree, name)
    for path in ("upper", "work", "lower"):
        os.mkdir(path, 0o755, dir_fd=tree)
    for path, text in files:
        _write(tree, f"lower{path}", text)
    return tree


def _write(tree: int, path: str, text: str) -> None:
    directory = ""
    for part in path.split("/")[:-1]:
        directory += f"{part}/"
        if directory not in ("lower/", "lower//"):
            _make(tree, directory)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=tree)
    os.write(handle, text.encode())
    os.close(handle)


def _make(tree: int, directory: str) -> None:
    try:
        os.mkdir(directory, 0o755, dir_fd=tree)
    except FileExistsError:
        return
