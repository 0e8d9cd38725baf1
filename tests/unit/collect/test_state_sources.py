"""Second copies of tags, networks, volumes, flipped bits, databases."""

import contextlib
import hashlib
import ipaddress
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from doctor.api.actions.state import RepairDatabase, SetMember
from doctor.collect.databases.bolt_values import salvage_networks, salvage_volumes
from doctor.collect.images.images import config_of, parse_tags
from doctor.collect.images.sources import unflip
from doctor.facts.containers.containers import Attachment, Container, Containers, ContainerState
from doctor.facts.databases.databases import BoltFile, NetworkDatabase, VolumeDatabase
from doctor.facts.images.images import ImageConfig, Images, Tags, familiar, salvage_tags, tags_content
from doctor.facts.network.traces import NetworkTraces
from doctor.facts.volumes.volumes import VolumeDirectory, Volumes, options_content
from doctor.formats.databases.bolt import Bucket, read
from doctor.formats.databases.bolt_write import write
from doctor.host.recorded import RootHost
from doctor.model.errors import FormatError
from doctor.model.paths import HostPath
from doctor.rebuild.images.tag_sources import recover_tags
from doctor.rebuild.network.records import RebuiltNetworks, rebuild_networks
from doctor.rebuild.volumes.records import rebuild_volumes
from doctor.scan.resolve import Facts

DIGESTS = ["sha256:" + hashlib.sha256(b"%d" % number).hexdigest() for number in range(5)]
MESH, OTHER = "ab" * 32, "cd" * 32
BROKEN = BoltFile(path=HostPath("/db"), status="broken", problem="torn")


def container(name: str, *networks: Attachment, image: str = "app:1", digest: str = DIGESTS[0]) -> Container:
    return Container(
        id=hashlib.sha256(name.encode()).hexdigest(),
        directory=HostPath("/c"),
        name=name,
        image=image,
        image_id=digest,
        driver="overlay2",
        created="",
        state=ContainerState(),
        networks=networks,
        host=None,
        log_path=HostPath(""),
        hosts_path=HostPath(""),
        resolv_conf_path=HostPath(""),
    )


def images(entries: dict[str, str], status: str = "corrupt", siblings: tuple[dict[str, str], ...] = ()) -> Images:
    tags = Tags(path=HostPath("/r"), status=status, entries=entries, siblings=siblings)
    return Images(top=HostPath("/i"), configs={}, tags=tags)


references = st.from_regex(r"[a-z0-9]{1,8}(/[a-z]{1,5})?:[a-zA-Z0-9_][a-zA-Z0-9._-]{0,8}", fullmatch=True)


@given(st.dictionaries(references, st.sampled_from(DIGESTS), max_size=6), st.integers(0, 2000))
def test_each_complete_entry_of_a_cut_file_is_salvaged(entries: dict[str, str], cut: int) -> None:
    """Of a repositories.json cut anywhere, exactly the entries whose text is complete are restored."""
    content = tags_content(entries)
    assert parse_tags(content) == entries
    text = content[:cut].decode()
    complete = {ref: digest for ref, digest in entries.items() if f'"{ref}":"{digest}"' in text}
    assert salvage_tags(text) == complete


@given(st.binary(max_size=300))
def test_garbage_never_gives_more_than_an_error(data: bytes) -> None:
    """Readers of the image store raise nothing but FormatError."""
    salvage_tags(data.decode("utf-8", "replace"))
    assert config_of("0" * 64, data).problem
    with contextlib.suppress(FormatError):
        parse_tags(data)


