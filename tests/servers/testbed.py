"""The machinery of an end-to-end test: servers, bucket, key, mounts, and what the bucket holds.

    with Testbed() as bed:
        path = bed.mount(["--part-size", "5MiB"])
        ...
        assert bed.umount() == 0
        assert bed.decrypt("backup.bak") == expected

Standard library only, and for decrypt() what scripts/decrypt.py needs. Everything listens on
127.0.0.1, lives below one directory and is ended by process id when the block is left, or when the
test's process has ended in any way.

Environment: RDSBAK_BINARY     the program; else the newest build*/rdsbak of this tree
             RDSBAK_TEST_RGW   directory of a running `rgw`, to be shared by several tests
"""

import atexit
import base64
import collections
import ctypes
import functools
import glob
import http.client
import importlib.util
import json
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse
import uuid
import xml.etree.ElementTree

import sigv4

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PYTHON = "/usr/bin/python3"
REGION = "us-east-1"
ISSUED_MAX = 1000  # data keys that logs are searched for: the latest

Response = collections.namedtuple("Response", "status headers body")
Mount = collections.namedtuple("Mount", "path process log_path")


@functools.lru_cache(maxsize=None)
def reader():
    """scripts/decrypt.py, in this process: a thousand starts of Python would take minutes."""
    spec = importlib.util.spec_from_file_location(
        "decrypt", os.path.join(ROOT, "scripts", "decrypt.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestbedError(Exception):
    """A server, mount or request that did not do what the test needs to go on."""


# -- clients

class Client:
    """Signed requests to one endpoint, a connection each."""

    def __init__(self, url, service, credentials=sigv4.DEFAULT, region=REGION, ca_file=None):
        self.url, self.service, self.region = urllib.parse.urlsplit(url), service, region
        self.credentials, self.ca_file = credentials, ca_file

    def connect(self):
        if self.url.scheme == "https":
            context = ssl.create_default_context(cafile=self.ca_file)
            return http.client.HTTPSConnection(self.url.hostname, self.url.port, timeout=120,
                                               context=context)
        return http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=120)

    def send(self, method, target, headers=None, body=b"", signed=True):
        headers = {"Host": self.url.netloc, **(headers or {})}
        if signed:
            headers = sigv4.sign(method, target, headers, self.credentials, self.region,
                                 self.service, body=body)
        if body or method in ("PUT", "POST"):
            headers["Content-Length"] = str(len(body))
        connection = self.connect()
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, str(value).encode())
            connection.endheaders(body or None)
            answer = connection.getresponse()
            pairs = {name.lower(): value for name, value in answer.getheaders()}
            return Response(answer.status, pairs, answer.read())
        finally:
            connection.close()

    def control(self, **commands):
        """Give the emulator behind this client commands (kms.py, s3script.py)."""
        answer = self.send("POST", "/_control", body=json.dumps(commands).encode(), signed=False)
        value = json.loads(answer.body)
        if answer.status != 200:
            raise TestbedError(f"control {list(commands)}: {value['error']}")
        return value

    def report(self):
        return json.loads(self.send("GET", "/_control", signed=False).body)


class S3Client(Client):
    def __init__(self, url, **options):
        super().__init__(url, "s3", **options)

    def await_held(self, count=1, action="hold", timeout_s=120):
        """Until the scripted server holds (or stalls) so many requests, unanswered."""
        deadline = time.monotonic() + timeout_s
        while True:
            held = [entry for entry in self.report()["log"]
                    if entry["fault"] == action and entry["status"] is None]
            if len(held) >= count:
                return
            if time.monotonic() > deadline:
                raise TestbedError(f"{action}: {len(held)} requests have come, not {count}")
            time.sleep(0.02)

    def request(self, method, bucket, key="", query=(), headers=None, body=b""):
        """`query` is a list of pairs; any status is returned, none is an exception."""
        target = "/" + sigv4.encode(bucket) + ("/" + sigv4.encode(key, "/") if key else "")
        text = "&".join(f"{sigv4.encode(k)}={sigv4.encode(str(v))}" for k, v in query)
        return self.send(method, target + ("?" + text if text else ""), headers, body)

    def must(self, method, bucket, key="", query=(), headers=None, body=b""):
        answer = self.request(method, bucket, key, query, headers, body)
        if answer.status >= 300:
            raise TestbedError(f"{method} {bucket}/{key} {list(query)}: {answer.status} "
                               f"{answer.body[:500].decode(errors='replace')}")
        return answer


class KmsClient(Client):
    def __init__(self, url, **options):
        super().__init__(url, "kms", **options)

    def call(self, action, **request):
        """(status, parsed answer)."""
        headers = {"X-Amz-Target": f"TrentService.{action}",
                   "Content-Type": "application/x-amz-json-1.1"}
        answer = self.send("POST", "/", headers, json.dumps(request).encode())
        return answer.status, json.loads(answer.body or b"{}")


