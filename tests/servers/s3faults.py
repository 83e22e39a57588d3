"""What the scripted S3 server can do wrong, and when.

A fault is ordered by the object's key, which contains
    !fault=NAME            once for this key, at the first operation that NAME can hit
    !fault=NAME@OPERATION  only at that operation, e.g. !fault=slow-down@UploadPart
    !fault=NAME*3          three times; !fault=NAME* for ever
or by a rule given to POST /_control:
    {"rules": [{"action": NAME, "op": REGEX, "key": REGEX, "nth": 1, "times": 1, ...}]}
`nth` is the first matching request that is hit, `times` how many are (null: for ever). Further
members are the action's parameters, with the defaults of ACTIONS.

An action works at one of three points: instead of the operation (`refuse`), on its answer
(`change`), or on the way that answer goes over the wire (`send`).
"""

import re
import threading
import time

import httpbase
from s3protocol import XML
from s3store import S3Error

KEY_FAULT = re.compile(r"!fault=([a-z0-9-]+)(?:@([A-Za-z0-9]+))?(\*\d*)?")

LONG_OPS = r"CompleteMultipartUpload|CopyObject|UploadPartCopy"
BODY_OPS = r"PutObject|UploadPart|CompleteMultipartUpload"
LIST_OPS = r"ListObjects|ListObjectsV2|ListMultipartUploads|ListParts"
ANY = r".*"


class Rule:
    """One order; counts the requests that match it."""

    def __init__(self, action, op=None, key=".*", nth=1, times=1, **parameters):
        if action not in ACTIONS:
            raise ValueError(f"unknown action '{action}'; known: {', '.join(sorted(ACTIONS))}")
        kind, default_op, defaults = ACTIONS[action]
        self.action, self.kind, self.nth, self.times = action, kind, nth, times
        self.op, self.key = re.compile(op or default_op), re.compile(key)
        # `released` ends the waiting of those that the rule holds, and of all later ones.
        self.parameters = {**defaults, "released": threading.Event(), **parameters}
        self.seen = 0

    def hits(self, op, key):
        if not self.op.fullmatch(op) or not self.key.search(key):
            return False
        self.seen += 1
        return self.seen >= self.nth and (self.times is None or self.seen < self.nth + self.times)

    def report(self):
        return {"action": self.action, "op": self.op.pattern, "key": self.key.pattern,
                "nth": self.nth, "times": self.times, "seen": self.seen}


class Rules:
    """The orders of the control endpoint first, then those that keys carry."""

    def __init__(self):
        self.ordered = []
        self.by_key = {}

    def add(self, **order):
        self.ordered.append(Rule(**order))

    def release(self):
        """Let go what rules hold; what they would hold from now on, too."""
        for rule in self.ordered:
            rule.parameters["released"].set()

    def clear(self):
        self.release()
        self.ordered.clear()
        self.by_key.clear()

    def find(self, op, key):
        hit = None
        for rule in self.ordered + self.of_key(key):
            # Each counts every request it matches, also those that another one takes.
            if rule.hits(op, key) and hit is None:
                hit = rule
        return hit

    def of_key(self, key):
        if "!fault=" not in key:
            return []
        if key not in self.by_key:
            self.by_key[key] = [self.parse(*found) for found in KEY_FAULT.findall(key)]
        return self.by_key[key]

    @staticmethod
    def parse(name, op, times):
        count = 1 if not times else None if times == "*" else int(times[1:])
        if name not in ACTIONS:
            raise S3Error("InvalidArgument", 400, f"unknown fault '{name}' in the key")
        return Rule(name, op or None, times=count)


# -- refuse: (handler, request, parameters) -> raises, instead of the operation

def refuse_error(_handler, _request, p):
    error = S3Error(p["code"], p["status"], p["message"])
    if "retry_after" in p:
        error.headers.append(("Retry-After", str(p["retry_after"])))
    raise error


def refuse_redirect(_handler, request, p):
    error = S3Error("PermanentRedirect", 301, "The bucket you are attempting to access must be "
                    "addressed using the specified endpoint. Please send all future requests to "
                    "this endpoint.", Bucket=request.bucket,
                    Endpoint=f"{request.bucket}.s3.{p['region']}.amazonaws.com")
    error.headers.append(("x-amz-bucket-region", p["region"]))
    raise error


