"""What the benchmark runs: helpers in C, mounts under measurement, and what they cost.

Standard library only; processes are ended by their id.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "servers"))
import sigv4     # noqa: E402
import testbed   # noqa: E402

MIB = 1 << 20
GIB = 1 << 30
TICKS = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """Something that had to work for a figure did not."""


# -- costs of a process

def cpu_seconds(pid):
    """User and system time of all its threads so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_rss(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))


def memory_available():
    with open("/proc/meminfo", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file
                    if line.startswith("MemAvailable:"))


def wait_for_memory(need, seconds=30):
    """RGW gives deleted objects' memory back some seconds later."""
    deadline = time.monotonic() + seconds
    while memory_available() < need and time.monotonic() < deadline:
        time.sleep(0.5)
    if memory_available() < need:
        raise BenchError(f"{need // MIB} MiB of memory are needed, "
                         f"{memory_available() // MIB} are available")


# -- helpers in C

class Helper:
    """bench_sink or bench_proxy (control.h): counters on demand, gone with this process."""

    def __init__(self, tools, name, **options):
        arguments = [text for key, value in options.items()
                     for text in ("--" + key.replace("_", "-"), str(value))]
        self.process = subprocess.Popen([os.path.join(tools, name), *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline().split()
        if len(ready) != 2:
            raise BenchError(f"{name} did not start")
        self.port = int(ready[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def counters(self):
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


def run_tool(tools, name, *arguments, timeout_s=600):
    done = subprocess.run([os.path.join(tools, name), *map(str, arguments)], timeout=timeout_s,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"{name} {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return json.loads(done.stdout)


# -- mounts under measurement

class Mounted:
    """A foreground process that mounts; unmounted and ended when the block is left."""

    def __init__(self, command, path, env, log_path):
        self.command, self.path, self.env, self.log_path = command, path, env, log_path

    def __enter__(self):
        os.makedirs(self.path, exist_ok=True)
        with open(self.log_path, "ab") as log:
            self.process = testbed.start_process(self.command, env=self.env, stdout=log,
                                                 stderr=log)
        deadline = time.monotonic() + 30
        while not testbed.is_mounted(self.path):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise BenchError(f"{self.command[0]} does not mount:\n"
                                 f"{testbed.tail(self.log_path)}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        if testbed.is_mounted(self.path):
            lazily = [] if self.process.poll() is None else ["-l"]
            subprocess.run(["umount", *lazily, self.path], check=False, timeout=120)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                pass
        testbed.end_process(self.process)


class Target:
    """A way to mount a store: name, how, and whose counters see its traffic (or None)."""

    def __init__(self, name, command, env, key, counters=None):
        self.name, self.command, self.env, self.key = name, command, env, key
        self.counters = counters


def measure(tools, target, direction, size, folder, block):
    """One stream through a fresh mount: a dictionary of figures."""
    path = os.path.join(folder, "mnt")
    log_path = os.path.join(folder, target.name.replace(" ", "-").replace("/", "-") + ".log")
    with Mounted(target.command(path), path, target.env, log_path) as mounted:
        before = target.counters.counters() if target.counters else None
        cpu = cpu_seconds(mounted.process.pid)
        try:
            took = run_tool(tools, "bench_stream", direction, os.path.join(path, target.key),
                            size, "--block", block)
        except BenchError as error:
            raise BenchError(f"{target.name}: {error}\n{testbed.tail(log_path)}") from None
        figures = {
            "seconds": took["seconds"],
            "end_s": took["end_s"],
            "mb_s": size / took["seconds"] / 1e6,
            "cpu_s_gib": (cpu_seconds(mounted.process.pid) - cpu) * GIB / size,
            "rss": peak_rss(mounted.process.pid),
        }
        if before:
            after = target.counters.counters()
            figures["requests_gib"] = (after["requests"] - before["requests"]) * GIB / size
            figures["net_ratio"] = sum(after[k] - before[k]
                                       for k in ("bytes_in", "bytes_out")) / size
    return figures


# -- the mounts

def clean_env(bed):
    return {k: v for k, v in bed.env.items() if k != "AWS_CA_BUNDLE"}


def rdsbak(bed, name, url, key, counters=None, options=()):
    def command(path):
        return [bed.binary, "mount", bed.url(), path, "--foreground", "--kms-key-id", bed.key_arn,
                "--region", testbed.REGION, "--endpoint-url", url, "--kms-endpoint-url",
                bed.kms_url, *options]
    return Target(name, command, clean_env(bed), key, counters)


def s3fs(bed, key):
    """Debian's s3fs, unencrypted, with as many requests of the same size as rdsbak's."""
    password = bed.path("s3fs-password")
    with open(os.open(password, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        file.write(f"{sigv4.DEFAULT.access_key}:{sigv4.DEFAULT.secret_key}\n")
    spool = tempfile.mkdtemp(prefix="rdsbak-bench-s3fs-", dir="/dev/shm")

    def command(path):
        return ["s3fs", bed.bucket, path, "-f", "-o",
                f"passwd_file={password},url={bed.s3_url},use_path_request_style,"
                f"parallel_count=8,multipart_size=8,tmpdir={spool}"]
    target = Target("s3fs / RGW", command, clean_env(bed), key)
    target.spool = spool
    return target


def rclone(bed, key):
    """Debian's rclone, unencrypted, streaming (no local copy), 8 requests of 8 MiB."""
    config = bed.path("rclone.conf")
    with open(config, "w", encoding="ascii") as file:
        file.write("[rgw]\ntype = s3\nprovider = Ceph\nregion = us-east-1\n"
                   f"endpoint = {bed.s3_url}\n"
                   f"access_key_id = {sigv4.DEFAULT.access_key}\n"
                   f"secret_access_key = {sigv4.DEFAULT.secret_key}\n")

    def command(path):
        return ["rclone", "mount", f"rgw:{bed.bucket}", path, "--config", config,
                "--vfs-cache-mode", "off", "--s3-upload-concurrency", "8",
                "--s3-chunk-size", "8Mi", "--dir-cache-time", "1s"]
    return Target("rclone / RGW", command, clean_env(bed), key)


def fusecopy(tools, bed, sink):
    def command(path):
        return [os.path.join(tools, "bench_fusecopy"), path, "--to", str(sink.port)]
    return Target("empty copy", command, clean_env(bed), "f")
