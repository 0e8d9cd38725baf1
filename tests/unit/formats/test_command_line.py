"""dockerd's command line is found wherever it is written, and one flag is changed where it stands."""

import contextlib
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.formats.config import env_file, flags, unit_command, unit_file, words
from doctor.model.errors import FormatError

SYSCONFIG = """# /etc/sysconfig/docker

# Modify these options if you want to change the way the docker daemon runs
OPTIONS='--selinux-enabled --log-driver=journald --signature-verification=false'
if [ -z "${DOCKER_CERT_PATH}" ]; then
    DOCKER_CERT_PATH=/etc/docker
fi

# Do not add registries in this file anymore. don't
# GOTRACEBACK=crash
"""
"""Of CentOS 7's docker 1.13 package."""

UNIT = """[Unit]
Description=Docker Application Container Engine
After=network-online.target

[Service]
Type=notify
Environment="DOCKER_TMPDIR=/srv/tmp" MORE=x
EnvironmentFile=-/etc/sysconfig/docker
EnvironmentFile=/etc/sysconfig/docker-network
ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock \\
          # a comment within
          $OPTIONS ${MORE}y $$HOME --data-root "/srv/d%%x"
ExecReload=/bin/kill -s HUP $MAINPID
"""


def test_pflag_reads_every_form() -> None:
    line = flags.parse(
        [
            "--debug",
            "--icc=F",
            "-H",
            "fd://",
            "-Htcp://x",
            "-H=unix:///s",
            "--mtu",
            "1400",
            "-Dl",
            "warn",
            "--dns=1.1.1.1",
            "--dns",
            "2.2.2.2",
        ]
    )
    assert line.values("host") == ("fd://", "tcp://x", "unix:///s")
    assert (line.last("debug"), line.last("icc"), line.last("tls")) == ("true", "F", None)
    assert (line.last("mtu"), line.last("log-level"), line.last("bip")) == ("1400", "warn", None)
    assert line.values("dns") == ("1.1.1.1", "2.2.2.2")
    assert line.arguments == ()


def test_a_boolean_takes_no_separate_value() -> None:
    line = flags.parse(["--icc", "false", "--", "--debug"])
    assert line.last("icc") == "true"
    assert line.arguments == ("false", "--debug")


def test_missing_and_unknown_values() -> None:
    line = flags.parse(["--signature-verification", "--authz=x", "--new-thing", "y", "--mtu"])
    assert [(flag.name, flag.value, flag.is_known) for flag in line.flags] == [
        ("signature-verification", "true", False),
        ("authz", "x", False),
        ("new-thing", "y", False),
        ("mtu", "", True),
    ]


@pytest.mark.parametrize(
    ("flag", "key"), [("host", "hosts"), ("label", "labels"), ("dns", "dns"), ("log-driver", "log-driver")]
)
def test_flags_name_the_key_they_clash_with(flag: str, key: str) -> None:
    assert flags.config_key(flag) == key


@given(st.lists(st.text(alphabet="-=Dhlxs /'", max_size=6), max_size=6))
def test_any_arguments_are_read_and_none_is_lost(argv: list[str]) -> None:
    line = flags.parse(argv)
    taken: dict[int, int] = {}
    for flag in line.flags:
        taken[flag.index] = max(1, flag.words, taken.get(flag.index, 0))
    left = len(argv) - sum(taken.values()) - len(line.arguments)
    # A "--" that ends the flags is neither of both.
    assert left == 0 or (left == 1 and "--" in argv)


def test_words_know_where_they_stand() -> None:
    text = r"""a "b c"  'd'e\ f"""
    found = words.split(text, escapes=False)
    assert [word.text for word in found] == ["a", "b c", "de f"]
    assert [text[word.start : word.end] for word in found] == ["a", '"b c"', r"'d'e\ f"]
    assert text[slice(*found[1].span(2, 3))] == "c"


@given(st.lists(st.text(alphabet="ab c'\"\\\t$=-", min_size=1, max_size=8), max_size=5))
def test_what_a_shell_quotes_is_split_again(parts: list[str]) -> None:
    assert [word.text for word in words.split(shlex.join(parts), escapes=False)] == parts


@given(st.text(alphabet="ab '\"\\x41\n\t0", max_size=40), st.booleans())
def test_each_letter_of_a_word_has_a_place(text: str, escapes: bool) -> None:
    for word in words.split(text, escapes=escapes):
        assert len(word.offsets) == len(word.text)
        assert all(word.start <= offset < word.end for offset in word.offsets)


