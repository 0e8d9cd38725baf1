"""Cases of swarm nodes: an expired certificate, an error that the engine reports, live-restore."""

import json

from tests.cases.recipe import Recipe
from tests.cases.roots import ROOT, Tree

SWARM = f"{ROOT}/swarm"
KEY = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
# Valid from 2020-01-01 to 2020-04-01.
OLD = b"""\
-----BEGIN CERTIFICATE-----
MIIBtDCCAVugAwIBAgIUEXdLNT+lByGCAFqbDzt4AgLyG5wwCgYIKoZIzj0EAwIw
MDEKMAgGA1UECgwBeDEWMBQGA1UECwwNc3dhcm0tbWFuYWdlcjEKMAgGA1UEAwwB
bjAeFw0yMDAxMDEwMDAwMDBaFw0yMDA0MDEwMDAwMDBaMDAxCjAIBgNVBAoMAXgx
FjAUBgNVBAsMDXN3YXJtLW1hbmFnZXIxCjAIBgNVBAMMAW4wWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAARrMJDRnJbN6qvX8DEsaHM6wSXkoWWnt526qPpNsOxqWjJI
rqMY2wFmynrSZiOljVvFH7aUH464CEyyotOCrokNo1MwUTAdBgNVHQ4EFgQUilux
559Odgs//Up+7GGL0+3hBN0wHwYDVR0jBBgwFoAUilux559Odgs//Up+7GGL0+3h
BN0wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiB+170DnLih/NpJ
jF4lKUNV55ctxrdWU9RAaTViC+PycwIgIfR+UhUX97CN5WNdawhhLyeWfPKfAzhs
FAoPxQvZJqk=
-----END CERTIFICATE-----
"""
NO_LEADER = (
    "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are online."
)
CERTIFICATE = ("file", f"/{SWARM}/certificates/swarm-node.crt")
NODE = ("swarm", "node")


def node(tree: Tree, certificate: bytes = KEY) -> None:
    """Make the host a node."""
    tree.put(f"{SWARM}/docker-state.json", '{"LocalAddr":"10.0.0.1"}')
    tree.put(f"{SWARM}/certificates/swarm-node.crt", certificate)
    tree.put(f"{SWARM}/certificates/swarm-node.key", KEY)


def engine(state: str, error: str = "", managers: int = 1, away: int = 0, now: int = 1764000000) -> str:
    """Return the answers of an engine that runs."""
    swarm = {"LocalNodeState": state, "ControlAvailable": True, "Error": error, "RemoteManagers": [{}] * managers}
    nodes = [
        {
            "Description": {"Hostname": f"m{number}"},
            "ManagerStatus": {"Reachability": "unreachable" if number < away else "reachable"},
        }
        for number in range(managers)
    ]
    bodies = {"/version": {"Version": "26.1.5"}, "/info": {"Swarm": swarm}, "/nodes": nodes}
    process = '[[process]]\npid = 412\nargv = ["/usr/bin/dockerd"]\nexe = "/usr/bin/dockerd"\n'
    said = "".join(
        f"[[api]]\npath = {json.dumps(path)}\nbody = {json.dumps(json.dumps(body))}\n" for path, body in bodies.items()
    )
    return f"live = true\nnow = {now}\n{process}{said}"


def recipe(problem: str, name: str, about: str, *found: tuple[str, str, str], **kind: object) -> Recipe:
    """Return a case of a host without images."""
    select = tuple(f"state/{one}" for one in ("swarm-cert-expired", "swarm-live-restore", "swarm-node-error"))
    return Recipe(problem=problem, name=name, about=about, parts=(), findings=found, select=select, **kind)  # type: ignore[arg-type]


CASES = (
    recipe(
        "swarm-cert-expired",
        "off-too-long",
        "the node was off for half a year",
        ("swarm-cert-expired", *CERTIFICATE),
        ("swarm-node-error", *NODE),
        change=lambda tree: node(tree, OLD),
        answers=engine(
            "error",
            "error while loading TLS certificate in /x/swarm-node.crt: x: x509: certificate has expired or is not yet valid",
            now=4000000000,  # after the day on which the file is written here
        ),
        fix="manual",
    ),
    recipe(
        "swarm-cert-expired",
        "clock-back",
        "the clock is before the certificate's first day",
        ("swarm-cert-expired", *CERTIFICATE),
        change=lambda tree: node(tree, OLD),
        answers="live = true\nnow = 1000000\n",
        fix="manual",
    ),
    recipe(
        "swarm-cert-expired",
        "renewed",
        "the engine is in its swarm and renews the certificate",
        change=lambda tree: node(tree, OLD),
        answers=engine("active"),
    ),
    recipe(
        "swarm-node-error",
        "no-leader",
        "of two managers one is gone, and this engine was restarted",
        ("swarm-node-error", *NODE),
        change=node,
        answers=engine("pending", NO_LEADER, managers=2),
        fix="manual",
    ),
    recipe(
        "swarm-node-error",
        "no-majority",
        "two of three managers are unreachable",
        ("swarm-node-error", *NODE),
        change=node,
        answers=engine("active", managers=3, away=2),
        fix="manual",
    ),
    recipe(
        "swarm-node-error",
        "one-away",
        "one of three managers is unreachable",
        change=node,
        answers=engine("active", managers=3, away=1),
    ),
    recipe(
        "swarm-live-restore",
        "set",
        "a hardening guide's live-restore on a swarm node",
        ("swarm-live-restore", "setting", "live-restore"),
        change=lambda tree: (node(tree), tree.put("etc/docker/daemon.json", '{"live-restore": true}\n')),
        after={"etc/docker/daemon.json": b"{}\n"},
    ),
    recipe(
        "swarm-live-restore",
        "no-node",
        "live-restore without a swarm",
        change=lambda tree: tree.put("etc/docker/daemon.json", '{"live-restore": true}\n'),
    ),
    recipe(
        "swarm-live-restore",
        "left",
        "a certificate is left of a swarm that this host is no longer in",
        change=lambda tree: (
            tree.put(f"{SWARM}/certificates/swarm-node.crt", KEY),
            tree.put("etc/docker/daemon.json", '{"live-restore": true}\n'),
        ),
    ),
)
