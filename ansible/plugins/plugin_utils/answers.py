"""What doctor answers on a host, and what it means for a task. Nothing in here needs Ansible."""

from __future__ import annotations

import json
import re
import shlex

SCHEMA_VERSION = "1"
MARK = "doctor-ended-with"
# Where the one file and pipx put the command; sudo of Red Hat and a shell without a login do not search there.
_PATHS = "/usr/local/bin:/usr/local/sbin"


class NoAnswerError(Exception):
    """The command ended without a report that this collection can read; the text says why and what to do."""


class Answer:
    """What one call of doctor printed: its exit code, its report, and its messages."""

    def __init__(self, code, document, messages):
        self.code = code
        self.document = document
        self.messages = messages


def script(program, words, errors):
    """Return the shell command that runs doctor and prints its code and its messages after the report.

    A connection with a terminal mixes standard output and standard error, and some report another exit code than the
    command's. So messages go through the file ``errors``, and the code is printed.
    """
    call = " ".join(shlex.quote(word) for word in (program, *words))
    where = shlex.quote(errors)
    return f"PATH=$PATH:{_PATHS} {call} 2>{where}; printf '\\n{MARK} %s\\n' $?; cat {where}; rm -f {where}"


def read(text, kind=""):
    """Return the answer in what ``script`` printed; raises ``NoAnswerError``.

    ``kind`` is the expected report (scan, plan, repair); "" for a command that prints none.
    """
    text = text.replace("\r\n", "\n")
    found = list(re.finditer(rf"^{MARK} (\d+)$", text, re.MULTILINE))
    if not found:
        raise NoAnswerError(f"the connection ended before doctor did: {_short(text) or 'it printed nothing'}")
    last = found[-1]
    code, before, messages = int(last[1]), text[: last.start()], text[last.end() :].strip()
    if code == 127:
        raise NoAnswerError(
            f"doctor was not found on the host ({_short(messages)}): install it (container_doctor.doctor.install), name it "
            "(executable), or name a file to copy (src)"
        )
    if code == 126:
        raise NoAnswerError(f"doctor was found and can't be run on the host ({_short(messages)}){way_out(messages)}")
    if code == 2:
        raise NoAnswerError(f"doctor does not accept these options: {_short(messages)}")
    document = _document(before)
    if kind and code in (0, 1, 3):
        if document is None:
            raise NoAnswerError(f"doctor ended with code {code} and without a report: {_short(messages or before)}")
        if document.get("schema_version") != SCHEMA_VERSION:
            raise NoAnswerError(
                f"doctor on the host writes reports of schema {document.get('schema_version')}, and this collection reads "
                f"{SCHEMA_VERSION}: use a collection and a doctor of the same release"
            )
        if document.get("kind") != kind:
            raise NoAnswerError(f"doctor printed a {document.get('kind')} report in place of a {kind} report")
    return Answer(code, document, messages)


def way_out(said):
    """Return what to do about a file that a host's shell could not start, "" if its words do not show why.

    >>> way_out("sh: 1: /x/doctor: Exec format error")
    ': the file is for another processor; let src name the directory with doctor-x86_64 and doctor-aarch64'
    """
    words = said.lower()
    if "exec format error" in words or "cannot execute binary" in words:
        return ": the file is for another processor; let src name the directory with doctor-x86_64 and doctor-aarch64"
    if "permission denied" in words:
        return (
            ": the directory is mounted noexec; set ansible_remote_tmp to one of another file system, or install doctor "
            "there (container_doctor.doctor.install)"
        )
    return ""


def _document(text):
    start = 0 if text.startswith("{") else text.find("\n{") + 1
    if not text.startswith("{", start):
        return None
    try:
        document = json.loads(text[start:])
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def scanned(answer):
    """Return the result of a task that scanned; raises ``NoAnswerError``."""
    if answer.code not in (0, 1, 3):
        raise NoAnswerError(_failure(answer))
    report = answer.document
    verdict = report["verdict"]
    found = [_brief(finding) for finding in report["findings"] if not finding["waived"]]
    result = {
        "changed": False,
        "exit_code": answer.code,
        "verdict": verdict["state"],
        "problems": verdict["problems"],
        "findings": found,
        "msg": verdict["says"],
        "ansible_facts": {
            "doctor": {
                "version": report["doctor"],
                "scanned": report["started"],
                "verdict": verdict["state"],
                "says": verdict["says"],
                "problems": verdict["problems"],
                "worst": verdict["worst"],
                "findings": sorted({finding["id"] for finding in found}),
            }
        },
    }
    if answer.messages:
        result["messages"] = answer.messages.splitlines()
    return result


