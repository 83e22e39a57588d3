#!/usr/bin/python3
"""A mount whose every request may be spoiled on its way to a real server and a KMS, from a seed.

  fault_proxy_test.py [--seconds S] [--seed N] [--rate R]

Writers create, replace, extend, sync, rename, remove and read files of several sizes. Held all the
while, by looking at the bucket directly: after a close or fsync that returned 0 the object is
exactly the content; after any failure it is the content before or after, or what was synced, never
a mixture; what can be read through the mount is that, too. At the end: the mount ends, no upload is
left but those of which the log tells, and those whose making was never answered.
"""

import argparse
import concurrent.futures
import os
import random
import re
import subprocess
import sys
import threading
import time
import unittest

import e2e
import faultproxy
from e2e import KIB, MIB

WRITERS = 4
NAMES = 3  # of each writer
FIXED_SEED = 20250101
FORMATS = ("rds", "rds", "gcm", "commit")  # by the seed
BED = {"rgw_env": {"RGW_MIN_PART": str(64 << 10)}}
# Not 0: a new file that stays empty is made after close() has returned.
SIZES = (1, 16, 4096, 100 * KIB, 128 * KIB, 300 * KIB + 5, MIB, 3 * MIB + 17)
STUCK_S = 900  # an operation that takes longer than all its deadlines together


class Wrong(Exception):
    """What must not be."""


class Writer:
    """One thread's files; `may` is what the bucket may hold of each (None: nothing)."""

    def __init__(self, campaign, number):
        self.campaign, self.number = campaign, number
        self.rng = random.Random(f"{campaign.seed}/{number}")
        self.may = {f"w{number}-{i}": {None} for i in range(NAMES)}
        self.done = self.failed = self.failed_but_there = 0

    def run(self, until):
        operations = [self.replace] * 5 + [self.extend] * 2 + [self.copy_by_cp, self.rename,
                                                               self.remove, self.read_back]
        while time.monotonic() < until and not self.campaign.stopping.is_set():
            operation, name = self.rng.choice(operations), self.rng.choice(sorted(self.may))
            what = f"writer {self.number}, operation {self.done}: {operation.__name__} {name}"
            self.campaign.now[self.number] = (what, time.monotonic())
            try:
                operation(name)
            except OSError as error:
                self.failed += 1
                self.campaign.note(f"{what}: {error}")
            self.done += 1
            for one in sorted(self.may):
                self.hold(one, what)
        self.campaign.now.pop(self.number, None)

    def path(self, name):
        return os.path.join(self.campaign.mount, name)

    def hold(self, name, what):
        """The object is one of those that it may be, and from now on that one."""
        bed = self.campaign.bed
        found = None if bed.head(name).status == 404 else bed.decrypt(name)
        if found not in self.may[name]:
            sizes = [None if c is None else len(c) for c in self.may[name]]
            raise Wrong(f"{name} has {'nothing' if found is None else f'{len(found)} bytes'} in "
                        f"the bucket, where one of {sizes} may be; after {what}")
        if len(self.may[name]) > 1:
            self.may[name] = {found}

    def content(self):
        size = self.rng.choice(SIZES)
        return self.rng.randbytes(size)

    def write(self, fd, name, before, data):
        """Writes and perhaps syncs; what the file has now."""
        at = 0
        while at < len(data):
            step = self.rng.choice((4096, 64 * KIB, 512 * KIB, MIB))
            at += os.write(fd, data[at:at + step])
            if self.rng.random() < 0.1:
                whole = before + data[:at]
                self.may[name].add(whole)  # should it fail: perhaps, too
                os.fsync(fd)
                self.may[name] = {whole}
        return before + data

    def close(self, fd, name, whole):
        old = set(self.may[name])
        self.may[name] = old | {whole}
        os.close(fd)
        self.may[name] = {whole}

    def put(self, name, flags, before, data):
        fd = os.open(self.path(name), os.O_WRONLY | flags, 0o600)
        try:
            whole = self.write(fd, name, before, data)
        except OSError:
            try:
                os.close(fd)
            except OSError:
                pass
            else:
                raise Wrong(f"{name}: close() returned 0 after a write or fsync failed") from None
            raise
        self.close(fd, name, whole)

    def replace(self, name):
        self.put(name, os.O_CREAT | os.O_TRUNC, b"", self.content())

    def extend(self, name):
        (before,) = self.may[name]
        self.put(name, os.O_CREAT | os.O_APPEND, before or b"", self.content() or b"x")

    def copy_by_cp(self, name):
        data = self.content()
        source = os.path.join(self.campaign.folder, f"source-{self.number}")
        with open(source, "wb") as file:
            file.write(data)
        self.may[name] |= {data, b""}
        done = subprocess.run(["cp", source, self.path(name)], stderr=subprocess.PIPE, check=False,
                              timeout=STUCK_S)
        if done.returncode != 0:
            raise OSError(0, done.stderr.decode(errors="replace").strip())
        self.may[name] = {data}

    def rename(self, name):
        other = self.rng.choice(sorted(set(self.may) - {name}))
        (content,), (old,) = self.may[name], self.may[other]
        if content is None:
            return
        self.may[name], self.may[other] = {content, None}, {old, content}
        os.rename(self.path(name), self.path(other))
        self.may[name], self.may[other] = {None}, {content}

    def remove(self, name):
        (content,) = self.may[name]
        if content is None:
            return
        self.may[name] = {content, None}
        os.unlink(self.path(name))
        self.may[name] = {None}

    def read_back(self, name):
        (content,) = self.may[name]
        if content is None:
            return
        found = e2e.read(self.path(name))
        if found != content:
            raise Wrong(f"{name}: {len(found)} bytes were read that are not the {len(content)} "
                        "of the object")


