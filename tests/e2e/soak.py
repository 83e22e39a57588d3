#!/usr/bin/python3
"""Accelerated days of backups on a real S3 server: is anything lost, left behind, or growing?

    soak.py [--seconds 600] [--seed S]

Two mounts of one bucket. `steady` lives as long as the run, and is watched: memory, descriptors,
threads, lines of the log. `restless` is unmounted, stopped and killed. On both, each day: a full
backup, stripes, log backups that are appended, a differential one, reads, renames, removals; and now
and then a writer that is killed, KMS out of order, objects under another key, new credentials. What
must be in the bucket is known at any time, and looked at each night with another reader.

The last lines are a report; exit status 1 if anything was found.
"""

import argparse
import collections
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time

import e2e
from e2e import KIB, MIB
import testbed

MIN_PART = 64 * KIB
OPTIONS = ["--part-min", str(MIN_PART), "--part-size", str(MIN_PART), "--hold-size", "256KiB",
           "--memory-limit", "64MiB", "--log-level", "info", "--profile", "soak"]
KEEP_DAYS = 3
# What may come between the second quarter of a run and its last: noise, no growth with the days.
# Before that the connections that are kept idle are still being made: 40 and more for each server.
GROWTH_SECONDS_MIN = 60
GROWTH_MAX = {"rss_mib": 8, "fds": 8, "threads": 8, "log_lines": 20, "uploads": 0}


class Finding(Exception):
    """What must not be."""


