#!/usr/bin/python3
"""A strict S3 server in memory for what no real server can be made to do on demand.

    s3script.py --port P [--region R] [--min-part BYTES] [--tls CERT KEY]
                [--credentials AK:SK[:TOKEN]]... [--bucket NAME]...

Listens on 127.0.0.1 only, prints "s3script ready on URL" once it does. Python's library only.
Signatures, checksums and conditions are verified; faults are ordered by object keys or rules
(s3faults.py). Bodies signed in chunks (aws-chunked) and presigned URLs are not known.

Control, on the same port, for loopback only:
    GET  /_control   {"log": [...], "uploads": [...], "objects": [...], "rules": [...], ...}
    POST /_control   a JSON object of commands, see CONTROLS at the end of this file
"""

import argparse
import email.utils
import hashlib
import re
import threading
import time
import urllib.parse
import uuid

import httpbase
import s3faults
import sigv4
from s3protocol import (Answer, Request, copied_checksum, copied_headers, document, error_answer,
                        follows, grouped, iso_time, parse_complete, parse_copy_range,
                        parse_copy_source, parse_range, parse_xml, quoted, stored_headers)
from s3store import (Bucket, Object, S3Error, Store, Upload, CHECKSUMS, check_body_checksums,
                     check_content_md5, etag_matches, invalid_argument, invalid_request)

ALLOWED_SKEW_S = 900
MAX_BODY_BYTES = 5 << 30
MAX_LOG = 200000
LOGGED_HEADERS = re.compile(r"(x-amz-(?!content-sha256$|date$|security-token$).*|range|if-.*|"
                            r"expect|content-(md5|type|encoding|length)|user-agent)\Z")

SIGNATURE_ERRORS = {
    "missing": ("AccessDenied", 403), "unsigned": ("AccessDenied", 403),
    "incomplete": ("AuthorizationHeaderMalformed", 400),
    "service": ("AuthorizationHeaderMalformed", 400),
    "unknown-key": ("InvalidAccessKeyId", 403), "token": ("InvalidToken", 400),
    "signature": ("SignatureDoesNotMatch", 403),
    "expired": ("RequestTimeTooSkewed", 403), "early": ("RequestTimeTooSkewed", 403),
}


def signature_error(error):
    code, status = SIGNATURE_ERRORS[error.kind]
    extra = {}
    if code == "RequestTimeTooSkewed":
        extra = {"RequestTime": error.details["request_time"],
                 "ServerTime": error.details["server_time"],
                 "MaxAllowedSkewMilliseconds": str(ALLOWED_SKEW_S * 1000)}
    if error.kind == "unsigned":
        extra = {"HeadersNotSigned": ", ".join(error.details["headers"])}
    if "canonical_request" in error.details:
        extra = {"CanonicalRequest": error.details["canonical_request"]}
    return S3Error(code, status, str(error), **extra)


