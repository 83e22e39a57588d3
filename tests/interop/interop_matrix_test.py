"""Who reads what whom wrote: every format, every client that Debian has, and both ways.

Writers: rdsbak in each --format it offers (one PUT, several parts, appended, rewritten, cut),
Amazon's Ruby and Go clients of both generations with every kind of key, and the vectors, whose data
keys the KMS emulator is told. Readers: rdsbak with the switches that a format needs and with none,
the same clients, the second generation with legacy formats forbidden, and scripts/decrypt.py. What
must be refused is asserted with its reason. The table is printed at the end and stored for
scripts/test (RDSBAK_INTEROP_TABLE).

A format that this build of rdsbak does not offer shows as "-": it is then asserted that the object
is refused, not misread.
"""

import base64
import collections
import hashlib
import importlib.util
import json
import os
import re
import sys
import unittest

from clients import (AES_KEY, GEMS, RSA_FILE, RUBY, Refused, find_go, load_vectors, start_go,
                     start_ruby)
from common import MIB, ROOT, BedTest, make_bytes, need_programs, read_file, write_file
from formats import (FAMILIES, FORMATS, GO_JSON, GO_NAMES, GO_NONE, OURS, READERS, RUBY_NAMES,
                     STRICT, STRICT_GO, of)

# What rdsbak must offer; more is tested as soon as it is offered.
WRITES_AT_LEAST = {"rds"}
READS_AT_LEAST = {"rds"}
# What a mount or verb of the default format reads without any switch.
READS_BY_DEFAULT = {"rds", "kms-gcm", "gcm", "commit"}

SMALL = (0, 1, 15, 16, 17, 4096)
LARGE = (5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 10 * MIB, 11 * MIB + 5)
CHANGED = (17, 65537, 11 * MIB)
ONE_PUT = ("--part-size", "16MiB")
PARTS = ("--part-size", "5MiB", "--hold-size", "1MiB")

VECTORS_KEY = "00000000-1111-2222-3333-444444444444"
# Of the published vector of 2016: a key of another account, which lets us use it.
FOREIGN_KEY = "arn:aws:kms:us-east-1:172259396726:key/a22a4b30-79f4-4b3d-bab4-a26d327a231b"

USER_CONTEXT = {"department": "backup", "server": "SQL 1"}  # of the families "-user"


