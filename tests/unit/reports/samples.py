"""Reports that every format is rendered from: a broken host, a healthy one, a plan, repairs, probes, and a hostile host."""

from msgspec.structs import replace

from doctor.model.change import ScanChange
from doctor.model.finding import Evidence, Finding, FixSummary, Subject
from doctor.model.outcome import Outcome, Result
from doctor.model.probe_result import ProbeResult
from doctor.model.report import (
    Candidate,
    HalfDone,
    HistoryRow,
    HostInfo,
    ManualFix,
    PlannedAction,
    PlanReport,
    ProbeReport,
    Question,
    RepairReport,
    Report,
    ScanReport,
)
from doctor.model.severity import Applicability, Severity
from doctor.model.verdict import Scope

HOST = HostInfo(name="web-7", kernel="6.12.48-amd64", os="Debian GNU/Linux 13 (trixie)", engine="26.1.5")
STARTED = 1_800_000_000.0
_DAY = 86400.0

FORWARD = Finding(
    id="network/ip-forward-off",
    subject=Subject("sysctl", "net.ipv4.ip_forward"),
    message="containers on bridge networks reach nothing outside this host: net.ipv4.ip_forward is 0",
    severity=Severity.CRITICAL,
    evidence=(
        Evidence("/proc/sys/net/ipv4/ip_forward", "0"),
        Evidence("/etc/sysctl.d/99-harden.conf, line 3", "net.ipv4.ip_forward = 0"),
    ),
    fix=FixSummary(Applicability.SAFE, "set net.ipv4.ip_forward to 1; keep it on in /etc/sysctl.d/99-harden.conf"),
)
DATABASE = Finding(
    id="state/network-db-corrupt",
    subject=Subject("file", "/var/lib/docker/network/files/local-kv.db"),
    message="the network database is corrupt: the engine can't start",
    severity=Severity.CRITICAL,
    evidence=(
        Evidence("/var/lib/docker/network/files/local-kv.db", "65536 bytes, page 4: invalid page type 0xffff"),
        Evidence(
            "journalctl -u docker -n 200",
            "\n".join(f'level=error msg="start {number} failed" error="invalid database"' for number in range(1, 21)),
        ),
    ),
    fix=FixSummary(
        Applicability.DISRUPTIVE, "rebuild the database from the containers' own files, with the same network ids"
    ),
)
DOWN = Finding(
    id="engine/down",
    subject=Subject("engine", "docker"),
    message="no container can be started, stopped or listed: dockerd is not running",
    severity=Severity.ERROR,
    evidence=(Evidence("/run/docker.sock", "connection refused"),),
    fix=FixSummary(Applicability.SAFE, "start docker.service"),
    causes=(DATABASE.fingerprint,),
)
LOGS = Finding(
    id="logging/unbounded-json-file",
    subject=Subject("container", "shop-db"),
    message="the log of container shop-db grows without a limit: 41.3 GiB today, 88 % of the disk",
    severity=Severity.WARNING,
    evidence=(Evidence("/var/lib/docker/containers/4c1f/4c1f-json.log", "44345151283 bytes"),),
)
LOST = Finding(
    id="state/layer-mount-corrupt",
    subject=Subject("container", "shop-db"),
    message="the mount record of container shop-db is corrupt: the engine does not load the container",
    severity=Severity.ERROR,
    evidence=(Evidence("/var/lib/docker/image/overlay2/layerdb/mounts/4c1f/mount-id", "it is empty"),),
)
INFO = Finding(
    id="cgroups/v1-deprecated",
    subject=Subject("cgroup", "v1"),
    message="the next major engine needs cgroup v2, and this host mounts v1",
    severity=Severity.INFO,
    evidence=(Evidence("/proc/self/mountinfo", "cgroup /sys/fs/cgroup/memory"),),
)
WAIVED = Finding(
    id="security/tcp-exposed",
    subject=Subject("listener", "tcp://0.0.0.0:2376"),
    message="the engine's API is reachable from the network",
    severity=Severity.WARNING,
    waived="behind the VPN, see OPS-311, until 2027-06-30",
)

