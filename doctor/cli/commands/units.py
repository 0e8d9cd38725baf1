"""The files of a schedule: a systemd service and timer, or a crontab."""

import shlex
import zlib

from msgspec import Struct

from doctor.model.errors import UsageError

SERVICE = "doctor-scan.service"
TIMER = "doctor-scan.timer"
MADE = "Written by 'doctor schedule install'; 'doctor schedule remove' removes it."

# No option here may create a mount namespace (as ProtectSystem= and PrivateTmp= do): a scan would then examine the
# service's own mounts and find the data root read-only.
_SERVICE = """\
# {made}
[Unit]
Description=Examine this container host

[Service]
Type=oneshot
ExecStart={command}
# 1: findings, 3: incomplete. The report shows both; the service itself did not fail.
SuccessExitStatus=1 3
TimeoutStartSec=15min
Nice=10
IOSchedulingClass=idle
StandardInput=null
{environment}LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
KeyringMode=private
CapabilityBoundingSet=~CAP_SYS_BOOT CAP_SYS_MODULE CAP_SYS_TIME CAP_WAKE_ALARM CAP_BPF CAP_PERFMON
{more}"""
# Test containers need to create namespaces and devices, and drop their privileges themselves.
_NO_PROBES = """\
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6
SystemCallFilter=~@clock @cpu-emulation @module @obsolete @raw-io @reboot @swap
SystemCallErrorNumber=EPERM
"""

_TIMER = """\
# {made}
[Unit]
Description=Examine this container host {every}

[Timer]
OnCalendar={every}
RandomizedDelaySec={spread}
Persistent=true

[Install]
WantedBy=timers.target
"""
_SPREAD = {"hourly": "10min", "daily": "1h", "weekly": "6h"}

_CRON = """\
# {made}
SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
{environment}{when} root {command}
"""


class ScheduledJob(Struct, frozen=True, kw_only=True):
    """The command to schedule, and its times.

    Attributes:
        command: arguments, the first of them an absolute path.
        every: hourly, daily or weekly.
        environment: variables that move doctor's own directories.
        probe: whether the command launches test containers.
        host: the host's name; cron uses it to spread a fleet over the hour.
    """

    command: tuple[str, ...]
    every: str
    environment: tuple[tuple[str, str], ...] = ()
    probe: bool = False
    host: str = ""


def service(job: ScheduledJob) -> str:
    """Return the service unit; raises ``UsageError`` for a program path that systemd rejects."""
    if set(job.command[0]) & set("'\"\\"):
        raise UsageError("systemd rejects a program path with a quote or backslash", where=job.command[0])
    return _SERVICE.format(
        made=MADE,
        # systemd expands variables in arguments only, not in the program's path or in Environment=.
        command=" ".join([unit_word(job.command[0]), *(unit_word(word, dollar="$$") for word in job.command[1:])]),
        environment="".join(f"Environment={unit_word(f'{name}={value}')}\n" for name, value in job.environment),
        more="" if job.probe else _NO_PROBES,
    )


def timer(job: ScheduledJob) -> str:
    """Return the timer unit."""
    return _TIMER.format(made=MADE, every=job.every, spread=_SPREAD[job.every])


def cron(job: ScheduledJob) -> str:
    """Return the content of a file of /etc/cron.d."""
    minute = zlib.crc32(job.host.encode("utf-8", "surrogateescape")) % 60
    when = {"hourly": f"{minute} * * * *", "daily": f"{minute} 4 * * *", "weekly": f"{minute} 4 * * 0"}[job.every]
    return _CRON.format(
        made=MADE,
        # cron uses the rest of the line as the value and strips quotes only if they are paired at both ends.
        environment="".join(f"{name}={_cron_value(value)}\n" for name, value in job.environment),
        when=when,
        # cron turns a bare percent sign into a line end (crontab(5)).
        command=shlex.join(job.command).replace("%", "\\%"),
    )


def unit_word(word: str, *, dollar: str = "$") -> str:
    """Quote one word for a unit file: systemd.syntax(7), and the specifiers and variables of systemd.service(5)."""
    _check(word)
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", dollar)
    return f'"{escaped}"' if escaped != word or " " in word or "'" in word or ";" in word else word


def _cron_value(value: str) -> str:
    _check(value)
    return f'"{value}"' if value != value.strip() else value


def _check(text: str) -> None:
    if not text.isprintable():
        raise UsageError(f"{text!a} can't be written to a unit or crontab", do="use a path without such characters")
