"""``docker doctor``: the docker command starts this program under the name ``docker-doctor`` (docs/decisions/0056).

It asks for a description first, then passes its own whole command line: its options, "doctor", and the words after it. The names
are those of github.com/docker/cli, cli-plugins/metadata and cli-plugins/hooks.
"""

import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from doctor.model.errors import UsageError

NAME = "doctor"
VENDOR = "The doctor project"
URL = "https://github.com/container-doctor/doctor"
SHORT = "Find out why this host's containers are broken, and repair it"
_METADATA, _HOOK, _SOCKET = "docker-cli-plugin-metadata", "docker-cli-plugin-hooks", "DOCKER_CLI_PLUGIN_SOCKET"
_COMPLETE = ("__complete", "__completeNoDesc")
_WITH_VALUE = {
    "--config",
    "--context",
    "-c",
    "--host",
    "-H",
    "--log-level",
    "-l",
    "--tlscacert",
    "--tlscert",
    "--tlskey",
}
_LONGEST_ERROR = 300
_kept: list[Any] = []


def run(arguments: list[str], doctor: Callable[[list[str]], int]) -> int:
    """Do what the docker command asks, and return the exit code; ``doctor`` runs a command line without docker's part."""
    if arguments == [_METADATA]:
        return _print_json(describe())
    if arguments[:1] and arguments[0] in _COMPLETE:
        words = arguments[2:] if arguments[1:2] == [NAME] else arguments[1:]
        return doctor([arguments[0], *words])
    options, words = split(arguments)
    if words[:1] == [_HOOK]:
        return _print_json(hint(words[1] if words[1:] else ""))
    # 'docker help doctor scan' and 'docker --help doctor scan'
    if "help" in options or not words:
        words = [*words, "--help"]
    sys.argv[1:] = words
    from doctor.cli.exit_codes import ended

    if words and not {"--help", "-h", "--version"} & set(words):
        code = ended(lambda: _refuse_another_host(options))
        if code:
            return code
    _end_with_docker()
    return doctor(words)


def describe() -> dict[str, str]:
    """Return what 'docker --help' and 'docker info' show of this plugin."""
    from doctor import __version__

    return {
        "SchemaVersion": "0.1.0",
        "Vendor": VENDOR,
        "Version": __version__,
        "ShortDescription": SHORT,
        "URL": URL,
    }


