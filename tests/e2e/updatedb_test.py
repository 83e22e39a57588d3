#!/usr/bin/python3
"""updatedb (plocate) every night: with the line that doctor asks for it stays out of a mount."""

import json
import os
import shutil
import unittest

import e2e
from e2e import write

UPDATEDB, CONF = "/usr/sbin/updatedb.plocate", "/etc/updatedb.conf"


class Updatedb(e2e.MountTest):
    BED = {"store": "script"}
    MOUNT_ARGS = ("--allow-other",)

    def setUp(self):
        self.conf = self.bed.path("updatedb.conf")
        shutil.copyfile(CONF, self.conf)
        with open(self.conf, encoding="utf-8") as file:
            text = file.read().replace("fuse.rdsbak ", "").replace("/tmp ", "")
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(text)
        os.makedirs(self.at("backups"))
        write(self.at("backups", "a.bak"), b"found")

    def under_conf(self, *command):
        """Runs it where /etc/updatedb.conf is ours, and nothing else is changed."""
        return self.tool("/usr/bin/unshare", "-m", "--propagation", "slave", "/bin/sh", "-c",
                         'mount --bind "$0" "$1" && shift && exec "$@"', self.conf, CONF, *command,
                         env=self.bed.env)

    def asked_by_updatedb(self):
        """The directories of the mount that a run lists; the database's text."""
        self.bed.s3.control(clear_log=True)
        database = self.bed.path("plocate.db")
        self.under_conf(UPDATEDB, "--output", database, "--database-root", self.bed.directory,
                        "--require-visibility", "no")
        asked = [entry["op"] for entry in self.bed.s3.report()["log"]]
        names = self.tool("/usr/bin/plocate", "-d", database, "a.bak", status=None)
        return asked, names.decode()

    def tool(self, *command, status=0, **options):
        if status is not None:
            return super().tool(*command, status=status, **options)
        try:
            return super().tool(*command, **options)
        except AssertionError:  # plocate finds nothing: status 1
            return b""

    def doctor(self):
        text = self.under_conf(self.bed.binary, "doctor", self.bed.url(), "--json",
                               *self.bed.server_args())
        lines = json.loads(text[text.index(b"{"):])["checks"]
        return next(line for line in lines if line["what"] == "updatedb")

    def test_updatedb_stays_out_with_the_line_that_doctor_gives(self):
        found = self.doctor()
        self.assertEqual(found["verdict"], "warn")
        asked, names = self.asked_by_updatedb()
        self.assertGreater(len(asked), 1, "without the line it reads the mount")
        self.assertIn("backups/a.bak", names)
        remedy = found["remedy"].replace(CONF, self.conf)
        self.tool("/bin/sh", "-c", remedy)
        self.assertEqual(self.doctor()["verdict"], "ok")
        asked, names = self.asked_by_updatedb()
        # plocate opens the mount point before it looks what is mounted there.
        self.assertIn(asked, ([], ["ListObjectsV2"]))
        self.assertEqual(names, "")


if __name__ == "__main__":
    unittest.main()
