"""The Go library itself reads what we write and repair, and we read what it writes."""

import gzip
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doctor.formats.databases import bolt, bolt_write
from doctor.formats.databases.bolt import Bucket

HERE = Path(__file__).parent
Oracle = Callable[[str, Path], list[str]]


@pytest.fixture(scope="session")
def oracle(build_go: Callable[[str, str], Path]) -> Oracle:
    program = build_go("bolt", "go.etcd.io/bbolt")

    def ask(verb: str, path: Path) -> list[str]:
        done = subprocess.run([program, verb, path], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stdout + done.stderr[:2000]
        return done.stdout.splitlines()

    return ask


def lines(root: Bucket) -> list[str]:
    """Our reading, in the words of the oracle."""

    def dump(bucket: Bucket, path: str) -> Iterator[str]:
        yield f"B {path} {bucket.sequence}"
        for key in sorted([*bucket.keys, *bucket.buckets]):
            inner = f"{path}/{key.hex()}"
            if key in bucket.buckets:
                yield from dump(bucket.buckets[key], inner)
            else:
                yield f"K {inner} {bucket.keys[key].hex()}"

    return [line for name in sorted(root.buckets) for line in dump(root.buckets[name], name.hex())]


@pytest.mark.timeout(300)
def test_we_read_what_the_library_writes(oracle: Oracle, tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    wanted = oracle("make", path)
    database = bolt.read(path.read_bytes())
    assert database.is_sound
    assert len(wanted) > 2000
    assert lines(database.generations[0].root) == wanted
    assert database.generations[1].is_clean


@pytest.mark.timeout(300)
@pytest.mark.parametrize("sample", ["local-kv.db.gz", "volumes-metadata.db.gz"])
def test_the_library_reads_what_we_write(oracle: Oracle, tmp_path: Path, sample: str) -> None:
    root = bolt.read(gzip.decompress((HERE / "samples" / sample).read_bytes())).generations[0].root
    path = tmp_path / "ours.db"
    path.write_bytes(bolt_write.write(root))
    assert oracle("dump", path) == lines(root)
    after = oracle("write", path)
    assert not [line for line in after if line.startswith("CHECK")]
    assert lines(bolt.read(path.read_bytes()).generations[0].root) == after


@pytest.mark.timeout(300)
def test_the_library_accepts_big_and_nested_buckets(oracle: Oracle, tmp_path: Path) -> None:
    big = Bucket(keys={b"%06d" % number: bytes([number % 256]) * (number % 900) for number in range(3000)}, sequence=9)
    root = Bucket(
        buckets={b"a": big, b"b": Bucket(buckets={b"empty": Bucket(sequence=3), b"c": big}, keys={b"k": b""})}
    )
    path = tmp_path / "ours.db"
    path.write_bytes(bolt_write.write(root))
    assert oracle("dump", path) == lines(root)
    assert not [line for line in oracle("write", path) if line.startswith("CHECK")]


@pytest.mark.timeout(300)
def test_the_library_opens_each_repaired_generation(oracle: Oracle, tmp_path: Path) -> None:
    data = gzip.decompress((HERE / "samples" / "local-kv.db.gz").read_bytes())
    for number, generation in enumerate(bolt.read(data).generations):
        path = tmp_path / f"{number}.db"
        path.write_bytes(bolt_write.with_generation(data, generation))
        assert oracle("dump", path) == lines(generation.root)
        assert not [line for line in oracle("write", path) if line.startswith("CHECK")]
