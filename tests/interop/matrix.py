"""The readers of the interoperability matrix, and its table. The test itself has the writers.

A format that rdsbak does not read shows as "-"; that it refuses such objects is the column beside.
"""

import collections
import json
import re

from clients import AES_KEY, RSA_FILE, Refused, find_go, start_go, start_ruby
from common import BedTest, testbed, write_file
from formats import FORMATS, GO_NAMES, GO_NONE, OURS, READERS, RUBY_NAMES

# What a mount or verb of the default format does not read without --read-formats, key or no key.
READS_IF_ASKED = {"rds-v1", "kms-context-cbc", "v1-rsa"}

VECTORS_KEY = "00000000-1111-2222-3333-444444444444"
# Of the published vector of 2016: a key of another account, which lets us use it.
FOREIGN_KEY = "arn:aws:kms:us-east-1:172259396726:key/a22a4b30-79f4-4b3d-bab4-a26d327a231b"

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


class MatrixTest(BedTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The key that the vectors name, so that one set of switches serves all.
        cls.bed.key_arn = cls.bed.create_key(KeyId=VECTORS_KEY)
        cls.bed.create_key(KeyId=FOREIGN_KEY.rpartition("/")[2], Account=FOREIGN_KEY.split(":")[4],
                           Policy=json.dumps({"Statement": {
                               "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt"}}))
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
        found = re.search(r"there are: (.*)", done.stderr.decode())
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
        apart = ["--instruction-suffix", ".instruction"] if item.instruction else []
        try:
            return self.bed.decrypt(key, [*apart, *self.key_file(item), *context])
        except testbed.TestbedError as error:
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
        if reader == "rdsbak default":
            return self.run_get(key, *self.key_file(item))
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
        if reader == "rdsbak default":
            plain = not item.instruction and not item.context
            return None if plain and item.format not in READS_IF_ASKED else OURS
        if item.instruction and reader in GO_NAMES and item.format.startswith("v1-"):
            return GO_NONE  # it looks for V1 in the object's own metadata only
        return FORMATS[item.format].refusals.get(reader)

    def check(self, item, readers=READERS):
        if FORMATS[item.format].key != "kms":
            self.must_not_misread(item)
        for reader in readers:
            cells = TABLE.setdefault((item.writer, form(item)), {})
            missing = self.not_offered(reader, item)
            if missing:
                MISSING[reader.split()[0]].update(missing)
                cells[reader] = "-"
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
        """Without the key that wraps the data key."""
        for key in item.objects:
            with self.subTest(writer=item.writer, form=form(item), key=key):
                with self.assertRaisesRegex(Refused, OURS):
                    self.run_get(key)


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