def refuse_checksums(_handler, request, _p):
    for name in request.headers:
        if name.startswith("x-amz-checksum-") or name == "x-amz-sdk-checksum-algorithm":
            raise S3Error("NotImplemented", 501, "A header you provided implies functionality that "
                          "is not implemented", Header=name)


def refuse_close(_handler, _request, p):
    raise httpbase.Disconnect(reset=p["reset"])


def refuse_reset_request(handler, _request, p):
    """Takes some of the body, then resets the connection."""
    wanted = p["bytes"] if p["bytes"] is not None else handler.body_left // 2
    handler.rfile.read(min(wanted, handler.body_left))
    raise httpbase.Disconnect(reset=True)


def refuse_stall(_handler, _request, p):
    """Neither reads nor answers for a long time."""
    time.sleep(p["seconds"])
    raise httpbase.Disconnect()


def refuse_delay(_handler, _request, p):
    time.sleep(p["seconds"])


def refuse_hold(_handler, _request, p):
    """Waits until it is released, or its rule is cleared: then it is served as usual, or, with
    drop, its connection is closed, or, with deny, it is refused without a reason."""
    p["released"].wait(p["seconds"])
    if p["drop"]:
        raise httpbase.Disconnect()
    if p["deny"]:
        raise S3Error("AccessDenied", 403, "Access Denied")


# -- change: (request, answer, parameters) -> answer, after the operation was done

def error_document(code, message):
    return (f"{XML}<Error><Code>{code}</Code><Message>{message}</Message>"
            "<RequestId>4442587FB7D0A2F9</RequestId><HostId>scripted</HostId></Error>").encode()


def replace_headers(answer, **values):
    names = {name.replace("_", "-").lower(): value for name, value in values.items()}
    kept = [(k, v) for k, v in answer.headers if k.lower() not in names]
    return kept + [(k, v) for k, v in names.items() if v is not None]


def change_wrong_etag(_request, answer, p):
    etag = p["etag"]
    body = re.sub(rb"<ETag>[^<]*</ETag>", b"<ETag>&quot;%s&quot;</ETag>" % etag.encode(),
                  answer.body)
    had = any(k.lower() == "etag" for k, _ in answer.headers)
    headers = replace_headers(answer, etag=f'"{etag}"') if had else answer.headers
    return answer._replace(headers=headers, body=body)


def change_no_etag(_request, answer, _p):
    return answer._replace(headers=replace_headers(answer, etag=None))


def change_corrupt(_request, answer, p):
    """One bit of the body is not what was stored."""
    body = bytearray(answer.body)
    if body:
        body[p["at"] % len(body)] ^= 1
    return answer._replace(body=bytes(body))


def change_ignore_range(request, answer, _p):
    """The whole object, with 200, though a range was asked for."""
    if request.object is None:
        return answer
    return answer._replace(status=200, body=request.object.data,
                           headers=replace_headers(answer, content_range=None))


def change_wrong_range(request, answer, _p):
    """As many bytes as were asked for, but from the object's beginning."""
    if request.object is None or answer.status != 206:
        return answer
    size, total = len(answer.body), len(request.object.data)
    return answer._replace(body=request.object.data[:size], headers=replace_headers(
        answer, content_range=f"bytes 0-{size - 1}/{total}"))


def change_endless_pages(_request, answer, _p):
    """Always more to come, always from the same place."""
    body = re.sub(rb"<IsTruncated>false", b"<IsTruncated>true", answer.body)
    tokens = (b"<NextContinuationToken>again</NextContinuationToken><NextMarker>a</NextMarker>"
              b"<NextKeyMarker>a</NextKeyMarker><NextUploadIdMarker>a</NextUploadIdMarker>"
              b"<NextPartNumberMarker>1</NextPartNumberMarker>")
    if body != answer.body:
        body = re.sub(rb"</IsTruncated>", b"</IsTruncated>" + tokens, body)
    return answer._replace(body=body)


def change_xml_bomb(_request, answer, _p):
    entities = ['<!ENTITY a "aaaaaaaaaa">']
    for number, name in enumerate("bcdefghij"):
        entities.append(f'<!ENTITY {name} "{("&" + "abcdefghij"[number] + ";") * 10}">')
    body = f'{XML}<!DOCTYPE x [{"".join(entities)}]><ListBucketResult><Name>&j;</Name>'
    return answer._replace(body=(body + "</ListBucketResult>").encode())


