#!/usr/bin/python3
"""info and verify: what an object is, what its backup tells, what reading it whole proves, and how
far the backups under a prefix lead. The backups are made by mkbak.py."""

import json
import os
import subprocess
import sys
import unittest

import e2e
import crc32c
from e2e import HERE, content

MKBAK = os.path.join(HERE, "..", "tools", "mkbak.py")
FILEMARK = 4096


def backup(*options):
    return subprocess.run([sys.executable, "-B", MKBAK, *options, "-"], check=True,
                          stdout=subprocess.PIPE).stdout


class Verbs(e2e.BedTest):
    BED = {"store": "script"}

    def put(self, key, data):
        path = self.source("object", data)
        self.bed_run(0, "put", path, self.bed.url(key))
        return self.bed.url(key)

    def bed_run(self, status, *words, keys=True):
        arguments = self.bed.server_args() if keys else self.bed.server_args()[2:]
        done = self.bed.run([*words, *arguments])
        self.assertEqual(done.returncode, status,
                         (done.stdout + done.stderr).decode(errors="replace"))
        self.assertNotIn(b"\x1b", done.stdout + done.stderr)
        self.said = done.stderr.decode()
        return done.stdout.decode()

    def as_json(self, status, *words, **options):
        return json.loads(self.bed_run(status, *words, "--json", **options))

    def flip(self, key, offset, bit=0x10):
        """Changes the stored object: in CBC 16 bytes of content there, and a bit of the next 16."""
        stored = bytearray(self.bed.get(key))
        stored[offset] ^= bit
        self.bed.put(key, bytes(stored), metadata=self.bed.metadata(key))


