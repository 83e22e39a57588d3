#!/usr/bin/python3
"""Traces drawn at random (tests/tools/draw_traces.py), replayed on a real mount and on a plain
directory at once, under mount options that are drawn too.

After each fsync and close that returns 0 the object is opened by the independent reader and compared
(replay --judge); after the trace every file is, through the mount and again from outside; nothing is
left of any upload. Without a spool directory a mount may refuse to go back over what it has sent:
then the file must be what was promised last. With one it must never refuse.

  drawn_traces_test.py [--seconds S] [--first SEED] [--grammar NAME] [--profile NAME]

A failure prints the line that does it again. RDSBAK_SEED=N moves the seeds of the unittest run,
RDSBAK_FORMAT=NAME has the mounts write that format.
"""

import argparse
import concurrent.futures
import os
import random
import shlex
import shutil
import subprocess
import sys
import time
import unittest

import e2e
from e2e import KIB, MIB

TOOLS = os.environ.get("RDSBAK_TOOLS", os.path.join(e2e.testbed.ROOT, "build-test/tests/tools"))
SOURCE = os.path.join(e2e.testbed.ROOT, "tests/tools")
sys.path.insert(0, SOURCE)

import draw_traces  # noqa: E402  pylint: disable=wrong-import-position

AT_ONCE = 2  # traces on a mount, each in a directory of its own
BED = {"rgw_env": {"RGW_MIN_PART": str(64 << 10)}}

FORMAT = ["--format", os.environ["RDSBAK_FORMAT"]] if os.environ.get("RDSBAK_FORMAT") else []

# What a mount may do with a file that goes back over what was sent, if it has no spool; the first is
# the cause, the others follow it. Reading what is on its way is EBUSY for the same reason.
WITHOUT_SPOOL = [f"{operation}=EOPNOTSUPP" for operation in
                 ("write", "trunc", "fsync", "fdatasync", "flush", "release")] + ["read=EBUSY"]
ALWAYS = ["rename=EBUSY"]  # of a file that is being written, by design


