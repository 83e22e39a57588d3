#!/usr/bin/python3
"""A proxy that stands before a real S3 or KMS server and spoils what passes, from a seed.

    faultproxy.py --upstream URL [--port P] [--seed N] [--rate 0.15] [--budget N] [--kinds a,b]

What becomes of request number N is drawn from the seed and N alone. The same request is spoiled at
most STREAK_MAX times in a row, so that who tries again gets through; `budget` is how many faults
there are in all. Requests and answers are held in memory whole: for bodies of some MiB.

The kinds of faults are the functions below. `refuse` alone is final for who sent the request.
"""

import argparse
import collections
import random
import re
import socket
import threading
import time
import urllib.parse

STREAK_MAX = 2
PIECE = 1 << 18
HEAD_MAX = 1 << 20

Request = collections.namedtuple("Request", "method target head body")
UPLOAD_ID = re.compile(rb"<UploadId>([^<]+)</UploadId>")


class Reset(Exception):
    """The client's connection ends with RST."""


class Gone(Exception):
    """The client's connection ends with FIN, or has ended."""


# -- one connection

class Stream:
    """Bytes of a socket, and what is left over of them."""

    def __init__(self, sock):
        self.sock, self.rest = sock, b""

    def more(self):
        piece = self.sock.recv(PIECE)
        if not piece:
            raise Gone
        return piece

    def head(self):
        while b"\r\n\r\n" not in self.rest:
            if len(self.rest) > HEAD_MAX:
                raise Gone
            self.rest += self.more()
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        return head + b"\r\n\r\n"

    def body(self, length):
        pieces, have = [self.rest], len(self.rest)
        while have < length:
            pieces.append(self.more())
            have += len(pieces[-1])
        whole = b"".join(pieces)
        self.rest = whole[length:]
        return whole[:length]


def length_of(head):
    found = re.search(rb"\r\ncontent-length: *(\d+)\r\n", head, re.IGNORECASE)
    return int(found.group(1)) if found else 0


