"""kms.py seen by boto3: every call, the key states, policies, signatures, scripted faults."""

import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import time
import unittest

import botocore.exceptions

import helpers
import sigv4
import testbed

OTHER = sigv4.Credentials("AKIAOTHEROTHEROTHER1", "other/secret")
SESSION = sigv4.Credentials("ASIASESSIONSESSION12", "session/secret", "the-session-token")
CONTEXT = {"kms_cmk_id": "arn:aws:kms:us-east-1:111122223333:key/k", "b": "2", "a": "1"}


class KmsTest(helpers.EmulatorTest):
    SCRIPT, SERVICE = "kms.py", "kms"
    ARGUMENTS = tuple(part for item in (sigv4.DEFAULT, OTHER, SESSION)
                      for part in ("--credentials", ":".join(filter(None, item))))

    def new_key(self, **options):
        return self.client.create_key(**options)["KeyMetadata"]

    def as_user(self, credentials, **options):
        client = helpers.boto("kms", self.server.url, credentials, **options)
        self.addCleanup(client.close)
        return client


class Calls(KmsTest):
    def test_data_key_opens_under_its_context_only(self):
        key = self.new_key()
        made = self.client.generate_data_key(KeyId=key["Arn"], KeySpec="AES_256",
                                             EncryptionContext=CONTEXT)
        self.assertEqual((len(made["Plaintext"]), len(made["CiphertextBlob"])), (32, 184))
        self.assertEqual(made["KeyId"], key["Arn"])
        opened = self.client.decrypt(CiphertextBlob=made["CiphertextBlob"],
                                     EncryptionContext=CONTEXT)
        self.assertEqual((opened["Plaintext"], opened["KeyId"]), (made["Plaintext"], key["Arn"]))
        for context in ({}, {"a": "1"}, {**CONTEXT, "c": "3"}, {**CONTEXT, "a": "2"}):
            self.assert_error("InvalidCiphertextException", self.client.decrypt, status=400,
                              CiphertextBlob=made["CiphertextBlob"], EncryptionContext=context)

    def test_any_changed_byte_of_a_blob_is_refused(self):
        blob = self.client.generate_data_key(KeyId=self.new_key()["KeyId"],
                                             KeySpec="AES_256")["CiphertextBlob"]
        for at in (0, 60, 73, 80, 130, 140, 183):
            bad = bytearray(blob)
            bad[at] ^= 1
            self.assert_error("InvalidCiphertextException", self.client.decrypt,
                              CiphertextBlob=bytes(bad))
        # One that names a key that is not there reads as one that is not ours.
        bad = bytearray(blob)
        bad[8] ^= 1
        self.assert_error("AccessDeniedException", self.client.decrypt, CiphertextBlob=bytes(bad))
        self.assert_error("InvalidCiphertextException", self.client.decrypt, CiphertextBlob=b"x")

    def test_decrypt_with_another_key_id_is_incorrect_key(self):
        key, other = self.new_key(), self.new_key()
        blob = self.client.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
        self.assertEqual(self.client.decrypt(CiphertextBlob=blob, KeyId=key["Arn"])["Plaintext"],
                         b"x")
        self.assert_error("IncorrectKeyException", self.client.decrypt, CiphertextBlob=blob,
                          KeyId=other["KeyId"], status=400)

    def test_data_key_lengths_and_without_plaintext(self):
        key = self.new_key()["KeyId"]
        for options, length in (({"KeySpec": "AES_128"}, 16), ({"NumberOfBytes": 1024}, 1024)):
            made = self.client.generate_data_key(KeyId=key, **options)
            self.assertEqual(len(made["Plaintext"]), length)
        made = self.client.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_256")
        self.assertNotIn("Plaintext", made)
        self.assertEqual(len(self.client.decrypt(CiphertextBlob=made["CiphertextBlob"])
                             ["Plaintext"]), 32)
        for options in ({}, {"KeySpec": "AES_256", "NumberOfBytes": 32}, {"NumberOfBytes": 2000}):
            self.assert_error("ValidationException", self.client.generate_data_key, KeyId=key,
                              **options)

    def test_encrypt_takes_4096_bytes(self):
        key = self.new_key()["KeyId"]
        blob = self.client.encrypt(KeyId=key, Plaintext=b"p" * 4096)["CiphertextBlob"]
        self.assertEqual(self.client.decrypt(CiphertextBlob=blob)["Plaintext"], b"p" * 4096)

    def test_re_encrypt_moves_to_another_key_and_context(self):
        key, other = self.new_key(), self.new_key()
        blob = self.client.encrypt(KeyId=key["KeyId"], Plaintext=b"secret",
                                   EncryptionContext={"a": "1"})["CiphertextBlob"]
        moved = self.client.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext={"a": "1"},
                                       DestinationKeyId=other["Arn"],
                                       DestinationEncryptionContext={"b": "2"})
        self.assertEqual((moved["SourceKeyId"], moved["KeyId"]), (key["Arn"], other["Arn"]))
        opened = self.client.decrypt(CiphertextBlob=moved["CiphertextBlob"],
                                     EncryptionContext={"b": "2"}, KeyId=other["Arn"])
        self.assertEqual(opened["Plaintext"], b"secret")

    def test_re_encrypt_needs_the_right_source(self):
        key, other = self.new_key(), self.new_key()
        blob = self.client.encrypt(KeyId=key["KeyId"], Plaintext=b"secret",
                                   EncryptionContext={"a": "1"})["CiphertextBlob"]
        def refuse(error, **options):
            self.assert_error(error, self.client.re_encrypt, CiphertextBlob=blob, status=400,
                              **{"DestinationKeyId": other["Arn"],
                                 "SourceEncryptionContext": {"a": "1"}, **options})
        refuse("InvalidCiphertextException", SourceEncryptionContext={"a": "2"})
        refuse("InvalidCiphertextException", SourceEncryptionContext={})
        refuse("IncorrectKeyException", SourceKeyId=other["Arn"])
        refuse("NotFoundException", DestinationKeyId="12345678-1234-1234-1234-123456789012")
        # Both keys are of the region that is asked.
        refuse("NotFoundException", DestinationKeyId=other["Arn"].replace("us-east", "eu-west"))
        self.client.disable_key(KeyId=other["KeyId"])
        refuse("DisabledException")
        self.client.enable_key(KeyId=other["KeyId"])
        self.client.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext={"a": "1"},
                               SourceKeyId=key["Arn"], DestinationKeyId=key["Arn"])

    def test_re_encrypt_needs_both_rights(self):
        key, other = self.new_key(), self.new_key()
        blob = self.client.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
        for action, denied in (("ReEncryptFrom", key), ("ReEncryptTo", other)):
            denial = {"action": action, "key": denied["KeyId"]}
            self.raw.control(deny=denial)
            answer = self.assert_error("AccessDeniedException", self.client.re_encrypt,
                                       CiphertextBlob=blob, DestinationKeyId=other["Arn"])
            self.assertIn(f"kms:{action} on resource: {denied['Arn']}", answer["Error"]["Message"])
            self.raw.control(allow=denial)
        # Neither Decrypt nor Encrypt is needed: the data key is not seen.
        for action in ("Decrypt", "Encrypt"):
            self.raw.control(deny={"action": action})
        self.client.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other["Arn"])

    def test_a_dry_run_does_nothing_but_ask(self):
        key = self.new_key()["KeyId"]
        plain = base64.b64encode(b"x").decode()
        blob = self.raw_call("Encrypt", KeyId=key, Plaintext=plain)[1]["CiphertextBlob"]
        status, answer = self.raw_call("Decrypt", CiphertextBlob=blob, DryRun=True)
        self.assertEqual((status, answer["__type"]), (400, "DryRunOperationException"))
        self.assertNotIn("Plaintext", answer)
        self.raw.control(deny={"action": "Decrypt"})
        self.assertEqual(self.raw_call("Decrypt", CiphertextBlob=blob, DryRun=True)[1]["__type"],
                         "AccessDeniedException")

    def test_a_blob_of_elsewhere_opens_once_it_is_imported(self):
        key, foreign = self.new_key(), b"made by another KMS"
        self.assert_error("InvalidCiphertextException", self.client.decrypt, CiphertextBlob=foreign)
        for context, plain in ((CONTEXT, b"1" * 32), ({}, b"2" * 32)):
            self.raw.control(import_blob={
                "CiphertextBlob": base64.b64encode(foreign).decode(), "KeyId": key["Arn"],
                "Plaintext": base64.b64encode(plain).decode(), "EncryptionContext": context})
        for context, plain in ((CONTEXT, b"1" * 32), ({}, b"2" * 32)):
            opened = self.client.decrypt(CiphertextBlob=foreign, EncryptionContext=context)
            self.assertEqual((opened["Plaintext"], opened["KeyId"]), (plain, key["Arn"]))
        self.assert_error("InvalidCiphertextException", self.client.decrypt,
                          CiphertextBlob=foreign, EncryptionContext={"a": "1"})
        self.assert_error("IncorrectKeyException", self.client.decrypt, CiphertextBlob=foreign,
                          KeyId=self.new_key()["Arn"])
        other = self.new_key()["Arn"]
        moved = self.client.re_encrypt(CiphertextBlob=foreign, DestinationKeyId=other)
        self.assertEqual(self.client.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"],
                         b"2" * 32)
        self.client.disable_key(KeyId=key["KeyId"])
        self.assert_error("DisabledException", self.client.decrypt, CiphertextBlob=foreign)
        self.assertNotIn(base64.b64encode(b"2" * 32).decode(), json.dumps(self.raw.report()))
        with self.assertRaisesRegex(testbed.TestbedError, "there is no key"):
            self.raw.control(import_blob={"CiphertextBlob": "AAAA", "Plaintext": "AAAA",
                                          "KeyId": "none"})

    def test_random_bytes(self):
        self.assertEqual(len(self.client.generate_random(NumberOfBytes=77)["Plaintext"]), 77)

    def test_aliases_name_keys(self):
        key, name = self.new_key(), f"alias/t-{time.time_ns()}"
        self.client.create_alias(AliasName=name, TargetKeyId=key["KeyId"])
        arn = key["Arn"].rsplit(":", 1)[0] + ":" + name
        for given in (key["KeyId"], key["Arn"], name, arn):
            found = self.client.describe_key(KeyId=given)["KeyMetadata"]
            self.assertEqual(found["Arn"], key["Arn"])
        listed = self.client.list_aliases(KeyId=key["KeyId"])["Aliases"]
        self.assertEqual([a["AliasName"] for a in listed], [name])
        self.assert_error("AlreadyExistsException", self.client.create_alias, AliasName=name,
                          TargetKeyId=key["KeyId"])
        self.client.delete_alias(AliasName=name)
        self.assert_error("NotFoundException", self.client.describe_key, KeyId=name)

    def test_list_keys_pages(self):
        made = {self.new_key()["KeyId"] for _ in range(3)}
        pages = self.client.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2})
        self.assertLessEqual(made, {k["KeyId"] for page in pages for k in page["Keys"]})

    def test_rotation_keeps_old_blobs_readable(self):
        key = self.new_key()["KeyId"]
        blob = self.client.encrypt(KeyId=key, Plaintext=b"old")["CiphertextBlob"]
        self.raw_call("RotateKeyOnDemand", KeyId=key)
        self.assertEqual(self.client.decrypt(CiphertextBlob=blob)["Plaintext"], b"old")

    def raw_call(self, action, **request):
        return testbed.KmsClient(self.server.url).call(action, **request)

    def test_unknown_things_are_said_to_be(self):
        self.assertEqual(self.raw_call("NoSuchAction")[1]["__type"], "UnknownOperationException")
        for name in ("alias/none", "12345678-1234-1234-1234-123456789012", "rubbish",
                     "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"):
            self.assert_error("NotFoundException", self.client.describe_key, KeyId=name)

    def test_request_id_is_sent_and_logged(self):
        answer = self.client.list_keys()
        self.assertEqual(self.last_call()["request_id"], answer["ResponseMetadata"]["RequestId"])


