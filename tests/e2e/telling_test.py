#!/usr/bin/python3
"""What a mount tells of itself: metrics, rdsbak status, the log."""

import errno
import http.client
import json
import os
import re
import signal
import socket
import stat
import subprocess
import time
import unittest

from prometheus_client.parser import text_string_to_metric_families

import e2e
import testbed
from e2e import MIB, content, read, write

SIZE = 20 * MIB + 5
NOBODY = 65534


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(connection, method="GET", target="/metrics"):
    connection.request(method, target)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


class Metrics(dict):
    """Every sample by its name and labels, as Prometheus' own parser reads them."""

    def __init__(self, text):
        super().__init__()
        self.types = {}
        for family in text_string_to_metric_families(text):
            self.types[family.name] = family.type
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                assert key not in self, f"twice: {key}"
                self[key] = sample.value

    def of(self, name, **labels):
        return self[(name, tuple(sorted(labels.items())))]

    def with_label(self, name, label, **labels):
        """{the label's value: the sample's value} of those that have these labels."""
        found = {}
        for (sample, pairs), value in self.items():
            have = dict(pairs)
            if sample == name and labels.items() <= have.items():
                found[have[label]] = found.get(have[label], 0) + value
        return found


class TellingTest(e2e.BedTest):
    BED = {"store": "script"}

    def setUp(self):
        self.number = getattr(TellingTest, "number", 0) + 1
        TellingTest.number = self.number
        self.name = f"file-{self.number}"  # no other test's: all see one bucket
        self.addCleanup(self.bed.s3.control, reset=True)
        self.addCleanup(self.bed.kms.control, reset=True)

    def mount(self, *arguments, **options):
        self.mnt = self.bed.mount(["--hold-size", "0", "--part-size", "5MiB", "--log-level",
                                   "info", *arguments], **options)
        mount = self.bed.find_mount(self.mnt)
        self.addCleanup(lambda: mount in self.bed.mounts and self.bed.drop_mount(mount))
        return self.mnt

    def at(self, name):
        return os.path.join(self.mnt, name)

    def rule(self, action, op, **more):
        self.bed.s3.control(rules=[{"action": action, "op": op, **more}])

    def in_thread(self, function, *arguments):
        pool = e2e.concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        # Before the pool's end: what it waits for must not be held any more.
        self.addCleanup(self.bed.s3.control, reset=True)
        return pool.submit(function, *arguments)


# ---- metrics

