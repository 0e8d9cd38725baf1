"""Problems of TLS with a registry, in words: certificates, clocks, and what speaks no TLS."""

import base64
import time
from typing import Any

from doctor.facts.registry.registries import Registries, Registry
from doctor.formats.config import x509
from doctor.model.errors import FormatError
from doctor.model.text import visible
from doctor.probes._registry.trouble import Trouble, duration, server_time

_SKEW_S = 300.0
_UNTRUSTED = frozenset({2, 18, 19, 20, 21, 24, 26})
_OTHER_NAME = frozenset({62, 64})


def untrusted(one: Registry, said: dict[str, Any], known: Registries, now: float) -> Trouble:
    number = said.get("errno")
    certificate = _certificate(said)
    clock = server_time(said)
    if certificate is not None and not certificate.not_before <= now <= certificate.not_after:
        return _out_of_time(certificate, now, clock)
    if number in _OTHER_NAME:
        names = _names(said)
        others = f" is for {', '.join(names[:3])}" if names else " names no host"
        return Trouble(
            text=f"shows a certificate for another name: it{others}, not for {one.host}",
            do="use a name of the certificate, or have one issued for this name (as a SAN)",
        )
    issuer = _issuer(said)
    by = f" ({issuer})" if issuer else ""
    if not known.store:
        return Trouble(
            text="can't be verified: this host has no certificates of authorities",
            do="install ca-certificates, and restart the engine",
            is_local=True,
        )
    if number in {9, 10}:
        return Trouble(
            text="shows a chain with an authority whose certificate is not valid now",
            do="compare 'date' with the real time; else the registry needs a new chain",
        )
    through = "; a proxy or firewall on the way may open TLS" if one.is_hub else ""
    text = f"shows a certificate of an authority that this host does not trust{by}{through}"
    if number not in _UNTRUSTED and number is not None:
        text = f"shows a certificate that is not valid: {visible(str(said.get('text') or ''))}"
    ca = f", or write it to /etc/docker/certs.d/{one.directory}/ca.crt" if one.directory else ""
    return Trouble(
        text=text,
        do=f"put the authority's certificate in /usr/local/share/ca-certificates/NAME.crt, run update-ca-certificates and restart the engine{ca}",
    )


def _out_of_time(certificate: x509.Certificate, now: float, clock: float | None) -> Trouble:
    is_over = now > certificate.not_after
    if clock is not None and abs(clock - now) > _SKEW_S and certificate.not_before <= clock <= certificate.not_after:
        away = f"{duration(abs(clock - now))} {'behind' if now < clock else 'ahead of'} the registry's"
        word = "expired" if is_over else "not yet valid"
        return Trouble(
            text=f"shows a certificate that counts as {word} here: this host's clock is {away}",
            do="set the clock (timedatectl set-ntp true, or 'date -s')",
            is_local=True,
        )
    if is_over:
        text = f"shows a certificate that expired on {_day(certificate.not_after)}"
    else:
        text = f"shows a certificate that is not valid before {_day(certificate.not_before)}"
    return Trouble(text=text, do="the registry needs a new certificate; compare 'date' with the real time first")


def no_tls(one: Registry, problem: str, said: dict[str, Any]) -> Trouble:
    text = visible(str(said.get("text") or ""))
    if problem == "plain" and one.is_hub:
        return Trouble(
            text="is answered in plain HTTP: something on the way answers in its place",
            do="find the filter, portal or DNS entry that leads there; a network may want a login in a browser first",
        )
    if problem == "plain":
        return Trouble(
            text="speaks plain HTTP, and the engine expects TLS",
            do=f'give the registry a certificate, or add "{one.name}" to "insecure-registries" of daemon.json and reload the engine',
            is_local=True,
        )
    if problem == "small-packets":
        return Trouble(
            text="loses large packets: the TLS handshake succeeds only with small ones, so the MTU of this host is larger than that of the way",
            do="set the MTU of the uplink to that of the way (1400 is a usual value for VPN and cloud), or allow ICMP 'fragmentation needed'",
        )
    if problem == "client-certificate":
        return Trouble(
            text=f"gets no client certificate: {text}",
            do=f"correct the files in /etc/docker/certs.d/{one.name}",
            is_local=True,
        )
    if problem.startswith("silent"):
        return Trouble(
            text="accepts the connection, but does not finish the TLS handshake: a filter on the way, or a server that hangs",
            do="try the registry from another host of this network",
        )
    if problem.startswith("closed"):
        return Trouble(
            text="closes the connection during the TLS handshake",
            do="a filter on the way may do this: try it from another host",
        )
    if "protocol version" in text or "unsupported protocol" in text:
        return Trouble(text="speaks only TLS older than 1.2, which the engine refuses", do="the registry needs TLS 1.2")
    return Trouble(text=f"fails in the TLS handshake: {text or problem}")


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def _der(said: dict[str, Any]) -> bytes:
    try:
        return base64.b64decode(str(said.get("certificate") or ""), validate=True)
    except ValueError:
        return b""


def _certificate(said: dict[str, Any]) -> x509.Certificate | None:
    try:
        return x509.of_der(_der(said))
    except FormatError:
        return None


def _names(said: dict[str, Any]) -> list[str]:
    try:
        return [visible(name) for name in x509.server_names(_der(said))]
    except FormatError:
        return []


def _issuer(said: dict[str, Any]) -> str:
    try:
        return visible(x509.issuer(_der(said)))
    except FormatError:
        return ""
