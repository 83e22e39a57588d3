"""Database servers of a test's own: a fresh cluster in a directory of its own, on a Unix socket.

They refuse to run as root, so root starts them as nobody. They end with the test, however it ends.
"""

import atexit
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from tools import PATH, testbed

USER = "nobody"


class Server:
    """A directory, a child process that serves a socket in it; stopped by `stop_signal`."""

    def __init__(self, stop_signal):
        # Not below the bed's directory, into which only its owner may go; and short: it goes into
        # the name of a socket.
        self.dir = tempfile.mkdtemp(prefix="rdb-")
        self.stop_signal = stop_signal
        self.process = None
        self.options = {}
        if os.geteuid() == 0:
            entry = pwd.getpwnam(USER)
            os.chown(self.dir, entry.pw_uid, entry.pw_gid)
            self.options = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        self.env = {"PATH": PATH, "HOME": self.dir, "LC_ALL": "C", "TMPDIR": self.dir}
        self.log_path = os.path.join(self.dir, "log")
        atexit.register(self.stop)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def prepare(self, *command):
        """Runs a program as the server's user, to the end."""
        done = subprocess.run(command, cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              **self.options)
        if done.returncode != 0:
            raise testbed.TestbedError(f"{command[0]}: {done.stdout.decode(errors='replace')}")

    def start(self, answers, *command):
        """Starts the server and waits until answers() is true."""
        with open(self.log_path, "wb") as log:
            self.process = testbed.start_process(command, cwd=self.dir, env=self.env, stdout=log,
                                                 stderr=log, **self.options)
        deadline = time.monotonic() + 180
        while not answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise testbed.TestbedError(f"{command[0]}:\n{testbed.tail(self.log_path)}")
            time.sleep(0.05)

    def stop(self):
        atexit.unregister(self.stop)
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            testbed.end_process(self.process, 120)
        shutil.rmtree(self.dir, ignore_errors=True)


def postgres_programs():
    """The newest version's: those in /usr/bin are scripts that look for Debian's clusters."""
    found = glob.glob("/usr/lib/postgresql/*/bin")
    return max(found, key=lambda path: int(path.split("/")[4])) if found else "/nonexistent"


class Postgres(Server):
    BIN = postgres_programs()

    def __init__(self):
        super().__init__(signal.SIGINT)  # ends sessions; TERM would wait for them
        self.prepare(self.program("initdb"), "-D", self.path("data"), "-U", "postgres", "-A",
                     "trust", "-N", "-E", "UTF8", "--no-locale")
        self.start(self.answers, self.program("postgres"), "-D", self.path("data"), "-k", self.dir,
                   "-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB")
        # For the programs that the test runs itself.
        self.client_env = {**os.environ, "PGHOST": self.dir, "PGUSER": "postgres",
                           "PGOPTIONS": "-c client_min_messages=warning"}

    def program(self, name):
        return os.path.join(self.BIN, name)

    def answers(self):
        return subprocess.run([self.program("pg_isready"), "-q", "-h", self.dir], check=False,
                              env=self.env).returncode == 0


class Mariadb(Server):
    def __init__(self):
        super().__init__(signal.SIGTERM)
        self.socket = self.path("socket")
        self.prepare("mariadb-install-db", "--no-defaults", "--datadir=" + self.path("data"),
                     "--auth-root-authentication-method=normal", "--skip-test-db")
        self.start(self.answers, "mariadbd", "--no-defaults", "--datadir=" + self.path("data"),
                   "--socket=" + self.socket, "--skip-networking", "--pid-file=" + self.path("pid"),
                   "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0")
        # Of nothing but this server; the first argument of every client.
        self.client = ("--no-defaults", "--socket=" + self.socket, "--user=root")

    def answers(self):
        # That the socket has a name does not say yet that somebody listens.
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.socket) == 0