def test_a_driver_in_sysconfig_is_changed_alone() -> None:
    assert env_file.set_flag(SYSCONFIG, "OPTIONS", "--log-driver", "json-file") == SYSCONFIG.replace(
        "journald", "json-file"
    )
    assert env_file.remove_flag(SYSCONFIG, "OPTIONS", "log-driver") == SYSCONFIG.replace(" --log-driver=journald", "")
    assert env_file.remove_flag(SYSCONFIG, "OPTIONS", "selinux-enabled") == SYSCONFIG.replace("--selinux-enabled ", "")
    assert env_file.remove_flag(SYSCONFIG, "NONE", "x") == SYSCONFIG
    assert env_file.set_flag(SYSCONFIG, "OPTIONS", "selinux-enabled", "false") == SYSCONFIG.replace(
        "selinux-enabled", "selinux-enabled=false"
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('OPTIONS="--log-driver journald"\n', 'OPTIONS="--log-driver json-file"\n'),
        ("OPTIONS=--log-driver=journald\n", "OPTIONS=--log-driver=json-file\n"),
        ('export DOCKER_OPTS=""\n', 'export DOCKER_OPTS=""\nOPTIONS="--log-driver=json-file"\n'),
        ("OPTIONS=--debug\r\n", 'OPTIONS="--debug --log-driver=json-file"\r\n'),
        ("OPTIONS=\r\n", 'OPTIONS="--log-driver=json-file"\r\n'),
        ("OPTIONS=''", "OPTIONS='--log-driver=json-file'"),
        ("X=1", 'X=1\nOPTIONS="--log-driver=json-file"\n'),
        ("", 'OPTIONS="--log-driver=json-file"\n'),
        ('OPTIONS="-D \\\n  --log-driver=journald"\t\n', 'OPTIONS="-D \\\n  --log-driver=json-file"\t\n'),
        ('OPTIONS="--log-driver=a --log-driver=b"\n', 'OPTIONS="--log-driver=a --log-driver=json-file"\n'),
        ("OPTIONS=1\nOPTIONS='--log-driver=\"syslog\"'\n", "OPTIONS=1\nOPTIONS='--log-driver=\"json-file\"'\n"),
    ],
)
def test_a_flag_is_set_in_every_way_of_quoting(text: str, wanted: str) -> None:
    edited = env_file.set_flag(text, "OPTIONS", "--log-driver", "json-file")
    assert edited == wanted
    value = env_file.variables(edited)["OPTIONS"]
    assert flags.parse([word.text for word in words.split(value, escapes=False)]).last("log-driver") == "json-file"
    assert env_file.set_flag(edited, "OPTIONS", "--log-driver", "json-file") == edited


@pytest.mark.parametrize(
    "text",
    [
        "OPTIONS=a\"b c\"'d'\n",
        "OPTIONS='--label=x",
        "OPTIONS='--log-driver=journald' # x\n",
        'OPTIONS="--foo=\'a b\'" "x"\n',
    ],
)
def test_quoting_that_nothing_can_be_added_to_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        env_file.set_flag(text, "OPTIONS", "--log-driver", "json-file")


def test_a_value_that_needs_quotes_is_refused() -> None:
    with pytest.raises(FormatError, match="quoting"):
        env_file.set_flag(SYSCONFIG, "OPTIONS", "log-driver", "x y")


def test_joined_short_flags_are_refused() -> None:
    with pytest.raises(FormatError, match="joined"):
        env_file.remove_flag("OPTIONS='-Dl warn'", "OPTIONS", "log-level")


def test_a_backslash_means_itself_in_single_quotes() -> None:
    assert env_file.variables('A=\'x\\\'\nB="y\\"z"\n') == {"A": "x\\", "B": 'y"z'}


def test_systemd_does_not_see_exported_variables() -> None:
    text = "export A=1\nB=2 \n; c\nC =3\n1D=4\n"
    assert env_file.variables(text) == {"A": "1", "B": "2"}
    assert env_file.variables(text, exported=False) == {"B": "2"}


VALUES = st.text(alphabet="ab-= \t'\"\\\n#;$\r", max_size=30)


@given(st.lists(st.tuples(st.sampled_from(["OPTIONS", "X", "export OPTIONS", "# OPTIONS"]), VALUES), max_size=4))
def test_edits_of_any_file_change_only_the_value(entries: list[tuple[str, str]]) -> None:
    text = "".join(f"{name}={value}\n" for name, value in entries)
    env_file.parse(text)
    entry = env_file.last(text, "OPTIONS")
    edited = []
    with contextlib.suppress(FormatError):
        edited.append(env_file.set_flag(text, "OPTIONS", "--a", "b"))
    with contextlib.suppress(FormatError):
        edited.append(env_file.remove_flag(text, "OPTIONS", "--a"))
    for after in edited:
        if entry is not None:
            assert after[: entry.start] == text[: entry.start]
            assert after.endswith(text[entry.end :])
            assert env_file.variables(after).keys() == env_file.variables(text).keys()


def merged(*files: tuple[str, str]) -> unit_file.Unit:
    return unit_file.merge([("/lib/systemd/system/docker.service", UNIT), *files])