def parse_document(body):
    tree = xml.etree.ElementTree.fromstring(body)
    for node in tree.iter():
        node.tag = node.tag.split("}")[-1]
    return tree


# -- processes

def die_with_parent():
    """In a child: be ended when the thread that started it ends (prctl PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def start_process(command, **options):
    if threading.current_thread() is threading.main_thread():
        options["preexec_fn"] = die_with_parent
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)


def end_process(process, timeout_s=10):
    """TERM, then KILL; the exit status."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def tail(path, lines=30):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])
    except OSError as error:
        return str(error)


class Emulator:
    """kms.py or s3script.py as a child, on a port of the kernel's choice."""

    def __init__(self, script, log_path, *arguments):
        self.log_path = log_path
        with open(log_path, "ab") as log:
            self.process = start_process(
                [PYTHON, os.path.join(HERE, script), "--port", "0", *arguments],
                stdout=subprocess.PIPE, stderr=log)
        ready = self.process.stdout.readline().decode().split()
        if ready[1:3] != ["ready", "on"]:
            end_process(self.process)
            raise TestbedError(f"{script} did not start:\n{tail(log_path)}")
        self.url = ready[3]

    def stop(self):
        end_process(self.process)
        self.process.stdout.close()


class Rgw:
    """A Ceph RGW: the one that runs in `directory` already, or one started there and stopped."""

    SCRIPT = os.path.join(HERE, "rgw")

    def __init__(self, directory, **environment):
        self.directory = directory
        self.own = not self.runs()
        if self.own:
            env = {**os.environ, "RGW_FOLLOW_PID": str(os.getpid()), **environment}
            # Not captured by pipes: the daemons would hold them open.
            log_path = os.path.join(os.path.dirname(directory), "rgw-start.log")
            with open(log_path, "wb") as log:
                done = subprocess.run([self.SCRIPT, "start", directory], env=env, stdout=log,
                                      stderr=log, stdin=subprocess.DEVNULL, check=False)
            if done.returncode != 0:
                raise TestbedError(f"rgw did not start:\n{tail(log_path)}")
        with open(os.path.join(directory, "env"), encoding="utf-8") as file:
            self.env = dict(line.rstrip("\n").split("=", 1) for line in file)

    def runs(self):
        return os.path.exists(os.path.join(self.directory, "env")) and subprocess.run(
            [self.SCRIPT, "status", self.directory], stdout=subprocess.DEVNULL,
            check=False).returncode == 0

    def stop(self):
        if self.own:
            subprocess.run([self.SCRIPT, "stop", self.directory], check=False)


def find_binary():
    if os.environ.get("RDSBAK_BINARY"):
        return os.environ["RDSBAK_BINARY"]
    found = glob.glob(os.path.join(ROOT, "build*", "rdsbak"))
    return max(found, key=os.path.getmtime) if found else None


def is_mounted(path):
    """From the kernel's table, not by touching the mount: a sick one must not hang the test."""
    name = path.replace("\\", "\\134").replace(" ", "\\040")
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        return any(line.split()[4] == name for line in file)


