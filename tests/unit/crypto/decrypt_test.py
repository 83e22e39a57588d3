#!/usr/bin/python3
"""What must hold of scripts/decrypt.py: it reads every format of the vectors and refuses what is
damaged. decrypt_program_test.py has it run as a program."""

import base64
import json
import re
import subprocess
import sys
import unittest

from decrypt_cases import (AES_KEY, CASES, DATA, HERE, MORE, OWN, PUBLISHED, ROOT, WRAPPING,
                           by_name, ciphertext, decrypt, envelope_of, opened, plaintext, run)


class Vectors(unittest.TestCase):
    def test_every_vector_is_decrypted(self):
        self.assertEqual((len(OWN), len(PUBLISHED["cases"]), len(MORE["cases"])), (72, 6, 42))
        for case in CASES:
            for piece in (1, 15, 17, 4096) if len(plaintext(case)) < 2000 else (65536,):
                with self.subTest(case["name"], piece=piece):
                    key = bytes.fromhex(case["data_key_hex"])
                    plain = run(envelope_of(case), key, ciphertext(case), piece)
                    self.assertEqual(plain, plaintext(case))

    def test_wrapped_keys_are_unwrapped(self):
        done = set()
        for case in CASES:
            kind = case["name"].split("-")[1][:3]
            if kind in WRAPPING:
                with self.subTest(case["name"]):
                    envelope = envelope_of(case)
                    key = decrypt.unwrap_with(WRAPPING[kind], envelope)
                    self.assertEqual(key.hex(), case["data_key_hex"])
                    done.add((envelope.version, envelope.wrap))
        self.assertEqual({wrap for _, wrap in done}, set(decrypt.UNWRAP))
        self.assertEqual({v for v, _ in done}, {1, 2, 3})

    def test_contexts_are_those_that_kms_is_to_be_asked_with(self):
        for case in PUBLISHED["cases"] + MORE["cases"]:
            if "kms_encryption_context" in case:
                with self.subTest(case["name"]):
                    self.assertEqual(envelope_of(case).context, case["kms_encryption_context"])

    def test_keys_and_commitments_are_derived_as_published(self):
        for case in PUBLISHED["key_derivation"]:
            values = {n: bytes.fromhex(v) for n, v in case.items() if n.endswith("_hex")}
            derived = decrypt.derive(values["data_key_hex"], values["message_id_hex"])
            self.assertEqual(derived, (values["content_key_hex"], values["commitment_hex"]))

    def test_what_was_published_to_fail_fails_where_it_should(self):
        says = {"envelope": "not base64|tag-len", "key": "16 bytes", "commitment": "committed"}
        for case in PUBLISHED["refused"]:
            with self.subTest(case["name"]):
                with self.assertRaisesRegex(decrypt.Refused, says[case["refused"]]):
                    data = bytes.fromhex(case["ciphertext_hex"])
                    opened(case["metadata"], case["data_key_hex"], data)

    def test_names_in_any_case_with_prefix_and_empty_extras_are_read(self):
        case = by_name("v2-kms-cbc-17")
        metadata = {"X-Amz-Meta-" + k.title(): v for k, v in case["metadata"].items()}
        metadata.update({"x-amz-m": "", "x-amz-t": "", "x-amz-3": ""})
        self.assertEqual(opened(metadata, case["data_key_hex"], ciphertext(case)), plaintext(case))

    def test_the_example_of_the_documentation_is_true(self):
        text = (ROOT / "docs" / "FORMATS.md").read_text()
        digits = re.sub(r"\s", "", text)
        for case in (by_name("v2-kms-cbc-17"), by_name("v3-kmsctx-kc-17")):
            for value in (case["data_key_hex"], case["ciphertext_hex"], plaintext(case).hex()):
                self.assertIn(value, digits)
            for name, value in case["metadata"].items():
                if name not in decrypt.KEYS:  # that is cut short there
                    self.assertRegex(text, rf"(?m)^{name} +{re.escape(value)}$")
        envelope, key = envelope_of(case), bytes.fromhex(case["data_key_hex"])
        self.assertIn(decrypt.derive(key, envelope.message_id)[0].hex(), digits)
        self.assertIn(decrypt.hmac.new(envelope.message_id, key, "sha512").hexdigest(), digits)

    def test_the_tables_of_the_c_tests_are_up_to_date(self):
        for program, made in (("make_objects.py", DATA / "s3ec-more.json"),
                              ("make_vectors.py", HERE / "vectors.h")):
            done = subprocess.run([sys.executable, "-B", str(HERE / program)], check=True,
                                  stdout=subprocess.PIPE)
            self.assertTrue(done.stdout == made.read_bytes(), f"run {program} again")


