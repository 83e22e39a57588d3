#!/usr/bin/python3
"""Credentials from every source of the SDKs' chain, replaced, renewed, expired and refused while a
mount works, and clocks that are off.

The servers verify every signature, its date and the session's expiry (tests/servers/metadata.py
issues; s3script.py and kms.py are told). libfaketime moves the daemon's clock: what takes an hour
outside takes no time here.
"""

import errno
import glob
import json
import os
import sys
import time
import unittest

import e2e
import testbed
from e2e import MIB, content, eventually, write

FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
PARTS = ("--hold-size", "0", "--part-size", "5MiB")
SIZE = 12 * MIB + 3
NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
           "AWS_EC2_METADATA_DISABLED": "true"}
ROLE = "arn:aws:iam::111122223333:role/backup"
FIRST = "arn:aws:iam::111122223333:role/first"
HOUR = 3600


class Clock:
    """The clock of a process that is started with `env`: moved by set()."""

    def __init__(self, path, with_monotonic=False):
        self.path = path
        self.set(0)
        self.env = {"LD_PRELOAD": FAKETIME[0], "FAKETIME_TIMESTAMP_FILE": path,
                    "FAKETIME_NO_CACHE": "1", "NO_FAKE_STAT": "1"}
        if not with_monotonic:
            self.env["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"

    def set(self, offset_s):
        with open(self.path + ".new", "w", encoding="ascii") as file:
            file.write(f"{offset_s:+d}\n")
        os.rename(self.path + ".new", self.path)


class CredentialsTest(e2e.BedTest):
    """A metadata server for each test; names of its own."""

    BED = {"store": "script"}

    def setUp(self):
        self.name = self._testMethodName
        keys = f"{self.bed.credentials.access_key}:{self.bed.credentials.secret_key}"
        self.server = testbed.Emulator(
            "metadata.py", self.bed.path("metadata.log"), "--credentials", keys,
            *[word for url in self.registered() for word in ("--register", url)])
        self.addCleanup(self.server.stop)
        self.issuer = testbed.Client(self.server.url, "sts")
        self.addCleanup(self.no_secret_was_logged)
        self.addCleanup(self.bed.kms.control, reset=True)
        self.reset_store()

    def registered(self):
        return [self.bed.s3_url, self.bed.kms_url]

    def reset_store(self):
        self.addCleanup(self.bed.s3.control, reset=True)

    def no_secret_was_logged(self):
        secrets = [item[name] for item in self.issued() for name in ("secret_key",
                                                                     "session_token")]
        secrets.append(self.bed.credentials.secret_key)
        for path in glob.glob(self.bed.path("mount-*.log")):
            log = e2e.read(path).decode(errors="replace")
            for secret in secrets:
                self.assertNotIn(secret, log)

    # -- what is configured

    def container(self, **more):
        return {**NO_KEYS, "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self.server.url}/container/x",
                **more}

    def file(self, name, text):
        path = self.bed.path(f"{self.name}-{name}")
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)
        return path

    def profiles(self, text, **more):
        return {**NO_KEYS, "AWS_CONFIG_FILE": self.file("config", text), "AWS_PROFILE": "p",
                "AWS_ENDPOINT_URL_STS": self.server.url, **more}

    def keys(self, profile="p", credentials=None):
        item = credentials or self.bed.credentials
        return (f"[{profile}]\naws_access_key_id = {item[0]}\naws_secret_access_key = {item[1]}\n"
                + (f"aws_session_token = {item[2]}\n" if item[2] else ""))

    def new_keys(self, access_key):
        """A user's, known to both servers."""
        item = (access_key, "secret-of-" + access_key, None)
        for client in (self.bed.s3, self.bed.kms):
            client.control(credentials={"access_key": item[0], "secret_key": item[1]})
        return item

    # -- what happened

    def issued(self):
        return self.issuer.report()["issued"]

    def calls(self, op):
        return [entry for entry in self.issuer.report()["log"] if entry["op"] == op]

    def requests(self, op=None, key=None):
        return [entry for entry in self.bed.s3.report()["log"]
                if entry["key"] == (key or self.name) and op in (None, entry["op"])]

    def mount_with(self, env, *arguments):
        self.mnt = self.bed.mount(["--log-level", "debug", *PARTS, *arguments], env=env)
        mount = self.bed.find_mount(self.mnt)
        self.addCleanup(lambda: mount in self.bed.mounts and self.bed.drop_mount(mount))
        self.path = os.path.join(self.mnt, self.name)
        return self.mnt

    def log(self, *words):
        return [line for line in self.bed.mount_log(self.mnt).splitlines()
                if all(word in line for word in words)]

    def ends_well(self):
        self.assertEqual(self.bed.umount(self.mnt), 0)

    def begin(self, data):
        """An open file with its first two parts in S3, and the rest of data."""
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, data[:11 * MIB])
        self.parts_done(2)
        return fd, data[11 * MIB:]

    def parts_done(self, count):
        self.assertTrue(eventually(lambda: len([e for e in self.requests("UploadPart")
                                                if e["status"] == 200]) >= count))

    def finish(self, fd, rest):
        e2e.write_all(fd, rest)
        os.close(fd)

    def check_object(self, key, expected):
        self.shift_servers(0)  # the checks' own requests are of now
        super().check_object(key, expected)

    def shift_servers(self, seconds):
        for client in (self.bed.s3, self.bed.kms, self.issuer):
            if client is not self.bed.s3 or self.BED["store"] == "script":
                client.control(clock_offset=seconds)