def split(arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    """Return the options of docker by name, and the words after "doctor".

    >>> split(["-D", "--context", "far", "doctor", "scan", "-v"])
    ({'D': '', 'context': 'far'}, ['scan', '-v'])
    >>> split(["help", "doctor", "scan"])
    ({'help': ''}, ['scan'])
    >>> split(["scan", "doctor"])
    ({}, ['scan', 'doctor'])
    """
    options: dict[str, str] = {}
    words = iter(range(len(arguments)))
    for index in words:
        word = arguments[index]
        if word == NAME:
            return options, arguments[index + 1 :]
        if not word.startswith("-") and word != "help":
            break
        name, _, value = word.partition("=")
        if name in _WITH_VALUE and not value:
            value = arguments[index + 1] if index + 1 < len(arguments) else ""
            next(words, None)
        options[name.lstrip("-")] = value
    # Started by hand, as 'docker-doctor scan'.
    return {}, arguments


def hint(request: str) -> dict[str, Any]:
    """Return what docker prints after a command that failed, if the user's config.json asks for it with ``error-hooks``."""
    import json

    try:
        given = json.loads(request)
    except ValueError:
        given = None
    error = given.get("CommandError") if isinstance(given, dict) else None
    text = ""
    if isinstance(error, str) and error.strip() and not error.startswith("exit status "):
        from shlex import quote

        from doctor.model.text import visible

        line = visible(error.strip().splitlines()[0])[:_LONGEST_ERROR]
        text = f"Find the cause on this host → docker doctor explain {quote(line)}"
    # Docker fills in a template; two braces begin an action of it.
    return {"Type": 0, "Template": text.replace("{{", "{ {")}


def docker_help(text: str) -> str:
    """Return help with the commands as they are typed here.

    >>> docker_help("Examples:\\n  doctor scan\\n\\n'doctor fix' and doctor.toml, a doctor")
    "Examples:\\n  docker doctor scan\\n\\n'docker doctor fix' and doctor.toml, a doctor"
    """
    import re

    return re.sub(r"(?m)(^\s*|'|\| )doctor (?=[a-z])", r"\1docker doctor ", text)


def adapt(command: Any, *, name: str = "docker doctor") -> Any:
    """Give the commands the form of docker's own help; return the command."""
    from typer import _click

    class Formatter(_click.HelpFormatter):
        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            del prefix
            super().write_usage(prog, args, "Usage:  ")

    _click.Context.formatter_class = Formatter
    for option in command.params:
        option.hidden = option.hidden or option.name.endswith("_completion")  # docker has its own
    _adapt(command, name)
    return command


def _adapt(command: Any, name: str) -> None:
    for field in ("help", "short_help", "epilog"):
        if text := getattr(command, field, None):
            setattr(command, field, docker_help(text))
    inner: Iterable[tuple[str, Any]] = getattr(command, "commands", {}).items()
    if inner:
        command.subcommand_metavar = "COMMAND"
        more = f"Run '{name} COMMAND --help' for more information on a command."
        command.epilog = f"{command.epilog}\n\n{more}" if command.epilog else more
    for word, one in inner:
        _adapt(one, f"{name} {word}")


_UNKNOWN = "?"
"""The address of a context that is missing, or can't be read."""


def _refuse_another_host(options: dict[str, str]) -> None:
    """Raise ``UsageError`` if docker's commands go to another host: doctor examines the one on which it runs."""
    named, address = _endpoint(options)
    if address == _UNKNOWN:
        raise UsageError(
            f"docker is set to {named}, which names no engine: it may be another host's",
            do="see 'docker context ls', or run 'doctor' instead of 'docker doctor' for this host",
        )
    if address and not _is_here(address):
        raise UsageError(
            f"docker is set to another host ({named}: {_without_login(address)}), and doctor examines the host on which it runs",
            do="run doctor there, or 'doctor' instead of 'docker doctor' for this host",
        )


def _endpoint(options: dict[str, str]) -> tuple[str, str]:
    """Return what names the engine for docker, in its order, and the engine's address; "" for the default one."""
    host = options.get("host") or options.get("H")
    if host:
        return "--host", host
    context = options.get("context") or options.get("c")
    if context:
        return f"context {context}", _address(context, options)
    if os.environ.get("DOCKER_HOST"):
        return "DOCKER_HOST", os.environ["DOCKER_HOST"]
    context = os.environ.get("DOCKER_CONTEXT") or _settings(options, "config.json").get("currentContext")
    return (f"context {context}", _address(context, options)) if isinstance(context, str) and context else ("", "")


def _address(context: str, options: dict[str, str]) -> str:
    if context == "default":
        return ""
    from hashlib import sha256

    digest = sha256(context.encode("utf-8", "surrogateescape")).hexdigest()
    found: Any = _settings(options, f"contexts/meta/{digest}/meta.json")
    for key in ("Endpoints", "docker", "Host"):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) and found else _UNKNOWN


def _settings(options: dict[str, str], name: str) -> dict[str, Any]:
    """Return a file of the docker command's directory; {} if it can't be read: docker itself then uses its defaults."""
    import json

    top = options.get("config") or os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    try:
        with open(os.path.join(top, name), encoding="utf-8") as stream:
            found = json.loads(stream.read(1 << 20))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_here(address: str) -> bool:
    """Whether an address is on this host.

    >>> [_is_here(one) for one in ("unix:///run/docker.sock", "tcp://127.0.0.1:2375", "ssh://far", "tcp://[::1]:1", "fd://")]
    [True, True, False, True, True]
    """
    scheme, _, rest = address.rpartition("://")
    host = rest.rpartition("@")[2].partition("/")[0]
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return scheme in {"unix", "fd"} or name in {"localhost", "::1", ""} or name.startswith("127.")


def _without_login(address: str) -> str:
    scheme, middle, rest = address.rpartition("://")
    from doctor.model.text import visible

    return visible(f"{scheme}{middle}{rest.rpartition('@')[2]}")


def _end_with_docker() -> None:
    """Interrupt this process when docker ends or is interrupted: it then closes a socket whose name it passed.

    With a terminal the kernel interrupts both. The socket sends this process a signal by itself, so nothing waits for it.
    """
    name = os.environ.pop(_SOCKET, "")
    if not name:
        return
    import fcntl
    import socket
    from signal import SIGINT

    try:
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(1)
        peer.connect(f"\0{name[1:]}" if name.startswith("@") else name)
        fcntl.fcntl(peer, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(peer, 10, SIGINT)  # F_SETSIG
        fcntl.fcntl(peer, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    except OSError:
        return
    _kept.append(peer)


def _print_json(value: object) -> int:
    import json

    from doctor.cli.exit_codes import ended

    return ended(lambda: print(json.dumps(value)))
