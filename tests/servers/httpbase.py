"""What the two emulators share: a threaded HTTP/1.1 server, bodies, the control endpoint.

Every connection has a thread of its own; state is guarded by the service's own lock. The control
endpoint `/_control` answers JSON on the same port and is served to loopback only.
"""

import http.server
import json
import socket
import ssl
import sys
import threading

MAX_CONTROL_BYTES = 64 << 20
MAX_DRAIN_BYTES = 64 << 20


class Disconnect(Exception):
    """Close the connection now, without a further byte; `reset` sends RST instead of FIN."""

    def __init__(self, reset=False):
        super().__init__("disconnect")
        self.reset = reset


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, port, handler, service, tls=None):
        self.service = service
        self.tls = None
        super().__init__(("127.0.0.1", port), handler)
        if tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*tls)

    def finish_request(self, request, client_address):
        # The handshake belongs to the connection's thread, not to the accepting one.
        if self.tls:
            request = self.tls.wrap_socket(request, server_side=True)
        self.RequestHandlerClass(request, client_address, self)

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError, ssl.SSLError)):
            super().handle_error(request, client_address)

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server_address[1]}"

    def run_in_thread(self):
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05},
                                  daemon=True)
        thread.start()
        return thread


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection. Subclasses implement serve(); `target` is the request's, untouched."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 600

    @property
    def service(self):
        return self.server.service

    @property
    def target(self):
        # self.path loses leading slashes in newer Pythons; the request line does not.
        return self.requestline.split(" ")[1]

    def handle_expect_100(self):
        # Said only when the body is wanted: a refused request never sends it.
        self.continue_owed = True
        return True

    def dispatch(self):
        self.body_left = self.body_length()
        self.continue_owed = "100-continue" in self.headers.get("Expect", "").lower()
        try:
            if self.target.split("?")[0] == "/_control":
                self.serve_control()
            else:
                self.serve()
            self.wfile.flush()
            self.discard_rest()
        except Disconnect as end:
            self.drop(end.reset)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = dispatch

    def drop(self, reset):
        self.close_connection = True
        try:
            self.wfile.flush()
            if reset:
                linger = b"\x01\0\0\0\0\0\0\0"
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
            else:
                self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    # -- bodies

    def body_length(self):
        text = self.headers.get("Content-Length", "0")
        return int(text) if text.isdigit() else 0

    def read_body(self, limit):
        """The whole body, or None if it is larger than `limit` (then it stays unread)."""
        if self.body_left > limit:
            return None
        if self.continue_owed:
            self.continue_owed = False
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        body = self.rfile.read(self.body_left)
        if len(body) != self.body_left:
            raise Disconnect()
        self.body_left = 0
        return body

    def discard_rest(self):
        """Keep-alive needs the unread body out of the way; a large or unsent one ends it."""
        if not self.body_left:
            return
        if self.continue_owed or self.body_left > MAX_DRAIN_BYTES:
            self.close_connection = True
            return
        while self.body_left:
            piece = self.rfile.read(min(self.body_left, 1 << 20))
            if not piece:
                raise Disconnect()
            self.body_left -= len(piece)

    # -- answers

    def answer(self, status, headers, body=b""):
        """Send a whole answer; a HEAD gets the headers only."""
        self.send_response_only(status)
        names = {key.lower() for key, _ in headers}
        for key, value in headers:
            self.send_header(key, value)
        if "content-length" not in names and status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        if self.body_left and self.continue_owed:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and body:
            self.wfile.write(body)

    def answer_json(self, status, value):
        self.answer(status, [("Content-Type", "application/json")], json.dumps(value).encode())

    def serve_control(self):
        if not self.client_address[0].startswith("127."):
            raise Disconnect()
        if self.command == "GET":
            self.answer_json(200, self.service.control_report())
            return
        body = self.read_body(MAX_CONTROL_BYTES)
        try:
            reply = self.service.control(json.loads(body or b"{}"))
        except (ValueError, KeyError, TypeError) as error:
            self.answer_json(400, {"error": f"{type(error).__name__}: {error}"})
            return
        self.answer_json(200, reply or {})

    def serve(self):
        raise NotImplementedError

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


def run_forever(server, name):
    """Print the ready line and serve until TERM or INT."""
    import signal
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server.run_in_thread()
    print(f"{name} ready on {server.url}", flush=True)
    stop.wait()
    server.shutdown()
    server.server_close()