class States(KmsTest):
    def crypto_calls(self, key, blob):
        return ((self.client.generate_data_key, {"KeyId": key, "KeySpec": "AES_256"}),
                (self.client.encrypt, {"KeyId": key, "Plaintext": b"x"}),
                (self.client.decrypt, {"CiphertextBlob": blob}),
                (self.client.decrypt, {"CiphertextBlob": blob, "KeyId": key}),
                (self.client.re_encrypt, {"CiphertextBlob": blob, "DestinationKeyId": key}))

    def test_disabled_key_refuses_all_until_enabled(self):
        key = self.new_key()["KeyId"]
        blob = self.client.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        self.client.disable_key(KeyId=key)
        self.assertEqual(self.client.describe_key(KeyId=key)["KeyMetadata"]["KeyState"],
                         "Disabled")
        for call, arguments in self.crypto_calls(key, blob):
            self.assert_error("DisabledException", call, status=400, **arguments)
        self.client.enable_key(KeyId=key)
        self.assertEqual(self.client.decrypt(CiphertextBlob=blob)["Plaintext"], b"x")

    def test_key_pending_deletion_refuses_all_until_cancelled_and_enabled(self):
        key = self.new_key()["KeyId"]
        blob = self.client.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        self.client.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        for call, arguments in self.crypto_calls(key, blob):
            self.assert_error("KMSInvalidStateException", call, status=400, **arguments)
        for call in (self.client.enable_key, self.client.disable_key):
            self.assert_error("KMSInvalidStateException", call, KeyId=key)
        self.client.cancel_key_deletion(KeyId=key)
        self.assert_error("DisabledException", self.client.decrypt, CiphertextBlob=blob)
        self.client.enable_key(KeyId=key)
        self.assertEqual(self.client.decrypt(CiphertextBlob=blob)["Plaintext"], b"x")

    def test_deletion_happens_when_its_day_has_come(self):
        key = self.new_key()["KeyId"]
        blob = self.client.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        self.client.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        self.raw.control(delete_key=key)
        self.assert_error("NotFoundException", self.client.describe_key, KeyId=key)
        self.assert_error("AccessDeniedException", self.client.decrypt, CiphertextBlob=blob)

    def test_waiting_time_has_limits(self):
        key = self.new_key()["KeyId"]
        for days in (6, 31):
            self.assert_error("ValidationException", self.client.schedule_key_deletion, KeyId=key,
                              PendingWindowInDays=days)

    def test_key_for_signing_cannot_encrypt(self):
        key = self.new_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyId"]
        self.assert_error("InvalidKeyUsageException", self.client.generate_data_key, KeyId=key,
                          KeySpec="AES_256", status=400)

    def test_key_belongs_to_its_region(self):
        key = self.new_key()
        far = self.as_user(sigv4.DEFAULT, region="eu-west-1")
        for name in (key["KeyId"], key["Arn"]):
            self.assert_error("NotFoundException", far.describe_key, KeyId=name)
        blob = self.client.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
        self.assert_error("AccessDeniedException", far.decrypt, CiphertextBlob=blob)

    def test_replica_opens_the_blobs_of_its_primary(self):
        key = self.new_key(MultiRegion=True)
        self.assertTrue(key["KeyId"].startswith("mrk-"))
        blob = self.client.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
        self.client.replicate_key(KeyId=key["KeyId"], ReplicaRegion="eu-west-1")
        far = self.as_user(sigv4.DEFAULT, region="eu-west-1")
        self.assertEqual(far.decrypt(CiphertextBlob=blob)["KeyId"],
                         key["Arn"].replace("us-east-1", "eu-west-1"))


