"""The demo's run, after scripts/demo has installed and built: see there. Standard library only."""

import argparse
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "servers"))

from testbed import Testbed  # noqa: E402  (the path comes first)

PYTHON = "/usr/bin/python3"
SCALE = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class Demo:
    """Steps, each said and timed; the report lists them at the end."""

    def __init__(self, bed, size, tools):
        self.bed, self.size, self.tools = bed, size, tools
        self.report = []
        self.backup = bed.path("Sales.bak")

    def step(self, text, function):
        print(f"\n== {text}", flush=True)
        began = time.monotonic()
        result = function()
        seconds = time.monotonic() - began
        self.report.append((text, seconds, result))
        print(f"   {result}  ({seconds:.1f} s)", flush=True)

    def run(self, *command, **options):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              **options)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, command))}: exit {done.returncode}\n"
                             f"{done.stdout.decode(errors='replace')}{done.stderr.decode(errors='replace')}")
        return done.stdout

    def tool(self, name, *arguments):
        return json.loads(self.run(os.path.join(self.tools, name), *arguments))

    # -- the steps

    def make_backup(self):
        self.run(PYTHON, os.path.join(ROOT, "tests/tools/mkbak.py"), "--size", self.size, "--round",
                 "--database", "Sales", "--server", "DB01\\PROD", self.backup)
        return f"{os.path.getsize(self.backup):,} bytes, Microsoft Tape Format as SQL Server writes it"

    def mount(self):
        self.mountpoint = self.bed.mount(prefix="nightly")
        return f"rdsbak mount {self.bed.url('nightly')} {self.mountpoint} --kms-key-id {self.bed.key_arn}"

    def at(self, name):
        return os.path.join(self.mountpoint, name)

    def write_like_sql_server(self):
        told = self.tool("sqlwrite", "--in", self.backup, "--transfer", "1M", "--depth", "4",
                         self.at("Sales.bak"))
        return (f"O_DIRECT, 1 MiB transfers, 4 outstanding, pre-sized, trimmed, fsync, close: "
                f"{rate(os.path.getsize(self.backup), told)}")

    def copy(self):
        began = time.monotonic()
        self.run("cp", self.backup, self.at("Sales-copy.bak"))
        return f"cp: {rate(os.path.getsize(self.backup), {'seconds': time.monotonic() - began})}"

    def read_header(self):
        self.tool("sqlread", "--header-only", self.at("Sales.bak"))
        return "RESTORE HEADERONLY's four small reads"

    def read_whole(self):
        told = self.tool("sqlread", "--transfer", "1M", "--depth", "4", "--verify", self.backup,
                         self.at("Sales.bak"))
        return f"as RESTORE VERIFYONLY, compared byte by byte: {rate(os.path.getsize(self.backup), told)}"

    def walk(self):
        out = self.run(PYTHON, os.path.join(ROOT, "tests/tools/checkbak.py"), self.at("Sales-copy.bak"))
        return out.decode().strip().splitlines()[0]

    def show_bucket(self):
        key = "nightly/Sales.bak"
        metadata = self.bed.metadata(key)
        for name in sorted(metadata):
            value = metadata[name]
            print(f"   x-amz-meta-{name}: {value if len(value) < 100 else value[:60] + '...'}")
        expected = '{"kms_cmk_id":"%s"}' % self.bed.key_arn
        need(metadata["x-amz-matdesc"] == expected, "the material description")
        need(metadata["x-amz-cek-alg"] == "AES/CBC/PKCS5Padding", "the cipher's name")
        need(metadata["x-amz-wrap-alg"] == "kms", "the wrapping's name")
        first = self.bed.get(key, (0, 63))
        with open(self.backup, "rb") as backup:
            plain = backup.read(64)
        print(f"   first bytes of the backup: {plain[:32].hex()}\n   first bytes in the bucket: {first[:32].hex()}")
        need(first != plain and b"TAPE" not in first, "ciphertext in the bucket")
        need(self.bed.list_uploads() == [], "no unfinished upload")
        return "ciphertext; envelope V2, wrap kms, AES-256-CBC; no unfinished upload"

    def decrypt_independently(self):
        with open(self.backup, "rb") as backup:
            need(self.bed.decrypt("nightly/Sales.bak") == backup.read(), "the decrypted object")
        return "scripts/decrypt.py (Python, from the format description alone): same bytes"

    def say_sql(self):
        print(f"""
   on premises:
     BACKUP DATABASE Sales TO DISK = '{self.at("Sales.bak")}' WITH FORMAT, COMPRESSION, CHECKSUM;
   in RDS:
     exec msdb.dbo.rds_restore_database
          @restore_db_name = 'Sales',
          @s3_arn_to_restore_from = 'arn:aws:s3:::{self.bed.bucket}/nightly/Sales.bak',
          @kms_master_key_arn = '{self.bed.key_arn}';""")
        return "the statements for the real thing"

    def umount(self):
        status = self.bed.umount(self.mountpoint)
        need(status == 0, f"a clean end (the daemon's exit status is {status})")
        return "clean, nothing lost"

    def all(self):
        self.step("make a backup file", self.make_backup)
        self.step("mount", self.mount)
        self.step("write it as SQL Server does", self.write_like_sql_server)
        self.step("write it with cp", self.copy)
        self.step("read its header", self.read_header)
        self.step("read it whole", self.read_whole)
        self.step("walk its structure through the mount", self.walk)
        self.step("look into the bucket", self.show_bucket)
        self.step("decrypt it without rdsbak", self.decrypt_independently)
        self.step("what to run with a real SQL Server and RDS", self.say_sql)
        self.step("unmount", self.umount)


def need(condition, what):
    if not condition:
        raise SystemExit(f"demo: failed: {what}")


def rate(size, told):
    return f"{size / 1e6:,.0f} MB in {told['seconds']:.1f} s, {size / 1e6 / told['seconds']:,.0f} MB/s"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", default="256M")
    parser.add_argument("--tools", required=True)
    options = parser.parse_args()
    size = int(options.size[:-1]) * SCALE[options.size[-1]] if options.size[-1] in SCALE else int(options.size)
    with Testbed(binary=os.path.join(ROOT, "build", "rdsbak")) as bed:
        demo = Demo(bed, str(size), os.path.abspath(options.tools))
        demo.all()
        print("\n== report")
        for text, seconds, result in demo.report:
            print(f"   ok  {text}: {result} ({seconds:.1f} s)")
        print("\ndemo: everything agrees")


if __name__ == "__main__":
    main()