class MetricsTest(TellingTest):
    def mount_with_metrics(self, *arguments):
        self.socket = self.bed.path(f"metrics-{self.number}.sock")
        return self.mount("--metrics", "unix:" + self.socket, *arguments)

    def scrape(self):
        answer, body = ask(UnixConnection(self.socket))
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"],
                         "text/plain; version=0.0.4; charset=utf-8")
        return Metrics(body.decode())

    def eventually(self, name, value, **labels):
        last = e2e.eventually(lambda: self.scrape().of(name, **labels) == value)
        self.assertTrue(last, f"{name} {labels}: {self.scrape().of(name, **labels)} not {value}")

    def test_metrics_agree_with_a_copy_and_with_what_the_servers_saw(self):
        self.mount_with_metrics()
        self.bed.s3.control(clear_log=True)
        self.bed.kms.control(clear_log=True)
        before = self.scrape()
        write(self.at("copy"), content(SIZE))
        self.assertEqual(len(read(self.at("copy"))), SIZE)
        self.eventually("rdsbak_files_open_for_writing", 0)
        now = self.scrape()

        def grown(name, **labels):
            return now.of(name, **labels) - before.of(name, **labels)

        self.assertEqual(grown("rdsbak_written_bytes_total"), SIZE)
        self.assertEqual(grown("rdsbak_read_bytes_total"), SIZE)
        self.assertEqual(grown("rdsbak_commits_total", result="ok"), 1)
        self.assertEqual(grown("rdsbak_commits_total", result="failed"), 0)
        cipher = SIZE // 16 * 16 + 16
        for name in ("rdsbak_sent_bytes_total", "rdsbak_received_bytes_total"):
            self.assertGreater(grown(name, service="s3"), cipher)
            self.assertLess(grown(name, service="s3"), cipher + 200 * 1024)  # headers
        log = self.bed.s3.report()["log"]
        for operation in ("UploadPart", "CreateMultipartUpload", "CompleteMultipartUpload",
                          "HeadObject", "GetObject", "PutObject"):
            seen = [entry for entry in log if entry["op"] == operation]
            labels = {"service": "s3", "operation": operation}
            attempts = now.with_label("rdsbak_requests_total", "operation", **labels)
            earlier = before.with_label("rdsbak_requests_total", "operation", **labels)
            self.assertEqual(attempts[operation] - earlier.get(operation, 0), len(seen), operation)
            self.assertEqual(grown("rdsbak_request_duration_seconds_count", **labels), len(seen))
        self.assertEqual(len([e for e in log if e["op"] == "UploadPart"]), 5)
        for action in ("GenerateDataKey", "Decrypt"):
            calls = [e for e in self.bed.kms.report()["log"] if e["action"] == action]
            self.assertEqual(grown("rdsbak_requests_total", service="kms", operation=action,
                                   status="2xx"), len(calls), action)
        self.assertEqual(now.of("rdsbak_memory_limit_bytes"), 512 * MIB)
        self.assertEqual(now.of("rdsbak_memory_used_bytes"), 0)
        self.assertGreaterEqual(now.of("rdsbak_memory_peak_bytes"), 5 * MIB)
        self.assertEqual(now.of("rdsbak_uploads_in_flight"), 0)
        self.assertAlmostEqual(now.of("rdsbak_start_time_seconds"), time.time(), delta=3600)
        version = self.bed.run(["--version"]).stdout.decode().split()[1]
        self.assertEqual(now.of("rdsbak_build_info", version=version), 1)
        self.check_conventions(now)

    def check_conventions(self, metrics):
        """What promtool would ask for, and histograms that are ones."""
        for name, kind in metrics.types.items():
            self.assertRegex(name, r"\Ardsbak_[a-z_]+\Z")
            self.assertIn(kind, ("counter", "gauge", "histogram"), name)
        for (name, labels), value in metrics.items():
            if metrics.types.get(name.removesuffix("_total")) == "counter":
                self.assertTrue(name.endswith("_total"), name)
            if name.endswith("_count"):
                base = name.removesuffix("_count")
                buckets = metrics.with_label(base + "_bucket", "le", **dict(labels))
                self.assertEqual(buckets["+Inf"], value)
                in_order = [buckets[le] for le in sorted(buckets, key=float)]
                self.assertEqual(in_order, sorted(in_order))

    def test_retries_and_errors_are_counted(self):
        self.mount_with_metrics()
        self.rule("slow-down", "UploadPart", key="throttled", times=2)
        write(self.at("throttled"), content(SIZE))
        now = self.scrape()
        self.assertEqual(now.of("rdsbak_retries_total", service="s3"), 2)
        self.assertEqual(now.of("rdsbak_requests_total", service="s3", operation="UploadPart",
                                status="5xx"), 2)
        self.assertEqual(now.of("rdsbak_files_failed_total"), 0)
        self.rule("error", "CompleteMultipartUpload", key="refused", times=None, status=400,
                  code="InvalidRequest", message="never")
        told = now.of("rdsbak_errors_total", errno="EIO")
        fd = os.open(self.at("refused"), os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, content(SIZE))
        self.fails(errno.EIO, os.close, fd)
        self.bed.kms.control(fail={"times": None, "action": "GenerateDataKey"})
        self.fails(errno.EIO, os.open, self.at("keyless"), os.O_WRONLY | os.O_CREAT)
        self.bed.kms.control(reset=True)
        now = self.scrape()
        self.assertEqual(now.of("rdsbak_errors_total", errno="EIO"), told + 2)
        self.assertEqual(now.of("rdsbak_commits_total", result="failed"), 1)
        self.assertEqual(now.of("rdsbak_files_failed_total"), 1)
        self.assertEqual(now.of("rdsbak_kms_calls_failed_total"), 1)
        self.eventually("rdsbak_uploads_in_flight", 0)  # aborted
        self.assertGreater(now.of("rdsbak_log_lines_total", level="error"), 0)

    def test_gauges_show_what_is_under_way(self):
        self.mount_with_metrics()
        self.rule("hold", "UploadPart", key="held", times=None)
        fd = os.open(self.at("held"), os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, content(SIZE))
        self.bed.s3.await_held(4)  # four whole parts
        now = self.scrape()
        self.assertEqual(now.of("rdsbak_uploads_in_flight"), 1)
        self.assertEqual(now.of("rdsbak_parts_in_flight"), 4)
        self.assertEqual(now.of("rdsbak_files_open_for_writing"), 1)
        self.assertGreaterEqual(now.of("rdsbak_memory_used_bytes"), 20 * MIB)
        self.bed.s3.control(reset=True)
        os.close(fd)
        for name in ("uploads_in_flight", "parts_in_flight", "files_open_for_writing",
                     "memory_used_bytes"):
            self.eventually("rdsbak_" + name, 0)

    def test_endpoint_serves_one_thing_and_is_not_held_up(self):
        self.mount_with_metrics()
        silent = socket.socket(socket.AF_UNIX)
        silent.connect(self.socket)  # says nothing: it is dropped after its time
        self.assertEqual(ask(UnixConnection(self.socket), target="/")[0].status, 404)
        self.assertEqual(ask(UnixConnection(self.socket), target="/metricsx")[0].status, 404)
        self.assertEqual(ask(UnixConnection(self.socket), target="/metrics?x=1")[0].status, 200)
        self.assertEqual(ask(UnixConnection(self.socket), "POST")[0].status, 405)
        answer, body = ask(UnixConnection(self.socket), "HEAD")
        self.assertEqual((answer.status, body), (200, b""))
        self.assertGreater(int(answer.headers["Content-Length"]), 1000)
        long = UnixConnection(self.socket)
        long.request("GET", "/metrics", headers={"X-Long": "x" * 9000})
        self.assertEqual(long.getresponse().status, 431)
        long.close()
        silent.close()
        mode = os.stat(self.socket).st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        self.assertEqual(self.bed.umount(self.mnt), 0)
        self.assertFalse(os.path.exists(self.socket))

    def test_port_is_one_of_loopback_only(self):
        self.mount("--metrics", "127.0.0.1:0")
        port = int(re.search(r"http://127.0.0.1:(\d+)/metrics",
                             self.bed.mount_log(self.mnt)).group(1))
        answer, body = ask(http.client.HTTPConnection("127.0.0.1", port, timeout=120))
        self.assertEqual(answer.status, 200)
        self.assertEqual(Metrics(body.decode()).of("rdsbak_files_lost_total"), 0)
        with self.assertRaises(testbed.TestbedError) as caught:
            self.bed.mount(["--metrics", f"127.0.0.1:{port}"])
        self.assertIn("in use", str(caught.exception))
        folder = self.bed.path("never-mounted")
        os.makedirs(folder)
        done = self.bed.run(["mount", self.bed.url(), folder, "--metrics", "0.0.0.0:9",
                             *self.bed.server_args()])
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"refused", done.stderr)


