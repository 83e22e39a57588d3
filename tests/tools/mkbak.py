#!/usr/bin/python3
"""Makes a SQL Server backup file (Microsoft Tape Format) of a wanted size.

The file has the structure of a native full, differential or log backup: a reader that walks it
from block to block finds every header, address, filemark and checksum where it belongs. The pages
hold seeded noise and their page number, so exchanged or lost pieces show. The same arguments give
the same bytes. Writing is strictly forward, so standard output works too.

  mkbak.py --size 256M db.bak
  mkbak.py --size 1M,64K,64K --type full,diff,log --checksum - | ...
  mkbak.py --size 64M --stripe 1/2 s1.bak; mkbak.py --size 64M --stripe 2/2 s2.bak
  mkbak.py --size 16M --compress db.bak

--size lists what each backup set adds to the file (the first includes the media header), so a file
made with fewer sets and the same seed is a prefix of one with more: that is what an append does.
With --compress it is the size before packing; the noise in the pages does not get smaller, the
frame, its checksums and its index are those of SQL Server 2014 and later.
"""
import argparse
import datetime
import os
import random
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import packed  # noqa: E402
from mtf import (EXTENT_SIZE, GRID, PAGE_SIZE, STREAM_HEADER_SIZE, VENDOR_SQL_SERVER,  # noqa: E402
                 StreamChecksum, pack_date, parse_size, round_up, xor_words)

LOG_PAYLOAD = 65536  # log data of a full or differential backup
POOL_SIZE = 1 << 20
PAGE_HEAD = struct.Struct('<BBHH26xIH58x')
PAGE_TYPES = {0: 15, 1: 11, 2: 8, 3: 9, 6: 16, 7: 17, 9: 13}
MSTL_FIRST_EVENT = 596
MSTL_LOG_COPY = (504, 92)  # size and place of the log header's copy


class Strings:
    """A string area: UTF-16 texts one after another, each found by a pair (size, offset)."""

    def __init__(self, start):
        self.start = start
        self.data = b''

    def add(self, text):
        raw = text.encode('utf-16-le')
        if not raw:
            return bytes(4)
        pair = struct.pack('<HH', len(raw), self.start + len(self.data))
        self.data += raw
        return pair


def put(target, *fields):
    """put(buffer, (offset, bytes or (format, value...)), ...)"""
    for offset, value in fields:
        if isinstance(value, tuple):
            struct.pack_into('<' + value[0], target, offset, *value[1:])
        else:
            target[offset:offset + len(value)] = value


class Output:
    """Forward-only writer that knows its position; with no file it only counts (a dry run)."""

    def __init__(self, file=None):
        self.file = file
        self.position = 0

    def write(self, data):
        if self.file:
            self.file.write(data)
        self.position += len(data)

    def zeros(self, count):
        if self.file:
            for done in range(0, count, 1 << 20):
                self.file.write(bytes(min(1 << 20, count - done)))
        self.position += count

    @property
    def place(self):
        """The offset in the file; differs from the position in the stream if that is packed."""
        return self.position

    def start_data(self):
        """Page or log data begins."""

    def end_data(self):
        """Page or log data ended."""

    def end_part(self, step, indexed):
        """Before a filemark, which stands on a multiple of step."""

    write_filemark = write
    filemark_attributes = 0