def test_a_unit_becomes_an_argv_whose_words_know_their_file() -> None:
    environment = {"/etc/sysconfig/docker": SYSCONFIG, "/etc/sysconfig/docker-network": "DOCKER_NETWORK_OPTIONS=\n"}
    found = unit_command.command(merged(), environment)
    assert found is not None
    assert found.program == "/usr/bin/dockerd"
    assert found.argv == (
        "-H", "fd://", "--containerd=/run/containerd/containerd.sock", "--selinux-enabled", "--log-driver=journald",
        "--signature-verification=false", "xy", "$HOME", "--data-root", "/srv/d%x",
    )  # fmt: skip
    driver = next(argument for argument in found.arguments if "journald" in argument.text)
    assert (driver.path, driver.line, driver.variable) == ("/etc/sysconfig/docker", 4, "OPTIONS")
    assert (found.arguments[0].path, found.arguments[0].line) == ("/lib/systemd/system/docker.service", 10)
    assert found.missing_files == ()


def test_missing_files_and_variables() -> None:
    found = unit_command.command(merged(), {})
    assert found is not None
    assert found.missing_files == ("/etc/sysconfig/docker-network",)
    assert "--selinux-enabled" not in found.argv


def test_a_drop_in_resets_exec_start() -> None:
    good = unit_command.command(merged(("d.conf", "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd --debug\n")), {})
    assert good is not None
    assert (good.argv, good.setting.path) == (("--debug",), "d.conf")
    assert unit_command.command(merged(("d.conf", "[Service]\nExecStart=\n")), {}) is None


def test_a_flag_in_a_unit_is_changed_where_it_stands() -> None:
    setting = merged().listed("Service", "ExecStart")[0]
    changed = unit_command.set_flag(UNIT, setting, "--data-root", "/var/lib/docker")
    assert changed == UNIT.replace("/srv/d%%x", "/var/lib/docker")
    assert unit_command.remove_flag(UNIT, setting, "host") == UNIT.replace(" -H fd://", "")
    added = unit_command.set_flag(UNIT, setting, "log-driver", "json-file")
    assert added == UNIT.replace('"/srv/d%%x"\n', '"/srv/d%%x" --log-driver=json-file\n')


def test_drop_ins_come_in_the_order_of_their_names() -> None:
    paths = [
        "/usr/lib/systemd/system/service.d/10-all.conf",
        "/etc/systemd/system/docker.service.d/50-x.conf",
        "/usr/lib/systemd/system/docker.service.d/50-x.conf",
        "/run/systemd/system/docker.service.d/20-y.conf",
        "/etc/systemd/system/docker.service.d/README",
        "/etc/systemd/system/service.d/20-y.conf",
    ]
    assert unit_file.drop_in_order("docker.service", paths) == (paths[0], paths[3], paths[1])


@given(st.text(alphabet="[Service]\nExecStart=\\\"' $O{}%#;\r", max_size=80))
def test_any_unit_is_read_and_keeps_its_places(text: str) -> None:
    for setting in unit_file.parse(text, "u"):
        assert len(setting.offsets) == len(setting.value)
        for offset, char in zip(setting.offsets, setting.value, strict=True):
            assert text[offset] == char or (text[offset] == "\\" and char == " ")
    unit_command.command(unit_file.merge([("u", "[Service]\nExecStart=" + text)]), {"O": text})


_FLAGS = ("--debug", "--label=a=b", "--label c=d", "-H fd://", "--mtu=1400")
_GIVEN = st.lists(st.sampled_from(_FLAGS), min_size=1, max_size=6)
_BLANKS = st.lists(st.sampled_from((" ", "  ", "\t")), min_size=8, max_size=8)


@given(given=_GIVEN, blanks=_BLANKS, flag=st.sampled_from(("label", "debug", "host", "mtu")), edge=st.booleans())
def test_a_flag_given_several_times_goes_and_nothing_else(
    given: list[str], blanks: list[str], flag: str, *, edge: bool
) -> None:
    """At the start, in the middle and at the end, and where all are the same: quotes and the other flags stay."""
    value = "".join(blank + word for blank, word in zip(blanks, given, strict=False))
    value = value + blanks[-1] if edge else value.strip()
    kept = [found for found in flags.parse(" ".join(given).split()).flags if found.name != flag]
    for text in (f'A=1\nOPTIONS="{value}"\nB=2\n', f"A=1\nOPTIONS='{value}'\nB=2\n"):
        changed = env_file.remove_flag(text, "OPTIONS", flag)
        found = env_file.variables(changed)
        assert (found["A"], found["B"], changed.count("\n")) == ("1", "2", 3)
        left = flags.parse(found["OPTIONS"].split()).flags
        assert [(one.name, one.value) for one in left] == [(one.name, one.value) for one in kept]