def planned(answer):
    """Return the result of a task that only planned a repair; raises ``NoAnswerError``."""
    if answer.code not in (0, 1, 3):
        raise NoAnswerError(_failure(answer))
    report = answer.document
    actions = report["actions"]
    return {
        "changed": bool(actions),
        "exit_code": answer.code,
        "verdict": report["verdict"]["state"],
        "msg": report["verdict"]["says"],
        "run": "",
        "actions": actions,
        "manual": report["manual"],
        "remaining": _of(report, "remaining"),
        "resolved": _of(report, "resolves"),
        "diff": diff(actions),
    }


def repaired(answer):
    """Return the result of a task that repaired; a repair that failed has ``failed``. Raises ``NoAnswerError``."""
    report = answer.document
    if report is None or report.get("kind") != "repair":
        raise NoAnswerError(_failure(answer))
    half_done = report["half_done"]
    result = {
        # A repair that was rolled back completely left the host as it was.
        "changed": bool(half_done) or (answer.code in (0, 1, 3) and bool(report["run"] and report["actions"])),
        "exit_code": answer.code,
        "run": report["run"],
        "actions": report["actions"],
        "manual": report["manual"],
        "remaining": _of(report, "remaining"),
        "resolved": _of(report, "resolved"),
        "half_done": half_done,
        "diff": diff(report["actions"]),
        "msg": _said(answer),
    }
    if answer.code not in (0, 1, 3):
        result.update(failed=True, msg=_failure(answer))
    elif answer.code:
        result["warnings"] = [_said(answer)]
    return result


def undone(answer, run):
    """Return the result of a task that undid a repair; raises ``NoAnswerError``."""
    if answer.code == 5 and f"run {run} is already undone" in answer.messages:
        return {"changed": False, "exit_code": 0, "run": run, "msg": f"repair {run} is already undone"}
    if answer.code == 6:
        return {"changed": True, "failed": True, "exit_code": 6, "run": run, "msg": _failure(answer)}
    if answer.code not in (0, 1):
        raise NoAnswerError(_failure(answer))
    nothing = "there is nothing to undo" in answer.messages
    result = {"changed": not nothing, "exit_code": answer.code, "run": run, "msg": f"repair {run} is undone"}
    if nothing:
        result["msg"] = _short(answer.messages)
    if answer.code:
        result["warnings"] = [f"after the undo, something that ran before does not run: {_short(answer.messages)}"]
    return result


def diff(actions):
    """Return the changes of a plan as Ansible shows them with --diff."""
    return [
        {"prepared": f"# {one['number']}. {one['summary']} ({one['risk']})\n{one['diff'].rstrip()}\n"}
        for one in actions
    ]


def file_name(host):
    r"""Return a name for a host's report below the user's directory: no path leads out of it, and no two are one.

    >>> file_name("web-1.example"), file_name("../etc"), file_name("a/b")
    ('web-1.example.json', '%2E.%2Fetc.json', 'a%2Fb.json')
    """
    kept = "".join(
        chr(byte) if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "-_.") else f"%{byte:02X}"
        for byte in host.encode("utf-8", "surrogatepass")
    )
    return ("%2E" + kept[1:] if kept.startswith(".") else kept) + ".json"


def _of(report, key):
    wanted = set(report[key])
    return [_brief(finding) for finding in report["findings"] if finding["fingerprint"] in wanted]


def _brief(finding):
    keys = ("id", "severity", "subject", "message", "fix", "fingerprint")
    return {key: finding[key] for key in keys}


def _said(answer):
    report = answer.document
    done = len(report["actions"]) if report["run"] else 0
    begin = f"{done} action{'' if done == 1 else 's'} applied and verified" if done else "nothing was changed"
    if answer.code == 1:
        # Findings of the severity info do not count.
        left = [finding for finding in _of(report, "remaining") if finding["severity"] != "info"]
        names = ", ".join(sorted({finding["id"] for finding in left})) or "see the report on the host"
        return f"{begin}, and problems remain: {names}"
    if answer.code == 3:
        return f"{begin}, but not everything could be examined: the state of the host is unknown"
    return begin


_FAILED = {
    4: "the repair failed and was rolled back completely",
    5: "doctor refused",
    6: "the repair failed and could not be rolled back completely; see half_done and, on the host, 'doctor undo --list'",
}


def _failure(answer):
    report = answer.document or {}
    why = [report.get("error", "")]
    if answer.code == 6:
        why += [f"{one['what']}: {one['why']}; next: {one['do']}" for one in report.get("half_done", ())]
    elif answer.code == 5:
        # A remark refuses nothing.
        remarks = {one["fingerprint"] for one in report.get("findings", ()) if one["severity"] == "info"}
        why += [f"{one['id']}: {one['why']}" for one in report.get("manual", ()) if one["fingerprint"] not in remarks]
    said = "; ".join(filter(None, why)) or _short(answer.messages) or "it gave no reason"
    return f"{_FAILED.get(answer.code, f'doctor ended with code {answer.code}')}: {said}"


def _short(text):
    text = " ".join(text.split())
    return text if len(text) <= 600 else f"{text[:597]}..."