def load_decrypt():
    """scripts/decrypt.py as a module: a process for each of the thousand reads would take minutes.
    decrypt_script_test.py runs it as a program."""
    spec = importlib.util.spec_from_file_location("decrypt", os.path.join(
        ROOT, "scripts", "decrypt.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


decrypt = load_decrypt()

# One row: who wrote, in which format, {key: content}.
Row = collections.namedtuple("Row", "writer format instruction context objects odd")
# What is odd about an envelope, and what each reader that minds says.
Odd = collections.namedtuple("Odd", "what refusals")
TABLE = {}    # (writer, form) -> {reader: cell}
MISSING = collections.defaultdict(set)  # who -> what, for the cells that are "-"


def row(writer, name, objects, instruction=False, context=None, odd=None):
    return Row(writer, name, instruction, context, objects, odd)


def form(item):
    if item.odd:
        return item.odd.what
    title = FORMATS[item.format].title
    return title + (", context" if item.context else "") + (", apart" if item.instruction else "")


class Matrix(BedTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The key that the vectors name, so that one set of switches serves all.
        cls.bed.key_arn = cls.bed.create_key(KeyId=VECTORS_KEY)
        cls.bed.create_key(KeyId=FOREIGN_KEY.rpartition("/")[2], Account=FOREIGN_KEY.split(":")[4],
                           Policy=json.dumps({"Statement": {
                               "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt"}}))
        os.environ.update({k: v for k, v in cls.bed.env.items() if k.startswith("AWS_")})
        cls.aes_file = cls.bed.path("aes.key")
        write_file(cls.aes_file, AES_KEY)
        cls.ruby = start_ruby(cls.bed)
        cls.addClassCleanup(cls.ruby.close)
        cls.go = start_go(cls.bed) if find_go() else None
        if cls.go:
            cls.addClassCleanup(cls.go.close)
        cls.writes = cls.names_known("put", "/dev/null", cls.bed.url("x"), "--format", "?")
        cls.reads = cls.names_known("get", cls.bed.url("x"), "-", "--read-formats", "?")

    @classmethod
    def names_known(cls, *arguments):
        """The names that the program lists when it is given one that it does not know."""
        done = cls.bed.run([*arguments, *cls.bed.server_args()])
        found = re.search(r"knows: (.*)", done.stderr.decode())
        if done.returncode != 2 or not found:
            raise AssertionError(f"{arguments}: {done.stderr.decode()}")
        return set(re.findall(r"[a-z0-9-]+", found[1]))

    # -- readers: an object's bytes, or Refused

    def run_get(self, key, *switches):
        done = self.bed.run(["get", self.bed.url(key), "-", *self.bed.server_args(),
                             "--decrypt-key", FOREIGN_KEY, *switches])
        if done.returncode != 0:
            self.assertEqual((done.returncode, done.stdout), (1, b""), done.stderr)
            raise Refused(done.stderr.decode())
        return done.stdout

    def switches(self, item):
        if item.format not in self.reads:
            return []
        names = [item.format, *(["instruction"] if item.instruction else [])]
        context = [part for name, value in (item.context or {}).items()
                   for part in ("--encryption-context", f"{name}={value}")]
        return ["--read-formats", ",".join(names), *self.key_file(item), *context]

    def key_file(self, item):
        path = {"kms": None, "aes": self.aes_file, "rsa": RSA_FILE}[FORMATS[item.format].key]
        return ["--key-file", path] if path else []

    def run_decrypt(self, item, key):
        context = [f"--encryption-context={n}={v}" for n, v in (item.context or {}).items()]
        options = decrypt.parse_options([
            "--endpoint-url", self.bed.s3_url, "--kms-endpoint-url", self.bed.kms_url,
            *(["--instruction-suffix", ".instruction"] if item.instruction else []),
            *self.key_file(item), *context, self.bed.url(key)])
        try:
            return b"".join(decrypt.decrypt_s3(options))
        except decrypt.Refused as error:
            raise Refused(str(error)) from None

    def run_ruby(self, reader, item, key):
        kind = FORMATS[item.format].key
        name = RUBY_NAMES[reader] + ("" if kind == "kms" else f"-{kind}")
        # The first generation takes what stands there for the context, the second compares.
        more = {"context": item.context} if item.context and reader != "Ruby V1" else {}
        return self.ruby.get(name, key, **more)

    def read(self, reader, item, key):
        if reader == "rdsbak":
            return self.run_get(key, *self.switches(item))
        if reader == "rdsbak, no switch":
            return self.run_get(key)
        if reader == "decrypt.py":
            return self.run_decrypt(item, key)
        if reader in RUBY_NAMES:
            return self.run_ruby(reader, item, key)
        return self.go.get(GO_NAMES[reader], key)

    # -- what must come of it

    def not_offered(self, reader, item):
        """What is missing if this cell is "-". What is to be refused can be tried in any build."""
        if reader.startswith("Go") and self.go is None:
            return ["its packages, when this was built"]
        wanted = {item.format, *({"instruction"} if item.instruction else ())}
        refused = item.odd and reader in item.odd.refusals
        unknown = wanted - self.reads if reader == "rdsbak" and not refused else ()
        return [f"--read-formats {name}" for name in unknown]

    def refusal(self, reader, item):
        """The words with which this reader must refuse, or None."""
        if item.odd and reader in item.odd.refusals:
            return item.odd.refusals[reader]
        if reader == "rdsbak, no switch":
            plain = not item.instruction and not item.context
            fit = plain and item.format in READS_BY_DEFAULT & self.reads
            return None if fit else OURS
        if item.instruction and reader in GO_NAMES and item.format.startswith("v1-"):
            return GO_NONE  # it looks for V1 in the object's own metadata only
        return FORMATS[item.format].refusals.get(reader)

    def check(self, item):
        for reader in READERS:
            cells = TABLE.setdefault((item.writer, form(item)), {})
            missing = self.not_offered(reader, item)
            if missing:
                MISSING[reader.split()[0]].update(missing)
                cells[reader] = "-"
                if reader == "rdsbak":
                    self.must_not_misread(item)
                continue
            refusal, done = self.refusal(reader, item), 0
            for key, data in item.objects.items():
                with self.subTest(writer=item.writer, form=form(item), reader=reader, key=key):
                    self.check_one(reader, item, key, data, refusal)
                    done += 1
            good = done == len(item.objects) and cells.get(reader) != "FAILED"
            cells[reader] = ("refuses" if refusal else "reads") if good else "FAILED"

    def check_one(self, reader, item, key, data, refusal):
        if refusal:
            with self.assertRaisesRegex(Refused, refusal):
                self.read(reader, item, key)
        else:
            # Not assertEqual: it would print megabytes.
            self.assertTrue(self.read(reader, item, key) == data, "content differs")

    def must_not_misread(self, item):
        for key in item.objects:
            with self.subTest(writer=item.writer, form=form(item), key=key):
                with self.assertRaisesRegex(Refused, OURS):
                    self.run_get(key)

    # -- rdsbak writes

    def put(self, key, data, *switches):
        path = self.bed.path("in")
        write_file(path, data)
        self.must_run(["put", path, self.bed.url(key), *switches])

    def test_the_formats_that_there_must_be_are_there(self):
        self.assertLessEqual(WRITES_AT_LEAST, self.writes)
        self.assertLessEqual(READS_AT_LEAST, self.reads)
        self.assertLessEqual(self.writes, set(FORMATS))
        for name in {"rds", "rds-v1", "gcm", "commit"} - self.writes:
            MISSING["rdsbak"].add(f"--format {name}")

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
        label, size, out = case["plaintext_label"], case["plaintext_len"], b""
        while len(out) < size:
            text = f"bakfs-s3ec/{label}/{len(out) // 32}"
            out += hashlib.sha256(text.encode()).digest()
        return out[:size]

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
        ours = of(("rdsbak", "rdsbak, no switch"), OURS)
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


def table_text():
    heads = ("writer", "format", *READERS)
    lines = [heads] + [(*place, *(cells.get(reader, "-") for reader in READERS))
                       for place, cells in sorted(TABLE.items())]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    text = ["Who reads what whom wrote (\"apart\": the envelope is in an instruction file)", ""]
    for line in lines:
        text.append("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    text.append("")
    text += [f'"-": {who} has not: {", ".join(sorted(what))}' for who, what in MISSING.items()]
    return "\n".join(text) + "\n"


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