class Damage(unittest.TestCase):
    def refuse(self, case, change, says):
        metadata = dict(case["metadata"])
        for name, value in change.items():
            metadata.pop(name, None)
            if value is not None:
                metadata[name] = value
        with self.subTest(change):
            with self.assertRaisesRegex(decrypt.Refused, says):
                decrypt.parse_envelope(metadata)

    def test_a_damaged_v2_envelope_is_refused(self):
        case = by_name("v2-kms-cbc-17")
        for change, says in [
            ({"x-amz-key": "AAAA"}, "both"),
            ({"x-amz-3": "AAAA"}, "both"),
            ({"x-amz-key-v9": "AAAA"}, "both"),
            ({"x-amz-key-v9": "AAAA", "x-amz-key-v2": None}, "unknown envelope version"),
            ({"X-AMZ-KEY-V2": "AAAA"}, "twice"),
            ({"x-amz-key-v2": None}, "no envelope"),
            ({"x-amz-c": "115"}, "beside"),
            ({"x-amz-t": "{}"}, "beside"),
            ({"x-amz-iv": "AAAA"}, "3 bytes instead of 16"),
            ({"x-amz-iv": "AAECAwQFBgcICQoLDA0ODw"}, "not base64"),
            ({"x-amz-iv": "AAECAwQFBgcICQoLDA0ODx=="}, "not base64"),
            ({"x-amz-iv": None}, "missing"),
            ({"x-amz-cek-alg": "AES/CTR/NoPadding"}, "AES/CTR"),
            ({"x-amz-cek-alg": decrypt.GCM}, "tag-len"),
            ({"x-amz-wrap-alg": "KMS"}, "'KMS'"),
            ({"x-amz-tag-len": "128"}, "tag-len"),
            ({"x-amz-wrap-alg": "AESWrap"}, "no client writes"),
            ({"x-amz-wrap-alg": "kms+context"}, "made for None"),
            ({"x-amz-matdesc": None}, "missing"),
            ({"x-amz-matdesc": "[]"}, "object of strings"),
            ({"x-amz-matdesc": '{"a":1}'}, "object of strings"),
            ({"x-amz-matdesc": '{"a":"b","a":"c"}'}, "twice"),
            ({decrypt.LENGTH: "-1"}, "not a size"),
            ({decrypt.LENGTH: "1\n"}, "not a size"),
        ]:
            self.refuse(case, change, says)

    def test_a_damaged_v3_envelope_is_refused(self):
        case = by_name("v3-kmsctx-kc-17")
        short, long = (base64.b64encode(bytes(n)).decode() for n in (27, 29))
        for change, says in [
            ({"x-amz-iv": "AAAA"}, "beside"),
            *(({name: "x"}, "beside") for name in decrypt.V2_ONLY),
            ({"x-amz-key": "AAAA"}, "both"),
            *(({"x-amz-c": c}, f"'{c}'") for c in ("112", "114", "116", "abc")),
            *(({"x-amz-w": w}, f"'{w}'") for w in ("11", "21", "99")),
            *(({n: short}, "27 bytes") for n in ("x-amz-d", "x-amz-i")),
            *(({n: long}, "29 bytes") for n in ("x-amz-d", "x-amz-i")),
            *(({n: "!"}, "not base64") for n in ("x-amz-d", "x-amz-i", "x-amz-3")),
            *(({n: None}, "missing") for n in ("x-amz-c", "x-amz-d", "x-amz-i", "x-amz-w")),
            ({"x-amz-m": "[]"}, "object of strings"),
            ({"x-amz-t": None}, "made for None"),
            ({"x-amz-t": '{"aws:x-amz-cek-alg":"114"}'}, "made for 114"),
        ]:
            self.refuse(case, change, says)

    def test_a_damaged_gcm_envelope_is_refused(self):
        case = by_name("v2-kmsctx-gcm-17")
        for change, says in [
            *(({"x-amz-tag-len": n}, "tag-len") for n in (None, "96", "120", "16", "0")),
            *(({"x-amz-iv": base64.b64encode(bytes(n)).decode()}, "instead of 12")
              for n in (11, 13, 16)),
            ({"x-amz-matdesc": "{}"}, "made for None"),
            ({"x-amz-matdesc": '{"aws:x-amz-cek-alg":"115"}'}, "made for 115"),
            # Relabelled as CBC: the context says otherwise, whatever else is adjusted.
            ({"x-amz-cek-alg": decrypt.CBC, "x-amz-tag-len": None,
              "x-amz-iv": base64.b64encode(bytes(16)).decode()}, "made for AES/GCM"),
            *(({name: "115"}, "beside") for name in decrypt.V3_ONLY),
        ]:
            self.refuse(case, change, says)

    def test_a_damaged_v1_envelope_is_refused(self):
        case = by_name("v1-kms-cbc-17")
        for change, says in [
            *(({name: "x"}, "beside") for name in (*decrypt.V1_NOT, *decrypt.V3_ONLY)),
            *(({"x-amz-iv": base64.b64encode(bytes(n)).decode()}, "instead of 16")
              for n in (12, 15, 17)),
            ({"x-amz-iv": None}, "missing"),
            ({"x-amz-matdesc": "no"}, "not JSON"),
            ({"x-amz-key-v2": "AAAA"}, "both"),
            ({"x-amz-key": "AAAA="}, "not base64"),
        ]:
            self.refuse(case, change, says)

    def test_a_wrapped_key_that_does_not_open_is_one_error(self):
        for name in ("v2-aesgcm-gcm-17", "v2-aeswrap-gcm-17", "v3-aesgcm-kc-17", "v1-aes-cbc-17",
                     "v2-rsaoaep-gcm-17", "v2-rsaoaep256-gcm-17", "v3-rsa-kc-17"):
            envelope = envelope_of(by_name(name))
            key = WRAPPING[name.split("-")[1][:3]]
            for at in range(0, len(envelope.wrapped), 7):
                spoiled = bytearray(envelope.wrapped)
                spoiled[at] ^= 1
                with self.subTest(name, at=at):
                    got = self.unwrapped(key, envelope._replace(wrapped=bytes(spoiled)))
                    if name.startswith("v1"):  # ECB: only a change in the last block is seen
                        self.assertNotEqual(got, bytes.fromhex(by_name(name)["data_key_hex"]))
                    else:
                        self.assertIsNone(got)

    def unwrapped(self, key, envelope):
        """None for what is refused, with the one text there is for it."""
        try:
            return decrypt.unwrap_with(key, envelope)
        except decrypt.Refused as error:
            self.assertEqual(str(error), "the wrapped data key does not open with this key")
            return None

    def test_a_data_key_wrapped_for_other_content_does_not_open(self):
        for name, content in (("v2-rsaoaep-gcm-17", "115"), ("v2-aesgcm-gcm-17", "115"),
                              ("v3-rsa-kc-17", decrypt.GCM), ("v3-aesgcm-kc-17", decrypt.GCM)):
            envelope = envelope_of(by_name(name))._replace(content=content)
            with self.subTest(name), self.assertRaisesRegex(decrypt.Refused, "does not open"):
                decrypt.unwrap_with(WRAPPING[name.split("-")[1][:3]], envelope)

    def test_a_key_of_the_wrong_kind_is_said_to_be(self):
        with self.assertRaisesRegex(decrypt.Refused, "an RSA key is needed"):
            decrypt.unwrap_with(AES_KEY, envelope_of(by_name("v3-rsa-kc-17")))
        with self.assertRaisesRegex(decrypt.Refused, "an AES key is needed"):
            decrypt.unwrap_with(WRAPPING["rsa"], envelope_of(by_name("v3-aesgcm-kc-17")))
        with self.assertRaisesRegex(decrypt.Refused, "by KMS"):
            decrypt.unwrap_with(AES_KEY, envelope_of(by_name("v2-kms-cbc-17")))
        for name, size in (("v2-aesgcm-gcm-17", 60), ("v2-aeswrap-gcm-17", 40)):
            with self.assertRaisesRegex(decrypt.Refused, f"instead of {size}"):
                decrypt.parse_envelope({**by_name(name)["metadata"], "x-amz-key-v2": "AAAA"})

    def test_a_damaged_instruction_file_is_refused(self):
        for name, changes in (
            ("v3-kmsctx-kc-instr-17", [
                *(({n: "AAAA"}, "tampered") for n in decrypt.V3_CONTENT),
                ({"x-amz-key-v2": "AAAA"}, "both"), ({"x-amz-iv": "AAAA"}, "beside"),
                ({"x-amz-w": None}, "missing"), ({"x-amz-3": None}, "beside"),
                ({"x-amz-t": None}, "made for None")]),
            ("v2-kms-cbc-instr-17", [
                ({"x-amz-key": "AAAA"}, "both"), ({"x-amz-iv": None}, "missing"),
                ({"x-amz-t": "{}"}, "beside"), ({decrypt.LENGTH: "18"}, "differ"),
                ({"x-amz-key-v2": None}, "key is in an")]),
        ):
            case = by_name(name)
            for change, says in changes:
                fields = {**json.loads(case["instruction"]), **change}
                body = json.dumps({k: v for k, v in fields.items() if v is not None})
                with self.subTest(name, change=change):
                    with self.assertRaisesRegex(decrypt.Refused, says):
                        decrypt.parse_envelope(case["metadata"], body.encode())

    def test_an_instruction_file_that_is_none_is_refused(self):
        metadata = by_name("v3-kmsctx-kc-instr-17")["metadata"]
        for body, says in ((b"", "not JSON"), (b"\xff", "not JSON"), (b"[]", "not a JSON object"),
                           (b"x" * 65537, "larger"), (b'{"x-amz-3":7}', "not text"),
                           (b'{"x-amz-3":"a","x-amz-3":"b"}', "twice"), (b"[" * 5000, "not JSON")):
            with self.subTest(body[:20]), self.assertRaisesRegex(decrypt.Refused, says):
                decrypt.parse_envelope(metadata, body)
        with self.assertRaisesRegex(decrypt.Refused, "instruction file"):
            decrypt.parse_envelope(metadata)
        case = by_name("v2-kms-cbc-17")
        with self.assertRaisesRegex(decrypt.Refused, "should be no instruction file"):
            decrypt.parse_envelope(case["metadata"], b"{}")

    def test_another_context_than_the_expected_is_refused(self):
        envelope = envelope_of(by_name("v2-kmsctx-gcm-user-17"))
        decrypt.check_context(envelope, None)
        decrypt.check_context(envelope, {"department": "backup", "server": "SQL 1"})
        for wanted in ({}, {"department": "backup"}):
            with self.assertRaisesRegex(decrypt.Refused, "encryption context"):
                decrypt.check_context(envelope, wanted)
        for name in ("v2-kms-cbc-17", "v1-kms-cbc-17", "v3-rsa-kc-17"):
            with self.assertRaisesRegex(decrypt.Refused, "wrapped with"):
                decrypt.check_context(envelope_of(by_name(name)), {})

    def test_gcm_content_is_whole_or_refused(self):
        for name in ("v2-kmsctx-gcm-17", "v3-kmsctx-kc-17"):
            case = by_name(name)
            key, data = bytes.fromhex(case["data_key_hex"]), ciphertext(case)
            for broken in (data[:-1], data[:-16], data[:15], b"", data + b"x", data[1:],
                           data[:-1] + bytes([data[-1] ^ 1])):
                with self.subTest(name), self.assertRaisesRegex(decrypt.Refused, "authen|shorter"):
                    run(envelope_of(case), key, broken)
            if name.startswith("v3"):
                spoiled = bytearray(envelope_of(case).message_id)
                spoiled[0] ^= 1
                other = bytes([envelope_of(case).commitment[0] ^ 1]) + bytes(27)
                for change in ({"message_id": bytes(spoiled)}, {"commitment": other}):
                    with self.assertRaisesRegex(decrypt.Refused, "committed"):
                        run(envelope_of(case)._replace(**change), key, data)

    def relabelled(self, case, **change):
        """What the object gives under other names, None if it is refused."""
        metadata = {**case["metadata"], decrypt.LENGTH: "",
                    **{name.replace("_", "-"): value for name, value in change.items()}}
        try:
            return opened(metadata, case["data_key_hex"], ciphertext(case))
        except decrypt.Refused:
            return None

    def test_relabelled_content_is_not_read(self):
        """Under `kms` the envelope does not give it away. As GCM the content does; as CBC one in
        256 last blocks looks like padding (the empty object here), which is why `kms` is no match
        for those who can write to the bucket."""
        iv = {size: base64.b64encode(bytes(size)).decode() for size in (12, 16)}
        for size in (0, 15, 16, 17, 1000):
            cbc_case, gcm_case = by_name(f"v2-kms-cbc-{size}"), by_name(f"v2-kms-gcm-{size}")
            with self.subTest(size=size):
                self.assertIsNone(self.relabelled(cbc_case, x_amz_cek_alg=decrypt.GCM,
                                                  x_amz_tag_len="128", x_amz_iv=iv[12]))
                as_cbc = self.relabelled(gcm_case, x_amz_cek_alg=decrypt.CBC, x_amz_tag_len="",
                                         x_amz_iv=iv[16])
                self.assertNotEqual(as_cbc, plaintext(gcm_case))

    def test_damage_of_cbc_content_is_one_error(self):
        """Whichever byte of the last two blocks is changed, if it is seen at all."""
        case = by_name("v2-kms-cbc-17")
        metadata = {**case["metadata"], decrypt.LENGTH: ""}
        texts = set()
        for at in range(32):
            data = bytearray(ciphertext(case))
            data[at] ^= 0x55
            try:
                opened(metadata, case["data_key_hex"], bytes(data))
            except decrypt.Refused as error:
                texts.add(str(error))
        self.assertEqual(len(texts), 1, texts)

    def test_spoiled_content_is_refused(self):
        for name, says in [
            ("v2-kms-cbc-17", "does not decrypt|says 17"),
            ("v2-kms-gcm-17", "authenticate"),
            ("v3-kmsctx-kc-17", "authenticate"),
        ]:
            case = by_name(name)
            data = bytearray(ciphertext(case))
            data[-17] ^= 1
            with self.subTest(name), self.assertRaisesRegex(decrypt.Refused, says):
                opened(case["metadata"], case["data_key_hex"], bytes(data))

    def test_a_wrong_length_claim_or_size_is_refused(self):
        case = by_name("v2-kms-cbc-17")
        data, key = ciphertext(case), case["data_key_hex"]
        with self.assertRaisesRegex(decrypt.Refused, "says 18"):
            opened({**case["metadata"], decrypt.LENGTH: "18"}, key, data)
        for broken in (b"", data[:15], data[:17], data + b"x"):
            with self.assertRaisesRegex(decrypt.Refused, "size"):
                opened(case["metadata"], key, broken)

    def test_a_foreign_key_fails_the_commitment(self):
        case = by_name("v3-kmsctx-kc-17")
        with self.assertRaisesRegex(decrypt.Refused, "committed"):
            opened(case["metadata"], "00" * 32, ciphertext(case))


if __name__ == "__main__":
    unittest.main()
