"""``doctor waive``: accept a finding until a day, with a reason, or list what is accepted."""

import datetime as dt
import os
import re

from msgspec import Struct
from msgspec.structs import replace

from doctor.cli import unseen
from doctor.cli.accepted import declared
from doctor.cli.common import SharedOptions, load_catalog, load_settings, severity
from doctor.cli.spelled import as_root
from doctor.history.store import History
from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.model.exit_code import ExitCode
from doctor.model.finding import Finding
from doctor.model.severity import Severity
from doctor.model.text import plural, visible
from doctor.plugins.catalog import Catalog
from doctor.state.out import write_out
from doctor.state.paths import config_file
from doctor.state.settings import Settings, Waiver
from doctor.state.waiver_text import added
from doctor.state.waivers import limit_of

_UNITS = {"d": 1, "w": 7}
_UNTIL = "give --until 2027-06-30, 90d or never"


class WaiveOptions(Struct, frozen=True, kw_only=True):
    """Options and arguments of the command line."""

    id: str = ""
    subject: str = ""
    reason: str = ""
    until: str = ""
    author: str = ""
    severity: str = ""


def run(options: WaiveOptions, shared: SharedOptions, *, today: dt.date | None = None) -> int:
    """Add a waiver to the settings, or list them without an id; return the exit code."""
    day = today or dt.datetime.now(dt.UTC).date()
    if not options.id:
        if options != WaiveOptions():
            raise UsageError("the id of a check is missing", do="name it first: doctor waive network/ip-forward-off …")
        settings = load_settings()
        if not shared.quiet:
            print("\n".join(map(visible, _listed(settings, day))))
        return ExitCode.OK
    path = config_file()
    # A settings file that DOCTOR_CONFIG names may be missing: this creates it.
    settings = load_settings() if os.path.exists(path) else Settings()
    catalog = load_catalog(settings)
    _refuse_unknown(options.id, catalog)
    waiver = _waiver(options, day)
    last = _of_last_scan(waiver)
    own = declared(catalog, waiver.id)
    level = max((one.level for one in last or ()), default=own)
    if not waiver.severity and level is not None:
        waiver = replace(waiver, severity=level.word)
    same = [one for one in settings.waivers if (one.id, one.subject) == (waiver.id, waiver.subject)]
    current = [one for one in same if one.expires is None or one.expires >= day]
    if any(_covers(one, waiver, own) for one in current):
        raise UsageError("it is waived already", where=path, do="change its [[waiver]] there")
    _write(path, waiver)
    if not shared.quiet:
        print(visible(f"waived {_end_of(waiver)}: {waiver.id}{_subject(waiver)} ({path})"))
    if same:
        old = f"up to {_limit(current[-1], own)}" if current else f"that ended on {same[-1].expires}"
        shared.progress(f"note: the waiver {old} is still in the file: remove it")
    if last is not None:
        _show(last, waiver, shared)
    return ExitCode.OK


def _end_of(waiver: Waiver) -> str:
    end = "without an end" if waiver.expires is None else f"until {waiver.expires}"
    return f"{end}, up to {waiver.severity}" if waiver.severity else end


def _subject(waiver: Waiver) -> str:
    return f" for {waiver.subject}" if waiver.subject else ""


def _limit(waiver: Waiver, own: Severity | None) -> str:
    limit = limit_of(waiver, waiver.id, lambda _: own)
    return "any severity" if limit is None else limit.word


def _covers(one: Waiver, other: Waiver, own: Severity | None) -> bool:
    """Whether a waiver covers all that another of the same findings would cover."""
    limit, wanted = (limit_of(waiver, waiver.id, lambda _: own) for waiver in (one, other))
    return limit is None or (wanted is not None and wanted <= limit)


def _waiver(options: WaiveOptions, day: dt.date) -> Waiver:
    if not options.reason.strip():
        raise UsageError(
            "--reason is missing", do="write why the finding is accepted: --reason 'a router does it, OPS-311'"
        )
    author = options.author or os.environ.get("SUDO_USER") or _login()
    return Waiver(
        id=options.id,
        subject=options.subject,
        reason=options.reason.strip(),
        author=author,
        created=day,
        expires=_end(options.until, day),
        severity=severity(options.severity, "--severity").word if options.severity else "",  # type: ignore[arg-type]
    )


