"""sqlwrite, sqlread and closers do on a plain directory what they say."""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.environ['RDSBAK_TOOLS']
MKBAK = os.path.join(HERE, '..', '..', 'tools', 'mkbak.py')
CASES = {  # case: size of the file for --size 300000
    'plain': 300000, 'dup': 300000, 'fork-child-closes': 300000, 'redirect': 300000,
    'second-handle': 300000, 'child-killed': 300000, 'exit-without-close': 300000,
    'write-after-fsync': 300000, 'trunc-down': 150000, 'other-threads': 300000,
}


def tool(name, *arguments, **keywords):
    return subprocess.run([os.path.join(TOOLS, name), *map(str, arguments)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **keywords)


class InDirectory(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(dir=os.environ.get('RDSBAK_SCRATCH'))
        self.addCleanup(shutil.rmtree, self.top)

    def path(self, name):
        return os.path.join(self.top, name)

    def direct(self):
        """[] if the directory's file system takes O_DIRECT."""
        try:
            os.close(os.open(self.path('probe'), os.O_CREAT | os.O_RDWR | os.O_DIRECT))
        except OSError:
            return ['--no-direct']
        return []

    def write(self, *arguments, status=0):
        done = tool('sqlwrite', *self.direct(), *arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout), done.stderr

    def read(self, *arguments, status=0):
        done = tool('sqlread', *self.direct(), *arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout), done.stderr


class SqlWrite(InDirectory):
    def test_a_backup_file_arrives_byte_for_byte_with_every_way_of_sizing(self):
        source = self.path('source')
        subprocess.run([sys.executable, MKBAK, '--size', '5M', source], check=True)
        with open(source, 'rb') as file:
            wanted = hashlib.sha256(file.read()).hexdigest()
        for number, extra in enumerate((
                [], ['--presize', 'third'], ['--presize', 'triple', '--fsync-first'],
                ['--presize', 'none'], ['--fallocate'], ['--presize', '1M', '--depth', 1],
                ['--transfer', '64K', '--depth', 7], ['--transfer', '4M'], ['--no-fsync'])):
            target = self.path('target%d' % number)
            summary, _ = self.write('--in', source, *extra, target)
            self.assertTrue(summary['ok'])
            self.assertEqual(summary['bytes'], 5 << 20)
            result, _ = self.read('--verify', source, target)
            self.assertEqual(result['files'][0]['sha256'], wanted)

    def test_sizes_below_the_first_writes_and_odd_ones(self):
        for size in (0, 1, 4096, 16384, 16385, 70000, 200000, 1234567):
            target = self.path('f%d' % size)
            self.write('--size', size, '--seed', 9, target)
            self.assertEqual(os.path.getsize(target), size)
            self.read('--seed', 9, target)

    def test_stripes_hold_their_own_content(self):
        names = [self.path('s%d' % i) for i in range(4)]
        summary, _ = self.write('--size', '2M', '--seed', 20, *names)
        self.assertEqual(summary['bytes'], 8 << 20)
        self.read('--seed', 20, *names)
        self.read('--seed', 22, names[2])
        self.assertEqual(len({open(name, 'rb').read() for name in names}), 4)

    def test_append_goes_on_at_the_old_end_and_format_starts_over(self):
        target = self.path('f')
        self.write('--size', '1M', '--seed', 3, target)
        self.write('--size', '1M', '--seed', 3, '--append', target)
        self.assertEqual(os.path.getsize(target), 2 << 20)
        self.read('--seed', 3, target)
        self.write('--size', '512K', '--seed', 4, '--format', target)
        self.assertEqual(os.path.getsize(target), 512 << 10)
        self.read('--seed', 4, target)
        _, error = self.write('--size', '512K', target, status=1)
        self.assertIn('EEXIST', error)
        self.read('--seed', 4, target)

    def test_an_error_is_told_in_one_line_and_the_new_file_deleted(self):
        target = self.path('f')
        done = tool('sqlwrite', '--no-direct', '--size', '4M', '--presize', 'none', target,
                    preexec_fn=lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                                        __import__('resource').setrlimit(
                                            __import__('resource').RLIMIT_FSIZE, (1 << 20, -1))))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r'^sqlwrite: .*f: (short )?write of .*: E[A-Z]+\n$')
        self.assertFalse(json.loads(done.stdout)['ok'])
        self.assertFalse(os.path.exists(target))

    def test_a_missing_directory_is_an_error(self):
        _, error = self.write(self.path('no/f'), status=1)
        self.assertIn('ENOENT', error)


