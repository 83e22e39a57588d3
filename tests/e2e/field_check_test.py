#!/usr/bin/python3
"""scripts/field-check: its dry run against the local servers, and how it reads what others print."""

import os
import re
import shutil
import subprocess
import sys
import unittest

import e2e
import testbed

ROOT = testbed.ROOT
SCRIPT = os.path.join(ROOT, "scripts", "field-check")
sys.path.insert(0, os.path.join(ROOT, "scripts", "lib"))

# pylint: disable=wrong-import-position
import field_report  # noqa: E402
import field_sql  # noqa: E402
import field_trace  # noqa: E402

# Two threads of one backup, as `strace -ff -y -tt` writes them.
MAIN = """
10:00:00.000001 stat("/mnt/b/x.bak", 0x7ffd) = -1 ENOENT (No such file or directory)
10:00:00.000002 openat(AT_FDCWD</>, "/mnt/b/x.bak", O_RDWR|O_DIRECT) = -1 ENOENT (No such file)
10:00:00.000003 openat(AT_FDCWD</>, "/mnt/b/x.bak", O_RDWR|O_CREAT|O_DIRECT, 0660) = 9</mnt/b/x.bak>
10:00:00.000004 ftruncate(9</mnt/b/x.bak>, 9437184) = 0
10:00:00.000005 pwrite64(9</mnt/b/x.bak>, "TAPE"..., 4096, 0) = 4096
10:00:00.000006 io_submit(0x7f00, 1, [{aio_data=0, aio_lio_opcode=IOCB_CMD_PWRITE, aio_fildes=9</mnt/b/x.bak>, aio_buf="\\0"..., aio_nbytes=1048576, aio_offset=4096}]) = 1
10:00:00.000007 io_submit(0x7f00, 1, [{aio_data=0, aio_lio_opcode=IOCB_CMD_PWRITE, aio_fildes=9</mnt/b/x.bak>, aio_buf="\\0"..., aio_nbytes=1048576, aio_offset=2101248}]) = 1
10:00:00.000009 io_submit(0x7f00, 1, [{aio_data=0, aio_lio_opcode=IOCB_CMD_PWRITE, aio_fildes=9</mnt/b/x.bak>, aio_buf="\\0"..., aio_nbytes=1048576, aio_offset=1052672}]) = 1
10:00:00.000020 fsync(9</mnt/b/x.bak>) = 0
10:00:00.000021 ftruncate(9</mnt/b/x.bak>, 3149824) = 0
10:00:00.000022 close(9</mnt/b/x.bak>) = 0
"""
OTHER = """
10:00:00.000008 io_getevents(0x7f00, 1, 128, [{data=0, res=1048576}], NULL) = 1
10:00:00.000010 io_getevents(0x7f00, 1, 128, [{data=0, res=1048576}, {data=0, res=1048576}], NULL) = 2
10:00:00.000011 pwrite64(7</var/opt/mssql/log/errorlog>, "x"..., 100, 0) = 100
"""

STATUS = """task_id|task_type|database_name|% complete|duration(mins)|lifecycle|task_info
-------|---------|-------------|----------|--------------|---------|---------
4|RESTORE_DB|field_check|0|0|ERROR|an | older task
5|RESTORE_DB|field_check|100|3|SUCCESS|[2026-11-29] Task has been completed

(2 rows affected)
"""


