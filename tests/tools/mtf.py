"""Facts of Microsoft Tape Format as SQL Server writes it, shared by mkbak.py and checkbak.py.

A backup file is a chain of blocks. A block begins with a 52-byte header and is followed by streams,
each with a 22-byte header; the last stream of a block (SPAD) pads up to the next block. Everything
is little endian. Sources: Microsoft Tape Format Specification 1.00a, and public backup files.
"""
import struct

BLOCK_HEADER_SIZE = 52
STREAM_HEADER_SIZE = 22
GRID = 1024  # blocks start on this grid, counted from the end of the latest filemark
PAGE_SIZE = 8192
EXTENT_SIZE = 8 * PAGE_SIZE
VENDOR_SQL_SERVER = 0x1200
SECTOR = 512
ROTATIONS = 32  # the stream checksum repeats its rotation every 32 sectors
CYCLE = SECTOR * ROTATIONS


def round_up(value, step):
    return -(-value // step) * step


def xor_words(data):
    """XOR of little-endian 16-bit words: the checksum of every header."""
    result = 0
    for word in struct.unpack('<%dH' % (len(data) // 2), data):
        result ^= word
    return result


def fold(value, length, unit):
    """XOR of the `unit`-byte pieces of an integer that was made from `length` bytes."""
    pieces = length // unit
    while pieces > 1:
        half = -(-pieces // 2)
        value = (value >> (half * unit * 8)) ^ (value & ((1 << (half * unit * 8)) - 1))
        pieces = half
    return value


def rotate_left(word, count):
    count %= 32
    return ((word << count) | (word >> (32 - count))) & 0xFFFFFFFF


class StreamChecksum:
    """Value of a CSUM stream: per 512-byte sector, t = rotate_left(t, 1) ^ xor(words of the sector).

    The rotation of a sector depends only on its distance from the end, modulo 32 sectors. So all
    16 KiB cycles can be folded into one first, which big integers do at memory speed.
    """

    def __init__(self):
        self._folded = 0
        self._rest = b''
        self._sectors = 0

    def update(self, data):
        data = self._rest + data if self._rest else data
        whole = len(data) // CYCLE * CYCLE
        if whole:
            self._folded ^= fold(int.from_bytes(data[:whole], 'little'), whole, CYCLE)
            self._sectors += whole // SECTOR
        self._rest = data[whole:]

    def value(self):
        tail = self._rest + bytes(-len(self._rest) % SECTOR)
        total = self._sectors + len(tail) // SECTOR
        result = 0
        for piece, first in ((self._folded.to_bytes(CYCLE, 'little'), 0), (tail, self._sectors)):
            for i in range(len(piece) // SECTOR):
                sector = int.from_bytes(piece[i * SECTOR:(i + 1) * SECTOR], 'little')
                result ^= rotate_left(fold(sector, SECTOR, 4), total - 1 - first - i)
        return result


def pack_date(when):
    """5 bytes: year 14 bits, month 4, day 5, hour 5, minute 6, second 6; None = unknown."""
    if when is None:
        return bytes(5)
    value = when.year
    for field, bits in ((when.month, 4), (when.day, 5), (when.hour, 5), (when.minute, 6),
                        (when.second, 6)):
        value = value << bits | field
    return value.to_bytes(5, 'big')


def unpack_date(data):
    value = int.from_bytes(data, 'big')
    if value == 0:
        return ''
    fields = []
    for bits in (6, 6, 5, 5, 4):
        fields.append(value & ((1 << bits) - 1))
        value >>= bits
    second, minute, hour, day, month = fields
    return '%04d-%02d-%02d %02d:%02d:%02d' % (value, month, day, hour, minute, second)


def parse_size(text):
    """'512', '64K', '1M', '3G' to bytes."""
    units = {'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'T': 1 << 40}
    text = text.strip().upper().removesuffix('IB')
    return int(text[:-1]) * units[text[-1]] if text[-1:] in units else int(text)
