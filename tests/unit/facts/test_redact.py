"""Nothing that may be a secret leaves: by names that are known to be harmless, not by names that look secret."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.facts.config.flag_values import concealed_flag, from_flags
from doctor.facts.secrets.redact import Concealed, conceal, redact, redacted, revealed
from doctor.model.finding import Evidence, Finding, Subject
from tests.secrets_kit import CANARY, kinds

PLAIN = [value for value in kinds(1) if not set(value) & set(" \\;,$()[]{}<>|&*!\"'")]
NAMES = ("TOKEN", "MY_APP_THING", "splunk-token", "x", "com.example.setting", "password", "Colour")

WORDS = {
    "variable": "{n}={v}",
    "exported": "export {n}={v}",
    "exported, in quotes": 'export {n}="{v}"',
    "a flag's value": "/usr/bin/thing --other 1 --{n} {v} --debug",
    "a flag with =": "/usr/bin/thing --{n}={v} --debug",
    "an option of the log driver": 'DOCKER_OPTS="--log-opt {n}={v} --log-driver=splunk"',
    "two in one line": "ok=1 {n}={v} mode=ro",
    "in a message": "can't start: {n}={v} is refused",
    "in an apostrophe's line": "it doesn't know --{n}={v} at all",
    "in a diff": "--- /etc/x\n+++ /etc/x\n@@ -1 +1 @@\n-{n}={v}\n+{n}={v}2",
}
QUOTED = {
    "systemd": '[Service]\nEnvironment="{n}={v}" "B=2"\nExecStart=/usr/bin/dockerd',
    "systemd, single": "[Service]\nEnvironment='{n}={v}'",
    "environment file": "{n}={v}",
    "JSON": '{{"{n}": "{v}", "debug": true}}',
    "JSON without its end": '{{"debug": true, "{n}": "{v}',
    "JSON list": '{{"{n}": ["a", "{v}"], "debug": true}}',
    "JSON of a runtime": '{{"runtimes": {{"r": {{"path": "/bin/r", "runtimeArgs": ["--k", "{v}"]}}}}}}',
    "labels": '{{"labels": ["{n}={v}"]}}',
    "log options": '{{"log-opts": {{"{n}": "{v}"}}}}',
    "TOML": '[a]\n  {n} = "{v}"\n',
    "TOML list": '[host."https://r.example".header]\n  {n} = ["{v}",\n "{v}"]\n',
    "header": "X-{n}: {v}",
}


def leaks(form: str, values: list[str]) -> list[str]:
    """Return what still shows a canary after redaction, of all names and values."""
    texts = [form.format(n=name, v=value) for name in NAMES for value in values]
    return [shown for text in texts if CANARY in (shown := redact(text))]


@pytest.mark.parametrize("form", WORDS)
def test_a_value_of_an_unknown_name_is_masked(form: str) -> None:
    """As flags, variables and in prose, where a value ends with white space. A dash begins another flag there."""
    assert leaks(WORDS[form], [value for value in PLAIN if form != "a flag's value" or value[0] != "-"]) == []


@pytest.mark.parametrize("form", QUOTED)
def test_a_value_in_a_file_is_masked(form: str) -> None:
    """In the formats of settings, where a value may hold anything."""
    is_escaped = "JSON" in form or form in {"labels", "log options", "TOML"}
    assert leaks(QUOTED[form], [value.replace("\\", "\\\\") if is_escaped else value for value in kinds(1)]) == []


LOGIN = [value for value in kinds(1) if not set(value) & set(' \\<>|"{}')]


@pytest.mark.parametrize("value", LOGIN)
@pytest.mark.parametrize(
    "form",
    [
        "HTTPS_PROXY=http://user:{v}@proxy:3128",
        '{{"proxies": {{"http-proxy": "http://user:{v}@proxy:3128"}}}}',
        "proxyconnect tcp: dial http://user:{v}@proxy:3128/: refused",
        "--registry-mirror https://user:{v}@mirror.example/v2",
        "GET https://s3.example/blob?X-Amz-Signature={v} 403",
        "http://{v}@proxy:1",
    ],
)
def test_a_url_shows_no_login_and_no_query(form: str, value: str) -> None:
    """Whatever the password holds: an "@" or "/" in it ends it for many parsers, not here."""
    if "@" not in form:
        value = value.replace("#", "%23")
    assert CANARY not in redact(form.format(v=value))


def test_a_socket_in_an_error_of_go_is_not_the_name_of_a_value() -> None:
    """Its words after the colon are the reason; a quoted value is still masked."""
    line = 'failed to dial "/run/containerd/containerd.sock": connection refused'
    assert redact(line) == line
    assert CANARY not in redact(f'{{"/run/x.sock": "{CANARY}"}}')
    assert CANARY not in redact(f'{{"/run/x": {CANARY}}}')


def test_a_url_that_ends_in_its_password_shows_none() -> None:
    """A truncated file."""
    assert redact('"http-proxy": "http://user:hunter') == '"http-proxy": "http://***'
    assert redact("tcp://127.0.0.1:2375, tcp://[::1]:2375") == "tcp://127.0.0.1:2375, tcp://[::1]:2375"


@pytest.mark.parametrize(
    "line",
    [
        r'time="2026-11-30T14:00:00Z" level=debug msg="form data: {\"Cmd\":[\"x\",\"hunter2\"],\"Labels\":{\"a\":\"hunter2\"}}" spanID=1',
        r'{"level":"debug","msg":"form data: {\"Test\":[\"CMD\",\"a\\\"hunter2\"]}","time":"2026-11-30T14:00:00Z"}',
        'DEBU[2026-11-30T14:00:00Z] form data: {"Args":["sleep","hunter2"],"Env":["hunter2"]}',
        r'level=debug msg="form data: {\"Cmd\":[\"hunter2',
    ],
)
def test_what_a_client_sent_is_masked_in_a_debug_log(line: str) -> None:
    """The rest of the line stays, and the lines after it."""
    shown = redact(f"{line}\nlevel=error msg=later")
    assert "hunter2" not in shown
    assert "form data: ***" in shown
    assert shown.endswith("\nlevel=error msg=later")
    assert shown.count("14:00:00Z") == line.count("14:00:00Z")


@pytest.mark.parametrize(
    "text",
    [
        "net.ipv4.ip_forward = 0",
        "-A FORWARD -i eth0 -p tcp -m tcp --dport 80 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        'DOCKER_OPTS="--log-driver=local --log-opt max-size=10m"',
        '{"log-opts": {"max-size": "10m"}, "default-address-pools": [{"base": "10.213.0.0/16", "size": 24}]}',
        "ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS",
        "lowerdir=/var/lib/docker/overlay2/l/ABC:/var/lib/docker/overlay2/l/DEF,upperdir=/x,workdir=/y",
        "docker.io/library/bb:1@sha256:0123456789abcdef",
        "CONFIG_VETH=m; cgroup_disable=memory",
        "see https://docs.docker.com/engine/deprecated/ and fd://",
        "failed to get bridge endpoints from store: invalid character ':' after object key",
        "EnvironmentFile=-/etc/sysconfig/docker",
        "12:03:44 dockerd[71]: level=error msg",
        'connection error: desc = "error reading server preface: read unix @->/run/c.sock: connection reset": unavailable',
    ],
)
def test_what_is_known_to_be_harmless_stays_readable(text: str) -> None:
    """A report that masks all helps nobody."""
    assert redact(text).replace("level=***", "level=error") == text


@given(st.text(max_size=200), st.text(max_size=40))
def test_it_takes_any_text(before: str, after: str) -> None:
    """It never fails, is idempotent, and a private key never passes."""
    once = redact(before + "=" + after)
    assert redact(once) == once
    assert CANARY not in redact(f"{before}\n-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n{after}")


def test_a_concealed_setting_is_used_as_it_is_and_printed_as_a_mask() -> None:
    """A fixer that moves or retypes a value writes the value, not its mask."""
    value = conceal("storage-drvier", "hunter2")
    assert isinstance(value, Concealed)
    assert (value == "hunter2", f"{value} {[value]}", "%s" % value) == (True, "*** ['***']", "***")  # noqa: UP031
    assert json.loads(json.dumps({"a": value})) == {"a": "hunter2"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("labels", "com.example.token=hunter2"),
        ("log-opts", "splunk-token=hunter2"),
        ("storage-opts", "x.password=hunter2"),
        ("https-proxy", "http://u:hunter2@proxy:1"),
    ],
)
def test_what_is_concealed_twice_is_not_its_mask(key: str, value: str) -> None:
    """A flag's value is concealed as a flag, and once more as the setting that it means."""
    once = concealed_flag(key, value)
    assert revealed(once) == value
    assert "hunter2" not in str(once)
    assert "hunter2" in json.dumps(from_flags(key, (once,)))
    assert "hunter2" not in str(from_flags(key, (once,)))
    again = Concealed(once)
    assert (revealed(again), str(again)) == (value, "***")


