"""What the program knows stays in it: nothing secret in its log, its memory closed to the outside.

A mount at the most talkative log level carries known bytes under temporary credentials; then the
log, /proc and, as root may, the memory of the process are searched for them.
"""

import base64
import contextlib
import os
import re
import subprocess
import time
import unittest

from common import MIB, BedTest, make_bytes, need_programs, read_file, testbed, write_file

import sigv4  # beside testbed, which common has found

MAPPING = re.compile(  # of smaps: start, end, name, flags
    r"(?m)^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+ *(.*)\n(?:[A-Z].*\n)*?VmFlags: (.*)$")
TOKEN = "FwoGZXIvYXdzEBYaDNotARealTokenButAsLong+AndAsOdd/Looking=="
TEMPORARY = sigv4.Credentials("ASIATESTTESTTESTTEST", "s3cr3tOfTheSession/OnlyForThisTest+abcdef",
                              TOKEN)
MARKER = b"plaintext-marker-3f1d0c-that-no-log-may-hold"


def as_argument(credentials):
    return ":".join(filter(None, credentials))


def spellings(secret):
    """The ways in which bytes may end in a text."""
    if isinstance(secret, str):
        return [secret.encode(), sigv4.encode(secret).encode()]
    return [secret, secret.hex().encode(), secret.hex().upper().encode(),
            base64.b64encode(secret).rstrip(b"=")]