class S3:
    """The service: store, rules, log. One lock; no operation waits or does I/O under it."""

    def __init__(self, credentials, region="us-east-1"):
        self.lock = threading.RLock()
        self.known = {}
        for item in credentials:
            sigv4.keep_credentials(self.known, item)
        self.region = region
        self.store = Store()
        self.rules = s3faults.Rules()
        self.expired = set()
        self.expiries = {}  # session token: when, by this server's clock
        self.clock_offset_s = 0
        self.log = []
        self.waiting = 0

    # -- who asks

    def authenticate(self, request):
        claimed = request.headers.get("x-amz-content-sha256")
        try:
            if claimed is None and "authorization" in request.headers:
                raise invalid_request("Missing required header for this request: "
                                      "x-amz-content-sha256")
            verdict = sigv4.verify(request.method, request.target, request.header_pairs,
                                   claimed, self.known, "s3", allowed_skew_s=ALLOWED_SKEW_S,
                                   clock_offset_s=self.clock_offset_s)
        except sigv4.SignatureError as error:
            raise signature_error(error) from None
        if verdict.region != self.region:
            error = S3Error("AuthorizationHeaderMalformed", 400, "The authorization header is "
                            f"malformed; the region '{verdict.region}' is wrong; expecting "
                            f"'{self.region}'", Region=self.region)
            error.headers.append(("x-amz-bucket-region", self.region))
            raise error
        token = request.headers.get("x-amz-security-token")
        now_s = time.time() + self.clock_offset_s
        if token in self.expired or self.expiries.get(token, now_s + 1) <= now_s:
            raise S3Error("ExpiredToken", 400, "The provided token has expired.")
        if claimed.startswith("STREAMING-"):
            raise S3Error("NotImplemented", 501, "aws-chunked bodies are not implemented")
        if claimed != sigv4.UNSIGNED and not re.fullmatch(r"[0-9a-f]{64}", claimed):
            raise invalid_argument("x-amz-content-sha256 must be UNSIGNED-PAYLOAD or a valid "
                                   "sha256 value.", "x-amz-content-sha256", claimed)
        return verdict

    def check_body(self, request):
        claimed = request.headers["x-amz-content-sha256"]
        actual = hashlib.sha256(request.body).hexdigest() if claimed != sigv4.UNSIGNED else claimed
        if actual != claimed:
            raise S3Error("XAmzContentSHA256Mismatch", 400, "The provided 'x-amz-content-sha256' "
                          "header does not match what was computed.",
                          ClientComputedContentSHA256=claimed, S3ComputedContentSHA256=actual)
        check_content_md5(request.headers, request.body)

    def body_checksums(self, request):
        mode = self.store.settings["checksums"]
        if mode == "refuse":
            s3faults.refuse_checksums(None, request, None)
        return check_body_checksums(request.headers, request.body) if mode == "verify" else {}

    def perform(self, request):
        operation = getattr(self, f"do_{request.op}", None)
        if operation is None:
            raise S3Error("NotImplemented", 501, "A header or query you provided implies "
                          "functionality that is not implemented")
        if "transfer-encoding" in request.headers:
            raise S3Error("NotImplemented", 501, "A header you provided implies functionality that "
                          "is not implemented", Header="Transfer-Encoding")
        if request.method in ("PUT", "POST") and "content-length" not in request.headers:
            raise S3Error("MissingContentLength", 411, "You must provide the Content-Length HTTP "
                          "header.")
        self.check_body(request)
        return operation(request)

    # -- buckets

    def do_ListBuckets(self, _request):
        buckets = [{"Name": b.name, "CreationDate": iso_time(b.created)}
                   for b in self.store.buckets.values()]
        return document("ListAllMyBucketsResult", {"Owner": {"ID": "test"},
                                                   "Buckets": {"Bucket": buckets}})

    def do_CreateBucket(self, request):
        self.store.create_bucket(request.bucket)
        return Answer(200, [("Location", f"/{request.bucket}")], b"")

    def do_HeadBucket(self, request):
        self.store.bucket(request.bucket)
        return Answer(200, [("x-amz-bucket-region", self.region)], b"")

    def do_DeleteBucket(self, request):
        self.store.delete_bucket(request.bucket)
        return Answer(204, [], b"")

    def do_GetBucketLocation(self, request):
        self.store.bucket(request.bucket)
        place = "" if self.region == "us-east-1" else self.region
        return document("LocationConstraint", place)

    def do_GetBucketVersioning(self, request):
        return document("VersioningConfiguration",
                        {"Status": self.store.bucket(request.bucket).versioning})

    def do_PutBucketVersioning(self, request):
        status = parse_xml(request.body, "VersioningConfiguration").findtext("Status")
        if status not in ("Enabled", "Suspended"):
            raise S3Error("MalformedXML", 400, "Status must be Enabled or Suspended")
        self.store.bucket(request.bucket).versioning = status
        return Answer(200, [], b"")

    def do_GetBucketLifecycleConfiguration(self, request):
        found = self.store.bucket(request.bucket).lifecycle
        if found is None:
            raise S3Error("NoSuchLifecycleConfiguration", 404,
                          "The lifecycle configuration does not exist")
        return Answer(200, [("Content-Type", "application/xml")], found)

    def do_PutBucketLifecycleConfiguration(self, request):
        parse_xml(request.body, "LifecycleConfiguration")
        self.store.bucket(request.bucket).lifecycle = request.body
        return Answer(200, [], b"")

    # -- lists

    def do_ListObjects(self, request):
        return self.list_objects(request, request.query.get("marker", ""), 1)

    def do_ListObjectsV2(self, request):
        token = request.query.get("continuation-token")
        if token is not None and not token.startswith("after:"):
            raise invalid_argument("The continuation token provided is incorrect",
                                   "continuation-token", token)
        after = token[6:] if token is not None else request.query.get("start-after", "")
        return self.list_objects(request, urllib.parse.unquote(after) if token else after, 2)

    def list_objects(self, request, after, version):
        bucket, query = self.store.bucket(request.bucket), request.query
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        limit = request.number("max-keys", 1000, 1000)
        name = self.url_encoder(query)
        contents, prefixes, last, truncated = [], [], "", False
        for key, common in grouped(bucket.keys(), prefix, delimiter, after):
            if len(contents) + len(prefixes) >= limit:
                truncated = limit > 0
                break
            last = common or key
            if common:
                prefixes.append({"Prefix": name(common)})
            else:
                contents.append(self.listed(bucket.latest(key), name(key)))
        members = {"Name": bucket.name, "Prefix": name(prefix), "MaxKeys": limit,
                   "Delimiter": name(delimiter) if delimiter else None,
                   "EncodingType": query.get("encoding-type"), "IsTruncated": truncated}
        if version == 2:
            members["KeyCount"] = len(contents) + len(prefixes)
            members["ContinuationToken"] = query.get("continuation-token")
            members["StartAfter"] = name(query["start-after"]) if "start-after" in query else None
            if truncated:
                members["NextContinuationToken"] = "after:" + urllib.parse.quote(last, safe="")
        else:
            members["Marker"] = name(query.get("marker", ""))
            members["NextMarker"] = name(last) if truncated and delimiter else None
        return document("ListBucketResult", {**members, "Contents": contents,
                                             "CommonPrefixes": prefixes})

    @staticmethod
    def listed(found, name):
        return {"Key": name, "LastModified": iso_time(found.mtime), "ETag": quoted(found.etag),
                "Size": len(found.data),
                "StorageClass": dict(found.headers).get("x-amz-storage-class", "STANDARD")}

    @staticmethod
    def url_encoder(query):
        encoding = query.get("encoding-type")
        if encoding not in (None, "url"):
            raise invalid_argument("Invalid Encoding Method specified in Request", "encoding-type",
                                   encoding)
        # As AWS: a blank becomes a plus sign.
        return (lambda text: urllib.parse.quote_plus(text, safe="/*")) if encoding else str

    def do_ListObjectVersions(self, request):
        bucket, prefix = self.store.bucket(request.bucket), request.query.get("prefix", "")
        name = self.url_encoder(request.query)
        versions, markers = [], []
        for key in sorted(k for k in bucket.versions if k.startswith(prefix)):
            chain = bucket.versions[key]
            for item in reversed(chain):
                row = {**self.listed(item, name(key)), "VersionId": item.version_id,
                       "IsLatest": item is chain[-1]}
                (markers if item.delete_marker else versions).append(row)
        return document("ListVersionsResult", {"Name": bucket.name, "IsTruncated": False,
                                               "EncodingType": request.query.get("encoding-type"),
                                               "Version": versions, "DeleteMarker": markers})

    def do_ListMultipartUploads(self, request):
        bucket, query = self.store.bucket(request.bucket), request.query
        limit = request.number("max-uploads", 1000, 1000)
        name = self.url_encoder(query)
        after = (query.get("key-marker", ""), query.get("upload-id-marker"))
        found = sorted((u for u in bucket.uploads.values()
                        if u.key.startswith(query.get("prefix", "")) and follows(u, *after)),
                       key=lambda u: (u.key.encode(), u.initiated, u.id))
        if after[1]:
            ids = [u.id for u in found]
            found = found[ids.index(after[1]) + 1:] if after[1] in ids else found
        page = found[:limit]
        rows = [{"Key": name(u.key), "UploadId": u.id, "Initiator": {"ID": "test"},
                 "Owner": {"ID": "test"}, "StorageClass": "STANDARD",
                 "Initiated": iso_time(u.initiated)} for u in page]
        more = len(found) > len(page)
        members = {"Bucket": bucket.name, "KeyMarker": name(after[0]), "UploadIdMarker": after[1],
                   "MaxUploads": limit, "EncodingType": query.get("encoding-type"),
                   "Prefix": name(query.get("prefix", "")), "IsTruncated": more, "Upload": rows}
        if more and page:
            members["NextKeyMarker"] = name(page[-1].key)
            members["NextUploadIdMarker"] = page[-1].id
        return document("ListMultipartUploadsResult", members)

    def do_ListParts(self, request):
        upload = self.store.upload(request.bucket, request.key, request.query["uploadId"])
        limit = request.number("max-parts", 1000, 1000)
        after = request.number("part-number-marker", 0, 1 << 31)
        numbers = sorted(n for n in upload.parts if n > after)
        rows = []
        for number in numbers[:limit]:
            part = upload.parts[number]
            rows.append({"PartNumber": number, "LastModified": iso_time(part.mtime),
                         "ETag": quoted(part.etag), "Size": len(part.data),
                         **{f"Checksum{k.upper()}": v for k, v in part.checksums.items()}})
        more = len(numbers) > len(rows)
        return document("ListPartsResult", {
            "Bucket": request.bucket, "Key": request.key, "UploadId": upload.id,
            "PartNumberMarker": after, "MaxParts": limit, "IsTruncated": more,
            "NextPartNumberMarker": rows[-1]["PartNumber"] if more and rows else None,
            "StorageClass": "STANDARD", "Part": rows})

    # -- objects

    def do_PutObject(self, request):
        checksums = self.body_checksums(request)
        made = Object(request.body, stored_headers(request.headers))
        made.checksums, made.tags = checksums, request.headers.get("x-amz-tagging", "")
        made.checksum_type = "FULL_OBJECT" if checksums else None
        self.store.put(request.bucket, request.key, made, request.headers.get("if-match"),
                       request.headers.get("if-none-match"))
        return Answer(200, [("ETag", quoted(made.etag)), *self.version_header(request, made),
                            *((f"x-amz-checksum-{k}", v) for k, v in checksums.items())], b"")

    def version_header(self, request, version):
        versioned = self.store.bucket(request.bucket).versioning is not None
        return [("x-amz-version-id", version.version_id)] if versioned else []

    def do_HeadObject(self, request):
        return self.do_GetObject(request)

    def do_GetObject(self, request):
        found = self.store.get(request.bucket, request.key, request.query.get("versionId"))
        request.object = found
        headers = [("ETag", quoted(found.etag)), ("Accept-Ranges", "bytes"),
                   ("Last-Modified", email.utils.formatdate(found.mtime, usegmt=True)),
                   *found.headers, *self.version_header(request, found)]
        if found.tags:
            headers.append(("x-amz-tagging-count", str(found.tags.count("&") + 1)))
        if self.not_modified(request, found):
            return Answer(304, headers, b"")
        if "range" in request.headers:
            span = parse_range(request.headers["range"], len(found.data))
        else:
            span = None
        if request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED" and span is None:
            headers += [(f"x-amz-checksum-{k}", v) for k, v in found.checksums.items()]
            headers += [("x-amz-checksum-type", found.checksum_type)] if found.checksums else []
        if span is None:
            return Answer(200, headers, found.data)
        first, last = span
        headers.append(("Content-Range", f"bytes {first}-{last}/{len(found.data)}"))
        return Answer(206, headers, found.data[first:last + 1])

    def do_GetObjectAttributes(self, request):
        found = self.store.get(request.bucket, request.key, request.query.get("versionId"))
        wanted = {name.strip() for name in
                  request.headers.get("x-amz-object-attributes", "").split(",")}
        known = {"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"}
        if not wanted <= known:
            raise invalid_argument("Invalid attribute name specified.", "x-amz-object-attributes",
                                   request.headers.get("x-amz-object-attributes", ""))
        sums = {f"Checksum{k.upper()}": v for k, v in found.checksums.items()}
        members = {"ETag": found.etag, "Checksum": {**sums, "ChecksumType": found.checksum_type},
                   "ObjectParts": self.attribute_parts(request, found),
                   "StorageClass": self.listed(found, "")["StorageClass"],
                   "ObjectSize": len(found.data)}
        if not sums:
            del members["Checksum"]
        return document("GetObjectAttributesResponse",
                        {name: value for name, value in members.items() if name in wanted},
                        headers=self.version_header(request, found))

    @staticmethod
    def attribute_parts(request, found):
        """None of an object that was sent whole; only their number without checksums."""
        if not found.part_sizes:
            return None
        if not found.part_rows:
            return {"PartsCount": len(found.part_sizes)}
        limit = request.header_number("x-amz-max-parts", 1000, 1000)
        after = request.header_number("x-amz-part-number-marker", 0, 1 << 31)
        rows = [row for row in found.part_rows if row[0] > after]
        page, more = rows[:limit], len(rows) > limit
        return {"PartsCount": len(found.part_sizes), "PartNumberMarker": after,
                "NextPartNumberMarker": page[-1][0] if page else 0, "MaxParts": limit,
                "IsTruncated": more,
                "Part": [{"PartNumber": number, "Size": size,
                          **{f"Checksum{k.upper()}": v for k, v in sums.items()}}
                         for number, size, sums in page]}

    @staticmethod
    def not_modified(request, found):
        headers = request.headers
        if "if-match" in headers and not etag_matches(headers["if-match"], found.etag):
            raise S3Error("PreconditionFailed", 412, "At least one of the pre-conditions you "
                          "specified did not hold", Condition="If-Match")
        return "if-none-match" in headers and etag_matches(headers["if-none-match"], found.etag)

    def do_DeleteObject(self, request):
        gone = self.store.delete(request.bucket, request.key, request.query.get("versionId"))
        headers = self.version_header(request, gone) if gone else []
        if gone and gone.delete_marker:
            headers.append(("x-amz-delete-marker", "true"))
        return Answer(204, headers, b"")

    def do_DeleteObjects(self, request):
        tree = parse_xml(request.body, "Delete")
        if "content-md5" not in request.headers and not self.body_checksums(request):
            raise invalid_request("Missing required header for this request: Content-MD5")
        rows = []
        for item in tree.iter("Object"):
            self.store.delete(request.bucket, item.findtext("Key"), item.findtext("VersionId"))
            rows.append({"Key": item.findtext("Key")})
        quiet = tree.findtext("Quiet") == "true"
        return document("DeleteResult", {"Deleted": [] if quiet else rows})

    def do_CopyObject(self, request):
        headers = request.headers
        source_place = parse_copy_source(headers["x-amz-copy-source"])
        source = self.store.copy_source(source_place, headers)
        if len(source.data) > self.store.settings["max_copy"]:
            raise invalid_request("The specified copy source is larger than the maximum allowable "
                                  f"size for a copy source: {self.store.settings['max_copy']}")
        replace = headers.get("x-amz-metadata-directive", "COPY") == "REPLACE"
        if source_place[:2] == (request.bucket, request.key) and not replace:
            raise invalid_request("This copy request is illegal because it is trying to copy an "
                                  "object to itself without changing the object's metadata, "
                                  "storage class, website redirect location or encryption "
                                  "attributes.")
        made = Object(source.data, copied_headers(source, headers, replace))
        tags = headers.get("x-amz-tagging-directive", "COPY") == "REPLACE"
        made.tags = headers.get("x-amz-tagging", "") if tags else source.tags
        made.checksums, made.checksum_type = copied_checksum(source)
        self.store.put(request.bucket, request.key, made, None, headers.get("if-none-match"))
        return document("CopyObjectResult", {"LastModified": iso_time(made.mtime),
                                             "ETag": quoted(made.etag)},
                        headers=self.version_header(request, made))

    def do_GetObjectTagging(self, request):
        found = self.store.get(request.bucket, request.key, request.query.get("versionId"))
        tags = [{"Key": k, "Value": v} for k, v in urllib.parse.parse_qsl(found.tags, True)]
        return document("Tagging", {"TagSet": {"Tag": tags}})

    def do_PutObjectTagging(self, request):
        found = self.store.get(request.bucket, request.key, request.query.get("versionId"))
        tags = [(t.findtext("Key"), t.findtext("Value") or "")
                for t in parse_xml(request.body, "Tagging").iter("Tag")]
        found.tags = urllib.parse.urlencode(tags)
        return Answer(200, [], b"")

    # -- multipart uploads

    def do_CreateMultipartUpload(self, request):
        headers = request.headers
        algorithm = headers.get("x-amz-checksum-algorithm", "").lower() or None
        if self.store.settings["checksums"] == "refuse":
            s3faults.refuse_checksums(None, request, None)
        if self.store.settings["checksums"] == "ignore":
            algorithm = None
        if algorithm and algorithm not in CHECKSUMS:
            raise invalid_request("Checksum algorithm provided is unsupported. Please try again "
                                  "with any of the valid types: [CRC32, CRC32C, SHA1, SHA256]")
        kind = headers.get("x-amz-checksum-type", "COMPOSITE") if algorithm else None
        if algorithm and (kind not in ("COMPOSITE", "FULL_OBJECT")
                          or kind == "FULL_OBJECT" and algorithm.startswith("sha")):
            raise invalid_request(f"The {kind} checksum type cannot be used with the {algorithm} "
                                  "checksum algorithm.")
        upload = Upload(request.key, stored_headers(headers), algorithm, kind)
        upload.tags = headers.get("x-amz-tagging", "")
        self.store.create_upload(request.bucket, request.key, upload)
        extra = [("x-amz-checksum-algorithm", algorithm.upper()),
                 ("x-amz-checksum-type", kind)] if algorithm else []
        return document("InitiateMultipartUploadResult",
                        {"Bucket": request.bucket, "Key": request.key, "UploadId": upload.id},
                        headers=extra)

    @staticmethod
    def part_number(request):
        text = request.query["partNumber"]
        return int(text) if text.isdigit() else 0

    def do_UploadPart(self, request):
        checksums = self.body_checksums(request)
        part = self.store.put_part(request.bucket, request.key, request.query["uploadId"],
                                   self.part_number(request), request.body, checksums)
        return Answer(200, [("ETag", quoted(part.etag)),
                            *((f"x-amz-checksum-{k}", v) for k, v in checksums.items())], b"")

    def do_UploadPartCopy(self, request):
        upload = self.store.upload(request.bucket, request.key, request.query["uploadId"])
        place = parse_copy_source(request.headers["x-amz-copy-source"])
        source = self.store.copy_source(place, request.headers)
        data = source.data
        if "x-amz-copy-source-range" in request.headers:
            first, last = parse_copy_range(request.headers["x-amz-copy-source-range"], len(data))
            data = data[first:last + 1]
        if len(data) > self.store.settings["max_copy"]:
            raise invalid_request("The specified copy source is larger than the maximum allowable "
                                  f"size for a copy source: {self.store.settings['max_copy']}")
        sums = {upload.algorithm: CHECKSUMS[upload.algorithm](data)} if upload.algorithm else {}
        part = self.store.put_part(request.bucket, request.key, upload.id,
                                   self.part_number(request), data, sums)
        return document("CopyPartResult", {"LastModified": iso_time(part.mtime),
                                           "ETag": quoted(part.etag),
                                           **{f"Checksum{k.upper()}": v for k, v in sums.items()}})

    def do_CompleteMultipartUpload(self, request):
        headers = request.headers
        given = {name: headers[f"x-amz-checksum-{name}"] for name in CHECKSUMS
                 if f"x-amz-checksum-{name}" in headers}
        done = self.store.complete(request.bucket, request.key, request.query["uploadId"],
                                   parse_complete(request.body), given, headers.get("if-match"),
                                   headers.get("if-none-match"))
        sums = {f"Checksum{k.upper()}": v for k, v in done.checksums.items()}
        return document("CompleteMultipartUploadResult",
                        {"Location": f"/{request.bucket}/{request.key}", "Bucket": request.bucket,
                         "Key": request.key, "ETag": quoted(done.etag), **sums,
                         "ChecksumType": done.checksum_type},
                        headers=self.version_header(request, done))

    def do_AbortMultipartUpload(self, request):
        self.store.abort(request.bucket, request.key, request.query["uploadId"])
        return Answer(204, [], b"")

    # -- control

    def note(self, entry):
        with self.lock:
            self.log.append(entry)
            del self.log[:-MAX_LOG]

    def control_report(self):
        with self.lock:
            uploads, objects = [], []
            for bucket in self.store.buckets.values():
                uploads += [{"bucket": bucket.name, "key": u.key, "upload_id": u.id,
                             "algorithm": u.algorithm,
                             "parts": {n: len(p.data) for n, p in sorted(u.parts.items())}}
                            for u in bucket.uploads.values()]
                objects += [{"bucket": bucket.name, "key": k, "size": len(bucket.latest(k).data),
                             "etag": bucket.latest(k).etag, "parts": bucket.latest(k).part_sizes,
                             "headers": dict(bucket.latest(k).headers)} for k in bucket.keys()]
            return {"log": list(self.log), "uploads": uploads, "objects": objects,
                    "rules": [rule.report() for rule in self.rules.ordered],
                    "settings": dict(self.store.settings)}

    def control(self, commands):
        unknown = set(commands) - set(CONTROLS)
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        with self.lock:
            for name, argument in commands.items():
                CONTROLS[name](self, argument)

    def control_rules(self, argument):
        for order in argument:
            self.rules.add(**order)

    def control_reset(self, _argument):
        self.rules.clear()
        self.expired.clear()
        self.clock_offset_s = 0

    def control_settings(self, argument):
        unknown = set(argument) - set(self.store.settings)
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        self.store.settings.update(argument)

    def control_credentials(self, argument):
        item = sigv4.Credentials(argument["access_key"], argument["secret_key"],
                                 argument.get("session_token"))
        sigv4.keep_credentials(self.known, item)
        if "expires_s" in argument:
            self.expiries[item.token] = argument["expires_s"]