class PackedOutput(Output):
    """The same stream as a compressed backup. Place and position part; a part of the stream between
    filemarks is cut into records where SQL Server cuts it."""

    filemark_attributes = packed.FILEMARK_AFTER_INDEX  # of a filemark behind an index

    def __init__(self, file):
        super().__init__(file)
        self.written = 0
        self.buffer = bytearray()
        self.pack = packed.pack_runs
        self.part_start = 0
        self.index = []
        self.emit(packed.MAGIC + struct.pack('<II', 2, 3) + bytes(packed.HEADER_SIZE - 16))

    @property
    def place(self):
        return self.written

    def emit(self, data):
        self.file.write(data)
        self.written += len(data)

    def write(self, data):
        self.buffer += data
        self.position += len(data)
        if self.pack is packed.pack_literals:
            self.cut()

    def zeros(self, count):
        self.write(bytes(count))

    def cut(self):
        for at in range(0, len(self.buffer), packed.PIECE):
            self.emit(packed.data_record(bytes(self.buffer[at:at + packed.PIECE]), self.pack))
        self.buffer.clear()

    def start_data(self):
        self.cut()
        self.pack = packed.pack_literals

    def end_data(self):
        self.cut()
        self.pack = packed.pack_runs
        self.index.append((self.position - self.part_start, self.written))

    def end_part(self, step, indexed):
        self.cut()
        if indexed:
            self.emit(packed.index_record(self.index, self.written, step))
            self.index.clear()
        else:
            end = round_up(self.written + packed.PADDING.size, step)
            self.emit(packed.padding(end - self.written))

    def write_filemark(self, data):
        self.emit(data)
        self.position += len(data)
        self.part_start = self.position


