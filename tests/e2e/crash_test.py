#!/usr/bin/python3
"""kill -9 of a mount at every step of an upload; what S3 holds then, and what the next mount does.

    crash_test.py [unittest's arguments]
    crash_test.py --seconds N [--seed S]     writers on RGW, killed mounts, for so long

What was acknowledged is known from manifests that are kept outside of the mount (crash_writer.py).
"""

import base64
import errno
import glob
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import unittest

import crash_writer
import e2e
import crc32c
import testbed
from e2e import MIB, content, write

SIZE = 11 * MIB + 5
OLD = content(12 * MIB + 3, "old")
WRITER = os.path.join(e2e.HERE, "crash_writer.py")
TOOLS = os.environ.get("RDSBAK_TOOLS") or max(
    glob.glob(os.path.join(testbed.ROOT, "build*", "tests", "tools")), key=os.path.getmtime,
    default="")


def age_journals(directory, seconds):
    """As if what they tell had happened earlier: their times, with checksums made right."""
    for path in glob.glob(os.path.join(directory, "uploads-*")):
        with open(path, encoding="ascii") as file:
            lines = file.read().splitlines()
        with open(path, "w", encoding="ascii") as file:
            for line in lines:
                fields = line.split(" ")[:-1]
                if fields and fields[0] in ("open", "complete", "done"):
                    fields[1] = str(int(fields[1]) - seconds)
                text = " ".join(fields)
                file.write(f"{text} {crc32c.crc32c(text.encode()):08x}\n" if fields else "\n")


class CrashTest(e2e.BedTest):
    """The scripted server, which can hold any request; mounts of the test's own."""

    BED = {"store": "script"}
    MOUNT_ARGS = ("--log-level", "info", "--hold-size", "0", "--part-size", "5MiB")

    def setUp(self):
        self.name = f"{type(self).__name__}-{self._testMethodName}"
        self.state = self.bed.path(f"state-{self.name}")
        os.makedirs(self.state, mode=0o700)
        if self.BED:
            self.addCleanup(self.bed.s3.control, reset=True)

    def rule(self, action, op, key=None, **more):
        self.bed.s3.control(rules=[{"action": action, "op": op, "key": f"^{key or self.name}$",
                                    **more}])

    def mount(self, *arguments, env=None):
        """One mount more; `self.mnt` is the latest."""
        self.mnt = self.bed.mount([*self.MOUNT_ARGS, "--state-dir", self.state, *arguments],
                                  env=env)
        mount = self.bed.find_mount(self.mnt)
        self.addCleanup(lambda: mount in self.bed.mounts and self.bed.drop_mount(mount))
        return os.path.join(self.mnt, self.name)

    def kill(self):
        """kill -9, and the dead mount taken away as its message says."""
        mount = self.bed.find_mount(self.mnt)
        mount.process.kill()
        mount.process.wait()
        self.dead_mount_is_cleaned()

    def dead_mount_is_cleaned(self):
        mount = self.bed.find_mount(self.mnt)
        self.fails(errno.ENOTCONN, os.stat, self.mnt)
        done = self.bed.run(["mount", self.bed.url(), self.mnt, "--foreground",
                             *self.bed.server_args(), "--state-dir", self.state])
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"fusermount3 -uz " + self.mnt.encode(), done.stderr)
        self.tool("fusermount3", "-uz", self.mnt)
        self.bed.mounts.remove(mount)

    def foreign_upload(self, key=None):
        """Somebody else's, of the very key; its id."""
        key = key or self.name
        answer = self.bed.s3.must("POST", self.bed.bucket, key, [("uploads", "")])
        number = testbed.parse_document(answer.body).findtext("UploadId")
        self.bed.s3.must("PUT", self.bed.bucket, key, [("partNumber", 1), ("uploadId", number)],
                         body=bytes(5 * MIB))
        self.addCleanup(self.abort, key, number)
        return number

    def abort(self, key, number):
        self.bed.s3.request("DELETE", self.bed.bucket, key, [("uploadId", number)])

    def uploads(self, key=None):
        return [number for _, number in self.bed.list_uploads(key or self.name)]

    def parts_of(self, number):
        for upload in self.bed.s3.report()["uploads"]:
            if upload["upload_id"] == number:
                return upload["parts"]
        return None

    def log(self, text):
        return [line for line in self.bed.mount_log(self.mnt).splitlines() if text in line]

    def written(self, size=SIZE, flags=os.O_CREAT | os.O_TRUNC, at=None):
        """A process that has written content(size), and has the file open (see `last`)."""
        code = ("fd = os.open(sys.argv[1], os.O_RDWR | int(sys.argv[3]), 0o600)\n"
                "data = open(sys.argv[2], 'rb').read()\n"
                "os.lseek(fd, int(sys.argv[4]), os.SEEK_SET)\n"
                "for start in range(0, len(data), 1 << 20):\n"
                "    os.write(fd, data[start:start + (1 << 20)])\n"
                "print('written', flush=True)\n"
                "step = {'close': os.close, 'fsync': os.fsync}[input()]\n"
                "try:\n    step(fd)\n    print('ok', flush=True)\n"
                "except OSError as error:\n    print(error.errno, flush=True)\n")
        process = self.python(code, os.path.join(self.mnt, self.name),
                              self.source(f"{self.name}.src", content(size)), str(flags),
                              str(at or 0))
        self.addCleanup(self.end_writer, process)
        self.assertEqual(process.stdout.readline(), "written\n")
        return process

    @staticmethod
    def end_writer(process):
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            pipe.close()

    @staticmethod
    def last(process, step):
        """Its last step, which waits for the mount."""
        process.stdin.write(f"{step}\n")
        process.stdin.flush()

    def never_said_ok(self, process):
        """The step that the mount was killed in; None if it was not begun."""
        said = process.communicate()[0].strip()
        self.assertIn(said, [str(errno.ENOTCONN), str(errno.ECONNABORTED)])

    def whole_log(self):
        """Of a mount that nothing happens to."""
        mnt = self.bed.mount(["--log-level", "debug", "--state-dir", self.state], prefix=self.name)
        log_path = self.bed.find_mount(mnt).log_path
        self.assertEqual(self.bed.umount(mnt), 0)
        return e2e.read(log_path).decode()

    def gc(self, *arguments, prefix=None, status=0):
        """What `rdsbak gc --json` says of this test's uploads."""
        done = self.bed.run(["gc", self.bed.url(self.name if prefix is None else prefix), "--json",
                             "--region", self.bed.region, "--endpoint-url", self.bed.s3_url,
                             "--state-dir", self.state, *arguments])
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout)

    def owners(self, *arguments):
        return [(u["owner"], u["action"]) for u in self.gc(*arguments)["uploads"]]

    def next_mount_cleans_up(self, foreign=()):
        """... its own and only its own, and leaves no journal when it ends."""
        before = {number: self.parts_of(number) for number in foreign}
        self.mount()
        self.assertTrue(e2e.eventually(lambda: sorted(self.uploads()) == sorted(foreign)),
                        self.uploads())
        self.assertEqual(self.bed.umount(self.mnt), 0)
        self.assertEqual(os.listdir(self.state), [])
        self.assertEqual(sorted(self.uploads()), sorted(foreign))
        self.assertEqual({number: self.parts_of(number) for number in foreign}, before)


