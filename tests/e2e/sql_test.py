#!/usr/bin/python3
"""sql: the T-SQL of backups and restores, after the servers were asked about RDS's rules."""

import json
import re
import unittest

import e2e
from audit_test import V1, V3, v2

DONE, FAILED, USAGE = 0, 1, 2
OTHER_REGION = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


class Sql(e2e.BedTest):
    BED = {"store": "script"}

    def setUp(self):
        self.prefix = self._testMethodName + "/"
        self.addCleanup(self.bed.s3.control, reset=True)
        self.addCleanup(self.bed.kms.control, reset=True)

    def url(self, name):
        return self.bed.url(self.prefix + name)

    def put(self, name, metadata=None):
        self.bed.put(self.prefix + name, b"x" * 32, metadata=metadata)

    def stripes(self, count):
        names = [f"S{number}-of-{count}.bak" for number in range(1, count + 1)]
        for name in names:
            self.put(name, v2(self.bed.key_arn))
        return names

    def sql(self, what, names, *more, status=DONE, env=None, database="Sales"):
        done = self.bed.run(["sql", what, *(self.url(name) for name in names), "--database",
                             database, *more], env=env)
        out, error = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, status, out + error)
        # Not the log, in which a machine that locks no memory may be warned of.
        return out, "".join(line for line in error.splitlines(True) if line.startswith("rdsbak: "))

    def refused(self, what, names, words, *more, env=None):
        """RDS's part is withheld, and an error of one line says why."""
        out, error = self.sql(what, names, *more, status=FAILED, env=env)
        lines = [line for line in error.splitlines() if line.startswith("rdsbak: error: ")]
        self.assertTrue(any(all(word in line for word in words) for line in lines), error)
        self.assertNotIn("exec msdb", out)
        self.assertIn("RDS would refuse this", error)

    def policy(self, out):
        text = "\n".join(line[3:] for line in out.splitlines() if re.match("-- [{} ]", line))
        return json.loads(text[text.index("{"):])

    def test_restore_of_what_rdsbak_wrote(self):
        path = self.source("sql", e2e.content(5000))
        self.bed.run(["put", path, self.url("O'Brien.bak"), *self.bed.server_args()])
        out, error = self.sql("restore", ["O'Brien.bak"], database="a]b'c")
        self.assertEqual(error, "")
        self.assertIn("RESTORE DATABASE [a]]b'c]\n    FROM DISK = N'/mnt/rdsbak/O''Brien.bak'\n",
                      out)
        self.assertIn("@restore_db_name = N'a]b''c'", out)
        self.assertIn(f"N'arn:aws:s3:::{self.bed.bucket}/{self.prefix}O''Brien.bak'", out)
        self.assertIn(f"@kms_master_key_arn = N'{self.bed.key_arn}'", out)  # the envelope names it
        self.assertIn("@with_norecovery = 0;", out)
        self.assertIn("exec msdb.dbo.rds_task_status @db_name = N'a]b''c';", out)
        for word in ("VERIFYONLY", "HEADERONLY", "FILELISTONLY"):
            self.assertIn(f"RESTORE {word}\n", out)
        statements = self.policy(out)["Statement"]
        self.assertEqual(statements[1]["Resource"],
                         [f"arn:aws:s3:::{self.bed.bucket}/{self.prefix}O'Brien.bak"])
        self.assertEqual(statements[2]["Resource"], [self.bed.key_arn])

    def test_every_line_is_a_statement_or_a_comment(self):
        """No object's name can end a comment or a literal of the script."""
        for name in ("'; DROP DATABASE x --.bak", "a'b''c-- DROP.bak", "x/* ' DROP */ '.bak"):
            for what in ("backup", "restore"):
                if what == "restore" and "*" in name:
                    continue  # refused: RDS would take it for a prefix
                self.put(name, v2(self.bed.key_arn))
                out, _ = self.sql(what, [name], "--kms-key-id", self.bed.key_arn, database=name)
                code = re.sub(r"N'(?:[^']|'')*'|\[(?:[^\]]|\]\])*\]", "", out)
                code = re.sub(r"^--.*$", "", code, flags=re.M)
                self.assertNotIn("DROP", code)
                self.assertNotIn("'", code)

    def test_stripes_are_restored_by_their_prefix(self):
        names = self.stripes(4)
        out, _ = self.sql("restore", names)
        self.assertIn(f"N'arn:aws:s3:::{self.bed.bucket}/{self.prefix}S*'", out)
        self.assertEqual(out.count("DISK = N'/mnt/rdsbak/S4-of-4.bak'"), 4)
        self.put("S.txt")
        self.refused("restore", names, [self.prefix + "S.txt", "none of them"])

    def test_instruction_files_and_folders_disturb_a_set(self):
        names = self.stripes(2)
        self.put("S1-of-2.bak.instruction")
        self.refused("restore", names, ["S1-of-2.bak.instruction"])

    def test_eleven_files_are_too_many(self):
        self.refused("restore", self.stripes(11), ["11 files", "at most 10"])

    def test_objects_that_rds_cannot_read(self):
        self.put("plain.bak")
        self.put("v3.bak", V3)
        self.put("broken.bak", v2(self.bed.key_arn, x_amz_iv="!"))
        key = ["--kms-key-id", self.bed.key_arn]
        self.refused("restore", ["plain.bak"], ["PLAINTEXT", "x-amz-key"], *key)
        self.refused("restore", ["v3.bak"], ["v3.bak"], *key)
        self.refused("restore", ["broken.bak"], ["x-amz-iv"], *key)
        self.refused("restore", ["missing.bak"], ["no such object"], *key)

    def test_plaintext_is_restored_without_a_key_and_with_a_warning(self):
        self.put("plain.bak")
        out, error = self.sql("restore", ["plain.bak"])
        self.assertIn("PLAINTEXT", error)
        self.assertNotIn("kms_master_key_arn", out)
        self.assertNotIn("kms:", out)

    def test_the_first_format_is_restorable_or_refused_with_a_reason(self):
        self.put("v1.bak", V1)
        done = self.bed.run(["sql", "restore", self.url("v1.bak"), "--database", "x",
                             "--kms-key-id", self.bed.key_arn])
        error = done.stderr.decode()
        self.assertIn("v1.bak", error)
        self.assertRegex(error, "walk-through|x-amz-key")

    def test_another_key_than_the_objects(self):
        self.put("a.bak", v2(self.bed.key_arn))
        self.refused("restore", ["a.bak"], [self.bed.key_arn, "rewrap"], "--kms-key-id",
                     self.bed.create_key())

    def test_a_key_that_is_named_by_no_arn(self):
        for number, name in enumerate(("alias/backups", "x\x1b[2J\nGO", "arn:aws\n:kms:us-east-1:"
                                       "111122223333:key/1234abcd")):
            self.put(f"{number}.bak", v2(name))
            self.refused("restore", [f"{number}.bak"], ["no key's ARN", "--kms-key-id"])

    def test_regions_must_be_the_same(self):
        self.put("a.bak", v2(self.bed.key_arn))
        self.refused("restore", ["a.bak"], ["the instance in eu-west-1"], "--instance-region",
                     "eu-west-1")
        self.refused("backup", ["b.bak"], ["the key is in eu-central-1 and the bucket in us-east-1"],
                     "--kms-key-id", OTHER_REGION)

    def test_a_disabled_key_is_told(self):
        arn = self.bed.create_key()
        self.bed.kms.call("DisableKey", KeyId=arn)
        self.put("a.bak", v2(arn))
        self.refused("restore", ["a.bak"], [arn, "Disabled"])

    def test_an_asymmetric_key_is_refused(self):
        status, answer = self.bed.kms.call("CreateKey", KeySpec="RSA_2048",
                                           KeyUsage="ENCRYPT_DECRYPT")
        self.assertEqual(status, 200, answer)
        self.refused("backup", ["a.bak"], ["RSA_2048", "symmetric"], "--kms-key-id",
                     answer["KeyMetadata"]["Arn"])

    def test_a_key_that_cannot_be_asked_is_a_warning(self):
        self.put("a.bak", v2(self.bed.key_arn))
        self.bed.kms.control(deny={"action": "DescribeKey"})
        out, error = self.sql("restore", ["a.bak"])
        self.assertIn("warning: the key could not be asked", error)
        self.assertIn("exec msdb", out)

    def test_aliases_are_wrong_usage(self):
        _, error = self.sql("restore", ["a.bak"], "--kms-key-id",
                            "arn:aws:kms:us-east-1:111122223333:alias/x", status=USAGE)
        self.assertIn("alias", error)

    def test_backup_to_a_share(self):
        out, error = self.sql("backup", ["new-1.bak", "new-2.bak"], "--kms-key-id",
                              self.bed.key_arn, "--mountpoint", r"\\fs\back up",
                              "--type", "differential")
        self.assertEqual(error, "")
        self.assertIn("TO DISK = N'\\\\fs\\back up\\new-1.bak',\n"
                      "       DISK = N'\\\\fs\\back up\\new-2.bak'\n    WITH DIFFERENTIAL, ", out)
        self.assertIn("@type = N'DIFFERENTIAL',\n     @number_of_files = 2;", out)
        self.assertIn("s3:PutObject", out)

    def test_backup_over_what_is_there_is_a_warning(self):
        self.put("a.bak", v2(self.bed.key_arn))
        _, error = self.sql("backup", ["a.bak"], "--kms-key-id", self.bed.key_arn)
        self.assertIn("is there already", error)

    def test_a_backup_without_a_key_is_wrong_usage(self):
        _, error = self.sql("backup", ["a.bak"], status=USAGE)
        self.assertIn("--kms-key-id: missing", error)

    def test_offline_asks_nobody(self):
        out, error = self.sql("restore", ["a.bak"], "--offline", "--kms-key-id", self.bed.key_arn,
                              env={"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
                                   "AWS_ENDPOINT_URL_KMS": "http://127.0.0.1:1"})
        self.assertEqual(error, "")
        self.assertIn("rds_restore_database", out)

    def test_without_credentials_it_says_that_nothing_was_asked(self):
        none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
        out, error = self.sql("restore", ["a.bak"], "--kms-key-id", self.bed.key_arn, env=none)
        self.assertIn("neither S3 nor KMS was asked", error)
        self.assertIn("rds_restore_database", out)

    def test_a_server_that_does_not_answer_is_an_error(self):
        self.put("a.bak", v2(self.bed.key_arn))
        self.bed.s3.control(rules=[{"action": "access-denied", "op": "HeadObject", "times": None}])
        self.refused("restore", ["a.bak"], ["could not be looked at"], "--kms-key-id",
                     self.bed.key_arn)

    def test_names_that_no_script_can_hold(self):
        _, error = self.sql("restore", ["a\nGO\n.bak"], status=USAGE)
        self.assertIn("a\\x0aGO\\x0a.bak", error)
        self.put("$(HOME).bak", v2(self.bed.key_arn))
        _, error = self.sql("restore", ["$(HOME).bak"])
        self.assertIn("sqlcmd -x", error)

    def test_json_has_the_same(self):
        names = self.stripes(2)
        out, error = self.sql("restore", names, "--json")
        found = json.loads(out)
        self.assertEqual((error, found["findings"], found["asked"]), ("", [], True))
        self.assertIn("rds_restore_database", found["rds"])
        self.assertIn("RESTORE DATABASE", found["sql_server"])
        self.assertEqual(found["policy"]["Version"], "2012-10-17")
        self.put("S")
        out, _ = self.sql("restore", names, "--json", status=FAILED)
        found = json.loads(out)
        self.assertIsNone(found["rds"])
        self.assertEqual([f["level"] for f in found["findings"]], ["error"])

    def test_wrong_words_and_types(self):
        for words, more in (("neither backup nor restore", ["sql", "undo", self.url("a")]),
                            ("--type", ["sql", "restore", self.url("a"), "--type", "all"]),
                            ("--number-of-files", ["sql", "restore", self.url("a"),
                                                   "--number-of-files", "11"]),
                            ("--database: missing", ["sql", "restore", self.url("a")])):
            database = [] if "missing" in words else ["--database", "x"]
            done = self.bed.run([*more, *database])
            self.assertEqual(done.returncode, USAGE, done.stderr)
            self.assertIn(words, done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
