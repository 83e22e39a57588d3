"""CRC32C (Castagnoli) in pure Python, quick enough for parts of a backup (some 100 MB/s).

A block is seen as LANES rows of LANE_LEN bytes. All rows advance together, a column at a time:
the table look-ups are bytes.translate(), the exclusive ors are those of long integers. Then the
rows' values are joined, since a CRC is linear.
"""

import base64

POLYNOMIAL = 0x82F63B78
LANE_LEN, LANES = 256, 4096
BLOCK = LANE_LEN * LANES


def byte_step(value):
    for _ in range(8):
        value = (value >> 1) ^ (POLYNOMIAL if value & 1 else 0)
    return value


TABLE = [byte_step(value) for value in range(256)]
# The four bytes of the table's entries, each as a translation table.
PLANES = [bytes((entry >> shift) & 255 for entry in TABLE) for shift in (0, 8, 16, 24)]


def plain(data, state):
    for byte in data:
        state = TABLE[(state ^ byte) & 255] ^ (state >> 8)
    return state


def zeros_tables():
    """Four tables that advance a state over LANE_LEN zero bytes, one byte of the state each."""
    def advance(state):
        for _ in range(LANE_LEN):
            state = TABLE[state & 255] ^ (state >> 8)
        return state
    return [[advance(value << shift) for value in range(256)] for shift in (0, 8, 16, 24)]


ZEROS = zeros_tables()


def block_lanes(block):
    """The state of every lane of a whole block, each begun at zero."""
    number = int.from_bytes
    s0 = s1 = s2 = s3 = 0
    for column in range(LANE_LEN):
        index = (s0 ^ number(block[column::LANE_LEN], "little")).to_bytes(LANES, "little")
        s0 = number(index.translate(PLANES[0]), "little") ^ s1
        s1 = number(index.translate(PLANES[1]), "little") ^ s2
        s2 = number(index.translate(PLANES[2]), "little") ^ s3
        s3 = number(index.translate(PLANES[3]), "little")
    planes = [plane.to_bytes(LANES, "little") for plane in (s0, s1, s2, s3)]
    return [a | b << 8 | c << 16 | d << 24 for a, b, c, d in zip(*planes)]


def crc32c(data, value=0):
    data = bytes(data)
    state = value ^ 0xFFFFFFFF
    t0, t1, t2, t3 = ZEROS
    whole = len(data) - len(data) % BLOCK
    for start in range(0, whole, BLOCK):
        for lane in block_lanes(data[start:start + BLOCK]):
            state = (t0[state & 255] ^ t1[(state >> 8) & 255] ^ t2[(state >> 16) & 255]
                     ^ t3[state >> 24] ^ lane)
    return plain(data[whole:], state) ^ 0xFFFFFFFF


def encoded(data):
    """As S3's header has it: base64 of the four bytes, most significant first."""
    return base64.b64encode(crc32c(data).to_bytes(4, "big")).decode()