class Access(KmsTest):
    def deny(self, key, action, access_key):
        policy = json.loads(self.client.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
        policy["Statement"].append({
            "Effect": "Deny", "Principal": {"AWS": f"arn:aws:iam::111122223333:user/{access_key}"},
            "Action": f"kms:{action}", "Resource": "*"})
        self.client.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))

    def test_policy_denies_one_user_one_action(self):
        key = self.new_key()["KeyId"]
        self.deny(key, "Decrypt", OTHER.access_key)
        other = self.as_user(OTHER)
        blob = other.generate_data_key(KeyId=key, KeySpec="AES_256")["CiphertextBlob"]
        answer = self.assert_error("AccessDeniedException", other.decrypt, CiphertextBlob=blob,
                                   status=400)
        self.assertIn("is not authorized to perform: kms:Decrypt", answer["Error"]["Message"])
        self.client.decrypt(CiphertextBlob=blob)

    def test_policy_that_names_nobody_else_allows_nobody_else(self):
        key = self.new_key()["KeyId"]
        policy = {"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": {"AWS": f"arn:aws:iam::111122223333:user/{OTHER.access_key}"}}}
        self.client.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
        self.as_user(OTHER).describe_key(KeyId=key)
        self.assert_error("AccessDeniedException", self.client.describe_key, KeyId=key)

    def test_policy_can_depend_on_the_context(self):
        key = self.new_key()["KeyId"]
        policy = {"Statement": [{
            "Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": "*",
            "Condition": {"StringEquals": {"kms:EncryptionContext:a": "1"}}}]}
        self.client.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
        self.client.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "1"})
        self.assert_error("AccessDeniedException", self.client.encrypt, KeyId=key, Plaintext=b"x")

    def test_malformed_policy_is_refused(self):
        key = self.new_key()["KeyId"]
        self.assert_error("MalformedPolicyDocumentException", self.client.put_key_policy,
                          KeyId=key, PolicyName="default", Policy="{}")

    def test_access_is_revoked_and_granted_again(self):
        key = self.new_key()["KeyId"]
        blob = self.client.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        denial = {"action": "Decrypt", "key": key}
        self.raw.control(deny=denial)
        self.assert_error("AccessDeniedException", self.client.decrypt, CiphertextBlob=blob)
        self.client.describe_key(KeyId=key)
        self.raw.control(allow=denial)
        self.assertEqual(self.client.decrypt(CiphertextBlob=blob)["Plaintext"], b"x")
        with self.assertRaisesRegex(testbed.TestbedError, "there is no denial"):
            self.raw.control(allow=denial)

    def test_control_denies(self):
        key = self.new_key()["KeyId"]
        self.raw.control(deny={"action": "GenerateDataKey", "access_key": OTHER.access_key})
        self.assert_error("AccessDeniedException", self.as_user(OTHER).generate_data_key,
                          KeyId=key, KeySpec="AES_256")
        self.client.generate_data_key(KeyId=key, KeySpec="AES_256")