class Testbed:
    """Servers, a bucket, a key; `s3` and `kms` are clients, `env` is what children get.

    store    "rgw" (the real one) or "script" (s3script.py, the one with faults)
    tls      HTTPS to both servers; RGW only
    rgw_env  settings of a cluster that this bed starts itself, e.g. {"RGW_MIN_PART": "65536"}
    credentials, region   the only ones that both emulators accept: another account's bed
    """

    def __init__(self, store="rgw", binary=None, directory=None, tls=False, script_args=(),
                 kms_args=(), rgw_env=None, credentials=sigv4.DEFAULT, region=REGION):
        self.credentials, self.region = credentials, region
        self.own_directory = directory is None
        self.directory = directory or tempfile.mkdtemp(prefix="rdsbak-test-")
        self.binary = binary or find_binary()
        self.mounts = []
        self.servers = []
        self.ca_file = None
        atexit.register(self.close)
        try:
            self.start_servers(store, tls, script_args, kms_args, rgw_env or {})
            self.bucket = f"test-{os.getpid()}-{uuid.uuid4().hex[:8]}"
            self.s3.must("PUT", self.bucket)
            self.key_arn = self.create_key()
            self.env = self.child_env()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def path(self, *names):
        return os.path.join(self.directory, *names)

    # -- servers

    def start_servers(self, store, tls, script_args, kms_args, rgw_env):
        keys = f"{self.credentials.access_key}:{self.credentials.secret_key}"
        known = ["--region", self.region, "--credentials", keys]
        kms_args = [*known, "--issued", self.path("issued.keys"), *kms_args]
        if store == "script":
            server = Emulator("s3script.py", self.path("s3script.log"), *known, *script_args)
            self.servers.append(server)
            s3_url = server.url
        else:
            s3_url = self.start_rgw(tls, rgw_env, kms_args)
        server = Emulator("kms.py", self.path("kms.log"), *kms_args)
        self.servers.append(server)
        options = {"ca_file": self.ca_file, "credentials": self.credentials,
                   "region": self.region}
        self.s3 = S3Client(s3_url, **options)
        self.kms = KmsClient(server.url, **options)
        self.s3_url, self.kms_url = s3_url, server.url

    def start_rgw(self, tls, rgw_env, kms_args):
        shared = os.environ.get("RDSBAK_TEST_RGW") if not (tls or rgw_env) else None
        more = {**rgw_env, "RGW_TLS": "1"} if tls else rgw_env
        server = Rgw(shared or self.path("rgw"), **more)
        self.servers.append(server)
        if not tls:
            return server.env["S3_ENDPOINT"]
        self.ca_file = server.env["S3_TLS_CA"]
        folder = os.path.dirname(self.ca_file)
        kms_args += ["--tls", os.path.join(folder, "server.crt"),
                     os.path.join(folder, "server.key")]
        return server.env["S3_TLS_ENDPOINT"]

    def create_key(self, **request):
        """A new KMS key's ARN; `request` may ask for KeyId, Region, Material (kms.py)."""
        return self.kms.control(create_key=request)["create_key"]["Arn"]

    def child_env(self):
        """The environment without a trace of the developer's own AWS settings and proxies."""
        dropped = ("AWS_", "http_proxy", "https_proxy", "all_proxy", "no_proxy")
        env = {k: v for k, v in os.environ.items() if not k.lower().startswith(
            tuple(prefix.lower() for prefix in dropped))}
        credentials = self.credentials
        env.update(AWS_ACCESS_KEY_ID=credentials.access_key, AWS_REGION=self.region,
                   AWS_SECRET_ACCESS_KEY=credentials.secret_key, AWS_DEFAULT_REGION=self.region,
                   AWS_ENDPOINT_URL_S3=self.s3_url, AWS_ENDPOINT_URL_KMS=self.kms_url,
                   AWS_EC2_METADATA_DISABLED="true", HOME=self.path("home"),
                   STATE_DIRECTORY=self.path("state"),
                   XDG_STATE_HOME=self.path("state"), XDG_RUNTIME_DIR=self.path("run"))
        for name in ("home", "state", "run"):
            os.makedirs(self.path(name), mode=0o700, exist_ok=True)
        if self.ca_file:
            env["AWS_CA_BUNDLE"] = self.ca_file
        return env

    # -- the program

    def server_args(self):
        return ["--kms-key-id", self.key_arn, "--region", self.region,
                "--endpoint-url", self.s3_url, "--kms-endpoint-url", self.kms_url]

    def run(self, arguments, env=None, timeout_s=120, **options):
        """Run the program once, e.g. bed.run(["get", bed.url("k"), "-"] + bed.server_args())."""
        return subprocess.run([self.binary, *arguments], env={**self.env, **(env or {})},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout_s,
                              check=False, **options)

    def url(self, key=""):
        return f"s3://{self.bucket}" + (f"/{key}" if key else "")

    def mount(self, extra_args=(), prefix="", timeout_s=120, env=None, arguments=None):
        """Mount in the foreground as a child; the path, once it is mounted.

        `arguments` replaces server_args(). Fails with the log if the program ends before that.
        """
        number = len(glob.glob(self.path("mount-*.log")))
        path, log_path = self.path(f"mnt-{number}"), self.path(f"mount-{number}.log")
        os.makedirs(path)
        command = [self.binary, "mount", self.url(prefix), path, "--foreground",
                   *(self.server_args() if arguments is None else arguments), *extra_args]
        with open(log_path, "wb") as log:
            process = start_process(command, stdout=log, stderr=log,
                                    env={**self.env, **(env or {})})
        mount = Mount(path, process, log_path)
        self.mounts.append(mount)
        deadline = time.monotonic() + timeout_s
        while not is_mounted(path):
            if process.poll() is not None or time.monotonic() > deadline:
                why = ("did not answer" if process.poll() is None
                       else f"ended with status {process.returncode}")
                self.drop_mount(mount)
                raise TestbedError(f"mount {why}: {' '.join(command)}\n{tail(log_path)}")
            time.sleep(0.02)
        return path

    def find_mount(self, path=None):
        """The Mount (path, process, log_path) of a path, or the latest."""
        for mount in reversed(self.mounts):
            if path in (None, mount.path):
                return mount
        raise TestbedError(f"not mounted: {path}")

    def mount_log(self, path=None):
        return tail(self.find_mount(path).log_path, 1000000)

    def umount(self, path=None, timeout_s=120):
        """Unmount as a user would and wait; the program's exit status.

        Busy is tried again for a while: whoever looks at all mounts of the machine (df, a
        monitor) is in the way for a moment. What a test itself has left open stays busy."""
        mount = self.find_mount(path)
        tool = ["umount"] if os.geteuid() == 0 else ["fusermount3", "-u"]
        for attempt in range(50):
            if attempt > 0:
                time.sleep(0.2)
            done = subprocess.run([*tool, mount.path], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=timeout_s, check=False)
            if b"busy" not in done.stdout:
                break
        if done.returncode != 0:
            raise TestbedError(f"umount {mount.path}: {done.stdout.decode(errors='replace')}")
        try:
            status = mount.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise TestbedError(f"{mount.path} is unmounted but its process goes on:\n"
                               f"{tail(mount.log_path)}") from None
        self.mounts.remove(mount)
        return status

    def drop_mount(self, mount):
        """End it whatever state it is in."""
        if is_mounted(mount.path):
            tool = ["umount", "-l"] if os.geteuid() == 0 else ["fusermount3", "-uz"]
            subprocess.run([*tool, mount.path], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
        end_process(mount.process)
        self.mounts.remove(mount)

    # -- what the bucket holds

    def head(self, key):
        """Response; status 404 if there is no such object."""
        return self.s3.request("HEAD", self.bucket, key)

    def metadata(self, key):
        """The user metadata of an object, names without x-amz-meta-."""
        prefix = "x-amz-meta-"
        headers = self.s3.must("HEAD", self.bucket, key).headers
        return {k[len(prefix):]: v for k, v in headers.items() if k.startswith(prefix)}

    def get(self, key, byte_range=None):
        headers = {"Range": f"bytes={byte_range[0]}-{byte_range[1]}"} if byte_range else {}
        return self.s3.must("GET", self.bucket, key, headers=headers).body

    def put(self, key, body, metadata=None, headers=None):
        named = {f"x-amz-meta-{k}": v for k, v in (metadata or {}).items()}
        return self.s3.must("PUT", self.bucket, key, headers={**named, **(headers or {})},
                            body=body)

    def delete(self, key):
        self.s3.must("DELETE", self.bucket, key)

    def list(self, prefix=""):
        """{key: size} of everything under a prefix."""
        found, query = {}, [("list-type", "2"), ("prefix", prefix), ("encoding-type", "url")]
        token = []
        while True:
            tree = parse_document(self.s3.must("GET", self.bucket, query=query + token).body)
            for item in tree.iter("Contents"):
                key = urllib.parse.unquote_plus(item.findtext("Key"))
                found[key] = int(item.findtext("Size"))
            if tree.findtext("IsTruncated") != "true":
                return found
            token = [("continuation-token", tree.findtext("NextContinuationToken"))]

    def list_uploads(self, prefix=""):
        """[(key, upload id)] of the unfinished multipart uploads."""
        query = [("uploads", ""), ("prefix", prefix)]
        tree = parse_document(self.s3.must("GET", self.bucket, query=query).body)
        return [(item.findtext("Key"), item.findtext("UploadId")) for item in tree.iter("Upload")]

    def decrypt(self, key, arguments=()):
        """The plaintext of an object, by the independent reader of scripts/decrypt.py; `arguments`
        are its own, as on its command line."""
        options = reader().parse_options([
            "--region", self.region, "--endpoint-url", self.s3_url,
            "--kms-endpoint-url", self.kms_url, *arguments, self.url(key)])
        try:
            return b"".join(reader().decrypt_s3(
                options, reader().Credentials(*self.credentials)))
        except reader().Refused as error:
            raise TestbedError(f"decrypt {key}: {error}") from None

    # -- the end

    def secrets(self):
        """What no log may hold: the secret key, and each data key in its usual spellings."""
        yield self.credentials.secret_key.encode()
        try:
            with open(self.path("issued.keys"), encoding="ascii") as file:
                issued = file.read().split()[-ISSUED_MAX:]
        except FileNotFoundError:
            return
        for text in issued:
            key = base64.b64decode(text)
            yield from (text.rstrip("=").encode(), key, key.hex().encode(),
                        key.hex().upper().encode())

    def search_logs(self):
        """Of all mounts that there were, at the levels that the tests asked for."""
        for path in glob.glob(self.path("mount-*.log")):
            with open(path, "rb") as file:
                log = file.read()
            if any(secret in log for secret in self.secrets()):
                raise TestbedError(f"{path} holds a secret key or a data key")

    def close(self):
        """End everything; safe to call again."""
        atexit.unregister(self.close)
        for mount in list(self.mounts):
            self.drop_mount(mount)
        while self.servers:
            self.servers.pop().stop()
        self.search_logs()
        if self.own_directory and not os.environ.get("RDSBAK_KEEP"):
            shutil.rmtree(self.directory, ignore_errors=True)
