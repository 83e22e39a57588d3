#!/usr/bin/python3
"""Generates the traces that replay runs: what backup programs do to a file, call by call.

  gen_traces.py DIRECTORY [NAME...]      writes NAME.trace (default: all); --list prints the names

The format is described in tests/data/traces/README.md. The SQL Server traces follow what is
published about its backups; those of the other tools were recorded from the tools themselves.
The output is the same on every run.
"""
import argparse
import os
import random

KIB, MIB = 1 << 10, 1 << 20
TRACES = {}

# Small writes at the start of a backup file: media header, filemark, set, volume, description.
# Between them and the first big buffer a gap stays that must read back as zeros.
FILE_START = ((0, 4096), (4096, 4096), (8192, 1024), (9216, 1024), (10240, 4096))
SET_START = ((0, 1024), (1024, 1024), (2048, 4096))  # an appended set has no media header
FIRST_BUFFER = 16384
SET_FIRST_BUFFER = 8192
FILE_END = (65536, 1024, 4096)  # log streams, end of set, last filemark
COPIED = 3500000  # what the copying tools copied when they were recorded


def trace(function):
    TRACES[function.__name__] = function
    return function


class Trace:
    def __init__(self):
        self.lines = []
        self.group = 0

    def __call__(self, operation, **fields):
        # from is a keyword of Python: from_ stands for it
        self.lines.append(' '.join([operation] + ['%s=%s' % (key.rstrip('_'), value)
                                                  for key, value in fields.items()]))

    def close(self, h):
        self('flush', h=h)
        self('release', h=h)

    def together(self, operation, h, start, count, size, depth, **extra):
        """count requests from start on, `depth` outstanding at a time; gives the offset after."""
        for first in range(0, count, depth):
            self.group += 1
            for _ in range(min(depth, count - first)):
                self(operation, h=h, off=start, len=size, g=self.group, **extra)
                start += size
        return start

    def in_order(self, h, start, end, size):
        for offset in range(start, end, size):
            self('write', h=h, off=offset, len=min(size, end - offset))

    def pieces(self, h, base, pieces):
        for offset, length in pieces:
            self('write', h=h, off=base + offset, len=length)

    def file_end(self, h, offset):
        for length in FILE_END:
            self('write', h=h, off=offset, len=length)
            offset += length
        return offset

    # ---- SQL Server ----

    def sql_create(self, h, path):
        self('stat', path=path, size='ENOENT')
        self('open', h=h, path=path, flags='RDWR|CREAT|EXCL|DIRECT', mode='0660')
        self('fsyncdir', path='.')

    def sql_open(self, h, path):
        self('open', h=h, path=path, flags='RDWR|DIRECT')

    def sql_backup(self, count, size, depth, declared, trim_first=True):
        """A whole backup into a new file; declared = the size set before the data, 0 for none."""
        self.sql_create(1, 'x.bak')
        if declared:
            self('trunc', h=1, size=declared)
            self('stat', path='x.bak', size=declared)
        self.pieces(1, 0, FILE_START)
        end = self.file_end(1, self.together('write', 1, FIRST_BUFFER, count, size, depth))
        if declared and trim_first:
            self('trunc', h=1, size=end)
        self('fsync', h=1)
        if declared and not trim_first:
            self('trunc', h=1, size=end)
        self.close(1)
        self('stat', path='x.bak', size=end)


@trace
def sql_full_uncompressed(t):
    t.sql_backup(64, MIB, 4, 66 * MIB)


@trace
def sql_full_uncompressed_noprealloc_TF3042(t):
    t.sql_backup(64, MIB, 4, 0)


@trace
def sql_full_4MB_transfers(t):
    t.sql_backup(32, 4 * MIB, 7, 130 * MIB)


@trace
def sql_compressed_shrinks(t):
    t.sql_backup(64, MIB, 7, 200 * MIB)


@trace
def sql_compressed_outgrows(t):
    t.sql_backup(64, MIB, 7, 20 * MIB)


@trace
def sql_compressed_trim_after_fsync(t):
    t.sql_backup(64, MIB, 7, 200 * MIB, trim_first=False)


