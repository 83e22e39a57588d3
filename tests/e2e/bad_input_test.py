#!/usr/bin/python3
"""Bad input and bad surroundings: one line that names the thing, says why and what to do, and the
right exit status or errno."""

import errno
import os
import socket
import unittest

import e2e
import testbed
from e2e import MIB, content, read, write

FAILED, USAGE = 1, 2
OTHER_REGION = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


class Refused(e2e.BedTest):
    """What a command that fails leaves: a line, a status, no mount."""

    def setUp(self):
        self.point = self.bed.path("point-" + self._testMethodName)
        os.mkdir(self.point)
        self.addCleanup(lambda: self.assertEqual(self.bed.list_uploads(), []))
        self.addCleanup(self.bed.s3.control, reset=True)
        self.addCleanup(self.bed.kms.control, reset=True)

    def arguments(self, **changed):
        options = {"kms-key-id": self.bed.key_arn, "region": "us-east-1",
                   "endpoint-url": self.bed.s3_url, "kms-endpoint-url": self.bed.kms_url,
                   **{name.replace("_", "-"): value for name, value in changed.items()}}
        return [word for name, value in options.items() if value is not None
                for word in ("--" + name, value)]

    def refused(self, status, words, command, env=None):
        """One line, that holds all words."""
        done = self.bed.run(command, env=env, timeout_s=e2e.WAIT_S)
        text = done.stderr.decode(errors="replace")
        self.assertEqual((done.returncode, done.stdout), (status, b""), text)
        lines = text.splitlines()
        if "--foreground" in command:  # its log goes to the terminal too
            lines = [line for line in lines if not line.startswith("20")]
        self.assertEqual(len(lines), 1, text)
        self.assertTrue(lines[0].startswith("rdsbak: "), text)
        self.assertLess(len(lines[0]), 700, text)
        for word in words:
            self.assertIn(word, lines[0])
        return lines[0]

    def mount_refused(self, status, words, source=None, point=None, env=None, more=(), **changed):
        """The same for the mount, the daemon's and the foreground's, and for put."""
        source, point = source or self.bed.url("sub"), point or self.point
        arguments = self.arguments(**changed) + list(more)
        self.refused(status, words, ["mount", source, point, *arguments], env)
        line = self.refused(status, words, ["mount", source, point, "--foreground", *arguments],
                            env)
        self.assertFalse(testbed.is_mounted(self.point))
        return line

    def put_refused(self, status, words, target=None, env=None, **changed):
        path = self.source("refused", b"x")
        self.refused(status, words, ["put", path, target or self.bed.url("refused"),
                                     *self.arguments(**changed)], env)
        self.assertEqual(self.bed.head("refused").status, 404)


class HostileTexts(Refused):
    """What a server says reaches a terminal as text only, and as one line."""

    BED = {"store": "script"}
    HOSTILE = "\x1b]0;owned\x07\x1b[31m\x9b31m\u202e\nrdsbak: all is well"

    def check(self, line):
        for harmful in ("\x1b", "\x07", "\x9b", "\u202e"):
            self.assertNotIn(harmful, line)
        self.assertIn("\\x0ardsbak: all is well", line)

    def test_what_kms_says_reaches_no_terminal(self):
        self.bed.kms.control(fault={"type": "AccessDeniedException", "status": 400,
                                    "message": self.HOSTILE, "times": None})
        self.check(self.mount_refused(FAILED, ["AccessDeniedException", "\\x1b]0;owned\\x07"]))

    def test_what_s3_says_reaches_no_terminal(self):
        self.bed.s3.control(rules=[{"action": "error", "status": 403, "code": "AccessDenied",
                                    "message": self.HOSTILE[len("\x1b]0;owned\x07\x1b[31m"):],
                                    "times": None}])
        self.check(self.mount_refused(FAILED, ["AccessDenied", "\\xc2\\x9b31m"]))


