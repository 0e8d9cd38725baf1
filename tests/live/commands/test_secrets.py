"""More than two hundred secrets of forty kinds at every place that a collector reads; none of them leaves the host."""

import base64
import json
import zlib
from collections.abc import Iterator

import pytest

from tests.hosts import faults
from tests.hosts.box import Box
from tests.hosts.patient import patient
from tests.hosts.sandbox import CHECKOUT, Completed
from tests.live.repair import repair_kit as kit
from tests.secrets_kit import CANARY, found_in, kinds

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

SCANS = ("text", "json", "html", "markdown", "junit", "sarif", "prometheus", "nagios", "npd")
PLANS = ("text", "json", "html", "markdown")


class Planter:
    """Hands out secrets, each with a number of its own, so that a leak names its place."""

    def __init__(self) -> None:
        self.places: dict[str, str] = {}

    def take(self, place: str, count: int, *, without: str = "") -> list[str]:
        """Return ``count`` secrets for a place, whose format can't hold the characters of ``without``."""
        number = len(self.places) + 1
        found: list[str] = []
        while len(found) < count:
            value = kinds(number)[number % len(kinds(0))]
            self.places[f"{CANARY}{number:04d}x"] = place
            number += 1
            if not set(value) & set(without):
                found.append(value)
        return found

    def place_of(self, text: str) -> str:
        """Return where a leaked secret stood, and what is around it."""
        at = text.index(CANARY)
        name = text[at : at + len(CANARY) + 5]
        return f"{name} of {self.places.get(name, 'nowhere')}: {text[max(0, at - 200) : at + 100]!r}"


def variables(planter: Planter, place: str, count: int, quote: str = '"') -> str:
    """Return lines NAME="secret"."""
    values = planter.take(place, count, without="\\$`" + quote)
    return "".join(f"VARIABLE_{index}={quote}{value}{quote}\n" for index, value in enumerate(values))


def settings(planter: Planter) -> list[str]:
    """Return texts of daemon.json: one that an engine starts with is first, then such as doctor has remarks on."""
    url = "\\ <>|\"'#"
    proxy, proxy2, mirror, mirror2, wrong, torn = planter.take("daemon.json, login of a URL", 6, without=url + "?")
    (query,) = planter.take("daemon.json, query of a URL", 1, without=url)
    good = {
        "labels": [f"l{i}={value}" for i, value in enumerate(planter.take("daemon.json, labels", 8))],
        "proxies": {
            "http-proxy": f"http://user:{proxy}@proxy.invalid:1",
            "https-proxy": f"http://{proxy2}@proxy.invalid:1",
        },
        "registry-mirrors": ["https://mirror.invalid"],
        "runtimes": {
            "odd": {"path": "/usr/bin/odd", "runtimeArgs": ["--key", *planter.take("daemon.json, runtimeArgs", 6)]},
        },
    }
    unknown = {f"key-{i}": value for i, value in enumerate(planter.take("daemon.json, unknown keys", 10))}
    options = {f"plugin-option-{i}": value for i, value in enumerate(planter.take("daemon.json, log-opts", 8))}
    nested = {"odd": {"deep": [{"deeper": value} for value in planter.take("daemon.json, nested", 5)]}}
    whole = json.dumps(good, indent=2)
    return [
        whole,
        json.dumps(good | unknown, indent=2, ensure_ascii=False),
        json.dumps(good | {"registry-mirrors": [f"https://user:{mirror}@mirror.invalid"]}),
        json.dumps(
            good | {"log-driver": "splunk", "log-opts": options | {"splunk-token": planter.take("token", 1)[0]}}
        ),
        json.dumps(
            good | {"registry-mirrors": f"https://user:{mirror2}@mirror.invalid", "hosts": "tcp://0.0.0.0:2375"}
        ),
        json.dumps(good | nested | {"http-proxy": f"socks://user:{wrong}@proxy.invalid:1", "mtu": "1400"}),
        whole.replace("},", "}", 1) + ",",
        whole[: whole.index("mirror.invalid") - 3],
        json.dumps({"http-proxy": f"http://user:{torn}", "storage-driver": "overlay3"})[:-20],
        json.dumps(good | {"registry-mirrors": [f"https://mirror.invalid/v2?sig={query}"], "log-driver": "fluent"}),
    ]