class Campaign:
    """One seed, one mount, one proxy before each server."""

    def __init__(self, bed, seed, rate=0.15, kinds=faultproxy.USUAL + ("refuse",)):
        self.bed, self.seed = bed, seed
        self.stopping = threading.Event()
        self.now, self.notes = {}, []
        self.s3 = faultproxy.FaultProxy(bed.s3_url, seed, rate, kinds=kinds)
        self.kms = faultproxy.FaultProxy(bed.kms_url, seed, rate / 2, service="kms", kinds=[
            kind for kind in kinds if kind not in ("spoil_body", "stall")])
        self.folder = bed.path(f"faults-{seed}")
        os.makedirs(self.folder, exist_ok=True)

    def note(self, text):
        self.notes.append(text)

    def start_mount(self):
        # What is not about files under way: the checks of the start are not to fail.
        for proxy in (self.s3, self.kms):
            proxy.rate, proxy.usual_rate = 0, proxy.rate
        options = ["--part-min", "64KiB", "--part-size", "128KiB", "--hold-size", "256KiB",
                   "--memory-limit", "64MiB", "--log-level", "info",
                   "--format", FORMATS[self.seed % len(FORMATS)]]
        self.mount = self.bed.mount(options, arguments=[
            "--kms-key-id", self.bed.key_arn, "--region", self.bed.region,
            "--endpoint-url", self.s3.url, "--kms-endpoint-url", self.kms.url])
        self.process = self.bed.find_mount(self.mount).process
        self.log_path = self.bed.find_mount(self.mount).log_path
        for proxy in (self.s3, self.kms):
            proxy.rate = proxy.usual_rate

    def run(self, seconds):
        self.start_mount()
        writers = [Writer(self, number) for number in range(WRITERS)]
        until = time.monotonic() + seconds
        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            futures = [pool.submit(writer.run, until) for writer in writers]
            try:
                self.watch(futures)
            except BaseException:
                self.stopping.set()
                self.bed.drop_mount(self.bed.find_mount(self.mount))  # who hangs in it goes on
                raise
        self.finish(writers)
        return writers

    def watch(self, futures):
        while not all(future.done() for future in futures):
            concurrent.futures.wait(futures, 1, concurrent.futures.FIRST_EXCEPTION)
            for future in futures:
                if future.done():
                    future.result()
            for what, since in list(self.now.values()):
                if time.monotonic() - since > STUCK_S:
                    raise Wrong(f"stuck: {what}")
            if self.process.poll() is not None:
                raise Wrong(f"the mount has ended with status {self.process.returncode}")
        for future in futures:
            future.result()

    def finish(self, writers):
        """Without faults now: what is there can be read, and the mount ends."""
        self.s3.quiet()
        self.kms.quiet()
        for writer in writers:
            for name in sorted(writer.may):
                writer.hold(name, "the end")
                writer.read_back(name)
        status = self.bed.umount(self.mount, timeout_s=STUCK_S)
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            log = file.read()
        if status < 0 or (status != 0 and not any(writer.failed for writer in writers)):
            raise Wrong(f"exit status {status}\n{log[-3000:]}")
        self.hold_uploads(log)

    def hold_uploads(self, log):
        told = set(re.findall(r"unfinished upload (\S+) could not be aborted", log))
        left = {upload for _, upload in self.bed.list_uploads()}
        unknown = left - told - self.s3.lost_uploads()
        if unknown:
            raise Wrong(f"uploads are left that nobody tells of: {unknown}\n{log[-3000:]}")
        for key, upload in self.bed.list_uploads():
            self.bed.s3.must("DELETE", self.bed.bucket, key, query=[("uploadId", upload)])

    def close(self):
        self.s3.close()
        self.kms.close()