class Copied(CrashTest):
    """A machine that is started from a copy of this one's disk, while a backup is at work here."""

    def asked(self):
        """How often for the uploads of all names, and for an end to this one's."""
        log = self.bed.s3.report()["log"]
        return (sum(entry["op"] == "ListMultipartUploads" for entry in log),
                sum(entry["op"] == "AbortMultipartUpload" and entry["key"] == self.name
                    for entry in log))

    def test_a_copied_machine_leaves_the_upload_of_the_living_one_alone(self):
        path = self.mount()
        self.rule("hold", "UploadPart", nth=2, times=1)
        writer = self.written()
        self.bed.s3.await_held()
        copied = self.bed.path(f"{self.name}-copied")
        os.makedirs(copied, mode=0o700)
        for name in os.listdir(self.state):
            lines = e2e.read(os.path.join(self.state, name)).decode().splitlines()
            fields = lines[0].split(" ")[:-1]
            fields[5], fields[8] = "another-host", "another-start"
            head = " ".join(fields)
            with open(os.path.join(copied, name), "w", encoding="utf-8") as file:
                file.write(f"{head} {crc32c.crc32c(head.encode()):08x}\n" + "\n".join(lines[1:]))
                file.write("\n")
        self.state = copied
        self.assertEqual(self.owners(), [("other", "kept")])
        asked = self.asked()
        there = self.bed.mount([*self.MOUNT_ARGS, "--state-dir", copied])
        self.assertTrue(e2e.eventually(lambda: self.asked() != asked))
        self.assertEqual(self.bed.umount(there), 0)
        self.assertEqual(self.asked()[1], 0)
        self.bed.s3.control(release=True)
        self.last(writer, "close")
        self.assertEqual(writer.communicate()[0].split()[-1], "ok")
        self.same(e2e.read(path), content(SIZE))


