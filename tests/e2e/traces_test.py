"""Traces of backup programs, replayed on a real mount and on a plain directory at once.

The parts are lowered so that each file crosses many of them, and nothing is held back: what a trace
does happens to a stream that is under way. Every read, every size and the final bytes agree; then
every object is opened by the independent reader, and nothing is left of any upload.

A failure names the seed: `replay --seed N ... TRACE` does the same again. RDSBAK_SEEDS="1 2 3"
in the environment replays each trace so often.
"""

import os
import shutil
import subprocess
import unittest

import e2e

TOOLS = os.environ.get("RDSBAK_TOOLS", os.path.join(e2e.testbed.ROOT, "build-test/tests/tools"))
GENERATE = os.path.join(e2e.testbed.ROOT, "tests/tools/gen_traces.py")
# They go back over what a stream has sent: --spool-dir is for them.
NEED_SPOOL = {"pg_dump_Fc", "sqlite3_backup"}
# RDSBAK_FORMAT: what the mounts write; RDSBAK_TRACES: only these.
FORMAT = ["--format", os.environ["RDSBAK_FORMAT"]] if os.environ.get("RDSBAK_FORMAT") else []
ONLY = os.environ.get("RDSBAK_TRACES", "").split()
SEEDS = [int(seed) for seed in os.environ.get("RDSBAK_SEEDS", "1").split()]


def traces(folder):
    os.makedirs(folder, exist_ok=True)
    subprocess.run([e2e.PYTHON, GENERATE, folder], check=True, stdout=subprocess.DEVNULL)
    names = sorted(name[:-len(".trace")] for name in os.listdir(folder) if name.endswith(".trace"))
    if not set(ONLY) <= set(names):
        raise ValueError(f"RDSBAK_TRACES: of {ONLY} there are only {names}")
    return ONLY or names


class Replay(e2e.BedTest):
    """One mount a trace and seed, so that names and uploads can be counted."""

    def replay(self, trace, seed, *options):
        plain = self.bed.path(f"plain-{trace}-{seed}")
        os.makedirs(plain)
        prefix = f"{trace}-{seed}"
        mount = self.bed.mount([*FORMAT, *options], prefix=prefix)
        try:
            done = subprocess.run(
                [os.path.join(TOOLS, "replay"), "--mount", mount, "--plain", plain, "--seed",
                 str(seed), "--keep", os.path.join(self.bed.path("traces"), trace + ".trace")],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900, check=False)
            self.assertEqual(done.returncode, 0, f"seed {seed}: {done.stdout.decode()}\n"
                                                 f"{self.bed.mount_log(mount)[-2000:]}")
        finally:
            self.assertEqual(self.bed.umount(mount), 0)
        names = sorted(os.listdir(plain))
        self.assertEqual(sorted(self.bed.list(prefix + "/")), [f"{prefix}/{n}" for n in names])
        for name in names:
            self.check_object(f"{prefix}/{name}", e2e.read(os.path.join(plain, name)))
        self.assertEqual(self.bed.list_uploads(prefix), [])
        shutil.rmtree(plain)

    def replay_all(self, seed, *options):
        for trace in traces(self.bed.path("traces")):
            if trace not in NEED_SPOOL or "--spool-dir" in options:
                with self.subTest(trace=trace, seed=seed):
                    self.replay(trace, seed, *options)


class Streaming(Replay):
    """Nothing is held: parts of 128 KiB at first, on a server that takes parts of 64 KiB."""

    BED = {"rgw_env": {"RGW_MIN_PART": str(64 << 10)}}
    OPTIONS = ("--part-min", "64KiB", "--part-size", "128KiB", "--hold-size", "0")

    def test_every_trace_streams_through_many_parts(self):
        for seed in SEEDS:
            self.replay_all(seed, *self.OPTIONS)

    def test_every_trace_streams_with_a_spool(self):
        spool = self.bed.path("spool")
        os.makedirs(spool)
        for seed in SEEDS:
            self.replay_all(seed + 3, *self.OPTIONS, "--spool-dir", spool)
        self.assertEqual(os.listdir(spool), [])


class Defaults(Replay):
    """As a user mounts."""

    def test_every_trace_with_default_options(self):
        for seed in SEEDS:
            self.replay_all(seed + 2)


if __name__ == "__main__":
    unittest.main()