class DryRun(e2e.BedTest):
    BED = {"store": "script"}

    def setUp(self):
        self.addCleanup(self.bed.kms.control, reset=True)
        self.backup = self.bed.path("Small.bak")
        if not os.path.exists(self.backup):
            self.tool(testbed.PYTHON, os.path.join(ROOT, "tests", "tools", "mkbak.py"), "--size",
                      "200K", "--round", self.backup)
        self.report = self.bed.path(self._testMethodName + ".md")

    def check(self, *more, status=0, env=None):
        done = subprocess.run(
            [testbed.PYTHON, "-B", SCRIPT, "--dry-run", "--bucket",
             self.bed.url(self._testMethodName), "--kms-key-id", self.bed.key_arn, "--backup",
             self.backup, "--endpoint-url", self.bed.s3_url, "--kms-endpoint-url",
             self.bed.kms_url, "--binary", self.bed.binary, "--report", self.report, *more],
            env={**self.bed.env, **(env or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=240, check=False)
        printed = done.stdout.decode()
        self.assertEqual(done.returncode, status, printed)
        if status == 2:
            return printed, ""
        with open(self.report, encoding="utf-8") as file:
            return printed, file.read()

    def objects(self, name):
        return [key for key in self.bed.list(self._testMethodName) if f"/{name}/" in key]

    def test_every_format_is_written_and_its_statement_shown(self):
        printed, report = self.check()
        keys = self.objects("rds")
        self.assertEqual(len(keys), 1, printed)
        with open(self.backup, "rb") as file:
            self.same(self.bed.decrypt(keys[0]), file.read())
        self.assertIn(f"@s3_arn_to_restore_from = N'arn:aws:s3:::{self.bed.bucket}/{keys[0]}'",
                      report)
        self.assertIn(f"@kms_master_key_arn = N'{self.bed.key_arn}'", report)
        self.assertIn("x-amz-meta-x-amz-wrap-alg: kms", report)
        for question in field_report.QUESTIONS.values():
            self.assertIn(field_report.cell(question), report)
        self.assertIn(f"0 of {len(field_report.QUESTIONS)} questions settled", printed)
        self.assertIn("strace -ff", report)

    def test_no_secret_is_printed(self):
        secrets = {"RDS_PASSWORD": "rds-secret-4711", "MSSQL_PASSWORD": "mssql-secret-4711"}
        printed, report = self.check(env=secrets)
        metadata = self.bed.metadata(self.objects("rds")[0])
        for secret in (*secrets.values(), self.bed.env["AWS_SECRET_ACCESS_KEY"],
                       metadata["x-amz-key-v2"], metadata["x-amz-iv"]):
            self.assertNotIn(secret, printed + report)

    def test_a_backup_that_rds_wrote_is_read(self):
        """Stood in for by one that rdsbak wrote: the step is the same."""
        done = self.bed.run(["put", self.backup, self.bed.url("by-rds"), *self.bed.server_args()])
        self.assertEqual(done.returncode, 0, done.stderr)
        printed, report = self.check("--rds-object", self.bed.url("by-rds"))
        self.assertIn("it begins as a backup does; scripts/decrypt.py agrees", report)
        self.assertIn("the description names exactly the ARN given", report)
        self.assertIn("2 of ", printed)

    def test_stripes_are_restored_by_their_prefix(self):
        _, report = self.check("--backup", self.backup)
        self.assertEqual([key.rsplit("/", 1)[1] for key in self.objects("rds")],
                         ["backup1-of-2.bak", "backup2-of-2.bak"])
        self.assertRegex(report, r"N'arn:aws:s3:::[^']*/rds/backup\*'")

    def test_a_step_that_goes_wrong_is_told_and_fails(self):
        self.bed.kms.control(deny={"action": "GenerateDataKey"})
        printed, report = self.check(status=1)
        self.assertIn("went wrong: put --format rds", printed)
        self.assertIn("kms:GenerateDataKey", report)

    def test_logs_of_a_trace_settle_questions(self):
        path = self.bed.path("backup.strace")
        for number, text in enumerate((MAIN, OTHER)):
            with open(f"{path}.{number}", "w", encoding="utf-8") as file:
                file.write(text)
        _, report = self.check("--strace-log", path + ".0", path + ".1", "--trace-path", "x.bak")
        self.assertIn("| settled | O_RDWR\\|O_DIRECT (ENOENT); O_RDWR\\|O_CREAT\\|O_DIRECT |", report)

    def test_wrong_usage(self):
        printed, _ = self.check("--kms-key-id", "alias/x", status=2)
        self.assertIn("--kms-key-id", printed)
        printed, _ = self.check("--backup", "/no/such/file", status=2)
        self.assertIn("/no/such/file", printed)


class Reading(unittest.TestCase):
    """The pure parts."""

    def test_threads_are_merged_and_other_files_left_out(self):
        found = field_trace.Trace([MAIN, OTHER], "x.bak").answers()
        self.assertEqual(found["depth"], "at most 2 at once; sizes 4096 to 1048576; "
                                         "2 of 4 writes not at the end")
        self.assertEqual(found["rewrite"], "no, in 4 writes")
        self.assertEqual(found["resize"], "ftruncate 9437184, ftruncate 3149824")
        self.assertEqual(found["end"], "open, ftruncate 9437184, 4 x write, fsync, "
                                       "ftruncate 3149824, close")
        self.assertEqual((found["locks"], found["before"]), ("none", "stat"))

    def test_what_is_written_again_is_counted(self):
        again = '10:00:00.5 pwrite64(9</mnt/b/x.bak>, "TAPE"..., 512, 1024) = 512\n'
        found = field_trace.Trace([MAIN, OTHER + again], "x.bak").answers()
        self.assertEqual(found["rewrite"], "yes, 512 bytes")

    @unittest.skipUnless(shutil.which("strace"), "no strace")
    def test_a_real_trace_is_understood(self):
        """What strace itself writes, of a program that writes as SQL Server does."""
        folder = e2e.shared_bed({"store": "script"}).path("traced")
        os.makedirs(folder)
        path, log = os.path.join(folder, "real.bak"), os.path.join(folder, "log")
        code = ("import os, fcntl; f = os.open(%r, os.O_RDWR | os.O_CREAT | os.O_DSYNC)\n"
                "os.ftruncate(f, 1 << 20); fcntl.flock(f, fcntl.LOCK_EX)\n"
                "os.pwrite(f, b'x' * 4096, 0); os.pwrite(f, b'y' * 4096, 4096)\n"
                "os.pwrite(f, b'z' * 100, 50); os.fsync(f); os.ftruncate(f, 8192); os.close(f)\n"
                "os.unlink(%r)" % (path, path))
        done = subprocess.run(["strace", "-ff", "-y", "-tt", "-o", log, "-e",
                               "trace=" + field_trace.CALLS, testbed.PYTHON, "-c", code],
                              stderr=subprocess.PIPE, check=False)
        if done.returncode != 0 and b"ptrace" in done.stderr:
            self.skipTest("ptrace is not allowed here")
        self.assertEqual(done.returncode, 0, done.stderr)
        texts = []
        for name in os.listdir(folder):
            if name.startswith("log."):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    texts.append(file.read())
        found = field_trace.Trace(texts, "real.bak").answers()
        self.assertIn("O_RDWR|O_CREAT|O_DSYNC", found["open"])
        self.assertEqual(found["resize"], "ftruncate 1048576, ftruncate 8192")
        self.assertEqual(found["rewrite"], "yes, 100 bytes")
        self.assertIn("flock", found["locks"])
        self.assertTrue(found["end"].endswith("fsync, ftruncate 8192, close, unlink"), found["end"])

    def test_the_newest_task_counts(self):
        self.assertEqual(field_sql.latest_task(STATUS),
                         ("SUCCESS", "[2026-11-29] Task has been completed"))
        self.assertEqual(field_sql.latest_task("Msg 229, denied\n"), (None, "Msg 229, denied"))
        self.assertEqual(field_sql.latest_task("\n".join(STATUS.splitlines()[:3])),
                         ("ERROR", "an | older task"))

    def test_statements_are_escaped(self):
        self.assertEqual(field_sql.call("p", a="it's", n=1),
                         "exec msdb.dbo.p\n     @a = N'it''s',\n     @n = 1;")
        self.assertEqual(field_sql.identifier("a]b"), "[a]]b]")

    def test_cells_and_blocks_hold_anything(self):
        self.assertEqual(field_report.cell("a|b\nc<d\x1b"), "a\\|b c&lt;d?")
        self.assertTrue(field_report.block("a ``` b").startswith("````\n"))
        shown = field_report.shown_metadata({"rds-tde-pwd": "geheim", "x-amz-key-v2": "AAAA"})
        self.assertNotIn("geheim", shown)
        self.assertIn("(3 bytes)", shown)
        self.assertIsNone(re.search("AAAA", shown))


if __name__ == "__main__":
    unittest.main()
