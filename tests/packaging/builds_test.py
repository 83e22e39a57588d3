#!/usr/bin/python3
"""builds_test.py debian13|libfuse310: the program against newer and older libraries than Debian
12's, with warnings as errors, and its unit tests there.

debian13    all of Debian 13's: compiler, libfuse 3.17, OpenSSL 3.5, curl 8.14
libfuse310  libfuse of Debian 11 with all else of this machine, and a mount
"""

import glob
import os
import shutil
import sys
import tempfile
import unittest

import roots

sys.path.insert(0, os.path.join(roots.TOP, "tests", "servers"))
import testbed  # noqa: E402  pylint: disable=wrong-import-position

JOBS = f"-j{os.cpu_count()}"
BUILD_PACKAGES = ["build-essential", "cmake", "ninja-build", "pkg-config", "libfuse3-dev",
                  "libcurl4-openssl-dev", "libssl-dev", "libsodium-dev", "uthash-dev",
                  "libexpat1-dev", "libjansson-dev", "scdoc", "libcmocka-dev", "fuse3", "python3",
                  "python3-cryptography"]
# The unit tests that need nothing but the build: no servers, no mounts.
UNIT_TESTS = ["-L", "^ci$", "-R", "^test_", "-E", "^test_fs_model$", "--output-on-failure",
              "--no-tests=error"]
# The longest of them has a limit of its own in CTest, which is none for a machine with other work.
LONGEST = {"MODEL_SEED": "1"}, os.path.join("tests", "unit", "fs", "test_fs_model")


class Debian13(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = roots.Root("trixie", BUILD_PACKAGES)
        cls.addClassCleanup(cls.root.remove)
        roots.copy_sources(cls.root.at("src"))

    def test_it_builds_without_warnings_and_passes_the_unit_tests(self):
        versions = self.root.chroot("pkg-config", "--modversion", "fuse3", "libcurl", "libcrypto")
        print("debian 13: libfuse, libcurl, libcrypto:", *versions.split())
        self.root.chroot("cmake", "--preset", "debug", "-S", "/src", "-B", "/build",
                         "-DRDSBAK_TESTS=ON", "-DRDSBAK_WERROR=ON")
        self.root.chroot("cmake", "--build", "/build", JOBS)
        self.assertIn("rdsbak ", self.root.chroot("/build/rdsbak", "--version"))
        # What /proc, /dev and a loopback device are needed for, the chroot has not.
        for name in ("proc", "dev"):
            roots.run("mount", "--rbind", f"/{name}", self.root.at(name))
            roots.run("mount", "--make-rslave", self.root.at(name))
            self.addCleanup(roots.run, "umount", "-R", "-l", self.root.at(name))
        print(self.root.chroot("ctest", "--test-dir", "/build", JOBS, *UNIT_TESTS)
              .splitlines()[-3:])
        self.root.chroot(os.path.join("/build", LONGEST[1]), env=LONGEST[0])


class Libfuse310(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="rdsbak-libfuse-", dir="/var/tmp")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.fetch()

    @classmethod
    def at(cls, *names):
        return os.path.join(cls.directory, *names)

    @classmethod
    def fetch(cls):
        """Debian 11's packages by this machine's apt, in a state of its own; only unpacked."""
        for name in ("lists/partial", "cache/archives/partial", "etc"):
            os.makedirs(cls.at(name))
        with open(cls.at("sources.list"), "w", encoding="ascii") as file:
            file.write("deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
                       f"{roots.MIRROR} bullseye main\n")
        options = {"Dir::Etc::SourceList": cls.at("sources.list"), "Dir::Etc::SourceParts": "-",
                   "Dir::State::Lists": cls.at("lists"), "Dir::State::Status": "/dev/null",
                   "Dir::Cache": cls.at("cache"),
                   "Acquire::Check-Valid-Until": "false", "APT::Sandbox::User": "root"}
        apt = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in options.items())]
        roots.run(*apt, "update")
        roots.run(*apt, "download", "libfuse3-3", "libfuse3-dev", cwd=cls.directory)
        for package in glob.glob(cls.at("*.deb")):
            roots.run("dpkg-deb", "-x", package, cls.at("root"))
        libraries = glob.glob(cls.at("root/lib/*/libfuse3.so.3"))
        cls.library_path = os.path.dirname(libraries[0])
        described = glob.glob(cls.at("root/usr/lib/*/pkgconfig/fuse3.pc"))[0]
        cls.pkg_config_path = os.path.dirname(described)
        with open(described, encoding="ascii") as file:
            text = file.read().replace("prefix=/usr", "prefix=" + cls.at("root/usr"), 1)
        with open(described, "w", encoding="ascii") as file:
            file.write(text)
        link = os.path.join(os.path.dirname(cls.pkg_config_path), "libfuse3.so")
        os.unlink(link)
        os.symlink(libraries[0], link)

    def test_it_builds_passes_the_unit_tests_and_mounts(self):
        env = {"PKG_CONFIG_PATH": self.pkg_config_path, "LD_LIBRARY_PATH": self.library_path}
        print("libfuse", roots.run("pkg-config", "--modversion", "fuse3", env=env).strip())
        roots.run("cmake", "--preset", "debug", "-S", roots.TOP, "-B", self.at("build"),
                  "-DRDSBAK_TESTS=ON", "-DRDSBAK_WERROR=ON", env=env)
        roots.run("cmake", "--build", self.at("build"), JOBS, env=env)
        print(roots.run("ctest", "--test-dir", self.at("build"), JOBS, *UNIT_TESTS, env=env)
              .splitlines()[-3:])
        roots.run(self.at("build", LONGEST[1]), env={**env, **LONGEST[0]})
        os.environ["LD_LIBRARY_PATH"] = self.library_path
        self.addCleanup(os.environ.pop, "LD_LIBRARY_PATH")
        with testbed.Testbed(store="script", binary=self.at("build", "rdsbak")) as bed:
            path = bed.mount()
            with open(f"/proc/{bed.find_mount(path).process.pid}/maps", encoding="ascii") as maps:
                self.assertIn("libfuse3.so.3.10", maps.read())
            with open(os.path.join(path, "a.bak"), "wb") as file:
                file.write(bytes(20 << 20))
            self.assertEqual(bed.decrypt("a.bak"), bytes(20 << 20))
            with open(os.path.join(path, "a.bak"), "rb") as file:
                self.assertEqual(file.read(), bytes(20 << 20))
            self.assertEqual(bed.umount(path), 0)


if __name__ == "__main__":
    CASES = {"debian13": "Debian13", "libfuse310": "Libfuse310"}
    if len(sys.argv) > 1 and sys.argv[1] in CASES:
        sys.argv[1] = CASES[sys.argv[1]]
    unittest.main()
