"""What others of the machine can get at: memory, cores, logs, the mount, and the files on its way.

As root: the daemon's memory is read through /proc, a core is forced, other users are tried. Claims
are bounded: docs/RELIABILITY.md says what is wiped, and what only root could still find.
"""

import base64
import contextlib
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import unittest

from common import MIB, BedTest, need_programs, read_file, testbed, write_file

import sigv4  # beside testbed, which common has found
from secrets_test import MARKER, TEMPORARY, TOKEN, MAPPING, as_argument, marked_bytes

USER = 65534
ESCAPES = "name\nrdsbak error: forged\x1b[31m\tred"


def spellings(secret):
    """Each way in which bytes may end in a text."""
    raw = secret.encode() if isinstance(secret, str) else secret
    yield from (raw, raw.hex().encode(), raw.hex().upper().encode(),
                base64.b64encode(raw).rstrip(b"="), base64.urlsafe_b64encode(raw).rstrip(b"="),
                sigv4.encode(raw.decode("latin-1")).encode())
    yield ":".join(f"{byte:02x}" for byte in raw).encode()


def as_user(command, **options):
    return subprocess.run(["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
                           "--", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, timeout=120, **options)


@unittest.skipIf(os.geteuid() != 0, "needs root: to look into the process, and other users")
class MemoryTest(BedTest):
    BED = {"store": "script",
           "script_args": ("--credentials", as_argument(sigv4.DEFAULT),
                           "--credentials", as_argument(TEMPORARY)),
           "kms_args": ("--credentials", as_argument(sigv4.DEFAULT),
                        "--credentials", as_argument(TEMPORARY))}
    ENV = {"AWS_ACCESS_KEY_ID": TEMPORARY.access_key,
           "AWS_SECRET_ACCESS_KEY": TEMPORARY.secret_key, "AWS_SESSION_TOKEN": TEMPORARY.token}

    def mount(self, *options, **more):
        path = self.bed.mount(["--log-level", "debug", "--part-size", "5MiB", "--hold-size", "1MiB",
                               *options], env=self.ENV, **more)
        mount = self.bed.find_mount(path)
        self.addCleanup(lambda: mount in self.bed.mounts and self.bed.drop_mount(mount))
        return path, mount.process.pid

    def data_key(self, key):
        status, answer = self.bed.kms.call(
            "Decrypt", CiphertextBlob=self.bed.metadata(key)["x-amz-key-v2"],
            EncryptionContext={"kms_cmk_id": self.bed.key_arn})
        self.assertEqual(status, 200)
        return base64.b64decode(answer["Plaintext"])

    def mappings(self, pid):
        """[(start, end, name, flags, content)] of what can be read."""
        with open(f"/proc/{pid}/smaps", encoding="utf-8") as file:
            heads = MAPPING.findall(file.read())
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for start, end, name, flags in heads:
                with contextlib.suppress(OSError, OverflowError):
                    memory.seek(int(start, 16))
                    yield name, flags.split(), memory.read(int(end, 16) - int(start, 16))

    # -- memory

    def test_pages_with_keys_and_content_are_locked_and_kept_out_of_cores(self):
        path, pid = self.mount()
        write_file(os.path.join(path, "held"), marked_bytes(3 * MIB))
        key = self.data_key("held")
        with open(os.path.join(path, "open"), "wb", buffering=0) as writer, \
                open(os.path.join(path, "held"), "rb", buffering=0) as reader:
            writer.write(marked_bytes(3 * MIB))
            self.assertTrue(reader.read(100000).startswith(MARKER))
            locked = int(re.search(r"VmLck:\s+(\d+)", read_file(f"/proc/{pid}/status").decode())[1])
            for what, secret in (("data key", key), ("content", MARKER)):
                found = [flags for _, flags, content in self.mappings(pid) if secret in content]
                self.assertTrue(found, f"{what}: nowhere, so nothing is shown")
                for flags in found:
                    self.assertIn("dd", flags, what)
                    if locked > 4096:
                        self.assertIn("lo", flags, what)

    def test_what_is_closed_is_wiped(self):
        """The key of a file that was written, and content, once it is closed; what was read leaves
        its key for five minutes only, in a guarded page."""
        path, pid = self.mount()
        write_file(os.path.join(path, "wiped"), marked_bytes(12 * MIB))
        key = self.data_key("wiped")
        marker = MARKER
        with open(os.path.join(path, "open"), "wb", buffering=0) as writer:
            writer.write(marked_bytes(MIB))
            self.assertTrue(any(marker in content for _, _, content in self.mappings(pid)))
        self.wait_until(lambda: not any(key in content for _, _, content in self.mappings(pid)))
        # A request's own buffer is overwritten by the next one; a page that is not kept out of
        # cores never has any.
        for name, flags, content in self.mappings(pid):
            if marker in content:
                self.assertIn("dd", flags, name)

    def wait_until(self, predicate):
        deadline = time.monotonic() + 120
        while not predicate():
            self.assertLess(time.monotonic(), deadline, "it stays there")
            time.sleep(0.2)

    def test_a_core_that_is_forced_holds_no_data_key(self):
        """gcore, as root, of a process that holds both."""
        if not shutil.which("gcore"):
            self.fail("gdb is missing")
        path, pid = self.mount()
        write_file(os.path.join(path, "core"), marked_bytes(3 * MIB))
        key = self.data_key("core")
        folder = tempfile.mkdtemp(dir=self.bed.directory)
        with open(os.path.join(path, "open"), "wb", buffering=0) as writer, \
                open(os.path.join(path, "core"), "rb", buffering=0) as reader:
            writer.write(marked_bytes(2 * MIB))
            self.assertTrue(reader.read(100000).startswith(MARKER))
            held = b"".join(content for _, _, content in self.mappings(pid))
            self.assertTrue(key in held and MARKER in held)
            done = subprocess.run(["gcore", "-o", os.path.join(folder, "core"), str(pid)],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False, timeout=300)
        core = read_file(os.path.join(folder, f"core.{pid}"))
        self.assertGreater(len(core), MIB, done.stdout)
        self.assertFalse(key in core, "a data key is in the core")
        # Not claimed of content: what is on its way at that moment was found there at times.
        print(f"core: content of files {'is' if MARKER in core else 'is not'} in it", flush=True)

    def test_a_crash_leaves_no_core(self):
        """The kernel writes none, wherever cores are to go."""
        _, pid = self.mount()
        limits = read_file(f"/proc/{pid}/limits").decode()
        self.assertRegex(limits, r"(?m)^Max core file size +0 +0 ")  # for a pattern that is a file
        os.kill(pid, signal.SIGSEGV)
        _, status = os.waitpid(pid, 0)
        self.assertEqual(os.WTERMSIG(status), signal.SIGSEGV)
        self.assertFalse(os.WCOREDUMP(status))  # not dumpable: for one that is a program

    # -- logs

    def test_a_log_of_everything_that_fails_holds_no_secret(self):
        path, _ = self.mount()
        keys = {}
        for name in ("one", "two"):
            write_file(os.path.join(path, name), marked_bytes(6 * MIB))
            self.assertEqual(read_file(os.path.join(path, name))[:len(MARKER)], MARKER)
            keys[name] = self.data_key(name)
        faults = [{"action": "slow-down", "times": 2}, {"action": "reset", "times": 1},
                  {"action": "access-denied", "op": "PutObject", "times": 1},
                  {"action": "error-in-200", "times": 1}]
        for fault in faults:
            self.bed.s3.control(rules=[fault])
            with contextlib.suppress(OSError):
                write_file(os.path.join(path, "failing"), marked_bytes(6 * MIB))
        self.bed.s3.control(rules=[])
        for command in ({"throttle": 2}, {"fail": {"times": 1, "action": "GenerateDataKey"}}):
            self.bed.kms.control(**command)
            with contextlib.suppress(OSError):
                write_file(os.path.join(path, "kms"), MARKER)
        texts = [read_file(self.bed.find_mount(path).log_path)]
        source = os.path.join(self.bed.directory, "source")
        write_file(source, marked_bytes(6 * MIB))
        wrong = {"AWS_SECRET_ACCESS_KEY": TEMPORARY.secret_key[::-1]}
        for arguments, env in ((["put", source, self.bed.url("put")], self.ENV),
                               (["get", self.bed.url("one"), source + ".out"], self.ENV),
                               (["put", source, self.bed.url("no")], {**self.ENV, **wrong}),
                               (["get", self.bed.url("none"), source + ".no"], self.ENV)):
            done = self.bed.run([*arguments, *self.bed.server_args(), "--log-level", "debug"],
                                env=env)
            texts += [done.stdout, done.stderr]
        text = b"\n".join(texts)
        self.assertGreater(len(text.splitlines()), 20)
        signatures = re.findall(rb"(?i)signature=[0-9a-f]{8}", text)
        self.assertEqual(signatures, [])
        for what, secret in [("secret key", TEMPORARY.secret_key), ("token", TOKEN),
                             ("wrong secret key", wrong["AWS_SECRET_ACCESS_KEY"]),
                             ("content", MARKER), *keys.items()]:
            for spelling in spellings(secret):
                self.assertFalse(spelling in text, f"{what} as {spelling[:8]}... is in the log")

    def test_a_name_cannot_forge_lines_of_the_log(self):
        path, _ = self.mount()
        self.bed.s3.control(rules=[{"action": "access-denied", "op": "PutObject", "times": 1}])
        with self.assertRaises(OSError):
            write_file(os.path.join(path, ESCAPES), b"x")
        self.bed.s3.control(rules=[])
        write_file(os.path.join(path, ESCAPES), b"x")
        log = read_file(self.bed.find_mount(path).log_path)
        self.assertIn(b"forged", log)
        self.assertNotIn(b"\x1b", log)
        self.assertFalse([line for line in log.splitlines() if line.startswith(b"rdsbak error")])

    # -- other users

    def test_without_allow_other_nobody_else_gets_in(self):
        os.chmod(self.bed.directory, 0o755)
        path, _ = self.mount("--file-mode", "0666", "--dir-mode", "0777")
        write_file(os.path.join(path, "f"), b"data")
        for command in (["ls", path], ["cat", os.path.join(path, "f")],
                        ["sh", "-c", f"echo x >{path}/new"], ["stat", os.path.join(path, "f")]):
            self.assertNotEqual(as_user(command).returncode, 0, command)

    def test_with_allow_other_the_modes_hold(self):
        os.chmod(self.bed.directory, 0o755)
        path, _ = self.mount("--allow-other", "--file-mode", "0640", "--dir-mode", "0755")
        write_file(os.path.join(path, "f"), b"data")
        self.assertEqual(as_user(["ls", path]).returncode, 0)
        for command in (["cat", f"{path}/f"], ["sh", "-c", f"echo x >{path}/new"],
                        ["rm", "-f", f"{path}/f"], ["truncate", "-s", "0", f"{path}/f"],
                        ["chmod", "0777", f"{path}/f"]):
            self.assertNotEqual(as_user(command).returncode, 0, command)
        self.assertEqual(read_file(os.path.join(path, "f")), b"data")

    def test_credentials_of_the_environment_go_before_a_home_that_sudo_kept(self):
        home = tempfile.mkdtemp(dir=self.bed.directory)
        os.makedirs(os.path.join(home, ".aws"))
        with open(os.path.join(home, ".aws", "credentials"), "w", encoding="ascii") as file:
            file.write("[other]\naws_access_key_id = AKIAOTHEROTHEROTHER1\n"
                       "aws_secret_access_key = other\n")
        done = self.bed.run(["ls", self.bed.url(), *self.bed.server_args()[2:6]],
                            env={**self.ENV, "HOME": home})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(b"OTHER", done.stderr)

    # -- symbolic links, FIFOs

    def test_a_mount_point_that_is_a_link_is_followed_once_or_refused(self):
        folder = tempfile.mkdtemp(dir=self.bed.directory)
        target, link = os.path.join(folder, "target"), os.path.join(folder, "link")
        os.mkdir(target)
        write_file(os.path.join(target, "seen"), b"x")
        os.symlink(target, link)
        done = self.bed.run(["mount", self.bed.url(), link, *self.bed.server_args()], env=self.ENV)
        mounted = testbed.is_mounted(target)
        if mounted:
            subprocess.run(["umount", target], check=True)
        self.assertEqual(done.returncode == 0, mounted, done.stderr)
        self.assertFalse(testbed.is_mounted(link))
        self.assertTrue(os.path.islink(link))

    def test_get_replaces_a_link_and_does_not_write_through_it(self):
        path, _ = self.mount()
        write_file(os.path.join(path, "obj"), b"content of the object")
        folder = tempfile.mkdtemp(dir=self.bed.directory)
        precious, link = os.path.join(folder, "precious"), os.path.join(folder, "link")
        write_file(precious, b"precious")
        os.symlink(precious, link)
        done = self.bed.run(["get", self.bed.url("obj"), link, *self.bed.server_args()],
                            env=self.ENV)
        self.assertEqual(read_file(precious), b"precious")
        if done.returncode == 0:
            self.assertFalse(os.path.islink(link))
            self.assertEqual(stat.S_IMODE(os.stat(link).st_mode), 0o600)

    def test_a_fifo_as_key_file_does_not_hang(self):
        fifo = os.path.join(tempfile.mkdtemp(dir=self.bed.directory), "fifo")
        os.mkfifo(fifo)
        done = self.bed.run(["cat", self.bed.url("any"), "--key-file", fifo,
                             *self.bed.server_args()], env=self.ENV)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"not a regular file", done.stderr)

    def test_a_spool_that_is_swapped_for_a_link_gets_no_names(self):
        folder = tempfile.mkdtemp(dir=self.bed.directory)
        spool, elsewhere = os.path.join(folder, "spool"), os.path.join(folder, "elsewhere")
        os.mkdir(spool, 0o700)
        os.mkdir(elsewhere, 0o700)
        path, pid = self.mount("--spool-dir", spool)
        with open(os.path.join(path, "f"), "wb", buffering=0) as file:
            file.write(marked_bytes(8 * MIB))
            os.rename(spool, spool + ".old")
            os.symlink(elsewhere, spool)
            file.write(marked_bytes(8 * MIB))
            for place in (spool + ".old", elsewhere):
                self.assertEqual(os.listdir(place), [])
            # What lies there has no name and no plaintext.
            for fd in os.listdir(f"/proc/{pid}/fd"):
                name = f"/proc/{pid}/fd/{fd}"
                if "rdsbak-spool" in os.readlink(name) or folder in os.readlink(name):
                    self.assertNotIn(MARKER, read_file(name))
        self.assertEqual(read_file(os.path.join(path, "f"))[:len(MARKER)], MARKER)


if __name__ == "__main__":
    need_programs("/dev/fuse", "/usr/bin/setpriv", "/usr/bin/gcore")
    unittest.main()
