#!/usr/bin/python3
"""scripts/bench's measurements: one stream into and out of a mount, beside what it could cost at
least and beside other mounts, all in one run. docs/BENCHMARKS.md says how to read it.

    bench.py --tools BUILD/tests/bench --binary BUILD/rdsbak [--runs 3] [--size 1GiB] [--json FILE]
"""

import argparse
import contextlib
import json
import mmap
import os
import platform
import shutil
import signal
import statistics
import sys
import time

import machine
from machine import GIB, MIB, Helper, measure, testbed
import report

DELAY_MS = 20
MEMORY_NEEDED = 6 * GIB


def parse_size(text):
    units = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
    for unit, factor in units.items():
        if text.endswith(unit):
            return int(text[:-len(unit)]) * factor
    return int(text)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--tools", required=True)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--size", type=parse_size, default=GIB, help="a multiple of 1MiB")
    parser.add_argument("--block", type=parse_size, default=MIB, help="bytes a transfer")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--only", default="", help="names of targets that contain this")
    parser.add_argument("--option", action="append", default=[], dest="options",
                        help="of the mount, e.g. --option=--part-size=16MiB")
    parser.add_argument("--quick", action="store_true", help="one run of 128 MiB: is all whole?")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.runs, arguments.size = 1, 128 * MIB
    return arguments


def summary(samples):
    """{figure: {median, min, max, samples}} of a list of equal dictionaries."""
    return {name: {"median": statistics.median(s[name] for s in samples),
                   "min": min(s[name] for s in samples), "max": max(s[name] for s in samples),
                   "samples": [s[name] for s in samples]} for name in samples[0]}


class Bench:
    def __init__(self, arguments, bed, stack):
        self.arguments, self.bed, self.tools = arguments, bed, arguments.tools
        self.samples = {}

        def helper(name, **options):
            started = Helper(self.tools, name, **options)
            stack.callback(started.stop)
            return started
        self.sink = helper("bench_sink")
        rgw_port = bed.s3_url.rpartition(":")[2]
        near = helper("bench_proxy", to=rgw_port)
        far = helper("bench_proxy", to=rgw_port, delay_ms=DELAY_MS)
        far_sink = helper("bench_proxy", to=self.sink.port, delay_ms=DELAY_MS)
        options = arguments.options
        targets = [
            machine.fusecopy(self.tools, bed, self.sink),
            machine.rdsbak(bed, "rdsbak / sink", self.sink.url, "a.bak", self.sink, options),
            machine.rdsbak(bed, "rdsbak / sink + 20 ms", far_sink.url, "a.bak", far_sink, options),
            machine.rdsbak(bed, "rdsbak / RGW", bed.s3_url, "a.bak", None, options),
            machine.rdsbak(bed, "rdsbak / RGW by proxy", near.url, "a.bak", near, options),
            machine.rdsbak(bed, "rdsbak / RGW + 20 ms", far.url, "a.bak", far, options),
        ]
        if shutil.which("s3fs"):
            targets.append(machine.s3fs(bed, "s3fs.bak"))
            stack.callback(shutil.rmtree, targets[-1].spool, True)
        if shutil.which("rclone"):
            targets.append(machine.rclone(bed, "rclone.bak"))
        self.targets = [t for t in targets if arguments.only in t.name or t.name == "empty copy"]

    def add(self, name, figures):
        self.samples.setdefault(name, []).append(figures)

    def note(self, target, direction, figures):
        self.add(f"{target.name} {direction}", figures)
        print(f"  {target.name:24}{direction:6}{figures['mb_s']:7.0f} MB/s"
              f"{figures['cpu_s_gib']:7.2f} CPU s/GiB{figures['rss'] // MIB:6d} MiB",
              file=sys.stderr, flush=True)

    def run_target(self, target):
        machine.wait_for_memory(MEMORY_NEEDED)
        if target.name == "empty copy":
            self.run_empty(target)
            return
        for direction in ("write", "read"):
            self.note(target, direction, measure(self.tools, target, direction,
                                                 self.arguments.size, self.bed.directory,
                                                 self.arguments.block))
        if "sink" in target.name:
            testbed.S3Client(self.sink.url).must("DELETE", self.bed.bucket, target.key)
        else:
            self.bed.delete(target.key)

    # The mount that keeps nothing cannot compare.
    def run_empty(self, target):
        for direction in ("write", "read"):
            path = self.bed.path("mnt-empty")
            with machine.Mounted(target.command(path), path, target.env,
                                 self.bed.path("empty.log")) as mounted:
                file = os.path.join(path, "f")
                cpu = machine.cpu_seconds(mounted.process.pid)
                begin = time.monotonic()
                copy_empty(file, direction, self.arguments.size)
                seconds = time.monotonic() - begin
                self.note(target, direction, {
                    "seconds": seconds, "mb_s": self.arguments.size / seconds / 1e6,
                    "cpu_s_gib": (machine.cpu_seconds(mounted.process.pid) - cpu) * GIB
                    / self.arguments.size,
                    "rss": machine.peak_rss(mounted.process.pid)})

    def run(self):
        for number in range(self.arguments.runs):
            print(f"run {number + 1} of {self.arguments.runs}", file=sys.stderr, flush=True)
            self.add("passes", machine.run_tool(self.tools, "bench_baseline",
                                                "--bytes", min(self.arguments.size, GIB)))
            for target in self.targets:
                self.run_target(target)

    def results(self):
        return {name: summary(samples) for name, samples in self.samples.items()}


def copy_empty(path, direction, size):
    """dd as bench_stream does it, without looking at the bytes."""
    block = mmap.mmap(-1, MIB)
    flags = os.O_WRONLY if direction == "write" else os.O_RDONLY
    fd = os.open(path, flags | os.O_DIRECT)
    try:
        for _ in range(size // MIB):
            done = os.write(fd, block) if direction == "write" else os.readv(fd, [block])
            if done != MIB:
                raise machine.BenchError(f"the empty copy moved {done} bytes at once")
    finally:
        os.close(fd)


def describe_machine(arguments):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":", 1)[1].strip() for line in file
                      if line.startswith("model name")), platform.machine())
    return {"cpus": os.cpu_count(), "model": model, "kernel": platform.release(),
            "size": arguments.size, "block": arguments.block, "runs": arguments.runs,
            "options": arguments.options,
            "load_before": os.getloadavg()[0]}


def main():
    arguments = parse_arguments()
    # A signal leaves by the same way as an error: every block is left.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    about = describe_machine(arguments)
    with testbed.Testbed(binary=arguments.binary) as bed, contextlib.ExitStack() as stack:
        bench = Bench(arguments, bed, stack)
        bench.run()
        results = {"machine": about, "results": bench.results()}
    results["aims"] = report.aims(results["results"])
    print(report.text(results))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    try:
        main()
    except (machine.BenchError, testbed.TestbedError) as error:
        sys.exit(f"bench: {error}")
