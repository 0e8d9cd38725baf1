"""One flipped bit in a record of a database: found where the engine refuses it, and never repaired to anything but what it was."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from doctor.facts.containerd.items import flawed_items
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.buildkit_items import corrected_item
from doctor.facts.databases.buildkit_items import flawed_items as flawed_cache
from doctor.facts.databases.databases import BoltFile, NetworkDatabase
from doctor.facts.databases.flawed_records import Records, flips
from doctor.facts.volumes.flaws import VolumeFlaws, corrected_volume, flawed_volumes
from doctor.formats.databases import bolt, bolt_write
from doctor.formats.databases.bolt_flip import BitFlip, lost_meta
from doctor.formats.network.libnetwork import INDEX_BYTES, is_refused, parts
from doctor.model.paths import HostPath
from doctor.rebuild.network.invalid_records import flawed_networks, mended_network
from doctor.rebuild.network.mend import SetRecords
from doctor.rebuild.network.records import rebuild_networks

SAMPLES = Path(__file__).parent.parent / "formats/samples"


def records(name: str, bucket: str) -> Records:
    """The records of a database that an engine wrote."""
    best = bolt.read(gzip.decompress((SAMPLES / f"{name}.gz").read_bytes())).best
    assert best is not None
    found = best.root.at(bucket)
    assert found is not None
    return found.keys


NETWORKS = records("local-kv.db", "libnetwork")
LANS = records("local-kv-vlan.db", "libnetwork")
"""A macvlan network with a running container and an ipvlan network, as engine 26.1.5 writes them."""
VOLUMES = records("volumes-metadata.db", "volumes")


def flipped(source: Records, count: int, start: int) -> Iterator[tuple[bytes, bytes]]:
    """So many (key, damaged value), the same each time."""
    random = Random(7)
    places = [(key, at) for key, value in source.items() for at in range(start, len(value))]
    for key, at in random.sample(places, min(count, len(places))):
        value = source[key]
        yield key, value[:at] + bytes([value[at] ^ 1 << random.randrange(8)]) + value[at + 1 :]


def test_what_an_engine_wrote_has_no_flaw() -> None:
    """Neither of its networks nor of its volumes."""
    assert flawed_networks(NETWORKS) == ()
    assert flawed_networks(LANS) == ()
    assert flawed_volumes(VOLUMES, {}, {}) == ()


def test_a_flipped_bit_in_a_network_record_is_repaired_or_left() -> None:
    """Each that the engine refuses is found; three in four get their bit back, none gets another."""
    refused = mended = 0
    for key, value in flipped(NETWORKS, 60, INDEX_BYTES):
        kind, ids = parts(key)
        there = {**NETWORKS, key: value}
        found = [one for one in flawed_networks(there) if one.key == key]
        if not is_refused(kind, ids, value[INDEX_BYTES:]):
            continue
        refused += 1
        assert found, (key, value)
        change = mended_network(there, found[0])
        if change is not None:
            assert {**there, **change} == NETWORKS, (key, value)
            mended += 1
    assert refused > 25
    assert mended > refused * 3 / 4


def test_a_flipped_bit_in_a_key_is_repaired() -> None:
    """The record itself says under which key it belongs."""
    random = Random(3)
    for key in list(NETWORKS):
        if parts(key)[0] not in {"network", "bridge"}:
            continue
        at = random.randrange(len(key) - 1)
        wrong = key[:at] + bytes([key[at] ^ 1]) + key[at + 1 :]
        there = {wrong if one == key else one: value for one, value in NETWORKS.items()}
        found = [one for one in flawed_networks(there) if one.key == wrong]
        assert found, wrong
        change = mended_network(there, found[0])
        assert change is not None
        assert {one: value for one, value in {**there, **change}.items() if value} == NETWORKS


def test_the_backup_shows_what_no_copy_shows() -> None:
    """A record with the same index and one other bit was not written by the engine."""
    key = next(key for key, value in NETWORKS.items() if b'"created":"' in value)
    at = NETWORKS[key].index(b'"persist":true') + 3
    value = NETWORKS[key][:at] + bytes([NETWORKS[key][at] ^ 128]) + NETWORKS[key][at + 1 :]
    there = {**NETWORKS, key: value}
    (found,) = [one for one in flawed_networks(there, (), NETWORKS) if one.key == key]
    assert {**there, **(mended_network(there, found) or {})} == NETWORKS


def test_a_flipped_bit_in_a_volume_record_is_repaired_or_left() -> None:
    """As for networks; dockerd skips what it can't decode."""
    for key, value in flipped(VOLUMES, 60, 0):
        there = {**VOLUMES, key: value}
        found = flawed_volumes(there, {}, {})
        flaws = VolumeFlaws(path=HostPath("/db"), records=there, flawed=found)
        for one in found:
            change = corrected_volume(flaws, one)
            assert change is None or {**there, **change[0]} == VOLUMES, value


@pytest.mark.parametrize("page", [0, 1])
def test_a_flipped_bit_in_the_newer_meta_page_is_known(page: int) -> None:
    """Bolt would take the older page for it; the checksum proves which bit it is."""
    data = bolt_write.write(bolt.Bucket(buckets={b"b": bolt.Bucket(keys={b"k": b"v"})}))
    for position in range(page * 4096 + 16, page * 4096 + 80, 5):
        flip = BitFlip(position, 1 << position % 8)
        assert lost_meta(flip(data)) == (flip if page == 1 else None)