class Options(Refused):
    BED = {"store": "script"}

    def test_unknown_option(self):
        self.mount_refused(USAGE, ["--part-siez", "did you mean --part-size?"],
                           more=["--part-siez", "8MiB"])
        self.mount_refused(USAGE, ["-o window_size", "unknown option"],
                           more=["-o", "window_size=1MiB"])

    def test_bad_values(self):
        for option, value, words in (
                ("part-size", "1MiB", ["--part-size", "smallest part"]),
                ("part-size", "8 apples", ["--part-size", "8 apples"]),
                ("memory-limit", "1MiB", ["--memory-limit", "at least"]),
                ("format", "zip", ["--format", "zip", "rds"]),
                ("file-mode", "0999", ["--file-mode", "0999"]),
                ("plaintext", "maybe", ["--plaintext", "refuse"]),
                ("log-level", "loud", ["--log-level", "loud"])):
            self.mount_refused(USAGE, words, more=["--" + option, value])

    def test_missing_key(self):
        self.mount_refused(USAGE, ["--kms-key-id", "missing"], kms_key_id=None)

    def test_bad_arn(self):
        for arn in ("arn:aws:kms:us-east-1", "arn:aws:s3:::bucket",
                    "1234abcd-12ab-34cd-56ef-1234567890ab", self.bed.key_arn + "/x y"):
            self.mount_refused(USAGE, ["--kms-key-id", "arn:aws:kms:"], kms_key_id=arn)

    def test_alias_instead_of_a_key(self):
        for alias in ("alias/backups", "arn:aws:kms:us-east-1:111122223333:alias/backups"):
            self.mount_refused(USAGE, ["--kms-key-id", "alias"], kms_key_id=alias)

    def test_key_in_another_region(self):
        line = self.mount_refused(USAGE, ["--kms-key-id", "eu-central-1", "us-east-1",
                                          "--allow-cross-region-key"], kms_key_id=OTHER_REGION)
        self.assertIn("RDS", line)

    def test_bad_source(self):
        for source, word in (("bucket", "s3://"), ("s3://", "no bucket"), ("s3://UPPER", "upper"),
                             ("s3://bucket/a//b", "empty segment"), ("https://b/k", "s3://")):
            self.mount_refused(USAGE, [source, word], source=source)

    def test_missing_arguments(self):
        self.refused(USAGE, ["too few arguments", "MOUNTPOINT"],
                     ["mount", self.bed.url(), *self.arguments()])
        self.refused(USAGE, ["too many arguments"],
                     ["mount", self.bed.url(), self.point, "more", *self.arguments()])


class MountPoints(Refused):
    BED = {"store": "script"}

    def test_missing(self):
        path = self.point + "/missing"
        self.mount_refused(FAILED, [path, "mkdir"], point=path)

    def test_not_a_directory(self):
        path = self.source("file", b"x")
        self.mount_refused(FAILED, [path, "not a directory"], point=path)

    def test_busy(self):
        path = self.bed.mount()
        self.mount_refused(FAILED, [path, "mounted there"], point=path)
        self.assertEqual(os.listdir(path), [])
        self.assertEqual(self.bed.umount(path), 0)