# ---- status

class StatusTest(TellingTest):
    def status(self, *arguments, **options):
        """(exit status, its document, its files by name)."""
        done = self.bed.run(["status", self.mnt, "--json", *arguments], **options)
        self.assertIn(done.returncode, (0, 1, 3), done.stderr)
        self.assertEqual(done.stderr, b"")
        document = json.loads(done.stdout)
        return done.returncode, document, {f["file"]: f for f in document["files"]}

    def settled(self, state):
        """After a close: its RELEASE comes when close() has returned."""
        def one():
            files = self.status()[2]
            return "closed" in files.get(self.name, ()) and files[self.name]["state"] == state
        self.assertTrue(e2e.eventually(one), self.status()[2])

    def test_status_tells_each_state_of_a_file(self):
        self.mount()
        self.assertEqual(self.status()[0], 0)
        fd = os.open(self.at(self.name), os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, content(SIZE))
        code, document, files = self.status()
        self.assertEqual((code, document["verdict"], document["open"]), (3, "on its way", 1))
        mine = files[self.name]
        self.assertEqual((mine["state"], mine["written"], mine["in_s3"]), ("open", SIZE, 0))
        self.assertEqual((mine["pid"], mine["uid"]), (os.getpid(), os.getuid()))
        self.assertEqual(mine["command"], read(f"/proc/{os.getpid()}/comm").decode().strip())
        self.rule("hold", "CompleteMultipartUpload", key=self.name)
        syncing = self.in_thread(os.fsync, fd)
        self.bed.s3.await_held()
        code, document, files = self.status()
        self.assertEqual((code, files[self.name]["state"]), (3, "committing"))
        self.assertGreater(files[self.name]["sent"], SIZE)
        self.bed.s3.control(release=True)
        syncing.result()
        code, document, files = self.status()
        self.assertEqual((code, files[self.name]["state"]), (0, "committed"))
        self.assertEqual(files[self.name]["in_s3"], SIZE)
        os.write(fd, b"more")
        code, document, files = self.status()
        self.assertEqual((code, files[self.name]["state"], files[self.name]["in_s3"],
                          files[self.name]["written"]), (3, "open", SIZE, SIZE + 4))
        os.close(fd)
        self.settled("committed")
        code, document, files = self.status()
        self.assertEqual((code, document["verdict"], files[self.name]["in_s3"]),
                         (0, "in S3", SIZE + 4))
        self.assertEqual(len(self.bed.get(self.name)), (SIZE + 4) // 16 * 16 + 16)

    def test_failure_stays_until_it_is_made_good_or_acknowledged(self):
        self.mount()
        for mend in ("write", "unlink", "acknowledge"):
            with self.subTest(mend):
                self.name = f"file-{self.number}-{mend}"
                write(self.at(self.name), b"old")
                self.settled("committed")
                self.rule("error", "PutObject", key=self.name, times=None, status=400,
                          code="InvalidRequest", message="not today")
                fd = os.open(self.at(self.name), os.O_WRONLY | os.O_TRUNC)
                os.write(fd, b"new")
                self.fails(errno.EIO, os.close, fd)
                self.settled("failed")
                code, document, files = self.status()
                self.assertEqual((code, document["verdict"]), (1, "failed"))
                self.assertIn("not today", files[self.name]["reason"])
                self.assertEqual(files[self.name]["errno"], errno.EIO)
                self.assertTrue(files[self.name]["heard"])
                self.bed.s3.control(reset=True)
                if mend == "write":
                    write(self.at(self.name), b"new")
                    self.settled("committed")
                elif mend == "unlink":
                    os.unlink(self.at(self.name))
                else:
                    code, _, files = self.status("--acknowledge")
                    self.assertEqual((code, files[self.name]["state"]), (1, "failed"))
                self.assertEqual(self.status()[0], 0)

    def test_status_tells_of_failures_that_nobody_heard(self):
        self.mount()
        self.rule("access-denied", "PutObject", times=None)
        os.close(os.open(self.at(self.name), os.O_WRONLY | os.O_CREAT))  # made by the release
        self.settled("failed")
        code, _, files = self.status()
        self.assertEqual((code, files[self.name]["heard"]), (1, False))
        self.assertIn("AccessDenied", files[self.name]["reason"])
        text = self.bed.run(["status", self.mnt]).stdout.decode()
        self.assertRegex(text, rf"FAILED +{self.name}: ")
        self.assertIn("no program was there to hear it", text)

    def test_status_tells_of_a_writer_that_was_killed(self):
        self.mount()
        child = self.python("f = open(sys.argv[1], 'wb'); f.write(bytes(1 << 20)); f.flush()\n"
                            "print('written', flush=True); input()", self.at(self.name))
        self.assertEqual(child.stdout.readline(), "written\n")
        child.send_signal(signal.SIGKILL)
        child.communicate()
        self.settled("failed")
        self.assertIn("killed by signal 9", self.status()[2][self.name]["reason"])

    def test_daemon_can_be_asked_once_mount_has_returned(self):
        self.mnt = self.bed.path("daemon-mount")
        os.makedirs(self.mnt)
        self.tool(self.bed.binary, "mount", self.bed.url(), self.mnt, *self.bed.server_args(),
                  "--metrics", "unix:" + self.bed.path("daemon.sock"), env=self.bed.env)
        self.addCleanup(self.tool, "umount" if os.geteuid() == 0 else "fusermount3",
                        *([] if os.geteuid() == 0 else ["-u"]), self.mnt)
        self.assertEqual(self.status()[0], 0)
        answer, _ = ask(UnixConnection(self.bed.path("daemon.sock")))
        self.assertEqual(answer.status, 200)

    def test_renamed_file_is_told_of_by_its_new_name(self):
        self.mount()
        write(self.at(self.name + ".part"), b"x")
        self.assertTrue(e2e.eventually(lambda: "closed" in self.status()[2].get(self.name + ".part", ())))
        os.rename(self.at(self.name + ".part"), self.at(self.name))
        self.assertEqual(list(self.status()[2]), [self.name])

    def test_wait_ends_when_all_is_in_s3(self):
        self.mount()
        self.rule("hold", "PutObject", key=self.name)
        writing = self.in_thread(write, self.at(self.name), b"content")
        self.bed.s3.await_held()
        self.assertEqual(self.status("--wait", "1")[0], 3)
        waiting = self.in_thread(self.status, "--wait", "600")
        self.assertFalse(waiting.done())
        self.bed.s3.control(release=True)
        writing.result()
        code, _, files = waiting.result()
        self.assertEqual((code, files[self.name]["state"]), (0, "committed"))

    def test_status_of_a_daemon_that_hangs_ends(self):
        self.mount()
        process = self.bed.find_mount(self.mnt).process
        process.send_signal(signal.SIGSTOP)
        try:
            for path in (self.mnt, self.mnt + "/", os.path.join(self.mnt, ".")):
                done = self.bed.run(["status", path])
                self.assertEqual(done.returncode, 1)
                self.assertIn(b"does not answer", done.stderr)
        finally:
            process.send_signal(signal.SIGCONT)
        self.assertEqual(self.status()[0], 0)

    def test_status_says_what_is_no_mount_and_what_is_dead(self):
        done = self.bed.run(["status", "/proc"])
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"not a mount of rdsbak", done.stderr)
        self.assertEqual(self.bed.run(["status", "/no/such/place"]).returncode, 1)
        self.mount()
        mount = self.bed.find_mount(self.mnt)
        mount.process.kill()
        mount.process.wait()
        done = self.bed.run(["status", self.mnt])
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot be asked", done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "only root can be another user")
    def test_other_users_are_told_nothing(self):
        self.mount("--allow-other", "--dir-mode", "0755", "--file-mode", "0644")
        write(self.at(self.name), b"x")
        done = self.bed.run(["status", self.mnt], user=NOBODY, group=NOBODY, extra_groups=[])
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, b"")
        self.assertIn(b"only root and the user who mounted", done.stderr)

    def test_level_of_the_log_can_be_changed_while_it_runs(self):
        self.mount()
        os.path.exists(self.at("unknown"))
        self.assertNotIn(" debug: ", self.bed.mount_log(self.mnt))
        self.status("--set-log-level", "debug")
        self.assertIn("level is debug from now on", self.bed.mount_log(self.mnt))
        os.path.exists(self.at("unknown2"))
        self.assertIn(" debug: ", self.bed.mount_log(self.mnt))
        self.status("--set-log-level", "error")
        mark = len(self.bed.mount_log(self.mnt))
        write(self.at("quiet"), b"x")
        self.assertEqual(self.bed.mount_log(self.mnt)[mark:], "")

    def test_socket_goes_with_the_mount_and_wrong_requests_are_refused(self):
        self.mount()
        device = os.stat(self.mnt).st_dev
        folder = "/run/rdsbak" if os.geteuid() == 0 else self.bed.env["XDG_RUNTIME_DIR"] + "/rdsbak"
        path = f"{folder}/{os.major(device)}-{os.minor(device)}.sock"
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        for request in (b"status\n", b'{"rdsbak":2,"ask":"status"}\n', b"x" * 5000, b"\n",
                        b'{"rdsbak":1,"ask":"log-level","level":"loud"}\n'):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(e2e.WAIT_S)
                client.connect(path)
                client.sendall(request)
                answer = b"".join(iter(lambda: client.recv(4096), b""))  # pylint: disable=W0640
                self.assertEqual(json.loads(answer), {"rdsbak": 1, "error": "unknown request"})
        self.assertEqual(self.status()[0], 0)
        self.assertEqual(self.bed.umount(self.mnt), 0)
        self.assertFalse(os.path.exists(path))


