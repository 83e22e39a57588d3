#!/usr/bin/python3
"""Walks a SQL Server backup file from the first byte to the last and checks it.

Checked: every header checksum, block addresses and numbers, filemark lists, set addresses, zero
padding, the data checksums of a backup WITH CHECKSUM, and that page numbers rise; in a compressed
file also every record's checksum and every index. The file is read forward only, so standard input
works.

  checkbak.py [--json] [--blocks] FILE...      exit status 0: complete, 1: not, 2: not such a file

What nothing can notice: a changed byte in page data without CHECKSUM, or in descriptions (MQCI).
"""
import argparse
import json
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import packed  # noqa: E402
from mtf import (BLOCK_HEADER_SIZE, GRID, PAGE_SIZE, STREAM_HEADER_SIZE,  # noqa: E402
                 VENDOR_SQL_SERVER, StreamChecksum, unpack_date, xor_words)

PIECE = 4 << 20
KEEP_MAX = 1 << 20  # small streams are kept whole; longer ones of these names are damage
ZERO_FILLS = (b'SPAD', b'APAD', b'OTCP')
DATA = (b'MQDA', b'MQTL')
KINDS = {'D': 'full', 'I': 'differential', 'L': 'log'}


class Damage(Exception):
    """The file is not what it should be; the text says where and how."""


class NotABackup(Exception):
    pass


class Input:
    """Forward reader that knows its position."""

    def __init__(self, file):
        self.file = file
        self.position = 0

    def read(self, count, what):
        parts = []
        while count:
            data = self.file.read(count)
            if not data:
                raise Damage('ends at %d, inside %s' % (self.position, what))
            parts.append(data)
            self.position += len(data)
            count -= len(data)
        return b''.join(parts)

    def read_or_end(self, count):
        """Like read, but gives b'' at the end of the file."""
        first = self.file.read(1)
        if not first:
            return b''
        self.position += 1
        return first + self.read(count - 1, 'a block header')

    @property
    def place(self):
        """The offset in the file of what is read next; known where a part begins."""
        return self.position


class PackedInput:
    """The stream inside a compressed file, as Input gives that of an uncompressed one. Filemarks,
    which stand unpacked, are parts of it."""

    def __init__(self, file, header):
        self.raw = Input(file)
        self.raw.position = len(header)
        header += self.raw.read(packed.HEADER_SIZE - len(header), 'the file header')
        self.check_header(header)
        self.position = 0
        self.buffer = b''
        self.filemark_next = False
        self.part_start = 0
        self.index = None
        self.records = {}  # of this part: stream offset to file offset

    @staticmethod
    def check_header(header):
        version, = struct.unpack_from('<I', header, 8)
        if version != 2:
            raise NotABackup('a compressed backup of version %d; only 2 is walked' % version)
        if struct.unpack_from('<I', header, 44)[0]:
            raise NotABackup('an encrypted backup')

    @property
    def place(self):
        return self.raw.position

    def read(self, count, what):
        while len(self.buffer) < count:
            if not self.more(what):
                raise Damage('ends at %d, inside %s' % (self.raw.position, what))
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        self.position += count
        return data

    def read_or_end(self, count):
        if not self.buffer and not self.more('a record'):
            return b''
        return self.read(count, 'a block header')

    def more(self, what):
        start = self.raw.position
        if self.filemark_next:
            self.filemark_next = False
            head = self.raw.read(BLOCK_HEADER_SIZE, 'a filemark')
            self.check_filemark(head, start)
            self.buffer += head + self.raw.read(
                struct.unpack_from('<H', head, 8)[0] - BLOCK_HEADER_SIZE, 'a filemark')
            self.part_start = self.position + len(self.buffer)
            self.records, self.index = {}, None
            return True
        head = self.raw.read_or_end(packed.PADDING.size)
        if head:
            self.record(start, head, what)
        return bool(head)

    def check_filemark(self, head, start):
        attributes, size = struct.unpack_from('<IH', head, 4)
        if head[:4] != b'SFMB' or size % 512 or not size:
            raise Damage('no filemark after the padding at %d' % start)
        if bool(attributes & packed.FILEMARK_AFTER_INDEX) != (self.index is not None):
            raise Damage('filemark at %d: its attributes and the index disagree' % start)

    def record(self, start, head, what):
        kind, units, stored = struct.unpack_from('<BBH', head)
        if kind == packed.KIND_DATA:
            head += self.raw.read(packed.RECORD.size - len(head), 'a record')
            data = self.raw.read(stored, what)
            if packed.checksum(data) != struct.unpack_from('<I', head, 24)[0]:
                raise Damage('record at %d: its checksum does not match' % start)
            self.records[self.position + len(self.buffer) - self.part_start] = start
            try:
                self.buffer += packed.unpack(data, units * 512)
            except packed.Unreadable as error:
                raise Damage('record at %d: %s' % (start, error)) from error
        elif kind == packed.KIND_PADDING:
            if any(self.raw.read(stored, 'padding')):
                raise Damage('padding at %d is not all zeros' % start)
            self.filemark_next = True
        elif kind == packed.KIND_INDEX:
            self.read_index(start)
            self.filemark_next = True
        elif kind & 0x10 and not self.position:
            raise NotABackup('an encrypted backup')
        else:
            raise Damage('no record at %d' % start)

    def read_index(self, start):
        head = self.raw.read(packed.INDEX.size, 'an index')
        one, other, count, length, checksum = packed.INDEX.unpack(head)
        if (one, other) != (1, 1) or not 2 * len(head) + 16 * count <= length <= KEEP_MAX:
            raise Damage('index at %d: no valid head' % start)
        rest = self.raw.read(length - len(head), 'an index')
        entries, fill, foot = rest[:16 * count], rest[16 * count:-len(head)], rest[-len(head):]
        if foot != head or any(fill) or packed.checksum(entries) != checksum:
            raise Damage('index at %d: foot, fill or checksum does not match' % start)
        self.index = list(struct.iter_unpack('<QQ', entries))
        for offset, place in self.index:
            if self.records.get(offset) != place:
                raise Damage('index at %d: no record of stream offset %d at %d' %
                             (start, offset, place))