def files(planter: Planter) -> dict[str, str]:
    """Return the text of each other file that holds secrets."""
    units = planter.take("unit, Environment=", 10, without="\\$\"'%")
    options = planter.take("DOCKER_OPTS", 6, without=" \\$\"'`;&()<>|*!#[]{}")
    toml = planter.take("containerd, hosts.toml", 6, without='\\"')
    login = planter.take("client, config.json", 6)
    return {
        "/etc/default/docker": variables(planter, "default", 10)
        + "DOCKER_OPTS='--log-driver=splunk "
        + " ".join(f"--log-opt option-{i}={value} --label l{i}={value}" for i, value in enumerate(options))
        + "'\n",
        "/etc/sysconfig/docker": variables(planter, "sysconfig", 10, "'") + "OPTIONS='--log-driver=journald --odd'\n",
        "/etc/environment": variables(planter, "environment", 6),
        "/etc/systemd/system/docker.service.d/secret.conf": "[Service]\n"
        + "".join(f'Environment="VARIABLE_{i}={value}"\n' for i, value in enumerate(units)),
        "/etc/containerd/certs.d/registry.invalid/hosts.toml": '[host."https://registry.invalid".header]\n'
        + "".join(f'  x-{i} = ["{value}"]\n' for i, value in enumerate(toml)),
        "/root/.docker/config.json": json.dumps(
            {
                "auths": {f"registry{i}.invalid": {"auth": value} for i, value in enumerate(login[:3])},
                "HttpHeaders": {f"X-{i}": value for i, value in enumerate(login[3:])},
            }
        ),
        "/var/lib/kubelet/kubeadm-flags.env": "KUBELET_KUBEADM_ARGS='"
        + " ".join(f"--odd-{i}={value}" for i, value in enumerate(planter.take("kubelet", 5, without=" '\\")))
        + "'\n",
    }


def containers(box: Box, planter: Planter) -> None:
    """Containers, volumes and networks whose settings hold secrets, on a running engine."""

    def pairs(option: str, place: str, count: int) -> list[str]:
        return [word for i, value in enumerate(planter.take(place, count)) for word in (option, f"v{i}={value}")]

    arguments = planter.take("container, command", 6)
    box.docker("network", "create", *pairs("--label", "network, labels", 6), "labelled")
    box.docker("volume", "create", *pairs("--label", "volume, labels", 6), "labelled")
    (login,) = planter.take("volume, device", 1, without=" ,")
    box.docker(
        "volume",
        "create",
        "-o",
        "type=cifs",
        "-o",
        f"device=//server.invalid/{login}",
        "-o",
        f"o=username=u,password={login}",
        "cifs",
    )
    for name, network in (("running", "labelled"), ("stopped", "bridge")):
        create = "run" if name == "running" else "create"
        box.docker(
            create, *(["-d"] if create == "run" else []), "--name", name, "--network", network, "-v", "labelled:/v",
            *pairs("--env", "container, environment", 20), *pairs("--label", "container, labels", 12),
            "--health-cmd", planter.take("container, health check", 1)[0], "bb:1", "sh", "-c", 'echo "$@"; exec sleep 9000', "-",
            *arguments,
        )  # fmt: skip
    box.docker("create", "--name", "on-cifs", "-v", "cifs:/v", "bb:1", "true", check=False)
    box.docker(
        "commit",
        *[
            w
            for i, v in enumerate(planter.take("image, ENV", 6, without="\\$\"'`\n"))
            for w in ("-c", f'ENV V{i}="{v}"')
        ],
        "stopped",
        "secret:1",
    )


@pytest.fixture
def planter() -> Planter:
    return Planter()


