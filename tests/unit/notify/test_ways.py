"""Each way of delivery: the exact bytes that arrive, hostile text, and errors that say what to do."""

import json
import os
import socket
import stat
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from msgspec.structs import replace

from doctor.model.errors import DoctorError, RefusedError
from doctor.model.report import HostInfo
from doctor.model.severity import Severity
from doctor.notify.mail import MailRoute, message
from doctor.notify.send import TryLaterError
from doctor.notify.ways import command, files, journal, sendmail, smtp
from tests.unit.notify.kit import NASTY, finding, notice, parcel, route

HOSTILE = notice(finding(NASTY, message=NASTY), host=HostInfo(name=NASTY, os=NASTY))


def script(place: Path, text: str) -> Path:
    """A program that others can't change."""
    place.parent.chmod(0o755)
    place.write_text(f"#!/bin/sh\n{text}\n")
    place.chmod(0o755)
    return place


def test_a_command_gets_json_and_a_clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And its words as they are, without a shell."""
    monkeypatch.setenv("AWS_SECRET", "hunter2")
    program = script(
        tmp_path / "page", f'cat > {tmp_path}/in; env > {tmp_path}/env; printf "%s\\n" "$@" > {tmp_path}/args'
    )
    command.send(parcel(f"command:{program} 'a b' $HOME;x", HOSTILE))
    assert json.loads((tmp_path / "in").read_bytes())["news"][0]["change"] == "new"
    environment = (tmp_path / "env").read_text()
    assert "hunter2" not in environment
    assert "DOCTOR_SEVERITY=error" in environment
    assert (tmp_path / "args").read_text().splitlines() == ["a b", "$HOME;x"]


def test_a_command_that_fails_or_hangs(tmp_path: Path) -> None:
    """Its last line is the reason; its children end with it."""
    fails = script(tmp_path / "fails", "echo no route >&2; exit 7")
    with pytest.raises(DoctorError, match="exited with 7: no route"):
        command.send(parcel(f"command:{fails}"))
    hangs = script(tmp_path / "hangs", "sleep 60 & wait")
    with pytest.raises(DoctorError, match="did not end within 1 s and was killed"):
        command.send(parcel(f"command:{hangs}"))
    deaf = script(tmp_path / "deaf", "exit 0")
    command.send(parcel(f"command:{deaf}"))
    with pytest.raises(DoctorError, match="does not exist"):
        command.check(route(f"command:{tmp_path}/none"))
    fails.chmod(0o777)
    with pytest.raises(RefusedError, match="can be written by everybody"):
        command.check(route(f"command:{fails}"))


def test_the_journal_gets_an_entry_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a priority that the problem deserves; text of the host adds no field."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    place = str(tmp_path / "socket")
    monkeypatch.setattr(journal, "SOCKET", place)
    with pytest.raises(DoctorError, match="no systemd journal"):
        journal.check(route("journal"))
    server.bind(place)
    server.settimeout(5)
    levels = (Severity.CRITICAL, Severity.ERROR, Severity.WARNING)
    journal.send(parcel("journal", notice(*(finding(level.word, severity=level) for level in levels))))
    rows = [dict(line.split("=", 1) for line in server.recv(65536).decode().splitlines()) for _ in levels]
    assert [(row["PRIORITY"], row["DOCTOR_SUBJECT"]) for row in rows] == [
        ("2", "critical"),
        ("3", "error"),
        ("4", "warning"),
    ]
    assert rows[0]["MESSAGE"] == "new: critical is corrupt [state/x]"
    resolved = replace(notice(finding()), news=tuple(replace(one, change="resolved") for one in notice(finding()).news))
    journal.send(parcel("journal", resolved))
    assert "PRIORITY=5\n" in server.recv(65536).decode()
    journal.send(parcel("journal", notice(is_test=True)))
    assert "DOCTOR_CHANGE=test\n" in server.recv(65536).decode()
    journal.send(parcel("journal", HOSTILE))
    names = [line.partition("=")[0] for line in server.recv(65536).decode().splitlines()]
    assert len(names) == len(set(names)) == 12
    server.close()
    with pytest.raises(TryLaterError):
        journal.send(parcel("journal"))


def test_a_text_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """The metrics and those of the schedule; a test keeps what is there."""
    place = tmp_path / "doctor.prom"
    test = replace(parcel(f"textfile:{place}", notice(is_test=True)), render=None)
    files.send(test)
    assert place.read_text().startswith("#")
    files.send(parcel(f"textfile:{place}"))
    assert place.read_text() == "doctor_x 1\ndoctor_y 2\n"
    assert stat.S_IMODE(place.stat().st_mode) == 0o644
    files.send(test)
    assert place.read_text() == "doctor_x 1\ndoctor_y 2\n"
    assert os.listdir(tmp_path) == ["doctor.prom"]
    with pytest.raises(DoctorError, match="create it first"):
        files.check(route(f"textfile:{tmp_path}/none/x.prom"))
    with pytest.raises(DoctorError, match=r"end in \.prom"):
        files.check(route(f"textfile:{tmp_path}/x"))


def test_a_passive_result_is_one_command(tmp_path: Path) -> None:
    """In a file, or in the pipe of a nagios; a test is unknown, so that it clears no alert."""
    place = tmp_path / "doctor"
    files.send(parcel(f"nagios:{place}"))
    line = "[1800000000] PROCESS_SERVICE_CHECK_RESULT;alpha;doctor;2;CONTAINERS CRITICAL - a|b=1;;;0\n"
    assert place.read_text() == line
    files.send(replace(parcel(f"nagios:{place}", notice(is_test=True)), render=None))
    assert ";3;CONTAINERS UNKNOWN - alpha: test of" in place.read_text()
    evil = replace(parcel(f"nagios:{place}", notice(host=HostInfo(name="a;b\n[0] DISABLE_NOTIFICATIONS"))))
    files.send(evil)
    assert place.read_text().count("\n") == 1
    assert ";ab0DISABLE_NOTIFICATIONS;doctor;" in place.read_text()
    pipe = tmp_path / "nagios.cmd"
    os.mkfifo(pipe)
    with pytest.raises(TryLaterError, match="does not read its command pipe"):
        files.send(parcel(f"nagios:{pipe}"))
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    files.send(parcel(f"nagios:{pipe}"))
    assert os.read(reader, 4096).decode() == line
    os.close(reader)


def test_no_name_of_a_host_becomes_a_header() -> None:
    """Nor a line of the body that a mail program obeys; the message is one that every server takes."""
    raw = message(HOSTILE, "root@a", ("ops@example.com",)).as_bytes()
    found = message_from_bytes(raw, policy=policy.default)
    assert found["Bcc"] is None
    assert {name for name in found if not name.startswith("X-Doctor-")} == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    }
    assert found["To"] == "ops@example.com"
    assert found["Auto-Submitted"] == "auto-generated"
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()
    assert "\\x1b" in found.get_content()


def test_a_mail_is_sent_by_sendmail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its addresses as words after "--"."""
    program = script(tmp_path / "sendmail", f'cat > {tmp_path}/in; printf "%s\\n" "$@" > {tmp_path}/args')
    monkeypatch.setattr(sendmail, "PLACES", (str(program),))
    sendmail.send(parcel("mailto:ops@example.com,b@x?from=doctor@a.example"))
    assert (tmp_path / "args").read_text().splitlines() == [
        "-i",
        "-f",
        "doctor@a.example",
        "--",
        "ops@example.com",
    ]
    text = (tmp_path / "in").read_text()
    assert "Subject: [doctor] alpha: 1 new (worst: error)" in text
    assert "NEW error: web is corrupt" in text
    script(program, "echo no space >&2; exit 75")
    with pytest.raises(TryLaterError, match="exited with 75: no space"):
        sendmail.send(parcel("mailto:ops@example.com"))
    script(program, "exit 1")
    with pytest.raises(DoctorError, match="exited with 1: no message"):
        sendmail.send(parcel("mailto:ops@example.com"))
    monkeypatch.setattr(sendmail, "PLACES", ())
    monkeypatch.setattr(sendmail, "PLACES", (str(tmp_path / "none"),))
    with pytest.raises(DoctorError, match="this host has no sendmail"):
        sendmail.check(route("mailto:ops@example.com"))


