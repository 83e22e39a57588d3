#!/usr/bin/python3
"""fuzz_mtf.seeds.py DIRECTORY: the two ends of backup files of several kinds, for fuzz_mtf to start
from. The byte in front is the fuzzer's own: 1 mends checksums, 2 (and a start in 64 KiB) is an end."""
import os
import subprocess
import sys

MKBAK = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tools', 'mkbak.py')
KINDS = {
    'full': '--size 1M',
    'log512': '--size 512K --round --type log --filemark 512 --checksum',
    'stripe': '--size 512K --stripe 2/3',
    'packed': '--size 256K --compress',
    'packed512': '--size 512K,256K --type full,diff --round --filemark 512 --compress --checksum',
}


def main():
    for name, options in KINDS.items():
        data = subprocess.run([sys.executable, MKBAK, *options.split(), '-'], check=True,
                              stdout=subprocess.PIPE).stdout
        start = max(0, len(data) - 65536) // 65536 * 65536
        choices = start // 65536 << 2 | 2
        for end, first, piece in (('head', 1, data[:16384]), ('tail', choices | 1, data[start:]),
                                  ('last', choices | 1, data[-8192:])):
            with open(os.path.join(sys.argv[1], 'seed-%s-%s' % (name, end)), 'wb') as file:
                file.write(bytes([first]) + piece)


if __name__ == '__main__':
    main()