class Profile:
    """Options of a mount. `part` is what the traces take their borders from."""

    def __init__(self, name, part, hold, spool, memory, more):
        self.name, self.part, self.spool = name, part, spool
        self.roomy = memory >= 64 * MIB and "--window" not in more
        # A trace's share of the files that the memory allows: more at once may be ENOMEM, by design.
        self.files = min(64, memory // (256 * KIB) // AT_ONCE)
        self.options = ["--part-min", "64KiB", "--part-size", str(part), "--hold-size", str(hold),
                        "--memory-limit", str(memory), *more]


def profile_of(seed, spool):
    """Options drawn from a seed."""
    rng = random.Random(f"profile/{seed}")
    part = rng.choice([64 * KIB, 128 * KIB, 128 * KIB, 192 * KIB, 256 * KIB])
    more = []
    if rng.random() < 0.4:
        more += ["--window", str(rng.choice([256 * KIB, MIB, 4 * MIB]))]
    if rng.random() < 0.3:
        more += ["--connections", str(rng.choice([1, 2, 16]))]
    hold = rng.choice([0, 0, 0, part, 10 * part])
    memory = rng.choice([2, 4, 16, 64, 512]) * MIB
    return Profile(f"{'spool' if spool else 'no-spool'}-{seed}", part, hold, spool, memory, more)


class Campaign:
    """Traces on one bed, a mount for several of them."""

    def __init__(self, bed):
        self.bed = bed
        self.count = self.refused = 0
        self.failures = []

    def again(self, profile, grammar, seed):
        spool = ["--spool"] if profile.spool else []
        number = profile.name.rsplit("-", 1)[1]
        return shlex.join([os.path.relpath(__file__, e2e.testbed.ROOT), "--grammar", grammar,
                           "--first", str(seed), "--profile", number, *spool, "--count", "1"])

    def judge(self, prefix):
        return shlex.join([e2e.PYTHON, "-B", os.path.join(SOURCE, "object_judge.py"), "--region",
                           e2e.testbed.REGION, "--endpoint-url", self.bed.s3_url,
                           "--kms-endpoint-url", self.bed.kms_url, self.bed.url(prefix)])

    def command(self, profile, grammar, seed, trace, mount, plain, prefix):
        rng = random.Random(f"{profile.name}/{grammar}/{seed}")
        # With room enough what goes forward only is never refused, spool or not.
        refusable = not profile.spool and (grammar in draw_traces.REWRITES or not profile.roomy)
        allowed = ALWAYS + (WITHOUT_SPOOL if refusable else [])
        options = [part for error in allowed for part in ("--allow-error", error)]
        return [os.path.join(TOOLS, "replay"), "--mount", mount, "--plain", plain, "--seed",
                str(seed), "--deliver", rng.choice(["threads", "threads", "aio", "serial"]), "--keep",
                "--judge", self.judge(prefix), *options, trace]

    def outside(self, prefix, plain):
        """What is wrong with the bucket after a trace."""
        names = sorted(os.listdir(plain))
        keys = e2e.eventually(lambda: self.has_keys(prefix, names))
        wrong = [] if keys else [f"objects {sorted(self.bed.list(prefix + '/'))}, files {names}"]
        for name in names if keys else ():
            expected = e2e.read(os.path.join(plain, name))
            found = self.bed.decrypt(f"{prefix}/{name}")
            if found != expected:
                wrong.append(f"object {name}: {len(found)} bytes, not the {len(expected)}")
        if not e2e.eventually(lambda: not self.bed.list_uploads(prefix + "/")):
            wrong.append(f"uploads left: {self.bed.list_uploads(prefix + '/')}")
        return wrong

    def has_keys(self, prefix, names):
        return sorted(self.bed.list(prefix + "/")) == [f"{prefix}/{name}" for name in names]

    def replay(self, profile, mount, grammar, seed):
        """One trace; what went wrong."""
        prefix = f"{profile.name}-{grammar}-{seed}"
        plain, inside = self.bed.path(f"plain-{prefix}"), os.path.join(mount, prefix)
        os.makedirs(plain)
        os.makedirs(inside)
        trace = self.bed.path(f"{prefix}.trace")
        with open(trace, "w", encoding="ascii") as file:
            file.write(draw_traces.draw(grammar, seed, profile.part, 24 * profile.part,
                                        profile.files))
        mark = len(self.bed.mount_log(mount))
        try:
            done = subprocess.run(
                self.command(profile, grammar, seed, trace, inside, plain, prefix),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900, check=False,
                env=self.bed.env)
            text, status = done.stdout.decode(errors="replace"), done.returncode
        except subprocess.TimeoutExpired as error:
            text, status = f"no end after 900 s: {error.output!r}"[-2000:], -1
        wrong = [text[:3000]] if status else self.outside(prefix, plain)
        self.count += 1
        self.refused += ", 0 files refused" not in text
        if wrong:
            wrong.append("mount's log: " + self.bed.mount_log(mount)[mark:][-1500:])
            self.failures.append(
                f"{grammar} --seed {seed}, {' '.join(profile.options)}\n"
                f"again: {self.again(profile, grammar, seed)}\n" + "\n".join(wrong))
            print("\nFAILED " + self.failures[-1], file=sys.stderr, flush=True)
        shutil.rmtree(plain)
        os.unlink(trace)
        return wrong

    def run(self, profile, traces):
        """(grammar, seed) of each trace, some at once, on one mount that must end well."""
        options = [*FORMAT, *profile.options]
        if profile.spool:
            spool = self.bed.path(f"spool-{profile.name}")
            os.makedirs(spool, exist_ok=True)
            options += ["--spool-dir", spool]
        mount = self.bed.mount(options)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            bad = any(list(pool.map(lambda trace: self.replay(profile, mount, *trace), traces)))
        try:
            status = self.bed.umount(mount)
        except (e2e.testbed.TestbedError, subprocess.SubprocessError) as error:
            status = str(error)
            self.bed.drop_mount(self.bed.find_mount(mount))
        if status != 0 and not bad:
            self.failures.append(f"umount after {traces} ({profile.options}): {status}")
            print("\nFAILED " + self.failures[-1], file=sys.stderr, flush=True)
        if profile.spool and os.listdir(spool):
            self.failures.append(f"{profile.name}: {os.listdir(spool)} left in the spool")


def rounds(first, spool):
    """Every grammar once in each round, eight on a mount, for ever."""
    seed = first
    while True:
        names = sorted(draw_traces.GRAMMARS)
        random.Random(f"order/{seed}").shuffle(names)
        for i in range(0, len(names), 8):
            yield profile_of(seed * 10 + i // 8, spool), [(name, seed) for name in names[i:i + 8]]
        seed += 1


class DrawnTraces(e2e.BedTest):
    """One round of every grammar each way; RDSBAK_SEED draws others."""

    BED = BED

    def round(self, spool):
        campaign = Campaign(self.bed)
        seed = int(os.environ.get("RDSBAK_SEED", "1"))
        for profile, traces in rounds(seed, spool):
            if traces[0][1] != seed:
                break
            campaign.run(profile, traces)
        self.assertEqual(campaign.failures, [])
        return campaign

    def test_drawn_traces_without_a_spool_agree_or_are_refused_whole(self):
        self.round(False)

    def test_drawn_traces_with_a_spool_agree_and_are_never_refused(self):
        self.assertEqual(self.round(True).refused, 0)


def campaign_of_arguments(options):
    campaign = Campaign(e2e.shared_bed(BED))
    deadline = time.monotonic() + options.seconds
    if options.grammar:
        for seed in range(options.first, options.first + options.count):
            profile = profile_of(options.profile or seed, options.spool)
            campaign.run(profile, [(options.grammar, seed)])
        return campaign
    both = [rounds(options.first, spool) for spool in ((True,) if options.spool else (False, True))]
    while time.monotonic() < deadline:
        for one in both:
            campaign.run(*next(one))
    return campaign


def main():
    parser = argparse.ArgumentParser(description="Drawn traces, for as long as wanted.")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--first", type=int, default=int(time.time()) % 1000000,
                        help="the first seed (default: by the clock)")
    parser.add_argument("--count", type=int, default=1, help="seeds of --grammar")
    parser.add_argument("--grammar", choices=sorted(draw_traces.GRAMMARS))
    parser.add_argument("--profile", type=int,
                        help="seed of the mount's options (default: the trace's)")
    parser.add_argument("--spool", action="store_true", help="with a spool directory only")
    options = parser.parse_args()
    campaign = campaign_of_arguments(options)
    print(f"{campaign.count} traces from seed {options.first}, {campaign.refused} with refusals, "
          f"{len(campaign.failures)} failed")
    return 1 if campaign.failures else 0


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("--"):
        sys.exit(main())
    unittest.main()
