"""Who is notified: words are understood or refused, and no secret is shown."""

import os
from pathlib import Path

import pytest

from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.notify.mail import addresses
from doctor.notify.recipients import (
    WAYS,
    installed,
    installed_file,
    recipients,
    remove_installed,
    secret,
    write_installed,
)
from doctor.state.settings import Recipient, Settings, parse
from tests.unit.notify.kit import route

GOOD = (
    "command:/usr/local/bin/page me",
    "https://hooks.example/T0/B1/x7?k=1",
    "http://[::1]:8080/x",
    "journal",
    "mailto:ops@example.com",
    "nagios:/var/lib/nagios/doctor.cmd",
    "smtp://mail.example:25/?to=ops@example.com",
    "smtps://me@mail.example/?to=ops@example.com",
    "textfile:/srv/doctor.prom",
)


@pytest.mark.parametrize("word", GOOD)
def test_every_way_is_understood(word: str) -> None:
    found = route(word)
    assert found.module().send
    assert "x7" not in found.shown
    assert "k=1" not in found.shown


def test_every_way_has_an_example_here() -> None:
    assert {word.partition(":")[0] for word in GOOD} == set(WAYS)


@pytest.mark.parametrize(
    "word",
    [
        "",
        "slack",
        "ops@example.com",
        "journal:x",
        "mailto:",
        "command:rm",
        "textfile:doctor.prom",
        "https://",
        "https:///x",
        "https://a b/",
        "https://h:99999/",
        "https://[::1/",
        "ftp://h/x",
        "https://h/\u202e",
        "https://h/\n",
    ],
)
def test_a_mistake_is_named(word: str) -> None:
    with pytest.raises(UsageError):
        route(word)


@pytest.mark.parametrize("word", ["https://u:hunter2@h/x", "https://hunter2@h/x", "smtp://u:hunter2@h/?to=a@b"])
def test_a_login_in_a_url_is_refused_and_not_repeated(word: str) -> None:
    with pytest.raises(RefusedError) as caught:
        route(word)
    assert "hunter2" not in str(caught.value)
    assert "secret-file" in str(caught.value)


@pytest.mark.parametrize(
    "word",
    [
        "htps://hooks.example/T0/hunter2",
        "hooks.example/T0/hunter2",
        "hooks.example?hunter2",
        "https:/hooks.example/hunter2",
        "https:hooks.example/hunter2",
        "https://hooks.example:80\\hunter2",
        "https://hooks.example/hunter2 ",
        "https://hooks.example#hunter2",
        "user:hunter2@hooks.example",
        "smtp://h/?to=a@b&pass=hunter2",
        "mailto:a@b?pass=hunter2",
        "command:/bin/page --token hunter2",
        "command:page hunter2",
    ],
)
@pytest.mark.parametrize("is_file", [False, True])
def test_no_mistake_shows_a_secret(word: str, is_file: bool, tmp_path: Path) -> None:
    """The name of a recipient is in logs, and in the notes that the others are sent."""
    if is_file:
        tmp_path.chmod(0o755)
        (tmp_path / "hook").write_text(f"{word}\n")
        (tmp_path / "hook").chmod(0o600)
        word = f"from:{tmp_path}/hook"
    try:
        found = route(word)
        says = found.shown
        found.module().check(found)
    except DoctorError as error:
        says = str(error)
    assert says
    assert "hunter2" not in says


def test_a_bare_token_in_a_file_stays_secret(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "hook").write_text("hunter2\n")
    (tmp_path / "hook").chmod(0o600)
    with pytest.raises(UsageError, match=f"the recipient in {tmp_path}/hook is unknown"):
        route(f"from:{tmp_path}/hook")


def test_a_secret_is_for_root_only(tmp_path: Path) -> None:
    """Readable by others, a pipe, empty, several lines: refused, without its content."""
    file = tmp_path / "key"
    file.write_text("hunter2\n")
    file.chmod(0o600)
    tmp_path.chmod(0o755)
    assert secret(str(file)) == "hunter2"
    file.chmod(0o640)
    with pytest.raises(RefusedError, match="chmod 600") as caught:
        secret(str(file))
    assert "hunter2" not in str(caught.value)
    file.chmod(0o600)
    for content in (b"", b"a\nb", b"\xff", b"a\0b"):
        file.write_bytes(content)
        with pytest.raises(DoctorError, match="empty, or not one line"):
            secret(str(file))
    file.unlink()
    os.mkfifo(file, 0o600)
    with pytest.raises(DoctorError, match="not a regular file"):
        secret(str(file))
    with pytest.raises(DoctorError, match="can't read the secret"):
        secret(str(tmp_path / "none"))


def test_a_word_in_a_file_stays_secret(tmp_path: Path) -> None:
    """The address of many hooks is a password itself."""
    tmp_path.chmod(0o755)
    file = tmp_path / "hook.url"
    file.write_text("https://hooks.example/T0/hunter2\n")
    file.chmod(0o600)
    found = route(f"from:{file}")
    assert (found.word, found.place) == ("https", "https://hooks.example/T0/hunter2")
    assert found.shown == f"from:{file}"
    assert "hunter2" not in found.key


def test_the_installed_list_comes_and_goes() -> None:
    """Root-only, beside the settings; another's file of that name stays."""
    words = ("mailto:ops@example.com", 'command:/x "a b"')
    try:
        assert write_installed(words) is True
        assert write_installed(words) is False
        assert os.stat(installed_file()).st_mode & 0o777 == 0o600
        assert tuple(one.to for one in installed()) == words
        settings = Settings(notify=(Recipient(to="journal"), Recipient(to=words[0], timeout=3)))
        assert [(one.to, one.timeout) for one in recipients(settings)] == [
            (words[0], 3),
            (words[1], 10),
            ("journal", 10),
        ]
        assert remove_installed() is True
        assert installed() == ()
        Path(installed_file()).write_text("# mine\n")
        assert remove_installed() is False
        with pytest.raises(RefusedError, match="was not written by doctor"):
            write_installed(words)
    finally:
        Path(installed_file()).unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('to = "journal"\nauth = "basic"', "must be one of"),
        ("", "is missing"),
        ('to = "journal"\ntimeout = 0', "at least 1"),
        ('to = "journal"\ntimeout = 61', "at most 60"),
        ('to = "journal"\nsecret = "x"', "is unknown"),
        ('to = "journal"\nsecret-file = "x"', "absolute path"),
    ],
)
def test_mistakes_in_the_settings_are_named(table: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse(f"[[notify]]\n{table}\n".encode(), "/x")


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "-oQ/tmp@x",
        "a@b\nBcc: c@d",
        "a b@c",
        "a@b;rm",
        "a@-b",
        "@b",
        "a@",
        "a@b..c",
        f"{'a' * 65}@b",
        "a@b>",
        "é@b",
        "",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        addresses(text, "mailto:…")