class Killed(CrashTest):
    """At each step of a file's way to S3."""

    def test_kill_9_in_mid_upload_leaves_nothing_visible_and_the_next_mount_cleans_up_its_own(self):
        """kill -9 in mid-upload -> nothing visible, the next mount cleans up its own and only its
        own."""
        foreign = self.foreign_upload()
        self.mount()
        self.rule("hold", "UploadPart", nth=2, times=None)
        writer = self.written()
        self.last(writer, "close")
        self.bed.s3.await_held()
        self.assertEqual(len(self.uploads()), 2)
        self.kill()
        self.never_said_ok(writer)
        self.bed.s3.control(reset=True)
        self.assertEqual(self.bed.list(self.name), {})
        self.next_mount_cleans_up([foreign])
        self.assertEqual(self.bed.list(self.name), {})

    def test_an_overwrite_killed_while_fsync_waits_leaves_the_old_object(self):
        write(self.mount(), OLD)
        foreign = self.foreign_upload()
        self.rule("hold", "UploadPart", nth=2, times=None)
        writer = self.written()
        self.last(writer, "fsync")
        self.bed.s3.await_held()
        self.kill()
        self.never_said_ok(writer)
        self.bed.s3.control(reset=True)
        self.same(self.bed.decrypt(self.name), OLD)
        self.next_mount_cleans_up([foreign])
        self.same(self.bed.decrypt(self.name), OLD)

    def test_a_file_that_was_not_sent_yet_leaves_nothing(self):
        """Before Create: what is held in memory is gone, and no upload is begun."""
        self.mount("--hold-size", "64MiB")
        self.written()
        self.kill()
        self.assertEqual(self.bed.list(self.name), {})
        self.assertEqual(self.uploads(), [])
        self.next_mount_cleans_up()

    def killed_at_the_journal(self, **env):
        path = self.mount(env={"LD_PRELOAD": os.path.join(TOOLS, "kill_at.so"),
                               "RDSBAK_KILL_AT": "1", **env})
        with self.assertRaises(OSError):
            write(path, content(SIZE))
        self.assertEqual(self.bed.find_mount(self.mnt).process.wait(e2e.WAIT_S), -signal.SIGKILL)
        self.dead_mount_is_cleaned()
        left = self.uploads()
        self.assertEqual([self.parts_of(number) for number in left], [{}])
        self.assertEqual(self.bed.list(self.name), {})
        return left

    def test_between_create_and_the_journal_an_upload_without_parts_may_stay(self):
        """No process can record what it has not heard of: gc shows it, --force ends it."""
        self.next_mount_cleans_up(foreign=self.killed_at_the_journal())
        self.assertEqual(self.owners(), [("other", "kept")])
        self.assertEqual(self.owners("--force", "--older-than", "0s"), [("other", "ended")])
        self.assertEqual(self.uploads(), [])

    def test_what_has_only_just_come_to_the_journal_is_cleaned_up(self):
        """Killed with the line in the kernel, before it is on the disk, before any part."""
        self.killed_at_the_journal(RDSBAK_KILL_AFTER="1")
        self.next_mount_cleans_up()

    def test_all_parts_sent_but_no_complete_is_nothing(self):
        """The writer has the file open; every byte of it is in S3."""
        self.mount()
        self.written(10 * MIB)
        self.assertTrue(e2e.eventually(
            lambda: self.uploads() and len(self.parts_of(self.uploads()[0])) == 2))
        self.kill()
        self.assertEqual(self.bed.list(self.name), {})
        self.next_mount_cleans_up()

    def test_a_complete_that_the_server_still_works_at_is_left_alone(self):
        """It was sent: the next mount must not race with what may be about to become an object."""
        write(self.mount(), OLD)
        self.rule("hold", "CompleteMultipartUpload", times=None)
        writer = self.written()
        self.last(writer, "close")
        self.bed.s3.await_held()
        self.kill()
        self.never_said_ok(writer)
        self.mount()
        self.assertEqual(self.bed.umount(self.mnt), 0)
        self.assertEqual(self.owners(), [("completing", "kept")])
        self.same(self.bed.decrypt(self.name), OLD)
        self.bed.s3.control(release=True)
        self.assertTrue(e2e.eventually(lambda: not self.uploads()))
        self.same(self.bed.decrypt(self.name), content(SIZE))
        self.next_mount_cleans_up()
        self.same(self.bed.decrypt(self.name), content(SIZE))

    def test_a_complete_that_never_arrived_is_cleaned_up_after_a_while(self):
        write(self.mount(), OLD)
        self.rule("close", "CompleteMultipartUpload", times=None)
        writer = self.written()
        self.last(writer, "close")
        self.assertTrue(e2e.eventually(lambda: [
            entry for entry in self.bed.s3.report()["log"]
            if entry["op"] == "CompleteMultipartUpload" and entry["key"] == self.name
            and entry["fault"] == "close"]))
        self.kill()
        self.never_said_ok(writer)
        self.bed.s3.control(reset=True)
        self.assertEqual(self.owners(), [("completing", "kept")])
        age_journals(self.state, 3600)
        self.next_mount_cleans_up()
        self.same(self.bed.decrypt(self.name), OLD)

    def test_completed_but_not_looked_at_is_whole(self):
        """After Complete, before the HEAD: the writer never hears of it, the object is there."""
        write(self.mount(), OLD)
        writer = self.written()
        self.rule("hold", "HeadObject", times=None)
        self.last(writer, "close")
        self.bed.s3.await_held()
        self.kill()
        self.never_said_ok(writer)
        self.bed.s3.control(reset=True)
        self.same(self.bed.decrypt(self.name), content(SIZE))
        self.next_mount_cleans_up()

    def test_an_append_killed_in_the_servers_copy_leaves_the_old_object(self):
        write(self.mount(), OLD)
        self.rule("hold", "UploadPartCopy", times=None)
        writer = self.written(MIB, os.O_APPEND)
        self.last(writer, "fsync")
        self.bed.s3.await_held()
        self.kill()
        self.never_said_ok(writer)
        self.bed.s3.control(reset=True)
        self.same(self.bed.decrypt(self.name), OLD)
        self.next_mount_cleans_up()
        self.same(self.bed.decrypt(self.name), OLD)

    def test_a_change_in_the_middle_killed_on_its_way_leaves_the_old_object(self):
        for op in ("GetObject", "UploadPart"):
            with self.subTest(op=op):
                write(self.mount(), OLD)
                writer = self.written(MIB, 0, at=3 * MIB)
                self.rule("hold", op, times=None)
                self.last(writer, "close")
                self.bed.s3.await_held()
                self.kill()
                self.never_said_ok(writer)
                self.bed.s3.control(reset=True)
                self.same(self.bed.decrypt(self.name), OLD)
                self.next_mount_cleans_up()

    def renames(self, op, *arguments):
        """Killed in a rename with that request on its way: what is there then, by name."""
        new = self.name + "-new"
        write(self.mount(*arguments), OLD)
        self.bed.s3.control(rules=[{"action": "hold", "op": op, "times": None,
                                    "key": f"^{self.name}"}])
        process = self.python("try:\n    os.rename(sys.argv[1], sys.argv[1] + '-new')\n"
                              "    print('ok')\nexcept OSError as error:\n    print(error.errno)\n",
                              os.path.join(self.mnt, self.name))
        self.bed.s3.await_held()
        self.kill()
        self.never_said_ok(process)
        found = self.bed.list(self.name)
        for name in found:
            self.same(self.bed.decrypt(name), OLD)
        self.bed.s3.control(reset=True)
        self.next_mount_cleans_up()
        return [name for name in (self.name, new) if name in found]

    def test_a_rename_killed_in_its_copy_by_parts_leaves_the_old_name(self):
        self.assertEqual(self.renames("UploadPartCopy", "--copy-object-max", "6MiB"), [self.name])

    def test_a_rename_killed_before_the_old_name_goes_leaves_both(self):
        self.assertEqual(self.renames("DeleteObject"), [self.name, self.name + "-new"])

    def test_an_idle_mount_killed_loses_nothing(self):
        write(self.mount(), OLD)
        self.kill()
        self.same(self.bed.decrypt(self.name), OLD)
        self.next_mount_cleans_up()
        self.same(self.bed.decrypt(self.name), OLD)

    def test_a_killed_put_is_cleaned_up_by_the_next(self):
        source = self.source(f"{self.name}.src", content(SIZE))
        command = ["put", source, self.bed.url(self.name), *self.bed.server_args(),
                   "--state-dir", self.state, "--hold-size", "0", "--part-size", "5MiB"]
        foreign = self.foreign_upload()
        self.rule("hold", "UploadPart", nth=2, times=None)
        with subprocess.Popen([self.bed.binary, *command], env=self.bed.env,
                              stderr=subprocess.DEVNULL) as process:
            self.bed.s3.await_held()
            process.kill()
        self.bed.s3.control(reset=True)
        self.assertEqual(len(self.uploads()), 2)
        self.assertEqual(self.bed.list(self.name), {})
        done = self.bed.run(command)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.uploads(), [foreign])
        self.assertEqual(os.listdir(self.state), [])
        self.same(self.bed.decrypt(self.name), content(SIZE))