class SqlRead(InDirectory):
    def test_a_difference_is_told_with_its_offset(self):
        target = self.path('f')
        self.write('--size', '3M', '--seed', 5, target)
        with open(target, 'r+b') as file:
            file.seek(2345678)
            byte = file.read(1)[0]
            file.seek(2345678)
            file.write(bytes([byte ^ 1]))
        for extra in ([], ['--transfer', '64K', '--depth', 7], ['--transfer', '4M']):
            _, error = self.read('--seed', 5, *extra, target, status=1)
            self.assertIn('differs at 2345678', error)

    def test_another_size_than_the_reference_is_an_error(self):
        for name, size in (('a', 8192), ('b', 8193)):
            with open(self.path(name), 'wb') as file:
                file.write(bytes(size))
        _, error = self.read('--verify', self.path('a'), self.path('b'), status=1)
        self.assertIn('size 8193 instead of 8192', error)

    def test_header_only_reads_little_and_checks_it(self):
        target = self.path('f')
        self.write('--size', '1M', '--seed', 5, target)
        result, _ = self.read('--header-only', '--seed', 5, target)
        self.assertEqual(result['bytes'], 0)
        self.read('--header-only', '--seed', 6, target, status=1)

    def test_a_missing_file_is_an_error(self):
        self.read(self.path('none'), status=1)


class Closers(InDirectory):
    def test_every_case_leaves_its_content(self):
        for case, size in CASES.items():
            target = self.path(case)
            done = tool('closers', case, target, '--size', 300000, '--seed', 6)
            self.assertEqual(done.returncode, 0, (case, done.stdout, done.stderr))
            self.assertEqual(os.path.getsize(target), size, case)
            self.read('--seed', 6, target)

    def test_append_adds(self):
        target = self.path('f')
        for number in (1, 2):
            tool('closers', 'append', target, '--size', 100001, '--seed', 6, check=True)
            self.assertEqual(os.path.getsize(target), 100001 * number)
        self.read('--seed', 6, target)

    def test_the_process_dies_of_the_signal(self):
        for number in (signal.SIGKILL, signal.SIGTERM):
            done = tool('closers', 'kill-self', self.path('f'), '--signal', int(number))
            self.assertEqual(done.returncode, -number)
            self.assertNotIn('close', done.stdout)

    def test_the_orphan_reports_in_its_file(self):
        target, result = self.path('f'), self.path('result')
        done = tool('closers', 'orphan-child', target, '--result', result, '--size', 300000)
        self.assertEqual(done.returncode, 0)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if os.path.exists(result) and 'end' in open(result).read():
                break
            time.sleep(0.05)
        self.assertEqual(open(result).read(), 'write: ok\nclose: ok\nend\n')
        self.read('--seed', 1, target)

    def test_a_failing_step_is_named_and_counts(self):
        done = tool('closers', 'plain', self.path('no/f'))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, 'open: ENOENT\n')
        self.assertEqual(tool('closers', 'nonsense', self.path('f')).returncode, 2)