class Backup:
    def __init__(self, options, output):
        self.options = options
        self.out = output
        self.block_size = options.filemark  # S: the size of a soft filemark
        self.boundary = max(GRID, self.block_size)
        self.base = 0  # end of the latest filemark
        self.filemarks = []
        self.sets = []
        rng = random.Random('media %d' % options.seed)
        self.media_set = rng.randbytes(16)
        self.families = [rng.getrandbits(32) for _ in range(64)]
        self.pool = None

    def mark(self):
        """Where a dry run stands."""
        return self.out.position, self.base, len(self.filemarks), len(self.sets)

    def back_to(self, mark):
        self.out.position, self.base, filemarks, sets = mark
        self.filemarks = self.filemarks[len(self.filemarks) - filemarks:]
        del self.sets[sets:]

    # ---- building stones ----

    def stream(self, name, media, data=b'', length=None):
        """A stream header and its data; with length given, the caller writes the data."""
        self.out.zeros(-self.out.position % 4)
        head = struct.pack('<4sHHQHH', name, 0, media, len(data) if length is None else length, 0, 0)
        self.out.write(head + struct.pack('<H', xor_words(head)) + data)

    def fill(self, name, media, end):
        """A stream of zeros that ends at `end`."""
        self.out.zeros(-self.out.position % 4)
        length = end - self.out.position - STREAM_HEADER_SIZE
        assert length >= 0
        self.stream(name, media, length=length)
        self.out.zeros(length)

    def pad(self, step, extra=0):
        """The SPAD that ends a block, up to a multiple of step counted from the base."""
        start = round_up(self.out.position, 4) + STREAM_HEADER_SIZE
        self.fill(b'SPAD', 0, self.base + round_up(start - self.base, step) + extra)

    def pad_to_filemark(self):
        """Up to the first point of the grid that is a multiple of S."""
        end = self.base + round_up(self.out.position + 3 + STREAM_HEADER_SIZE - self.base, GRID)
        while end % self.block_size:
            end += GRID
        self.fill(b'SPAD', 0, end)

    def align_data(self):
        """The APAD before page or log data: its 22-byte header and 2 zero bytes end on a boundary."""
        start = round_up(self.out.position, 4)
        end = self.base + round_up(start + 2 * STREAM_HEADER_SIZE + 2 - self.base, GRID)
        while end % self.block_size:
            end += GRID
        self.fill(b'APAD', 0x80, end - 24)

    def block(self, name, first_event, fields, attributes=0, string_type=0, os_data=bytes(4),
              numbered=True):
        """A block's header and fixed part, up to its first stream."""
        data = bytearray(first_event)
        address = control = 0
        if numbered:
            address = (self.out.position - self.base) // GRID
            control = self.control
            self.control += 1
        put(data, (0, name), (4, ('IHBB', attributes, first_event, 14, 1)), (20, ('Q', address)),
            (36, ('I', control)), (44, os_data), (48, ('B', string_type)), *fields)
        put(data, (50, ('H', xor_words(bytes(data[:50])))))
        self.out.write(bytes(data))

    def filemark(self, ends_data=False):
        size = self.block_size
        slots = (size - 72) // 8
        marks = self.filemarks[:slots]
        self.out.end_part(size, ends_data)
        self.filemarks.insert(0, self.out.place)
        data = bytearray(size)
        attributes = 0x80000000 | (self.out.filemark_attributes if ends_data else 0)
        put(data, (0, b'SFMB'), (4, ('IHBB', attributes, size, 14, 1)),
            (52, ('III', slots, len(marks), 72)), (72, ('%dQ' % len(marks), *marks)))
        put(data, (50, ('H', xor_words(bytes(data[:50])))))
        self.out.write_filemark(bytes(data))
        self.base = self.out.position

    # ---- the file ----

    def media_header(self):
        options = self.options
        name = 'Microsoft SQL Server\0\0'.encode('utf-16-le')
        self.block(b'TAPE', 140, [
            (52, ('IIHHHH', self.families[options.stripe - 1], 5, 1, 0, self.block_size // 512, 3)),
            (80, ('HHHH', len(name), 94, GRID, VENDOR_SQL_SERVER)),
            (88, pack_date(options.date)), (93, b'\1'), (94, name),
        ], attributes=0x00030000, string_type=2, numbered=False)
        self.stream(b'RAID', 0, self.media_set + struct.pack(
            '<I6H', 0xF00000AD, options.stripes, 1, options.stripe, 0, 0, 1))
        self.fill(b'SPAD', 0, self.boundary)
        self.filemark()

    def backup_set(self, number, kind, extents, extra, backup_size):
        """One set: `extents` of 64 KiB, and `extra` bytes of padding in its middle."""
        options = self.options
        rng = random.Random('set %d %d' % (options.seed, number))
        self.control = 0
        this = {
            'number': number, 'kind': kind, 'guid': rng.randbytes(16), 'address': self.out.place,
            'date': options.date + datetime.timedelta(hours=number - 1), 'size': backup_size,
            'attributes': 8 if kind == 'diff' else 4,
            'base': next((s for s in reversed(self.sets) if s['kind'] == 'full'), options.base),
            'data_checksum': 0x100 if options.checksum else 0,
        }
        this['lsn'], this['lsn_end'] = self.lsns(number)
        self.sets.append(this)
        self.set_start(this)
        self.configuration(b'MSCI', this, final=False)
        self.pad(GRID)
        if kind != 'log':
            self.page_data(this, extents, extra)
        self.log_data(this, extents * EXTENT_SIZE if kind == 'log' else LOG_PAYLOAD,
                      extra if kind == 'log' else 0)
        if options.compress:
            this['packed_size'] = self.out.place - this['address']
        self.configuration(b'MSLS', this, final=True)
        self.pad_to_filemark()
        self.filemark(ends_data=True)
        self.set_end(this)
        self.filemark()

    def lsns(self, number):
        """Where the log of a set begins and ends."""
        if number <= len(self.options.lsns):
            return self.options.lsns[number - 1]
        return 1000 + 100 * number, 1090 + 100 * number

    def set_start(self, this):
        options = self.options
        strings = Strings(122)
        name = strings.add(options.name)
        user = strings.add(options.user)
        self.block(b'SSET', round_up(122 + len(strings.data), 4), [
            (52, ('IHHHH', this['attributes'], 0, 0, VENDOR_SQL_SERVER, this['number'])),
            (64, name), (76, user), (80, ('Q', this['address'])), (88, pack_date(this['date'])),
            (93, ('BBbBB', 16, 0, 0, 0, 2)), (100, this['guid']), (122, strings.data),
        ], string_type=2, os_data=struct.pack('<HH', 21, 100))
        self.pad(GRID)
        strings = Strings(73)
        device = strings.add('C:')
        machine = strings.add(options.machine)
        self.block(b'VOLB', max(88, round_up(73 + len(strings.data), 4)), [
            (52, ('I', 2)), (56, device), (64, machine), (68, pack_date(this['date'])),
            (73, strings.data)], string_type=2)
        self.pad(GRID)

    def page_data(self, this, extents, extra):
        self.block(b'MSDA', 60, [(52, ('IHH', 0, 0, 1))])
        self.align_data()
        self.stream(b'MQDA', 0x02 | this['data_checksum'], length=2 + extents * EXTENT_SIZE)
        self.out.zeros(2)
        self.payload(this, extents, self.pages)
        self.stream(b'MQDA', 0x06)
        self.pad(GRID, extra)

    def log_data(self, this, length, extra):
        for payload in (length, 0):
            size, place = MSTL_LOG_COPY
            self.block(b'MSTL', MSTL_FIRST_EVENT, [
                (58, ('H', 1)), (76, ('IHH', 2, size, place)),
                (place, random.Random('log %d' % self.options.seed).randbytes(size))])
            if payload:
                self.align_data()
                self.stream(b'MQTL', this['data_checksum'], length=2 + payload)
                self.out.zeros(2)
                self.payload(this, payload // EXTENT_SIZE, self.noise)
            self.pad(GRID, extra if payload else 0)

    def set_end(self, this):
        first = self.out.place

        def end_of_set(catalog):
            self.block(b'ESET', 88, [
                (52, ('IIQ', this['attributes'], 0, catalog)), (78, ('H', this['number'])),
                (80, pack_date(this['date']))], numbered=False)
        end_of_set(0)
        self.fill(b'OTCP', 0, self.base + self.boundary)
        self.stream(b'TSMP', 0, self.set_map())
        self.pad(self.boundary)
        end_of_set(first)
        self.pad(self.boundary)

    def set_map(self):
        data = struct.pack('<IHH', self.families[self.options.stripe - 1], len(self.sets), 0)
        for this in self.sets:
            strings = Strings(92)
            name = strings.add(self.options.name)
            user = strings.add(self.options.user)
            entry = bytearray(92) + strings.data
            put(entry, (0, ('HHII', len(entry), 1, 0, this['attributes'])),
                (12, ('Q', this['address'])), (30, ('H', this['number'])),
                (52, ('QHH', this.get('packed_size', this['size']), 1, 0)), (64, name), (76, user),
                (80, pack_date(this['date'])), (86, ('BBBBB', 14, 1, 2, 0, 2)))
            strings = Strings(62)
            device = strings.add('C:')
            machine = strings.add(self.options.machine)
            volume = bytearray(62) + strings.data
            put(volume, (0, ('H', len(volume))), (2, b'VOLB'), (6, ('H', 1)), (12, ('Q', 1)),
                (32, ('BBBB', 14, 1, 2, 0)), (36, ('I', 2)), (40, device), (48, machine),
                (56, pack_date(this['date'])))
            data += bytes(entry) + bytes(volume)
        return data

    # ---- page and log data ----

    def payload(self, this, extents, generate):
        """Writes extents in pieces of 4 MiB, and the checksum stream after them if wanted."""
        if self.out.file is None:
            self.out.position += extents * EXTENT_SIZE
            if this['data_checksum']:
                self.stream(b'CSUM', 0, bytes(4))
            return
        checksum = StreamChecksum() if this['data_checksum'] else None
        self.out.start_data()
        if self.pool is None:
            self.pool = random.Random('pool %d' % self.options.seed).randbytes(
                POOL_SIZE + EXTENT_SIZE)
        for first in range(0, extents, 64):
            piece = b''.join(generate(this, i) for i in range(first, min(first + 64, extents)))
            if checksum:
                checksum.update(piece)
            self.out.write(piece)
        self.out.end_data()
        if checksum:
            self.stream(b'CSUM', 0, struct.pack('<I', checksum.value()))

    def pages(self, this, index):
        """Extent number `index` of this file; stripes take the database's extents in turn."""
        first = (index * self.options.stripes + self.options.stripe - 1) * 8
        parts = []
        for page in range(first, first + 8):
            start = (page * 2654435761 + this['number'] * 97) % POOL_SIZE
            parts.append(PAGE_HEAD.pack(1, PAGE_TYPES.get(page, 1), 0, 0x200, page, 1))
            parts.append(self.pool[start:start + PAGE_SIZE - PAGE_HEAD.size])
        return b''.join(parts)

    def noise(self, this, index):
        start = (index * 2654435761 + this['number'] * 131 + self.options.stripe) % POOL_SIZE
        return self.pool[start:start + EXTENT_SIZE]

    # ---- MQCI: what the backup says about its database ----

    def configuration(self, name, this, final):
        """The MSCI block (first: no finish date, estimated size) or the MSLS block (final values)."""
        self.block(name, 56, [], string_type=2)
        database = self.options.database
        files = [(database, 'C:\\Data\\%s.mdf' % database, 1, 1, 0x84),
                 (database + '_log', 'C:\\Data\\%s_log.ldf' % database, 2, 0, 0x0C)]
        self.stream(b'MQCI', 0, self.scin(this, final) + self.sfgi() +
                    b''.join(self.sfin(this, final, *file) for file in files))

    def scin(self, this, final):
        options = self.options
        kind, base = this['kind'], this['base']
        flags = 0x200 | (0x10 if options.checksum else 0) | (0x800 if kind == 'diff' else 0)
        lsn = this['lsn']
        finish = this['date'] + datetime.timedelta(minutes=5) if final else None
        size = this['size'] if final else this['size'] // EXTENT_SIZE * EXTENT_SIZE + EXTENT_SIZE
        strings = Strings(400)
        pairs = strings.add(options.database) + strings.add(options.server) + bytes(4)
        data = bytearray(400) + strings.data
        rng = random.Random('database %d' % options.family)
        put(data, (0, b'SCIN'), (4, ('IIII', len(data), flags, 1, 1)),
            (24, ('HBBI', 1000, 0, 16, 9)),
            (32, ('IIH', lsn, 8, 1)), (42, ('IIH', this['lsn_end'], 8, 1)), (52, ('IIH', lsn, 8, 37)),
            (72, pack_date(options.date.replace(year=options.date.year - 1))),
            (77, pack_date(this['date'])), (82, pack_date(finish)),
            (87, {'full': b'D', 'diff': b'I', 'log': b'L'}[kind]), (88, ('BHB', 52, 1, 160)),
            (92, ('HHQ', 5, 957, size)), (104, pairs), (116, ('II', 1033, 196609)),
            (124, rng.randbytes(16)), (144, ('IIHH', this['lsn_end'], 8, 1, 0)), (156, rng.randbytes(16)),
            (224, rng.randbytes(16)), (240, ('I', 1 << 20)),
            (344, ('Q', this.get('packed_size', size))))
        if base and base is not this:
            put(data, (62, ('IIH', base['lsn'], 8, 37)), (200, base['guid']))
            if kind == 'diff':
                put(data, (260, ('IIHH', base['lsn'], 8, 37, 0)), (272, base['guid']))
        return bytes(data)

    @staticmethod
    def sfgi():
        strings = Strings(224)
        name = strings.add('PRIMARY')
        data = bytearray(224) + strings.data
        put(data, (0, b'SFGI'), (4, ('III', len(data), 16, 1)), (16, name), (20, ('I', 1)))
        return bytes(data)

    def sfin(self, this, final, name, path, file_id, group, kind):
        strings = Strings(1028)
        pairs = strings.add(name) + strings.add(path)
        data = bytearray(1028) + strings.data
        latest = this if final and this['kind'] == 'full' else this['base']
        put(data, (0, b'SFIN'), (4, ('II', len(data), kind)), (16, ('II', PAGE_SIZE, file_id)),
            (32, ('IIQ', self.block_size, group, this['size'])), (48, pairs),
            (170, latest['guid'] if latest and latest is not this or final and latest else bytes(16)),
            (186, random.Random('file %d %d' % (self.options.seed, file_id)).randbytes(16)))
        return bytes(data)


def kind_of(options, index):
    return options.types[min(index, len(options.types) - 1)]


def write_file(options, output, plan):
    backup = Backup(options, output)
    ends = []
    backup.media_header()
    for index, (extents, extra) in enumerate(plan):
        size = extents * EXTENT_SIZE * options.stripes + extra
        backup.backup_set(index + 1, kind_of(options, index), extents, extra, size)
        ends.append(output.position)
    return ends


def make_plan(options):
    """Extents and extra padding per set that reach the wanted sizes exactly."""
    backup, plan = Backup(options, Output()), []
    backup.media_header()
    step = max(GRID, options.filemark)
    start = 0
    for index, wanted in enumerate(options.sizes):
        mark = backup.mark()
        backup.backup_set(index + 1, kind_of(options, index), 1, 0, 0)
        smallest = backup.out.position - start
        spare = wanted - smallest
        if spare < 0 or spare % step and not options.round:
            raise SystemExit('mkbak: set %d cannot be %d bytes; possible: %d + k * %d (--round '
                             'takes the next one below)' % (index + 1, wanted, smallest, step))
        spare -= spare % step
        plan.append((1 + spare // EXTENT_SIZE, spare % EXTENT_SIZE))
        backup.back_to(mark)
        backup.backup_set(index + 1, kind_of(options, index), *plan[-1], 0)
        start += smallest + spare
    return plan, start


def parse_stripe(text):
    number, _, count = text.partition('/')
    return int(number), int(count)


def parse_lsns(text):
    return [tuple(int(end) for end in span.split('-')) for span in text.split(',')]


def parse_base(text):
    """The first set of a full backup made with that seed, which begins at that LSN."""
    seed, lsn = text.split('/')
    return {'guid': random.Random('set %d 1' % int(seed)).randbytes(16), 'lsn': int(lsn)}


def main(arguments=None):
    parser = argparse.ArgumentParser(description='Makes a SQL Server backup file.')
    parser.add_argument('file', help='where to write; - is standard output')
    parser.add_argument('--size', default='1M', help='bytes each set adds, e.g. 256M or 1M,64K')
    parser.add_argument('--round', action='store_true', help='take the next possible size below')
    parser.add_argument('--filemark', type=int, default=4096, choices=(512, 1024, 2048, 4096))
    parser.add_argument('--type', default='full', help='full, diff, log; a list: one per set')
    parser.add_argument('--checksum', action='store_true', help='as BACKUP ... WITH CHECKSUM')
    parser.add_argument('--compress', action='store_true', help='as BACKUP ... WITH COMPRESSION')
    parser.add_argument('--stripe', default='1/1', help='x/y: this is file x of y')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--family', type=int, help='which database it is (default: as the seed)')
    parser.add_argument('--lsn', dest='lsns', type=parse_lsns, default=[],
                        help='FIRST-LAST of the log of each set, e.g. 1000-1090,1090-1200')
    parser.add_argument('--base', type=parse_base,
                        help='SEED/LSN: a full backup of another file that these build on')
    parser.add_argument('--database', default='SalesDb')
    parser.add_argument('--server', default='DB01\\PROD')
    parser.add_argument('--machine', default='DB01')
    parser.add_argument('--user', default='CORP\\svc_sql')
    parser.add_argument('--name', default='SalesDb-Full Database Backup')
    parser.add_argument('--date', default='2024-12-09 18:58:10', type=lambda text:
                        datetime.datetime.strptime(text, '%Y-%m-%d %H:%M:%S'))
    options = parser.parse_args(arguments)
    options.family = options.seed if options.family is None else options.family
    options.sizes = [parse_size(text) for text in options.size.split(',')]
    options.types = options.type.split(',')
    options.stripe, options.stripes = parse_stripe(options.stripe)
    if not set(options.types) <= {'full', 'diff', 'log'}:
        parser.error('--type takes full, diff and log')
    if not 1 <= options.stripe <= options.stripes <= 64:
        parser.error('--stripe takes x/y with 1 <= x <= y <= 64')
    plan, total = make_plan(options)
    make_output = PackedOutput if options.compress else Output
    if options.file == '-':
        write_file(options, make_output(sys.stdout.buffer), plan)
        sys.stdout.buffer.flush()
        return
    with open(options.file, 'wb') as file:
        output = make_output(file)
        write_file(options, output, plan)
        assert output.position == total


if __name__ == '__main__':
    main()