def test_what_changes_records_keeps_all_else() -> None:
    """Other buckets, sequences and the page size."""
    root = bolt.Bucket(
        buckets={b"a": bolt.Bucket(keys={b"k": b"v", b"l": b"w"}, sequence=7), b"b": bolt.Bucket(keys={b"x": b"y"})}
    )
    data = bolt_write.write(root, page_size=1024)
    changed = bolt.read(SetRecords(bucket=b"a", changes={b"k": b"", b"m": b"n"})(data)).best
    assert changed is not None
    assert changed.meta.page_size == 1024
    assert changed.root.buckets[b"a"].keys == {b"l": b"w", b"m": b"n"}
    assert changed.root.buckets[b"a"].sequence == 7
    assert changed.root.buckets[b"b"].keys == {b"x": b"y"}


def test_a_value_of_the_build_cache_is_found_and_repaired() -> None:
    """All of them are decoded at the engine's start."""
    value = b'{"value":"sha256:1341","index":"chainid:sha256:1341"}'
    for wrong in flips(value, 0):
        root = bolt.Bucket(buckets={b"_main": bolt.Bucket(buckets={b"i": bolt.Bucket(keys={b"cache.chainID": wrong})})})
        if list(flawed_cache(root)):
            assert corrected_item(wrong) in {None, value}


def test_a_name_and_a_time_of_containerd_are_found() -> None:
    """One bit away from the word that is missing, or of a version that Go's time has not."""
    time = b"\x01" + bytes(14)

    def found(keys: dict[bytes, bytes]) -> list[bytes]:
        container = bolt.Bucket(keys={b"spec": b"", b"updatedat": time, **keys})
        space = bolt.Bucket(buckets={b"containers": bolt.Bucket(buckets={b"c" * 64: container})})
        root = bolt.Bucket(buckets={b"v1": bolt.Bucket(buckets={b"moby": space}, keys={b"version": b"\x06"})})
        return [item.right for item in flawed_items(root)]

    assert found({b"createdat": time}) == []
    assert found({b"cpeatedat": time}) == [b"createdat"]
    assert found({b"createdat": b"\x03" + bytes(14)}) == [b"createdat" + time]


@pytest.mark.parametrize("source", [NETWORKS, LANS], ids=["bridges", "macvlan and ipvlan"])
def test_every_key_of_the_network_database_is_judged(source: Records) -> None:
    """Whichever bit of whichever key is flipped, a bit above ASCII too: found, and filed under its key again."""
    random = Random(11)
    for key in list(source):
        for _ in range(6):
            at, bit = random.randrange(len(key)), 1 << random.choice((0, 2, 5, 7))
            wrong = key[:at] + bytes([key[at] ^ bit]) + key[at + 1 :]
            there = {wrong if one == key else one: value for one, value in source.items()}
            found = [one for one in flawed_networks(there) if one.key == wrong]
            assert found, wrong
            change = mended_network(there, found[0])
            assert change is None or {one: value for one, value in {**there, **change}.items() if value} == source


def test_a_rebuilt_macvlan_network_keeps_the_record_of_its_driver() -> None:
    """Without it the engine starts, and no container of the network does: the parent interface is recorded nowhere else."""
    made = rebuild_networks(
        NetworkDatabase(file=BoltFile(path=HostPath("/db"), status="broken"), salvaged=LANS), Containers()
    )
    assert made.kept == ("bridge", "host", "ipv", "mcv", "none")
    best = bolt.read(made.content).best
    assert best is not None
    there = best.root.buckets[b"libnetwork"].keys
    drivers = {key: value for key, value in LANS.items() if parts(key)[0] in {"macvlan/network", "ipvlan/network"}}
    assert len(drivers) == 2
    assert {key: there.get(key) for key in drivers} == drivers
    assert flawed_networks(there) == ()


GATEWAY = "com.docker.network.bridge.gateway_mode_ipv4"


def test_what_newer_engines_write_is_no_flaw() -> None:
    """Seen after real upgrades: 26 to 28 (an option one bit from another), 20.10 to 28 (a count of no network), 26 to 29."""
    kept = NETWORKS
    network, endpoint = (next(key for key in kept if parts(key)[0] == kind) for kind in ("network", "endpoint"))
    index, data = kept[network][:INDEX_BYTES], json.loads(kept[network][INDEX_BYTES:])
    data["generic"]["com.docker.network.generic"] = {GATEWAY: "routed"}
    interface = json.loads(kept[endpoint][INDEX_BYTES:])
    interface["ep_iface"] |= {"addrv6": "", "llAddrs": [], "routes": []}
    upgraded = kept | {
        network: index + json.dumps(data).encode(),
        endpoint: kept[endpoint][:INDEX_BYTES] + json.dumps(interface).encode(),
        b"docker/network/v1.0/endpoint_count/": index + b'{"Count":1}',
    }
    assert flawed_networks(upgraded) == flawed_networks(kept)
    data["generic"]["com.docker.network.generic"] = {GATEWAY.replace("gateway", "gatewax"): "routed"}
    slipped = kept | {network: index + json.dumps(data).encode()}
    assert network in {one.key for one in flawed_networks(slipped)}
