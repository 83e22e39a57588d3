#!/usr/bin/python3
"""Judges for replay --judge whether S3 holds what a successful fsync or close has promised.

  object_judge.py [--region R] [--endpoint-url URL] [--kms-endpoint-url URL] s3://BUCKET/PREFIX

Reads lines "NAME <tab> PLAIN FILE <tab> BYTES": the object PREFIX/NAME, opened by the independent
reader (scripts/decrypt.py), must be the plain file; it may end earlier, but not before BYTES, and
then the rest of the plain file must be zeros (a size that was declared only). Where BYTES is 0
nothing need be there. Answers each line with "ok", or with what is wrong.
"""
import argparse
import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location(
    'decrypt', os.path.join(HERE, '..', '..', 'scripts', 'decrypt.py'))
decrypt = importlib.util.module_from_spec(spec)
spec.loader.exec_module(decrypt)


def first_difference(a, b):
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def verdict(found, plain, least):
    if len(found) < least:
        return f'{len(found)} bytes, of {least} that were written'
    if len(found) > len(plain):
        return f'{len(found)} bytes, the file has {len(plain)}'
    if found != plain[:len(found)]:
        return f'differs from byte {first_difference(found, plain)} on'
    if any(plain[len(found):]):
        return f'{len(found)} bytes, and what follows is not zero'
    return 'ok'


def judge(options, name, path, least):
    with open(path, 'rb') as file:
        plain = file.read()
    options.object = f'{options.url}/{name}'
    try:
        found = b''.join(decrypt.decrypt_s3(options))
    except decrypt.Refused as error:
        if 'HTTP 404' in str(error) and least == 0 and not any(plain):
            return 'ok'
        return ' '.join(str(error).split())
    return verdict(found, plain, least)


def parse_arguments():
    parser = argparse.ArgumentParser(description='Judges objects for replay --judge.')
    parser.add_argument('--region', default='us-east-1')
    for name in ('--endpoint-url', '--kms-endpoint-url', '--kms-key-id'):
        parser.add_argument(name)
    parser.add_argument('url')
    given = vars(parser.parse_args())
    url = given.pop('url')
    words = [f'--{name.replace("_", "-")}={value}' for name, value in given.items() if value]
    options = decrypt.parse_options([*words, url])
    options.url = url
    return options


def main():
    options = parse_arguments()
    for line in sys.stdin:
        name, path, least = line.rstrip('\n').split('\t')
        print(judge(options, name, path, int(least)), flush=True)


if __name__ == '__main__':
    main()