class Servers(Refused):
    BED = {"store": "script"}

    def closed_port(self):
        """Nobody listens there, and nobody else gets it before the test is over."""
        probe = socket.socket()
        self.addCleanup(probe.close)
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"

    def test_missing_bucket(self):
        words = ["no-such-bucket-here", "there is no such bucket"]
        self.mount_refused(FAILED, words, source="s3://no-such-bucket-here/sub")
        self.put_refused(FAILED, words, target="s3://no-such-bucket-here/key")

    def test_unreachable_endpoint(self):
        url = self.closed_port()
        self.mount_refused(FAILED, [url[7:], "connect", "check endpoint"], endpoint_url=url)

    def test_unreachable_kms(self):
        url = self.closed_port()
        self.mount_refused(FAILED, [url[7:], "connect", "KMS", "check endpoint"], kms_endpoint_url=url)

    def test_endpoint_whose_name_is_unknown(self):
        self.mount_refused(FAILED, ["no-such-host.invalid", "esolve"],
                           endpoint_url="https://no-such-host.invalid")

    def test_plain_http_to_another_machine(self):
        self.mount_refused(USAGE, ["http://192.0.2.1:9000", "--allow-http"],
                           endpoint_url="http://192.0.2.1:9000")

    def test_no_credentials(self):
        self.mount_refused(FAILED, ["credentials", "AWS_ACCESS_KEY_ID"],
                           env={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""})

    def test_sts_that_is_none(self):
        token = self.source("token", b"a.b.c")
        line = self.mount_refused(FAILED, ["sts:AssumeRoleWithWebIdentity", "role/x",
                                           "AWS_ENDPOINT_URL_STS"],
                                  env={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
                                       "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/x",
                                       "AWS_WEB_IDENTITY_TOKEN_FILE": token,
                                       "AWS_ENDPOINT_URL": self.bed.kms_url})
        self.assertNotIn("trust policy", line)

    def test_unknown_access_key(self):
        self.mount_refused(FAILED, [self.bed.bucket, "InvalidAccessKeyId", "access key"],
                           env={"AWS_ACCESS_KEY_ID": "AKIAUNKNOWNUNKNOWN00"})

    def test_wrong_secret_key(self):
        line = self.mount_refused(FAILED, [self.bed.bucket, "SignatureDoesNotMatch", "secret key"],
                                  env={"AWS_SECRET_ACCESS_KEY": "wrong-" + "x" * 34})
        self.assertNotIn("wrong-", line)

    def test_expired_session(self):
        words = ["expired", "put new ones where these came from"]
        self.bed.s3.control(rules=[{"action": "expired-token", "times": None,
                                    "op": "ListObjectsV2|PutObject"}])
        line = self.mount_refused(FAILED, words)
        self.assertEqual(line.count("The provided token has expired"), 1, line)
        self.put_refused(FAILED, words)
        self.bed.s3.control(reset=True)
        self.bed.kms.control(fault={"type": "ExpiredTokenException", "status": 400,
                                    "message": "The token is old.", "times": None})
        line = self.mount_refused(FAILED, words)
        self.assertEqual(line.count("The token is old"), 1, line)

    def test_quota_that_is_used_up(self):
        self.bed.s3.control(rules=[{"action": "no-space", "op": "PutObject", "times": None}])
        self.put_refused(FAILED, ["QuotaExceeded", "have it raised"])

    def test_denied_to_list(self):
        self.bed.s3.control(rules=[{"action": "access-denied", "op": "ListObjectsV2",
                                    "times": None}])
        self.mount_refused(FAILED, [self.bed.bucket, "list", "AccessDenied", "policy"])

    def test_denied_to_write(self):
        self.bed.s3.control(rules=[{"action": "access-denied", "op": "CreateMultipartUpload",
                                    "times": None}])
        self.mount_refused(FAILED, [self.bed.bucket, "write", "AccessDenied", "--read-only"])

    def test_denied_by_kms(self):
        self.bed.kms.control(deny={"action": "GenerateDataKey"})
        self.mount_refused(FAILED, [self.bed.key_arn, "kms:GenerateDataKey", "policy"])
        self.put_refused(FAILED, [self.bed.key_arn, "kms:GenerateDataKey"])

    def test_disabled_key(self):
        arn = self.bed.create_key()
        self.assertEqual(self.bed.kms.call("DisableKey", KeyId=arn)[0], 200)
        self.mount_refused(FAILED, [arn, "isabled"], kms_key_id=arn)

    def test_key_that_does_not_exist(self):
        arn = self.bed.key_arn.rsplit("/", 1)[0] + "/00000000-0000-0000-0000-000000000000"
        self.mount_refused(FAILED, [arn, "NotFound"], kms_key_id=arn)

    # Hours are made up for (credentials_test.py); this is more than any time zone is away.
    def test_clock_of_another_day(self):
        self.bed.s3.control(clock_offset=40 * 3600)
        self.mount_refused(FAILED, ["RequestTimeTooSkewed", "clock", "behind"])
        self.bed.s3.control(clock_offset=-40 * 3600)
        self.mount_refused(FAILED, ["RequestTimeTooSkewed", "clock", "ahead"])

    def test_clock_of_another_day_at_kms(self):
        self.bed.kms.control(clock_offset=40 * 3600)
        self.mount_refused(FAILED, ["clock"])

    def test_real_server_refuses_the_same(self):
        self.bed = e2e.shared_bed({})
        for words, more in ((["no-such-bucket-here"], {"source": "s3://no-such-bucket-here"}),
                            (["access key"], {"env": {"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN"}}),
                            (["secret key"], {"env": {"AWS_SECRET_ACCESS_KEY": "x" * 40}})):
            self.mount_refused(FAILED, words, **more)