class Info(Verbs):
    def test_appended_compressed_stripe(self):
        url = self.put("info/a.bak", backup(
            "--size", "1M,256K,192K", "--type", "full,diff,log", "--compress", "--checksum",
            "--stripe", "2/3", "--database", "PayrollDb"))
        info = self.as_json(0, "info", url)
        self.assertEqual(info["envelope"]["key"], self.bed.key_arn)
        self.assertEqual(info["envelope"]["context"], {"kms_cmk_id": self.bed.key_arn})
        self.assertEqual(info["envelope"]["version"], 2)
        self.assertEqual(info["envelope"]["content"], "AES/CBC/PKCS5Padding")
        self.assertEqual(info["encryption"], "encrypted")
        self.assertTrue(info["content_bytes_exact"])
        self.assertEqual(info["object"]["bytes"], info["content_bytes"] // 16 * 16 + 16)
        found = info["backup"]
        self.assertEqual((found["kind"], found["finished"], found["compressed"]),
                         ("sql-server", True, True))
        self.assertEqual((found["media"]["stripe"], found["media"]["stripes"]), (2, 3))
        sets = found["sets"]
        self.assertEqual([one["type"] for one in sets], ["full", "differential", "log"])
        self.assertEqual([one["number"] for one in sets], [1, 2, 3])
        self.assertEqual(len({one["set"] for one in sets}), 3)
        self.assertEqual(sets[1]["differential_base"], sets[0]["set"])
        self.assertEqual(sets[1]["differential_base_lsn"], sets[0]["checkpoint_lsn"])
        self.assertEqual([one["finished"] for one in sets],
                         ["2024-12-09 19:03:10", "2024-12-09 20:03:10", "2024-12-09 21:03:10"])
        for one in sets:
            self.assertEqual((one["database"], one["server"], one["machine"], one["user"]),
                             ("PayrollDb", "DB01\\PROD", "DB01", "CORP\\svc_sql"))
            self.assertTrue(one["final"] and one["checksums"])
            self.assertEqual(one["recovery_model"], "FULL")
        text = self.bed_run(0, "info", url)
        for words in ("differential", "PayrollDb", "stripe 2 of 3", "cannot be restored",
                      self.bed.key_arn, sets[2]["last_lsn"], "3 sets, compressed"):
            self.assertIn(words, text)

    def test_uncompressed_sets_of_both_filemark_sizes(self):
        for filemark, sizes in ((512, "512K,192K,192K"), (4096, "1M,192K,192K")):
            url = self.put(f"info/plain{filemark}.bak", backup(
                "--size", sizes, "--type", "full,log,log", "--round", "--filemark",
                str(filemark)))
            sets = self.as_json(0, "info", url)["backup"]["sets"]
            self.assertEqual([one["type"] for one in sets], ["full", "log", "log"])
            self.assertEqual(len({one["set"] for one in sets}), 3)

    def test_two_reads_are_enough(self):
        url = self.put("info/two.bak", backup("--size", "2M"))
        self.bed.s3.control(clear_log=True)
        self.bed_run(0, "info", url)
        log = [one["op"] for one in self.bed.s3.report()["log"]]
        self.assertEqual(sorted(log), ["GetObject", "GetObject", "HeadObject"])

    def test_many_sets(self):
        url = self.put("info/many.bak", backup(
            "--size", "256K" + ",128K" * 59, "--type", "full,log", "--filemark", "512",
            "--round", "--compress"))
        sets = self.as_json(0, "info", url)["backup"]["sets"]
        self.assertEqual([one["number"] for one in sets], list(range(1, 61)))

    def test_without_a_key_the_envelope_is_shown(self):
        url = self.put("info/nokey.bak", backup("--size", "1M"))
        info = self.as_json(0, "info", url, keys=False)
        self.assertEqual(info["envelope"]["key"], self.bed.key_arn)
        self.assertIsNone(info["backup"])
        self.assertIn("no key was given", info["backup_unread"])

    def test_a_key_that_may_not_read_is_an_error_that_hides_nothing(self):
        url = self.put("info/denied.bak", backup("--size", "1M"))
        other = self.bed.create_key()
        done = self.bed.run(["info", url, "--json", "--kms-key-id", other,
                             *self.bed.server_args()[2:]])
        info = json.loads(done.stdout)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(info["envelope"]["key"], self.bed.key_arn)
        self.assertIn(self.bed.key_arn, info["backup_unread"])
        self.assertIn(self.bed.key_arn, done.stderr.decode())

    def test_other_content(self):
        for name, data in (("text", content(70000)), ("empty", b""), ("tape", b"TAPE")):
            info = self.as_json(0, "info", self.put(f"info/{name}", data))
            self.assertEqual(info["backup"], {"kind": "none"})
            self.assertEqual(info["content_bytes"], len(data))

    def test_unfinished_backup(self):
        url = self.put("info/cut.bak", backup("--size", "1M")[:-FILEMARK])
        info = self.as_json(0, "info", url)["backup"]
        self.assertFalse(info["finished"])
        self.assertEqual(info["sets"][0]["finished"], None)
        self.assertIn("NOT FINISHED", self.bed_run(0, "info", url))

    def test_plaintext_is_said_to_be(self):
        self.bed.put("info/plain", backup("--size", "1M"))
        url = self.bed.url("info/plain")
        info = self.as_json(0, "info", url)
        self.assertEqual((info["encryption"], info["envelope"], info["backup"]),
                         ("plaintext", None, None))
        self.assertIn("PLAINTEXT", self.bed_run(0, "info", url))
        info = self.as_json(0, "info", url, "--plaintext=read")
        self.assertEqual(info["backup"]["sets"][0]["database"], "SalesDb")

    def test_damaged_envelope_is_shown_and_an_error(self):
        self.bed.put("info/bad", b"x" * 32, metadata={"x-amz-key-v2": "???"})
        info = self.as_json(1, "info", self.bed.url("info/bad"))
        self.assertEqual(info["encryption"], "damaged")
        self.bed_run(1, "info", self.bed.url("info/absent"))

    def test_names_are_made_harmless(self):
        key = "info/evil\x1b[31m\n\u202e.bak"
        url = self.put(key, backup("--size", "1M", "--database", "Sales\x1b[31m\nDb"))
        text = self.bed_run(0, "info", url)
        self.assertIn("\\x1b[31m\\x0a", text)
        self.assertIn("Sales\\u001B[31m\\u000ADb", text)
        self.assertEqual(self.as_json(0, "info", url)["key"], key)
        text = self.bed_run(0, "verify", url)
        self.assertIn("\\x1b[31m\\x0a", text)


class Verify(Verbs):
    def verdict(self, status, url, *options):
        one, = self.as_json(status, "verify", url, *options)["objects"]
        return one

    def test_checksummed_and_compressed_backups_are_proved(self):
        for name, options in (("sums", ["--checksum"]), ("packed", ["--compress"])):
            url = self.put(f"v/{name}.bak", backup("--size", "3M,256K", "--type", "full,log",
                                                   *options))
            one = self.verdict(0, url)
            self.assertEqual((one["verdict"], one["sets"], one["damage"]), ("ok", 2, None))
            self.assertEqual(one["sound_bytes"], one["content_bytes"])
            self.assertTrue(any("checksums" in text for text in one["proved"]), one)
            self.assertIn(": ok\n", self.bed_run(0, "verify", url))

    def test_without_checksums_content_is_not_proved(self):
        one = self.verdict(0, self.put("v/none.bak", backup("--size", "1M")))
        self.assertEqual(one["verdict"], "not-proved")
        self.assertTrue(any("without CHECKSUM" in text for text in one["not_proved"]), one)
        self.assertTrue(any("does not authenticate" in text for text in one["not_proved"]), one)

    def test_flipped_ciphertext_is_found_where_it_is(self):
        for name, options in (("sums", ["--checksum"]), ("packed", ["--compress"])):
            key = f"v/flip-{name}.bak"
            url = self.put(key, backup("--size", "2M", *options))
            self.flip(key, 1 << 20)
            one = self.verdict(1, url)
            self.assertEqual(one["verdict"], "damaged")
            self.assertIn("checksum", one["damage"]["what"])
            if name == "packed":  # a record tells nearer than a data stream of all pages
                self.assertLess(abs(one["damage"]["offset"] - (1 << 20)), 70000)
            text = self.bed_run(1, "verify", url)
            self.assertIn(": DAMAGED\n", text)
            self.assertIn(f"byte {one['damage']['offset']}", text)

    def test_truncated_and_untrimmed(self):
        data = backup("--size", "1M,256K", "--type", "full,log", "--checksum")
        one = self.verdict(1, self.put("v/cut.bak", data[:-FILEMARK]))
        self.assertEqual((one["verdict"], one["sets"], one["sound_bytes"]),
                         ("damaged", 1, 1 << 20))
        self.assertIn("cut short", one["damage"]["what"])
        one = self.verdict(1, self.put("v/long.bak", data + bytes(100000)))
        self.assertEqual((one["trailing_bytes"], one["sound_bytes"]), (100000, len(data)))
        self.assertIn("zeros follow", one["damage"]["what"])

    def test_broken_padding_is_damage(self):
        key = "v/padding.bak"
        url = self.put(key, backup("--size", "1M", "--checksum") + b"x")
        self.flip(key, -17)  # the block before the last: the padding's bytes change
        one = self.verdict(1, url)
        self.assertEqual(one["verdict"], "damaged")
        self.assertIn("does not decrypt", one["failure"])

    def test_other_content_and_what_its_cipher_proves(self):
        for name, data in (("text", content(3 << 20)), ("empty", b"")):
            one = self.verdict(0, self.put(f"v/{name}", data))
            self.assertEqual((one["verdict"], one["kind"]), ("not-proved", "none"))
            self.assertTrue(any("padding is sound" in text for text in one["proved"]), one)
        self.bed.put("v/plain.bak", backup("--size", "1M", "--checksum"))
        self.assertEqual(self.verdict(1, self.bed.url("v/plain.bak"))["verdict"], "unreadable")
        one = self.verdict(0, self.bed.url("v/plain.bak"), "--plaintext=read")
        self.assertEqual(one["verdict"], "ok")
        self.assertTrue(any("PLAINTEXT" in text for text in one["not_proved"]), one)

    def test_absent_objects_do_not_stop_the_others(self):
        good = self.put("v/good.bak", backup("--size", "1M", "--checksum"))
        found = self.as_json(1, "verify", self.bed.url("v/absent"), good)
        self.assertEqual([one["verdict"] for one in found["objects"]], ["unreadable", "ok"])
        self.assertIn("1 of 2 objects", self.said)

    def test_stripes_are_checked_as_one(self):
        urls = [self.put(f"v/stripe{n}.bak", backup("--size", "1M", "--checksum", "--stripe",
                                                    f"{n}/3")) for n in (1, 2, 3)]
        found = self.as_json(0, "verify", *urls)
        self.assertEqual(len(found["striped_sets"]), 1)
        self.assertIsNone(found["striped_sets"][0]["problem"])
        found = self.as_json(1, "verify", urls[0], urls[2])
        self.assertEqual(found["striped_sets"][0]["problem"], "stripe 2 is missing")
        self.assertEqual([one["verdict"] for one in found["objects"]], ["ok", "ok"])
        longer = self.put("v/stripe2b.bak", backup("--size", "1M,256K", "--type", "full,log",
                                                   "--checksum", "--stripe", "2/3"))
        found = self.as_json(1, "verify", urls[0], longer, urls[2])
        self.assertIn("other backup sets", found["striped_sets"][0]["problem"])
        self.assertIn("stripe 2 is missing", self.bed_run(1, "verify", urls[0], urls[2]))
        self.flip("v/stripe1.bak", 600000)
        found = self.as_json(1, "verify", *urls)
        self.assertIsNone(found["striped_sets"][0]["problem"])  # all are there; one is damaged
        self.assertEqual([one["verdict"] for one in found["objects"]], ["damaged", "ok", "ok"])

    def test_usage(self):
        self.bed_run(2, "verify")
        self.bed_run(2, "verify", "s3://one-bucket/a", "s3://other-bucket/b")
        self.bed_run(2, "verify", self.bed.url())
        self.bed_run(2, "info", self.bed.url())


class Authenticated(Verbs):
    """Where the cipher has a tag, it proves what the backup itself does not."""

    def put_as(self, key, data, *options):
        path = self.source("object", data)
        self.bed_run(0, "put", path, self.bed.url(key), *options)
        return self.bed.url(key)

    def test_tag_proves_content_of_any_kind(self):
        for name in ("gcm", "commit"):
            for what, data in (("bak", backup("--size", "2M")), ("text", content(3 << 20)),
                               ("empty", b"")):
                url = self.put_as(f"a/{name}.{what}", data, "--format", name)
                one, = self.as_json(0, "verify", url, "--read-formats", name)["objects"]
                self.assertEqual(one["verdict"], "ok", one)
                self.assertTrue(any("tag of" in text for text in one["proved"]), one)
                info = self.as_json(0, "info", url, "--read-formats", name)
                self.assertEqual(info["envelope"]["format"], name)

    def test_flipped_ciphertext_fails_the_tag(self):
        for what, data in (("bak", backup("--size", "4M")), ("text", content(1 << 21))):
            key = f"a/flip.{what}"
            url = self.put_as(key, data, "--format", "gcm")
            self.flip(key, 1 << 20)
            one, = self.as_json(1, "verify", url, "--read-formats", "gcm")["objects"]
            self.assertEqual(one["verdict"], "damaged", one)
            self.assertIn("does not decrypt", one["failure"])

    def test_other_formats_are_shown_and_need_to_be_allowed(self):
        url = self.put_as("a/v1.bak", backup("--size", "1M", "--checksum"), "--format", "rds-v1")
        info = self.as_json(0, "info", url, keys=False)
        self.assertEqual((info["envelope"]["version"], info["envelope"]["format"]),
                         (1, "rds-v1"))
        info = self.as_json(1, "info", url)
        self.assertIn("--read-formats", info["backup_unread"])
        info = self.as_json(0, "info", url, "--read-formats", "all")
        self.assertEqual(info["backup"]["sets"][0]["database"], "SalesDb")


class Checksums(Verbs):
    """What S3 keeps a checksum of, compared with what it gives. Content that has no checksums of
    its own, so that nothing else can tell."""

    PARTS = ("--hold-size", "0", "--part-size", "5MiB")
    SIZE = 12 * e2e.MIB + 5  # three parts

    def put_as(self, name, size, *options):
        path = self.source("object", content(size))
        self.bed_run(0, "put", path, self.bed.url(name), "--format", name.split("/")[1], *options)
        return name

    def verify(self, status, key):
        one, = self.as_json(status, "verify", self.bed.url(key), "--read-formats",
                            "rds,gcm,commit")["objects"]
        return one

    def rot(self, key, **where):
        self.bed.s3.control(rot={"bucket": self.bed.bucket, "key": key, **where})

    def assert_mismatch(self, one, part, offset, end, count=1):
        self.assertEqual(one["verdict"], "damaged", one)
        found = one["s3_checksums"]
        self.assertEqual((found["state"], found["part"], found["offset"], found["end"],
                          found["mismatches"]), ("mismatch", part, offset, end, count))
        self.assertFalse(any("what was uploaded" in text for text in one["proved"]), one)

    def sizes(self, key):
        return next(o["parts"] for o in self.bed.s3.report()["objects"] if o["key"] == key)

    def test_whole_and_in_parts_they_match_and_nothing_is_read_twice(self):
        for name in ("rds", "gcm", "commit"):
            for size, options, checksums in ((0, (), 1), (16, (), 1), (100001, (), 1),
                                             (self.SIZE, self.PARTS, 3)):
                key = self.put_as(f"c/{name}/{size}", size, *options)
                self.bed.s3.control(clear_log=True)
                one = self.verify(0, key)
                self.assertEqual(one["s3_checksums"], {"state": "match", "checksums": checksums,
                                                       "mismatches": 0})
                self.assertTrue(any("what was uploaded" in text for text in one["proved"]), one)
                log = self.bed.s3.report()["log"]
                given = sum(r["answer_bytes"] for r in log if r["op"] == "GetObject")
                # But for a few blocks of CBC: the last ones tell the content's size, and a range
                # that is fetched ahead begins with the block before it.
                self.assertLess(given, len(self.bed.get(key)) + 4096)
                self.assertEqual(len([r for r in log if r["op"] == "GetObjectAttributes"]),
                                 checksums // 3)

    def test_changed_bytes_are_found_with_their_part(self):
        key = self.put_as("c/rds/bytes", self.SIZE, *self.PARTS)
        sizes = self.sizes(key)
        self.assertEqual(len(sizes), 3)
        self.rot(key, at=sizes[0] + 1000)
        one = self.verify(1, key)
        self.assert_mismatch(one, 2, sizes[0], sizes[0] + sizes[1])
        self.assertIsNone(one["failure"])
        text = self.bed_run(1, "verify", self.bed.url(key))
        self.assertIn(": DAMAGED\n", text)
        self.assertIn(f"part 2, bytes {sizes[0]} to {sizes[0] + sizes[1]} of the object", text)
        self.rot(key, at=0)
        self.assert_mismatch(self.verify(1, key), 1, 0, sizes[0], 2)
        self.assertIn("and 1 more of 3", self.bed_run(1, "verify", self.bed.url(key)))
        key = self.put_as("c/rds/single", 100000)
        self.rot(key, at=5)
        self.assert_mismatch(self.verify(1, key), 0, 0, len(self.bed.get(key)))

    def test_tag_that_fails_does_not_hide_the_part(self):
        key = self.put_as("c/gcm/bytes", self.SIZE, *self.PARTS)
        sizes = self.sizes(key)
        self.rot(key, at=sizes[0] + 1000)
        one = self.verify(1, key)
        self.assert_mismatch(one, 2, sizes[0], sizes[0] + sizes[1])
        self.assertIn("does not decrypt", one["failure"])

    def test_wrong_checksum_of_sound_bytes_is_damage_too(self):
        for name in ("rds", "gcm"):
            key = self.put_as(f"c/{name}/sum", self.SIZE, *self.PARTS)
            sizes = self.sizes(key)
            self.rot(key, part=3)
            self.assert_mismatch(self.verify(1, key), 3, sum(sizes[:2]), sum(sizes))
            key = self.put_as(f"c/{name}/all", self.SIZE, *self.PARTS)
            self.rot(key, part=0)
            self.assert_mismatch(self.verify(1, key), 0, 0, sum(sizes))
            key = self.put_as(f"c/{name}/one", 1000)
            self.rot(key, part=0)
            self.assert_mismatch(self.verify(1, key), 0, 0, len(self.bed.get(key)))

    def test_plaintext_is_its_own_object(self):
        data = backup("--size", "1M", "--checksum")
        self.bed.put("c/plain", data, headers={"x-amz-checksum-crc32c": crc32c.encoded(data)})
        arguments = ("verify", self.bed.url("c/plain"), "--plaintext=read")
        one, = self.as_json(0, *arguments)["objects"]
        self.assertEqual((one["verdict"], one["s3_checksums"]["state"]), ("ok", "match"))
        self.rot("c/plain", part=0)
        one, = self.as_json(1, *arguments)["objects"]
        self.assert_mismatch(one, 0, 0, len(data))

    def test_without_checksums_or_leave_to_ask_it_is_only_not_proved(self):
        self.addCleanup(lambda: self.bed.s3.control(reset=True, settings={"checksums": "verify"}))
        self.bed.s3.control(settings={"checksums": "ignore"})
        key = self.put_as("c/gcm/none", self.SIZE, *self.PARTS)
        one = self.verify(0, key)
        self.assertEqual((one["verdict"], one["s3_checksums"]["state"]), ("ok", "none"))
        self.assertTrue(any("keeps no CRC32C" in text for text in one["not_proved"]), one)
        self.bed.s3.control(settings={"checksums": "verify"})
        key = self.put_as("c/gcm/denied", self.SIZE, *self.PARTS)
        self.bed.s3.control(rules=[{"action": "access-denied", "op": "GetObjectAttributes",
                                    "times": None}])
        one = self.verify(0, key)
        self.assertEqual((one["verdict"], one["s3_checksums"]["state"]), ("ok", "untold"))
        self.assertTrue(any("AccessDenied" in text for text in one["not_proved"]), one)


class Chain(Verbs):
    """A full backup, a differential and logs of one database, an object each."""

    def store(self, folder, name, seed, *options):
        return self.put(f"{folder}/{name}", backup("--seed", str(seed), "--family", "77", "--round",
                                                   *options))

    def make(self, folder, *without):
        day = {
            "full.bak": (1, "--size", "512K", "--lsn", "1000-1010"),
            "1.trn": (2, "--size", "192K", "--type", "log", "--lsn", "990-1100"),
            "diff.bak": (3, "--size", "512K", "--type", "diff", "--lsn", "1150-1160", "--base",
                         "1/1000"),
            "2.trn": (4, "--size", "192K", "--type", "log", "--lsn", "1100-1200", "--compress"),
            "3.trn": (5, "--size", "192K", "--type", "log", "--lsn", "1200-1300", "--date",
                      "2024-12-10 03:00:00"),
        }
        for name, options in day.items():
            if name not in without:
                self.store(folder, name, *options)
        return self.bed.url(folder + "/")

    def chain(self, status, prefix):
        return self.as_json(status, "verify", "--chain", prefix)["chain"]

    def test_whole_chain_leads_to_its_last_log(self):
        prefix = self.make("whole")
        self.put("whole/readme.txt", b"not a backup")
        found = self.chain(0, prefix)
        self.assertEqual((found["objects"], found["backups"], found["problems"]), (6, 5, []))
        database, = found["databases"]
        self.assertEqual((database["database"], database["fulls"], database["differentials"],
                          database["logs"]), ("SalesDb", 1, 1, 3))
        self.assertEqual(database["restorable_to"], "2024-12-10 03:05:00")
        self.assertEqual(database["restorable_to_lsn"], "1300000000000800001")
        self.assertEqual([one["keys"][0].split("/")[1] for one in database["restore"]],
                         ["full.bak", "diff.bak", "2.trn", "3.trn"])
        self.assertEqual((database["gaps"], database["differentials_without_full"]), ([], []))
        text = self.bed_run(0, "verify", "--chain", prefix)
        self.assertIn("to 2024-12-10 03:05:00, LSN 1300000000000800001", text)

    def test_databases_are_told_apart_by_family_not_by_server(self):
        self.make("two")
        self.put("two/other.bak", backup("--size", "512K", "--database", "OtherDb"))
        self.put("two/namesake.bak", backup("--size", "512K", "--seed", "5"))
        self.store("two", "4.trn", 6, "--size", "192K", "--type", "log", "--lsn", "1300-1400",
                   "--server", "DB02\\PROD")
        databases = self.chain(0, self.bed.url("two/"))["databases"]
        self.assertEqual(sorted((one["database"], one["restorable_to_lsn"], one["logs"])
                                for one in databases),
                         [("OtherDb", "1190000000000800001", 0),
                          ("SalesDb", "1190000000000800001", 0),
                          ("SalesDb", "1400000000000800001", 4)])

    def test_missing_log_is_a_gap(self):
        prefix = self.make("gap", "2.trn", "diff.bak")
        database, = self.chain(1, prefix)["databases"]
        gap, = database["gaps"]
        self.assertEqual((gap["from_lsn"], gap["to_lsn"], gap["before"]["keys"]),
                         ("1100000000000800001", "1200000000000800001", ["gap/3.trn"]))
        self.assertEqual(database["restorable_to_lsn"], "1100000000000800001")
        self.assertIn("GAP", self.bed_run(1, "verify", "--chain", prefix))
        self.assertIn("gaps in the log: 1,", self.said)

    def test_nothing_leads_on_without_the_full_backup(self):
        database, = self.chain(1, self.make("nofull", "full.bak"))["databases"]
        self.assertFalse(database["restorable"])
        self.assertEqual(len(database["differentials_without_full"]), 1)

    def test_striped_backup_counts_once_and_only_whole(self):
        for n in (1, 2):
            self.store("striped", f"full{n}.bak", 1, "--size", "512K", "--stripe", f"{n}/2")
        database, = self.chain(0, self.bed.url("striped/"))["databases"]
        self.assertEqual(database["fulls"], 1)
        self.assertEqual(database["restore"][0]["keys"],
                         ["striped/full1.bak", "striped/full2.bak"])
        self.bed.delete("striped/full2.bak")
        found = self.chain(1, self.bed.url("striped/"))
        self.assertEqual(found["databases"], [])
        self.assertEqual(found["problems"][0]["problem"], "stripes are missing")

    def test_unfinished_and_unreadable_objects_are_named(self):
        prefix = self.make("trouble")
        self.put("trouble/cut.bak", backup("--size", "1M", "--seed", "9")[:-FILEMARK])
        self.bed.put("trouble/plain.bak", b"x" * 100)
        problems = {one["key"]: one["problem"] for one in self.chain(1, prefix)["problems"]}
        self.assertIn("not finished", problems["trouble/cut.bak"])
        self.assertIn("not encrypted", problems["trouble/plain.bak"])

    def test_objects_and_a_chain_together(self):
        prefix = self.make("both")
        found = self.as_json(0, "verify", prefix + "full.bak", "--chain", prefix)
        self.assertEqual(found["objects"][0]["verdict"], "not-proved")
        self.assertEqual(len(found["chain"]["databases"]), 1)
        self.bed_run(1, "verify", "--chain", self.bed.url("nothing-there/"))


class OnCeph(Verbs):
    """The same against Ceph's server, with an object that was sent in parts."""

    BED = {"store": "rgw"}

    def test_backup_in_parts(self):
        path = self.source("parts", backup("--size", "24M", "--checksum"))
        url = self.bed.url("parts/full.bak")
        self.bed_run(0, "put", path, url, "--hold-size", "0", "--part-size", "5MiB")
        info = self.as_json(0, "info", url)
        self.assertEqual(info["object"]["parts"], 5)
        self.assertEqual(info["backup"]["sets"][0]["database"], "SalesDb")
        found = self.as_json(0, "verify", url, "--chain", self.bed.url("parts/"))
        self.assertEqual(found["objects"][0]["verdict"], "ok")
        self.assertEqual(found["objects"][0]["s3_checksums"]["state"], "none")
        self.assertTrue(found["chain"]["databases"][0]["restorable"])
        self.flip("parts/full.bak", 20 << 20)
        found = self.as_json(1, "verify", url)
        self.assertEqual(found["objects"][0]["verdict"], "damaged")


if __name__ == "__main__":
    unittest.main()