def change_deep_xml(_request, answer, p):
    body = XML + "<a>" * p["depth"] + "</a>" * p["depth"]
    return answer._replace(body=body.encode())


def change_huge_body(_request, answer, p):
    body = XML + "<ListBucketResult><Name>" + "x" * p["bytes"] + "</Name></ListBucketResult>"
    return answer._replace(body=body.encode())


def change_bad_xml(_request, answer, _p):
    return answer._replace(body=answer.body[:-10] + b"<&")


def change_huge_headers(_request, answer, p):
    more = [(f"x-amz-meta-pad-{n}", "x" * p["size"]) for n in range(p["count"])]
    return answer._replace(headers=answer.headers + more)


def change_wrong_checksum(_request, answer, p):
    """The body was stored, and the CRC32C of another one is told."""
    return answer._replace(headers=replace_headers(answer, x_amz_checksum_crc32c=p["crc32c"]))


def change_size(_request, answer, p):
    """A HEAD that tells of another size than the object has."""
    return answer._replace(headers=replace_headers(answer, content_length=str(p["size"])))


def change_drop_metadata(_request, answer, _p):
    kept = [(k, v) for k, v in answer.headers if not k.lower().startswith("x-amz-meta-")]
    return answer._replace(headers=kept)


# -- send: (handler, answer, parameters); they write the answer themselves

def send_lost(_handler, _answer, p):
    """Done, but the client never hears of it."""
    raise httpbase.Disconnect(reset=p["reset"])


def send_head_and(handler, answer, length, body):
    headers = answer.headers + [("Content-Length", str(length))]
    handler.answer(answer.status, headers, body)
    handler.wfile.flush()


def send_truncated(handler, answer, p):
    """The promised length, then less; the connection is closed (or reset) there."""
    cut = p["bytes"] if p["bytes"] is not None else len(answer.body) // 2
    send_head_and(handler, answer, len(answer.body), answer.body[:cut])
    raise httpbase.Disconnect(reset=p["reset"])