@pytest.fixture
def host(can_box: None, planter: Planter) -> Iterator[tuple[Box, list[str]]]:
    """A running host with secrets everywhere, and something to repair; the texts of daemon.json to try."""
    texts = settings(planter)
    with Box(data_root=patient()) as made:
        process = planter.take("the engine's own environment", 8, without="'\\")
        assignments = " ".join(f"VARIABLE_{i}='{value}'" for i, value in enumerate(process))
        made.write("/etc/docker/daemon.json", texts[0])
        made.run(["sh", "-c", f"{assignments} setsid dockerd >>/var/log/dockerd.log 2>&1 </dev/null &"])
        made.run(["sh", "-c", "until docker version; do sleep 0.1; done"], timeout=30)
        containers(made, planter)
        for path, text in files(planter).items():
            made.write(path, text)
        faults.inject(made, "forward/file-off")
        yield made, texts


def look(box: Box, planter: Planter, *arguments: str) -> Completed:
    """Run doctor; no canary may stand in what it prints, and it must have worked."""
    done = box.doctor(*arguments, timeout=60)
    for said in (done.stdout, done.stderr):
        assert "Traceback" not in said
        assert CANARY not in said, f"{arguments} shows {planter.place_of(said)}"
    assert done.stdout or done.stderr
    return done


def bundle(box: Box, planter: Planter) -> None:
    """Take a bundle; neither it nor what is printed holds a canary in any form, and it is judged elsewhere."""
    look(box, planter, "bundle", "--dry-run", "-v")
    done = look(box, planter, "bundle", "-o", "/root/host.bundle", "--force")
    assert "wrote a bundle" in done.stderr, done.stderr
    # Through base64: the box's output is text.
    raw = base64.b64decode(box.run(["base64", "/root/host.bundle"]).stdout)
    content = zlib.decompress(raw, 31)
    leaks = found_in(content)
    assert leaks == [], [planter.place_of(leak) if CANARY in leak else leak for leak in leaks]
    assert b"web" in content or b"running" in content, "it has the names of containers"
    look(box, planter, "scan", "--bundle", "/root/host.bundle", "-v", "--format", "json")
    look(box, planter, "fix", "--bundle", "/root/host.bundle", "-v", "--allow", "destructive")


def kept(box: Box) -> list[str]:
    """Files that hold a canary: doctor's own, but for those that an undo needs, and temporary ones."""
    places = ["/var/lib/doctor", "/tmp", "/var/tmp", "/run/doctor"]
    found = box.run(["grep", "-rla", CANARY, *places], check=False).stdout.split()
    ours = (f"{kit.RUNS}/", "/var/lib/doctor/metadata/", f"{CHECKOUT}/")
    return [path for path in found if not path.startswith(ours)]


def test_two_hundred_secrets_stay_on_the_host(host: tuple[Box, list[str]], planter: Planter) -> None:
    """Alive, repaired, undone, reported; and dead, with settings that the checks have remarks on."""
    box, texts = host
    assert len(planter.places) >= 200
    for name in SCANS:
        look(box, planter, "scan", "-v", "--format", name)
    for name in PLANS:
        look(box, planter, "fix", "-v", "--allow", "destructive", "--format", name)
    bundle(box, planter)
    look(box, planter, "fix", "--apply", "--yes", "--allow", "disruptive", "-v")
    look(box, planter, "undo", "--yes")
    look(box, planter, "report", "-o", "/root/report.html")
    assert CANARY not in box.read("/root/report.html")
    assert kept(box) == []
    box.power_loss()
    for text in texts:
        box.write("/etc/docker/daemon.json", text)
        look(box, planter, "scan", "-v", "--deep")
        look(box, planter, "fix", "-v", "--allow", "destructive", "--format", "json")
        if text == texts[1]:
            bundle(box, planter)
    look(box, planter, "salvage", "--to", "/root/salvaged", "--volumes", "--containers", "-v")
    look(box, planter, "fix", "--apply", "--yes", "--allow", "destructive", "-v", "--format", "html")
    assert kept(box) == []
