"""S3's protocol for s3script.py: requests taken apart, XML, ranges, listings. No state."""

import collections
import datetime
import re
import urllib.parse
import xml.etree.ElementTree
from xml.sax.saxutils import escape

from s3store import CHECKSUMS, PartWanted, S3Error, invalid_argument

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
STANDARD_HEADERS = ("cache-control", "content-disposition", "content-encoding", "content-language",
                    "content-type", "expires", "x-amz-storage-class",
                    "x-amz-server-side-encryption", "x-amz-website-redirect-location")

Answer = collections.namedtuple("Answer", "status headers body")


class Request:
    """A request taken apart. `object` is what a GET found, for the faults that need it."""

    def __init__(self, method, target, header_pairs):
        path, _, query = target.partition("?")
        self.method, self.target = method, target
        self.header_pairs = [(name.lower(), value) for name, value in header_pairs]
        self.headers = dict(self.header_pairs)
        self.query = dict(urllib.parse.parse_qsl(query.replace("+", "%2B"),
                                                 keep_blank_values=True))
        self.bucket, self.key = self.place(urllib.parse.unquote(path))
        self.op = self.operation()
        self.body = b""
        self.object = None

    def place(self, path):
        """Path style, or the bucket in front of localhost."""
        host = self.headers.get("host", "").split(":")[0]
        if host.endswith(".localhost"):
            return host[:-len(".localhost")], path[1:]
        bucket, _, key = path[1:].partition("/")
        return bucket, key

    def operation(self):
        if not UNKNOWN_SUBRESOURCES.isdisjoint(self.query):
            return "Unknown"
        level = "object" if self.key else "bucket" if self.bucket else "service"
        for method, where, marks, name in ROUTES:
            if method == self.method and where == level and all(self.has(mark) for mark in marks):
                return name
        return "Unknown"

    def has(self, mark):
        return mark[1:] in self.headers if mark.startswith("#") else mark in self.query

    def number(self, name, default, maximum):
        return self.checked_number(name, self.query.get(name, str(default)), maximum)

    def header_number(self, name, default, maximum):
        return self.checked_number(name, self.headers.get(name, str(default)), maximum)

    @staticmethod
    def checked_number(name, text, maximum):
        if not text.isdigit():
            raise invalid_argument(f"Provided {name} not an integer or within integer range", name,
                                   text)
        return min(int(text), maximum)


# Were these not refused, they would be taken for operations on the object or bucket itself.
UNKNOWN_SUBRESOURCES = {
    "accelerate", "acl", "cors", "encryption", "legal-hold", "logging",
    "notification", "object-lock", "ownershipControls", "policy", "policyStatus",
    "publicAccessBlock", "replication", "requestPayment", "restore", "retention", "select",
    "torrent", "website"}

# The first row that fits names the operation; a mark is a query parameter, or with # a header.
ROUTES = (
    ("GET", "service", (), "ListBuckets"),
    ("PUT", "bucket", ("versioning",), "PutBucketVersioning"),
    ("PUT", "bucket", ("lifecycle",), "PutBucketLifecycleConfiguration"),
    ("PUT", "bucket", (), "CreateBucket"),
    ("HEAD", "bucket", (), "HeadBucket"),
    ("DELETE", "bucket", (), "DeleteBucket"),
    ("GET", "bucket", ("location",), "GetBucketLocation"),
    ("GET", "bucket", ("lifecycle",), "GetBucketLifecycleConfiguration"),
    ("GET", "bucket", ("versioning",), "GetBucketVersioning"),
    ("GET", "bucket", ("uploads",), "ListMultipartUploads"),
    ("GET", "bucket", ("versions",), "ListObjectVersions"),
    ("GET", "bucket", ("list-type",), "ListObjectsV2"),
    ("GET", "bucket", (), "ListObjects"),
    ("POST", "bucket", ("delete",), "DeleteObjects"),
    ("PUT", "object", ("tagging",), "PutObjectTagging"),
    ("GET", "object", ("tagging",), "GetObjectTagging"),
    ("PUT", "object", ("uploadId", "partNumber", "#x-amz-copy-source"), "UploadPartCopy"),
    ("PUT", "object", ("uploadId", "partNumber"), "UploadPart"),
    ("PUT", "object", ("#x-amz-copy-source",), "CopyObject"),
    ("PUT", "object", (), "PutObject"),
    ("POST", "object", ("uploads",), "CreateMultipartUpload"),
    ("POST", "object", ("uploadId",), "CompleteMultipartUpload"),
    ("DELETE", "object", ("uploadId",), "AbortMultipartUpload"),
    ("GET", "object", ("uploadId",), "ListParts"),
    ("GET", "object", ("attributes",), "GetObjectAttributes"),
    ("GET", "object", (), "GetObject"),
    ("HEAD", "object", (), "HeadObject"),
    ("DELETE", "object", (), "DeleteObject"),
)


# -- XML, times, headers


def element(name, value):
    if isinstance(value, dict):
        value = "".join(element(k, v) for k, v in value.items())
    elif isinstance(value, list):
        return "".join(element(name, item) for item in value)
    elif isinstance(value, bool):
        value = "true" if value else "false"
    elif value is None:
        return ""
    else:
        value = escape(str(value), {'"': "&quot;"})
    return f"<{name}>{value}</{name}>"