def one_round(bed, seed, seconds, **options):
    """What it did, as a line; Wrong says how to do it again."""
    campaign = Campaign(bed, seed, **options)
    print(f"seed {seed}: {seconds} s, {FORMATS[seed % len(FORMATS)]}", flush=True)
    try:
        writers = campaign.run(seconds)
    except Exception as error:
        print("\n".join(campaign.notes[-20:]))
        raise Wrong(f"seed {seed}: {error}\n(again: fault_proxy_test.py --seconds {seconds} "
                    f"--seed {seed})\n{campaign.s3.report()}") from error
    finally:
        campaign.close()
    for key in bed.list("w"):
        bed.delete(key)
    report = campaign.s3.report()
    print(f"seed {seed}: {sum(w.done for w in writers)} operations, "
          f"{sum(w.failed for w in writers)} failed; {report['requests']} requests, "
          f"{sum(report['faults'].values())} spoiled: {report['faults']}; "
          f"KMS {campaign.kms.report()}", flush=True)
    return writers, report


class FaultProxyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bed = e2e.shared_bed(BED)

    def short(self, seed):
        writers, report = one_round(self.bed, seed, 12)
        # Else the test sees nothing: far fewer than there are, on any machine.
        self.assertGreater(sum(writer.done - writer.failed for writer in writers), WRITERS)
        self.assertGreater(sum(report["faults"].values()), 5)

    def test_what_was_acknowledged_is_in_the_bucket_whatever_the_wire_does(self):
        self.short(FIXED_SEED)

    def test_what_was_acknowledged_is_in_the_bucket_with_a_seed_of_today(self):
        self.short(int(time.time()) % 1000000)


def main():
    parser = argparse.ArgumentParser(description="Spoiled requests, for as long as wanted.")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 1000000,
                        help="the first seed (default: by the clock)")
    parser.add_argument("--rate", type=float, default=0.15, help="of spoiled requests")
    options = parser.parse_args()
    bed = e2e.shared_bed(BED)
    deadline, seed = time.monotonic() + options.seconds, options.seed
    while time.monotonic() < deadline:
        # Rounds with requests that stall until they are given up, and without.
        kinds = faultproxy.USUAL + (("refuse", "stall") if seed % 2 else ("refuse",))
        left = max(5, min(60, deadline - time.monotonic()))
        one_round(bed, seed, int(left), rate=options.rate, kinds=kinds)
        seed += 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("--"):
        sys.exit(main())
    unittest.main()
