"""Shared by the tests of the test servers: paths, boto3 clients, an emulator a test class."""

import os
import sys
import tempfile
import unittest

SERVERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "servers")
sys.path.insert(0, SERVERS)
# The developer's own proxies and settings have no say here.
for _name in list(os.environ):
    if _name.startswith("AWS_") or _name.lower().endswith("_proxy"):
        del os.environ[_name]

# pylint: disable=wrong-import-position
import boto3  # noqa: E402
import botocore.config  # noqa: E402
import botocore.exceptions  # noqa: E402

import sigv4  # noqa: E402
import testbed  # noqa: E402


def boto(service, url, credentials=sigv4.DEFAULT, region="us-east-1", **config):
    """An official client that never retries, so that a test sees the first answer."""
    settings = {"retries": {"max_attempts": 0}, "read_timeout": 120, "connect_timeout": 60,
                "s3": {"addressing_style": "path"}, **config}
    return boto3.client(service, endpoint_url=url, region_name=region,
                        aws_access_key_id=credentials.access_key,
                        aws_secret_access_key=credentials.secret_key,
                        aws_session_token=credentials.token,
                        config=botocore.config.Config(**settings))


class EmulatorTest(unittest.TestCase):
    """One emulator for the class; `SCRIPT` and `SERVICE` say which."""

    SCRIPT, SERVICE, ARGUMENTS = "", "", ()

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="rdsbak-test-")
        log = os.path.join(cls.folder.name, "log")
        cls.server = testbed.Emulator(cls.SCRIPT, log, *cls.ARGUMENTS)
        cls.raw = testbed.Client(cls.server.url, cls.SERVICE)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.folder.cleanup()

    def setUp(self):
        self.raw.control(reset=True, clear_log=True)
        self.client = boto(self.SERVICE, self.server.url)
        self.addCleanup(self.client.close)

    def assert_error(self, code, function, *, status=None, **arguments):
        """The call fails with this code (and HTTP status); returns the parsed answer."""
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            function(**arguments)
        answer = caught.exception.response
        self.assertEqual(answer["Error"]["Code"], code)
        if status is not None:
            self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], status)
        return answer

    def last_call(self):
        return self.raw.report()["log"][-1]
