"""scripts/decrypt.py alone recovers what the program wrote: from the bucket under odd names, and
from files saved earlier, with no server left but the data key that KMS once gave."""

import base64
import json
import os
import subprocess
import unittest

from common import ROOT, BedTest, make_bytes, need_programs, testbed, write_file

SCRIPT = os.path.join(ROOT, "scripts", "decrypt.py")
KEYS = ("a b/c+d%25.bak", "größe/ü.bak", "x&y=z;?#.bak", "dots/..bak",
        "quote'\"<>.bak", "~!@$*().bak")


class DecryptScriptTest(BedTest):
    BED = {"store": "script"}

    def put(self, key, data):
        path = self.bed.path("in")
        write_file(path, data)
        self.must_run(["put", path, self.bed.url(key)])

    def test_objects_under_odd_keys_are_decrypted(self):
        for size, key in enumerate(KEYS):
            with self.subTest(key=key):
                self.put(key, make_bytes(size * 8, key))
                self.assertEqual(self.bed.decrypt(key), make_bytes(size * 8, key))

    def refuse(self, key, says, *arguments):
        with self.assertRaisesRegex(testbed.TestbedError, says):
            self.bed.decrypt(key, arguments)

    def test_kms_has_the_last_word(self):
        data = make_bytes(1000, "kms")
        self.put("kms", data)
        own, other = ("--kms-key-id", self.bed.key_arn), ("--kms-key-id", self.bed.create_key())
        self.assertEqual(self.bed.decrypt("kms", own), data)
        self.refuse("kms", "IncorrectKeyException", *other)
        metadata, body = self.bed.metadata("kms"), self.bed.get("kms")
        wrapped = base64.b64decode(metadata["x-amz-key-v2"])
        for what, change in (
            ("truncated", {"x-amz-key-v2": base64.b64encode(wrapped[:-1]).decode()}),
            ("context", {"x-amz-matdesc": json.dumps({"kms_cmk_id": other[1]})}),
        ):
            self.bed.put(what, body, {**metadata, **change})
            self.refuse(what, "InvalidCiphertextException")
        key_id = self.bed.key_arn.rpartition("/")[2]
        for action, again, says in (("DisableKey", "EnableKey", "DisabledException"),
                                    ("ScheduleKeyDeletion", "CancelKeyDeletion",
                                     "KMSInvalidStateException")):
            self.bed.kms.call(action, KeyId=key_id)
            self.refuse("kms", says)
            self.bed.kms.call(again, KeyId=key_id)
        self.bed.kms.call("EnableKey", KeyId=key_id)
        self.assertEqual(self.bed.decrypt("kms"), data)

    def decrypt_saved(self, metadata, key_hex, ciphertext):
        write_file(self.bed.path("meta.json"), json.dumps({"Metadata": metadata}).encode())
        write_file(self.bed.path("ciphertext"), ciphertext)
        return subprocess.run(
            [testbed.PYTHON, SCRIPT, "--metadata", self.bed.path("meta.json"), "--key-hex",
             key_hex, self.bed.path("ciphertext")], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, check=False)

    def test_saved_objects_are_decrypted_without_any_server(self):
        for size in (0, 15, 16, 100001):
            with self.subTest(size=size):
                data = make_bytes(size, "saved")
                self.put("saved", data)
                metadata, ciphertext = self.bed.metadata("saved"), self.bed.get("saved")
                status, answer = self.bed.kms.call(
                    "Decrypt", CiphertextBlob=metadata["x-amz-key-v2"],
                    EncryptionContext=json.loads(metadata["x-amz-matdesc"]))
                self.assertEqual(status, 200)
                key = base64.b64decode(answer["Plaintext"])
                done = self.decrypt_saved(metadata, key.hex(), ciphertext)
                self.assertEqual((done.returncode, done.stdout == data), (0, True), done.stderr)
                cut = self.decrypt_saved(metadata, key.hex(), ciphertext[:-1])
                self.assertEqual(cut.returncode, 1)


if __name__ == "__main__":
    need_programs("/usr/lib/python3/dist-packages/cryptography")
    unittest.main()
