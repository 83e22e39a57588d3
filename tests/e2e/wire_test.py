#!/usr/bin/python3
"""The wire, seen from a mount and the command line: storms of a real server, other regions, TLS as
it must not be, and answers that mean harm."""

import datetime
import errno
import ipaddress
import os
import re
import socket
import subprocess
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import e2e
import testbed
from e2e import KIB, MIB, content, read, write

SIZE = 11 * MIB + 5


class Storm(e2e.BedTest):
    """RGW itself answers 503 SlowDown to more requests at once than it is set up for."""

    BED = {"rgw_env": {"RGW_MAXREQ": "4", "RGW_MIN_PART": "65536"}}

    def test_a_storm_of_a_real_server_is_survived_with_fewer_requests(self):
        path = self.bed.mount(["--connections", "24", "--part-min", "64KiB", "--part-size",
                               "64KiB", "--hold-size", "0", "--log-level", "info"])
        files = {f"f{number}": content(3 * MIB, number) for number in range(6)}
        for name, data in files.items():
            write(os.path.join(path, name), data)
        log = self.bed.mount_log(path)
        self.assertIn("asks for fewer requests", log)
        self.assertEqual(self.bed.umount(path), 0)
        for name, data in files.items():
            self.same(self.bed.decrypt(name), data, name)


class Elsewhere(e2e.BedTest):
    """The bucket is in another region than the settings say."""

    BED = {"store": "script"}

    def setUp(self):
        self.server = testbed.Emulator(
            "s3script.py", self.bed.path("elsewhere.log"), "--bucket", "far-away",
            "--region", "eu-central-1")
        self.addCleanup(self.server.stop)
        self.far = testbed.S3Client(self.server.url, region="eu-central-1")

    def arguments(self):
        return ["--kms-key-id", self.bed.key_arn, "--region", self.bed.region, "--endpoint-url",
                self.server.url, "--kms-endpoint-url", self.bed.kms_url]

    def test_requests_are_signed_for_the_region_of_the_bucket(self):
        source = self.source("near", content(7 * MIB))
        done = self.bed.run(["put", source, "s3://far-away/far", *self.arguments(),
                             "--hold-size", "0", "--part-size", "5MiB"])
        self.assertEqual(done.returncode, 0, done.stderr)
        told = [line for line in done.stderr.decode().splitlines() if "eu-central-1" in line]
        self.assertEqual(len(told), 1, done.stderr)
        self.assertIn("--region eu-central-1", told[0])
        done = self.bed.run(["get", "s3://far-away/far", "-", *self.arguments()])
        self.assertEqual((done.returncode, done.stdout == content(7 * MIB)), (0, True))

    def test_a_server_that_sends_on_and_on_is_given_up_with_a_remedy(self):
        self.far.control(rules=[{"action": "redirect", "times": None, "region": "eu-west-3"}])
        done = self.bed.run(["ls", "s3://far-away/", "--region", "us-east-1",
                             "--endpoint-url", self.server.url])
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"--region", done.stderr)
        self.assertLessEqual(len(self.far.report()["log"]), 3)


