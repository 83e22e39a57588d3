#!/usr/bin/python3
"""audit: every object of a prefix with its verdict, and an exit status that proves what it says."""

import base64
import json
import re
import subprocess
import unittest

import e2e
from e2e import content

DONE, FAILED, USAGE = 0, 1, 2


def b64(size, seed):
    return base64.b64encode(content(size, seed)).decode()


def v2(arn, **changed):
    """An envelope as the format rds has it, with fields replaced (None: left out)."""
    fields = {"x-amz-key-v2": b64(184, "key"), "x-amz-iv": b64(16, "iv"),
              "x-amz-cek-alg": "AES/CBC/PKCS5Padding", "x-amz-wrap-alg": "kms",
              "x-amz-matdesc": json.dumps({"kms_cmk_id": arn}),
              **{name.replace("_", "-"): value for name, value in changed.items()}}
    return {name: value for name, value in fields.items() if value is not None}


V1 = {"x-amz-key": b64(184, "key"), "x-amz-iv": b64(16, "iv"), "x-amz-matdesc": "{}"}
V3 = {"x-amz-c": "115", "x-amz-3": b64(184, "key"), "x-amz-w": "12", "x-amz-d": b64(28, "d"),
      "x-amz-i": b64(28, "i"), "x-amz-t": json.dumps({"aws:x-amz-cek-alg": "115"})}


