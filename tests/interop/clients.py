"""Amazon's encryption clients as children that do what they are told, one command at a time."""

import json
import os
import subprocess

from common import ROOT, read_file, testbed, write_file

HERE = os.path.dirname(os.path.abspath(__file__))
RUBY = "/usr/bin/ruby"
GEMS = ("/usr/share/doc/ruby-aws-sdk-s3", "/usr/share/doc/ruby-aws-sdk-kms")
DATA = os.path.join(ROOT, "tests", "data")
RSA_FILE = os.path.join(DATA, "test-rsa-2048.pem")


def load_vectors(name):
    with open(os.path.join(DATA, name), encoding="utf-8") as file:
        return json.load(file)


AES_KEY = bytes.fromhex(load_vectors("s3ec-more.json")["aes_wrapping_key_hex"])


class Refused(Exception):
    """A reader that said no, and why."""


class Driver:
    """A child that answers lines of JSON in kind: ruby_clients.rb or go_clients/main.go."""

    def __init__(self, bed, name, command):
        self.bed, self.name = bed, name
        self.log_path = bed.path(f"{name}.log")  # the clients warn of their own age there
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, env=bed.env, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=log)

    def ask(self, what, client, key, file, **more):
        command = {"do": what, "client": client, "bucket": self.bed.bucket, "key": key,
                   "file": file, **more}
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise testbed.TestbedError(f"{self.name} has ended:\n{testbed.tail(self.log_path)}")
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"])

    def get(self, client, key, **more):
        path = self.bed.path(f"{self.name}-out")
        self.ask("get", client, key, path, **more)
        return read_file(path)

    def put(self, client, key, data, **more):
        path = self.bed.path(f"{self.name}-in")
        write_file(path, data)
        self.ask("put", client, key, path, **more)

    def close(self):
        self.process.stdin.close()
        self.process.wait(120)
        self.process.stdout.close()


def start_ruby(bed):
    return Driver(bed, "ruby", [RUBY, os.path.join(HERE, "ruby_clients.rb"), bed.s3_url,
                                bed.kms_url, bed.key_arn, AES_KEY.hex(), RSA_FILE])


def find_go():
    """The program that the build made of go_clients/main.go; None where there is no Go."""
    path = os.environ.get("RDSBAK_GO_CLIENTS")
    return path if path and os.path.exists(path) else None


def start_go(bed):
    return Driver(bed, "go", [find_go(), bed.s3_url, bed.kms_url, bed.key_arn])
