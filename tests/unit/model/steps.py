"""Steps with any bytes and any names: a name of a host is bytes, and those that are not UTF-8 are lone surrogates."""

from hypothesis import strategies as some

from doctor.model.step import (
    Answer,
    Attributes,
    CharacterDevice,
    Directory,
    File,
    HardLink,
    KernelValue,
    Meta,
    Move,
    Netlink,
    Put,
    Run,
    Signal,
    StartContainers,
    Stopped,
    Symlink,
)

TEXTS = some.binary(max_size=20).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
METAS = some.builds(
    Meta, mode=some.integers(0, 0o7777), uid=some.integers(0, 2**32 - 1), xattrs=some.dictionaries(TEXTS, some.binary())
)
NODES = some.one_of(
    some.builds(File, content=some.binary()),
    some.just(Directory()),
    some.builds(Symlink, target=TEXTS),
    some.builds(CharacterDevice, major=some.integers(0, 4095), minor=some.integers(0, 2**20 - 1)),
    some.builds(HardLink, target=TEXTS),
)
STEPS = some.one_of(
    some.builds(Put, path=TEXTS, node=NODES, meta=some.none() | METAS),
    some.builds(Move, path=TEXTS, to=TEXTS),
    some.builds(Attributes, path=TEXTS, mode=some.none() | some.integers(0, 0o7777), xattrs=some.dictionaries(TEXTS, some.none() | some.binary())),
    some.builds(KernelValue, path=TEXTS, value=TEXTS),
    some.builds(Run, argv=some.tuples(TEXTS, TEXTS), predicts=some.tuples(some.builds(Answer, ask=some.tuples(TEXTS), stdout=some.binary()))),
    some.builds(Signal, pid=some.integers(1, 2**22), start_ticks=some.integers(0, 2**63), signal=some.integers(1, 64)),
    some.builds(Netlink, do=some.tuples(TEXTS, TEXTS, some.dictionaries(TEXTS, TEXTS | some.integers(0, 2**31)))),
    some.builds(StartContainers, containers=some.tuples(some.builds(Stopped, id=TEXTS, name=TEXTS))),
)  # fmt: skip