class Audit(e2e.BedTest):
    BED = {"store": "script"}

    def setUp(self):
        self.prefix = self._testMethodName + "/"
        self.addCleanup(self.bed.s3.control, reset=True)

    def put(self, name, metadata=None, body=b"x" * 32, headers=None):
        self.bed.put(self.prefix + name, body, metadata=metadata, headers=headers)

    def audit(self, *more, status=DONE, prefix=None):
        done = self.bed.run(["audit", self.bed.url(self.prefix if prefix is None else prefix),
                             *more])
        text = done.stdout.decode()
        self.assertEqual(done.returncode, status, text + done.stderr.decode())
        return text, done.stderr.decode()

    def audit_json(self, *more, status=DONE):
        text, _ = self.audit("--json", *more, status=status)
        found = json.loads(text)
        return {item["name"]: item for item in found["objects"]}, found

    def line(self, text, name):
        lines = [line for line in text.splitlines() if re.search(rf"  {re.escape(name)}(:|$)", line)]
        self.assertEqual(len(lines), 1, f"{name} in\n{text}")
        return lines[0]

    def test_what_rdsbak_wrote_passes_under_its_key(self):
        path = self.source("audit", content(100000))
        done = self.bed.run(["put", path, self.bed.url(self.prefix + "a.bak"),
                             *self.bed.server_args()])
        self.assertEqual(done.returncode, 0, done.stderr)
        text, _ = self.audit("--allow-key", self.bed.key_arn)
        line = self.line(text, "a.bak")
        self.assertTrue(line.startswith("encrypted "), line)
        for word in (self.bed.key_arn, "rds", "V2", "kms", "AES/CBC/PKCS5Padding", "STANDARD"):
            self.assertIn(word, line)
        self.assertIn("total: 1 objects, 100016 bytes, 0 not proved", text)

    def test_no_key_and_no_kms_is_needed(self):
        self.put("a.bak", v2(self.bed.key_arn))
        done = self.bed.run(["audit", self.bed.url(self.prefix)],
                            env={"AWS_ENDPOINT_URL_KMS": "http://127.0.0.1:1"})
        self.assertEqual(done.returncode, DONE, done.stderr)

    def test_plaintext_is_shouted_and_fails(self):
        self.put("a.bak", v2(self.bed.key_arn))
        self.put("sub/b.bak")
        text, error = self.audit(status=FAILED)
        self.assertEqual(len(re.findall("^PLAINTEXT ", text, re.M)), 1, text)
        self.assertTrue(self.line(text, "sub/b.bak").startswith("PLAINTEXT "))
        self.assertIn("1 of 2 objects are not proved to be encrypted", error)

    def test_another_key_passes_only_without_a_list(self):
        other = self.bed.key_arn[:-4] + "0000"
        self.put("a.bak", v2(self.bed.key_arn))
        self.put("b.bak", v2(other))
        self.audit()
        text, error = self.audit("--allow-key", self.bed.key_arn, status=FAILED)
        self.assertTrue(self.line(text, "b.bak").startswith("OTHER-KEY "), text)
        self.assertIn("under an allowed key", error)
        self.audit("--allow-key", self.bed.key_arn, "--allow-key", other)

    def test_damaged_envelopes_are_not_encrypted(self):
        self.put("two-keys", {**v2(self.bed.key_arn), **V3})
        self.put("no-iv", v2(self.bed.key_arn, x_amz_iv=None))
        self.put("bad-key", v2(self.bed.key_arn, x_amz_key_v2="!"))
        self.put("size", v2(self.bed.key_arn), body=b"x" * 31)
        found, whole = self.audit_json(status=FAILED)
        for name in ("two-keys", "no-iv", "bad-key", "size"):
            self.assertEqual(found[name]["verdict"], "DAMAGED", found[name])
            self.assertTrue(found[name]["reason"], found[name])
        self.assertEqual(whole["summary"]["not_proved"], 4)

    def test_other_envelopes_are_encrypted_but_under_a_key_that_is_not_named(self):
        gcm = v2(None, x_amz_iv=b64(12, "iv"), x_amz_cek_alg="AES/GCM/NoPadding",
                 x_amz_wrap_alg="kms+context", x_amz_tag_len="128",
                 x_amz_matdesc=json.dumps({"aws:x-amz-cek-alg": "AES/GCM/NoPadding"}))
        for name, fields in (("v1", V1), ("v3", V3), ("gcm", gcm)):
            self.put(name, fields)
        found, _ = self.audit_json()
        self.assertEqual({item["verdict"] for item in found.values()}, {"encrypted"}, found)
        self.assertEqual(found["gcm"]["wrapped"], "kms+context")
        self.assertEqual(found["v3"]["wrapped"], "kms+context")
        found, _ = self.audit_json("--allow-key", self.bed.key_arn, status=FAILED)
        self.assertEqual({item["verdict"] for item in found.values()}, {"KEY-UNKNOWN"}, found)

    def test_a_key_named_beside_another_wrapping_proves_nothing(self):
        """A raw AES key, and a description that claims the allowed KMS key."""
        self.put("raw", v2(self.bed.key_arn, x_amz_key_v2=b64(60, "key"), x_amz_iv=b64(12, "iv"),
                           x_amz_cek_alg="AES/GCM/NoPadding", x_amz_wrap_alg="AES/GCM",
                           x_amz_tag_len="128"))
        self.put("v1", {**V1, "x-amz-matdesc": json.dumps({"kms_cmk_id": self.bed.key_arn})})
        found, _ = self.audit_json("--allow-key", self.bed.key_arn, status=FAILED)
        self.assertEqual({item["passes"] for item in found.values()}, {False}, found)

    def test_instruction_files_speak_for_their_object(self):
        self.put("a.bak")
        self.put("a.bak.instruction", body=json.dumps(v2(self.bed.key_arn)).encode(),
                 metadata={"x-amz-crypto-instr-file": ""})
        found, _ = self.audit_json("--allow-key", self.bed.key_arn)
        self.assertEqual(found["a.bak"]["verdict"], "encrypted")
        self.assertTrue(found["a.bak"]["instruction_file"])
        self.assertEqual(found["a.bak"]["key"], self.bed.key_arn)
        self.assertEqual(found["a.bak.instruction"]["verdict"], "instruction")
        self.assertIn("a.bak", found["a.bak.instruction"]["reason"])

    def test_a_name_alone_makes_no_instruction_file(self):
        self.put("a.bak")
        self.put("a.bak.instruction", body=b"a whole database in clear")
        self.put("b.instruction", body=b'{"no": "envelope"}', metadata={
            "x-amz-crypto-instr-file": ""})
        self.put("c.instruction", body=b'{"x-amz-key-v2": "' + b"x" * (70 << 10) + b'"}')
        found, _ = self.audit_json(status=FAILED)
        self.assertEqual({item["verdict"] for item in found.values()}, {"PLAINTEXT"}, found)
        self.assertEqual(len(found), 4)

    def test_what_version_3_leaves_with_an_object_needs_its_instruction_file(self):
        own = {n: V3[n] for n in ("x-amz-c", "x-amz-d", "x-amz-i")}
        rest = {n: v for n, v in V3.items() if n not in own}
        for name in ("a.bak", "b.bak", "c.bak"):
            self.put(name, own)
        self.put("a.bak.instruction", body=json.dumps(rest).encode())
        self.put("c.bak.instruction", body=json.dumps(rest).encode())
        self.bed.s3.control(rules=[{"action": "access-denied", "op": "GetObject", "times": None,
                                    "key": "c.bak.instruction"}])
        found, _ = self.audit_json(status=FAILED)
        self.assertEqual((found["a.bak"]["verdict"], found["a.bak"]["format"]),
                         ("encrypted", "commit"))
        self.assertEqual(found["a.bak.instruction"]["verdict"], "instruction")
        self.assertEqual(found["b.bak"]["verdict"], "DAMAGED")
        self.assertIn("instruction file is missing", found["b.bak"]["reason"])
        self.assertEqual(found["c.bak"]["verdict"], "UNKNOWN")

    def test_a_damaged_instruction_file_is_no_envelope(self):
        self.put("a.bak")
        self.put("a.bak.instruction", body=json.dumps(v2(self.bed.key_arn, x_amz_iv=None)).encode())
        found, _ = self.audit_json(status=FAILED)
        self.assertEqual(found["a.bak"]["verdict"], "DAMAGED")
        self.assertIn("x-amz-iv is missing", found["a.bak"]["reason"])
        self.assertEqual(found["a.bak.instruction"]["verdict"], "PLAINTEXT")

    def test_version_1_shows_its_wrapping(self):
        self.put("blob", V1)
        self.put("raw", {**V1, "x-amz-key": b64(48, "key")})
        found, _ = self.audit_json()
        self.assertEqual({n: item["wrapped"] for n, item in found.items()},
                         {"blob": "KMS, without context", "raw": "AES/ECB"})

    # -- asking KMS

    def write(self, name, format_name, key=None):
        path = self.source("audit", content(1000, name))
        done = self.bed.run(["put", path, self.bed.url(self.prefix + name), "--kms-key-id",
                             key or self.bed.key_arn, "--format", format_name])
        self.assertEqual(done.returncode, DONE, done.stderr)

    def asked(self):
        return [e for e in self.bed.kms.report()["log"] if e["action"] != "GenerateDataKey"]

    def test_kms_proves_every_format_without_giving_a_key(self):
        other = self.bed.create_key()
        for format_name in ("rds", "rds-v1", "gcm", "commit"):
            self.write(format_name, format_name)
            self.write("other-" + format_name, format_name, other)
        self.bed.kms.control(clear_log=None)
        allow = ("--ask-kms", "--allow-key", self.bed.key_arn)
        found, _ = self.audit_json(*allow, status=FAILED)
        for format_name in ("rds", "rds-v1", "gcm", "commit"):
            item = found[format_name]
            self.assertEqual((item["verdict"], item["key"], item["key_proved"]),
                             ("encrypted", self.bed.key_arn, True))
            item = found["other-" + format_name]
            self.assertEqual((item["verdict"], item["key_proved"]), ("OTHER-KEY", False))
        self.assertEqual({e["action"] for e in self.asked()}, {"Decrypt"})
        self.assertEqual({e["result"] for e in self.asked()},
                         {"DryRunOperationException", "IncorrectKeyException"})
        found, _ = self.audit_json(*allow, "--allow-key", other)
        self.assertEqual(found["other-gcm"]["key"], other)

    def test_kms_finds_out_a_false_claim(self):
        self.write("a", "rds")
        fields = self.bed.metadata(self.prefix + "a")
        claimed = self.bed.create_key()
        fields["x-amz-matdesc"] = json.dumps({"kms_cmk_id": claimed})
        self.put("a", fields)
        self.audit("--allow-key", claimed)  # the envelope's word
        text, _ = self.audit("--allow-key", claimed, "--ask-kms", status=FAILED)
        self.assertTrue(self.line(text, "a").startswith("OTHER-KEY "), text)
        self.assertIn("not under the key it names", text)

    def test_a_key_that_is_named_in_vain_is_unknown(self):
        """A wrapped key that KMS did not make."""
        self.put("a", v2(self.bed.key_arn))
        found, _ = self.audit_json("--ask-kms", "--allow-key", self.bed.key_arn, status=FAILED)
        self.assertEqual((found["a"]["verdict"], found["a"]["key_proved"]), ("KEY-UNKNOWN", False))
        self.assertIn("InvalidCiphertext", found["a"]["reason"])

    def test_copies_of_an_object_are_asked_about_once(self):
        self.write("0", "gcm")
        fields = self.bed.metadata(self.prefix + "0")
        for number in range(1, 30):
            self.put(str(number), fields)
        # Another context is another question, of the same wrapped key.
        context = json.dumps({**json.loads(fields["x-amz-matdesc"]), "db": "x"})
        self.put("other", {**fields, "x-amz-matdesc": context})
        self.bed.kms.control(clear_log=None)
        allow = ("--ask-kms", "--allow-key", self.bed.key_arn, "--connections", "1")
        found, _ = self.audit_json(*allow, status=FAILED)
        self.assertEqual([n for n, item in found.items() if not item["key_proved"]], ["other"])
        self.assertEqual(len(self.asked()), 2)

    def test_a_denial_proves_nothing_and_says_so(self):
        self.addCleanup(self.bed.kms.control, reset=True)
        self.write("a", "commit")
        self.bed.kms.control(deny={"action": "Decrypt"})
        text, _ = self.audit("--ask-kms", "--allow-key", self.bed.key_arn, status=FAILED)
        self.assertTrue(self.line(text, "a").startswith("KEY-UNKNOWN "), text)
        self.assertIn("not authorized to perform: kms:Decrypt", text)

    def test_kms_is_asked_about_given_keys_only(self):
        _, error = self.audit("--ask-kms", status=USAGE)
        self.assertIn("--allow-key", error)

    def test_folders_hold_nothing(self):
        self.put("sub/", body=b"")
        self.put("empty", body=b"")
        found, whole = self.audit_json(status=FAILED)
        self.assertEqual(found["sub/"]["verdict"], "folder")
        self.assertEqual(found["empty"]["verdict"], "PLAINTEXT")
        self.assertEqual(whole["summary"]["objects"], 1)

    def test_what_cannot_be_asked_is_not_proved(self):
        self.put("a.bak", v2(self.bed.key_arn))
        self.bed.s3.control(rules=[{"action": "access-denied", "op": "HeadObject", "times": None}])
        text, error = self.audit(status=FAILED)
        self.assertTrue(self.line(text, "a.bak").startswith("UNKNOWN "), text)
        self.assertIn("not proved", error)

    def test_a_listing_that_breaks_off_says_so(self):
        self.put("a.bak", v2(self.bed.key_arn))
        self.bed.s3.control(rules=[{"action": "access-denied", "op": "ListObjectsV2",
                                    "times": None}])
        text, _ = self.audit("--json", status=FAILED)
        summary = json.loads(text)["summary"]
        self.assertFalse(summary["complete"])
        self.assertIn("AccessDenied", summary["error"])
        text, _ = self.audit(status=FAILED)
        self.assertIn("INCOMPLETE", text)

    def test_unfinished_uploads_are_listed_with_their_age(self):
        self.put("a.bak", v2(self.bed.key_arn))
        self.bed.s3.must("POST", self.bed.bucket, self.prefix + "half.bak", query=[("uploads", "")])
        text, _ = self.audit()
        self.assertRegex(self.line(text, "half.bak"), r"^unfinished .* 0m ")
        self.assertIn("1 uploads", text)
        _, whole = self.audit_json()
        self.assertEqual([u["name"] for u in whole["unfinished_uploads"]], ["half.bak"])
        self.assertEqual(whole["summary"]["unfinished_uploads"], 1)
        self.bed.s3.control(rules=[{"action": "access-denied", "op": "ListMultipartUploads",
                                    "times": None}])
        _, error = self.audit()
        self.assertIn("unfinished uploads are not shown", error)

    def test_hostile_names_and_keys_stay_on_their_line(self):
        self.put("evil\n\x1b[2Jencrypted  0.bak")
        self.put("key", v2("arn\x1b[31m\nPLAINTEXT"))
        text, _ = self.audit(status=FAILED)
        self.assertNotIn("\x1b", text)
        self.assertIn("evil\\x0a\\x1b[2Jencrypted", text)
        self.assertEqual(sum(line.startswith("total:") is False for line in text.splitlines()), 2)
        found, _ = self.audit_json(status=FAILED)
        self.assertIn("evil\n\x1b[2Jencrypted  0.bak", found)

    def test_storage_classes_are_shown(self):
        self.put("a.bak", v2(self.bed.key_arn), headers={"x-amz-storage-class": "GLACIER_IR"})
        text, _ = self.audit()
        self.assertIn("  GLACIER_IR ", self.line(text, "a.bak"))

    def test_2500_objects_are_all_asked(self):
        for number in range(2500):
            self.put(f"{number % 50:02}/{number:04}.bak",
                     v2(self.bed.key_arn) if number != 2345 else None)
        found, whole = self.audit_json("--allow-key", self.bed.key_arn, status=FAILED)
        self.assertEqual(len(found), 2500)
        self.assertEqual([n for n, item in found.items() if not item["passes"]], ["45/2345.bak"])
        self.assertEqual(whole["summary"]["objects"], 2500)
        self.assertTrue(whole["summary"]["complete"])

    def test_many_keys_do_not_grow_the_summary_without_end(self):
        for number in range(300):
            self.put(f"{number:03}", v2(f"{self.bed.key_arn}{number}"))
        _, whole = self.audit_json()
        groups = whole["summary"]["groups"]
        self.assertLessEqual(len(groups), 256)
        self.assertEqual(sum(group["objects"] for group in groups), 300)
        self.assertIn("others", [group["kind"] for group in groups])

    def test_a_prefix_where_nothing_is_proves_nothing(self):
        _, error = self.audit(status=FAILED)
        self.assertIn("nothing is there", error)

    def test_an_allowed_key_must_be_an_arn(self):
        _, error = self.audit("--allow-key", "alias/backups", status=USAGE)
        self.assertIn("--allow-key", error)

    def test_output_that_cannot_be_written_is_an_error(self):
        self.put("a.bak", v2(self.bed.key_arn))
        with open("/dev/full", "wb") as full:
            done = subprocess.run([self.bed.binary, "audit", self.bed.url(self.prefix)],
                                      env=self.bed.env, stdout=full, stderr=subprocess.PIPE,
                                      timeout=60, check=False)
        self.assertEqual(done.returncode, FAILED, done.stderr)


if __name__ == "__main__":
    unittest.main()
