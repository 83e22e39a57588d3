#!/usr/bin/python3
"""The proxy of the fault campaigns: each kind of fault does what its name says, and no more."""

import http.client
import http.server
import os
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../servers"))

import faultproxy  # noqa: E402  pylint: disable=wrong-import-position

BODY = bytes(range(256)) * 40
ANSWER = b"<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"
BROKEN = (ConnectionError, http.client.HTTPException)


class Upstream(http.server.BaseHTTPRequestHandler):
    """Keeps what came, and answers all alike."""

    protocol_version = "HTTP/1.1"
    came = []

    def serve(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        self.came.append((self.command, self.path, body))
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    do_PUT = do_POST = do_GET = serve

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


class FaultProxyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
        cls.server.daemon_threads = True
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        Upstream.came.clear()

    def proxy(self, *kinds, rate=1, **options):
        proxy = faultproxy.FaultProxy(f"http://127.0.0.1:{self.server.server_address[1]}",
                                      rate=rate, kinds=kinds, **options)
        self.addCleanup(proxy.close)
        return proxy

    def ask(self, proxy, method="PUT", target="/b/k?partNumber=1&uploadId=u1", body=BODY):
        """(status, body) or the exception."""
        connection = http.client.HTTPConnection(proxy.url.partition("//")[2], timeout=60)
        self.addCleanup(connection.close)
        try:
            connection.request(method, target, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except BROKEN as error:
            return error

    def test_without_a_fault_all_passes_as_it_is(self):
        proxy = self.proxy("reset_early", rate=0)
        connection = http.client.HTTPConnection(proxy.url.partition("//")[2], timeout=60)
        self.addCleanup(connection.close)
        for _ in range(3):  # over one connection
            connection.request("PUT", "/b/k", BODY)
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.read()), (200, ANSWER))
        self.assertEqual(Upstream.came, [("PUT", "/b/k", BODY)] * 3)
        self.assertEqual(proxy.report(), {"requests": 3, "faults": {}})

    def test_what_is_refused_never_arrives(self):
        for kind, status in (("slow_down", 503), ("too_many", 429), ("server_error", 500),
                             ("bad_gateway", 502), ("refuse", 403)):
            self.assertEqual(self.ask(self.proxy(kind))[0], status)
        for kind in ("reset_early", "close_early", "cut_request"):
            self.assertIsInstance(self.ask(self.proxy(kind)), BROKEN)
        self.assertEqual(Upstream.came, [])

    def test_what_is_done_and_not_heard_of_arrives(self):
        self.assertEqual(self.ask(self.proxy("error_though_done"))[0], 500)
        for kind in ("drop_answer", "close_instead_of_answer", "reset_in_answer",
                     "truncate_answer"):
            self.assertIsInstance(self.ask(self.proxy(kind)), BROKEN)
        self.assertEqual(len(Upstream.came), 5)

    def test_what_is_only_slow_or_doubled_is_answered(self):
        for kind, times in (("delay", 1), ("trickle_answer", 1), ("duplicate", 2)):
            Upstream.came.clear()
            self.assertEqual(self.ask(self.proxy(kind)), (200, ANSWER))
            self.assertEqual(len(Upstream.came), times)

    def test_a_spoilt_body_differs_in_one_bit(self):
        self.ask(self.proxy("spoil_body"))
        ((_, _, body),) = Upstream.came
        difference = [a ^ b for a, b in zip(body, BODY) if a != b]
        self.assertEqual(len(difference), 1)
        self.assertEqual(bin(difference[0]).count("1"), 1)

    def test_who_tries_again_gets_through_and_the_budget_ends_it(self):
        proxy = self.proxy("slow_down")
        self.assertEqual([self.ask(proxy)[0] for _ in range(6)], [503, 503, 200] * 2)
        proxy = self.proxy("slow_down", budget=1)
        self.assertEqual([self.ask(proxy)[0] for _ in range(3)], [503, 200, 200])
        proxy = self.proxy("slow_down")
        proxy.quiet()
        self.assertEqual(self.ask(proxy)[0], 200)

    def test_the_same_seed_draws_the_same(self):
        def drawn(seed):
            proxy = self.proxy(*faultproxy.USUAL, rate=0.5, seed=seed)
            requests = [faultproxy.Request("PUT", f"/{n}", b"", b"x") for n in range(50)]
            return [proxy.draw(request)[0] for request in requests]
        self.assertEqual(drawn(7), drawn(7))
        self.assertNotEqual(drawn(7), drawn(8))

    def test_uploads_that_nobody_heard_of_are_known(self):
        proxy = self.proxy("drop_answer")
        self.ask(proxy, "POST", "/b/k?uploads", b"")
        self.assertEqual(proxy.lost_uploads(), {"u1"})
        self.ask(proxy)  # names it: then somebody knows it
        self.assertEqual(proxy.lost_uploads(), set())


if __name__ == "__main__":
    unittest.main()
