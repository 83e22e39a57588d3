"""T-SQL for scripts/field-check: run with sqlcmd where there is one, else shown to a person."""

import os
import shutil
import subprocess
import sys
import time

POLL_S = 20
TASK_S = 6 * 3600


def literal(text):
    return "N'" + text.replace("'", "''") + "'"


def identifier(name):
    return "[" + name.replace("]", "]]") + "]"


def call(procedure, **parameters):
    lines = [f"     @{name} = {value if isinstance(value, int) else literal(value)}"
             for name, value in parameters.items()]
    return f"exec msdb.dbo.{procedure}\n" + ",\n".join(lines) + ";"


def read_table(text):
    """Rows of sqlcmd -W -s '|' with headers, as dicts."""
    lines = [line for line in text.splitlines() if "|" in line]
    if len(lines) < 2:
        return []
    names = [name.strip() for name in lines[0].split("|")]
    rows = [line.split("|", len(names) - 1) for line in lines[1:]]
    return [dict(zip(names, (value.strip() for value in row))) for row in rows
            if not set("".join(row)) <= {"-", " "}]


def latest_task(text):
    """(lifecycle, task_info) of the newest row of rds_task_status; (None, text): there is none."""
    rows = [row for row in read_table(text) if row.get("task_id", "").isdigit()]
    if not rows:
        return None, text.strip()
    row = max(rows, key=lambda row: int(row["task_id"]))
    return row.get("lifecycle"), row.get("task_info", "")


class Sqlcmd:
    """One server. The password is given by the environment alone."""

    def __init__(self, server, user, password, more=()):
        self.command = ["sqlcmd", "-S", server, "-b", "-x", "-W", "-s", "|", "-w", "8000", *more]
        self.env = dict(os.environ)
        if user:
            self.command += ["-U", user]
            self.env["SQLCMDPASSWORD"] = password or ""
        else:
            self.command += ["-E"]

    @staticmethod
    def is_there():
        return shutil.which("sqlcmd") is not None

    def run(self, sql, timeout_s=600):
        """(whether it succeeded, what it printed)."""
        done = subprocess.run([*self.command, "-Q", sql], env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout_s,
                              check=False)
        return done.returncode == 0, done.stdout.decode(errors="replace")


class Automatic:
    """RDS driven through sqlcmd: a procedure, and its task until it has ended."""

    def __init__(self, server):
        self.server = server

    def run(self, sql, database, _what):
        ok, text = self.server.run(sql)
        if not ok:
            return False, text
        until = time.monotonic() + TASK_S
        while time.monotonic() < until:
            _, text = self.server.run(call("rds_task_status", db_name=database))
            lifecycle, info = latest_task(text)
            if lifecycle in ("SUCCESS", "ERROR", "CANCELLED", None):
                return lifecycle == "SUCCESS", f"{lifecycle}: {info}"
            time.sleep(POLL_S)
        return None, "not ended after six hours"

    def drop(self, database):
        self.server.run(call("rds_drop_database", db_name=database))


class Person:
    """Shows the T-SQL and asks what came of it."""

    def run(self, sql, database, what):
        print(f"\nRun this on the RDS instance ({what}), and follow it with\n"
              f"{call('rds_task_status', db_name=database)}\n\n{sql}\n")
        try:
            answer = input("Did it succeed? [y]es, [n]o, [s]kip: ").strip().lower()[:1]
        except EOFError:
            answer = "s"
        if answer == "y":
            return True, "SUCCESS, as told by the operator"
        if answer != "n":
            return None, "skipped by the operator"
        print("Paste task_info, and end it with an empty line:")
        lines = iter(lambda: sys.stdin.readline().rstrip("\n"), "")
        return False, " ".join(lines)

    def drop(self, database):
        print(f"You may drop it now: {call('rds_drop_database', db_name=database)}")


class Nobody:
    """A dry run: the T-SQL goes into the report only."""

    def run(self, _sql, _database, _what):
        return None, "not run: a dry run"

    def drop(self, _database):
        pass
