"""A container on the engine's bridge reaches the outside."""

from doctor.api import Evidence, probe
from doctor.facts.links import Links
from doctor.facts.networks import Networks
from doctor.model.outcome import Result
from doctor.model.probing import Launch, Probing
from doctor.model.report import ProbeResult
from doctor.probes._place import bridge_network, place

_PORTS = (53, 80, 443)
_REFUSED = 111


@probe(proves="a container on the engine's bridge reaches the outside")
def egress(networks: Networks, links: Links) -> Probing:
    """From the host and from a container, speak TCP to the host's own gateway: what one reaches, the other must.

    An answer is a connection or a refusal by the far end; silence is not. The host's own rules carry the container's
    packets: the runtime adds none.
    """
    network = bridge_network(networks)
    if network is None:
        return _result(Result.SKIP, "the engine has no bridge network that leads outside")
    targets = [route.gateway for route in links.defaults if route.gateway and ":" not in route.gateway]
    where = place(network, networks, links)
    if where is None or not targets:
        reason = "no address is free on its subnet" if where is None else "the host has no gateway to speak to"
        return _result(Result.SKIP, f"{network.name}: {reason}")
    tries = [(target, port) for target in targets[:2] for port in _PORTS]
    containers = []
    for number, (target, port) in enumerate(tries):
        connect = {"builtin": "tcp-connect", "args": {"host": target, "port": port, "timeout_s": 1.5}}
        containers.append({"id": f"host{number}", "net": "host", **connect})
        spot = place(network, networks, links, skip=number)
        containers.append({"id": f"inside{number}", "net": "bridge", "bridge": spot or where, **connect})
    ended = yield Launch(tuple(containers))
    broken = next((end for end in ended.values() if end.error), None)
    if broken is not None:
        return _result(Result.ERROR, broken.error)
    evidence = []
    host_any = inside_any = False
    for number, (target, port) in enumerate(tries):
        outside, inside = (ended[f"{who}{number}"].output for who in ("host", "inside"))
        evidence.append(
            Evidence(f"tcp {target}:{port}", f"from the host: {_word(outside)}; from the container: {_word(inside)}")
        )
        # A firewall's reject looks like a refusal: where the host gets through, the container must too.
        host_any = host_any or _reached(outside)
        inside_any = inside_any or (bool(inside.get("ok")) if outside.get("ok") else _reached(inside))
    if not host_any:
        return _result(
            Result.SKIP, "the host itself gets no answer from its gateway, so nothing can be compared", evidence
        )
    if inside_any:
        return _result(Result.PASS, f"a container on {network.name} reached {targets[0]}", evidence)
    return _result(
        Result.FAIL, f"a container on {network.name} gets no answer from {targets[0]}, the host does", evidence
    )


def _reached(output: dict[str, object]) -> bool:
    return bool(output.get("ok")) or output.get("errno") == _REFUSED


def _word(output: dict[str, object]) -> str:
    if output.get("ok"):
        return "connected"
    return str(output.get("error") or "no answer")


def _result(result: Result, message: str, evidence: list[Evidence] | None = None) -> ProbeResult:
    return ProbeResult(name="", proves="", result=result, message=message, evidence=tuple(evidence or ()))