CONTROLS = {
    "rules": S3.control_rules,               # a list of orders, see s3faults.py
    "settings": S3.control_settings,         # see Store; checksums: verify, ignore, refuse;
                                             # latency: seconds before every answer
    "credentials": S3.control_credentials,   # access_key, secret_key, session_token, expires_s
    "expire_token": lambda s3, argument: s3.expired.add(argument),
    "clock_offset": lambda s3, argument: setattr(s3, "clock_offset_s", float(argument)),
    "release": lambda s3, _: s3.rules.release(),  # what "hold" holds
    "rot": lambda s3, argument: s3.store.rot(**argument),  # bucket, key, and at or part
    "reset": S3.control_reset,               # rules, expiries, clock
    "clear_log": lambda s3, _: s3.log.clear(),
    "clear_objects": lambda s3, _: s3.store.buckets.update(
        {name: Bucket(name) for name in s3.store.buckets}),
}


class S3Handler(httpbase.Handler):
    """One connection; runs each request through signature, faults and operation."""

    def serve(self):
        request = Request(self.command, self.target, self.headers.items())
        entry = self.begin_entry(request)
        try:
            self.serve_request(request, entry)
        except httpbase.Disconnect:
            entry["status"] = entry.get("status") or 0
            raise
        finally:
            with self.service.lock:
                self.service.waiting -= 1
            entry["seconds"] = round(time.monotonic() - entry.pop("begun"), 4)

    def begin_entry(self, request):
        """The request's line in the log, put there at once: it fills while the request runs."""
        entry = {"time": time.time(), "begun": time.monotonic(), "op": request.op,
                 "bucket": request.bucket, "key": request.key, "query": request.query,
                 "headers": {k: v for k, v in request.header_pairs if LOGGED_HEADERS.match(k)},
                 "body_bytes": self.body_left, "connection": self.client_address[1],
                 "payload": request.headers.get("x-amz-content-sha256"), "signature": None,
                 "signed_at": request.headers.get("x-amz-date"),
                 "access_key": None, "fault": None, "status": None, "code": None,
                 "request_id": uuid.uuid4().hex[:16].upper()}
        with self.service.lock:
            self.service.waiting += 1
            entry["concurrent"] = self.service.waiting
        self.service.note(entry)
        return entry

    def serve_request(self, request, entry):
        if self.service.store.settings["latency"]:
            time.sleep(self.service.store.settings["latency"])
        rule = None
        try:
            entry["access_key"] = self.service.authenticate(request).access_key
            entry["signature"] = "ok"
            with self.service.lock:
                rule = self.service.rules.find(request.op, request.key)
            answer = self.fulfil(request, entry, rule)
        except S3Error as error:
            entry["signature"] = entry["signature"] or error.code
            entry["code"] = error.code
            answer = error_answer(error, request, entry["request_id"])
            if rule and rule.kind != "refuse":
                rule = None
        self.send_answer(request, answer, entry, rule)

    def fulfil(self, request, entry, rule):
        """Do what is asked, unless the rule has other ideas."""
        if rule:
            entry["fault"] = rule.action
            function = rule.parameters["function"]
            if rule.kind == "refuse":
                function(self, request, rule.parameters)
        request.body = self.read_body(MAX_BODY_BYTES)
        if request.body is None:
            raise S3Error("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed "
                          "size", MaxSizeAllowed=str(MAX_BODY_BYTES))
        if rule and rule.kind == "unsaid":
            return Answer(200, [], b"")
        with self.service.lock:
            answer = self.service.perform(request)
        if rule and rule.kind == "change":
            answer = function(request, answer, rule.parameters)
        return answer

    def send_answer(self, request, answer, entry, rule):
        entry["status"], entry["answer_bytes"] = answer.status, len(answer.body)
        answer = answer._replace(headers=[
            ("x-amz-request-id", entry["request_id"]), ("x-amz-id-2", "scripted"),
            ("Date", email.utils.formatdate(time.time() + self.service.clock_offset_s,
                                            usegmt=True)),
            ("Server", "s3script"), *answer.headers])
        if rule and rule.kind in ("send", "unsaid"):
            rule.parameters["function"](self, answer, rule.parameters)
        elif request.method == "HEAD":
            self.answer_head(answer)
        else:
            self.answer(answer.status, answer.headers, answer.body)

    def answer_head(self, answer):
        # An error's length is not told: HEAD has no body to explain it with.
        length = len(answer.body) if answer.status < 300 else 0
        self.answer(answer.status, answer.headers + [("Content-Length", str(length))])


def parse_arguments(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--min-part", type=int, default=5 << 20, metavar="BYTES")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--bucket", action="append", default=[], help="to begin with; repeatable")
    parser.add_argument("--credentials", action="append", type=sigv4.parse_credentials,
                        metavar="AK:SK[:TOKEN]", help="may be repeated")
    return parser.parse_args(argv)


def main():
    args = parse_arguments()
    s3 = S3(args.credentials or [sigv4.DEFAULT], args.region)
    s3.store.settings["min_part"] = args.min_part
    for name in args.bucket:
        s3.store.create_bucket(name)
    httpbase.run_forever(httpbase.Server(args.port, S3Handler, s3, args.tls), "s3script")


if __name__ == "__main__":
    main()