def document(root, members, status=200, headers=()):
    body = element(root, members).replace(f"<{root}>", f'<{root} xmlns="{NAMESPACE}">', 1)
    return Answer(status, [("Content-Type", "application/xml"), *headers],
                  (XML + body).encode())


def error_answer(error, request, request_id):
    members = {"Code": error.code, "Message": error.message, **error.extra,
               "Resource": urllib.parse.unquote(request.target.split("?")[0]),
               "RequestId": request_id, "HostId": "scripted"}
    return Answer(error.status, [("Content-Type", "application/xml"), *error.headers],
                  (XML + element("Error", members)).encode())


def iso_time(seconds):
    stamp = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return stamp.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def quoted(etag):
    return f'"{etag}"'


def stored_headers(headers):
    kept = [(k, v) for k, v in headers.items()
            if k in STANDARD_HEADERS or k.startswith("x-amz-meta-")]
    if "content-type" not in headers:
        kept.append(("content-type", "binary/octet-stream"))
    return kept


def parse_xml(body, root):
    try:
        tree = xml.etree.ElementTree.fromstring(body)
    except xml.etree.ElementTree.ParseError:
        tree = None
    if tree is None or tree.tag.split("}")[-1] != root:
        raise S3Error("MalformedXML", 400, "The XML you provided was not well-formed or did not "
                      "validate against our published schema")
    for node in tree.iter():
        node.tag = node.tag.split("}")[-1]
    return tree


def parse_complete(body):
    wanted = []
    for part in parse_xml(body, "CompleteMultipartUpload").iter("Part"):
        number, etag = part.findtext("PartNumber") or "", part.findtext("ETag") or ""
        if not number.isdigit() or not etag:
            raise S3Error("MalformedXML", 400, "A Part needs a PartNumber and an ETag")
        sums = {name: part.findtext(f"Checksum{name.upper()}") for name in CHECKSUMS}
        wanted.append(PartWanted(int(number), etag.strip().strip('"'),
                                 {name: value for name, value in sums.items() if value}))
    return wanted


def parse_range(text, size):
    """(first, last), None for a header that is to be ignored, or InvalidRange."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", text.strip())
    if not found or found.group(1, 2) == ("", ""):
        return None
    if found.group(1) == "":
        count = int(found.group(2))
        first, last = max(0, size - count), size - 1
        bad = count == 0 or size == 0
    else:
        first = int(found.group(1))
        last = min(int(found.group(2)), size - 1) if found.group(2) else size - 1
        bad = first >= size
        if found.group(2) and int(found.group(2)) < first:
            return None
    if bad:
        raise S3Error("InvalidRange", 416, "The requested range is not satisfiable",
                      RangeRequested=text, ActualObjectSize=str(size))
    return first, last


def parse_copy_source(text):
    path, _, query = text.partition("?")
    bucket, _, key = urllib.parse.unquote(path).lstrip("/").partition("/")
    if not bucket or not key:
        raise invalid_argument("Copy Source must mention the source bucket and key: "
                               "sourcebucket/sourcekey", "x-amz-copy-source", text)
    return bucket, key, dict(urllib.parse.parse_qsl(query)).get("versionId")


def parse_copy_range(text, size):
    found = re.fullmatch(r"bytes=(\d+)-(\d+)", text)
    if not found:
        raise invalid_argument("The x-amz-copy-source-range value must be of the form "
                               "bytes=first-last where first and last are the zero-based offsets "
                               "of the first and last bytes to copy", "x-amz-copy-source-range",
                               text)
    first, last = int(found.group(1)), int(found.group(2))
    if first > last or last >= size:
        raise invalid_argument(f"Range specified is not valid for source object of size: {size}",
                               "x-amz-copy-source-range", text)
    return first, last


def copied_headers(source, headers, replace):
    if replace:
        return stored_headers(headers)
    # Class and encryption are the request's, the rest is the source's.
    given = [(k, v) for k, v in headers.items()
             if k in ("x-amz-storage-class", "x-amz-server-side-encryption")]
    names = {"x-amz-storage-class", "x-amz-server-side-encryption"}
    return [(k, v) for k, v in source.headers if k not in names] + given


def copied_checksum(source):
    """A copy is one part: its checksum is of the whole, whatever the source's was."""
    sums = {name: CHECKSUMS[name](source.data) for name in source.checksums}
    return sums, "FULL_OBJECT" if sums else None


def grouped(keys, prefix, delimiter, after):
    """(key, common prefix or None), each common prefix once, behind `after`."""
    seen = None
    for key in keys:
        if not key.startswith(prefix):
            continue
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        common = key[:end + len(delimiter)] if end >= 0 else None
        if (common or key).encode() <= after.encode():
            continue
        if common is not None and common == seen:
            continue
        seen = common
        yield key, common


def follows(upload, key_marker, id_marker):
    if id_marker:
        return upload.key.encode() >= key_marker.encode()
    return upload.key.encode() > key_marker.encode() or not key_marker
