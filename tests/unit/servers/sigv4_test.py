"""Signing and checksums against published values."""

import os
import unittest

import helpers  # noqa: F401  (sets the path)
import crc32c
import sigv4

# From AWS's documentation, "Signature Calculations for the Authorization Header".
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SCOPE = "20130524/us-east-1/s3/aws4_request"
DATE = "20130524T000000Z"
HOST = ("host", "examplebucket.s3.amazonaws.com")


class Published(unittest.TestCase):
    def signature(self, target, headers, payload=sigv4.EMPTY_SHA256, method="GET"):
        headers = [HOST, ("x-amz-content-sha256", payload), ("x-amz-date", DATE), *headers]
        names = sorted(name for name, _ in headers)
        request = sigv4.canonical_request(method, target, headers, names, payload)
        return sigv4.signature(SECRET, SCOPE, DATE, request)

    def test_get_object_with_range_is_as_published(self):
        self.assertEqual(self.signature("/test.txt", [("range", "bytes=0-9")]),
                         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")

    def test_put_object_with_an_odd_key_is_as_published(self):
        payload = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
        headers = [("date", "Fri, 24 May 2013 00:00:00 GMT"),
                   ("x-amz-storage-class", "REDUCED_REDUNDANCY")]
        self.assertEqual(self.signature("/test%24file.text", headers, payload, "PUT"),
                         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")

    def test_query_without_value_is_as_published(self):
        self.assertEqual(self.signature("/?lifecycle", []),
                         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")

    def test_query_is_sorted_as_published(self):
        self.assertEqual(self.signature("/?max-keys=2&prefix=J", []),
                         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")


class RoundTrip(unittest.TestCase):
    def verify(self, headers, **changes):
        known = {sigv4.DEFAULT.access_key: [sigv4.DEFAULT]}
        request = {"method": "PUT", "target": "/b/a%20key?x=1", "payload_hash": "0" * 64}
        request.update(changes)
        return sigv4.verify(request["method"], request["target"], list(headers.items()),
                            request["payload_hash"], known, "s3", allowed_skew_s=300)

    def signed(self, offset_s=0, **headers):
        return sigv4.sign("PUT", "/b/a%20key?x=1", {"Host": "127.0.0.1", **headers},
                          sigv4.DEFAULT, "us-east-1", "s3", payload_hash="0" * 64,
                          clock_offset_s=offset_s)

    def assert_refused(self, kind, headers, **changes):
        with self.assertRaises(sigv4.SignatureError) as caught:
            self.verify(headers, **changes)
        self.assertEqual(caught.exception.kind, kind)

    def test_what_is_signed_is_accepted(self):
        self.assertEqual(self.verify(self.signed()).access_key, sigv4.DEFAULT.access_key)

    def test_any_change_is_refused(self):
        headers = self.signed()
        for change in ({"method": "GET"}, {"target": "/b/a%20key?x=2"}, {"target": "/b/key?x=1"},
                       {"payload_hash": "1" * 64}):
            with self.subTest(change):
                self.assert_refused("signature", headers, **change)

    def test_unsigned_amz_header_is_refused(self):
        self.assert_refused("unsigned", {**self.signed(), "x-amz-acl": "public-read"})

    def test_clock_beyond_the_limit_is_refused_either_way(self):
        self.assert_refused("expired", self.signed(-310))
        self.assert_refused("early", self.signed(310))
        self.verify(self.signed(-290))

    def test_token_of_another_is_refused(self):
        headers = sigv4.sign("PUT", "/b/a%20key?x=1", {"Host": "h"},
                             sigv4.DEFAULT._replace(token="t"), "us-east-1", "s3",
                             payload_hash="0" * 64)
        self.assert_refused("token", headers)

    def test_damaged_header_is_incomplete(self):
        headers = self.signed()
        headers["Authorization"] = headers["Authorization"].split(", Signature")[0]
        self.assert_refused("incomplete", headers)


class Crc32c(unittest.TestCase):
    def test_published_values(self):
        # RFC 3720, appendix B.4
        for data, value in ((bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43),
                            (bytes(range(32)), 0x46DD794E), (b"123456789", 0xE3069283)):
            self.assertEqual(crc32c.crc32c(data), value)

    def test_blocks_agree_with_the_byte_by_byte_way(self):
        data = os.urandom(2 * crc32c.BLOCK + 12345)
        self.assertEqual(crc32c.crc32c(data), crc32c.plain(data, 0xFFFFFFFF) ^ 0xFFFFFFFF)
        middle = crc32c.BLOCK + 5
        self.assertEqual(crc32c.crc32c(data[middle:], crc32c.crc32c(data[:middle])),
                         crc32c.crc32c(data))


if __name__ == "__main__":
    unittest.main()
