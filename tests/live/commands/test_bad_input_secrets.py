"""No secret leaves: canaries in every place that holds one, and none of them in any output or kept report."""

from collections.abc import Iterator

import pytest

from tests.hosts import faults
from tests.hosts.box import Box
from tests.hosts.patient import patient
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

CANARY = "c4n4ry"
SCANS = ("text", "json", "html", "markdown", "junit", "sarif", "prometheus", "nagios", "npd")
PLANS = ("text", "json", "html", "markdown")
DAEMON = f"""{{
  "log-driver": "awslogs",
  "log-opts": {{"splunk-token": "{CANARY}-splunk", "awslogs-secret-key": "{CANARY}-aws"}},
  "proxies": {{"http-proxy": "http://user:{CANARY}-pass@proxy:1", "https-proxy": "http://{CANARY}-user@proxy:1"}},
  "registry-mirrors": ["https://user:{CANARY}-mirror@mirror.invalid"],
  "default-ulimits": {{}},
  "unknown-password": "{CANARY}-unknown"
}}
"""
FILES = {
    "/etc/docker/daemon.json": DAEMON,
    "/etc/default/docker": (
        f'export HTTP_PROXY="http://user:{CANARY}-default@proxy:1"\n'
        f'DOCKER_OPTS="--log-opt splunk-token={CANARY}-opt --log-driver=awslogs '
        f'--registry-mirror https://user:{CANARY}-mirror2@mirror.invalid"\n'
    ),
    "/etc/systemd/system/docker.service.d/proxy.conf": (
        f'[Service]\nEnvironment="HTTPS_PROXY=http://user:{CANARY}-unit@proxy:1" "TOKEN={CANARY}-token"\n'
    ),
    "/etc/sysconfig/docker": f"HTTP_PROXY=http://user:{CANARY}-sysconfig@proxy:1\nOPTIONS='--log-driver=journald'\n",
    "/root/.docker/config.json": f'{{"auths": {{"registry.invalid": {{"auth": "{CANARY}-auth"}}}}}}\n',
    "/etc/environment": f"http_proxy=http://user:{CANARY}-environment@proxy:1\n",
}
CONTAINERS = (
    ("-d", "--name", "env", "-e", f"PASSWORD={CANARY}-env", "bb:1", "sleep", f"{CANARY}-argument"),
    ("-d", "--name", "log", "bb:1", "sh", "-c", f"echo {CANARY}-line; exec sleep 9000"),
    ("-d", "--name", "opt", "--log-opt", f"env={CANARY}-names", "-e", f"{CANARY}=1", "bb:1", "sleep", "9000"),
)
START = (
    f"HTTPS_PROXY=http://user:{CANARY}-process@proxy.invalid:1 setsid dockerd >>/var/log/dockerd.log 2>&1 </dev/null &"
)


@pytest.fixture
def host(can_box: None) -> Iterator[Box]:
    """A running host with secrets in its settings, environment, containers and logs, and something to repair."""
    with Box(data_root=patient()) as made:
        made.run(["sh", "-c", START])
        made.run(["sh", "-c", "until docker version; do sleep 0.1; done"], timeout=30)
        for container in CONTAINERS:
            made.docker("run", *container, check=False)
        for path, text in FILES.items():
            made.write(path, text)
        faults.inject(made, "forward/file-off")
        yield made


def look(box: Box, *arguments: str) -> None:
    """Run doctor; no canary may stand in what it prints."""
    done = box.doctor(*arguments, timeout=60)
    for said in (done.stdout, done.stderr):
        assert "Traceback" not in said
        assert CANARY not in said, f"{arguments}: {said[max(0, said.index(CANARY) - 300) :][:400]}"


def look_everywhere(box: Box) -> None:
    """Scan and plan in each format, with test containers too."""
    for name in SCANS:
        look(box, "scan", "-v", "--format", name)
    for name in PLANS:
        look(box, "fix", "-v", "--allow", "destructive", "--format", name)
    look(box, "scan", "--probe", "-v")


def kept(box: Box) -> list[str]:
    """Doctor's own files that hold a canary, except those that an undo needs."""
    found = box.run(["grep", "-rla", CANARY, "/var/lib/doctor"], check=False).stdout.split()
    return [path for path in found if not path.startswith((f"{kit.RUNS}/", "/var/lib/doctor/metadata/"))]


def test_no_secret_in_any_output(host: Box) -> None:
    """Alive, repaired, undone, and with its files truncated in the middle of a secret."""
    box = host
    assert CANARY in box.docker("inspect", "env")
    look_everywhere(box)
    look(box, "fix", "--apply", "--yes", "--allow", "disruptive", "-v")
    look(box, "undo", "--list")
    look(box, "undo", "--yes")
    look(box, "fix", "--apply", "--yes", "--allow", "disruptive", "-v", "--format", "html")
    look(box, "report", "-o", "/var/lib/doctor/report.html")
    assert CANARY not in box.read("/var/lib/doctor/report.html")
    assert kept(box) == []


def test_no_secret_in_what_is_said_of_corrupt_files(host: Box) -> None:
    """Settings and container files that end in the middle of a secret: the error quotes none of it."""
    box = host
    box.power_loss()
    box.write("/etc/docker/daemon.json", DAEMON[: DAEMON.index(f"{CANARY}-pass") + 8])
    for path in (box.workdir / "docker").glob("containers/*/config.v2.json"):
        data = path.read_bytes()
        if CANARY.encode() in data:
            path.write_bytes(data[: data.index(CANARY.encode()) + 8])
    look_everywhere(box)
    look(box, "scan", "--deep", "-v")
    assert kept(box) == []


def test_what_a_repair_keeps_is_for_root_alone(host: Box) -> None:
    """Journals and backups hold what they must give back: nobody but root may read them."""
    box = host
    box.doctor("scan")
    box.doctor("fix", "--apply", "--yes", "--allow", "disruptive")
    loose = box.run(["find", "/var/lib/doctor/runs", "/var/lib/doctor/history.db", "-perm", "/077"]).stdout
    assert loose == ""
