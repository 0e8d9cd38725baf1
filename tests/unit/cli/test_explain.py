"""``doctor explain``: documentation of a check, and pasted error lines."""

import pytest

from doctor.cli.commands.explain import command as explain
from doctor.cli.common import SharedOptions
from doctor.model import message
from doctor.model.errors import UsageError
from doctor.plugins.load import load
from doctor.plugins.messages import table

PLAIN = SharedOptions(verbose=False, quiet=False, colour=False)
CATALOG = load()
TABLE = table(CATALOG)


@pytest.mark.parametrize("identity", sorted(CATALOG.checks))
def test_every_check_explains_itself(identity: str) -> None:
    """With the four headings, its severity, and what its fixer would do."""
    lines = explain.explain_check(CATALOG, identity, PLAIN)
    for heading in ("What it looks at:", "Why it matters:", "How it is fixed:", "References:"):
        assert heading in lines
    assert any(line.startswith("Severity: ") for line in lines)
    assert any(line.startswith("Repair: ") for line in lines) == (identity in CATALOG.fixers)


# As printed by dockerd 26.1.5, its client and the kernel on hosts that were broken on purpose: a line, then its problem.
SEEN = """
unable to configure the Docker daemon with file /etc/docker/daemon.json: invalid character '}' looking for beginning of object key string
config/invalid-json
unable to configure the Docker daemon with file /etc/docker/daemon.json: the following directives don't match any configuration option: graph
config/removed-key
unable to configure the Docker daemon with file /etc/docker/daemon.json: the following directives are specified both as a flag and in the configuration file: log-driver: (from flag: journald, from file: json-file)
config/flag-file-conflict
failed to start daemon, ensure docker is not running or delete /var/run/docker.pid: process with PID 26 is still running
state/pidfile-foreign
failed to start daemon: Couldn't create reference store repository: unexpected EOF
state/repositories-json-corrupt
failed to start daemon: Error initializing network controller: error obtaining controller instance: invalid database
state/network-db-corrupt
error setting up default driver: error while unmarshaling volume options for volume: v2: unexpected end of JSON input
state/volume-opts-corrupt
docker: Error response from daemon: error creating overlay mount to /var/lib/docker/overlay2/ab12/merged: no such file or directory.
state/overlay2-link-broken
readlink /var/lib/docker/overlay2/l: invalid argument
state/overlay2-link-broken
stat /var/lib/docker/overlay2/4f0c9f: no such file or directory
state/overlay2-layer-missing
rename /var/lib/docker/image/overlay2/layerdb/tmp/write-set-1234 /var/lib/docker/image/overlay2/layerdb/sha256/ab: file exists
state/layer-metadata-hollow
error initializing graphdriver: /var/lib/docker contains several valid graphdrivers: fuse-overlayfs, overlay2; cleanup or explicitly choose storage driver (-s <DRIVER>)
state/drivers-several
[graphdriver] ERROR: the devicemapper storage-driver has been deprecated and removed; visit https://docs.docker.com/go/storage-driver/ for more information
storage/driver-removed
failed to create endpoint web on network bridge: adding interface vethae6f81b to bridge docker0 failed: Device does not exist.
network/docker0-missing
WARNING: IPv4 forwarding is disabled. Networking will not work.
network/ip-forward-off
could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network
network/pool-exhausted
driver failed programming external connectivity on endpoint web: (iptables failed: iptables --wait -t nat -A DOCKER -p tcp -d 0/0 --dport 8080 -j DNAT --to-destination 172.17.0.2:80 ! -i docker0: iptables: No chain/target/match by that name.
firewall/rules-flushed
Error response from daemon: configured logging driver does not support reading
logging/driver-hides-files
read /etc/resolv.conf: is a directory.
dns/resolv-is-directory
kernel: nf_conntrack: nf_conntrack: table full, dropping packet
network/conntrack-full
error from daemon in stream: Error grabbing logs: invalid character '\\x00' looking for beginning of value
state/container-log-damaged
Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?
engine/down
docker: permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: dial unix /var/run/docker.sock: connect: permission denied
security/docker-group
docker: Error response from daemon: driver failed programming external connectivity on endpoint plain (72ed84b7): Error starting userland proxy: listen tcp4 0.0.0.0:8081: bind: address already in use.
network/port-in-use
docker: Error response from daemon: failed to create task for container: failed to initialize logging driver: Unix syslog delivery error.
logging/driver-hides-files
docker: Error response from daemon: failed to create task for container: failed to initialize logging driver: invalid size: '10 mbb'.
logging/option-value
docker: Error response from daemon: failed to create task for container: failed to initialize logging driver: dial tcp 127.0.0.1:24224: connect: connection refused.
logging/target-dead
docker: Error response from daemon: error looking up logging plugin jurnald: plugin "jurnald" not found.
logging/unknown-driver
failed to start daemon: specified default runtime 'nvidia' does not exist
config/invalid-value
OCI runtime create failed: runc create failed: systemd not running on this host, cannot use systemd cgroups manager: unknown.
config/invalid-value
OCI runtime error (open /var/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/2ee780ebd501/log.json: no such file or directory): fork/exec /usr/bin/runc: exec format error: unknown.
engine/runtime-missing
failed to register layer: Error processing tar file(exit status 1): write /data: no space left on device
resources/disk-full
docker.service: Start request repeated too quickly.
engine/restart-loop
"""
PAIRS = list(zip(SEEN.strip().split("\n")[::2], SEEN.strip().split("\n")[1::2], strict=True))