class Server:
    """One mount, and what has to be in it: {name: bytes}."""

    def __init__(self, soak, name):
        self.soak, self.bed, self.name = soak, soak.bed, name
        self.holds = {}
        self.mnt = None
        self.start()

    def start(self):
        self.mnt = self.bed.mount(
            [*OPTIONS, "--decrypt-key", self.soak.second_key, "--spool-dir", self.soak.spool],
            prefix=self.name, env={"AWS_CONFIG_FILE": self.bed.path("none")})
        self.process = self.bed.find_mount(self.mnt).process

    def stop(self):
        status = self.bed.umount(self.mnt)
        if status != 0:
            raise Finding(f"{self.name}: exit status {status}")

    def kill(self):
        """In the middle of an upload that nobody has declared durable."""
        fd = os.open(self.at("unfinished"), os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, e2e.content(MIB, self.soak.seed))
        self.process.kill()
        self.process.wait()
        try:
            os.close(fd)
        except OSError:
            pass
        self.bed.drop_mount(self.bed.find_mount(self.mnt))
        self.start()
        if os.path.exists(self.at("unfinished")):
            raise Finding("what was never finished shows")

    def at(self, name):
        return os.path.join(self.mnt, name)

    def key(self, name):
        return f"{self.name}/{name}"

    # -- what a day is made of

    def write(self, name, data, append=False, presize=False):
        flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_TRUNC)
        fd = os.open(self.at(name), flags, 0o600)
        try:
            if presize:
                os.ftruncate(fd, 2 * len(data))
            e2e.write_all(fd, data)
            if presize:
                os.fsync(fd)
                os.ftruncate(fd, len(data))
        finally:
            os.close(fd)
        self.holds[name] = (self.holds.get(name, b"") if append else b"") + data
        self.soak.count("files" if not append else "appends", len(data))

    def stripes(self, day, rng):
        pieces = [self.soak.data(rng, 700 * KIB) for _ in range(4)]
        threads = [threading.Thread(target=self.write, args=(f"stripe-{day}-{i}", piece),
                                    kwargs={"presize": True}) for i, piece in enumerate(pieces)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for i, piece in enumerate(pieces):
            if self.holds.get(f"stripe-{day}-{i}") != piece:
                raise Finding(f"stripe {i} of day {day} was not written")

    def read(self, name):
        if e2e.read(self.at(name)) != self.holds[name]:
            raise Finding(f"{self.name}/{name} reads differently")
        self.soak.count("reads", len(self.holds[name]))

    def killed_writer(self, name):
        """Its file stays as it was."""
        code = ("import os, sys, time\nfd = os.open(sys.argv[1], os.O_WRONLY | os.O_TRUNC)\n"
                "os.write(fd, bytes(900000)); print('written', flush=True); time.sleep(600)")
        with subprocess.Popen([e2e.PYTHON, "-c", code, self.at(name)], stdout=subprocess.PIPE,
                              text=True) as writer:
            writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)
        e2e.eventually(lambda: not self.bed.list_uploads(self.key(name)))
        self.read(name)
        self.soak.count("writers killed")

    def without_kms(self, name):
        """An open fails, unless a key was asked for ahead: then the file is as good as any."""
        self.bed.kms.control(outage=True)
        try:
            self.write(name, b"soon or never")
            self.soak.count("made with a key from before KMS went")
        except OSError:
            self.soak.count("refused without KMS")
        finally:
            self.bed.kms.control(outage=False)

    def rewrap(self, name):
        done = self.bed.run(["rewrap", self.bed.url(self.key(name)), "--to-key",
                             self.soak.second_key, "--part-min", str(MIN_PART), "--decrypt-key",
                             self.bed.key_arn, *self.bed.server_args()[2:]])
        if done.returncode != 0:
            raise Finding(f"rewrap: {done.stderr.decode()}")
        self.soak.count("rewraps")

    def verify(self, name):
        done = self.bed.run(["verify", self.bed.url(self.key(name)), "--decrypt-key",
                             self.soak.second_key, *self.bed.server_args()])
        # Exit status 0 or 1 is about what a backup proves; that it was read is in both.
        if b"cannot" in done.stderr or done.returncode not in (0, 1):
            raise Finding(f"verify: {done.stderr.decode()}")
        self.soak.count("verifies")

    def forget(self, name):
        os.unlink(self.at(name))
        del self.holds[name]
        self.soak.count("removals")

    def day(self, day, rng):
        self.write(f"full-{day}", self.soak.data(rng, 3 * MIB), presize=True)
        self.stripes(day, rng)
        self.write(f"diff-{day}", self.soak.data(rng, 600 * KIB))
        self.write(f"log-{day}", self.soak.data(rng, 100 * KIB))
        for _ in range(6):
            self.write(f"log-{day}", self.soak.data(rng, 60 * KIB), append=True)
        for name in rng.sample(sorted(self.holds), 3):
            self.read(name)
        os.rename(self.at(f"diff-{day}"), self.at(f"kept-{day}"))
        self.holds[f"kept-{day}"] = self.holds.pop(f"diff-{day}")
        self.soak.count("renames")
        for name in [n for n in self.holds if int(n.split("-")[1]) <= day - KEEP_DAYS]:
            self.forget(name)
        action = rng.choice([self.killed_writer, self.rewrap, self.verify, self.without_kms])
        action(f"kept-{day}" if action != self.without_kms else f"none-{day}")
        os.listdir(self.mnt)


