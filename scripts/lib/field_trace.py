"""What an strace of SQL Server's BACKUP tells of how it writes a file.

Reads the files of `strace -ff -y -tt` (one a thread; merged by time) or one of `strace -f -y -tt`.
"""

import collections
import re

CALLS = ("openat,ftruncate,fallocate,io_submit,io_getevents,pread64,pwrite64,pwritev,preadv,fsync,"
         "fdatasync,flock,fcntl,unlink,unlinkat,rename,stat,statx,newfstatat,fstat,statfs,fstatfs,"
         "close")

LINE = re.compile(r"^(?:\[pid +\d+\] |\d+ +)?(\d\d:\d\d:\d\d\.\d+) (\w+)\((.*)$")
PATH = re.compile(r"\d+<([^>]*)>")
AIO = re.compile(r"IOCB_CMD_(PWRITE|PREAD)V?, .*?aio_fildes=\d+<([^>]*)>.*?aio_nbytes=(\d+), "
                 r"aio_offset=(\d+)")
RESULT = re.compile(r"\) += (-?\d+|0x[0-9a-f]+|\?)")
PLAIN = re.compile(r"(\d+), (\d+)(?:\)| <unfinished)")



def add_range(ranges, start, end):
    """Adds [start, end) to a sorted list of ranges; how many of its bytes were there before."""
    before, low, high, kept = 0, start, end, []
    for a, b in ranges:
        if b < start or a > end:
            kept.append((a, b))
            continue
        before += max(0, min(b, end) - max(a, start))
        low, high = min(a, low), max(b, high)
    ranges[:] = sorted(kept + [(low, high)])
    return before


Event = collections.namedtuple("Event", "time call rest")


def read_events(texts):
    """Events of several logs in the order of their times."""
    events = []
    for text in texts:
        for line in text.splitlines():
            found = LINE.match(line)
            if found:
                events.append(Event(*found.groups()))
    return sorted(events, key=lambda event: event.time)


class Trace:
    """One file's story. `path`: part of the file's name."""

    def __init__(self, texts, path):
        self.path = path
        self.opens, self.steps, self.asked, self.locks = [], [], [], []
        self.reads, self.writes = [], []  # (offset, length)
        self.written = []  # ranges
        self.deepest = self.high = self.rewritten = self.out_of_order = 0
        self.unlinked = False
        outstanding = 0
        for event in read_events(texts):
            if event.call == "io_getevents":
                outstanding = max(0, outstanding - max(0, self.result(event)))
            elif path in event.rest:
                outstanding += self.take(event)
                self.deepest = max(self.deepest, outstanding)

    @staticmethod
    def result(event):
        found = RESULT.search(event.rest)
        return int(found[1], 0) if found and found[1] != "?" else 0

    def take(self, event):
        """Notes the event; how many requests it put under way."""
        call, rest = event.call, event.rest
        if call == "io_submit":
            return self.take_aio(rest)
        if call in ("pwrite64", "pread64"):
            numbers = PLAIN.search(rest)
            if numbers:
                self.note(call == "pwrite64", int(numbers[2]), int(numbers[1]))
        elif call == "openat":
            flags = re.search(r"O_[A-Z_|]+", rest)
            self.opens.append((flags[0] if flags else "?") + self.failed(rest))
            self.step("open" + self.failed(rest))
        elif call in ("ftruncate", "fallocate"):
            self.step(f"{call} {rest.split(', ', 1)[-1].split(')')[0]}{self.failed(rest)}")
        elif call in ("fsync", "fdatasync", "close", "unlink", "unlinkat", "rename"):
            self.unlinked = self.unlinked or call.startswith("unlink")
            self.step(call + self.failed(rest))
        elif call == "flock" or (call == "fcntl" and "LK" in rest):
            self.locks.append(f"{call} {rest[:60]}")
        elif "stat" in call and not self.writes:
            self.asked.append(call)
        return 0

    @staticmethod
    def failed(rest):
        found = re.search(r"= -1 (E[A-Z]+)", rest)
        return f" ({found[1]})" if found else ""

    def take_aio(self, rest):
        count = 0
        for kind, path, size, offset in AIO.findall(rest):
            if self.path in path:
                self.note(kind == "PWRITE", int(offset), int(size))
                count += 1
        return count

    def note(self, is_write, offset, length):
        if not is_write:
            self.reads.append((offset, length))
            self.step("read")
            return
        self.writes.append((offset, length))
        self.out_of_order += offset != self.high
        self.rewritten += add_range(self.written, offset, offset + length)
        self.high = max(self.high, offset + length)
        self.step("write")

    def step(self, text):
        """The order of things, runs of the same thing as one."""
        if self.steps and self.steps[-1][0] == text:
            self.steps[-1][1] += 1
        else:
            self.steps.append([text, 1])

    def story(self, last=None):
        steps = self.steps[-last:] if last else self.steps
        return ", ".join(text if count == 1 else f"{count} x {text}" for text, count in steps)

    def answers(self):
        """{question of field_report: text}, for what this log shows."""
        found = {}
        if self.opens:
            found["open"] = "; ".join(dict.fromkeys(self.opens))
        if self.asked:
            found["before"] = ", ".join(dict.fromkeys(self.asked))
        if self.reads and not self.writes:
            found["headeronly"] = ", ".join(f"{size} at {at}" for at, size in self.reads[:40])
        if self.unlinked:
            found["failure"] = "it was deleted: " + self.story(6)
        if not self.writes:
            return found
        sizes = sorted({length for _, length in self.writes})
        resized = [text for text, _ in self.steps if text.startswith(("ftruncate", "fallocate"))]
        found["resize"] = ", ".join(resized) or "no: the file only grows by being written"
        found["depth"] = (f"at most {self.deepest} at once; sizes {sizes[0]} to {sizes[-1]}; "
                          f"{self.out_of_order} of {len(self.writes)} writes not at the end")
        found["rewrite"] = (f"yes, {self.rewritten} bytes" if self.rewritten
                            else f"no, in {len(self.writes)} writes")
        found["end"] = self.story(6)
        found["locks"] = "; ".join(dict.fromkeys(self.locks)) or "none"
        return found
