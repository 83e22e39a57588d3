#!/usr/bin/python3
"""Draws traces for replay at random: what backup programs do to files, and what none should.

  draw_traces.py --grammar NAME --seed N [--part SIZE] [--span SIZE] [--files N] [--out FILE]
  draw_traces.py --list [--no-rewrites]

A grammar is one kind of program; a seed is one run of it: sizes, depths, orders and variants are
drawn. The output depends on the arguments only. Sizes and places prefer the borders of what is cut
into pieces somewhere: parts, chunks, pages, sectors, cipher blocks. `part` is the part size of the
mount that the trace is for, `span` about how much data a trace writes.

Format: tests/data/traces/README.md. The fixed traces of the same programs: gen_traces.py.
"""
import argparse
import random
import sys

from gen_traces import FILE_END, KIB, MIB, Trace

GRAMMARS = {}
REWRITES = set()  # grammars that go back over what may have been sent
BLOCK, SECTOR, PAGE = 16, 512, 4096
HUGE = 1 << 62  # no object can be so large


def grammar(function):
    GRAMMARS[function.__name__] = function
    return function


def rewriting(function):
    REWRITES.add(function.__name__)
    return grammar(function)


class Draw(Trace):
    def __init__(self, name, seed, part, span, files):
        super().__init__()
        self.rng = random.Random(f'{name}/{seed}/{part}/{span}')
        self.part, self.span, self.files = part, span, files

    # ---- chance ----

    def chance(self, probability):
        return self.rng.random() < probability

    def pick(self, *choices):
        return self.rng.choice(choices)

    def near(self, low, high):
        """A number in [low, high] that is likely at a border or one step beside it."""
        unit = self.pick(self.part, self.part, self.part // 4, PAGE, SECTOR, BLOCK, 1)
        step = self.pick(0, 0, 0, 1, -1, BLOCK, -BLOCK, SECTOR, -SECTOR)
        number = self.rng.randint(low, high) // unit * unit + step
        return min(max(number, low), high)

    def sectors(self, low, high):
        """The same in whole sectors."""
        return max(self.near(low, high) // SECTOR, -(-low // SECTOR)) * SECTOR

    def file_size(self):
        """Of a whole file: mostly many parts, sometimes next to nothing."""
        if self.chance(0.1):
            return self.near(0, self.part)
        return self.near(self.part, self.span)

    def transfer(self):
        return self.pick(64 * KIB, 64 * KIB, 128 * KIB, 256 * KIB, MIB)

    # ---- runs of writes ----

    def stream(self, h, start, end, size=None):
        """In order; without a size every write has its own."""
        while start < end:
            length = min(size or self.near(1, 2 * self.part), end - start)
            self('write', h=h, off=start, len=length)
            start += length

    def cut(self, start, end, size):
        return [(at, min(size, end - at)) for at in range(start, end, size)]

    def displaced(self, h, pieces, distance):
        """Each piece up to `distance` places away from its own, as a pool of threads delivers."""
        keyed = sorted((i + self.rng.uniform(0, distance), piece) for i, piece in enumerate(pieces))
        for _, (offset, length) in keyed:
            self('write', h=h, off=offset, len=length)

    def outstanding(self, h, pieces, depth, operation='write', **extra):
        for first in range(0, len(pieces), depth):
            self.group += 1
            for offset, length in pieces[first:first + depth]:
                self(operation, h=h, off=offset, len=length, g=self.group, **extra)

    def deliver(self, h, pieces):
        """Pieces that do not overlap, in some order that a program may choose."""
        way = self.rng.randint(0, 2)
        if way == 0:
            self.displaced(h, pieces, 0)
        elif way == 1:
            self.displaced(h, pieces, self.rng.randint(1, 12))
        else:
            self.outstanding(h, pieces, self.rng.randint(2, 16))

    # ---- SQL Server ----

    def mtf_start(self, h, base, media=True):
        """The small blocks at the start of a file or a set; the end of them."""
        mark = self.pick(512, 4096)  # the soft filemark's size decides all places
        lengths = [mark, mark] if media else []
        lengths += [1024, 1024, self.pick(512, 4096)]
        for length in lengths:
            self('write', h=h, off=base, len=length)
            base += length
        return -(-base // PAGE) * PAGE + self.pick(0, 0, PAGE, 2 * PAGE)

    def mtf_data(self, h, start, length, depth=None, **extra):
        """Big buffers and the end of a set; the offset behind."""
        size = self.transfer()
        pieces = self.cut(start, start + length // SECTOR * SECTOR, size)
        self.outstanding(h, pieces, depth or self.rng.randint(1, 12), **extra)
        end = start + length // SECTOR * SECTOR
        for tail in FILE_END:
            self('write', h=h, off=end, len=tail, **extra)
            end += tail
        return end

    def sql_end(self, h, end, size):
        """Trim and flush, in the order of the day; `size` is what the file has now."""
        orders = {'trim sync': 3, 'sync trim': 2, 'trim sync trim': 1, 'trim': 1}
        order = self.rng.choices(list(orders), orders.values())[0].split()
        if size <= end and self.chance(0.5):
            order = ['sync']
        for step in order:
            if step == 'sync':
                self('fsync', h=h)
            else:
                self('trunc', h=h, size=end)

    def sql_backup(self, path, length, declared, h=1):
        self.sql_create(h, path)
        size = 0
        if declared:
            self('trunc', h=h, size=declared)
            size = declared
        start = self.mtf_start(h, 0)
        if declared and self.chance(0.2):  # grows the file on the way
            size += self.sectors(SECTOR, self.span // 2)
            self('trunc', h=h, size=size)
        end = self.mtf_data(h, start, length)
        self.sql_end(h, end, max(size, end))
        self.close(h)
        self('stat', path=path)
        return end

    def sql_append(self, path, size):
        """One more set behind `size` bytes; the new size."""
        self.sql_open(1, path)
        for offset in (0, PAGE, max(size - PAGE, 0)):
            self('read', h=1, off=offset, len=PAGE)
        declared = size + self.sectors(0, self.span // 2) if self.chance(0.8) else 0
        if declared:
            self('trunc', h=1, size=declared)
        start = self.mtf_start(1, size, media=False)
        end = self.mtf_data(1, start, self.sectors(SECTOR, self.span // 3))
        self.sql_end(1, end, max(declared, end))
        self.close(1)
        self('stat', path=path)
        return end

    def sql_overwrite(self, path, keep):
        """FORMAT (keep 0) or INIT over a file that is there: no O_TRUNC, trimmed at the end."""
        self.sql_open(1, path)
        self('read', h=1, off=0, len=PAGE)
        if self.chance(0.5):
            self('trunc', h=1, size=self.sectors(keep, 2 * self.span))
        start = self.mtf_start(1, keep, media=not keep)
        end = self.mtf_data(1, start, self.sectors(SECTOR, self.span))
        self('trunc', h=1, size=end)
        self('fsync', h=1)
        self.close(1)
        self('stat', path=path)

    # ---- other tools ----

    def create(self, path, h=1, flags='WRONLY|CREAT|TRUNC'):
        self('open', h=h, path=path, flags=flags, mode='0644')

    def old(self, path, size=None):
        size = self.file_size() if size is None else size
        self('preexisting', path=path, size=size)
        return size

    def holes(self, start, end):
        """The data of a sparse file: (offset, length) of its runs."""
        while start < end:
            start += self.near(0, 4 * self.part)
            length = min(self.near(1, 4 * self.part), end - start)
            if length > 0:
                yield start, length
            start += max(length, 1)

    def attributes(self, path):
        """What copying tools set when they are done."""
        self('setattr', path=path, mtime='2023-01-02')
        self('setattr', path=path, mode='0644')


@grammar
def sql_full(t):
    """Declared about right, or not at all."""
    length = t.sectors(t.part, t.span)
    t.sql_backup('x.bak', length, t.pick(0, t.sectors(length, length + t.span // 8)))


@grammar
def sql_compressed(t):
    """Declared at a third of what was reserved: too much or too little."""
    length = t.sectors(t.part, t.span)
    t.sql_backup('x.bak', length, t.sectors(SECTOR, 3 * length))


@grammar
def sql_log(t):
    for i in range(t.rng.randint(1, 4)):
        t.sql_backup(f'log{i}.trn', t.sectors(SECTOR, 3 * t.part), t.pick(0, MIB, t.span))


@grammar
def sql_striped(t):
    """All open at once, each with its own thread; all durable before one is closed."""
    count = min(t.pick(2, 3, 4, 8, 16, 64), t.files)
    handles = range(1, count + 1)
    position = {}
    for h in handles:
        t.sql_create(h, f's{h}.bak')
    declared = t.sectors(0, 2 * t.span // count)
    for h in handles:
        if declared:
            t('trunc', h=h, size=declared)
    for h in handles:
        position[h] = t.mtf_start(h, 0)
    for h in handles:
        pieces = t.cut(position[h], position[h] + t.sectors(SECTOR, t.span // count), 64 * KIB)
        depth = t.rng.randint(1, 6)
        t.outstanding(h, pieces, depth, t=h)
        position[h] = t.mtf_data(h, sum(pieces[-1]), t.sectors(SECTOR, t.part), t=h)
    together = t.chance(0.7)
    for h in handles:
        extra = {'t': h} if together else {}
        t('trunc', h=h, size=position[h], **extra)
        t('fsync', h=h, **extra)
    for h in handles:
        t.close(h)
    for h in handles:
        t('stat', path=f's{h}.bak', size=position[h])


@grammar
def sql_noinit(t):
    """Log backups appended to one file, below and above what the server copies."""
    size = t.sql_backup('x.bak', t.sectors(SECTOR, t.pick(t.part, t.span)), t.pick(0, MIB))
    for _ in range(t.rng.randint(1, 5)):
        size = t.sql_append('x.bak', size)


@rewriting
def sql_init(t):
    """The media header stays, the sets are overwritten, by a shorter or a longer one."""
    t.old('x.bak', t.sectors(t.part, t.span))
    for _ in range(t.rng.randint(1, 2)):
        t.sql_overwrite('x.bak', t.pick(1024, 2 * PAGE))


@rewriting
def sql_format(t):
    t.old('x.bak', t.sectors(t.part, t.span))
    for _ in range(t.rng.randint(1, 2)):
        t.sql_overwrite('x.bak', 0)


@grammar
def sql_failed(t):
    """An error on the way: closed and deleted, and tried again."""
    if t.chance(0.5):
        t.old('x.bak')
        t('unlink', path='x.bak')
    t.sql_create(1, 'x.bak')
    t('trunc', h=1, size=t.sectors(SECTOR, t.span))
    start = t.mtf_start(1, 0)
    t.outstanding(1, t.cut(start, start + t.sectors(0, t.span), 64 * KIB), 4)
    if t.chance(0.3):
        t('fsync', h=1)
    t.close(1)
    t('unlink', path='x.bak')
    t('fsyncdir', path='.')
    t('stat', path='x.bak', size='ENOENT')
    t.sql_backup('x.bak', t.sectors(SECTOR, t.span), 0)


@grammar
def sql_read(t):
    """RESTORE, VERIFYONLY, HEADERONLY: headers, then all of it and beyond the end; several at once."""
    size = t.old('x.bak', t.sectors(SECTOR, t.span))
    for h in range(1, t.rng.randint(1, 3) + 1):
        t('open', h=h, path='x.bak', flags='RDONLY|DIRECT')
        for offset in (0, PAGE, 2 * PAGE, max(size - PAGE, 0) // SECTOR * SECTOR):
            t('read', h=h, off=offset, len=t.pick(PAGE, 16 * PAGE))
        step = t.transfer()
        pieces = [(at, step) for at in range(0, size + 2 * step, step)]
        if t.chance(0.8):
            t.outstanding(h, pieces, t.rng.randint(1, 7), 'read', t=h)
    for i in range(1, h + 1):
        t.close(i)


@grammar
def read_anywhere(t):
    """Readers that jump, with and without the page cache."""
    size = t.old('a.bak', t.file_size())
    for h in (1, 2):
        t('open', h=h, path='a.bak', flags=t.pick('RDONLY', 'RDONLY|DIRECT'))
        for _ in range(t.rng.randint(1, 30)):
            t('read', h=h, off=t.near(0, size + PAGE), len=t.near(1, 3 * t.part), t=h)
    t('release', h=1)
    t('release', h=2)


@grammar
def copy(t):
    if t.chance(0.4):
        t.old('a.bak')
        t.create('a.bak', flags='WRONLY|TRUNC')
    else:
        t.create('a.bak', flags='WRONLY|CREAT|EXCL')
    t.stream(1, 0, t.file_size(), t.pick(128 * KIB, PAGE * 3, 10240, None))
    if t.chance(0.5):
        t('setattr', path='a.bak', mtime='2023-01-02', atime='2023-01-02')
        t('setxattr', path='a.bak', name='system.posix_acl_access')
        t('setattr', path='a.bak', mode='0644')
    t.close(1)
    t('stat', path='a.bak')


@grammar
def copy_sparse(t):
    """cp --sparse, dd conv=sparse, rsync --sparse: holes skipped, the last one made by a truncate."""
    size = t.file_size()
    t.create('sp.bak')
    for offset, length in t.holes(0, size):
        t.stream(1, offset, offset + length, 128 * KIB)
    if t.chance(0.8):
        t('trunc', h=1, size=size)
    t.close(1)
    t('stat', path='sp.bak')


@grammar
def rsync(t):
    """A temporary name, then the rename, over an older file or not."""
    if t.chance(0.5):
        t.old('a.bak')
    for _ in range(t.rng.randint(1, 2)):
        temporary, size = '.a.bak.AbC123', t.file_size()
        t.create(temporary, flags='RDWR|CREAT|EXCL|NOFOLLOW')
        t('setattr', path=temporary, mode='0600')
        if t.chance(0.3):
            t('fallocate', h=1, mode='KEEP_SIZE', off=0, len=max(size, 1))
        t.stream(1, 0, size, 256 * KIB)
        if t.chance(0.3):
            t('fsync', h=1)
        t.close(1)
        t.attributes(temporary)
        t('rename', from_=temporary, to='a.bak')
        t('stat', path='a.bak', size=size)


@rewriting
def rsync_inplace(t):
    """The old file is read through one handle, what differs is written through another."""
    size = t.old('a.bak')
    new = t.file_size()
    t('open', h=1, path='a.bak', flags='RDONLY')
    t('open', h=2, path='a.bak', flags='WRONLY|CREAT', mode='0600')
    at, same = 0, t.pick(0.2, 0.6, 0.95)
    while at < new:
        length = min(t.pick(700, 8192, 32768, 131072), new - at)
        if at < size:
            t('read', h=1, off=at, len=length)
        if at + length > size or not t.chance(same):
            t('write', h=2, off=at, len=length)
        at += length
    t('trunc', h=2, size=new)
    t.close(1)
    t.close(2)
    t.attributes('a.bak')


@grammar
def rsync_append(t):
    size = t.old('a.bak')
    for _ in range(t.rng.randint(1, 3)):
        new = size + t.near(0, t.span // 3)
        t('open', h=1, path='a.bak', flags='RDONLY')
        t('open', h=2, path='a.bak', flags='WRONLY')
        if t.chance(0.5):  # --append-verify
            for offset, length in t.cut(0, size, 256 * KIB):
                t('read', h=1, off=offset, len=length)
        border = min(-(-size // PAGE) * PAGE, new)
        t.stream(2, size, border)
        t.stream(2, border, new, 128 * KIB)
        t('trunc', h=2, size=new)
        t.close(1)
        t.close(2)
        size = new
    t.attributes('a.bak')


@rewriting
def rsync_inplace_sparse(t):
    """Holes are to be punched; as that is refused, zeros come another way: a shorter file first."""
    size = t.old('a.bak')
    t('open', h=2, path='a.bak', flags='WRONLY|CREAT', mode='0600')
    for offset, length in t.holes(0, size):
        t('fallocate', h=2, mode=3, off=offset, len=length, fails='EOPNOTSUPP')
        t('write', h=2, off=offset, len=length)
    t('trunc', h=2, size=size)
    t.close(2)


@grammar
def samba(t):
    """A Windows client through smbd: SetEndOfFile up and down, a pool of threads, FLUSH, CLOSE."""
    t('stat', path='x.bak', size='ENOENT')
    t.create('x.bak', flags='RDWR|CREAT|EXCL|NONBLOCK|NOFOLLOW')
    t('setxattr', path='x.bak', name='user.DOSATTRIB')
    length = t.near(t.part, t.span)
    declared = t.pick(0, t.near(length, 2 * length), t.near(1, length))
    if declared:
        t('trunc', h=1, size=declared)
        t('setattr', path='x.bak', mtime='now')
    start = t.mtf_start(1, 0) if t.chance(0.7) else 0
    pieces = t.cut(start, start + length, t.pick(64 * KIB, 64 * KIB, 100000, 256 * KIB))
    if t.chance(0.6):
        t.outstanding(1, pieces, t.rng.randint(2, 24))
    else:
        t.displaced(1, pieces, t.rng.randint(2, 12))
    end = start + length
    if declared > end or t.chance(0.3):
        t('trunc', h=1, size=end)
    if t.chance(0.8):
        t('fsync', h=1)
    t('setattr', path='x.bak', mtime='now')
    t.close(1)
    t('stat', path='x.bak')


@grammar
def samba_strict_allocate(t):
    """posix_fallocate by hand where fallocate does not count: one byte a page, then the data."""
    size = t.near(t.part // 2, t.part)
    t.create('x.bak', flags='RDWR|CREAT|EXCL')
    t('fallocate', h=1, mode=0, off=0, len=size)
    t('stat', path='x.bak', size=size)
    t.deliver(1, t.cut(0, size, 10000))
    t('fsync', h=1)
    t.close(1)


@rewriting
def dd_notrunc(t):
    """conv=notrunc with seek: over the middle, over the end, behind it."""
    t.old('x')
    for _ in range(t.rng.randint(1, 3)):
        block = t.pick(512, PAGE, 10000, 128 * KIB)
        seek = t.rng.randint(0, t.span // block)
        t('open', h=1, path='x', flags='WRONLY|CREAT', mode='0644')
        t('flush', h=1)
        for i in range(t.rng.randint(0, max(1, min(40, t.span // 2 // block)))):
            t('write', h=1, off=(seek + i) * block, len=block)
        if t.chance(0.3):
            t('fsync', h=1)
        t.close(1)
        t('stat', path='x')


@grammar
def dd_seek(t):
    """Without notrunc the file is cut at the seek first, or made that long."""
    if t.chance(0.6):
        t.old('x')
    block = t.pick(512, PAGE, 64 * KIB, 99999)
    seek = t.near(0, t.span // 2) // block * block
    t('open', h=1, path='x', flags='WRONLY|CREAT', mode='0644')
    t('trunc', h=1, size=seek)
    t('flush', h=1)
    if t.chance(0.8):
        t.stream(1, seek, seek + t.near(1, t.span // 2), block)
    t.close(1)
    t('stat', path='x')


@grammar
def dd_direct(t):
    size = t.file_size()
    t.create('x', flags='WRONLY|CREAT|TRUNC|DIRECT')
    t('flush', h=1)
    t.stream(1, 0, size, t.pick(PAGE, 64 * KIB, MIB))
    t('fsync', h=1)
    t.close(1)
    t('stat', path='x', size=size)


@rewriting
def pg_dump_custom(t):
    """The table of contents, near the start, is written again at the end."""
    size = t.near(t.part, t.span)
    t.create('d.dump')
    t.stream(1, 0, size, t.pick(PAGE, PAGE, 16384))
    t('write', h=1, off=t.rng.randint(0, 300), len=t.rng.randint(1, 3000))
    t.close(1)
    t('open', h=2, path='d.dump', flags='RDWR')
    t('fsync', h=2)
    t.close(2)
    t('stat', path='d.dump')


@grammar
def pg_dump_tar(t):
    """A second handle is synced and closed before the last write through the first."""
    size = t.near(t.part, t.span)
    t.create('d.tar')
    t.stream(1, 0, size, t.pick(PAGE, 16384))
    for _ in range(t.rng.randint(1, 2)):
        t('open', h=2, path='d.tar', flags='RDWR')
        t('fsync', h=2)
        t.close(2)
        t('write', h=1, off=size, len=t.pick(PAGE, 10240, 1))
        size += t.pick(0, 0, 1)  # and sometimes the same place again, which was synced
    t.close(1)
    t('stat', path='d.tar')


REWRITES.add('pg_dump_tar')


@rewriting
def sqlite_backup(t):
    """Page 1 comes after nearly all of the file; a journal beside it; syncs in the middle."""
    end = t.near(t.part, t.span) // PAGE * PAGE
    late = end * 97 // 100 // PAGE * PAGE
    t.create('x.db', flags='RDWR|CREAT|NOFOLLOW')
    t.create('x.db-journal', h=2, flags='RDWR|CREAT|NOFOLLOW')
    t('write', h=2, off=0, len=512)
    t('fsync', h=2)
    t('fsyncdir', path='.')
    t('write', h=2, off=0, len=12)
    t('fsync', h=2)
    t.stream(1, PAGE, late, PAGE)
    for _ in range(t.rng.randint(0, 3)):
        t('read', h=1, off=t.rng.randint(1, max(late // PAGE - 1, 1)) * PAGE, len=PAGE)
    t('fsync', h=2)
    if t.chance(0.4):
        t('fdatasync', h=1)
    t('write', h=1, off=0, len=PAGE)
    t.stream(1, max(late, PAGE), end, PAGE)
    t('fsync', h=1)
    t.close(2)
    t('unlink', path='x.db-journal')
    t('stat', path='x.db')
    t.close(1)


@grammar
def tar_extract(t):
    for i in range(t.rng.randint(1, 4)):
        path, size = f'member{i}', t.file_size()
        t.create(path, flags='WRONLY|CREAT|EXCL|NONBLOCK')
        t.stream(1, 0, min(size, 9728))
        t.stream(1, min(size, 9728), size, 10240)
        t('setattr', path=path, mtime='2023-01-02')
        t('setattr', path=path, uid=0, gid=0)
        t('setattr', path=path, mode='0644')
        t.close(1)
        t('stat', path=path, size=size)


@grammar
def shell(t):
    """{ first; second; } > file: each command holds the handle and ends; then >> appends."""
    size = 0
    t.create('x.sql')
    t('flush', h=1)
    for _ in range(t.rng.randint(1, 4)):
        more = t.near(0, t.span // 4)
        t.stream(1, size, size + more, t.pick(PAGE, 65536, None))
        size += more
        if t.chance(0.5):
            t('fork')
        else:
            t('flush', h=1)
    t.close(1)
    for _ in range(t.rng.randint(0, 4)):
        more = t.near(1, t.part)
        t.create('x.sql', flags='WRONLY|CREAT|APPEND')
        t.stream(1, size, size + more, t.pick(100, PAGE, None) if more < 20000 else None)
        t.close(1)
        size += more
    t('stat', path='x.sql')


@grammar
def sync_writer(t):
    """O_SYNC or an fsync every now and then, to the end."""
    t.create('x.log', flags='WRONLY|CREAT|' + t.pick('SYNC', 'DSYNC', 'TRUNC'))
    size = 0
    for _ in range(t.rng.randint(1, 8)):
        more = t.near(1, 2 * t.part)
        t.stream(1, size, size + more)
        size += more
        t(t.pick('fsync', 'fdatasync', 'fstat'), h=1)
    t.close(1)


# ---- size games ----

@rewriting
def sizes(t):
    """One file whose size goes up and down by every way there is, while it is written."""
    size = t.old('x') if t.chance(0.4) else 0
    end = size
    t('open', h=1, path='x', flags='RDWR|CREAT', mode='0644')
    for _ in range(t.rng.randint(4, 20)):
        step = t.rng.randint(0, 11)
        if step < 4:  # on from where it was, or with a hole
            start = end + (t.near(0, 2 * t.part) if t.chance(0.3) else 0)
            length = t.near(1, 4 * t.part)
            t.deliver(1, t.cut(start, start + length, t.pick(PAGE * 5, 64 * KIB, 100001)))
            end = start + length
            size = max(size, end)
        elif step == 4:
            size = t.near(size, size + t.span)
            t('trunc', h=1, size=size)
        elif step == 5:
            size = t.near(min(end, size), size)  # a trim
            t('trunc', h=1, size=size)
        elif step == 6:
            size = t.near(0, size)
            t('trunc', h=1, size=size)
        elif step == 7:
            size = t.near(0, size + t.part)
            t('trunc', path='x', size=size, p=1)
        elif step == 8:
            more = t.near(1, size + t.part)
            t('fallocate', h=1, mode=0, off=0, len=more)
            size = max(size, more)
        elif step == 9:
            t('fallocate', h=1, mode='KEEP_SIZE', off=0, len=t.near(1, t.span))
        elif step == 10:
            t(t.pick('fsync', 'fdatasync', 'flush'), h=1)
        elif t.chance(0.5):
            t('trunc', h=1, size=HUGE, fails='ENOSPC')
        else:
            t('fallocate', h=1, mode=t.pick(3, 16), off=0, len=PAGE, fails='EOPNOTSUPP')
        end = min(end, size)
        t('fstat', h=1)
        t('stat', path='x')
    t.close(1)
    t('stat', path='x', size=size)


@grammar
def sizes_forward(t):
    """The same without ever going back below what was written."""
    size = end = 0
    t.create('x', flags='RDWR|CREAT')
    for _ in range(t.rng.randint(4, 16)):
        step = t.rng.randint(0, 6)
        if step < 3:
            start = end + (t.near(0, t.part) if t.chance(0.2) else 0)
            length = t.near(1, 4 * t.part)
            t.stream(1, start, start + length, t.pick(PAGE * 5, 64 * KIB, 100001))
            end = start + length
        elif step == 3:
            size = t.near(max(size, end), max(size, end) + t.span)
            t('trunc', h=1, size=size)
        elif step == 4:
            size = t.near(end, max(size, end))
            t('trunc', h=1, size=size)
        elif step == 5:
            t(t.pick('fsync', 'flush'), h=1)
        else:
            t('trunc', h=1, size=HUGE, fails='ENOSPC')
        size = max(size, end)
        t('fstat', h=1)
    t.close(1)
    t('stat', path='x', size=size)


@rewriting
def truncate_closed(t):
    """truncate(2) by path of files that nobody has open."""
    size = t.old('x')
    for _ in range(t.rng.randint(1, 6)):
        size = t.near(0, size) if t.chance(0.6) else t.near(size, size + t.span // 2)
        t('trunc', path='x', size=size)
        t('stat', path='x', size=size)


# ---- anything ----

class Wild:
    """Random calls on one to three files; each file knows its handles and its size."""

    def __init__(self, t):
        self.t = t
        self.size = {}      # by name
        self.handles = {}   # handle: (name, readable, writable)
        self.times = {}     # by name: how often somebody began to write it
        self.since = {}     # handle: the same when it was opened
        self.marks = [0]    # places where something happened before
        self.next_handle = 1

    def place(self, limit):
        if self.t.chance(0.3):
            return min(max(self.t.pick(*self.marks) + self.t.pick(-1, 0, 0, 0, 1, 16), 0), limit)
        return self.t.near(0, limit)

    def open(self, name):
        t = self.t
        mode = t.pick('RDWR', 'RDWR', 'WRONLY', 'RDONLY') if name in self.size else 'RDWR'
        flags = mode + ('|CREAT' if name not in self.size else '')
        if mode != 'RDONLY' and t.chance(0.1):
            flags += '|TRUNC'
            self.size[name] = 0
        if mode != 'RDONLY' and not self.is_written(name):
            self.times[name] = self.times.get(name, 0) + 1
        self.since[self.next_handle] = self.times.get(name, 0)
        t('open', h=self.next_handle, path=name, flags=flags, mode='0644')
        self.size.setdefault(name, 0)
        self.handles[self.next_handle] = (name, mode != 'WRONLY', mode != 'RDONLY')
        self.next_handle += 1

    def close(self, h):
        if self.t.chance(0.3):
            self.t('flush', h=h)
        self.t('release', h=h)
        del self.handles[h]

    def is_open(self, name):
        return any(name == n for n, _, _ in self.handles.values())

    def is_written(self, name):
        return any(name == n and writable for n, _, writable in self.handles.values())

    def current(self, h, name):
        """A handle for reading keeps to the version it was opened on (ESTALE by design)."""
        return self.handles[h][2] or self.since[h] == self.times.get(name, 0)

    def write(self, h, name):
        t = self.t
        size = self.size[name]
        offset = size if t.chance(0.5) else self.place(size + 2 * t.part)
        length = t.near(1, 4 * t.part)
        t.deliver(h, t.cut(offset, offset + length, max(t.near(1, t.part), length // 40)))
        self.marks += [offset, offset + length]
        self.size[name] = max(size, offset + length)

    def truncate(self, h, name):
        self.size[name] = self.place(self.size[name] + self.t.part)
        self.marks.append(self.size[name])
        if self.t.chance(0.2):
            self.t('trunc', path=name, size=self.size[name], p=1)
        else:
            self.t('trunc', h=h, size=self.size[name])

    def rename(self):
        """Not over or away from a file that is open: what then happens is the mount's own."""
        closed = [name for name in self.size if not self.is_open(name)]
        if not closed:
            return
        name, new = self.t.pick(*closed), self.t.pick('a', 'b', 'c', 'd')
        if new != name and not self.is_open(new):
            self.t('rename', from_=name, to=new, **({'p': 1} if self.t.chance(0.3) else {}))
            self.size[new] = self.size.pop(name)

    def on_handle(self, h):
        name, readable, writable = self.handles[h]
        choice = self.t.rng.random()
        if choice < 0.40 and writable:
            self.write(h, name)
        elif choice < 0.60 and readable and self.current(h, name):
            self.t('read', h=h, off=self.place(self.size[name] + 10),
                   len=self.t.near(1, 3 * self.t.part))
        elif choice < 0.72 and writable:
            self.truncate(h, name)
        elif choice < 0.82 and writable:
            self.t(self.t.pick('fsync', 'fdatasync', 'flush'), h=h)
        elif choice < 0.92:
            self.t('fstat', h=h)
        else:
            self.close(h)

    def step(self):
        t = self.t
        choice = t.rng.random()
        if not self.handles or (choice < 0.1 and len(self.handles) < 4):
            self.open(t.pick('a', 'a', 'b', 'c'))
        elif choice < 0.14:
            self.rename()
        elif choice < 0.17:
            t('fork')
        elif choice < 0.20:
            t('stat', path=t.pick('a', 'b', 'c', 'd'))
        else:
            self.on_handle(t.pick(*self.handles))

    def run(self, steps):
        if self.t.chance(0.5):
            self.size['a'] = self.t.old('a')
        for _ in range(steps):
            self.step()
        for h in list(self.handles):
            self.close(h)
        for name in self.size:
            self.t('stat', path=name, size=self.size[name])


@rewriting
def wild(t):
    Wild(t).run(t.rng.randint(10, 60))


def draw(name, seed, part, span, files=64):
    t = Draw(name, seed, part, span, files)
    GRAMMARS[name](t)
    return f'# {name} --seed {seed} --part {part} --span {span} --files {files}\n' + '\n'.join(t.lines) + '\n'


def main():
    parser = argparse.ArgumentParser(description='Draws a trace for replay.')
    parser.add_argument('--grammar', choices=sorted(GRAMMARS))
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--part', type=int, default=128 * KIB, help='part size of the mount')
    parser.add_argument('--span', type=int, default=3 * MIB, help='about how much is written')
    parser.add_argument('--files', type=int, default=64, help='most files open at once')
    parser.add_argument('--out', help='file (default: standard output)')
    parser.add_argument('--list', action='store_true', help='print the grammars')
    parser.add_argument('--no-rewrites', action='store_true',
                        help='list those only that never go back over what may have been sent')
    options = parser.parse_args()
    if options.list:
        print('\n'.join(n for n in sorted(GRAMMARS)
                        if n not in REWRITES or not options.no_rewrites))
        return
    if not options.grammar:
        parser.error('a grammar is needed')
    text = draw(options.grammar, options.seed, options.part, options.span,
                options.files)
    if options.out:
        with open(options.out, 'w', encoding='ascii') as file:
            file.write(text)
    else:
        sys.stdout.write(text)


if __name__ == '__main__':
    main()