def test_the_sender_is_valid_whatever_the_host_is_called() -> None:
    assert MailRoute(route("mailto:a@b?from=x@y")).sender_on(HOSTILE) == "x@y"
    assert MailRoute(route("mailto:a@b")).sender_on(notice()) == "root@alpha"
    for name in ("-", "..", "é", "", "a" * 300):
        MailRoute(route("mailto:a@b")).sender_on(notice(host=HostInfo(name=name)))


@pytest.mark.parametrize(
    "query", ["", "?to=", "?to=a@b&from=c@d,e@f", "?to=a@b&cc=x@y", "?to=a@b%0aBcc:x@y", "?to=a@b&tls=off"]
)
def test_a_wrong_mail_recipient_is_refused(query: str) -> None:
    with pytest.raises(DoctorError):
        smtp.check(route(f"smtp://mail.example/{query}"))


def test_a_login_needs_a_user_and_a_password() -> None:
    with pytest.raises(DoctorError, match="a user and a password"):
        smtp.check(route("smtp://me@mail.example/?to=a@b"))


def test_a_notice_is_bounded() -> None:
    """Ten thousand problems with long names: at most 64 KiB, and how many are left out."""
    many = notice(*(finding(f"{n}" + "x" * 3000, message="y" * 3000) for n in range(100)))
    raw = many.document()
    assert len(raw) <= 64 << 10
    document = json.loads(raw)
    assert len(document["news"]) + document["omitted"] == 100