# ---- the log

NAMES = ['plain', 'a "quoted" name', "line\nbreak", "back\\slash", "\u20acuro \U0001f600", "tab\t"]


class LogTest(TellingTest):
    def test_json_log_is_one_object_a_line(self):
        self.mount("--log-format", "json")
        for name in NAMES:
            write(self.at(name), b"x")
        lines = self.bed.mount_log(self.mnt).splitlines()
        records = [json.loads(line) for line in lines]
        for record in records:
            self.assertEqual(list(record), ["time", "level", "pid", "mount", "message"])
            self.assertEqual(record["mount"], self.mnt)
            self.assertEqual(record["pid"], self.bed.find_mount(self.mnt).process.pid)
            self.assertRegex(record["time"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
        committed = [r["message"] for r in records if ": committed 1 bytes" in r["message"]]
        self.assertEqual([m.split(": committed")[0] for m in committed], NAMES)

    def test_stderr_of_systemd_gets_priorities(self):
        for number, known in enumerate((True, False)):
            folder = self.bed.path(f"stream-mount-{number}")
            os.makedirs(folder)
            with open(folder + ".log", "wb") as stream:
                st = os.fstat(stream.fileno())
                value = f"{st.st_dev}:{st.st_ino + (not known)}"
                process = subprocess.Popen(
                    [self.bed.binary, "mount", self.bed.url(), folder, "--foreground",
                     *self.bed.server_args()], stderr=stream, stdin=subprocess.DEVNULL,
                    env={**self.bed.env, "JOURNAL_STREAM": value})
            mount = testbed.Mount(folder, process, folder + ".log")
            self.bed.mounts.append(mount)
            self.assertTrue(e2e.eventually(lambda: testbed.is_mounted(folder)))
            write(os.path.join(folder, self.name), b"x")
            self.assertEqual(self.bed.umount(folder), 0)
            lines = read(folder + ".log").decode().splitlines()
            self.assertGreaterEqual(len(lines), 2)
            for line in lines:
                if known:
                    self.assertRegex(line, r"\A<[346]>")
                    self.assertNotRegex(line, r"rdsbak (info|warn)")  # the journal knows it
                else:
                    self.assertRegex(line, r"\A20\d\d-\S+Z rdsbak (info|warn): ")

    def test_journald_and_syslog_take_the_log(self):
        """A systemd-journald of this test's own, in a mount namespace with a /run and /dev of its
        own: it receives both protocols, and journalctl shows what it understood."""
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "journald.sh")
        unshare = ["unshare", "-m", "--propagation", "private"]
        if os.geteuid() != 0:
            unshare.insert(1, "--map-root-user")
        mountpoint = self.bed.path(f"journal mount {self.number}")
        os.makedirs(mountpoint)
        done = self.tool(*unshare, script, self.bed.path(f"journal-{self.number}"), mountpoint,
                         self.bed.binary, "mount", self.bed.url(), mountpoint,
                         *self.bed.server_args(), env=self.bed.env)
        entries = [json.loads(line) for line in done.decode().splitlines()
                   if line.startswith("{")]
        ours = [e for e in entries if e.get("SYSLOG_IDENTIFIER") == "rdsbak"]
        native = [e for e in ours if e["_TRANSPORT"] == "journal"]
        syslog = [e for e in ours if e["_TRANSPORT"] == "syslog"]
        for transport, found in (("journal", native), ("syslog", syslog)):
            committed = [e for e in found if ": committed 5 bytes" in str(e["MESSAGE"])]
            self.assertEqual(len(committed), 1, f"{transport}: {done.decode()}")
            self.assertTrue(committed[0]["MESSAGE"].startswith(f"{transport}.bak: "))
            self.assertEqual((committed[0]["PRIORITY"], committed[0]["SYSLOG_FACILITY"]),
                             ("6", "3"))
            self.assertEqual(committed[0]["SYSLOG_PID"], committed[0]["_PID"])
        self.assertEqual({e.get("RDSBAK_MOUNT") for e in native}, {mountpoint})

    def test_log_to_a_journal_that_is_not_there_is_refused(self):
        if os.path.exists("/run/systemd/journal/socket"):
            self.skipTest("a journald runs here: this machine cannot be without one")
        done = self.bed.run(["ls", self.bed.url(), "--log", "journald"])
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"--log: the journal's socket", done.stderr)


if __name__ == "__main__":
    unittest.main()
