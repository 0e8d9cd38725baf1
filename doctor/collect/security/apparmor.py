"""Reads AppArmor's state from the kernel; on suspicion apparmor_parser compiles a profile without loading it."""

from doctor.facts.engine.state import EngineState
from doctor.facts.secrets.redact import as_json
from doctor.facts.security.apparmor import DEFAULT, AppArmor
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_ENABLED = HostPath("/sys/module/apparmor/parameters/enabled")
_PROFILES = HostPath("/sys/kernel/security/apparmor/profiles")
# The engine looks for the first one.
_PARSERS = (HostPath("/sbin/apparmor_parser"), HostPath("/usr/sbin/apparmor_parser"))
_LIMIT = 4 << 20
_TIMEOUT_S = 10.0
# As short as a profile with the files that the engine's default one includes can be.
_PROBE = b"""#include <tunables/global>
profile doctor-probe flags=(attach_disconnected) {
  #include <abstractions/base>
  file,
}
"""


@collector
def apparmor(host: Host, state: EngineState) -> AppArmor:
    """Return the state. Missing if the kernel has no AppArmor, if it is off, or if no engine is installed."""
    if state.status == "absent":
        raise HostError(Missing(Why.ABSENT, "no engine is installed"))
    if not decode(host.read(_ENABLED)).startswith("Y"):
        raise HostError(Missing(Why.ABSENT, "AppArmor is off in this kernel"))
    text = decode(host.read(_PROFILES, limit_bytes=_LIMIT))
    profiles = frozenset(line.rpartition(" (")[0] for line in text.splitlines())
    parser = next((path for path in _PARSERS if host.exists(path)), "")
    # A running engine has loaded its profile at its start, unless that failed.
    suspect = parser and state.is_running and DEFAULT not in profiles
    return AppArmor(parser=parser, profiles=profiles, fault=_fault(host, parser) if suspect else "")


def _fault(host: Host, parser: str) -> str:
    """Return why the parser refuses a profile; "" if it accepts it, or if it can't be run."""
    try:
        result = host.run((parser, "--skip-kernel-load", "--skip-cache"), timeout_s=_TIMEOUT_S, stdin=_PROBE)
    except HostError:
        return ""
    said = [line for line in decode(result.stderr).splitlines() if "error" in line.lower()]
    return as_json(said[-1][:300]).strip('"') if result.exit and said else ""
