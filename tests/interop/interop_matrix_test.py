"""Who reads what whom wrote: every format, every client that Debian has, and both ways.

Writers: rdsbak in each --format it offers (one PUT, several parts, appended, rewritten, cut),
Amazon's Ruby and Go clients of both generations with every kind of key, and the vectors, whose data
keys the KMS emulator is told. Readers (matrix.py): rdsbak with --read-formats and by default (with
the key in both), the same clients, the second generation with legacy formats forbidden, and
scripts/decrypt.py. What must be refused is asserted with its reason. The table is printed at the
end and stored for scripts/test (RDSBAK_INTEROP_TABLE).
"""

import base64
import collections
import json
import os
import re
import sys
import unittest

from clients import GEMS, RUBY, find_go, load_vectors
from common import MIB, ROOT, make_bytes, need_programs, read_file, write_file
from formats import (FAMILIES, FORMATS, GO_JSON, GO_NAMES, OURS, READERS, RUBY_NAMES, STRICT,
                     STRICT_GO, of)
from matrix import FOREIGN_KEY, TABLE, MatrixTest, Odd, row, table_text

# What rdsbak must offer. V1 under an RSA key it does not: PKCS#1 v1.5 is best left alone.
WRITES = {"rds", "rds-v1", "gcm", "commit"}
READS = {*FORMATS, "instruction", "all"} - {"v1-rsa"}

SMALL = (0, 1, 15, 16, 17, 4096)
LARGE = (5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 10 * MIB, 11 * MIB + 5)
CHANGED = (17, 65537, 11 * MIB)
ONE_PUT = ("--part-size", "16MiB")
PARTS = ("--part-size", "5MiB", "--hold-size", "1MiB")
USER_CONTEXT = {"department": "backup", "server": "SQL 1"}  # of the families "-user"

sys.path.insert(0, os.path.join(ROOT, "tests", "unit", "crypto"))
import make_objects  # noqa: E402  pylint: disable=wrong-import-position


