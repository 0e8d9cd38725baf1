"""Describes the outcome of the talk with a registry: the cause, and what to do."""

import os
from typing import Any

from doctor.facts.registry.registries import Registries, Registry
from doctor.model.text import visible
from doctor.probes._registry.certificates import no_tls, untrusted
from doctor.probes._registry.trouble import Trouble

_STATUS = {
    403: "Forbidden",
    407: "Proxy Authentication Required",
    429: "Too Many Requests",
    451: "Unavailable For Legal Reasons",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def trouble(one: Registry, said: dict[str, Any], known: Registries, now: float) -> Trouble | None:
    """Return the problem of a registry, ``None`` if its answer shows that images can be pulled."""
    step, problem = str(said.get("step")), str(said.get("problem") or "")
    proxy = known.proxies.to(one.host, one.port, tls=one.tls)
    if not problem:
        return _late(one, said, known) or _answered(said) or _no_registry(one, said)
    if problem == "no-tls":
        return Trouble(
            text=f"accepts connections, but what it answers is unknown: this doctor has no TLS of its own, and {said.get('text')} (install openssl 1.1 or newer)",
            do=f"install openssl 1.1 or newer on the host, or see what 'curl -v https://{one.host}:{one.port}/v2/' answers",
            is_doubt=True,
        )
    if step in {"resolve", "connect"}:
        found = _unreached(one if proxy is None else proxy, said, known)
        if proxy is None:
            return found
        text = f"can't be reached: the proxy {proxy.place} {found.text}"
        do = f"correct the proxy of the engine ({known.proxies.source}), or start it"
        return Trouble(text=text, do=do, is_proxy=True)
    if step in {"proxy", "proxy-tls"} and proxy is not None:
        return _of_proxy(proxy.place, step, problem, said, known)
    if problem == "untrusted":
        return untrusted(one, said, known, now)
    if step == "tls":
        return no_tls(one, problem, said)
    return _no_http(one, problem, said)


def _unreached(to: Any, said: dict[str, Any], known: Registries) -> Trouble:
    problem, number = str(said.get("problem")), said.get("errno")
    if said.get("step") == "resolve":
        return _no_name(said, known)
    where = f"port {to.port} of {said.get('address') or to.host}"
    if problem == "silent":
        text = f"does not answer on {where}: a firewall on the way drops the packets, or the host is down"
    elif number == 111:
        text = f"refuses connections on {where}: nothing listens there, or a firewall rejects them"
    elif number in {101, 113}:
        text = f"can't be reached on {where}: {os.strerror(int(number)).lower()}"
    else:
        text = (
            f"can't be reached on {where}: {os.strerror(int(number)).lower() if isinstance(number, int) else problem}"
        )
    return Trouble(
        text=text, is_unreachable=True, do="allow the connection in the firewall, or set a proxy for the engine"
    )


def _no_name(said: dict[str, Any], known: Registries) -> Trouble:
    servers = said.get("servers")
    answers = servers if isinstance(servers, dict) else {}
    words = ", ".join(f"{server}: {_dns_word(str(word))}" for server, word in answers.items())
    if not answers:
        words = "this host has no name server"
    other = f"; nsswitch.conf also names {', '.join(known.other_names)}" if known.other_names else ""
    is_nameless = bool(answers) and set(answers.values()) <= {"NXDOMAIN", "empty"}
    text = f"can't be resolved{': the name does not exist' if is_nameless else ''} ({words}{other})"
    do = "correct the name servers of /etc/resolv.conf, or the name"
    return Trouble(text=text, is_unreachable=True, is_nameless=is_nameless, do=do)


def _dns_word(word: str) -> str:
    return {
        "silent": "no answer",
        "refused": "nothing listens",
        "empty": "no address",
        "garbage": "no valid answer",
    }.get(word, word)


def _of_proxy(place: str, step: str, problem: str, said: dict[str, Any], known: Registries) -> Trouble:
    source = f" ({known.proxies.source})" if known.proxies.source else ""
    status = said.get("status") if problem == "status" else None
    do = f"correct the proxy of the engine{source}"
    if step == "proxy-tls" and problem == "plain":
        do = f"write http:// in place of https:// in the engine's proxy{source}, and restart the engine"
        return Trouble(
            text=f"can't be reached: the proxy {place} speaks plain HTTP, but is given as https://",
            do=do,
            is_proxy=True,
            is_local=True,
        )
    if step == "proxy-tls" and problem == "untrusted":
        text = f"can't be reached: this host does not trust the certificate of the proxy {place}"
    elif status in {401, 407}:
        text = f"can't be reached: the proxy {place} wants a valid user name and password ({status})"
        do = f"write a valid user name and password into the URL of the engine's proxy{source}, special characters as %XX"
    elif status is not None:
        text = f"can't be reached: the proxy {place} answers {status} {_STATUS.get(status, '')}".rstrip()
        do = "allow the registry in the proxy's settings, or add it to no-proxy of the engine if it is inside"
    elif problem.startswith("silent"):
        text = f"can't be reached: the proxy {place} accepts the connection and does not answer"
    elif problem == "not-http":
        text = f"can't be reached: the proxy {place} does not speak HTTP"
    else:
        text = f"can't be reached: the proxy {place} closes the connection"
    return Trouble(text=text, do=do, is_proxy=True)


def _no_http(one: Registry, problem: str, said: dict[str, Any]) -> Trouble:
    text = visible(str(said.get("text") or ""))
    if "certificate required" in text or "bad certificate" in text:
        return Trouble(
            text="wants a client certificate",
            do=f"write client.cert and client.key to /etc/docker/certs.d/{one.name}",
            is_local=True,
        )
    if problem.startswith("silent"):
        return Trouble(text="accepts the connection and does not answer the request")
    if problem == "not-http":
        return Trouble(text="does not speak HTTP")
    return Trouble(text=f"breaks the connection: {text or problem}")


def _answered(said: dict[str, Any]) -> Trouble | None:
    status = said.get("status")
    if status == 429:
        return Trouble(
            text="answers 429 Too Many Requests: its limit for this address is used up", do="wait, or log in"
        )
    if isinstance(status, int) and (status in {403, 407, 451} or status >= 500):
        by = (
            "something on the way refuses it"
            if status in {403, 407, 451}
            else "it is down, or a proxy or mirror in front of it is"
        )
        return Trouble(text=f"answers {status} {_STATUS.get(status, '')}".rstrip() + f": {by}")
    return None


def _no_registry(one: Registry, said: dict[str, Any]) -> Trouble | None:
    """Return the problem of a mirror that is some other web server: the engine then asks Docker Hub without a word."""
    status, given = said.get("status"), said.get("headers")
    headers = given if isinstance(given, dict) else {}
    if not one.is_mirror or not isinstance(status, int) or status == 401 or 300 <= status < 400:
        return None
    if status < 300 and ("docker-distribution-api-version" in headers or "json" in str(headers.get("content-type"))):
        return None
    return Trouble(
        text=f"answers {status}, but not as a registry does: the engine pulls from Docker Hub in its place",
        do=f"open {'https' if one.tls else 'http'}://{one.name}/v2/ with curl: a registry answers {{}} or 401; correct registry-mirrors",
    )


def no_port(known: Registries, one: Registry) -> Trouble | None:
    """Return the problem of a proxy at port 0, as a URL like ":0" names it: nothing can listen there, so it is not asked."""
    proxy = known.proxies.to(one.host, one.port, tls=one.tls)
    if proxy is None or proxy.port:
        return None
    text = f"can't be reached: the engine's proxy has port 0 ({proxy.place}), where nothing can listen"
    do = f"correct the proxy of the engine ({known.proxies.source}), and restart the engine"
    return Trouble(text=text, do=do, is_proxy=True, is_local=True)


def _late(one: Registry, said: dict[str, Any], known: Registries) -> Trouble | None:
    file = known.late.get(str(said.get("root") or ""))
    trusts = known.trusts.get(one.name)
    if file is None or trusts is True:
        return None
    if trusts is None:
        return Trouble(
            text=f"has a certificate whose authority ({file}) was added after the engine's start: the engine may not trust it yet",
            do="restart the engine if pulls fail: systemctl restart docker",
            is_doubt=True,
        )
    return Trouble(
        text=f"has a certificate whose authority ({file}) was added after the engine's start, so the engine does not trust it yet",
        do="restart the engine: systemctl restart docker",
        is_local=True,
    )