class Objects(e2e.MountTest):
    """A file: the errno, and the reason in the log; stat and unlink go on working."""

    BED = {"store": "script"}

    def setUp(self):
        self.name = self._testMethodName
        self.addCleanup(self.bed.s3.control, reset=True)
        self.addCleanup(self.bed.kms.control, reset=True)

    def good(self, size=100000):
        """A sound object; its metadata and ciphertext, to be spoilt."""
        write(self.at("good"), content(size))
        return self.bed.metadata("good"), self.bed.get("good")

    def bad(self, number, words, metadata, body):
        """Found by another mount, that knows nothing of the object, by cat, and by get."""
        self.bed.put(self.name, body, metadata)
        mark = self.log_mark()
        with self.assertRaises(OSError) as caught:
            read(self.at(self.name))
        self.assertEqual(errno.errorcode[caught.exception.errno], errno.errorcode[number])
        lines = self.log(rf"{self.name}", mark)
        self.assertEqual(len(lines), 1, lines)
        for word in words:
            self.assertIn(word, lines[0])
        self.verb_fails(words)
        self.assertTrue(os.path.exists(self.at(self.name)))
        os.unlink(self.at(self.name))

    def verb_fails(self, words):
        back = self.bed.path("back")
        done = self.bed.run(["get", self.bed.url(self.name), back, *self.bed.server_args()])
        text = done.stderr.decode()
        self.assertEqual(done.returncode, FAILED, text)
        self.assertEqual(len(text.splitlines()), 1, text)
        for word in [self.name, *words]:
            self.assertIn(word, text)
        self.assertFalse(os.path.exists(back))

    def test_object_without_envelope(self):
        self.bad(errno.EACCES, ["not encrypted", "--plaintext=read"], {}, b"plain text")

    def test_envelope_without_its_key(self):
        metadata, body = self.good()
        del metadata["x-amz-key-v2"]
        self.bad(errno.EIO, ["x-amz-key-v2"], metadata, body)

    def test_envelope_with_a_bad_iv(self):
        metadata, body = self.good()
        self.bad(errno.EIO, ["x-amz-iv"], {**metadata, "x-amz-iv": "AAAA"}, body)

    def test_envelope_with_a_bad_matdesc(self):
        metadata, body = self.good()
        self.bad(errno.EIO, ["x-amz-matdesc"], {**metadata, "x-amz-matdesc": "{nothing"}, body)

    def test_envelope_with_another_context(self):
        metadata, body = self.good()
        context = metadata["x-amz-matdesc"][:-1] + ',"more":"x"}'
        self.bad(errno.EIO, ["InvalidCiphertext"], {**metadata, "x-amz-matdesc": context}, body)

    def test_envelope_with_an_unknown_cipher(self):
        metadata, body = self.good()
        self.bad(errno.EIO, ["ROT13"], {**metadata, "x-amz-cek-alg": "ROT13"}, body)

    def test_envelope_with_a_damaged_wrapped_key(self):
        metadata, body = self.good()
        wrapped = metadata["x-amz-key-v2"]
        at = len(wrapped) // 2
        wrapped = wrapped[:at] + ("A" if wrapped[at] != "A" else "B") + wrapped[at + 1:]
        self.bad(errno.EIO, ["kms:Decrypt", "damaged"], {**metadata, "x-amz-key-v2": wrapped}, body)

    def test_truncated_object(self):
        metadata, body = self.good()
        self.bad(errno.EIO, ["truncated"], metadata, body[:-5])

    def test_object_truncated_at_a_block(self):
        metadata, body = self.good()
        self.bad(errno.EIO, ["damaged"], metadata, body[:-16])

    def test_object_truncated_to_nothing(self):
        metadata, _ = self.good()
        self.bad(errno.EIO, ["truncated"], metadata, b"")

    def test_object_under_another_key(self):
        other = self.bed.create_key()
        path = self.bed.mount(["--kms-key-id", other])
        write(os.path.join(path, "foreign"), content(1000))
        self.assertEqual(self.bed.umount(path), 0)
        self.bad(errno.EACCES, [other, "--decrypt-key"], self.bed.metadata("foreign"),
                 self.bed.get("foreign"))
        path = self.bed.mount(["--decrypt-key", other])
        self.same(read(os.path.join(path, "foreign")), content(1000))
        self.assertEqual(self.bed.umount(path), 0)

    def test_denied_to_decrypt(self):
        metadata, body = self.good()
        self.bed.kms.control(deny={"action": "Decrypt"})
        self.bad(errno.EACCES, [self.bed.key_arn, "kms:Decrypt"], metadata, body)

    def test_denied_to_read(self):
        write(self.at(self.name), content(1000))
        path = self.bed.mount()
        self.bed.s3.control(rules=[{"action": "access-denied", "op": "GetObject|HeadObject",
                                    "key": self.name, "times": None}])
        self.fails(errno.EACCES, open, os.path.join(path, self.name), "rb")
        self.assertIn("denied", self.bed.mount_log(path))
        self.assertEqual(self.bed.umount(path), 0)

    def test_bytes_lost_on_the_way_are_fetched_again(self):
        write(self.at(self.name), content(3 * MIB))
        for action in ("truncated", "reset-answer", "internal-error"):
            path = self.bed.mount()
            self.bed.s3.control(rules=[{"action": action, "op": "GetObject", "key": self.name}])
            self.same(read(os.path.join(path, self.name)), content(3 * MIB))
            self.assertEqual(self.bed.umount(path), 0)


if __name__ == "__main__":
    unittest.main()