def _end(text: str, day: dt.date) -> dt.date | None:
    """Return the last day of a waiver, ``None`` for no end. Raises ``UsageError``."""
    if text == "never":
        return None
    aged = re.fullmatch(r"([0-9]{1,5})([dw])", text)
    try:
        end = day + dt.timedelta(days=int(aged[1]) * _UNITS[aged[2]]) if aged else dt.date.fromisoformat(text)
    except (ValueError, OverflowError):
        what = f"--until '{text}' is not a day" if text else "--until is missing"
        raise UsageError(what, do=_UNTIL) from None
    if end < day:
        raise UsageError(f"--until {end} is in the past", do=_UNTIL)
    return end


def _login() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""


def _refuse_unknown(identity: str, catalog: Catalog) -> None:
    known = [*catalog.checks, *(f"probe/{name}-failed" for name in catalog.probes)]
    if identity in known:
        return
    if identity in catalog.renamed():
        raise UsageError(f"the check {identity} has another name now", do=f"waive {catalog.renamed()[identity]}")
    from difflib import get_close_matches

    near = get_close_matches(identity, known, n=1)
    do = f"did you mean '{near[0]}'?" if near else "'doctor list checks' shows the ids"
    raise UsageError(f"there is no check '{identity}'", do=do)


def _write(path: str, waiver: Waiver) -> None:
    try:
        text = b""
        if os.path.exists(path):
            with open(path, "rb") as stream:
                text = stream.read()
        write_out(path, added(text, waiver, path), make=True)
    except PermissionError as error:
        raise RefusedError(
            "the settings can't be written", where=path, do=f"run '{as_root('waive', waiver.id)}' with the same options"
        ) from error
    except OSError as error:
        raise DoctorError(f"the settings can't be written: {error.strerror}", where=path) from error


def _of_last_scan(waiver: Waiver) -> list[Finding] | None:
    """Return the findings of the last scan that are meant; ``None`` without a scan that this user can read."""
    if unseen.is_blind():
        return None
    with History() as history:
        last = history.last()
    return None if last is None else [one for one in last.findings if _is_meant(one, waiver)]


def _show(found: list[Finding], waiver: Waiver, shared: SharedOptions) -> None:
    """Show which findings of the last scan are meant: a mistyped subject would cover none."""
    if not found:
        shared.progress("note: the last scan has no such finding")
        return
    above = [one for one in found if waiver.severity and one.level > Severity.parse(waiver.severity)]
    if above:
        shared.progress(
            f"note: {plural(len(above), 'finding')} of the last scan {'is' if len(above) == 1 else 'are'} above {waiver.severity}: still counted"
        )
    covered = [one for one in found if one not in above]
    if covered and not shared.quiet:
        print(visible(f"it covers {plural(len(covered), 'finding')} of the last scan:"))
        for one in covered[:5]:
            print(visible(f"  {one.level.word.upper():<9} {one.message}"))
        if len(covered) > 5:
            print(f"  and {len(covered) - 5} more")


def _is_meant(finding: Finding, waiver: Waiver) -> bool:
    return finding.id == waiver.id and waiver.subject in {"", finding.subject.name}


def _listed(settings: Settings, day: dt.date) -> list[str]:
    if not settings.waivers:
        return ["nothing is waived"]
    lines = []
    for one in settings.waivers:
        lines.append(f"{one.id}{_subject(one)}: {_state(one, day)}")
        by = f", by {one.author}" if one.author else ""
        since = f", since {one.created}" if one.created is not None else ""
        lines.append(f"  {one.reason}{by}{since}")
    return lines


def _state(waiver: Waiver, day: dt.date) -> str:
    if waiver.expires is None:
        return f"waived {_end_of(waiver)}"
    left = (waiver.expires - day).days
    if left < 0:
        return f"ended on {waiver.expires}, the finding counts again"
    return f"waived {_end_of(waiver)} ({plural(left, 'day') if left else 'today'})"
