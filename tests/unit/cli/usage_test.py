#!/usr/bin/python3
"""What the program answers to wrong usage: one line that says what and what to do, and its status.

usage_test.py PROGRAM. No server is contacted."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM = None
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def run(*words, program=None, **environment):
    env = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
    }
    env.update({name: os.environ[name] for name in os.environ if name.endswith("SAN_OPTIONS")})
    env.update(environment)
    env = {name: value for name, value in env.items() if value is not None}
    return subprocess.run(
        [program or PROGRAM, *words], env=env, stdin=subprocess.DEVNULL, timeout=60,
        capture_output=True, text=True, check=False)


class Usage(unittest.TestCase):
    def refused(self, status, text, *words, **environment):
        done = run(*words, **environment)
        lines = [line for line in done.stderr.splitlines() if line.startswith("rdsbak: ")]
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertIn(text, lines[0])
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout, "")
        return done

    def test_no_arguments_show_the_help(self):
        done = run()
        self.assertEqual(done.returncode, 2)
        self.assertIn("rdsbak put", done.stderr)

    def test_help_and_version_succeed(self):
        for words in (["--help"], ["help", "put"], ["mount", "--help"], ["--version"]):
            done = run(*words)
            self.assertEqual((done.returncode, done.stderr), (0, ""), words)
            self.assertIn("rdsbak", done.stdout)

    def test_every_option_is_in_the_manual(self):
        """A page for each command; its own options there, those of all in rdsbak(1)."""
        manual = os.path.join(os.path.dirname(os.path.abspath(__file__)), *[os.pardir] * 3,
                              "docs", "man")
        with open(os.path.join(manual, "rdsbak.1.scd"), encoding="utf-8") as page:
            overview = page.read()
        verbs = re.findall(r"^  rdsbak ([a-z]+) ", run("help").stdout, re.MULTILINE)
        self.assertGreaterEqual(len(verbs), 12)
        for verb in verbs:
            self.assertIn(f"*rdsbak-{verb}*(1)", overview)
            with open(os.path.join(manual, f"rdsbak-{verb}.1.scd"), encoding="utf-8") as page:
                text = page.read() + overview
            for name in re.findall(r"^  --(\S+)", run(verb, "--help").stdout, re.MULTILINE):
                if name not in ("help", "version"):
                    self.assertIn(f"*--{name}*", text, f"{verb}: --{name}")

    def test_a_mistyped_command_is_guessed(self):
        self.refused(2, "did you mean mount?", "muont", "s3://bucket", "/mnt")
        self.refused(2, "neither a command nor an address", "bucket", "/mnt")

    def test_unknown_options_are_guessed(self):
        self.refused(2, "did you mean --part-size?", "put", "--part_siz", "8MiB")
        self.refused(2, "did you mean kms-key-id?", "s3://bucket", "/mnt", "-o", "kms_keyid=x")

    def test_verify_needs_something_to_verify(self):
        self.refused(2, "name an object, or a prefix with --chain", "verify", "--kms-key-id", KEY)
        self.refused(2, "one bucket at a time", "verify", "s3://one/a", "s3://two/b",
                     "--kms-key-id", KEY)
        self.refused(2, "one bucket at a time", "verify", "s3://one/a", "--chain", "s3://two/b",
                     "--kms-key-id", KEY)
        self.refused(2, "--chain", "verify", "--chain", "two/b", "--kms-key-id", KEY)
        self.refused(2, "could be decrypted", "verify", "s3://one/a", "--region", "eu-central-1")
        self.refused(2, "not an option of info", "info", "s3://one/a", "--chain", "s3://one/")

    def test_copy_and_encrypt_need_their_keys(self):
        places = ("s3://bucket/a", "s3://bucket/b")
        self.refused(2, "--to-key: missing", "copy", *places, "--kms-key-id", KEY)
        self.refused(2, "--kms-key-id: missing", "copy", *places, "--to-key", KEY)
        self.refused(2, "--kms-key-id: missing", "encrypt", *places)
        self.refused(2, "--to-key: ", "copy", *places, "--kms-key-id", KEY, "--to-key", "alias/x")
        self.refused(2, "--server-side: key", "copy", *places, "--kms-key-id", KEY, "--server-side",
                     "--to-key", KEY.replace("eu-central-1", "us-east-1"))

    def test_copy_and_encrypt_name_what_does_not_fit(self):
        copy = ("copy", "s3://bucket/a", "s3://other/b", "--kms-key-id", KEY, "--to-key", KEY)
        self.refused(2, "--to-key: the key is in eu-central-1 but --to-region is us-east-1", *copy,
                     "--to-region", "us-east-1")
        self.refused(2, "--memory-limit: at least 64MiB", *copy, "--memory-limit", "63MiB")
        self.refused(2, "--part-size must not be over a sixth", *copy, "--part-size", "100MiB")
        self.refused(2, "--format", *copy, "--format", "zip")
        self.refused(2, "--delete-source", *copy, "--delete-source")
        self.refused(2, "no object", "copy", "s3://bucket/a", "s3://other", *copy[3:])
        self.refused(2, "--no-verify", "encrypt", *copy[1:5], "--no-verify")

    def test_a_missing_bucket_is_named(self):
        self.refused(2, "no bucket", "mount", "s3://", "/mnt", "--kms-key-id", KEY)
        self.refused(2, "too few arguments", "mount", "s3://bucket")

    def test_a_missing_key_is_named(self):
        self.refused(2, "--kms-key-id", "mount", "s3://bucket", "/mnt", "--foreground")
        self.refused(2, "--kms-key-id", "get", "s3://bucket/x", "-")

    def test_bad_arns_are_refused_before_any_server_is_asked(self):
        for arn in ("alias/x", KEY.replace("key/", "alias/"), "arn:aws:s3:::bucket", "1234abcd"):
            self.refused(2, "--kms-key-id", "mount", "s3://bucket", "/mnt", "--kms-key-id", arn)
        self.refused(2, "--decrypt-key", "cat", "s3://bucket/x", "--decrypt-key", "x")

    def test_a_key_of_another_region_is_refused(self):
        self.refused(2, "--allow-cross-region-key", "mount", "s3://bucket", "/mnt",
                     "--kms-key-id", KEY, "--region", "us-east-1")

    def test_no_credentials_say_where_they_were_sought(self):
        self.refused(1, "AWS_ACCESS_KEY_ID", "ls", "s3://bucket", "--region", "us-east-1",
                     AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)

    def test_no_region_is_an_error_that_names_the_option(self):
        self.refused(2, "--region", "ls", "s3://bucket")

    def test_an_input_that_cannot_be_read_is_named(self):
        self.refused(1, "/no/such/file", "put", "/no/such/file", "s3://bucket/x",
                     "--kms-key-id", KEY)

    @unittest.skipUnless(os.path.exists("/dev/fuse"), "without /dev/fuse a mount stops sooner")
    def test_a_mount_that_cannot_reach_its_bucket_fails_in_the_foreground_process(self):
        with tempfile.TemporaryDirectory() as directory:
            # Nothing listens on port 1. The daemon's verdict is what its parent says.
            self.refused(1, "cannot reach s3://bucket", "mount", "s3://bucket", directory,
                         "--kms-key-id", KEY, "--endpoint-url", "http://127.0.0.1:1")

    def test_plain_http_to_another_machine_is_refused(self):
        self.refused(2, "--allow-http", "ls", "s3://bucket", "--region", "us-east-1",
                     "--endpoint-url", "http://192.0.2.1")

    def test_the_mount_helper_checks_without_mounting(self):
        with tempfile.TemporaryDirectory() as directory:
            helper = os.path.join(directory, "mount.rdsbak")
            os.symlink(PROGRAM, helper)
            done = run("s3://bucket", "/mnt", "-f", "-o", "rw,kms_key_id=" + KEY, program=helper)
            self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