@trace
def sql_tde_64K(t):
    t.sql_backup(512, 64 * KIB, 7, 33 * MIB)


@trace
def sql_log_small(t):
    t.sql_backup(1, 64 * KIB, 1, MIB)


@trace
def sql_striped_4(t):
    """Four files at once, each with its own buffers; none is closed before all are durable."""
    handles = range(1, 5)
    rng = random.Random(7)
    position = dict.fromkeys(handles, FIRST_BUFFER)
    for h in handles:
        t.sql_create(h, 's%d.bak' % h)
    for h in handles:
        t('trunc', h=h, size=40 * MIB)
    for h in handles:
        t.pieces(h, 0, FILE_START)
    for _ in range(60):
        h = rng.randint(1, 4)
        position[h] = t.together('write', h, position[h], rng.randint(1, 4), MIB, 4, t=h)
    for h in handles:
        position[h] = t.file_end(h, position[h])
    for h in handles:
        t('trunc', h=h, size=position[h])
    for h in handles:
        t('fsync', h=h)
    for h in handles:
        t.close(h)
    for h in handles:
        t('stat', path='s%d.bak' % h, size=position[h])


def into_existing(t, base):
    """Another set into a file of an older backup: written from `base` on."""
    old = 32 * MIB + 65536 + FIRST_BUFFER + 5120
    t('preexisting', path='x.bak', size=old)
    t.sql_open(1, 'x.bak')
    for offset in (0, 4096, old - 4096, 8192):
        t('read', h=1, off=offset, len=4096)
    t('trunc', h=1, size=base + 34 * MIB)
    t.pieces(1, base, SET_START)
    end = t.file_end(1, t.together('write', 1, base + SET_FIRST_BUFFER, 32, MIB, 4))
    t('trunc', h=1, size=end)
    t('fsync', h=1)
    t.close(1)
    t('stat', path='x.bak', size=end)


@trace
def sql_noinit_append(t):
    into_existing(t, 32 * MIB + 65536 + FIRST_BUFFER + 5120)


@trace
def sql_init_keep_media_header(t):
    into_existing(t, 8192)


@trace
def sql_format_overwrite(t):
    """WITH FORMAT over a longer file: no O_TRUNC, trimmed at the end."""
    t('preexisting', path='x.bak', size=90 * MIB)
    t.sql_open(1, 'x.bak')
    t('read', h=1, off=0, len=4096)
    t.pieces(1, 0, FILE_START)
    end = t.file_end(1, t.together('write', 1, FIRST_BUFFER, 32, MIB, 4))
    t('trunc', h=1, size=end)
    t('fsync', h=1)
    t.close(1)
    t('stat', path='x.bak', size=end)


@trace
def sql_failed_backup(t):
    """An error half way: the file is closed and deleted."""
    t.sql_create(1, 'x.bak')
    t('trunc', h=1, size=66 * MIB)
    t.pieces(1, 0, FILE_START)
    t.together('write', 1, FIRST_BUFFER, 20, MIB, 4)
    t.close(1)
    t('unlink', path='x.bak')
    t('fsyncdir', path='.')
    t('stat', path='x.bak', size='ENOENT')