@pytest.mark.parametrize(("text", "first"), PAIRS, ids=[first for _, first in PAIRS])
def test_a_message_points_to_its_problem(text: str, first: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The likeliest first; as it is pasted from a log, with a time before it and broken over lines."""
    found = message.explain(text, TABLE)
    assert found is not None
    assert found.best.checks[0] == first
    pasted = f'level=error time="2026-11-24T10:00:00Z" msg="{text}"'.replace(" ", "\n ", 3)
    assert explain.run(pasted, PLAIN, elsewhere=True) == 0
    assert f"doctor scan --select {first}" in capsys.readouterr().out


def test_an_unknown_message_is_said_to_be_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    """And no problem is guessed."""
    assert explain.run("the printer is on fire", PLAIN) == 3
    assert "no known error message" in capsys.readouterr().out


def test_a_mistyped_id_gets_its_neighbour() -> None:
    """Before anything is printed."""
    with pytest.raises(UsageError, match="did you mean 'network/ip-forward-off'"):
        explain.run("network/ip-forwrd-off", PLAIN)
    with pytest.raises(UsageError, match="nothing to explain"):
        explain.run("  ", PLAIN, elsewhere=True)


def test_an_area_lists_its_checks(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each; a word that is also a probe explains that too."""
    assert explain.run("network", PLAIN) == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == sum(1 for name in CATALOG.checks if name.startswith("network/"))
    assert explain.run("dns", PLAIN) == 0
    shown = capsys.readouterr().out.splitlines()
    assert sum(1 for name in CATALOG.checks if name.startswith("dns/")) == shown.index("")
    assert shown[shown.index("") + 1] == "dns"


def test_a_huge_paste_is_answered_at_once() -> None:
    """A whole log file fits on a clipboard."""
    text = "No chain/target/match by that name " + "driver failed programming external connectivity " * 100_000
    assert message.explain(text, TABLE) is not None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("docker: Error response from daemon: the flux is gone", "journalctl -b -u docker"),
        ("kubelet: the flux is gone", "journalctl -b -u kubelet"),
        ("ctr: the shim has lost its flux", "journalctl -b -u containerd"),
        ("iptables: the flux is gone", "doctor probe port egress"),
        ("overlayfs: the flux is gone", "journalctl -b -k"),
        ("conmon: the flux is gone", "-t podman"),
    ],
)
def test_an_unknown_message_gets_the_log_to_read_next(
    text: str, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program in the line decides which; no check is named as its cause."""
    assert explain.run(text, PLAIN, elsewhere=True) == 3
    shown = " ".join(capsys.readouterr().out.split())
    assert place in shown
    assert "doctor explain --unit docker" in shown
    assert "--select" not in shown