class Sweep(CrashTest):
    """What the next mount does when it cannot do what it should."""

    def killed_in_mid_upload(self):
        self.mount()
        self.rule("hold", "UploadPart", nth=2, times=None)
        self.written()
        self.bed.s3.await_held()
        self.kill()
        self.bed.s3.control(reset=True)
        return self.uploads()

    def test_a_slow_server_does_not_delay_the_mount_nor_its_end(self):
        left = self.killed_in_mid_upload()
        self.rule("hold", "AbortMultipartUpload", times=None)
        path = self.mount()
        self.bed.s3.await_held()
        write(path + "-other", b"goes on")
        self.assertEqual(self.bed.umount(self.mnt), 0)
        self.bed.s3.control(reset=True)
        self.next_mount_cleans_up()
        self.assertEqual(len(left), 1)

    def test_what_could_not_be_ended_is_told_and_tried_again_by_the_next_mount(self):
        left = self.killed_in_mid_upload()
        self.rule("access-denied", "AbortMultipartUpload", times=None)
        self.mount()
        self.assertTrue(e2e.eventually(lambda: self.log("could not be ended")))
        self.assertEqual(self.bed.umount(self.mnt), 0)
        self.assertEqual(self.uploads(), left)
        self.bed.s3.control(reset=True)
        self.next_mount_cleans_up()

    def test_another_bucket_s_journal_is_not_touched(self):
        left = self.killed_in_mid_upload()
        other = self.bed.bucket + "-other"
        self.bed.s3.must("PUT", other)
        done = self.bed.run(["put", self.source("small", b"x"), f"s3://{other}/x",
                             *self.bed.server_args(), "--state-dir", self.state])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.uploads(), left)
        self.next_mount_cleans_up()

    def test_two_mounts_do_not_take_each_other_for_dead(self):
        first = self.mount()
        self.rule("hold", "UploadPart", nth=2, times=None)
        writer = self.written()
        self.bed.s3.await_held()
        mine, mount = self.uploads(), self.bed.find_mount(self.mnt)
        self.mount()
        done = self.bed.run(["put", self.source("small", b"x"), self.bed.url("x"),
                             *self.bed.server_args(), "--state-dir", self.state])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.owners("--force", "--older-than", "0s"), [("alive", "kept")])
        self.assertEqual(self.uploads(), mine)
        self.bed.s3.control(reset=True)
        self.last(writer, "close")
        self.assertEqual(writer.communicate()[0], "ok\n")
        self.same(self.bed.decrypt(self.name), content(SIZE))
        self.assertEqual(self.bed.umount(os.path.dirname(first)), 0)
        self.assertIsNotNone(mount.process.poll())

    def test_a_state_directory_that_others_may_write_is_not_used(self):
        """... and the backup goes on."""
        os.chmod(self.state, 0o777)
        path = self.mount()
        self.assertEqual(len(self.log("chmod go-w")), 1)
        write(path, content(SIZE))
        self.assertEqual(os.listdir(self.state), [])
        self.same(self.bed.decrypt(self.name), content(SIZE))
        self.assertEqual(self.bed.umount(self.mnt), 0)


    def test_a_state_directory_on_a_mount_of_ours_is_not_used(self):
        """It would wait for itself."""
        other = os.path.dirname(self.mount())
        inside = os.path.join(other, "state")
        os.mkdir(inside, 0o700)
        path = os.path.join(self.bed.mount([*self.MOUNT_ARGS, "--state-dir", inside]), self.name)
        self.assertIn("FUSE file system", self.bed.mount_log())
        write(path, content(SIZE))
        self.assertEqual(self.bed.umount(), 0)
        self.same(self.bed.decrypt(self.name), content(SIZE))
        self.assertEqual(self.bed.umount(other), 0)