class Accounts(KmsTest):
    OURS, THEIRS = "111122223333", "444455556666"
    STRANGER = sigv4.Credentials("AKIASTRANGERSTRANGER", "stranger/secret")

    def setUp(self):
        super().setUp()
        self.raw.control(credentials={
            "access_key": self.STRANGER.access_key, "secret_key": self.STRANGER.secret_key,
            "account": self.THEIRS})
        self.stranger = self.as_user(self.STRANGER)

    def allow(self, key, *actions):
        policy = json.loads(self.client.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
        policy["Statement"].append({
            "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{self.THEIRS}:root"},
            "Action": [f"kms:{action}" for action in actions], "Resource": "*"})
        self.client.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))

    def test_a_key_belongs_to_the_account_of_its_maker(self):
        theirs = self.stranger.create_key()["KeyMetadata"]
        self.assertEqual(theirs["AWSAccountId"], self.THEIRS)
        self.assertIn(f":{self.THEIRS}:key/", theirs["Arn"])
        made = self.raw.control(create_key={"Account": self.THEIRS})["create_key"]
        self.assertIn(f":{self.THEIRS}:key/", made["Arn"])
        listed = {item["KeyArn"] for item in self.stranger.list_keys()["Keys"]}
        self.assertLessEqual({theirs["Arn"], made["Arn"]}, listed)
        self.assertNotIn(f":{self.OURS}:", "".join(listed))

    def test_aliases_are_an_account_s_own(self):
        for client in (self.client, self.stranger):
            client.create_alias(AliasName="alias/same",
                                TargetKeyId=client.create_key()["KeyMetadata"]["KeyId"])
        for client, account in ((self.client, self.OURS), (self.stranger, self.THEIRS)):
            self.assertEqual(client.describe_key(KeyId="alias/same")["KeyMetadata"]["AWSAccountId"],
                             account)
            client.delete_alias(AliasName="alias/same")

    def test_a_key_of_another_account_needs_its_policy_and_its_arn(self):
        key = self.new_key()
        blob = self.client.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
        answer = self.assert_error("AccessDeniedException", self.stranger.decrypt,
                                   CiphertextBlob=blob)
        self.assertIn(f"{self.THEIRS}:user/", answer["Error"]["Message"])
        self.allow(key["KeyId"], "Decrypt", "ReEncryptFrom", "DescribeKey", "DisableKey")
        self.assertEqual(self.stranger.decrypt(CiphertextBlob=blob)["Plaintext"], b"x")
        self.stranger.describe_key(KeyId=key["Arn"])
        self.assert_error("NotFoundException", self.stranger.describe_key, KeyId=key["KeyId"])
        self.assert_error("AccessDeniedException", self.stranger.generate_data_key,
                          KeyId=key["Arn"], KeySpec="AES_256")
        # Managing a key is its owner's alone, whatever the policy says.
        self.assert_error("AccessDeniedException", self.stranger.disable_key, KeyId=key["Arn"])

    def test_re_encrypt_moves_a_data_key_to_another_account(self):
        key, theirs = self.new_key(), self.stranger.create_key()["KeyMetadata"]
        blob = self.client.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
        self.allow(key["KeyId"], "ReEncryptFrom")
        moved = self.stranger.re_encrypt(CiphertextBlob=blob, DestinationKeyId=theirs["Arn"])
        blob = moved["CiphertextBlob"]
        self.assertEqual(self.stranger.decrypt(CiphertextBlob=blob)["Plaintext"], b"x")
        self.assert_error("AccessDeniedException", self.client.decrypt, CiphertextBlob=blob)

    def test_what_a_stranger_may_not_see_is_not_told_to_exist(self):
        for name in (self.new_key()["Arn"], f"arn:aws:kms:us-east-1:{self.OURS}:alias/none",
                     f"arn:aws:kms:us-east-1:{self.OURS}:key/12345678-1234-1234-1234-123456789012"):
            answer = self.assert_error("AccessDeniedException", self.stranger.describe_key,
                                       KeyId=name)
            self.assertIn("does not exist in this Region, no resource-based policies allow",
                          answer["Error"]["Message"])