def text_at(block, pair_offset):
    size, offset = struct.unpack_from('<HH', block, pair_offset)
    return block[offset:offset + size].decode('utf-16-le', 'replace')


class Walk:
    def __init__(self, file):
        self.input = Input(file)
        self.info = {'complete': False, 'sets': [], 'blocks': []}
        self.part_place = 0  # offset in the file of the part that begins at self.base
        self.filemark_size = 0
        self.base = 0
        self.filemarks = []
        self.set_start = self.control = self.first_end = 0
        self.current = None
        self.last_type = None
        self.pages = 0
        self.csums = 0

    def run(self):
        header = self.input.read_or_end(BLOCK_HEADER_SIZE)
        self.info['compressed'] = header[:8] == packed.MAGIC
        if self.info['compressed']:
            self.input = PackedInput(self.input.file, header)
            header = self.input.read_or_end(BLOCK_HEADER_SIZE)
        start = 0
        while header:
            self.block(start, header)
            start = self.input.position
            header = self.input.read_or_end(BLOCK_HEADER_SIZE)
        self.finish()

    def place_of(self, start):
        """The offset in the file of a block that begins a part."""
        return self.part_place + start - self.base

    # ---- blocks ----

    def block(self, start, header):
        name, _, first_event = struct.unpack_from('<4sIH', header)
        if start == 0:
            self.check_magic(header)
        if not (name.isalpha() and name.isupper() and first_event >= BLOCK_HEADER_SIZE
                and xor_words(header[:50]) == struct.unpack_from('<H', header, 50)[0]):
            raise Damage('no valid block header at %d (after %s)' % (start, self.last_type))
        if start == 0 and name != b'TAPE':
            raise Damage('begins with %s' % name.decode())
        if (start - self.base) % GRID and name != b'SFMB':
            raise Damage('block %s at %d is off the grid' % (name.decode(), start))
        size = self.filemark_size if name == b'SFMB' else first_event
        data = header + self.input.read(size - BLOCK_HEADER_SIZE, 'block %s' % name.decode())
        self.info['blocks'].append({
            'type': name.decode(), 'offset': start, 'first_event': first_event,
            'fla': struct.unpack_from('<Q', header, 20)[0],
            'checksum': struct.unpack_from('<H', header, 50)[0]})
        handler = getattr(self, 'block_' + name.decode().lower(), None)
        if handler:
            handler(start, data)
        self.check_numbers(name, start, data)
        self.last_type = name.decode()
        if name != b'SFMB':
            self.streams(name.decode())

    @staticmethod
    def check_magic(header):
        if header[:4] != b'TAPE':
            raise NotABackup('not a SQL Server backup: begins with %r' % header[:8])

    def check_numbers(self, name, start, data):
        address, = struct.unpack_from('<Q', data, 20)
        control, = struct.unpack_from('<I', data, 36)
        if name in (b'TAPE', b'SFMB', b'ESET'):
            expected = (0, 0)
        else:
            expected = ((start - self.set_start) // GRID, self.control)
            self.control += 1
        if (address, control) != expected:
            raise Damage('block %s at %d: address %d and number %d instead of %d and %d' %
                         (name.decode(), start, address, control, *expected))

    def block_tape(self, start, data):
        if start:
            raise Damage('a second media header at %d' % start)
        attributes, = struct.unpack_from('<I', data, 56)
        units, = struct.unpack_from('<H', data, 64)
        vendor, = struct.unpack_from('<H', data, 86)
        if vendor != VENDOR_SQL_SERVER:
            raise NotABackup('tape format of another vendor (0x%04x)' % vendor)
        if not attributes & 1 or not units:
            raise Damage('the media header says there are no filemarks')
        self.filemark_size = units * 512
        self.info['filemark_size'] = self.filemark_size
        self.info['software'] = text_at(data, 80).rstrip('\0')

    def block_sfmb(self, start, data):
        place = self.input.place - self.filemark_size  # nothing is read ahead behind a filemark
        if start % self.filemark_size or place % self.filemark_size:
            raise Damage('filemark at %d, not a multiple of %d' % (place, self.filemark_size))
        used, offset = struct.unpack_from('<II', data, 56)
        slots = (self.filemark_size - 72) // 8
        expected = self.filemarks[:slots]
        if offset != 72 or used != len(expected):
            raise Damage('filemark at %d lists %d earlier ones instead of %d' %
                         (start, used, len(expected)))
        if list(struct.unpack_from('<%dQ' % used, data, 72)) != expected:
            raise Damage('filemark at %d lists wrong addresses' % start)
        self.filemarks.insert(0, place)
        self.base = start + self.filemark_size
        self.part_place = self.input.place

    def block_sset(self, start, data):
        address, = struct.unpack_from('<Q', data, 80)
        number, = struct.unpack_from('<H', data, 62)
        place = self.place_of(start)
        if address != place or number != len(self.info['sets']) + 1:
            raise Damage('set header at %d says it is number %d at %d' % (place, number, address))
        self.set_start, self.control = start, 0
        self.current = {'number': number, 'offset': place, 'name': text_at(data, 64),
                        'user': text_at(data, 76), 'state': 'unfinished'}
        self.info['sets'].append(self.current)

    def block_eset(self, start, data):
        catalog, = struct.unpack_from('<Q', data, 60)
        number, = struct.unpack_from('<H', data, 78)
        second = self.last_type == 'ESET'
        if number != len(self.info['sets']) or catalog != (self.first_end if second else 0):
            raise Damage('end of set at %d: number %d, catalog address %d' %
                         (start, number, catalog))
        if not second:
            self.first_end = self.place_of(start)
        self.current['state'] = 'finished' if second else 'unfinished'

    # ---- streams ----

    def streams(self, block):
        """Reads a block's streams up to and with the SPAD that ends it."""
        summed = None
        while True:
            self.zeros(-self.input.position % 4, 'alignment')
            start = self.input.position
            header = self.input.read(STREAM_HEADER_SIZE, 'a stream header of %s' % block)
            name, _, media, length = struct.unpack_from('<4sHHQ', header)
            if xor_words(header[:20]) != struct.unpack_from('<H', header, 20)[0]:
                raise Damage('no valid stream header at %d (in %s)' % (start, block))
            if name in ZERO_FILLS:
                self.zeros(length, name.decode())
            elif name in DATA:
                summed = self.data(name, media, length)
            else:
                self.small(name, block, length, summed)
            if name == b'SPAD':
                return

    def zeros(self, count, what):
        while count:
            data = self.input.read(min(count, PIECE), what)
            if data.count(0) != len(data):
                raise Damage('%s before %d is not all zeros' % (what, self.input.position))
            count -= len(data)

    def data(self, name, media, length):
        """Page or log data. Gives its checksum if a CSUM stream is announced, else None."""
        if not length:
            return None
        if self.input.read(2, 'data') != b'\0\0' or (length - 2) % PAGE_SIZE:
            raise Damage('%s of %d bytes before %d is not whole pages' %
                         (name.decode(), length, self.input.position))
        checksum = StreamChecksum() if media & 0x100 else None
        left, previous = length - 2, -1
        while left:
            piece = self.input.read(min(left, PIECE), '%s data' % name.decode())
            if checksum:
                checksum.update(piece)
            if name == b'MQDA':
                previous = self.check_pages(piece, previous)
            left -= len(piece)
        return checksum.value() if checksum else None

    def check_pages(self, piece, previous):
        """Page numbers must rise, except where page 0 or an empty page comes."""
        start = self.input.position - len(piece)
        self.pages += len(piece) // PAGE_SIZE
        for at in range(0, len(piece), PAGE_SIZE):
            number = int.from_bytes(piece[at + 32:at + 36], 'little')
            if number and number <= previous:
                raise Damage('page %d at %d comes after page %d' % (number, start + at, previous))
            if number or piece[at]:
                previous = number
        return previous

    def small(self, name, block, length, summed):
        if length > KEEP_MAX:
            raise Damage('stream %s in %s of %d bytes' % (name.decode(), block, length))
        data = self.input.read(length, 'stream %s' % name.decode())
        if name == b'CSUM':
            self.csums += 1
            if summed is None or data != struct.pack('<I', summed):
                raise Damage('data checksum before %d does not match' % self.input.position)
        elif name == b'RAID':
            self.info['stripes'], _, self.info['stripe'] = struct.unpack_from('<3H', data, 20)
        elif name == b'MQCI':
            self.configuration(data, final=block == 'MSLS')
        elif name == b'TSMP':
            self.set_map(data)

    def configuration(self, data, final):
        if data[:4] != b'SCIN' or len(data) < 112:
            raise Damage('backup description before %d is not one' % self.input.position)
        flags, = struct.unpack_from('<I', data, 8)
        self.current.update({
            'database': text_at(data, 104), 'server': text_at(data, 108),
            'type': KINDS.get(chr(data[87]), chr(data[87])),
            'started': unpack_date(data[77:82]), 'finished': unpack_date(data[82:87]),
            'backup_size': struct.unpack_from('<Q', data, 96)[0],
            'checksum': bool(flags & 0x10)})
        if final and not self.current['finished']:
            raise Damage('the final description has no finish date')

    def set_map(self, data):
        """The set map lists every set of the file."""
        count, = struct.unpack_from('<H', data, 4)
        addresses, at = [], 8
        for _ in range(count):
            addresses.append(struct.unpack_from('<Q', data, at + 12)[0])
            volumes, = struct.unpack_from('<H', data, at + 60)
            at += struct.unpack_from('<H', data, at)[0]
            for _ in range(volumes):
                at += struct.unpack_from('<H', data, at)[0]
        if addresses != [one['offset'] for one in self.info['sets']]:
            raise Damage('set map before %d lists wrong sets' % self.input.position)

    # ---- the end ----

    def finish(self):
        sets = self.info['sets']
        marks = len(self.filemarks)
        self.info.update(size=self.input.place, pages=self.pages, checksums=self.csums)
        if self.last_type != 'SFMB':
            raise Damage('ends at %d after %s, not with a filemark' %
                         (self.input.place, self.last_type))
        if not sets or marks != 2 * len(sets) + 1 or sets[-1]['state'] != 'finished':
            raise Damage('ends at %d inside set %d' % (self.input.place, len(sets)))
        self.info['complete'] = True


def check(file):
    """Walks an open binary file; gives what was found, with 'complete' and 'damage'."""
    walk = Walk(file)
    try:
        walk.run()
    except Damage as damage:
        walk.info['damage'] = str(damage)
        walk.info['size'] = None
    except (struct.error, IndexError) as error:
        walk.info['damage'] = 'near %d: %s' % (walk.input.position, error)
    return walk.info


def report(name, info):
    print('%s: %s, %s bytes%s, stripe %s of %s, filemarks of %s' %
          (name, 'complete' if info['complete'] else 'NOT COMPLETE', info.get('size'),
           ', compressed' if info.get('compressed') else '', info.get('stripe'),
           info.get('stripes'), info.get('filemark_size')))
    for one in info['sets']:
        print('  set %d: %s of database %s on %s, %s to %s, at %d, %s%s' %
              (one['number'], one.get('type'), one.get('database'), one.get('server'),
               one.get('started'), one.get('finished') or '?', one['offset'], one['state'],
               ', checksums' if one.get('checksum') else ''))
    if 'damage' in info:
        print('  damage: %s' % info['damage'])


def main(arguments=None):
    parser = argparse.ArgumentParser(description='Checks SQL Server backup files.')
    parser.add_argument('files', nargs='+', help='- is standard input')
    parser.add_argument('--json', action='store_true', help='one JSON object per file')
    parser.add_argument('--blocks', action='store_true', help='with --json: list every block')
    options = parser.parse_args(arguments)
    status = 0
    for name in options.files:
        try:
            if name == '-':
                info = check(sys.stdin.buffer)
            else:
                with open(name, 'rb') as file:
                    info = check(file)
        except (NotABackup, OSError) as error:
            print('%s: %s' % (name, error), file=sys.stderr)
            status = 2
            continue
        if not options.blocks:
            del info['blocks']
        if options.json:
            print(json.dumps(info))
        else:
            report(name, info)
        status = status or (0 if info['complete'] else 1)
    return status


if __name__ == '__main__':
    sys.exit(main())
