"""A line to a server on this machine that can be slow, or stand still: a TCP proxy on 127.0.0.1.

    line = Line(port)               # line.url, or line.port
    line.rate = 4 << 20             # bytes a second each way, all connections together; None: no limit
    line.stall(); line.go_on()      # nothing passes meanwhile; no connection is closed
    line.close()

Nothing of what passes is looked at. Standard library only.
"""

import socket
import threading
import time

PIECE = 64 << 10


class Meter:
    """Lets so many bytes a second pass, all who ask together."""

    def __init__(self):
        self.lock, self.free_at = threading.Lock(), 0.0

    def wait(self, size, rate):
        if rate is None:
            return
        with self.lock:
            now = time.monotonic()
            self.free_at = max(self.free_at, now) + size / rate
            pause = self.free_at - now
        time.sleep(pause)


class Line:
    def __init__(self, to_port, rate=None):
        self.to_port, self.rate = to_port, rate
        self.meters = {"up": Meter(), "down": Meter()}
        self.passing = threading.Event()
        self.passing.set()
        self.stopped = False
        self.held = 0  # pieces that came while it stood still
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def stall(self):
        self.passing.clear()

    def go_on(self):
        self.passing.set()

    def close(self):
        self.stopped = True
        self.passing.set()
        for each in [self.listener, *self.sockets]:
            self.end(each)

    @staticmethod
    def end(sock):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        sock.close()

    def accept(self):
        while not self.stopped:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.to_port))
            except OSError:
                return
            pair = [client, server]
            self.sockets += pair
            for each in pair:
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                # What waits here is small: a slow line is felt at once by who sends.
                each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
            for way, source, target in (("up", client, server), ("down", server, client)):
                threading.Thread(target=self.carry, args=(way, source, target),
                                 daemon=True).start()

    def carry(self, way, source, target):
        try:
            while piece := source.recv(PIECE):
                if not self.passing.is_set():
                    self.held += 1
                    self.passing.wait()
                self.meters[way].wait(len(piece), self.rate)
                target.sendall(piece)
        except OSError:
            pass
        finally:
            self.end(source)
            self.end(target)
