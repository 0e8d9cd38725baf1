"""``doctor kubernetes``: regular scans of a node, and the conditions that they prove."""

import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import NoReturn

from msgspec import Struct

from doctor.cli.common import SharedOptions, load_catalog, load_settings, open_host, words
from doctor.host.base import Host
from doctor.kubernetes import conditions
from doctor.kubernetes import publish as publishing
from doctor.kubernetes.api import ACCOUNT, Api, Server, valid_node
from doctor.kubernetes.report import LARGEST_BYTES, decode
from doctor.model.errors import DoctorError, UsageError
from doctor.state.out import write_out

_UNITS = {"s": 1, "m": 60, "h": 3600}


class ScanLoop(Struct, frozen=True, kw_only=True):
    """Options of ``doctor kubernetes scan``."""

    to: str
    host_root: str = "/"
    every: str = "10m"
    limit: str = "5m"
    once: bool = False
    select: str = ""
    skip: str = ""


class PublishLoop(Struct, frozen=True, kw_only=True):
    """Options of ``doctor kubernetes publish``."""

    report: str
    node: str = ""
    conditions: tuple[str, ...] = ()
    every: str = "1m"
    oldest: str = "35m"
    server: str = ""
    account: str = ""
    once: bool = False


def seconds(text: str, option: str) -> int:
    """Return a time of the command line in seconds.

    >>> seconds("90s", "--every"), seconds("10m", "--every")
    (90, 600)
    """
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smh])", text)
    if not found:
        raise UsageError(f"{option} '{text}' is not a time", do="write a number and s, m or h, such as 10m")
    return int(found[1]) * _UNITS[found[2]]


def scan(options: ScanLoop, shared: SharedOptions) -> int:
    """Scan once or for ever; return the exit code of the single scan."""
    every, limit = seconds(options.every, "--every"), seconds(options.limit, "--limit")
    if not os.path.isdir(options.host_root):
        raise UsageError("--host-root is not a directory", where=options.host_root, do="mount the host's root there")
    _end_at_sigterm()
    while True:
        try:
            raw = _scanned(options, shared, limit)
            decode(raw, options.to)
            # The group reads it: in a pod the other container runs as another user.
            _write_report(options.to, raw)
            shared.progress(f"wrote {options.to}")
            code = 0
        except DoctorError as error:
            code = error.exit_code
            if options.once:
                raise
            shared.progress(f"this scan failed: {error}")
        if options.once:
            return code
        time.sleep(every)


def _write_report(path: str, raw: bytes) -> None:
    try:
        write_out(path, raw, mode=0o640)
    except OSError as error:
        why = (error.strerror or "").lower()
        raise DoctorError(f"can't write the report: {why}", where=path, do="choose another --to FILE") from error


def publish(options: PublishLoop, shared: SharedOptions) -> int:
    """Publish once or for ever; return the exit code of the single round."""
    rules = tuple(conditions.parse(text) for text in options.conditions) or (
        conditions.ConditionRule(conditions.DEFAULT),
    )
    if len({rule.type for rule in rules}) < len(rules):
        raise UsageError("--condition has the same name twice", do="give each condition a name of its own")
    job = publishing.Publishing(
        path=options.report,
        node=valid_node(options.node),
        rules=rules,
        oldest_s=seconds(options.oldest, "--oldest"),
    )
    api = Api(Server(url=options.server or _own_server(), account=options.account or ACCOUNT))
    every = seconds(options.every, "--every")
    _end_at_sigterm()
    if options.once:
        for one in publishing.publish(job, api):
            shared.progress(f"{one.type} is {one.status} ({one.reason}): {one.message}")
        return 0
    publishing.loop(job, api, every_s=every, progress=shared.progress)
    return 0


def _own_server() -> str:
    """Return the address of the API server that Kubernetes gives each pod."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise UsageError("this is not a pod of Kubernetes", do="name the API server with --server")
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"


def _end_at_sigterm() -> None:
    # The first process of a container ignores a signal that it does not handle.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))


def _scanned(options: ScanLoop, shared: SharedOptions, limit_s: float) -> bytes:
    """Scan in a child, which enters the host's root directory; return its JSON report."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _child(options, shared, writer)
    os.close(writer)
    try:
        raw = _all_of(reader, time.monotonic() + limit_s)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        os.close(reader)
        _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        said = raw[:2000].decode("utf-8", "replace").strip()
        raise DoctorError(said or f"the scan ended with {os.waitstatus_to_exitcode(status)}")
    return raw


def _all_of(reader: int, end: float) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            raise DoctorError("the scan took too long and was ended", do="raise --limit")
        piece = os.read(reader, 1 << 20)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_BYTES:
            raise DoctorError(f"the report is larger than {LARGEST_BYTES >> 20} MiB")


def _child(options: ScanLoop, shared: SharedOptions, writer: int) -> NoReturn:
    """Write the report, or the reason for its absence; end the process."""
    code = 3
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _write(writer, _report(options, shared))
        code = 0
    except DoctorError as error:
        _write(writer, str(error).encode("utf-8", "backslashreplace"))
    except ImportError as error:
        says = f"below {options.host_root} doctor does not find its own modules ({error.name}) — use the one file (doctor-x86_64)"
        _write(writer, says.encode("utf-8", "backslashreplace"))
    except BaseException as error:  # noqa: BLE001 - boundary 3 of 3, in a process of its own
        _write(writer, f"this is a bug in doctor: {type(error).__name__}: {error}".encode("utf-8", "backslashreplace"))
    finally:
        sys.stderr.flush()
        os._exit(code)


def _report(options: ScanLoop, shared: SharedOptions) -> bytes:
    from doctor.cli.commands.scan import ScanOptions, examine
    from doctor.facts.secrets.redact import redacted

    is_contained = os.path.realpath(options.host_root) != "/"
    if is_contained:
        try:
            os.chroot(options.host_root)
        except OSError as error:
            raise DoctorError(
                f"can't enter the host's root directory: {(error.strerror or '').lower()}",
                where=options.host_root,
                do="run as root with the capability SYS_CHROOT, as kubernetes/daemonset.yaml does",
            ) from error
    os.chdir("/")
    settings = load_settings()
    catalog = load_catalog(settings)
    render: Callable[[object], bytes] = catalog.report_format("json").function
    ids = catalog.choose(words(options.select), (*words(options.skip), *settings.skip))
    host = _contained() if is_contained else open_host("")
    wish = ScanOptions(select=options.select, skip=options.skip)
    report, _ = examine(host, wish, shared, settings, catalog, ids, settings.fail_on)
    return render(redacted(report))


def _contained() -> Host:
    from doctor.host.machine.contained import ContainedHost

    return ContainedHost()


def _write(writer: int, raw: bytes) -> None:
    rest = memoryview(raw)
    while rest:
        rest = rest[os.write(writer, rest) :]