class Sources(CredentialsTest):
    """Each: an object is put with what that source gives, and S3 and KMS saw that key."""

    def put(self, env, *arguments):
        data = content(1000, self.name)
        source = self.source(self.name, data)
        done = self.bed.run(["put", source, self.bed.url(self.name), *self.bed.server_args(),
                             "--log-level", "debug", *arguments], env=env)
        text = (done.stdout + done.stderr).decode()
        self.assertEqual(done.returncode, 0, text)
        self.check_object(self.name, data)
        for item in self.issued():
            self.assertNotIn(item["secret_key"], text)
            self.assertNotIn(item["session_token"], text)
        return {entry["access_key"] for entry in self.requests("PutObject")}

    def put_issued(self, source, env, *arguments):
        used = self.put(env, *arguments)
        self.assertEqual(used, {self.issued()[-1]["access_key"]})
        self.assertEqual(self.issued()[-1]["source"], source)
        keys = {entry["access_key"] for entry in self.bed.kms.report()["log"]
                if entry["action"] == "GenerateDataKey"}
        self.assertIn(self.issued()[-1]["access_key"], keys)

    def test_a_containers_endpoint(self):
        self.issuer.control(container_token="Bearer of-the-task")
        self.put_issued("container",
                        self.container(AWS_CONTAINER_AUTHORIZATION_TOKEN="Bearer of-the-task"))

    def test_a_pods_token_file_is_read_each_time(self):
        token = self.file("token", "first\n")
        env = self.container(AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=token,
                             AWS_CONTAINER_AUTHORIZATION_TOKEN="not this one")
        self.issuer.control(container_token="first")
        self.mount_with(env)
        write(self.path, b"one")
        self.file("token", "second\n")
        self.issuer.control(container_token="second")
        self.bed.s3.control(expire_token=self.issued()[-1]["session_token"])
        write(self.path + "2", b"two")
        self.assertEqual(len(self.issued()), 2)
        self.ends_well()

    def test_an_instances_role_by_imdsv2(self):
        env = {**NO_KEYS, "AWS_EC2_METADATA_DISABLED": "",
               "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.server.url}
        self.put_issued("instance", env)
        self.assertEqual([entry["op"] for entry in self.issuer.report()["log"]],
                         ["imds-token", "imds-role", "imds-credentials"])

    def test_expired_ones_of_an_instance_are_tried_all_the_same(self):
        """What instance metadata gives while AWS cannot renew them; the services take it."""
        item = {"access_key": "ASIASTABLE", "secret_key": "s", "session_token": "t"}
        for client in (self.bed.s3, self.bed.kms):
            client.control(credentials=item)
        self.issuer.control(fault={"op": "imds-credentials", "body": json.dumps(
            {"AccessKeyId": "ASIASTABLE", "SecretAccessKey": "s", "Token": "t",
             "Expiration": "2001-01-01T00:00:00Z"})})
        used = self.put({**NO_KEYS, "AWS_EC2_METADATA_DISABLED": "",
                         "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.server.url})
        self.assertEqual(used, {"ASIASTABLE"})

    def test_a_web_identity_of_the_environment(self):
        self.issuer.control(web_tokens={"a.web.token": ROLE})
        self.put_issued(ROLE, {
            **NO_KEYS, "AWS_ROLE_ARN": ROLE, "AWS_ENDPOINT_URL_STS": self.server.url,
            "AWS_WEB_IDENTITY_TOKEN_FILE": self.file("token", "a.web.token")})

    def test_a_web_identity_of_the_profile(self):
        self.issuer.control(web_tokens={"a.web.token": ROLE})
        token = self.file("token", "a.web.token")
        self.put_issued(ROLE, self.profiles(
            f"[profile p]\nrole_arn = {ROLE}\nweb_identity_token_file = {token}\n"))

    def test_a_role_of_a_source_profile(self):
        self.issuer.control(roles={ROLE: {"external_id": "an id & more",
                                          "trusts": [self.bed.credentials.access_key]}})
        self.put_issued(ROLE, self.profiles(
            f"[profile p]\nrole_arn = {ROLE}\nsource_profile = base\nexternal_id = an id & more\n"
            "role_session_name = nightly\nduration_seconds = 900\n",
            AWS_SHARED_CREDENTIALS_FILE=self.file("credentials", self.keys("base"))))
        form = self.calls("sts")[-1]["form"]
        self.assertEqual((form["RoleSessionName"], form["DurationSeconds"]), ("nightly", "900"))

    def test_a_role_over_a_role(self):
        self.issuer.control(roles={FIRST: {"trusts": [self.bed.credentials.access_key]},
                                   ROLE: {"trusts": [FIRST]}})
        self.put_issued(ROLE, self.profiles(
            f"[profile p]\nrole_arn = {ROLE}\nsource_profile = first\n"
            f"[profile first]\nrole_arn = {FIRST}\nsource_profile = base\n",
            AWS_SHARED_CREDENTIALS_FILE=self.file("credentials", self.keys("base"))))
        self.assertEqual([item["source"] for item in self.issued()], [FIRST, ROLE])

    def test_a_role_of_a_container(self):
        self.issuer.control(roles={ROLE: {}})
        self.put_issued(ROLE, {**self.container(), **self.profiles(
            f"[profile p]\nrole_arn = {ROLE}\ncredential_source = EcsContainer\n")})

    def test_a_credential_process(self):
        item = self.new_keys("AKIAOFTHEPROCESS")
        answer = json.dumps({"Version": 1, "AccessKeyId": item[0], "SecretAccessKey": item[1]})
        path = self.file("answer file", answer)
        used = self.put(self.profiles(f"[profile p]\ncredential_process = cat '{path}'\n"))
        self.assertEqual(used, {item[0]})

    def test_keys_of_the_environment_come_first(self):
        used = self.put({"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.server.url + "/container/x"})
        self.assertEqual(used, {self.bed.credentials.access_key})
        self.assertEqual(self.issued(), [])

    def test_a_kms_profile_is_for_kms_only(self):
        s3, kms = self.new_keys("AKIAFORSTHREE"), self.new_keys("AKIAFORKMS")
        self.bed.kms.control(deny={"access_key": s3[0]})
        self.addCleanup(self.bed.kms.control, reset=True)
        credentials = self.file("credentials", self.keys("p", s3) + self.keys("k", kms))
        used = self.put(self.profiles("", AWS_SHARED_CREDENTIALS_FILE=credentials),
                        "--kms-profile", "k")
        self.assertEqual(used, {s3[0]})

    def refused(self, env, *words):
        done = self.bed.run(["put", self.source("x", b"x"), self.bed.url(self.name),
                             *self.bed.server_args()], env=env)
        text = (done.stdout + done.stderr).decode()
        self.assertEqual(done.returncode, 1, text)
        for word in words:
            self.assertIn(word, text)
        self.assertEqual(self.requests(), [])

    def test_a_role_that_is_refused_is_told_with_the_remedy(self):
        self.refused(self.profiles(
            f"[profile p]\nrole_arn = {ROLE}\nsource_profile = base\n",
            AWS_SHARED_CREDENTIALS_FILE=self.file("credentials", self.keys("base"))),
            "AccessDenied", ROLE, "trust policy")

    def test_an_instance_without_a_role_is_told(self):
        self.issuer.control(imds_role=None)
        self.refused({**NO_KEYS, "AWS_EC2_METADATA_DISABLED": "",
                      "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.server.url}, "instance profile")

    def test_hostile_answers_of_a_metadata_service_are_refused(self):
        secret = "the-secret-of-the-answer"
        whole = {"AccessKeyId": "A", "SecretAccessKey": secret, "Token": "t",
                 "Expiration": "2099-01-01T00:00:00Z"}
        bodies = ["", "[]", "{" * 1000, secret, "<xml/>", json.dumps(whole)[:-1],
                  json.dumps({**whole, "Expiration": secret}),
                  json.dumps({**whole, "Token": None}),
                  json.dumps({**whole, "AccessKeyId": "A\r\nX-Evil: 1"}),
                  json.dumps({**whole, "AccessKeyId": "A" * 1000}),
                  json.dumps({**whole, "SecretAccessKey": "x" * 100000}),
                  json.dumps({**whole, "Expiration": "2001-01-01T00:00:00Z"})]
        for body in bodies:
            self.issuer.control(mend=True, fault={"op": "container", "body": body})
            done = self.bed.run(["ls", self.bed.url()], env=self.container())
            text = (done.stdout + done.stderr).decode()
            self.assertEqual(done.returncode, 1, body[:100])
            self.assertNotIn(secret, text)
            self.assertIn("container", text)

    def test_hostile_answers_of_sts_are_refused(self):
        token = self.file("token", "a.web.token")
        self.issuer.control(web_tokens={"a.web.token": ROLE})
        env = self.profiles(f"[profile p]\nrole_arn = {ROLE}\nweb_identity_token_file = {token}\n")
        for body in ["", "{}", "<AssumeRoleResponse/>", "<a>" * 100,
                     "<!DOCTYPE x [<!ENTITY a 'b'>]><AssumeRoleWithWebIdentityResponse/>",
                     "x" * 100000]:
            self.issuer.control(mend=True, fault={"op": "sts", "body": body})
            done = self.bed.run(["ls", self.bed.url()], env=env)
            self.assertEqual(done.returncode, 1, body[:100])
            self.assertIn("AssumeRoleWithWebIdentity", done.stderr.decode())


class Renewal(CredentialsTest):
    def test_credentials_replaced_in_mid_stream_the_next_part_uses_them(self):
        """Credentials replaced in mid-stream -> next part uses them"""
        old, new = self.new_keys("AKIATHEOLD"), self.new_keys("AKIATHENEW")
        self.mount_with(self.profiles("", AWS_SHARED_CREDENTIALS_FILE=self.file(
            "credentials", self.keys("p", old))))
        data = content(SIZE + 10 * MIB)
        fd, rest = self.begin(data)
        self.assertEqual({e["access_key"] for e in self.requests("UploadPart")}, {old[0]})
        self.bed.s3.control(clear_log=True)
        self.file("credentials", self.keys("p", new))  # by rename
        self.finish(fd, rest)
        later = self.requests()
        self.assertIn("UploadPart", {e["op"] for e in later})
        self.assertEqual({e["access_key"] for e in later}, {new[0]})
        self.check_object(self.name, data)
        # Overwritten in place it is the same.
        with open(self.bed.path(f"{self.name}-credentials"), "w", encoding="utf-8") as file:
            file.write(self.keys("p", old))
        write(self.path + "2", b"small")
        self.assertEqual({e["access_key"] for e in self.requests("PutObject", self.name + "2")},
                         {old[0]})
        self.ends_well()

    def test_a_broken_credentials_file_does_not_end_an_upload(self):
        old = self.new_keys("AKIAKEPT")
        self.mount_with(self.profiles("", AWS_SHARED_CREDENTIALS_FILE=self.file(
            "credentials", self.keys("p", old))))
        data = content(SIZE)
        fd, rest = self.begin(data)
        self.file("credentials", "half a li")
        self.finish(fd, rest)
        self.check_object(self.name, data)
        self.assertEqual(len(self.log(" warn", "old ones", "line 1")), 1)
        self.ends_well()

    def test_new_ones_are_had_before_the_old_ones_expire(self):
        clock = Clock(self.bed.path(f"{self.name}-clock"))
        self.mount_with(self.container(**clock.env))
        data = content(SIZE + 10 * MIB)
        fd, rest = self.begin(data)
        # 14 minutes are left: they are used on, while new ones are being asked for.
        self.issuer.control(fault={"op": "container", "hold": True, "times": 1})
        self.bed.s3.control(clear_log=True)
        clock.set(46 * 60)
        self.shift_servers(46 * 60)
        e2e.write_all(fd, rest[:6 * MIB])
        self.parts_done(1)
        self.assertTrue(eventually(lambda: len(self.calls("container")) == 2))
        self.assertEqual({e["access_key"] for e in self.requests()},
                         {self.issued()[0]["access_key"]})
        self.issuer.control(release=True)
        self.assertTrue(eventually(lambda: self.log("credentials: new ones")))
        self.bed.s3.control(clear_log=True)
        self.finish(fd, rest[6 * MIB:])
        self.assertEqual({(e["access_key"], e["code"]) for e in self.requests()},
                         {(self.issued()[1]["access_key"], None)})
        self.check_object(self.name, data)
        self.ends_well()

    def test_a_failing_renewal_keeps_the_old_ones_until_they_expire(self):
        clock = Clock(self.bed.path(f"{self.name}-clock"))
        self.mount_with(self.container(**clock.env))
        data = content(SIZE)
        fd, rest = self.begin(data)
        self.issuer.control(fault={"op": "container", "status": 500})
        clock.set(57 * 60)  # three minutes are left
        self.shift_servers(57 * 60)
        self.finish(fd, rest)
        self.assertEqual({e["access_key"] for e in self.requests()},
                         {self.issued()[0]["access_key"]})
        self.check_object(self.name, data)
        self.assertEqual(len(self.log(" warn", "the old ones of container endpoint")), 1)
        self.issuer.control(mend=True)
        clock.set(61 * 60)  # and now they have expired
        self.shift_servers(61 * 60)
        write(self.path + "2", b"with new ones")
        self.assertEqual(self.requests("PutObject", self.name + "2")[-1]["access_key"],
                         self.issued()[1]["access_key"])
        self.ends_well()

    def test_a_403_without_a_reason_after_the_expiry_is_taken_for_it(self):
        """As Ceph's gateway says it."""
        clock = Clock(self.bed.path(f"{self.name}-clock"))
        self.mount_with(self.container(**clock.env))
        data = content(SIZE)
        self.bed.s3.control(rules=[{"action": "hold", "op": "UploadPart", "key": self.name,
                                    "deny": True, "times": 1}])
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, data)
        self.bed.s3.await_held()
        self.parts_done(1)  # the other one: nothing is asked while the clocks are moved
        clock.set(61 * 60)
        self.shift_servers(61 * 60)
        self.bed.s3.control(release=True)
        os.close(fd)
        self.assertEqual([e["code"] for e in self.requests("UploadPart") if e["code"]],
                         ["AccessDenied"])
        self.check_object(self.name, data)
        self.assertEqual(len(self.issued()), 2)
        self.ends_well()

    def test_many_requests_ask_once(self):
        self.mount_with(self.container())
        self.issuer.control(fault={"op": "container", "hold": True, "times": 1})
        for client in (self.bed.s3, self.bed.kms):
            client.control(expire_token=self.issued()[0]["session_token"])
        done = [self.python("open(sys.argv[1], 'wb').write(b'x' * 1000)", f"{self.path}-{i}")
                for i in range(8)]
        self.assertTrue(eventually(lambda: len(self.calls("container")) == 2))
        self.issuer.control(release=True)
        for process in done:
            process.communicate()
            self.assertEqual(process.returncode, 0)
        self.assertEqual(len(self.calls("container")), 2)
        self.ends_well()

    def test_expired_and_replaced_while_an_upload_waits(self):
        self.mount_with(self.container())
        data = content(SIZE)
        fd, rest = self.begin(data)
        self.issuer.control(fault={"op": "container", "status": 500})
        self.bed.s3.control(expire_token=self.issued()[0]["session_token"])
        waiting = e2e.concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(waiting.shutdown)
        closing = waiting.submit(self.finish, fd, rest)
        self.assertTrue(eventually(lambda: self.log("attempt 3 failed", "no usable credentials")))
        self.assertFalse(closing.done())
        self.issuer.control(mend=True)
        closing.result(e2e.WAIT_S)
        self.check_object(self.name, data)
        self.assertEqual(len(self.log(" error")), 1, self.log(" error"))
        self.ends_well()

    def test_expired_and_not_replaceable_is_a_bounded_wait_then_eio_and_nothing_is_left(self):
        """Expired and not replaceable: bounded wait, then EIO, never a short object"""
        clock = Clock(self.bed.path(f"{self.name}-clock"), with_monotonic=True)
        self.mount_with(self.container(**clock.env))
        fd, rest = self.begin(content(SIZE))
        self.issuer.control(fault={"op": "container", "status": 500})
        self.bed.s3.control(expire_token=self.issued()[0]["session_token"])
        waiting = e2e.concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(waiting.shutdown)
        closing = waiting.submit(self.finish, fd, rest)
        self.assertTrue(eventually(lambda: self.log("attempt 2 failed", "no usable credentials")))
        self.assertFalse(closing.done())
        clock.set(6 * 60)  # more than the five minutes that a part is tried
        with self.assertRaises(OSError) as caught:
            closing.result(e2e.WAIT_S)
        self.assertEqual(caught.exception.errno, errno.EIO)
        told = self.log(" error", self.name, "no usable credentials", "status 500")
        self.assertEqual(len(told), 1, self.log(" error"))
        self.assertEqual(self.bed.head(self.name).status, 404)
        # What is left in S3 is aborted as soon as there are credentials again.
        self.issuer.control(mend=True)
        write(self.path + "2", b"and the mount goes on")
        self.check_object(self.name + "2", b"and the mount goes on")
        self.assertTrue(eventually(lambda: not self.uploads_of(self.name)))


class Skew(CredentialsTest):
    def clocked_mount(self, offset_s, *arguments, env=None):
        self.clock = Clock(self.bed.path(f"{self.name}-{offset_s}-clock"))
        self.clock.set(offset_s)
        return self.mount_with({**(env or {}), **self.clock.env}, *arguments)

    def uploads_work(self, offset_s):
        data = content(SIZE)
        self.clocked_mount(offset_s)
        self.name = f"{self._testMethodName}-{offset_s}"
        self.path = os.path.join(self.mnt, self.name)
        write(self.path, data)
        write(self.path + "-small", b"small")
        self.check_object(self.name, data)
        self.check_object(self.name + "-small", b"small")
        self.assertEqual(e2e.read(self.path), data)
        warnings = self.log(" warn", "clock is", "NTP")
        self.assertEqual(len(warnings), 1, warnings)
        self.assertIn("ahead of" if offset_s > 0 else "behind", warnings[0])
        self.ends_well()

    def test_clock_an_hour_off_uploads_work(self):
        """Clock an hour off -> uploads work"""
        for offset_s in (HOUR, -HOUR, -13 * HOUR):
            self.uploads_work(offset_s)

    def test_gc_knows_ages_by_the_servers_clock(self):
        """A day ahead, everything would be older than a day: also what others have at work."""
        clock = Clock(self.bed.path(f"{self.name}-clock"))
        answer = self.bed.s3.must("POST", self.bed.bucket, self.name, [("uploads", "")])
        number = testbed.parse_document(answer.body).findtext("UploadId")
        for offset_s, older, action in ((25 * HOUR, (), "kept"),
                                        (-2 * HOUR, ("--older-than", "0s"), "ended")):
            clock.set(offset_s)
            done = self.bed.run(["gc", self.bed.url(self.name), "--json", "--force", *older,
                                 "--region", self.bed.region, "--endpoint-url", self.bed.s3_url,
                                 "--state-dir", self.bed.path("gc-state")], env=clock.env)
            self.assertEqual(done.returncode, 0, done.stderr)
            told = [(u["upload_id"], u["action"]) for u in json.loads(done.stdout)["uploads"]]
            self.assertEqual(told, [(number, action)])

    def test_a_clock_that_jumps_in_mid_upload(self):
        data = content(SIZE)
        self.clocked_mount(0)
        fd, rest = self.begin(data)
        self.clock.set(2 * HOUR)
        self.finish(fd, rest)
        self.check_object(self.name, data)
        self.clock.set(0)  # and back: NTP has come
        write(self.path + "2", b"right again")
        self.check_object(self.name + "2", b"right again")
        self.ends_well()

    def test_sessions_of_an_hour_with_a_clock_two_hours_off(self):
        """What is issued looks expired to this clock: the issuer's Date tells that it is not."""
        for offset_s in (2 * HOUR, -2 * HOUR):
            self.clocked_mount(offset_s, env=self.container())
            write(self.path + str(offset_s), b"all the same")
            self.check_object(self.name + str(offset_s), b"all the same")
            self.ends_well()

    def test_a_role_with_a_clock_an_hour_off(self):
        self.issuer.control(roles={ROLE: {}})
        env = self.profiles(
            f"[profile p]\nrole_arn = {ROLE}\nsource_profile = base\n",
            AWS_SHARED_CREDENTIALS_FILE=self.file("credentials", self.keys("base")))
        self.clocked_mount(-HOUR, env=env)
        write(self.path, b"as a role")
        self.check_object(self.name, b"as a role")
        self.ends_well()

    def test_a_part_stalled_for_20_simulated_minutes_is_resigned(self):
        """A part stalled for 20 simulated minutes is re-signed"""
        self.clocked_mount(0)
        data = content(SIZE)
        self.bed.s3.control(rules=[{"action": "hold", "op": "UploadPart", "key": self.name,
                                    "drop": True, "times": 1}])
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT)
        e2e.write_all(fd, data)
        self.bed.s3.await_held()
        self.parts_done(1)  # the other one: nothing is asked while the clocks are moved
        self.clock.set(20 * 60)
        self.shift_servers(20 * 60)
        self.bed.s3.control(release=True)
        os.close(fd)
        self.check_object(self.name, data)
        parts = self.requests("UploadPart")
        held = [e for e in parts if e["fault"] == "hold"]
        again = [e for e in parts if e["status"] == 200 and e["query"] == held[0]["query"]]
        self.assertEqual((len(held), len(again)), (1, 1))
        # Signed when it was sent, not before: nothing was refused, nothing had to be learnt.
        signed = [time.mktime(time.strptime(e["signed_at"], "%Y%m%dT%H%M%SZ"))
                  for e in (held[0], again[0])]
        self.assertGreaterEqual(signed[1] - signed[0], 20 * 60)
        self.assertNotIn("RequestTimeTooSkewed", {e["code"] for e in self.requests()})
        self.assertEqual(self.log("clock is"), [])
        self.ends_well()


class RealServer(Skew):
    """Ceph's gateway: a genuine RequestTimeTooSkewed, and an STS that is not ours."""

    BED = {"store": "rgw", "rgw_env": {"RGW_STS": "1"}}

    def registered(self):
        return [self.bed.kms_url]

    def reset_store(self):
        pass

    def test_clock_an_hour_off_uploads_work(self):
        """Clock an hour off -> uploads work"""
        for offset_s in (HOUR, -HOUR):
            self.uploads_work(offset_s)

    def as_role(self):
        role = "arn:aws:iam:::role/backup"
        return self.profiles(
            f"[profile p]\nrole_arn = {role}\nsource_profile = base\nservices = s\n"
            f"[services s]\nsts =\n  endpoint_url = {self.bed.s3_url}\n",
            AWS_SHARED_CREDENTIALS_FILE=self.file("credentials", self.keys("base")),
            AWS_ENDPOINT_URL_STS="")

    def test_a_role_of_cephs_sts_writes_and_reads(self):
        data = content(SIZE)
        keys = ("--kms-profile", "base")  # KMS does not know Ceph's sessions
        self.mount_with(self.as_role(), *keys)
        write(self.path, data)
        self.check_object(self.name, data)
        self.assertEqual(e2e.read(self.path), data)
        self.ends_well()

    def test_a_role_with_a_clock_an_hour_off(self):
        self.clocked_mount(-HOUR, "--kms-profile", "base", env=self.as_role())
        write(self.path, b"as a role")
        self.check_object(self.name, b"as a role")
        self.ends_well()

    test_a_clock_that_jumps_in_mid_upload = None
    test_sessions_of_an_hour_with_a_clock_two_hours_off = None
    test_a_part_stalled_for_20_simulated_minutes_is_resigned = None


if __name__ == "__main__":
    if not FAKETIME:
        sys.exit("credentials_test: libfaketime is missing (Debian's package faketime)")
    unittest.main()
