"""Whether this host itself reaches its containers' published ports, as docker-proxy and a reverse proxy on the host do."""

from typing import Any

from doctor.api import Evidence
from doctor.model.probing import Ended
from doctor.probes._port_setting import AskedPort
from doctor.probes._result import results_of, target_word

CLIENT = "here"


def client(local: tuple[AskedPort, ...], limit_s: float) -> dict[str, Any]:
    """Return the container in the host's network namespace that connects to each container's own port.

    docker-proxy accepts every connection to 127.0.0.1 before it connects to the container: only the second one can fail.
    """
    targets = [{"host": one.port.container_ip, "port": one.port.container_port} for one in local]
    return {"id": CLIENT, "net": "host", "builtin": "reach", "args": {"targets": targets, "timeout_s": limit_s}}


def answers(local: tuple[AskedPort, ...], ended: dict[str, Ended]) -> list[tuple[AskedPort, dict[str, Any]]]:
    """Return the result for each port; nothing if the client was not run."""
    found = results_of(ended[CLIENT]) if CLIENT in ended and not ended[CLIENT].error else []
    return list(zip(local, found, strict=True)) if len(found) == len(local) else []


def lost(one: AskedPort, target: dict[str, Any], *, listens: bool) -> tuple[str, Evidence] | None:
    """Return the failure of a port in words, ``None`` if it answers or no process in the container listens on it."""
    word = target_word(target)
    if target.get("reached") or (word == "refused" and not listens):
        return None
    inside = f"{one.port.container_ip}:{one.port.container_port}"
    text = f"{one.title} does not answer this host itself at 127.0.0.1 ({word} from {inside})"
    seen = f"from this host, to {inside}: {word}; 'iptables -S OUTPUT' shows rules that can drop its packets"
    return text, Evidence(f"{one.port.text} of {one.endpoint.container}", seen)