def sql_reader(size=0, depth=0, extra=()):
    """RESTORE and its relatives: the headers, then everything; the last reads pass the end."""
    def function(t):
        total = 64 * MIB + FIRST_BUFFER + sum(FILE_END)
        t('preexisting', path='x.bak', size=total)
        t('open', h=1, path='x.bak', flags='RDONLY|DIRECT')
        for offset in (0, 4096, 8192, total - 4096):
            t('read', h=1, off=offset, len=4096)
        for offset, length in extra:
            t('read', h=1, off=offset, len=length)
        if size:
            t.together('read', 1, 0, total // size + 2, size, depth)
        t.close(1)
    return function


TRACES.update({
    'sql_headeronly': sql_reader(),
    'sql_filelistonly': sql_reader(extra=[(8192, 65536)]),
    'sql_verifyonly_1M': sql_reader(MIB, 4),
    'sql_restore_1M': sql_reader(MIB, 4),
    'sql_restore_64K': sql_reader(64 * KIB, 4),
    'sql_restore_4M': sql_reader(4 * MIB, 7),
})


def samba(t, declared):
    """A Windows client through smbd, whose threads deliver six 1 MiB writes at a time."""
    t('stat', path='x.bak', size='ENOENT')
    t('open', h=1, path='x.bak', flags='RDWR|CREAT|EXCL|NONBLOCK|NOFOLLOW', mode='0744')
    t('setxattr', path='x.bak', name='user.DOSATTRIB')
    if declared:
        t('trunc', h=1, size=declared)
        t('setattr', path='x.bak', mtime='now')
    t.pieces(1, 0, FILE_START)
    end = t.file_end(1, t.together('write', 1, FIRST_BUFFER, 40, MIB, 6))
    if declared:
        t('trunc', h=1, size=end)
    t('setattr', path='x.bak', mtime='now')
    t('fsync', h=1)
    t('setattr', path='x.bak', mtime='now')
    t.close(1)
    t('stat', path='x.bak', size=end)


@trace
def smb_sql_backup_prealloc(t):
    samba(t, 60 * MIB)


@trace
def smb_sql_backup_grow(t):
    samba(t, 0)


# ---- ordinary tools ----

def copy(t, mode, keep_attributes):
    t('stat', path='a.bak', size='ENOENT')
    t('open', h=1, path='a.bak', flags='WRONLY|CREAT|EXCL', mode=mode)
    t.in_order(1, 0, COPIED, 128 * KIB)
    if keep_attributes:
        t('setattr', path='a.bak', mtime='2023-01-02', atime='2023-01-02')
        t('setxattr', path='a.bak', name='system.posix_acl_access')
        t('setattr', path='a.bak', mode='0644')
    t.close(1)
    t('stat', path='a.bak', size=COPIED)


@trace
def cp(t):
    copy(t, '0644', False)


@trace
def cp_p(t):
    copy(t, '0600', True)


@trace
def cp_sparse_source(t):
    """Holes are skipped; the one at the end is made by a truncate."""
    t('open', h=1, path='sp.bak', flags='WRONLY|CREAT|EXCL', mode='0644')
    t.in_order(1, 0, 200704, 128 * KIB)
    t('write', h=1, off=2621440, len=65536)
    t('trunc', h=1, size=5000000)
    t.close(1)
    t('stat', path='sp.bak', size=5000000)


@trace
def rsync_a(t):
    """A temporary name; times, mode and the rename come after the close."""
    temporary = '.a.bak.AbC123'
    t('open', h=1, path=temporary, flags='RDWR|CREAT|EXCL|NOFOLLOW', mode='0600')
    t('setattr', path=temporary, mode='0600')
    t.in_order(1, 0, COPIED, 256 * KIB)
    t.close(1)
    t('stat', path=temporary, size=COPIED)
    t('setattr', path=temporary, mtime='2023-01-02')
    t('open', h=2, path=temporary, flags='RDONLY|NONBLOCK')
    t('setattr', path=temporary, mode='0644')
    t.close(2)
    t('rename', from_=temporary, to='a.bak')
    t('stat', path='a.bak', size=COPIED)


@trace
def rsync_a_inplace(t):
    t('open', h=1, path='a.bak', flags='WRONLY|CREAT', mode='0600')
    t.in_order(1, 0, COPIED, 256 * KIB)
    t('trunc', h=1, size=COPIED)
    t.close(1)
    t('setattr', path='a.bak', mtime='2023-01-02')
    t('open', h=2, path='a.bak', flags='RDONLY|NONBLOCK')
    t('setattr', path='a.bak', mode='0644')
    t.close(2)


@trace
def rsync_append(t):
    t('preexisting', path='a.bak', size=1000000)
    t('open', h=1, path='a.bak', flags='RDONLY')
    t('open', h=2, path='a.bak', flags='WRONLY')
    t('write', h=2, off=1000000, len=3520)  # up to a page boundary first
    t.in_order(2, 1003520, COPIED, 128 * KIB)
    t('trunc', h=2, size=COPIED)
    t.close(1)
    t.close(2)
    t('setattr', path='a.bak', mtime='2023-01-02')


@trace
def dd_oflag_direct(t):
    """The first flush comes before any data: dd moves the handle to standard output."""
    t('open', h=1, path='x', flags='WRONLY|CREAT|TRUNC|DIRECT', mode='0644')
    t('flush', h=1)
    t.in_order(1, 0, COPIED, MIB)
    t('fsync', h=1)
    t.close(1)
    t('stat', path='x', size=COPIED)


@trace
def pg_dump_Fc(t):
    """The table of contents, near the start, is written again at the end."""
    t('open', h=1, path='d.dump', flags='WRONLY|CREAT|TRUNC', mode='0644')
    t.in_order(1, 0, 2825220, 4096)
    t('write', h=1, off=134, len=1911)
    t.close(1)
    t('open', h=2, path='d.dump', flags='RDWR')
    t('fsync', h=2)
    t.close(2)
    t('stat', path='d.dump', size=2825220)


@trace
def pg_dump_Ft_fsync_from_second_handle(t):
    """A second handle is synced and closed before the last write through the first."""
    t('open', h=1, path='d.tar', flags='WRONLY|CREAT|TRUNC', mode='0644')
    t.in_order(1, 0, 4952064, 16384)
    t('open', h=2, path='d.tar', flags='RDWR')
    t('fsync', h=2)
    t.close(2)
    t('write', h=1, off=4952064, len=4096)
    t.close(1)
    t('stat', path='d.tar', size=4956160)


@trace
def sqlite3_backup(t):
    """.backup: page 1, at offset 0, comes after 97 % of the file; a journal beside it."""
    late, end = 49561600, 51335168
    t('open', h=1, path='x.db', flags='RDWR|CREAT|NOFOLLOW', mode='0644')
    t('open', h=2, path='x.db-journal', flags='RDWR|CREAT|NOFOLLOW', mode='0644')
    t('write', h=2, off=0, len=512)
    t('fsync', h=2)
    t('fsyncdir', path='.')
    t('write', h=2, off=0, len=12)
    t('fsync', h=2)
    t('write', h=2, off=512, len=512)
    t.in_order(1, 4096, late, 4096)
    t('fsync', h=2)
    t('write', h=2, off=512, len=12)
    t('fsync', h=2)
    t('write', h=1, off=0, len=4096)
    t.in_order(1, late, end, 4096)
    t('fsync', h=1)
    t.close(2)
    t('unlink', path='x.db-journal')
    t('stat', path='x.db', size=end)
    t.close(1)


@trace
def tar_extract(t):
    t('open', h=1, path='a.bak', flags='WRONLY|CREAT|EXCL|NONBLOCK', mode='0600')
    t('write', h=1, off=0, len=9728)
    t.in_order(1, 9728, COPIED, 10240)
    t('setattr', path='a.bak', mtime='2023-01-02')
    t('setattr', path='a.bak', uid=0, gid=0)
    t('setattr', path='a.bak', mode='0644')
    t.close(1)


@trace
def shell_redirect_two_commands_one_handle(t):
    """{ first; second; } > x.sql: every command that ends flushes."""
    t('open', h=1, path='x.sql', flags='WRONLY|CREAT|TRUNC', mode='0644')
    t('flush', h=1)
    t.in_order(1, 0, 300000, 4096)
    t('flush', h=1)
    t.in_order(1, 300000, 600000, 4096)
    t('flush', h=1)
    t.close(1)
    t('stat', path='x.sql', size=600000)


def generate(name):
    t = Trace()
    TRACES[name](t)
    return '# %s\n%s\n' % (name, '\n'.join(t.lines))


def main():
    parser = argparse.ArgumentParser(description='Generates traces for replay.')
    parser.add_argument('directory', nargs='?')
    parser.add_argument('names', nargs='*', metavar='NAME')
    parser.add_argument('--list', action='store_true', help='print the names')
    options = parser.parse_args()
    if options.list:
        print('\n'.join(sorted(TRACES)))
        return
    if not options.directory:
        parser.error('a directory is needed')
    os.makedirs(options.directory, exist_ok=True)
    for name in options.names or TRACES:
        with open(os.path.join(options.directory, name + '.trace'), 'w', encoding='ascii') as file:
            file.write(generate(name))


if __name__ == '__main__':
    main()