OK = {
    "network/ip-forward-off": "the kernel forwards IPv4",
    "storage/driver-removed": "the configured storage driver exists in this engine",
    "dns/resolv-empty": "the host's resolv.conf names a server",
}
OUTCOMES = (
    Outcome(id="cgroups/v1-deprecated", result=Result.FAIL, seconds=0.001),
    Outcome(id="dns/resolv-empty", result=Result.PASS, seconds=0.0004),
    Outcome(id="engine/down", result=Result.FAIL, seconds=0.0021),
    Outcome(
        id="firewall/masquerade-missing",
        result=Result.ERROR,
        reason="iptables-save: permission denied",
        incomplete=True,
    ),
    Outcome(
        id="firewall/dnat-missing", result=Result.ERROR, reason="iptables-save: permission denied", incomplete=True
    ),
    Outcome(id="kubernetes/swap", result=Result.SKIP, reason="no kubelet on this host"),
    Outcome(id="logging/unbounded-json-file", result=Result.FAIL, seconds=0.0102),
    Outcome(id="network/ip-forward-off", result=Result.FAIL, seconds=0.0003),
    Outcome(id="security/tcp-exposed", result=Result.FAIL, seconds=0.0003),
    Outcome(id="state/network-db-corrupt", result=Result.FAIL, seconds=0.0093),
    Outcome(id="storage/driver-removed", result=Result.PASS, seconds=0.0001),
)
PROBES = (
    ProbeResult(
        name="storage",
        proves="a container starts on this storage",
        result=Result.PASS,
        message="a container wrote and read 1 MiB",
        seconds=0.031,
    ),
    ProbeResult(
        name="egress",
        proves="containers reach the outside",
        result=Result.FAIL,
        message="no answer from 198.51.100.2:80 within 2 s",
        evidence=(Evidence("connect 198.51.100.2:80", "timed out"), Evidence("conntrack", "no entry")),
        seconds=2.004,
    ),
    ProbeResult(
        name="limits",
        proves="limits hold",
        result=Result.SKIP,
        message="no memory controller on this host",
        seconds=0.002,
    ),
)
HISTORY = tuple(
    HistoryRow(
        started=STARTED - (30 - day) * _DAY,
        counts={
            "critical": 0 if day < 24 else 1 + day % 2,
            "error": day % 3 % 2,
            "warning": 1 + day % 4 // 2,
            "info": 1,
            "pass": 57,
            "skip": 4,
        },
        exit_code=1 if day > 12 else 0,
    )
    for day in range(30)
)
BROKEN = ScanReport(
    host=HOST,
    doctor="0.1.0",
    started=STARTED,
    seconds=0.2134,
    findings=(DATABASE, DOWN, FORWARD, LOGS, INFO, WAIVED),
    outcomes=OUTCOMES,
    probes=PROBES,
    history=HISTORY,
    ok=OK,
    notes=("the waiver of engine/live-restore-off expired on 2026-12-31 (until the upgrade)",),
)
CLEAR = ScanReport(
    host=HOST,
    doctor="0.1.0",
    started=STARTED,
    seconds=0.198,
    findings=(),
    outcomes=tuple(
        outcome if outcome.result is Result.SKIP else replace(outcome, result=Result.PASS, reason="", incomplete=False)
        for outcome in OUTCOMES
    ),
    ok=OK,
)
PASSED = (
    *(replace(probe, result=Result.PASS, message=f"{probe.proves}, seen in 31 ms", evidence=()) for probe in PROBES),
    ProbeResult(
        name="start",
        proves="every layer starts containers",
        result=Result.PASS,
        message="a container was started by each layer",
        seconds=0.2,
    ),
)
HEALTHY = replace(CLEAR, probes=PASSED)
INCOMPLETE = replace(CLEAR, outcomes=(OUTCOMES[1], *OUTCOMES[3:6]))
NARROWED = replace(CLEAR, outcomes=CLEAR.outcomes[1:2], scope=Scope(installed=11, narrowed="--select dns"))
NOTHING_RAN = replace(CLEAR, outcomes=(), scope=Scope(installed=11, narrowed="--select dns, --skip dns"))
NOT_ROOT = replace(
    CLEAR, outcomes=OUTCOMES[3:7], scope=Scope(installed=4, remedy="sudo /opt/venv/bin/doctor scan --format text")
)
HIDDEN = replace(BROKEN, hidden=tuple(finding.fingerprint for finding in BROKEN.findings))
ACTIONS = (
    PlannedAction(
        number=1,
        summary="stop the engine",
        risk=Applicability.DISRUPTIVE,
        fixes=(),
        check_ids=(),
        diff="systemctl stop docker.socket docker.service\n",
    ),
    PlannedAction(
        number=2,
        summary="rebuild /var/lib/docker/network/files/local-kv.db from the containers' own files",
        risk=Applicability.DISRUPTIVE,
        fixes=(DATABASE.fingerprint,),
        check_ids=(DATABASE.id,),
        diff="binary file /var/lib/docker/network/files/local-kv.db: 65536 bytes → 131072 bytes\n",
    ),
    PlannedAction(
        number=3,
        summary="set net.ipv4.ip_forward to 1 in /etc/sysctl.d/99-harden.conf",
        risk=Applicability.SAFE,
        fixes=(FORWARD.fingerprint,),
        check_ids=(FORWARD.id,),
        diff=(
            "--- /etc/sysctl.d/99-harden.conf\n+++ /etc/sysctl.d/99-harden.conf\n@@ -1,3 +1,3 @@\n"
            " # hardening\n net.ipv4.conf.all.rp_filter = 1\n-net.ipv4.ip_forward = 0\n+net.ipv4.ip_forward = 1\n"
        ),
    ),
)
MANUAL = (
    ManualFix(
        finding=LOGS,
        why="only you know whether the old lines are needed",
        advice="docker rm and run shop-db again with --log-opt max-size=10m\nor truncate its log by hand",
    ),
    ManualFix(
        finding=LOST,
        why="several candidates fit, and it is unknown which is right: choose one",
        advice="",
        questions=(
            Question(
                text="which layer directory belongs to container shop-db (created 2026-11-20 08:01:13 UTC)",
                candidates=tuple(
                    Candidate(
                        name=name * 32,
                        evidence=(
                            Evidence("created", made),
                            Evidence("holds", "etc/motd, srv/data (changed yesterday)"),
                        ),
                        option=f"--choose state/layer-mount-corrupt:shop-db={name * 6}",
                    )
                    for name, made in (("4f", "2026-11-20 08:01:13 UTC"), ("a1", "2026-11-02 11:40:00 UTC"))
                ),
            ),
        ),
    ),
)
PLAN = PlanReport(
    host=HOST,
    doctor="0.1.0",
    started=STARTED,
    seconds=0.31,
    actions=ACTIONS,
    risk=Applicability.DISRUPTIVE,
    manual=MANUAL,
    resolves=(DATABASE, DOWN, FORWARD),
    remaining=(LOGS,),
    before=BROKEN.verdict,
    probes=("egress", "port"),
    command="doctor fix --deep --allow disruptive --apply",
)
NOTHING = replace(PLAN, actions=(), risk=None, manual=(), resolves=(), remaining=(), before=CLEAR.verdict, probes=())
BLIND = replace(NOTHING, before=NOT_ROOT.verdict)
PROVEN = (
    replace(PROBES[0], name="storage"),
    replace(PROBES[1], result=Result.PASS, message="198.51.100.2:80 answered in 2 ms", evidence=(), seconds=0.04),
)
DONE = tuple(replace(action, result="done") for action in ACTIONS)
REPAIR = RepairReport(
    run="20270115T080001Z-1f3a",
    host=HOST,
    doctor="0.1.0",
    started=STARTED,
    seconds=3.42,
    actions=DONE,
    probes=PROVEN,
    resolved=(DATABASE, DOWN, FORWARD),
    remaining=(LOGS,),
    manual=MANUAL,
    outcomes=OUTCOMES[:2],
    exit_code=1,
)
ROLLED_BACK = replace(
    REPAIR,
    actions=(
        DONE[0],
        replace(ACTIONS[1], result="failed: no space left on device"),
        replace(ACTIONS[2], result="not reached"),
    ),
    probes=(),
    resolved=(),
    remaining=(DATABASE, DOWN, FORWARD, LOGS),
    rolled_back=True,
    error="step 2 could not be applied: no space left on device",
    exit_code=4,
)
HALF_DONE = replace(
    ROLLED_BACK,
    actions=(
        replace(DONE[0], result="not rolled back: /etc/docker/daemon.json: it is immutable"),
        *ROLLED_BACK.actions[1:],
    ),
    rolled_back=False,
    half_done=(
        HalfDone(
            action=1,
            what="/etc/docker/daemon.json",
            why="can't apply a step: Operation not permitted at /etc/docker/daemon.json",
            original="/var/lib/doctor/runs/0007-20270115-080001/backup/0",
            do="chattr -i /etc/docker/daemon.json, then 'doctor undo 0007-20270115-080001'",
        ),
        HalfDone(
            action=0, what="start of the engine", why="it has ended", original="", do="retry with 'doctor undo 7'"
        ),
    ),
    exit_code=6,
)
PROBED = ProbeReport(host=HOST, doctor="0.1.0", started=STARTED, seconds=2.1, probes=PROBES)
REPAIRED = replace(
    CLEAR,
    findings=(LOGS,),
    history=HISTORY,
    repairs=(REPAIR,),
    probes=PROVEN,
)

