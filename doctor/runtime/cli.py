"""The command line: `doctor-runtime run` and `doctor-runtime batch`. No argparse: it would cost half a launch."""

from doctor.runtime.base.frozen import FAILED, USAGE, LaunchError, reason
from doctor.runtime.base.system import os

HELP = """\
usage: doctor-runtime run [OPTIONS] ROOTFS -- COMMAND [ARG...]
       doctor-runtime run [OPTIONS] --layers DIR[:DIR...] -- COMMAND [ARG...]
       doctor-runtime run [OPTIONS] --bundle DIR [-- COMMAND [ARG...]]
       doctor-runtime run [OPTIONS] [ROOTFS] --builtin NAME [KEY=VALUE...]
       doctor-runtime batch < SPEC.json

Runs containers without a daemon: namespaces, overlay, cgroups, capabilities and seccomp as Docker's defaults.
Needs root. doctor/runtime/__init__.py in the source describes the JSON that batch reads.

root file system
  --layers DIR[:DIR...]    overlay of layers, topmost first        --upper DIR --work DIR   keep the container's writes
  --layers-root DIR        names of layers are relative to it      --bundle DIR             an OCI bundle's config.json
  --readonly               the root can't be written               --root-size BYTES[k|m|g] space for discarded writes
network
  --net none|host|container:PID|path:FILE|bridge   (none)
  --bridge NAME --address A.B.C.D/N [--gateway A.B.C.D] [--create-bridge] [--masquerade] [--mtu N]
  -p, --publish [IP:]HOST:CONTAINER[/udp]          repeatable
process
  --env-fd N               more of the environment, from a descriptor: NAME=VALUE, each ended by NUL
  -e, --env NAME=VALUE     -w, --workdir DIR       -u, --user USER[:GROUP]    --hostname NAME
  -v, --volume SOURCE:TARGET[:ro]                  --file PATH=TEXT           --tmpfs DIR
  -i, --interactive        -t, --tty               --name ID                  --timeout SECONDS
limits and rights
  --memory BYTES[k|m|g]    --cpus N                --pids N                   --shm BYTES[k|m|g]
  --ulimit NAME=SOFT[:HARD]                        --cap-add CAP --cap-drop CAP
  --no-seccomp             --new-privs             (lift default restrictions)
  --userns FIRST:COUNT     root inside is FIRST on the host, without any right outside of the container

exit code: the command's; 128 + the signal that ended it; 125 the runtime failed; 126 not executable; 127 not found;
2 wrong usage.

examples
  doctor-runtime run --net host / -- ls /
  doctor-runtime run --memory 64m -it ./rootfs -- sh
"""


def main(arguments: list[str]) -> int:
    """Run one command line; the exit code."""
    verb, *rest = arguments or ["--help"]
    try:
        _open_missing_stdio()
        return _dispatch(verb, rest)
    except LaunchError as failure:
        os.write(2, f"doctor-runtime: {failure.message}\n".encode("utf-8", "replace"))
        return failure.code
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        os.write(2, f"doctor-runtime: {reason(error)}\n".encode("utf-8", "replace"))
        return FAILED


def _dispatch(verb: str, rest: list[str]) -> int:
    if verb in ("--help", "-h", "help") or "--help" in rest[:1]:
        os.write(1, HELP.encode())
        return 0
    if verb == "--version":
        from doctor import __version__  # noqa: PLC0415 - a verb loads only what it uses

        os.write(1, f"doctor-runtime {__version__}\n".encode())
        return 0
    if verb == "run":
        from doctor.runtime import run  # noqa: PLC0415

        return run.main(rest)
    if verb == "batch" and not rest:
        from doctor.runtime import batch  # noqa: PLC0415

        return batch.run(_all_of_stdin())
    if verb == "rungs" and not rest:
        from doctor.runtime.rungs import keeper  # noqa: PLC0415

        return keeper.run()
    raise LaunchError(f"unknown command or argument: '{' '.join([verb, *rest[:1]])}' (see --help)", USAGE)


def _all_of_stdin() -> bytes:
    text = b""
    while chunk := os.read(0, 1 << 20):
        text += chunk
    return text


def _open_missing_stdio() -> None:
    """If 0, 1 or 2 is closed at start, the next opened descriptor would take its number."""
    while True:
        try:
            found = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise LaunchError(
                f"/dev/null can't be opened: {reason(error)}; in a chroot, mount the host's /dev"
            ) from error
        if found > 2:
            os.close(found)
            return
        os.set_inheritable(found, True)