def send_stall_answer(handler, answer, p):
    """Half of the body, then silence."""
    send_head_and(handler, answer, len(answer.body), answer.body[:len(answer.body) // 2])
    time.sleep(p["seconds"])
    raise httpbase.Disconnect()


def send_slow(handler, answer, p):
    """The body in small pieces with pauses, so that it never stands still for long."""
    send_head_and(handler, answer, len(answer.body), b"")
    for start in range(0, len(answer.body), p["piece"]):
        handler.wfile.write(answer.body[start:start + p["piece"]])
        handler.wfile.flush()
        time.sleep(p["seconds"])


def send_wrong_length(handler, answer, p):
    """A Content-Length that is wrong by so many bytes; the body is sent whole."""
    send_head_and(handler, answer, max(0, len(answer.body) + p["by"]), answer.body)
    raise httpbase.Disconnect()


def send_trickle(handler, answer, p):
    """200 at once, blanks for a while, then the document: as S3 does for long operations."""
    body = answer.body
    if p["error"]:
        body = error_document(p["code"], p["message"])
    head, _, rest = body.partition(b"\n") if body.startswith(b"<?xml") else (b"", b"", body)
    headers = replace_headers(answer, content_length=None, transfer_encoding="chunked",
                              content_type="application/xml")
    # Only our caller's answer() adds a Content-Length, hence by hand.
    handler.send_response_only(200)
    for name, value in headers:
        handler.send_header(name, value)
    handler.end_headers()
    pieces = [head + b"\n"] + [b" "] * p["count"] + [rest]
    for piece in pieces:
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        handler.wfile.flush()
        time.sleep(p["seconds"] if piece == b" " else 0)
    handler.wfile.write(b"0\r\n\r\n")


def send_not_done(handler, answer, p):
    """Says that it is done; nothing was."""
    handler.answer(p["status"], answer.headers, b"")


def error(status, code, message, **more):
    return ("refuse", ANY, {"function": refuse_error, "status": status, "code": code,
                            "message": message, **more})


def refuse(function, ops=ANY, **parameters):
    return ("refuse", ops, {"function": function, **parameters})


def change(function, ops=ANY, **parameters):
    return ("change", ops, {"function": function, **parameters})


def send(function, ops=ANY, **parameters):
    return ("send", ops, {"function": function, **parameters})


IN_200 = {"code": "InternalError", "message": "We encountered an internal error. Please try again."}

# name -> (kind, operations it can hit by default, parameters with their defaults)
ACTIONS = {
    # refused
    "error": error(500, **IN_200),                      # with any status, code, message
    "internal-error": error(500, **IN_200),
    "unavailable": error(503, "ServiceUnavailable", "Service is unable to handle request."),
    "slow-down": error(503, "SlowDown", "Please reduce your request rate."),
    "too-many": error(429, "TooManyRequests", "Please reduce your request rate.", retry_after=1),
    "request-timeout": error(400, "RequestTimeout", "Your socket connection to the server was not "
                             "read from or written to within the timeout period."),
    "access-denied": error(403, "AccessDenied", "Access Denied"),
    "expired-token": error(400, "ExpiredToken", "The provided token has expired."),
    "bad-digest": error(400, "BadDigest", "The CRC32C you specified did not match the calculated "
                        "checksum."),
    "clock-skewed": error(403, "RequestTimeTooSkewed", "The difference between the request time "
                          "and the current time is too large."),
    "kms-denied": error(403, "KMS.DisabledException", "The key is disabled."),
    "no-space": error(507, "QuotaExceeded", "The quota is used up."),
    "redirect": refuse(refuse_redirect, region="eu-central-1"),
    "no-checksums": refuse(refuse_checksums),
    "close": refuse(refuse_close, reset=False),
    "reset": refuse(refuse_close, reset=True),
    "reset-request": refuse(refuse_reset_request, BODY_OPS, bytes=None),
    "stall": refuse(refuse_stall, seconds=3600),
    "delay": refuse(refuse_delay, seconds=1),
    "hold": refuse(refuse_hold, seconds=600, drop=False, deny=False),  # until {"release": true}, or a reset
    # an error inside a 200; the operation is not done
    "error-in-200": ("unsaid", LONG_OPS, {"function": send_trickle, "error": True, "count": 0,
                                          "seconds": 0, **IN_200}),
    "trickle-error": ("unsaid", LONG_OPS, {"function": send_trickle, "error": True, "count": 5,
                                           "seconds": 0.2, **IN_200}),
    "not-done": ("unsaid", "AbortMultipartUpload|DeleteObject", {"function": send_not_done,
                                                                 "status": 204}),
    # done, but answered wrongly
    "wrong-etag": change(change_wrong_etag, etag="0" * 32),
    "no-etag": change(change_no_etag),
    "corrupt": change(change_corrupt, "GetObject", at=0),
    "ignore-range": change(change_ignore_range, "GetObject"),
    "wrong-range": change(change_wrong_range, "GetObject"),
    "wrong-checksum": change(change_wrong_checksum, "PutObject|UploadPart", crc32c="AAAAAA=="),
    "size": change(change_size, "HeadObject", size=2 ** 63 - 1),
    "drop-metadata": change(change_drop_metadata, "GetObject|HeadObject"),
    "endless-pages": change(change_endless_pages, LIST_OPS),
    "xml-bomb": change(change_xml_bomb, f"{LIST_OPS}|{LONG_OPS}|CreateMultipartUpload"),
    "deep-xml": change(change_deep_xml, f"{LIST_OPS}|{LONG_OPS}", depth=100000),
    "huge-body": change(change_huge_body, f"{LIST_OPS}|{LONG_OPS}", bytes=64 << 20),
    "bad-xml": change(change_bad_xml, f"{LIST_OPS}|{LONG_OPS}|CreateMultipartUpload"),
    "huge-headers": change(change_huge_headers, count=512, size=4096),
    # done, but sent wrongly
    "lost-answer": send(send_lost, reset=False),
    "truncated": send(send_truncated, "GetObject|List.*", bytes=None, reset=False),
    "reset-answer": send(send_truncated, "GetObject|List.*", bytes=None, reset=True),
    "stall-answer": send(send_stall_answer, "GetObject|List.*", seconds=3600),
    "slow": send(send_slow, "GetObject|List.*", piece=1 << 16, seconds=0.1),
    "wrong-length": send(send_wrong_length, "GetObject|List.*", by=-1),
    "trickle": send(send_trickle, LONG_OPS, error=False, count=5, seconds=0.2),
}