def error_answer(status, code, headers=""):
    body = f"<Error><Code>{code}</Code><Message>by the proxy</Message></Error>"
    if "Exception" in code:
        body = f'{{"__type":"{code}","message":"by the proxy"}}'
    return (f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{headers}\r\n{body}").encode()


# -- faults: (connection, request) -> the answer's bytes

def pass_on(connection, request):
    return connection.ask(request)


def reset_early(_connection, _request):
    raise Reset


def close_early(_connection, _request):
    raise Gone


def slow_down(connection, _request):
    if connection.proxy.service == "kms":
        return error_answer(400, "ThrottlingException")
    return error_answer(503, "SlowDown")


def too_many(connection, _request):
    if connection.proxy.service == "kms":
        return error_answer(400, "LimitExceededException")
    return error_answer(429, "TooManyRequests")


def server_error(connection, _request):
    return error_answer(500, "KMSInternalException" if connection.proxy.service == "kms"
                        else "InternalError")


def bad_gateway(_connection, _request):
    return b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>"


def error_though_done(connection, request):
    connection.ask(request)
    return server_error(connection, request)


def drop_answer(connection, request):
    connection.ask(request)
    raise Reset


def close_instead_of_answer(connection, request):
    connection.ask(request)
    raise Gone


def reset_in_answer(connection, request):
    answer = connection.ask(request)
    connection.send(answer[:connection.rng.randrange(len(answer))])
    raise Reset


def truncate_answer(connection, request):
    answer = connection.ask(request)
    connection.send(answer[:connection.rng.randrange(len(answer))])
    raise Gone


def delay(connection, request):
    time.sleep(connection.rng.uniform(0.05, 0.8))
    return connection.ask(request)


def trickle_answer(connection, request):
    answer = connection.ask(request)
    for start in range(0, len(answer), max(1, len(answer) // 8)):
        connection.send(answer[start:start + max(1, len(answer) // 8)])
        time.sleep(0.02)
    return b""


def duplicate(connection, request):
    """As a middle box does that did not hear the first answer."""
    connection.ask(request)
    return connection.ask(request)


def spoil_body(connection, request):
    """One bit of the body is another one when it arrives."""
    body = bytearray(request.body)
    body[connection.rng.randrange(len(body))] ^= 1 << connection.rng.randrange(8)
    return connection.ask(request._replace(body=bytes(body)))


def cut_request(connection, request):
    """The server gets a part of the body, then nothing."""
    connection.ask(request._replace(body=request.body[:len(request.body) // 2]), short=True)
    raise Reset


def stall(connection, _request):
    """Longer than anybody waits for a body."""
    connection.proxy.ending.wait(40)
    raise Gone


def refuse(connection, _request):
    return error_answer(400 if connection.proxy.service == "kms" else 403,
                        "AccessDeniedException" if connection.proxy.service == "kms"
                        else "AccessDenied")


# name -> (weight, needs a body)
KINDS = {
    "reset_early": (2, False), "close_early": (2, False), "slow_down": (3, False),
    "too_many": (2, False), "server_error": (2, False), "bad_gateway": (1, False),
    "error_though_done": (2, False), "drop_answer": (3, False),
    "close_instead_of_answer": (2, False), "reset_in_answer": (2, False),
    "truncate_answer": (2, False), "delay": (3, False), "trickle_answer": (1, False),
    "duplicate": (2, False), "spoil_body": (2, True), "cut_request": (2, True),
    "stall": (1, False), "refuse": (1, False),
}
USUAL = tuple(name for name in KINDS if name not in ("stall", "refuse"))


class Connection:
    """A client's connection, served by a thread of its own."""

    def __init__(self, proxy, sock):
        self.proxy, self.sock = proxy, sock
        self.stream = Stream(sock)
        self.rng = None  # of the request under way

    def serve(self):
        try:
            while True:
                head = self.stream.head()
                method, target, _ = head.split(b"\r\n")[0].decode("latin-1").split(" ")
                body = self.stream.body(length_of(head))
                self.serve_one(Request(method, target, head, body))
        except Reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        except (Gone, OSError, ValueError):
            pass
        self.sock.close()

    def serve_one(self, request):
        kind, self.rng = self.proxy.draw(request)
        function = globals()[kind] if kind else pass_on
        try:
            answer = function(self, request)
        except (Gone, Reset):
            raise
        except OSError:
            raise Gone from None
        self.send(answer)

    def send(self, data):
        self.sock.sendall(data)

    def ask(self, request, short=False):
        """The upstream's whole answer, without its wish to close."""
        head = request.head[:-2] + b"Connection: close\r\n\r\n"
        with socket.create_connection(self.proxy.upstream, timeout=120) as server:
            server.sendall(head + request.body)
            if short:
                return b""
            pieces = list(iter(lambda: server.recv(PIECE), b""))
        answer = b"".join(pieces)
        if not answer:
            raise Gone
        self.proxy.note_made(request, answer)
        return re.sub(rb"(?i)\r\nconnection: *close(?=\r\n)", b"", answer, count=1)


class FaultProxy:
    """Listens on loopback until close(). Its report tells what it did."""

    def __init__(self, upstream, seed=1, rate=0.15, budget=10 ** 9, kinds=USUAL, service="s3",
                 port=0):
        url = urllib.parse.urlsplit(upstream)
        self.upstream, self.service = (url.hostname, url.port), service
        self.seed, self.rate, self.budget, self.kinds = seed, rate, budget, tuple(kinds)
        self.lock = threading.Lock()  # guards all below
        self.number = 0
        self.faults = collections.Counter()
        self.streaks = collections.Counter()
        self.made, self.heard = set(), set()  # ids of uploads
        self.ending = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=256)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=Connection(self, sock).serve, daemon=True).start()

    def draw(self, request):
        """(kind or None, the generator for its details)."""
        query = urllib.parse.parse_qs(request.target.partition("?")[2])
        with self.lock:
            self.heard.update(query.get("uploadId", []))
            self.number += 1
            rng = random.Random(f"{self.seed}/{self.number}")
            which = (request.method, request.target, request.body[:64])
            may = self.budget > 0 and self.streaks[which] < STREAK_MAX
            if not may or rng.random() >= self.rate:
                self.streaks.pop(which, None)
                return None, rng
            names = [name for name in self.kinds if request.body or not KINDS[name][1]]
            kind = rng.choices(names, [KINDS[name][0] for name in names])[0]
            self.budget -= 1
            self.streaks[which] += 1
            self.faults[kind] += 1
            return kind, rng

    def note_made(self, request, answer):
        found = UPLOAD_ID.search(answer)
        if request.method == "POST" and "uploads" in request.target.partition("?")[2] and found:
            with self.lock:
                self.made.add(found.group(1).decode())

    def lost_uploads(self):
        """Those whose id no client has ever named: its making was not heard of."""
        with self.lock:
            return self.made - self.heard

    def quiet(self):
        """No more faults."""
        with self.lock:
            self.budget = 0
        self.ending.set()

    def report(self):
        with self.lock:
            return {"requests": self.number, "faults": dict(self.faults)}

    def close(self):
        self.quiet()
        self.listener.close()


def main():
    parser = argparse.ArgumentParser(description="A proxy that spoils requests, from a seed.")
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 1000000)
    parser.add_argument("--rate", type=float, default=0.15)
    parser.add_argument("--budget", type=int, default=10 ** 9)
    parser.add_argument("--kinds", default=",".join(USUAL))
    parser.add_argument("--service", choices=("s3", "kms"), default="s3")
    args = parser.parse_args()
    proxy = FaultProxy(args.upstream, args.seed, args.rate, args.budget, args.kinds.split(","),
                       args.service, args.port)
    print(f"faultproxy ready on {proxy.url}, seed {args.seed}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print(proxy.report())


if __name__ == "__main__":
    main()
