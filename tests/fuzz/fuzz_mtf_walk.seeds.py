#!/usr/bin/python3
"""fuzz_mtf_walk.seeds.py DIRECTORY: small backup files of several kinds, for fuzz_mtf_walk to start
from. The byte in front is the fuzzer's own: the size of the pieces, and bit 7 to mend checksums."""
import os
import subprocess
import sys

MKBAK = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tools', 'mkbak.py')
KINDS = {
    'log': '--size 128K --round --type log',
    'log512': '--size 128K --round --type log --filemark 512 --checksum',
    'stripe': '--size 256K --round --stripe 2/3 --filemark 512',
    'packed': '--size 128K --round --type log --compress',
    'sets': '--size 128K,128K --round --type log,log --filemark 512 --compress --checksum',
}


def main():
    for name, options in KINDS.items():
        data = subprocess.run([sys.executable, MKBAK, *options.split(), '-'], check=True,
                              stdout=subprocess.PIPE).stdout
        for first in (0x7F, 0xD3):
            with open(os.path.join(sys.argv[1], 'seed-%s-%02x' % (name, first)), 'wb') as file:
                file.write(bytes([first]) + data)
        if name == 'packed':  # with the length of a wrapped key: encrypted
            with open(os.path.join(sys.argv[1], 'seed-encrypted'), 'wb') as file:
                file.write(bytes([0xFF]) + data[:45] + b'\1' + data[46:])


if __name__ == '__main__':
    main()
