"""Debian systems in directories, for what must be seen to work on one: made by debootstrap from
Debian's mirror (the one thing outside of this machine that tests ask), used by chroot or booted by
systemd-nspawn. Only root can do this.

RDSBAK_ROOTS=DIR in the environment keeps the bare systems there, for whoever runs this often."""

import os
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
MIRROR = "http://deb.debian.org/debian"
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C",
         "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


class Failed(AssertionError):
    pass


def run(*command, env=None, **options):
    """What the command printed; its output is the reason if it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, env={**QUIET, **(env or {})},
                          **options)
    text = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: status {done.returncode}\n{text[-6000:]}")
    return text


def copy_sources(to):
    """What is under version control or would be, as it stands now."""
    listed = run("git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in listed.split("\0"):
        path = os.path.join(TOP, name)
        if name and os.path.isfile(path):
            os.makedirs(os.path.dirname(os.path.join(to, name)), exist_ok=True)
            shutil.copy2(path, os.path.join(to, name), follow_symlinks=False)


class Root:
    """A Debian of this suite; `packages` are installed in it."""

    def __init__(self, suite, packages=()):
        self.keep = os.environ.get("RDSBAK_ROOTS")
        self.directory = tempfile.mkdtemp(prefix=f"rdsbak-{suite}-", dir="/var/tmp")
        self.path = os.path.join(self.directory, "root")
        base = os.path.join(self.keep, suite) if self.keep else self.path
        if not os.path.exists(os.path.join(base, "etc", "debian_version")):
            run("debootstrap", "--variant=minbase", suite, base, MIRROR)
        if self.keep:
            run("cp", "-a", "--reflink=auto", base, self.path)
        # No package shall start a server.
        policy = os.path.join(self.path, "usr/sbin/policy-rc.d")
        with open(policy, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nexit 101\n")
        os.chmod(policy, 0o755)
        self.install(*packages)

    def install(self, *packages):
        if packages:
            self.chroot("apt-get", "-qq", "update")
            self.chroot("apt-get", "-qq", "-y", "--no-install-recommends", "install", *packages)

    def chroot(self, *command, **options):
        return run("chroot", self.path, *command, **options)

    def at(self, *names):
        return os.path.join(self.path, *names)

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.at(name)), exist_ok=True)
        with open(self.at(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.at(name), mode)

    def boot(self, timeout_s):
        """Until it has switched itself off; what the console showed."""
        return run("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot",
                   "--console=pipe", f"--directory={self.path}", "--bind=/dev/fuse",
                   "--capability=all", timeout=timeout_s)

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)