class Signatures(KmsTest):
    def test_session_credentials_need_their_token(self):
        self.as_user(SESSION).list_keys()
        for token in (None, "another"):
            self.assert_error("UnrecognizedClientException",
                              self.as_user(SESSION._replace(token=token)).list_keys, status=400)
        self.raw.control(expire_token=SESSION.token)
        self.assert_error("ExpiredTokenException", self.as_user(SESSION).list_keys)

    def test_unknown_key_and_wrong_secret(self):
        self.assert_error("UnrecognizedClientException",
                          self.as_user(sigv4.Credentials("AKIANOBODY", "x")).list_keys, status=400)
        wrong = sigv4.DEFAULT._replace(secret_key="wrong")
        self.assert_error("InvalidSignatureException", self.as_user(wrong).list_keys, status=400)

    def test_skewed_clock_is_an_expired_signature(self):
        self.raw.control(clock_offset=400)
        answer = self.assert_error("InvalidSignatureException", self.client.list_keys)
        self.assertIn("Signature expired: ", answer["Error"]["Message"])
        self.raw.control(clock_offset=-400)
        answer = self.assert_error("InvalidSignatureException", self.client.list_keys)
        self.assertIn("Signature not yet current", answer["Error"]["Message"])

    def test_missing_and_incomplete_signatures(self):
        headers = {"X-Amz-Target": "TrentService.ListKeys",
                   "Content-Type": "application/x-amz-json-1.1"}
        for more, name in (({}, "MissingAuthenticationTokenException"),
                           ({"Authorization": "AWS4-HMAC-SHA256 Credential=a/b"},
                            "IncompleteSignatureException")):
            answer = self.raw.send("POST", "/", {**headers, **more}, b"{}", signed=False)
            self.assertEqual((answer.status, json.loads(answer.body)["__type"]), (400, name))

    def test_changed_body_is_refused(self):
        headers = sigv4.sign("POST", "/", {"Host": self.raw.url.netloc,
                                           "X-Amz-Target": "TrentService.ListKeys",
                                           "Content-Type": "application/x-amz-json-1.1"},
                             sigv4.DEFAULT, "us-east-1", "kms", body=b"{}")
        answer = self.raw.send("POST", "/", headers, b"{ }", signed=False)
        self.assertEqual(json.loads(answer.body)["__type"], "InvalidSignatureException")