def test_a_whole_report_is_redacted() -> None:
    """Every text in it, however deep; the rest is left as it is."""
    finding = Finding(
        id="a/b",
        subject=Subject("file", "/x"),
        message="m",
        evidence=(Evidence("/x", f"TOKEN={CANARY}"), Evidence("y", "z")),
    )
    shown = redacted((finding, {"a": f"http://u:{CANARY}@h"}))
    assert CANARY not in repr(shown)
    assert shown[0].evidence[1] is finding.evidence[1]


@pytest.mark.parametrize("secret", ["socks://user:hunter2@proxy:1", "tok-en"])
def test_a_repair_writes_the_secret_and_shows_its_mask(tmp_path: Path, secret: str) -> None:
    """A list where a string stands: the value is moved into it as it is."""
    daemon = tmp_path / "host/etc/docker/daemon.json"
    daemon.parent.mkdir(parents=True)
    daemon.write_text(
        json.dumps({"registry-mirrors": f"https://user:{secret}@mirror.invalid", "labels": f"a={secret}"})
    )
    command = [sys.executable, "-c", "import sys; from doctor.cli.entry import main; sys.exit(main())"]
    arguments = [
        "fix",
        "config/wrong-type",
        "--root",
        str(tmp_path / "host"),
        "--apply",
        "--yes",
        "--allow",
        "disruptive",
    ]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert json.loads(daemon.read_text()) == {
        "registry-mirrors": [f"https://user:{secret}@mirror.invalid"],
        "labels": [f"a={secret}"],
    }, done.stdout + done.stderr
    assert secret not in done.stdout + done.stderr