class Gc(CrashTest):
    def test_gc_tells_whose_uploads_are_and_ends_those_of_the_dead(self):
        foreign = self.foreign_upload()
        self.mount()
        self.rule("hold", "UploadPart", nth=2, times=None)
        self.written()
        self.bed.s3.await_held()
        self.assertEqual(sorted(self.owners()), [("alive", "kept"), ("other", "kept")])
        self.kill()
        self.bed.s3.control(reset=True)
        self.assertEqual(sorted(self.owners("--dry-run")),
                         [("died", "would end"), ("other", "kept")])
        self.assertEqual(len(self.uploads()), 2)
        told = self.gc()
        self.assertEqual(told["summary"], {"uploads": 2, "ended": 1, "would_end": 0, "kept": 1,
                                           "failed": 0, "complete": True, "error": None})
        self.assertEqual({u["initiator"] for u in told["uploads"]}, {"test"})
        self.assertEqual(self.uploads(), [foreign])
        self.assertEqual(os.listdir(self.state), [])

    def test_others_are_ended_by_force_only_and_if_they_are_old_enough(self):
        foreign = self.foreign_upload()
        self.assertEqual(self.owners(), [("other", "kept")])
        self.assertEqual(self.owners("--force"), [("other", "kept")])
        self.assertEqual(self.owners("--force", "--older-than", "1h"), [("other", "kept")])
        self.assertEqual(self.uploads(), [foreign])
        self.assertEqual(self.owners("--force", "--older-than", "0s", "--dry-run"),
                         [("other", "would end")])
        self.assertEqual(self.owners("--force", "--older-than", "0s"), [("other", "ended")])
        self.assertEqual(self.uploads(), [])

    def test_uploads_beside_the_prefix_are_not_looked_at(self):
        inside, beside = self.foreign_upload(self.name + "/x"), self.foreign_upload("beside")
        told = self.gc("--force", "--older-than", "0s", prefix=self.name + "/")
        self.assertEqual([u["upload_id"] for u in told["uploads"]], [inside])
        self.assertEqual(self.uploads("beside"), [beside])

    def test_what_cannot_be_ended_is_a_failure(self):
        foreign = self.foreign_upload()
        self.rule("access-denied", "AbortMultipartUpload", times=None)
        told = self.gc("--force", "--older-than", "0s", status=1)
        self.assertEqual(told["summary"]["failed"], 1)
        self.assertIn("AccessDenied", told["uploads"][0]["reason"])
        self.assertEqual(self.uploads(), [foreign])

    def test_an_upload_that_outlives_its_abort_is_aborted_again(self):
        """Parts on their way when it was aborted may keep it: the listing tells."""
        foreign = self.foreign_upload()
        self.rule("not-done", "AbortMultipartUpload", times=2)
        self.assertEqual(self.owners("--force", "--older-than", "0s"), [("other", "ended")])
        self.assertNotIn(foreign, self.uploads())
        again = self.foreign_upload()
        self.rule("not-done", "AbortMultipartUpload", times=3)
        told = self.gc("--force", "--older-than", "0s", status=1)
        self.assertIn("still lists", told["uploads"][0]["reason"])
        self.assertEqual(self.uploads(), [again])

    def test_a_line_for_people(self):
        foreign = self.foreign_upload()
        done = self.bed.run(["gc", self.bed.url(self.name), "--region", self.bed.region,
                             "--endpoint-url", self.bed.s3_url, "--state-dir", self.state])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout.decode(), rf"^kept +other +0m +test +{self.bed.url(self.name)}"
                         rf" +{foreign} +\(.*--force\)\)\n1 unfinished upload: 0 ended, 1 kept")

    def test_wrong_use_is_told(self):
        for arguments in (["--older-than", "1h"], ["--force", "--older-than", "soon"],
                          ["--force", "--older-than", "11y"]):
            done = self.bed.run(["gc", self.bed.url(), "--region", "us-east-1", *arguments])
            self.assertEqual(done.returncode, 2, done.stderr)