class Faults(KmsTest):
    def test_throttling_hits_so_many_calls(self):
        self.raw.control(throttle=2)
        for _ in range(2):
            self.assert_error("ThrottlingException", self.client.list_keys, status=400)
        self.client.list_keys()

    def test_failure_of_one_action_only(self):
        self.raw.control(fail={"times": 1, "action": "ListKeys"})
        self.client.list_aliases()
        self.assert_error("KMSInternalException", self.client.list_keys, status=500)
        self.client.list_keys()

    def test_outage_ends_when_cleared_or_in_time(self):
        self.raw.control(outage=True)
        for _ in range(2):
            with self.assertRaises(botocore.exceptions.ConnectionClosedError):
                self.client.list_keys()
        self.raw.control(outage=False)
        self.client.list_keys()
        self.raw.control(outage=600)
        with self.assertRaises(botocore.exceptions.ConnectionClosedError):
            self.client.list_keys()
        self.raw.control(outage=0.3)
        self.await_end_of_outage()

    def await_end_of_outage(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                self.client.list_keys()
                return
            except botocore.exceptions.ConnectionClosedError:
                self.assertLess(time.monotonic(), deadline, "the outage does not end")
                time.sleep(0.05)

    def test_delay_is_then_served(self):
        self.raw.control(delay=0.3)
        begun = time.monotonic()
        self.client.list_keys()
        self.assertGreaterEqual(time.monotonic() - begun, 0.3)

    def test_unknown_command_is_refused(self):
        with self.assertRaises(testbed.TestbedError):
            self.raw.control(explode=1)


class Log(KmsTest):
    def test_log_tells_who_asked_what_but_no_secret(self):
        key = self.new_key()
        made = self.client.generate_data_key(KeyId=key["Arn"], KeySpec="AES_256",
                                             EncryptionContext=CONTEXT)
        call = self.last_call()
        self.assertEqual((call["action"], call["access_key"], call["key_arn"], call["context"],
                          call["result"], call["status"]),
                         ("GenerateDataKey", sigv4.DEFAULT.access_key, key["Arn"], CONTEXT, "ok",
                          200))
        self.client.encrypt(KeyId=key["KeyId"], Plaintext=b"very secret text")
        self.assert_error("NotFoundException", self.client.describe_key, KeyId="alias/none")
        self.assertEqual(self.last_call()["result"], "NotFoundException")
        text = json.dumps(self.raw.report())
        for secret in (made["Plaintext"], b"very secret text"):
            self.assertNotIn(base64.b64encode(secret).decode(), text)
        self.assertNotIn("Material", text)

    def test_key_of_a_given_id_and_material_is_reproducible(self):
        name, material = "00000000-1111-2222-3333-444444444444", hashlib.sha256(b"m").digest()
        request = {"KeyId": name, "Material": base64.b64encode(material).decode(),
                   "Region": "eu-central-1"}
        made = self.raw.control(create_key=request)["create_key"]
        self.assertEqual(made["Arn"], f"arn:aws:kms:eu-central-1:111122223333:key/{name}")
        there = self.as_user(sigv4.DEFAULT, region="eu-central-1")
        blob = there.encrypt(KeyId=name, Plaintext=b"x")["CiphertextBlob"]
        self.raw.control(delete_key=name)
        self.raw.control(create_key=request)
        self.assertEqual(there.decrypt(CiphertextBlob=blob)["Plaintext"], b"x")


class OtherModes(unittest.TestCase):
    def setUp(self):
        self.folder = helpers.tempfile.TemporaryDirectory(prefix="rdsbak-test-")
        self.addCleanup(self.folder.cleanup)

    def start(self, *arguments):
        server = testbed.Emulator("kms.py", os.path.join(self.folder.name, "log"), *arguments)
        self.addCleanup(server.stop)
        return server, testbed.KmsClient(server.url)

    def test_state_survives_a_restart(self):
        path = os.path.join(self.folder.name, "state")
        server, kms = self.start("--state", path)
        key = kms.call("CreateKey")[1]["KeyMetadata"]["KeyId"]
        kms.call("CreateAlias", AliasName="alias/kept", TargetKeyId=key)
        plain = base64.b64encode(b"kept").decode()
        blob = kms.call("Encrypt", KeyId="alias/kept", Plaintext=plain)[1]["CiphertextBlob"]
        kms.call("DisableKey", KeyId=key)
        server.stop()
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        _, kms = self.start("--state", path)
        self.assertEqual(kms.call("Decrypt", CiphertextBlob=blob)[1]["__type"],
                         "DisabledException")
        kms.call("EnableKey", KeyId=key)
        self.assertEqual(kms.call("Decrypt", CiphertextBlob=blob)[1]["Plaintext"], plain)

    def test_no_auth_takes_anybody(self):
        server, _ = self.start("--no-auth")
        client = helpers.boto("kms", server.url, sigv4.Credentials("anybody", "nothing"))
        self.addCleanup(client.close)
        client.list_keys()

    def test_several_requests_share_a_connection(self):
        server, _ = self.start("--no-auth")
        host, port = server.url.split("/")[2].split(":")
        request = ("POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: TrentService.ListKeys\r\n"
                   "Content-Type: application/x-amz-json-1.1\r\nContent-Length: 2\r\n\r\n{}")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall((request * 3).encode())
            data = b""
            while data.count(b"HTTP/1.1 200") < 3:
                piece = connection.recv(65536)
                self.assertTrue(piece, "the connection was closed")
                data += piece


def python_with_moto():
    for name in ("python3", "/usr/bin/python3"):
        path = shutil.which(name)
        if path and subprocess.run([path, "-c", "import moto.server"], stderr=subprocess.DEVNULL,
                                   check=False).returncode == 0:
            return path
    return None


class BesideMoto(KmsTest):
    """The same calls to moto, an independent emulator: the same answers in shape and kind."""

    def setUp(self):
        super().setUp()
        python = python_with_moto()
        if not python:
            self.skipTest("moto is not importable here")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = testbed.start_process([python, "-m", "moto.server", "-H", "127.0.0.1", "-p",
                                         str(port)], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self.addCleanup(testbed.end_process, process)
        self.moto = helpers.boto("kms", f"http://127.0.0.1:{port}")
        self.addCleanup(self.moto.close)
        self.wait_until_up(process)

    def wait_until_up(self, process):
        deadline = time.monotonic() + 120
        while True:
            try:
                self.moto.list_keys()
                return
            except botocore.exceptions.EndpointConnectionError:
                self.assertIsNone(process.poll(), "moto ended")
                self.assertLess(time.monotonic(), deadline, "moto does not answer")
                time.sleep(0.1)

    @staticmethod
    def outcome(client, call, **arguments):
        """What can be compared: the error's code, or the members and lengths of an answer."""
        try:
            answer = getattr(client, call)(**arguments)
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"], None
        plain = {k: v for k, v in answer.items()
                 if k not in ("ResponseMetadata", "KeyMaterialId", "CiphertextForRecipient")}
        shape = {k: len(v) if k == "Plaintext" else type(v).__name__ for k, v in plain.items()}
        return "ok", shape

    def scenario(self, client):
        """[(name, outcome)] of a story told to one client."""
        key = client.create_key(Description="d")["KeyMetadata"]
        other = client.create_key()["KeyMetadata"]
        shape = {k: type(v).__name__ for k, v in key.items()
                 if k not in ("CurrentKeyMaterialId", "SigningAlgorithms")}
        seen = [("metadata", ("ok", shape))]
        blob = client.encrypt(KeyId=key["KeyId"], Plaintext=b"x" * 9,
                              EncryptionContext={"a": "1"})["CiphertextBlob"]
        calls = (
            ("create_alias", {"AliasName": "alias/moto", "TargetKeyId": key["KeyId"]}),
            ("create_alias", {"AliasName": "alias/moto", "TargetKeyId": key["KeyId"]}),
            ("generate_data_key", {"KeyId": "alias/moto", "KeySpec": "AES_256"}),
            ("generate_data_key", {"KeyId": key["Arn"], "NumberOfBytes": 24}),
            ("generate_data_key", {"KeyId": key["KeyId"]}),
            ("generate_data_key", {"KeyId": "alias/none", "KeySpec": "AES_256"}),
            ("generate_data_key_without_plaintext", {"KeyId": key["KeyId"], "KeySpec": "AES_128"}),
            ("encrypt", {"KeyId": key["KeyId"], "Plaintext": b"y" * 4097}),
            ("decrypt", {"CiphertextBlob": blob, "EncryptionContext": {"a": "1"}}),
            ("decrypt", {"CiphertextBlob": blob, "EncryptionContext": {"a": "2"}}),
            ("decrypt", {"CiphertextBlob": blob}),
            ("re_encrypt", {"CiphertextBlob": blob, "SourceEncryptionContext": {"a": "1"},
                            "DestinationKeyId": other["Arn"]}),
            ("generate_random", {"NumberOfBytes": 5}),
            ("describe_key", {"KeyId": "12345678-1234-1234-1234-123456789012"}),
            ("get_key_policy", {"KeyId": key["KeyId"], "PolicyName": "default"}),
            ("list_keys", {}),
            ("schedule_key_deletion", {"KeyId": other["KeyId"], "PendingWindowInDays": 7}),
            ("cancel_key_deletion", {"KeyId": other["KeyId"]}),
        )
        return seen + [(f"{call} {sorted(arguments)}", self.outcome(client, call, **arguments))
                       for call, arguments in calls]

    def test_answers_are_of_the_same_kind(self):
        for (name, ours), (_, theirs) in zip(self.scenario(self.client), self.scenario(self.moto)):
            with self.subTest(name):
                self.assertEqual(ours[0], theirs[0])
                # moto leaves out some members that the service has; what it has, we have.
                self.assertLessEqual((theirs[1] or {}).items(), (ours[1] or {}).items())


if __name__ == "__main__":
    unittest.main()
