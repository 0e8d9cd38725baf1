"""etcd's write-ahead log, in which a swarm manager keeps services, secrets and configs (encrypted).

A file is a sequence of frames: eight bytes little endian, of which the low 56 bits are the length of a record and, when
the top bit is set, three bits the length of the padding; then the record, a protobuf message {1: type, 2: sum, 3:
data}. The sum is the CRC-32C of the data of all records since the last record of type 4, which holds the sum to start
from. A length of zero ends the log: the file is preallocated with zeros.

Source: etcd server/wal/decoder.go and walpb/record.proto, release 3.5.
"""

from msgspec import Struct

from doctor.formats.crc import crc32c

_HEADER = 8
_SECTOR = 512
_SUM_RECORD = 4
_LENGTH = (1 << 56) - 1


class _Record(Struct, frozen=True):
    start: int
    kind: int
    sum: int
    data: bytes


def problem_of(content: bytes, *, sum_bytes: int) -> str:
    """Return why etcd could not read the log, "" if it could.

    A truncated last record is not a problem: etcd cuts it off. Only the last ``sum_bytes`` bytes of records are
    verified by checksum; all frames are checked.

    >>> problem_of(bytes(64), sum_bytes=1 << 20), problem_of(bytes(8) + b"lost", sum_bytes=1 << 20)
    ('no record', 'zeros at byte 0 and records after them')
    """
    records: list[_Record] = []
    offset = 0
    while offset + _HEADER <= len(content):
        length = int.from_bytes(content[offset : offset + _HEADER], "little")
        if not length:
            rest = content[offset:].strip(b"\0")
            return f"zeros at byte {offset} and records after them" if rest else _sums(records, sum_bytes)
        size = length & _LENGTH
        padding = length >> 56 & 7 if length >> 63 else 0
        end = offset + _HEADER + size + padding
        body = content[offset + _HEADER : offset + _HEADER + size]
        found = _record(offset, body) if end <= len(content) else None
        if found is None:
            if end > len(content) or _is_torn(offset, body):
                # The rest after a truncated record was never written, so a valid file ends here.
                return _sums(records, sum_bytes) if end <= len(content) else f"the record at byte {offset} has no end"
            return f"no record at byte {offset}"
        records.append(found)
        offset = end
    return _sums(records, sum_bytes)


def _sums(records: list[_Record], sum_bytes: int) -> str:
    if not records:
        return "no record"
    left = sum_bytes
    first = len(records)
    while first and left > 0:
        first -= 1
        left -= len(records[first].data)
    # Each sum continues the previous record's, so the check may start anywhere.
    value = records[first - 1].sum if first else 0
    for index in range(first, len(records)):
        record = records[index]
        if record.kind == _SUM_RECORD:
            if value not in {0, record.sum}:
                return f"the sum at byte {record.start} is not that of the records before"
            value = record.sum
            continue
        value = crc32c(record.data, value)
        if value != record.sum:
            is_last = index == len(records) - 1
            if is_last and _is_torn(record.start, record.data):
                return ""
            return f"the record at byte {record.start} does not have its checksum"
    return ""


def _is_torn(start: int, data: bytes) -> bool:
    """Whether a sector of it was never written (decoder.go, isTornEntry)."""
    position = start + _HEADER
    while data:
        length = _SECTOR - position % _SECTOR
        chunk, data = data[:length], data[length:]
        if not chunk.strip(b"\0"):
            return True
        position += len(chunk)
    return False


def _record(start: int, body: bytes) -> _Record | None:
    """Return the message in a frame, ``None`` if it is invalid."""
    values = {1: 0, 2: 0}
    data = b""
    offset = 0
    while offset < len(body):
        tag, offset = _varint(body, offset)
        number, offset = _varint(body, offset)
        if tag in {0x08, 0x10} and number >= 0:
            values[tag >> 3] = number
        elif tag == 0x1A and 0 <= number <= len(body) - offset:
            data = body[offset : offset + number]
            offset += number
        else:
            return None
    return _Record(start, values[1], values[2], data) if 1 <= values[1] <= 5 else None


def _varint(body: bytes, offset: int) -> tuple[int, int]:
    """Return a number and the offset after it; -1 if it is invalid."""
    value = shift = 0
    while offset < len(body) and shift < 64:
        byte = body[offset]
        value |= (byte & 0x7F) << shift
        offset += 1
        shift += 7
        if byte < 0x80:
            return value, offset
    return -1, len(body)
