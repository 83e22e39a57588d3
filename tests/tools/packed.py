"""The frame of compressed SQL Server backups ("MSSQLBAK", version 2) for mkbak.py and checkbak.py.

A header of 480 bytes, then records one after another: each a packed piece of the stream that an
uncompressed file would hold, with a checksum. Soft filemarks stand between them unpacked. Packing is
XPRESS with Huffman codes, published by Microsoft as [MS-XCA]; what is made here uses only two fixed
tables of codes, what is read may use any. The layout of the frame was read in public backup files
of SQL Server 2019 and 2022.
"""
import re
import struct

from mtf import fold, rotate_left

MAGIC = b'MSSQLBAK'
HEADER_SIZE = 480
RECORD = struct.Struct('<BBH16xII')  # kind, units of 512 unpacked, stored, 0, checksum
PADDING = struct.Struct('<BBH20x')
INDEX = struct.Struct('<HHIII')  # 1, 1, entries, length of the whole, checksum of the entries
KIND_DATA, KIND_PADDING, KIND_INDEX = 0x21, 0x24, 0x2C
FILEMARK_AFTER_INDEX = 0x00040000
PIECE = 32768  # unpacked bytes of a record made here: stays below 64 KiB packed, whatever it holds
LITERALS_TABLE = b'\x88' * 128 + bytes(128)  # every byte is its own code of 8 bits
RUNS_TABLE = b'\x99' * 128 + bytes(7) + b'\x10' + bytes(120)  # bytes 9 bits, a run of distance 1: 1 bit
RUN = 271
RUN_LEAST = 18


def checksum(data):
    """r = rotate_left(r, 1) ^ word, over the little-endian 32-bit words."""
    data += bytes(-len(data) % 4)
    data = bytes(-len(data) % 128) + data  # zeros in front change nothing
    if not data:
        return 0
    words = fold(int.from_bytes(data, 'little'), len(data), 128)
    result = 0
    for i in range(32):
        result ^= rotate_left(words >> (32 * i) & 0xFFFFFFFF, 31 - i)
    return result


# ---- packing ----

def pack_literals(data):
    """Packs without making it shorter, at memory speed: for noise."""
    swapped = bytearray(len(data))
    swapped[0::2], swapped[1::2] = data[1::2], data[0::2]
    return LITERALS_TABLE + bytes(swapped) + bytes(2)


class _Packer:
    """Places code words and length bytes where the reader will take them from."""

    def __init__(self):
        self.out = bytearray(RUNS_TABLE + bytes(4))
        self.places = [256, 258]
        self.spare = 16
        self.bits = []

    def code(self, bits):
        self.bits.append(bits)
        self.spare -= len(bits)
        if self.spare < 0:
            self.places.append(len(self.out))
            self.out += bytes(2)
            self.spare += 16

    def finish(self):
        bits = ''.join(self.bits).ljust(16 * len(self.places), '0')
        for i, place in enumerate(self.places):
            struct.pack_into('<H', self.out, place, int(bits[16 * i:16 * i + 16], 2))
        return bytes(self.out)


def pack_runs(data):
    """Packs runs of one byte value: for descriptions, which are mostly zeros."""
    packer = _Packer()
    for run in re.finditer(rb'(.)\1*', data, re.DOTALL):
        code = '1' + format(run[0][0], '08b')
        repeats = len(run[0]) - 1
        packer.code(code)
        if repeats >= RUN_LEAST:
            packer.code('0')
            if repeats - RUN_LEAST < 255:
                packer.out.append(repeats - RUN_LEAST)
            else:
                packer.out += b'\xFF' + struct.pack('<H', repeats - 3)
        else:
            for _ in range(repeats):
                packer.code(code)
    return packer.finish()


def data_record(data, pack):
    packed = pack(data)
    return RECORD.pack(KIND_DATA, len(data) // 512, len(packed), 0, checksum(packed)) + packed


def padding(length):
    """A padding record of `length` bytes in all, at least PADDING.size."""
    return PADDING.pack(KIND_PADDING, 0, length - PADDING.size) + bytes(length - PADDING.size)


def index_record(entries, position, step):
    """The index at file offset `position`, which ends at a multiple of step."""
    data = b''.join(struct.pack('<QQ', *entry) for entry in entries)
    least = position + PADDING.size + 2 * INDEX.size + len(data)
    length = -(-least // step) * step - position - PADDING.size
    head = INDEX.pack(1, 1, len(entries), length, checksum(data))
    return (PADDING.pack(KIND_INDEX, 0, 0) + head + data +
            bytes(length - 2 * INDEX.size - len(data)) + head)


# ---- unpacking ----

class Unreadable(Exception):
    """The packed data is damaged."""


def unpack(packed, length):
    if packed[:256] == LITERALS_TABLE and len(packed) == 256 + length + 2 and length % 2 == 0:
        data = bytearray(length)
        data[0::2], data[1::2] = packed[257:257 + length:2], packed[256:256 + length:2]
        return bytes(data)
    return _unpack_any(packed, length)


def _codes(table):
    lengths = [(table[i // 2] >> (4 * (i % 2))) & 15 for i in range(512)]
    codes, code = {}, 0
    for bits in range(1, 16):
        for symbol in range(512):
            if lengths[symbol] == bits:
                codes[bits, code] = symbol
                code += 1
        code <<= 1
    if sum(1 << (15 - bits) for bits in lengths if bits) != 1 << 15:
        raise Unreadable('the codes do not fill their space')
    return codes


def _unpack_any(packed, length):
    if len(packed) < 256:
        raise Unreadable('no table of codes')
    codes = _codes(packed[:256])
    packed += bytes(8)
    at, spare = 260, 16
    window = int.from_bytes(packed[256:258], 'little') << 16 | int.from_bytes(packed[258:260],
                                                                             'little')
    out = bytearray()

    def take(count):
        nonlocal window, spare, at
        value = window >> (32 - count) if count else 0
        window = window << count & 0xFFFFFFFF
        spare -= count
        if spare < 0:
            window |= int.from_bytes(packed[at:at + 2], 'little') << -spare
            at += 2
            spare += 16
        return value
    while len(out) < length:
        bits = 1
        while (bits, window >> (32 - bits)) not in codes:
            bits += 1
        symbol = codes[bits, window >> (32 - bits)]
        take(bits)
        if symbol < 256:
            out.append(symbol)
            continue
        count, distance_bits = symbol % 16, (symbol - 256) // 16
        if count == 15:
            count, at = packed[at] + 15, at + 1
            if count == 270:
                count, at = int.from_bytes(packed[at:at + 2], 'little'), at + 2
        distance = (1 << distance_bits) + take(distance_bits)
        if distance > len(out) or at > len(packed):
            raise Unreadable('a distance leads before the start')
        for _ in range(count + 3):
            out.append(out[-distance])
    if len(out) != length:
        raise Unreadable('unpacks to more than its record says')
    return bytes(out)
