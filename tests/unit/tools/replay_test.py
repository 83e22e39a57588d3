"""replay: agrees with itself on every trace in two plain directories, and notices every fault."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
REPLAY = os.path.join(os.environ['RDSBAK_TOOLS'], 'replay')
GENERATOR = os.path.join(HERE, '..', '..', 'tools', 'gen_traces.py')
DRAWER = os.path.join(HERE, '..', '..', 'tools', 'draw_traces.py')


def scratch():
    """Where to work: memory if there is enough, as fsync of 2 GB in all takes a disk a minute."""
    if 'RDSBAK_SCRATCH' in os.environ:
        return os.environ['RDSBAK_SCRATCH']
    memory = '/dev/shm'
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 30:
        return memory
    return None


class Replay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(dir=scratch())
        cls.traces = os.path.join(cls.top, 'traces')
        subprocess.run([sys.executable, GENERATOR, cls.traces], check=True)
        cls.names = sorted(name[:-6] for name in os.listdir(cls.traces))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.top)

    def run_replay(self, name, *options, text=None):
        """Exit status and output of a run in two fresh directories."""
        path = os.path.join(self.traces, name + '.trace')
        if text is not None:
            path = os.path.join(self.top, 'own.trace')
            with open(path, 'w', encoding='ascii') as file:
                file.write(text)
        with tempfile.TemporaryDirectory(dir=self.top) as work:
            self.mount, self.plain = os.path.join(work, 'a'), os.path.join(work, 'b')
            os.mkdir(self.mount)
            os.mkdir(self.plain)
            done = subprocess.run([REPLAY, '--mount', self.mount, '--plain', self.plain,
                                   '--direct-optional', *options, path],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def test_traces_are_the_same_on_every_run_and_named_in_the_list(self):
        again = os.path.join(self.top, 'again')
        subprocess.run([sys.executable, GENERATOR, again], check=True)
        self.assertEqual(subprocess.run(['diff', '-r', self.traces, again]).returncode, 0)
        listed = subprocess.run([sys.executable, GENERATOR, '--list'], check=True, text=True,
                                stdout=subprocess.PIPE).stdout.split()
        self.assertEqual(listed, self.names)
        self.assertEqual(len(self.names), 33)

    def test_every_trace_agrees_between_two_plain_directories(self):
        for name in self.names:
            status, output = self.run_replay(name)
            self.assertEqual(status, 0, output)
            self.assertIn(' 0 differences', output)

    def test_asynchronous_and_serial_delivery_agree_too(self):
        for name in ('sql_log_small', 'sql_tde_64K', 'sql_striped_4', 'sql_restore_1M',
                     'smb_sql_backup_grow'):
            for how in ('aio', 'serial'):
                status, output = self.run_replay(name, '--deliver', how, '--seed', '5')
                self.assertEqual(status, 0, output)

    def test_a_changed_byte_is_noticed_on_every_trace(self):
        for name in self.names:
            fault = 'write'
            if name == 'sql_failed_backup':
                fault = 'unlink'
            elif name.startswith(('sql_restore', 'sql_verify', 'sql_header', 'sql_filelist')):
                fault = 'read'
            status, output = self.run_replay(name, '--corrupt', fault)
            self.assertEqual(status, 1, (name, output))
            self.assertIn('DIFFERENT line ', output)

    def test_a_changed_byte_is_noticed_with_other_deliveries(self):
        for how in ('aio', 'serial'):
            for name, fault in (('sql_tde_64K', 'write'), ('sql_restore_64K', 'read')):
                status, output = self.run_replay(name, '--corrupt', fault, '--deliver', how)
                self.assertEqual(status, 1, output)

    def test_a_changed_byte_is_told_with_line_offset_and_both_values(self):
        _, output = self.run_replay('cp', '--corrupt', 'write')
        self.assertRegex(output, r'line 33?\d* \(write\): a.bak read back at \d+: '
                                 r'mount 0x[0-9a-f]{2}, plain 0x[0-9a-f]{2}')

    def test_a_file_one_byte_too_long_is_noticed(self):
        for name in ('cp', 'sql_log_small', 'sql_headeronly'):
            status, output = self.run_replay(name, '--corrupt', 'size')
            self.assertEqual(status, 1, output)

    def test_a_different_result_is_noticed_unless_allowed(self):
        text = 'open h=1 path=f flags=RDWR|CREAT\nwrite h=1 off=0 len=512\nflush h=1\nrelease h=1\n'
        status, _ = self.run_replay('', text=text)
        self.assertEqual(status, 0)
        # A directory that cannot be written stands for a mount that refuses to create.
        full = os.path.join(self.top, 'refusing')
        os.symlink('/proc/self', full)
        path = os.path.join(self.top, 'own.trace')
        for extra, expected in (([], 1), (['--allow-error', 'open=ENOENT'], 0),
                                (['--allow-error', 'open=ENOENT', '--expect-refused'], 0),
                                (['--allow-error', 'open=EACCES'], 1)):
            plain = tempfile.mkdtemp(dir=self.top)
            done = subprocess.run([REPLAY, '--mount', full, '--plain', plain, *extra, path],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertEqual(done.returncode, expected, done.stdout)

    def test_a_refused_file_must_stay_refused_and_leave_nothing(self):
        # A link to /dev/full stands for a mount that takes no data, but lies afterwards.
        text = 'open h=1 path=f flags=WRONLY|CREAT\nwrite h=1 off=0 len=512\nrelease h=1\n'
        path = os.path.join(self.top, 'own.trace')
        with open(path, 'w', encoding='ascii') as file:
            file.write(text)
        mount, plain = tempfile.mkdtemp(dir=self.top), tempfile.mkdtemp(dir=self.top)
        os.symlink('/dev/full', os.path.join(mount, 'f'))
        done = subprocess.run([REPLAY, '--mount', mount, '--plain', plain,
                               '--allow-error', 'write=ENOSPC', path],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn('success after an earlier operation on the file was refused', done.stdout)
        self.assertIn('f was refused, but is there', done.stdout)

    def test_expecting_a_refusal_fails_without_one(self):
        status, output = self.run_replay('cp', '--expect-refused')
        self.assertEqual(status, 1, output)

    def test_the_command_after_the_trace_sees_the_files_and_its_failure_counts(self):
        self.assertEqual(self.run_replay('cp', '--after-command', 'true')[0], 0)
        self.assertEqual(self.run_replay('cp', '--after-command', 'false')[0], 2)

    def test_lines_that_are_no_operations_are_refused(self):
        for text in ('', 'jump h=1\n', 'write h=1 off=0\n', 'open h=1 path=f flags=RDWR|MAYBE\n',
                     'write h=9999 off=0 len=5\n', 'stat path=f size=x\n', 'flush h\n'):
            self.assertEqual(self.run_replay('', text=text)[0], 2, text)

    def test_a_wrong_size_in_the_trace_is_told(self):
        text = 'preexisting path=f size=1000\nstat path=f size=999\n'
        status, output = self.run_replay('', text=text)
        self.assertEqual(status, 2)
        self.assertIn('the trace is wrong', output)

    def test_operations_the_stored_traces_lack(self):
        text = ('mkdir path=d\nopen h=1 path=d/f flags=RDWR|CREAT\nfallocate h=1 mode=0 off=0 '
                'len=8192\nstat path=d/f size=8192\nwrite h=1 off=1 len=3\nread h=1 off=0 len=9000'
                '\nfdatasync h=1\nrelease h=1\ntrunc path=d/f size=100\nstat path=d/f size=100\n'
                'unlink path=d/f\nrmdir path=d\nstat path=d size=ENOENT\n')
        status, output = self.run_replay('', text=text)
        self.assertEqual(status, 0, output)

    def drawn(self, grammar, seed, *options):
        return subprocess.run([sys.executable, DRAWER, '--grammar', grammar, '--seed', str(seed),
                               *options], check=True, text=True, stdout=subprocess.PIPE).stdout

    def grammars(self, *options):
        return subprocess.run([sys.executable, DRAWER, '--list', *options], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.split()

    def test_drawn_traces_depend_on_the_seed_and_the_options_only(self):
        for grammar in ('wild', 'sql_full'):
            self.assertEqual(self.drawn(grammar, 5), self.drawn(grammar, 5))
            self.assertNotEqual(self.drawn(grammar, 5), self.drawn(grammar, 6))
            self.assertNotEqual(self.drawn(grammar, 5), self.drawn(grammar, 5, '--part', '65536'))
        self.assertNotIn('h=4', self.drawn('sql_striped', 1, '--files', '3'))
        forward = self.grammars('--no-rewrites')
        self.assertTrue(set(forward) < set(self.grammars()))
        self.assertIn('sql_full', forward)
        self.assertNotIn('wild', forward)

    def test_drawn_traces_agree_between_two_plain_directories(self):
        for grammar in self.grammars():
            for seed in range(3):
                # What a mount must refuse a plain directory does.
                lines = [line for line in self.drawn(grammar, seed).splitlines()
                         if 'fails=' not in line]
                status, output = self.run_replay('', '--seed', str(seed), text='\n'.join(lines))
                self.assertEqual(status, 0, (grammar, seed, output))

    def test_another_process_and_a_child_with_all_handles(self):
        text = ('open h=1 path=f flags=RDWR|CREAT\nwrite h=1 off=0 len=9000\nfork\nfstat h=1\n'
                'trunc path=f size=5000 p=1\nfstat h=1\nstat path=f size=5000 p=1\n'
                'rename from=f to=g p=1\nstat path=f size=ENOENT\nwrite h=1 off=7000 len=1\n'
                'release h=1\nstat path=g\nunlink path=g p=1\n')
        for name, status in (('f', 0), ('x', 2)):
            self.assertEqual(self.run_replay('', text=text.replace('stat path=f size=E',
                                                                  f'stat path={name} size=4'
                                                                  if status else
                                                                  'stat path=f size=E'))[0], status)
        self.assertEqual(self.run_replay('', text='write h=1 off=0 len=1 p=1\n')[0], 2)

    def test_what_must_fail_is_asked_of_the_mount_only(self):
        text = ('open h=1 path=f flags=RDWR|CREAT\nwrite h=1 off=0 len=512\n'
                'fallocate h=1 mode=64 off=0 len=512 fails=EOPNOTSUPP\n'
                'rename from=nothing to=f fails=ENOENT\nrelease h=1\n')
        status, output = self.run_replay('', text=text)
        self.assertEqual(status, 0, output)
        status, output = self.run_replay('', text=text.replace('fails=ENOENT', 'fails=EBUSY'))
        self.assertEqual(status, 1)
        self.assertIn('ENOENT, but must fail with EBUSY', output)

    def test_reads_and_writes_go_together_and_threads_sync_and_close(self):
        lines = ['preexisting path=a size=600000', 'preexisting path=b size=1000',
                 'open h=1 path=a flags=RDWR', 'open h=2 path=b flags=RDWR']
        for at in range(0, 600000, 30000):
            lines.append(f'{"read" if at % 60000 else "write"} h=1 off={at} len=29999 g=1 t=1')
            lines.append(f'write h=2 off={at} len=30001 t=2')
        lines += ['fsync h=1 t=1', 'fsync h=2 t=2', 'trunc h=2 size=7 t=2', 'release h=1 t=1',
                  'release h=2 t=2', 'stat path=a size=600000', 'stat path=b size=7']
        for how in ('threads', 'aio', 'serial'):
            status, output = self.run_replay('', '--deliver', how, text='\n'.join(lines))
            self.assertEqual(status, 0, output)

    def test_a_judge_is_asked_after_each_fsync_and_close_that_succeeds(self):
        text = ('preexisting path=f size=100\nopen h=1 path=f flags=RDWR\ntrunc h=1 size=500\n'
                'fsync h=1\nwrite h=1 off=200 len=50\nflush h=1\nopen h=2 path=f flags=RDONLY\n'
                'release h=2\nrelease h=1\ntrunc path=f size=20\n')
        asked = os.path.join(self.top, 'asked')
        command = ("while IFS='\t' read -r name plain least; do echo $name $least"
                   f" $(stat -c %s $plain) >>{asked}; echo ok; done")
        status, output = self.run_replay('', '--judge', command, text=text)
        self.assertEqual(status, 0, output)
        with open(asked, encoding='ascii') as file:
            self.assertEqual(file.read().splitlines(), ['f 100 100', 'f 100 500', 'f 250 500',
                                                        'f 500 500', 'f 20 20'])
        status, output = self.run_replay('', '--judge', 'read x; echo all is lost; cat', text=text)
        self.assertEqual(status, 1)
        self.assertIn('DIFFERENT line 1 (preexisting): f outside: all is lost', output)
        self.assertEqual(self.run_replay('', '--judge', 'exit 1', text=text)[0], 2)

    def refused(self, changed, *lines):
        """A mount that refuses in the middle (a link to /dev/full) and then shows `changed`."""
        path = os.path.join(self.top, 'own.trace')
        with open(path, 'w', encoding='ascii') as file:
            file.write('\n'.join(lines) + '\n')
        mount, plain = tempfile.mkdtemp(dir=self.top), tempfile.mkdtemp(dir=self.top)
        os.symlink('/dev/full', os.path.join(mount, 'f'))
        # The judge is asked about g before f is closed: then the link goes.
        swap = f'rm {mount}/f; {changed.format(f=mount + "/f")}'
        judge = f'read x; {swap}; echo ok; while read x; do echo ok; done'
        done = subprocess.run([REPLAY, '--mount', mount, '--plain', plain, '--allow-error',
                               'write=ENOSPC', '--judge', judge, path],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def test_after_a_refusal_the_trace_goes_on_with_what_was_there(self):
        lines = ('open h=1 path=f flags=WRONLY|CREAT', 'write h=1 off=0 len=512',
                 'preexisting path=g size=1', 'stat path=f', 'release h=1')
        after = ('open h=1 path=f flags=RDWR|CREAT', 'write h=1 off=100 len=512', 'release h=1',
                 'stat path=f')
        status, output = self.refused('true', *lines, *after)
        self.assertIn('success after an earlier operation', output)  # of the close: a plain file's
        self.assertIn(' 1 differences, 1 allowed errors, 1 files refused', output)
        _, output = self.refused('echo half >{f}', *lines, *after)
        self.assertIn('f was refused, but is there (size 5)', output)


if __name__ == '__main__':
    unittest.main()
