"""A program that writes to a mount until it is told otherwise, and keeps a manifest elsewhere.

    crash_writer.py MOUNT MANIFEST NAME SEED

The manifest has a line before everything that may be committed from then on ("try"), and one after
the mount has said that it was ("ok"): what S3 must hold whatever happens next. A line is
    WORD NAME SIZE SHA256
of "leave" (is being removed) and "gone" without size and sum; or "move OLD NEW -", of a rename.
"""

import hashlib
import os
import random
import sys

MIB = 1 << 20
PIECE = 1 << 18


class Writer:
    def __init__(self, mount, manifest, name, seed):
        self.mount, self.name = mount, name
        self.random = random.Random(f"{name}/{seed}")
        self.manifest = os.open(manifest, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.contents = {}
        self.number = 0

    def note(self, word, name, data=None):
        text = f"{len(data)} {hashlib.sha256(data).hexdigest()}" if data is not None else "- -"
        os.write(self.manifest, f"{word} {name} {text}\n".encode())

    def path(self, name):
        return os.path.join(self.mount, name)

    def write_pieces(self, fd, data):
        for start in range(0, len(data), PIECE):
            view = memoryview(data)[start:start + PIECE]
            while len(view) > 0:
                view = view[os.write(fd, view):]

    def some_bytes(self):
        size = self.random.choice((self.random.randrange(1, 5000), self.random.randrange(MIB),
                                   self.random.randrange(12 * MIB)))
        return self.random.randbytes(size)

    def finish(self, fd, name, data):
        """The close, which commits."""
        self.note("try", name, data)
        os.close(fd)
        self.note("ok", name, data)
        self.contents[name] = data

    def create(self, name=None):
        self.number += 1
        name = name or f"{self.name}-{self.number}"
        data = self.some_bytes()
        fd = os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self.write_pieces(fd, data)
        self.finish(fd, name, data)

    def overwrite(self):
        self.create(self.random.choice(list(self.contents)))

    def append(self):
        """As a log grows: with an fsync after every piece."""
        name = self.random.choice(list(self.contents))
        data = self.contents[name]
        fd = os.open(self.path(name), os.O_WRONLY | os.O_APPEND)
        for _ in range(self.random.randrange(1, 4)):
            more = self.some_bytes()
            self.write_pieces(fd, more)
            data += more
            self.note("try", name, data)
            os.fsync(fd)
            self.note("ok", name, data)
        self.finish(fd, name, data)

    def change(self):
        """In place, in the middle: what stays is fetched, all of it is sent again."""
        name = self.random.choice(list(self.contents))
        data = bytearray(self.contents[name])
        at, more = self.random.randrange(len(data)), self.random.randbytes(5000)
        data[at:at + len(more)] = more
        fd = os.open(self.path(name), os.O_RDWR)
        os.pwrite(fd, more, at)
        self.finish(fd, name, bytes(data))

    def rename(self):
        self.number += 1
        old, new = self.random.choice(list(self.contents)), f"{self.name}-{self.number}"
        data = self.contents[old]
        self.note("try", new, data)
        os.write(self.manifest, f"move {old} {new} -\n".encode())
        os.rename(self.path(old), self.path(new))
        self.note("ok", new, data)
        self.note("gone", old)
        self.contents[new] = self.contents.pop(old)

    def step(self):
        steps = [self.create]
        if self.contents:
            steps += [self.create, self.overwrite, self.append, self.change, self.rename]
        self.random.choice(steps)()
        while sum(map(len, self.contents.values())) > 60 * MIB:
            name = self.random.choice(list(self.contents))
            self.note("leave", name)
            self.contents.pop(name)
            os.unlink(self.path(name))
            self.note("gone", name)


class Manifest:
    """What the lines say: for each name, the contents it may have, and whether it may be missing."""

    def __init__(self):
        self.allowed = {}   # name -> {(size, sum)}
        self.missing = {}   # name -> may it be missing
        self.moving = {}    # old name -> new name, of renames that were not answered

    def read(self, path):
        with open(path, encoding="ascii") as file:
            for line in file:
                self.take(*line.split())
        return self

    def take(self, word, name, size, digest):
        content = (int(size), digest) if digest != "-" else None
        if word == "move":
            self.moving[name] = size
        elif word == "try":
            self.missing.setdefault(name, True)
            self.allowed.setdefault(name, set()).add(content)
        elif word == "ok":
            self.missing[name], self.allowed[name] = False, {content}
        elif word == "leave":
            self.missing[name] = True
        elif word == "gone":
            self.missing[name], self.allowed[name] = True, set()
            self.moving.pop(name, None)
        else:
            raise ValueError(word)

    def faults(self, found):
        """`found` is {name: plaintext}; what of it the manifest does not allow, as texts."""
        texts = []
        for name, data in found.items():
            content = (len(data), hashlib.sha256(data).hexdigest())
            if content not in self.allowed.get(name, ()):
                texts.append(f"{name}: {len(data)} bytes that nobody has committed, not one of "
                             f"{sorted(self.allowed.get(name, ()))}")
        return texts + [f"{name}: was committed and is not there"
                        for name, may in self.missing.items() if not may and name not in found
                        and self.moving.get(name) not in found]

    def let_go(self):
        """All may be taken away. What was on its way may still come, whole."""
        self.moving.clear()
        self.missing = dict.fromkeys(self.missing, True)


def main():
    writer = Writer(*sys.argv[1:5])
    print("ready", flush=True)
    try:
        while True:
            writer.step()
    except OSError as error:
        print(error.errno, flush=True)


if __name__ == "__main__":
    main()