def marked_bytes(size):
    """The marker again and again, after which no two pages are equal."""
    line = MARKER + make_bytes(64, "line").hex().encode() + b"\n"
    return (line * (size // len(line) + 1))[:size]


class SecretsTest(BedTest):
    BED = {"store": "script",
           "script_args": ("--credentials", as_argument(sigv4.DEFAULT),
                           "--credentials", as_argument(TEMPORARY)),
           "kms_args": ("--credentials", as_argument(sigv4.DEFAULT),
                        "--credentials", as_argument(TEMPORARY))}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = {"AWS_ACCESS_KEY_ID": TEMPORARY.access_key,
                   "AWS_SECRET_ACCESS_KEY": TEMPORARY.secret_key,
                   "AWS_SESSION_TOKEN": TEMPORARY.token}
        cls.mount = cls.bed.mount(
            ["--log-level", "debug", "--part-size", "5MiB", "--hold-size", "1MiB"], env=cls.env)
        cls.pid = cls.bed.find_mount().process.pid

    def data_key(self, key):
        """The key of an object, as KMS gives it to whoever may ask."""
        metadata = self.bed.metadata(key)
        status, answer = self.bed.kms.call(
            "Decrypt", CiphertextBlob=metadata["x-amz-key-v2"],
            EncryptionContext={"kms_cmk_id": self.bed.key_arn})
        self.assertEqual(status, 200)
        return base64.b64decode(answer["Plaintext"])

    def use(self):
        """Write, append, read, fail: whatever makes the program talk. The keys of the objects."""
        data = marked_bytes(12 * MIB)
        for key, size in (("small", 1000), ("large", 12 * MIB)):
            write_file(os.path.join(self.mount, key), data[:size])
            self.assertTrue(read_file(os.path.join(self.mount, key)) == data[:size])
        with open(os.path.join(self.mount, "large"), "ab") as file:
            file.write(data[:MIB])
        self.bed.put("garbled", b"0123456789abcdef", self.bed.metadata("small"))
        with contextlib.suppress(OSError):  # one key in 256 makes sound padding of it
            read_file(os.path.join(self.mount, "garbled"))
        self.bed.put("damaged", b"0123456789abcdef!", self.bed.metadata("small"))
        with self.assertRaises(OSError):
            read_file(os.path.join(self.mount, "damaged"))
        self.bed.s3.control(rules=[{"action": "slow-down", "times": 2}])
        write_file(os.path.join(self.mount, "retried"), data[:2000])
        self.bed.kms.control(throttle=1)
        write_file(os.path.join(self.mount, "throttled"), data[:2000])
        return [self.data_key(key) for key in ("small", "large", "retried", "throttled")]

    def test_nothing_secret_is_in_the_log(self):
        keys = self.use()
        log = read_file(self.bed.find_mount().log_path)
        self.assertGreater(len(log.splitlines()), 5)
        for what, secret in [("secret access key", TEMPORARY.secret_key),
                             ("session token", TEMPORARY.token), ("plaintext", MARKER),
                             *(("data key", key) for key in keys)]:
            for spelling in spellings(secret):
                with self.subTest(what=what):
                    self.assertNotIn(spelling, log)
        self.assertNotRegex(log.decode(errors="replace"), "(?i)Signature=[0-9a-f]{8}")

    def test_nothing_secret_is_on_the_command_line(self):
        line = read_file(f"/proc/{self.pid}/cmdline")
        self.assertNotIn(TEMPORARY.secret_key.encode(), line)
        self.assertNotIn(TEMPORARY.token.encode(), line)

    def test_memory_is_locked_or_the_log_says_that_it_is_not(self):
        status = read_file(f"/proc/{self.pid}/status").decode()
        locked = int(re.search(r"(?m)^VmLck:\s+(\d+) kB", status).group(1))
        warned = "memory is not locked" in self.bed.mount_log()
        self.assertNotEqual(locked > 4096, warned, f"{locked} kB locked, warned: {warned}")

    def test_no_core_dump_is_written(self):
        limits = read_file(f"/proc/{self.pid}/limits").decode()
        self.assertRegex(limits, r"(?m)^Max core file size +0 +0 ")

    @unittest.skipIf(os.geteuid() != 0, "needs root to start the program as another user")
    def test_another_process_of_the_same_user_cannot_look_into_it(self):
        os.chmod(self.bed.directory, 0o755)
        home = self.bed.path("home-of-nobody")
        os.makedirs(home)
        os.chown(home, 65534, 65534)
        # Not by way of a mount, which needs rights: a put that waits for its input holds the
        # credentials and a data key just as well.
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
        env = {**self.bed.env, **self.env, "HOME": home, "XDG_STATE_HOME": home,
               "XDG_RUNTIME_DIR": home}
        seen = len(self.bed.kms.report()["log"])
        put = subprocess.Popen(
            [*as_nobody, self.bed.binary, "put", "-", self.bed.url("waits"),
             *self.bed.server_args(), "--hold-size", "1MiB", "--part-size", "5MiB"], env=env,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            put.stdin.write(marked_bytes(12 * MIB))
            put.stdin.flush()
            self.wait_for_key_request(seen)
            self.assertEqual(os.stat(f"/proc/{put.pid}/mem").st_uid, 0)
            for name in ("mem", "environ", "maps"):
                done = subprocess.run([*as_nobody, "cat", f"/proc/{put.pid}/{name}"],
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
                self.assertNotEqual(done.returncode, 0, name)
                self.assertEqual(done.stdout, b"")
                self.assertIn(b"ermission denied", done.stderr)
        finally:
            put.stdin.close()
            self.assertEqual(put.wait(120), 0)

    def wait_for_key_request(self, seen):
        deadline = time.monotonic() + 120
        while len(self.bed.kms.report()["log"]) == seen and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertGreater(len(self.bed.kms.report()["log"]), seen, "no data key was asked for")

    def mappings_with(self, secret):
        """The process's mappings that hold these bytes: [(name, kept out of core dumps)]."""
        found = []
        with open(f"/proc/{self.pid}/smaps", encoding="utf-8") as file:
            heads = MAPPING.findall(file.read())
        with open(f"/proc/{self.pid}/mem", "rb", buffering=0) as memory:
            for start, end, name, flags in heads:
                try:
                    memory.seek(int(start, 16))
                    content = memory.read(int(end, 16) - int(start, 16))
                except (OSError, OverflowError):
                    continue  # guard pages, the kernel's own
                if secret in content:
                    found.append((name or "anonymous", "dd" in flags.split()))
        return found

    @unittest.skipIf(os.geteuid() != 0, "only root may look into the process")
    def test_a_core_dump_taken_by_root_holds_neither_keys_nor_file_data(self):
        """What gcore would take leaves out mappings marked "do not dump" (dd)."""
        self.use()
        key = self.data_key("large")
        with open(os.path.join(self.mount, "open"), "wb", buffering=0) as writer, \
                open(os.path.join(self.mount, "large"), "rb", buffering=0) as reader:
            writer.write(marked_bytes(3 * MIB))
            self.assertTrue(reader.read(100000).startswith(MARKER))
            for what, secret in (("data key", key), ("plaintext", MARKER)):
                with self.subTest(what=what):
                    found = self.mappings_with(secret)
                    # It is there: otherwise nothing would be shown by its absence elsewhere.
                    self.assertIn(("anonymous", True), found)
                    self.assertEqual([name for name, hidden in found if not hidden], [])
            # In the environment, which is on the stack, it cannot be helped; elsewhere it can.
            found = self.mappings_with(TEMPORARY.secret_key.encode())
            self.assertEqual([name for name, hidden in found if not hidden and name != "[stack]"],
                             [])


if __name__ == "__main__":
    need_programs("/dev/fuse")
    unittest.main()