def test_better_sources_win_and_ambiguous_names_are_left_out() -> None:
    """A temporary file beats the damaged text, both beat containers; containers that differ prove nothing."""
    found = recover_tags(
        images({"app:1": DIGESTS[1]}, siblings=({"app:1": DIGESTS[2]},)),
        Containers(
            items=(
                container("a", image="app:1", digest=DIGESTS[3]),
                container("b", image="two", digest=DIGESTS[3]),
                container("c", image="x:1", digest=DIGESTS[0]),
                container("d", image="x:1", digest=DIGESTS[1]),
                container("e", image=DIGESTS[4], digest=DIGESTS[4]),
            )
        ),
    )
    assert found.entries == {"app:1": DIGESTS[2], "two:latest": DIGESTS[3]}
    assert found.inferred == ("two:latest",)
    assert found.ambiguous == {"x:1": tuple(sorted((DIGESTS[0], DIGESTS[1])))}


@pytest.mark.parametrize(
    ("given_reference", "stored"),
    [
        ("docker.io/library/app", "app:latest"),
        ("docker.io/user/app:1", "user/app:1"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("sha256:" + "0" * 64, ""),
        ("0123456789ab", ""),
        ("", ""),
    ],
)
def test_references_are_keyed_as_dockerd_does(given_reference: str, stored: str) -> None:
    assert familiar(given_reference) == stored


@given(st.binary(min_size=1, max_size=60), st.integers(0, 479))
def test_one_flipped_bit_is_found(content: bytes, bit: int) -> None:
    wanted = hashlib.sha256(content).hexdigest()
    changed = bytearray(content)
    changed[bit // 8 % len(content)] ^= 1 << bit % 8
    assert unflip(bytes(changed), wanted) == content


def test_two_flipped_bits_are_not_guessed() -> None:
    wanted = hashlib.sha256(b"content").hexdigest()
    assert unflip(b"cnntfnt", wanted) is None


def test_a_network_is_rebuilt_with_its_id_and_subnet() -> None:
    """The fields that libnetwork needs to find it again; nothing that it can't parse."""
    place = Attachment(name="mesh", network_id=MESH, gateway="172.31.0.1", prefix=24, ip="172.31.0.9")
    rebuilt = rebuild_networks(NetworkDatabase(file=BROKEN), Containers(items=(container("web", place),)))
    assert (rebuilt.kept, rebuilt.inferred, rebuilt.lost) == ((), ("mesh",), ())
    best = read(rebuilt.content).best
    assert best is not None
    keys = best.root.buckets[b"libnetwork"].keys
    assert sorted(key.decode().split("/")[3] for key in keys) == ["bridge", "endpoint_count", "network"]
    record = json.loads(keys[f"docker/network/v1.0/network/{MESH}/".encode()][8:])
    data = json.loads(json.loads(record["ipamV4Info"])[0]["IPAMData"])
    assert ipaddress.ip_interface(data["Gateway"]) in ipaddress.ip_network(data["Pool"])
    assert record["id"] == MESH
    assert "AddressIPv6" not in json.dumps([json.loads(value[8:]) for value in keys.values()])


def rebuilt_of(*places: Attachment, traces: NetworkTraces = NetworkTraces()) -> tuple[RebuiltNetworks, dict[str, str]]:  # noqa: B008
    """Return the records rebuilt for containers with these attachments without a database, and name → pool."""
    items = tuple(replace(container(f"c{number}", place), id=f"{number:064x}") for number, place in enumerate(places))
    rebuilt = rebuild_networks(NetworkDatabase(file=BROKEN), Containers(items=items), traces)
    best = read(rebuilt.content).best if rebuilt.content else None
    keys = best.root.buckets[b"libnetwork"].keys if best is not None else {}
    bodies = [json.loads(value[8:]) for key, value in keys.items() if b"v1.0/network/" in key]
    return rebuilt, {
        body["name"]: json.loads(json.loads(body["ipamV4Info"])[0]["IPAMData"])["Gateway"] for body in bodies
    }


def test_a_network_of_stopped_containers_is_assumed_and_marked_so() -> None:
    """They keep name, id and what --ip asked for; each basis gives the narrowest answer that it allows, and says so."""
    stopped = Attachment(name="mesh", network_id=MESH)
    static = Attachment(name="mesh", network_id=MESH, static_ip="10.3.0.10")
    far = Attachment(name="mesh", network_id=MESH, static_ip="10.3.9.1")
    last = NetworkTraces(addresses={f"{0:064x}": ("172.20.0.5",)})
    for places, traces, gateway in (
        ((static,), NetworkTraces(), "10.3.0.1/24"),
        ((static, far), NetworkTraces(), "10.3.0.1/16"),
        ((replace(static, static_ip="10.3.0.1"),), NetworkTraces(), "10.3.0.2/24"),
        ((stopped,), last, "172.20.0.1/16"),
        ((stopped,), NetworkTraces(addresses={f"{0:064x}": ("10.99.1.5",)}), "10.99.1.1/24"),
        ((stopped,), NetworkTraces(), "172.18.0.1/16"),
        ((stopped,), NetworkTraces(busy=("172.17.0.0/16", "172.18.4.0/24")), "172.19.0.1/16"),
    ):
        rebuilt, gateways = rebuilt_of(*places, traces=traces)
        assert gateways == {"mesh": gateway}
        assert rebuilt.assumed[0].startswith("mesh as ")
        assert (rebuilt.inferred, rebuilt.lost) == ((), ())
        assert "assumed, as bridges without labels" in rebuilt.in_words[0]


def test_what_was_recorded_elsewhere_proves_a_network() -> None:
    """The bridge that the kernel still has, and the driver's own record in a page."""
    stopped = Attachment(name="mesh", network_id=MESH)
    rebuilt, gateways = rebuilt_of(stopped, traces=NetworkTraces(bridges={MESH[:12]: "10.7.0.1/20"}))
    assert (rebuilt.inferred, rebuilt.assumed, gateways) == (("mesh",), (), {"mesh": "10.7.0.1/20"})
    record = bytes(8) + json.dumps({"ID": MESH, "AddressIPv4": "10.8.0.1/22"}).encode()
    database = NetworkDatabase(file=BROKEN, salvaged={f"docker/network/v1.0/bridge/{MESH}/".encode(): record})
    rebuilt = rebuild_networks(database, Containers(items=(container("web", stopped),)))
    assert (rebuilt.inferred, rebuilt.assumed) == (("mesh",), ())


def test_a_network_that_was_no_bridge_is_named_and_not_written() -> None:
    """A subnet that an uplink has was macvlan's or ipvlan's; containers that disagree prove nothing."""
    place = Attachment(name="lan", network_id=MESH, gateway="192.168.1.1", prefix=24)
    rebuilt, gateways = rebuilt_of(place, traces=NetworkTraces(uplinks={"eth0": "192.168.1.0/24"}))
    assert gateways == {}
    assert "lan (its subnet is that of eth0: a macvlan or ipvlan network" in rebuilt.lost[0]
    other = replace(place, gateway="192.168.2.1")
    rebuilt, _ = rebuilt_of(place, other)
    assert "disagree on its gateway" in rebuilt.lost[0]


def test_several_lost_networks_never_overlap() -> None:
    """Proven records come first; assumed ones avoid them; a name alone is sufficient for a container that never ran."""
    proven = Attachment(name="back", network_id="ab" * 32, gateway="172.18.0.1", prefix=16)
    stopped = Attachment(name="mesh", network_id="01" * 32)
    created = Attachment(name="never")
    rebuilt, gateways = rebuilt_of(stopped, created, proven)
    assert gateways == {"back": "172.18.0.1/16", "mesh": "172.19.0.1/16", "never": "172.20.0.1/16"}
    assert (rebuilt.inferred, len(rebuilt.assumed), rebuilt.lost) == (("back",), 2, ())
    static = Attachment(name="mesh", network_id="01" * 32, static_ip="172.18.3.3")
    rebuilt, gateways = rebuilt_of(static, proven)
    assert (gateways, len(rebuilt.lost)) == ({"back": "172.18.0.1/16"}, 1)


def test_a_network_whose_driver_record_is_lost_gets_it_from_its_own() -> None:
    """Without it dockerd lists the network, and each of its containers fails with 'network … does not exist'."""
    data = json.dumps({"AddressSpace": "LocalDefault", "Gateway": "10.0.0.1/24", "Pool": "10.0.0.0/24"})
    options = {
        "com.docker.network.bridge.name": "mine0",
        "com.docker.network.bridge.enable_icc": "false",
        "com.docker.network.driver.mtu": "1400",
    }
    body = {
        "id": MESH,
        "name": "mesh",
        "networkType": "bridge",
        "internal": True,
        "ipamV4Info": json.dumps([{"IPAMData": data, "PoolID": "LocalDefault/10.0.0.0/24"}]),
        "generic": {"com.docker.network.generic": options},
    }
    salvaged = {f"docker/network/v1.0/network/{MESH}/".encode(): bytes(8) + json.dumps(body).encode()}
    rebuilt = rebuild_networks(NetworkDatabase(file=BROKEN, salvaged=salvaged), Containers())
    best = read(rebuilt.content).best
    assert best is not None
    record = json.loads(best.root.buckets[b"libnetwork"].keys[f"docker/network/v1.0/bridge/{MESH}/".encode()][8:])
    told = ("AddressIPv4", "BridgeName", "EnableICC", "EnableIPMasquerade", "Internal", "Mtu")
    assert [record[name] for name in told] == ["10.0.0.1/24", "mine0", False, True, True, 1400]


def test_a_removed_network_in_an_old_page_gives_way() -> None:
    """Old pages hold a network of the same name and one of the same subnet: the one that containers need stays."""
    wanted = Attachment(name="mesh", network_id=MESH, gateway="10.0.0.1", prefix=24)
    salvaged = {
        f"docker/network/v1.0/network/{identity}/".encode(): index.to_bytes(8, "little")
        + json.dumps({"id": identity, "name": name, "networkType": "bridge", "ipamV4Info": info}).encode()
        for index, identity, name, info in (
            (9, OTHER, "mesh", "[]"),
            (2, MESH, "mesh", json.dumps([{"IPAMData": json.dumps({"Pool": "10.0.0.0/24"})}])),
            (7, "ef" * 32, "same", json.dumps([{"IPAMData": json.dumps({"Pool": "10.0.0.0/16"})}])),
        )
    }
    rebuilt = rebuild_networks(
        NetworkDatabase(file=BROKEN, salvaged=salvaged), Containers(items=(container("web", wanted),))
    )
    assert (rebuilt.kept, rebuilt.inferred) == (("mesh",), ())


def test_records_are_taken_from_pages_whose_metas_are_lost() -> None:
    """The newest index of a key wins; a volume with two different records is not believed."""
    key = f"docker/network/v1.0/network/{MESH}/".encode()
    body = json.dumps({"id": MESH, "name": "mesh"}).encode()
    data = write(Bucket(buckets={b"libnetwork": Bucket(keys={key: (7).to_bytes(8, "little") + body})}))
    assert salvage_networks(bytes(8192) + data[8192:]) == {key: (7).to_bytes(8, "little") + body}
    record = b'{"Name":"data","Driver":"local","Labels":null,"Options":null}'
    volumes = write(Bucket(buckets={b"volumes": Bucket(keys={b"data": record})}))
    assert salvage_volumes(bytes(8192) + volumes[8192:]) == {b"data": record}


@given(st.binary(max_size=9000))
def test_salvage_of_garbage_gives_nothing(data: bytes) -> None:
    assert salvage_networks(data) == {}
    assert salvage_volumes(data) == {}


def test_volumes_get_a_record_each() -> None:
    """Options from opts.json, the engine's own label for anonymous ones."""
    directories = {
        name: VolumeDirectory(name=name, data_kind="d", options_status="absent", mount_type=kind)
        for name, kind in (("data", ""), ("scratch", "tmpfs"), ("ab" * 32, ""))
    }
    volumes = Volumes(top=HostPath("/v"), items=directories)
    rebuilt = rebuild_volumes(VolumeDatabase(file=BROKEN), volumes)
    best = read(rebuilt.content).best
    assert best is not None
    records = {name: json.loads(value) for name, value in best.root.buckets[b"volumes"].keys.items()}
    assert records[b"scratch"]["Options"] == {"type": "tmpfs"}
    assert records[b"data"]["Labels"] is None
    assert records[("ab" * 32).encode()]["Labels"] == {"com.docker.volume.anonymous": ""}


@pytest.mark.parametrize(
    ("options", "size"), [({"size": "10m"}, 10 << 20), ({"size": "1GiB"}, 1 << 30), ({"size": "5"}, 5), ({}, 0)]
)
def test_sizes_are_read_as_docker_reads_them(options: dict[str, str], size: int) -> None:
    content = options_content(options)
    assert content is not None
    assert json.loads(content)["Quota"]["Size"] == size


def test_an_unknown_volume_option_is_not_dropped_silently() -> None:
    assert options_content({"type": "nfs", "uid": "5"}) is None
    assert options_content({"size": "ten"}) is None


def test_a_database_is_opened_at_its_whole_generation() -> None:
    """The newest tree is corrupt: its meta gives way to the one before; a whole file is not touched."""
    data = write(Bucket(buckets={b"volumes": Bucket(keys={b"a": b"1"})}))
    assert RepairDatabase()(data) == data
    with pytest.raises(FormatError):
        RepairDatabase()(bytes(len(data)))


def test_a_member_is_set_and_the_rest_stays() -> None:
    """Order and values of everything else are kept, and Go's escapes are written."""
    edited = SetMember(path=("State", "Dead"), value=False)(b'{"B":"<x>","State":{"Dead":true,"Pid":1},"A":[]}\0\0')
    assert edited == b'{"B":"\\u003cx\\u003e","State":{"Dead":false,"Pid":1},"A":[]}'
    with pytest.raises(FormatError):
        SetMember(path=("State", "Dead"), value=False)(b'{"State":5}')
    with pytest.raises(FormatError):
        SetMember(path=("Name",), value="x")(b"[]")


def test_config_problems_name_what_is_wrong() -> None:
    assert config_of("0" * 64, b"") == ImageConfig(id="0" * 64, problem="it is empty")


def test_the_youngest_temporary_file_wins(tmp_path: Path) -> None:
    """The numbers in their names are random: of several whole files the last one that dockerd wrote counts."""
    folder = tmp_path / "var/lib/docker/containers" / ("ab" * 32)
    store = tmp_path / "var/lib/docker/image/overlay2"
    (tmp_path / "var/lib/docker/overlay2/l").mkdir(parents=True)
    folder.mkdir(parents=True)
    store.mkdir(parents=True)
    (folder / "config.v2.json").write_bytes(b"")
    (store / "repositories.json").write_bytes(b"")
    for number, age in (("111", 0), ("999", 3600), ("555", 60)):
        for path, content in (
            (folder / f".tmp-config.v2.json{number}", json.dumps({"ID": folder.name})),
            (store / f".tmp-repositories.json{number}", tags_content({f"app:{number}": DIGESTS[0]}).decode()),
        ):
            path.write_text(content)
            os.utime(path, (1_800_000_000 - age, 1_800_000_000 - age))
    (folder / ".tmp-config.v2.json000").write_bytes(b"{")
    facts = Facts(RootHost(str(tmp_path)))
    (broken,) = [one for one in facts.get(Containers).broken if one.file == "config.v2.json"]
    assert str(broken.sibling).endswith(".tmp-config.v2.json111")
    assert [list(entries) for entries in facts.get(Images).tags.siblings] == [["app:999"], ["app:555"], ["app:111"]]