def make_certificate(folder, name, issuer=None, address="127.0.0.1", days=30):
    """PEM files of a certificate and its key; `issuer` is what this made of a CA, or None."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start, end = sorted((now - datetime.timedelta(days=2), now + datetime.timedelta(days=days)))
    builder = (x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
               .issuer_name(issuer[0].subject if issuer else subject)
               .serial_number(x509.random_serial_number())
               .not_valid_before(start).not_valid_after(end)
               .add_extension(x509.BasicConstraints(issuer is None, None), True))
    if issuer:
        builder = builder.add_extension(x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address(address))]), False)
    made = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
    paths = os.path.join(folder, f"{name}.crt"), os.path.join(folder, f"{name}.key")
    with open(paths[0], "wb") as file:
        file.write(made.public_bytes(serialization.Encoding.PEM))
    with open(paths[1], "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM,
                                     serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()))
    return made, key, paths


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Tls(e2e.BedTest):
    """OpenSSL's own server (s_server), which is no S3 server: who comes to speak with it, does not
    understand it."""

    BED = {"store": "script"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = cls.bed.path("tls")
        os.makedirs(cls.folder)
        cls.ca = make_certificate(cls.folder, "ca")
        cls.good = make_certificate(cls.folder, "good", cls.ca)
        # Lets OpenSSL itself speak what is older: it is the program that must not.
        cls.lax = os.path.join(cls.folder, "lax.cnf")
        with open(cls.lax, "w", encoding="utf-8") as file:
            file.write("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
                       "MinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n")

    def serve(self, certificate, *arguments):
        port = free_port()
        server = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate[2][0],
             "-key", certificate[2][1], "-www", *arguments], env={"OPENSSL_CONF": self.lax,
                                                                  "PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(testbed.end_process, server)

        def listens():
            with socket.socket() as sock:
                return sock.connect_ex(("127.0.0.1", port)) == 0
        self.assertTrue(e2e.eventually(listens))
        return port

    def speak(self, port, env=None, trust=None):
        done = self.bed.run(["ls", "s3://bucket-x/", "--region", "us-east-1", "--endpoint-url",
                             f"https://127.0.0.1:{port}", "--ca-bundle", trust or self.ca[2][0]],
                            env=env)
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr.decode()

    def refused(self, text, reason):
        self.assertRegex(text, f"(?i)TLS: .*{reason}")
        self.assertNotIn("S3 server", text)

    def test_tls_1_1_is_refused_even_where_openssl_would_speak_it(self):
        port = self.serve(self.good, "-tls1_1")
        lax = {"OPENSSL_CONF": self.lax}
        spoken = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_1"],
                                env={**os.environ, **lax}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertIn(b"TLSv1.1", spoken.stdout)  # else the test sees nothing
        text = self.speak(port, env=lax)
        self.refused(text, "protocol")
        self.assertIn("1.2", text)

    def test_tls_1_2_and_1_3_are_spoken(self):
        for version in ("-tls1_2", "-tls1_3"):
            self.assertIn("S3 server", self.speak(self.serve(self.good, version)))

    def test_certificates_that_prove_nothing_are_refused(self):
        other = make_certificate(self.folder, "other-ca")
        cases = (
            (make_certificate(self.folder, "wrong-name", self.ca, address="127.0.0.2"),
             "subject name|does not match|IP address"),
            (make_certificate(self.folder, "expired", self.ca, days=-1), "expired"),
            (make_certificate(self.folder, "unknown", other), "unable to get|self.signed|issuer"),
        )
        for certificate, reason in cases:
            self.refused(self.speak(self.serve(certificate)), reason)


class Hostile(e2e.MountTest):
    """A mount under answers that mean harm: errors, and then it goes on."""

    BED = {"store": "script"}
    MOUNT_ARGS = ("--hold-size", "0", "--part-size", "5MiB")

    def setUp(self):
        self.name = self._testMethodName
        self.path = self.at(self.name)
        self.addCleanup(self.bed.s3.control, reset=True)

    def rule(self, action, op, **more):
        self.bed.s3.control(rules=[{"action": action, "op": op, "times": None, **more}])

    def memory_kib(self):
        with open(f"/proc/{self.bed.find_mount(self.mnt).process.pid}/status",
                  encoding="ascii") as file:
            return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))

    def goes_on(self):
        self.bed.s3.control(reset=True)
        write(self.path + "-after", content(SIZE))
        self.check_object(self.name + "-after", content(SIZE))

    def test_listings_that_mean_harm_fail_and_take_no_memory(self):
        write(self.path, b"x")
        before = self.memory_kib()
        for action in ("xml-bomb", "deep-xml", "huge-body", "bad-xml", "endless-pages",
                       "huge-headers"):
            self.rule(action, "ListObjects.*")
            self.fails(errno.EIO, os.listdir, self.mnt)
            self.bed.s3.control(reset=True)
        self.assertLess(self.memory_kib() - before, 64 * 1024)
        self.assertIn(self.name, os.listdir(self.mnt))
        self.goes_on()

    def test_answers_to_an_upload_that_mean_harm_fail_the_close(self):
        for action, op in (("xml-bomb", "CreateMultipartUpload"),
                           ("huge-headers", "UploadPart"), ("no-etag", "UploadPart"),
                           ("deep-xml", "CompleteMultipartUpload")):
            self.rule(action, op)
            fd = os.open(f"{self.path}-{action}", os.O_WRONLY | os.O_CREAT)
            try:
                e2e.write_all(fd, content(SIZE))
            except OSError as error:
                self.assertEqual(error.errno, errno.EIO)
            if action == "deep-xml":  # completed it is, and that can be seen: no failure
                os.close(fd)
                self.bed.s3.control(reset=True)
                self.check_object(f"{self.name}-{action}", content(SIZE))
            else:
                self.fails(errno.EIO, os.close, fd)
                self.bed.s3.control(reset=True)
                self.assertEqual(self.bed.head(f"{self.name}-{action}").status, 404)
        self.goes_on()

    def test_sizes_that_cannot_be_are_errors_and_no_crash(self):
        write(self.path, content(100 * KIB))
        for size in (2 ** 63 - 1, 2 ** 63 - 17, 2 ** 62, 2 ** 63, 2 ** 64 - 1, 0, 1, 15):
            self.rule("size", "HeadObject", size=size)
            time.sleep(1.1)  # as long as the kernel remembers attributes
            for look in (os.stat, read):
                try:
                    look(self.path)
                except OSError as error:
                    self.assertIn(error.errno, (errno.EIO, errno.ESTALE, errno.EOVERFLOW,
                                                errno.EFBIG))
                except (MemoryError, OverflowError):  # Python's own idea of such a size
                    pass
            self.bed.s3.control(reset=True)
        time.sleep(1.1)
        self.same(read(self.path), content(100 * KIB))
        self.goes_on()


if __name__ == "__main__":
    unittest.main()