class Stopped(CrashTest):
    """SIGTERM, and what is lost by it."""

    def test_sigterm_waits_for_closes_in_flight(self):
        """SIGTERM waits for closes in flight."""
        path = self.mount()
        self.bed.s3.control(rules=[{"action": "hold", "op": "CompleteMultipartUpload",
                                    "key": self.name, "times": None}])
        names = [f"{self.name}-{i}" for i in range(3)]
        writers = [self.python(
            "fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)\n"
            "data = open(sys.argv[2], 'rb').read()\n"
            "[os.write(fd, data[i:i + (1 << 20)]) for i in range(0, len(data), 1 << 20)]\n"
            "os.close(fd)\nprint('ok', flush=True)\n", os.path.join(self.mnt, name),
            self.source(f"{name}.src", content(SIZE, name))) for name in names]
        self.bed.s3.await_held(3)
        mount = self.bed.find_mount(self.mnt)
        mount.process.terminate()
        self.assertTrue(e2e.eventually(lambda: self.log("still open for writing")))
        self.fails(errno.EBUSY, os.open, path, os.O_WRONLY | os.O_CREAT)
        self.assertIsNone(mount.process.poll())
        self.assertTrue(all(writer.poll() is None for writer in writers))
        self.bed.s3.control(release=True)
        for writer in writers:
            self.assertEqual(writer.communicate()[0], "ok\n")
        self.assertEqual(mount.process.wait(e2e.WAIT_S), 0)
        self.bed.mounts.remove(mount)
        self.assertFalse(testbed.is_mounted(self.mnt))
        for name in names:
            self.same(self.bed.decrypt(name), content(SIZE, name))
        self.assertEqual(os.listdir(self.state), [])

    def gives_up(self, *arguments, signals):
        """Stopped with a close in flight that does not end: its writer hears it, the old stays."""
        write(self.mount(*arguments), OLD)
        mount = self.bed.find_mount(self.mnt)
        self.rule("hold", "UploadPart", nth=2, times=None)
        writer = self.written()
        self.last(writer, "close")
        self.bed.s3.await_held()
        for _ in range(signals):
            mount.process.terminate()
            self.assertTrue(e2e.eventually(lambda: self.log("still open for writing")))
        self.assertNotEqual(mount.process.wait(e2e.WAIT_S), 0)
        self.bed.mounts.remove(mount)
        self.assertNotEqual(writer.communicate()[0], "ok\n")
        self.bed.s3.control(reset=True)
        self.same(self.bed.decrypt(self.name), OLD)
        self.next_mount_cleans_up()

    def test_a_second_sigterm_gives_up_a_close_in_flight(self):
        self.gives_up(signals=2)

    def test_stop_timeout_gives_up_a_close_in_flight(self):
        self.gives_up("--stop-timeout", "1", signals=1)


