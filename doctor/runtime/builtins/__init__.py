"""Functions that run inside a container instead of a command, so that a probe needs no file of the host or an image.

Each takes the specification's `args`, writes its answer to stdout as one JSON object, errors to stderr, and returns the
exit code: 0 success, 1 failure, 2 invalid arguments.
"""

from doctor.runtime.base.frozen import TYPE_CHECKING, USAGE, LaunchError

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[[dict[str, object]], int]

NAMES = {
    "net": ("http-get", "tcp-connect", "dns-query", "listen", "greet", "udp-listen", "udp-ask"),
    "files": ("write-file", "read-file", "overlay-check", "stat-files"),
    "load": ("print", "sleep", "memory-eat", "fork-many", "cpu-burn"),
    "inspect": ("inspect",),
    "reach": ("reach", "tcp-peers"),
    "registry": ("registry",),
}


def function(name: str) -> "Function":
    """The function of that name; imports its module, so this is called by the runtime and never in a container."""
    room = next((module for module, names in NAMES.items() if name in names), None)
    if room is None:
        known = ", ".join(sorted(n for names in NAMES.values() for n in names))
        raise LaunchError(f"unknown builtin '{name}' (known: {known})", USAGE)
    if room == "net":
        from doctor.runtime.builtins import net as module  # noqa: PLC0415 - only what the document asks for
    elif room == "files":
        from doctor.runtime.builtins import files as module  # type: ignore[no-redef]  # noqa: PLC0415
    elif room == "load":
        from doctor.runtime.builtins import load as module  # type: ignore[no-redef]  # noqa: PLC0415
    elif room == "reach":
        from doctor.runtime.builtins import reach as module  # type: ignore[no-redef]  # noqa: PLC0415
    elif room == "registry":
        from doctor.runtime.builtins import registry as module  # type: ignore[no-redef]  # noqa: PLC0415
    else:
        from doctor.runtime.builtins import inspect as module  # type: ignore[no-redef]  # noqa: PLC0415
    return module.FUNCTIONS[name]