class Soak:
    def __init__(self, bed, options):
        self.bed, self.seed = bed, options.seed
        self.until = time.monotonic() + options.seconds
        self.done, self.moved = collections.Counter(), 0
        self.samples = collections.defaultdict(list)
        self.second_key = bed.create_key()
        self.spool = bed.path("spool")
        os.makedirs(self.spool)
        self.rotate()
        self.pool = random.Random(self.seed).randbytes(8 * MIB)
        self.lock = threading.Lock()

    def count(self, what, size=0):
        with self.lock:
            self.done[what] += 1
            self.moved += size

    def data(self, rng, about):
        size = rng.randrange(about // 2, about)
        at = rng.randrange(len(self.pool) - size)
        return self.pool[at:at + size]

    def rotate(self):
        """New credentials, as a tool that rotates them puts them there."""
        folder = self.bed.path("home", ".aws")
        os.makedirs(folder, exist_ok=True)
        known = self.bed.credentials
        with open(os.path.join(folder, "new"), "w", encoding="ascii") as file:
            file.write(f"[soak]\naws_access_key_id = {known.access_key}\n"
                       f"aws_secret_access_key = {known.secret_key}\n# {time.time()}\n")
        os.rename(os.path.join(folder, "new"), os.path.join(folder, "credentials"))

    def sample(self, server):
        pid = server.process.pid
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        lines = len(self.bed.mount_log(server.mnt).splitlines())
        self.samples["rss_mib"].append(int(fields["VmRSS"].split()[0]) / 1024)
        self.samples["fds"].append(len(os.listdir(f"/proc/{pid}/fd")))
        self.samples["threads"].append(int(fields["Threads"]))
        self.samples["log_total"].append(lines)
        before = self.samples["log_total"][-2] if len(self.samples["log_total"]) > 1 else 0
        self.samples["log_lines"].append(lines - before)
        self.samples["uploads"].append(len(self.bed.list_uploads(server.name)))

    def night(self, server):
        """Exactly what has to be there is there, for a reader of another make too."""
        found = self.bed.list(server.name + "/")
        expected = {server.key(name) for name in server.holds}
        if set(found) != expected:
            raise Finding(f"in the bucket but for nothing: {set(found) - expected}; missing: "
                          f"{expected - set(found)}")
        for name in random.sample(sorted(server.holds), 2):
            if self.bed.decrypt(server.key(name)) != server.holds[name]:
                raise Finding(f"{server.key(name)} decrypts to something else")

    def sweep(self, server):
        """After a kill, what the next mount has not taken away itself, as a lifecycle rule would."""
        for key, upload in self.bed.list_uploads(server.name):
            self.bed.s3.must("DELETE", self.bed.bucket, key, [("uploadId", upload)])
            self.done["uploads of killed daemons left to the lifecycle rule"] += 1

    def run(self):
        steady, restless = Server(self, "steady"), Server(self, "restless")
        day, rng = 0, random.Random(self.seed)
        while time.monotonic() < self.until or day < 8:
            day += 1
            for server in (steady, restless):
                server.day(day, rng)
                self.night(server)
            self.sample(steady)
            if day % 3 == 0:
                self.rotate()
                self.count("new credentials")
            if day % 5 == 0:
                restless.kill()
                self.sweep(restless)
                self.count("daemons killed")
            elif day % 2 == 0:
                restless.stop()
                restless.start()
                self.count("daemons stopped")
        for server in (steady, restless):
            for name in server.holds:
                server.read(name)
            server.stop()
        self.done["days"] = day
        if self.bed.list_uploads():
            raise Finding(f"uploads are left: {self.bed.list_uploads()}")

    def growth(self):
        """{what: (second quarter, last quarter)}, medians."""
        found = {}
        for what in GROWTH_MAX:
            series = self.samples[what]
            quarter = max(1, len(series) // 4)
            found[what] = (statistics.median(series[quarter:2 * quarter]),
                           statistics.median(series[-quarter:]))
        return found

    def report(self, seconds):
        print(f"soak: seed {self.seed}, {seconds:.0f} s, {self.moved / MIB:.0f} MiB moved; "
              + ", ".join(f"{n} {what}" for what, n in sorted(self.done.items())))
        grown = []
        for what, (early, late) in self.growth().items():
            bad = seconds >= GROWTH_SECONDS_MIN and late - early > GROWTH_MAX[what]
            print(f"  {what:10} a day: {early:.1f} in the second quarter, {late:.1f} in the last, "
                  f"most {max(self.samples[what]):.1f}{'  GROWS' if bad else ''}")
            grown += [what] if bad else []
        if seconds < GROWTH_SECONDS_MIN:
            print("  too short a run to tell growth from warming up")
        return grown


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    with testbed.Testbed(rgw_env={"RGW_MIN_PART": str(MIN_PART)}) as bed:
        soak = Soak(bed, options)
        try:
            soak.run()
        except (Finding, OSError, AssertionError, testbed.TestbedError) as error:
            print(f"soak: {type(error).__name__}: {error}", file=sys.stderr)
            for mount in bed.mounts:
                print(testbed.tail(mount.log_path, 20), file=sys.stderr)
            return 1
        return 1 if soak.report(time.monotonic() - began) else 0


if __name__ == "__main__":
    sys.exit(main())