RULE = ("<LifecycleConfiguration><Rule><ID>r</ID><Status>{status}</Status>"
        "<Filter><Prefix>{prefix}</Prefix></Filter><AbortIncompleteMultipartUpload>"
        "<DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"
        "</LifecycleConfiguration>")


class Lifecycle(CrashTest):
    """A mount warns once if nothing would ever end what a lost machine leaves."""

    def set_rule(self, status, prefix):
        body = RULE.format(status=status, prefix=prefix).encode()
        headers = {"Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode()}
        self.bed.s3.must("PUT", self.bed.bucket, query=[("lifecycle", "")], headers=headers,
                         body=body)

    def warned(self):
        found = [line for line in self.whole_log().splitlines() if "lifecycle rule" in line]
        self.assertLessEqual(len(found), 1)
        self.assertTrue(all("aws s3api put-bucket-lifecycle-configuration" in line
                            and self.bed.bucket in line for line in found))
        return bool(found)

    def test_a_bucket_without_a_rule_that_ends_unfinished_uploads_is_warned_of(self):
        self.assertTrue(self.warned())
        for status, prefix, warned in (("Enabled", "", False), ("Disabled", "", True),
                                       ("Enabled", "elsewhere/", True),
                                       ("Enabled", self.name[:5], False),
                                       ("Enabled", self.name + "/deeper", True)):
            with self.subTest(status=status, prefix=prefix):
                self.set_rule(status, prefix)
                self.assertEqual(self.warned(), warned)


class LifecycleOfRgw(Lifecycle):
    BED = {}


class LifecycleForms(CrashTest):
    """Rules of every form that S3 has had."""

    def test_the_soonest_rule_that_covers_the_prefix_counts(self):
        end = ("<AbortIncompleteMultipartUpload><DaysAfterInitiation>{}</DaysAfterInitiation>"
               "</AbortIncompleteMultipartUpload>")
        on, everything = "<Status>Enabled</Status>", "<Filter/>"
        rules = {
            "": None,
            f"<Prefix>{self.name}</Prefix>{on}{end.format(9)}": 9,
            f"<Filter><And><Prefix>{self.name}</Prefix></And></Filter>{on}{end.format(8)}": 8,
            f"{everything}{on}{end.format(7)}</Rule><Rule>{everything}{on}{end.format(5)}": 5,
            f"<Prefix>no</Prefix>{on}{end.format(1)}</Rule><Rule>{everything}{on}{end.format(4)}": 4,
            f"{everything}{on}<Expiration><Days>3</Days></Expiration>": None,
        }
        for rule, days in rules.items():
            with self.subTest(rule=rule):
                self.bed.s3.must("PUT", self.bed.bucket, query=[("lifecycle", "")],
                                 body=f"<LifecycleConfiguration><Rule>{rule}</Rule>"
                                      "</LifecycleConfiguration>".encode())
                self.assertIn(f"own rule after {days} days" if days else "no lifecycle rule",
                              self.whole_log())


class LifecycleUnknown(CrashTest):
    def test_who_may_not_ask_is_not_warned(self):
        for fault in ({"status": 403, "code": "AccessDenied"},
                      {"status": 501, "code": "NotImplemented"}):
            self.bed.s3.control(rules=[{"action": "error", "op": "GetBucketLifecycleConfiguration",
                                        "message": "no", **fault}])
            log = self.whole_log()
            self.assertIn("lifecycle rules: GetBucketLifecycleConfiguration", log)
            self.assertNotIn(" warn: ", log)


# ---- killed at random moments, on a real server

class Campaign:
    """Rounds: a mount, writers, kill -9 at some moment; then S3 is held against the manifests."""

    MOUNT_ARGS = ("--hold-size", "1MiB", "--part-size", "5MiB", "--copy-object-max", "8MiB",
                  "--log-level", "info")

    def __init__(self, bed, seed, writers=3):
        self.bed, self.random, self.writers = bed, random.Random(seed), writers
        self.state = bed.path("campaign-state")
        self.prefix = "campaign/"
        self.manifest = crash_writer.Manifest()
        self.rounds = self.entries = self.unheard_of = 0

    def found(self):
        """Everything that S3 shows, in plaintext, without the program's own help."""
        skip = len(self.prefix)
        return {key[skip:]: self.bed.decrypt(key) for key in self.bed.list(self.prefix)}

    def begin_foreign(self):
        answer = self.bed.s3.must("POST", self.bed.bucket, self.prefix + "foreign",
                                  [("uploads", "")])
        return testbed.parse_document(answer.body).findtext("UploadId")

    def start_writers(self, mnt, folder):
        os.makedirs(folder)
        processes = []
        for number in range(self.writers):
            arguments = [mnt, os.path.join(folder, str(number)),
                         f"r{self.rounds}w{number}", str(self.random.random())]
            processes.append(subprocess.Popen(
                [e2e.PYTHON, "-B", WRITER, *arguments], stdout=subprocess.PIPE,
                stdin=subprocess.DEVNULL))
        for process in processes:
            process.stdout.readline()
        return processes

    def kill_somewhen(self, mount, processes):
        """Some of the moments that matter are short: many rounds find them."""
        time.sleep(self.random.uniform(0.05, 2.5))
        mount.process.kill()
        mount.process.wait()
        for process in processes:
            process.communicate()
        subprocess.run(["fusermount3", "-uz", mount.path], check=True)
        self.bed.mounts.remove(mount)

    def round(self, foreign):
        self.rounds += 1
        mnt = self.bed.mount([*self.MOUNT_ARGS, "--state-dir", self.state], prefix=self.prefix)
        mount, folder = self.bed.find_mount(mnt), self.bed.path(f"manifest-{self.rounds}")
        self.wait_for_the_sweep(foreign)
        self.kill_somewhen(mount, self.start_writers(mnt, folder))
        for path in sorted(glob.glob(os.path.join(folder, "*"))):
            self.manifest.read(path)
        found = self.check()
        self.entries += len(found)
        for name in found:
            self.bed.delete(self.prefix + name)
        self.manifest.let_go()

    def check(self):
        """What S3 shows; nothing of it may be unknown, nothing may lack."""
        found = self.found()
        faults = self.manifest.faults(found)
        if faults:
            raise AssertionError(f"round {self.rounds}: " + "; ".join(faults))
        return found

    def parts_of(self, key, number):
        answer = self.bed.s3.request("GET", self.bed.bucket, key, [("uploadId", number)])
        if answer.status == 404:  # ended since it was listed
            return 0
        return len(list(testbed.parse_document(answer.body).iter("Part")))

    def wait_for_the_sweep(self, foreign):
        """Of the dead nothing stays but an upload that S3 was just making: it has no parts."""
        def left():
            return [(key, number) for key, number in self.bed.list_uploads(self.prefix)
                    if number != foreign and self.parts_of(key, number) > 0]

        if not e2e.eventually(lambda: not left() and self.is_swept()):
            raise AssertionError(f"round {self.rounds}: left are {left()}, {os.listdir(self.state)}")
        for key, number in self.bed.list_uploads(self.prefix):
            if number != foreign:
                self.unheard_of += 1
                self.bed.s3.request("DELETE", self.bed.bucket, key, [("uploadId", number)])

    def is_swept(self):
        """The living mount's is the only journal."""
        return len(os.listdir(self.state)) <= 1

    def run(self, seconds):
        foreign = self.begin_foreign()
        end = time.monotonic() + seconds
        while self.rounds < 2 or time.monotonic() < end:
            self.round(foreign)
            age_journals(self.state, 3600)
        mnt = self.bed.mount([*self.MOUNT_ARGS, "--state-dir", self.state], prefix=self.prefix)
        self.wait_for_the_sweep(foreign)
        if self.bed.umount(mnt) != 0 or os.listdir(self.state):
            raise AssertionError(f"after {self.rounds} rounds: {os.listdir(self.state)}")
        if (self.prefix + "foreign", foreign) not in self.bed.list_uploads(self.prefix):
            raise AssertionError("somebody else's upload was ended")
        print(f"{self.rounds} mounts killed, {self.entries} objects held against the manifests, "
              f"{self.unheard_of} uploads without parts whose Create was not answered yet",
              flush=True)


class RandomMoments(unittest.TestCase):
    SECONDS, SEED = 15, "1"

    def test_what_was_acknowledged_before_a_kill_9_is_whole(self):
        print(f"seed {self.SEED}", flush=True)
        with testbed.Testbed() as bed:
            Campaign(bed, self.SEED).run(self.SECONDS)


def main():
    if "--seconds" in sys.argv:
        at = sys.argv.index("--seconds")
        RandomMoments.SECONDS, RandomMoments.SEED = float(sys.argv[at + 1]), str(time.time_ns())
        del sys.argv[at:at + 2]
        if "--seed" in sys.argv:
            at = sys.argv.index("--seed")
            RandomMoments.SEED = sys.argv[at + 1]
            del sys.argv[at:at + 2]
        sys.argv.append("RandomMoments")
    unittest.main()


if __name__ == "__main__":
    main()