# Names that an attacker who may name a container, write a file or a log line would try.
NASTY = (
    "\x1b[2J\x1b]0;owned\x07\x9b31m\u202egnp.exe\u2066\u200b\x00\r\n"
    "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><b> ]]> & &amp; {{7*7}} {% raw %} | `x` **b** [a](javascript:alert(1)) @all #1"
    + b"\xe9\xff".decode("utf-8", "surrogateescape")
    + "\ud800\ufffe\U000e0041"
)


def hostile(text: str = NASTY) -> tuple[Report, ...]:
    """Return a report of each kind with ``text`` at every place that a host can fill."""
    finding = Finding(
        id="state/x",
        subject=Subject("file", f"/{text}"),
        message=text,
        severity=Severity.CRITICAL,
        evidence=(Evidence(text, text), Evidence("log", f"{text}\n{text}")),
        fix=FixSummary(Applicability.SAFE, text),
    )
    symptom = replace(finding, id="state/y", severity=Severity.WARNING, causes=(finding.fingerprint,))
    waived = replace(finding, id="state/z", waived=text)
    host = HostInfo(name=text, kernel=text, root=text, os=text, engine=text)
    outcomes = (
        Outcome(id="state/x", result=Result.FAIL),
        Outcome(id="state/y", result=Result.ERROR, reason=text, incomplete=True),
        Outcome(id="state/z", result=Result.SKIP, reason=text),
    )
    probes = (ProbeResult(name="egress", proves=text, result=Result.FAIL, message=text, evidence=finding.evidence),)
    action = replace(ACTIONS[0], summary=text, diff=f"--- {text}\n+{text}\n-{text}", result=f"failed: {text}")
    asked = Question(text=text, candidates=(Candidate(name=text, evidence=finding.evidence, option=text),))
    manual = (ManualFix(finding=finding, why=text, advice=f"{text}\n{text}", questions=(asked,)),)
    repair = replace(
        REPAIR,
        host=host,
        actions=(action,),
        probes=probes,
        resolved=(finding,),
        remaining=(symptom,),
        manual=manual,
        outcomes=outcomes,
        error=text,
        rolled_back=False,
        half_done=(HalfDone(action=1, what=text, why=text, original=text, do=text),),
    )
    return (
        replace(
            BROKEN,
            host=host,
            findings=(finding, symptom, waived),
            outcomes=outcomes,
            probes=probes,
            repairs=(repair,),
            notes=(text,),
            ok={"state/x": text},
            change=ScanChange(since=0.0, new=(finding.fingerprint,), gone=(finding,), unknown=(symptom,)),
        ),
        replace(PLAN, host=host, actions=(action,), manual=manual, resolves=(finding,), remaining=(symptom,)),
        repair,
        replace(PROBED, host=host, probes=probes),
    )