class Matrix(MatrixTest):
    # -- rdsbak writes

    def put(self, key, data, *switches):
        path = self.bed.path("in")
        write_file(path, data)
        self.must_run(["put", path, self.bed.url(key), *switches])

    def test_the_formats_that_there_must_be_are_there(self):
        self.assertEqual(self.writes, WRITES)
        self.assertEqual(self.reads, READS)

    def test_rdsbak_put(self):
        for name in sorted(self.writes):
            objects = {f"put-{name}-{size}": make_bytes(size, f"put-{name}")
                       for size in (*SMALL, *LARGE)}
            for key, data in objects.items():
                self.put(key, data, "--format", name, *ONE_PUT)
                self.assertNotRegex(self.bed.head(key).headers["etag"], "-")
            self.check(row("rdsbak put", name, objects))

    def test_rdsbak_put_in_parts(self):
        for name in sorted(self.writes):
            objects = {f"parts-{name}-{size}": make_bytes(size, f"parts-{name}") for size in LARGE}
            for key, data in objects.items():
                self.put(key, data, "--format", name, *PARTS)
            # A last part may be as small as the end that encryption adds.
            self.assertRegex(self.bed.head(f"parts-{name}-{5 * MIB + 1}").headers["etag"], "-2\"$")
            self.check(row("rdsbak put, parts", name, objects))

    def changed(self, name, mount):
        """Files that were appended to, rewritten in the middle, and cut."""
        objects = {}
        for size in CHANGED:
            data = make_bytes(size, f"changed-{name}")
            for way in ("append", "rewrite", "cut"):
                key = f"{way}-{name}-{size}"
                objects[key] = getattr(self, f"file_{way}")(os.path.join(mount, key), data)
        return objects

    @staticmethod
    def file_append(path, data):
        write_file(path, data[:len(data) // 2])
        with open(path, "ab") as file:
            file.write(data[len(data) // 2:])
        return data

    @staticmethod
    def file_rewrite(path, data):
        at, piece = len(data) // 3, b"rewritten"[:len(data) // 3]
        write_file(path, data)
        with open(path, "r+b") as file:
            file.seek(at)
            file.write(piece)
        return data[:at] + piece + data[at + len(piece):]

    @staticmethod
    def file_cut(path, data):
        write_file(path, data)
        os.truncate(path, len(data) - len(data) // 3)
        return data[:len(data) - len(data) // 3]

    @unittest.skipUnless(os.path.exists("/dev/fuse"), "without /dev/fuse")
    def test_rdsbak_mount_changed_files(self):
        for name in sorted(self.writes):
            mount = self.bed.mount([*PARTS, "--format", name])
            objects = self.changed(name, mount)
            for key, data in objects.items():
                self.assertTrue(read_file(os.path.join(mount, key)) == data, key)
            self.assertEqual(self.bed.umount(mount), 0)
            self.check(row("rdsbak mount, changed", name, objects))

    # -- Amazon's clients write

    def foreign(self, driver, writer, client, name, sizes, instruction=False, context=None):
        objects = {}
        for size in sizes:
            key = f"{driver.name}-{client}-{'i' if instruction else 'm'}-{bool(context)}-{size}"
            objects[key] = make_bytes(size, client)
            more = {"context": context} if context else {}
            driver.put(client, key, objects[key], instruction=instruction, **more)
        self.check(row(writer, name, objects, instruction, context))

    def test_ruby(self):
        for writer, client, name in (
            ("Ruby V1", "v1", "rds"), ("Ruby V1", "v1-aes", "v1-aes"),
            ("Ruby V1", "v1-rsa", "v1-rsa"), ("Ruby V2", "v2", "gcm"),
            ("Ruby V2", "v2-aes", "aes-gcm"), ("Ruby V2", "v2-rsa", "rsa-oaep"),
        ):
            large = LARGE if FORMATS[name].key == "kms" else ()
            self.foreign(self.ruby, writer, client, name, (*SMALL, *large))
            self.foreign(self.ruby, writer, client, name, (0, 17, 4096), instruction=True)
        self.foreign(self.ruby, "Ruby V2", "v2", "gcm", (0, 17, 4096), context=USER_CONTEXT)

    @unittest.skipUnless(find_go(), "without Go")
    def test_go(self):
        for writer, client, name in (("Go V1", "v1-cbc", "rds"), ("Go V1", "v1-gcm", "kms-gcm"),
                                     ("Go V2", "v2", "gcm")):
            self.foreign(self.go, writer, client, name, (*SMALL, *LARGE))
            self.foreign(self.go, writer, client, name, (0, 17, 4096), instruction=True)

    # -- the vectors

    def import_key(self, case):
        """Tell the KMS what the case's wrapped key holds."""
        fields = {**case["metadata"], **json.loads(case.get("instruction", "{}"))}
        wrapped = next(fields[n] for n in ("x-amz-key", "x-amz-key-v2", "x-amz-3") if n in fields)
        context = case.get("kms_encryption_context")
        if context is None:
            context = json.loads(fields.get("x-amz-matdesc") or fields["x-amz-t"])
        key = FOREIGN_KEY if FOREIGN_KEY in context.values() else self.bed.key_arn
        self.bed.kms.control(import_blob={
            "CiphertextBlob": wrapped, "EncryptionContext": context, "KeyId": key,
            "Plaintext": base64.b64encode(bytes.fromhex(case["data_key_hex"])).decode()})

    def store(self, case, key):
        data = bytes.fromhex(case["ciphertext_hex"])
        self.bed.put(key, data, case["metadata"])
        if "instruction" in case:
            self.bed.put(key + ".instruction", case["instruction"].encode(),
                         {"x-amz-crypto-instr-file": ""})

    def families(self):
        """{family: [cases]} of those whose ciphertext is there."""
        found = collections.defaultdict(list)
        for file in ("s3ec-vectors.json", "s3ec-published.json", "s3ec-more.json"):
            for case in load_vectors(file)["cases"]:
                if "ciphertext_hex" in case:
                    found[re.sub(r"-(\d+|go\d?)$", "", case["name"])].append(case)
        return found

    @staticmethod
    def plain_of(case):
        if "plaintext_hex" in case:
            return bytes.fromhex(case["plaintext_hex"])
        return make_objects.label_bytes(case["plaintext_label"], case["plaintext_len"])

    def test_vectors(self):
        families = self.families()
        self.assertEqual(set(families), set(FAMILIES))
        for family, cases in sorted(families.items()):
            name, instruction = FAMILIES[family]
            objects = {}
            for case in cases:
                if FORMATS[name].key == "kms":
                    self.import_key(case)
                self.store(case, f"vector-{case['name']}")
                objects[f"vector-{case['name']}"] = self.plain_of(case)
            context = USER_CONTEXT if family.endswith("-user") else None
            self.check(row("vectors", name, objects, instruction, context))

    def store_in_parts(self, case, key):
        """As `store`, but as an upload of several parts."""
        data = bytes.fromhex(case["ciphertext_hex"])
        headers = {f"x-amz-meta-{name}": value for name, value in case["metadata"].items()}
        answer = self.bed.s3.must("POST", self.bed.bucket, key, [("uploads", "")], headers)
        upload = re.search(rb"<UploadId>(.*?)</UploadId>", answer.body)[1].decode()
        parts = []
        for number, start in enumerate(range(0, len(data), 5 * MIB), 1):
            done = self.bed.s3.must("PUT", self.bed.bucket, key, [
                ("partNumber", number), ("uploadId", upload)], body=data[start:start + 5 * MIB])
            parts.append(f"<Part><PartNumber>{number}</PartNumber>"
                         f"<ETag>{done.headers['etag']}</ETag></Part>")
        body = f"<CompleteMultipartUpload>{''.join(parts)}</CompleteMultipartUpload>".encode()
        self.bed.s3.must("POST", self.bed.bucket, key, [("uploadId", upload)], body=body)
        if "instruction" in case:
            self.bed.put(key + ".instruction", case["instruction"].encode())

    def test_vectors_in_parts(self):
        """Every form at sizes that no vector has, and in several parts. Amazon's clients have read
        large objects of each other by then, so only ours are asked."""
        for size in (4096, 5 * MIB - 1, 5 * MIB + 1):
            maker = make_objects.Maker()
            maker.make_known(size)
            maker.make_further(size)
            self.assertEqual({c["name"].rpartition("-")[0] for c in maker.cases}, set(FAMILIES))
            for case in maker.cases:
                name, instruction = FAMILIES[case["name"].rpartition("-")[0]]
                if FORMATS[name].key == "kms":
                    self.import_key(case)
                key = f"parts-{case['name']}"
                self.store_in_parts(case, key)
                context = USER_CONTEXT if "-user" in case["name"] else None
                plain = make_objects.label_bytes(f"pt{size}", size)
                self.check(row("vectors", name, {key: plain}, instruction, context), READERS[:3])

    def odd(self, name, case, what, refusals, **change):
        """A vector with other metadata; None drops a field."""
        metadata = {**case["metadata"], **{n.replace("_", "-"): v for n, v in change.items()}}
        metadata = {n: v for n, v in metadata.items() if v is not None}
        case = {**case, "metadata": metadata, "kms_encryption_context": json.loads(
            metadata.get("x-amz-matdesc", "{}"))}
        self.import_key(case)
        key = f"odd-{len(TABLE)}"
        self.store(case, key)
        self.check(row("vectors, odd", name, {key: self.plain_of(case)},
                       odd=Odd(what, {**refusals})))

    def test_odd_envelopes(self):
        """Where readers differ: what is refused here is read by some official client."""
        cases = {case["name"]: case for family in self.families().values() for case in family}
        cbc, gcm = cases["v2-kms-cbc-17"], cases["v2-kmsctx-gcm-17"]
        ours = of(("rdsbak", "rdsbak default"), OURS)
        both = json.dumps({"kms_cmk_id": self.bed.key_arn,
                           **json.loads(gcm["metadata"]["x-amz-matdesc"])})
        self.odd("gcm", gcm, "kms+context naming its key too",
                 of(("Ruby V2", "Ruby V2 strict"), "does not match the provided"),
                 x_amz_matdesc=both)
        self.odd("gcm", gcm, "GCM without a tag length",
                 {**ours, **of(RUBY_NAMES, "tag-len"), "decrypt.py": "tag-len"},
                 x_amz_tag_len=None)
        self.odd("rds", cbc, "kms without a description",
                 {**ours, **of(RUBY_NAMES, "missing: x-amz-matdesc"), **of(GO_NAMES, GO_JSON),
                  **STRICT_GO, "decrypt.py": "x-amz-matdesc is missing"}, x_amz_matdesc=None)
        for what, change in (("V2 with V3's key too", {"x_amz_3": "AAAA"}),
                             ("V2 with V3's algorithm too", {"x_amz_c": "115"})):
            self.odd("rds", cbc, what, {**ours, **STRICT, "decrypt.py": "both|beside"}, **change)


def main():
    need_programs(RUBY, *GEMS)
    program = unittest.main(exit=False)
    print(table_text())
    path = os.environ.get("RDSBAK_INTEROP_TABLE")
    if path and TABLE:
        write_file(path, table_text().encode())
    sys.exit(not program.result.wasSuccessful())


if __name__ == "__main__":
    main()
