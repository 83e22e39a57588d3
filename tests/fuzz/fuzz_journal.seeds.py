#!/usr/bin/python3
"""fuzz_journal.seeds.py DIR: journals to start from; the target adds the checksums itself."""

import os
import sys

HEAD = "rdsbak-uploads 1 bucket http%3A//127.0.0.1%3A9000 us-east-1 host 7 9 b00t-1d 11\n"
SEEDS = {
    "head": HEAD,
    "open": HEAD + "open 12 a/b%20c.bak id-1\n",
    "done": HEAD + "open 12 a id-1\nopen 13 b id-2\ndone 14 id-1\n",
    "complete": HEAD + "open 12 a id-1\ncomplete 13 id-1\n",
    "newer": "rdsbak-uploads 2 what nobody knows yet\nopen 1 a b\n",
    "torn": HEAD + "open 12 a",
    "other": HEAD + "\n\nrename 12 a b c\nopen x a b\nopen 1  b\n",
}

for name, text in SEEDS.items():
    with open(os.path.join(sys.argv[1], name), "w", encoding="ascii") as file:
        file.write(text)