class Hold(InDirectory):
    """One command a line, one answer a line."""

    def setUp(self):
        super().setUp()
        self.driver = subprocess.Popen([os.path.join(TOOLS, 'closers'), 'hold'], cwd=self.top,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end)

    def end(self):
        self.driver.stdin.close()
        self.driver.stdout.close()
        self.assertEqual(self.driver.wait(), 0)

    def say(self, line):
        self.driver.stdin.write(line + '\n')
        self.driver.stdin.flush()
        return self.driver.stdout.readline().rstrip('\n')

    def expect(self, *exchanges):
        for line, answer in exchanges:
            self.assertEqual(self.say(line), answer, line)

    def test_write_read_and_check(self):
        self.expect(
            ('open f flags=RDWR|CREAT', 'ok'), ('write 0 3M 7', 'ok'), ('write 5 100 8', 'ok'),
            ('check 0 5 7', 'ok'), ('check 5 100 8', 'ok'), ('check 105 1M 7', 'ok'),
            ('check 0 3M 7', 'differ 5'), ('check 3M 10 7', 'short 0'),
            ('check 2M 2M 7', 'short 1048576'), ('size', 'ok 3145728'), ('fsync', 'ok'),
            ('fdatasync', 'ok'), ('ftruncate 1000', 'ok'), ('append 500 7', 'ok'))
        with open(self.path('f'), 'rb') as file:
            data = file.read()
        digest = hashlib.sha256(data[10:510]).hexdigest()
        self.assertEqual(self.say('read 10 500'), 'ok 500 sha256 ' + digest)
        self.assertEqual(self.say('mmap 0 1000'),
                         'ok 1000 sha256 ' + hashlib.sha256(data[:1000]).hexdigest())
        self.assertEqual(self.say('read 900 9999').split()[1], str(len(data) - 900))
        self.expect(('close', 'ok'), ('close', 'errno EBADF'))

    def test_an_unaligned_write_through_a_direct_handle(self):
        if self.direct():
            self.skipTest('no O_DIRECT here')
        self.expect(('open f flags=RDWR|CREAT|DIRECT', 'ok'), ('write 0 1000001 3', 'ok'),
                    ('check 0 1000001 3', 'ok'), ('check 1 77 3', 'ok'))

    def test_several_handles_children_and_threads(self):
        self.expect(
            ('open h=2 f', 'ok'), ('open h=3 g', 'ok'), ('write h=2 0 10 1', 'ok'),
            ('write h=3 0 20 1', 'ok'), ('size h=2', 'ok 10'), ('size h=3', 'ok 20'),
            ('dup h=2 9', 'ok'), ('dupclose h=2', 'ok'), ('child close h=2', 'ok'),
            ('thread write h=9 10 10 1', 'ok'), ('check h=2 0 20 1', 'ok'),
            ('child kill 9', 'killed 9'), ('close h=9', 'ok'), ('close h=2', 'ok'),
            ('flock h=3', 'ok'), ('fallocate h=3 0 0 4096', 'ok'), ('size h=3', 'ok 4096'))

    def test_names_and_attributes(self):
        self.expect(
            ('open f', 'ok'), ('close', 'ok'), ('mkdir d', 'ok'), ('rename f d/g', 'ok'),
            ('ls .', 'ok d'), ('ls d', 'ok g'), ('truncate d/g 77', 'ok'),
            ('chmod d/g 0600', 'ok'), ('utimens d/g 1000', 'ok'), ('fsyncdir d', 'ok'),
            ('rmdir d', 'errno ENOTEMPTY'), ('stat f', 'errno ENOENT'))
        self.assertRegex(self.say('stat d/g'), r'^ok 77 mode 100600 mtime 1000 blocks \d+ blksize')
        self.expect(('unlink d/g', 'ok'), ('rmdir d', 'ok'))

    def test_mistakes_are_answers(self):
        for line in ('jump', 'write 0', 'write 0 x 1', 'open f flags=SOMETIMES', 'size h=4000'):
            self.assertTrue(self.say(line).startswith('usage: '), line)
        self.expect(('fsync', 'errno EBADF'), ('open no/f', 'errno ENOENT'), ('fsync', 'errno EBADF'))


if __name__ == '__main__':
    unittest.main()
