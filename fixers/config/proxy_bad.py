"""Correct the URL of the engine's proxy."""

import re
from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.config.engine_settings import set_flag, set_setting, with_reload
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.units import EngineUnits
from doctor.facts.secrets.redact import conceal, revealed

_HOST = re.compile(r"(?:[^\s/\"'@]+@)?[\w.-]+(?::\d{1,5})?(?:/[^\s\"']*)?")
_URL = re.compile(rf"(?:https?|socks5)://{_HOST.pattern}", re.IGNORECASE)


@fixer(applicability=Applicability.SAFE)
def proxy_bad(finding: Finding, config: EngineConfig, units: EngineUnits | Missing) -> Iterator[Action]:
    """Write a URL where the proxy is set; for the unit's environment, show the drop-in."""
    key = finding.subject.name
    wanted = conceal(key, _url(config.get(key)))
    flags = [flag for flag in config.flags.of_key(key) if flag.place is not None]
    if wanted and len(flags) == 1 and flags[0].place is not None:
        yield from with_reload(units, [set_flag(flags[0].place, key, wanted)])
    elif wanted and config.setting(key).origin == "file":
        proxies = config.json.value.get("proxies")
        path = ("proxies", key) if isinstance(proxies, dict) and key in proxies else (key,)
        yield set_setting(config.json.path, path, wanted)
    elif config.setting(key).origin == "file":
        yield Advise(text=f"write http://HOST:PORT for {key} in {config.json.path}, then systemctl restart docker")
    else:
        name = key.replace("-", "_").upper()
        yield Advise(
            text=f"systemctl edit docker.service: under [Service] write Environment={name}=http://HOST:PORT, then"
            " systemctl restart docker"
        )


def _url(value: object) -> str:
    """Return the URL that a value means, "" if that is not certain."""
    text = revealed(value).strip().strip("\"'").strip() if isinstance(value, str) else ""
    if _URL.fullmatch(text):
        return text
    return f"http://{text}" if _HOST.fullmatch(text) else ""
