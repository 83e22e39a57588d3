"""The report of scripts/field-check: the open questions, what was seen, and no secrets."""

import datetime

# What only a real RDS or SQL Server can tell. Key: how the steps refer to it.
QUESTIONS = {
    "rds": "Does rds_restore_database take the format rds (envelope V2, kms, AES-256-CBC)?",
    "rds-v1": "Does it take rds-v1 (envelope V1 around a KMS blob, AES-256-CBC)?",
    "gcm": "Does it take gcm (V2, kms+context, AES-256-GCM)?",
    "commit": "Does it take commit (V3, AES-256-GCM with key commitment)?",
    "kms-gcm": "Does it take V2 with the older wrapping kms and GCM content? (No writer for it here.)",
    "metadata": "Which metadata does a backup carry that RDS wrote: version, wrapping, cipher, the "
                "key's name in the description, a length?",
    "read": "Does rdsbak read a backup that RDS wrote?",
    "blog": "Which client does AWS's blog post of 2016 on encrypted backups for RDS use? (To be read, "
            "not run.)",
    "open": "With which flags does SQL Server on Linux open a backup file (O_DIRECT, O_DSYNC)?",
    "resize": "Does it set the size ahead (ftruncate, fallocate), and trim it at the end?",
    "depth": "How many writes are outstanding at once, of which sizes, and how far out of order?",
    "end": "In which order come the last write, fsync, the last ftruncate and close?",
    "locks": "Does it take advisory locks?",
    "before": "What does it ask (stat, statfs) before it writes?",
    "failure": "Does it delete the file when a backup fails?",
    "replace": "Does BACKUP WITH FORMAT or INIT on an existing file truncate it to 0 first?",
    "rewrite": "Is a byte below the highest one written ever written again?",
    "headeronly": "Which reads does RESTORE HEADERONLY of a file with several sets make?",
    "redirector": "What does Windows send to a share for one unbuffered write of 4 MiB? (To be seen "
                  "in smbd's log, level 10.)",
    "enospc": "What does BACKUP do when growing the file is answered with ENOSPC?",
    "size": "Does it notice that a file shows a smaller size than was set?",
}

# How the questions are settled that no step of the script can.
BY_HAND = {
    "kms-gcm": "needs an object that AWS SDK for Java v1 wrote in its mode AuthenticatedEncryption",
    "blog": "read it, and look for the class that encrypts",
    "failure": "kill the mount's daemon in the middle of a backup under strace, and look for unlink",
    "redirector": "set smbd's log level to 10, back up to the share, and look for smb2_write",
    "enospc": "give the mount too small a --memory-limit for the size that is set, under strace",
    "size": "compare the trace of a backup with trace flag 3042 with one without it",
}


class Report:
    """Answers gathered step by step; written as Markdown in one go."""

    def __init__(self, title, facts):
        self.title, self.facts = title, facts
        self.answers, self.sections, self.failures = {}, [], []

    def answer(self, question, text, settled=True):
        """The last settled answer counts; an unsettled one only says why it stays open."""
        assert question in QUESTIONS, question
        if settled or question not in self.answers:
            self.answers[question] = (settled, text)

    def section(self, title, text):
        self.sections.append((title, text))

    def fail(self, text):
        self.failures.append(text)

    def open_questions(self):
        return [q for q in QUESTIONS if not self.answers.get(q, (False, ""))[0]]

    def table(self):
        lines = ["| question | state | what was seen |", "|---|---|---|"]
        for name, question in QUESTIONS.items():
            settled, text = self.answers.get(
                name, (False, "by hand: " + BY_HAND[name] if name in BY_HAND else "not run"))
            lines.append(f"| {cell(question)} | {'settled' if settled else 'open'} | {cell(text)} |")
        return "\n".join(lines)

    def markdown(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        parts = [f"# {self.title}", f"{now:%Y-%m-%d %H:%M} UTC"]
        parts.append("\n".join(f"* {name}: {cell(value)}" for name, value in self.facts.items()))
        parts += ["## Questions", self.table()]
        if self.failures:
            parts += ["## What went wrong", "\n".join(f"* {cell(f)}" for f in self.failures)]
        for title, text in self.sections:
            parts += [f"## {title}", text]
        return "\n\n".join(parts) + "\n"

    def summary(self):
        settled = len(QUESTIONS) - len(self.open_questions())
        lines = [f"{name}: {self.answers[name][1]}" for name in QUESTIONS
                 if self.answers.get(name, (False,))[0]]
        lines.append(f"{settled} of {len(QUESTIONS)} questions settled, "
                     f"{len(self.failures)} steps went wrong")
        return "\n".join(lines)


def cell(text):
    """Of one line of a table, whatever strangers put into it."""
    text = "".join(c if c.isprintable() else "?" for c in str(text).replace("\n", " "))
    return text.replace("|", "\\|").replace("<", "&lt;")


def block(text, language=""):
    """Fenced, with a fence that the text does not hold."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


# Names of metadata whose values are wrapped keys and the like: no secrets, but of no use either.
BINARY = ("x-amz-key", "x-amz-key-v2", "x-amz-3", "x-amz-iv", "x-amz-d", "x-amz-i")


def shown_metadata(metadata):
    """{name: value} as lines, with the lengths of what is binary."""
    lines = []
    for name in sorted(metadata):
        value = metadata[name]
        if name in BINARY:
            value = f"({len(value) * 3 // 4 - value.count('=')} bytes)"
        elif "pwd" in name or "password" in name:
            value = "(left out)"
        lines.append(f"x-amz-meta-{name}: {cell(value)}")
    return "\n".join(lines) or "(none)"
