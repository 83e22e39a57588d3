"""The objects of the scripted S3 server: buckets, versions, multipart uploads, all in memory.

Knows S3's rules and errors, but neither HTTP nor faults. The caller holds the server's lock.
"""

import base64
import binascii
import collections
import hashlib
import time
import uuid
import zlib

import crc32c

PARTS_MAX = 10000
META_MAX_BYTES = 2048
KEY_MAX_BYTES = 1024

CHECKSUMS = {
    "crc32c": crc32c.encoded,
    "crc32": lambda data: base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode(),
    "sha1": lambda data: base64.b64encode(hashlib.sha1(data).digest()).decode(),
    "sha256": lambda data: base64.b64encode(hashlib.sha256(data).digest()).decode(),
}


class S3Error(Exception):
    """An error answer: code, HTTP status, message, and further elements of the body."""

    def __init__(self, code, status, message, **extra):
        super().__init__(message)
        self.code, self.status, self.message, self.extra = code, status, message, extra
        self.headers = []


def invalid_request(message):
    return S3Error("InvalidRequest", 400, message)


def invalid_argument(message, name="", value=""):
    return S3Error("InvalidArgument", 400, message, ArgumentName=name, ArgumentValue=value)


class Object:
    """One version. `headers` are what the writer gave and a reader gets: type, metadata, ..."""

    def __init__(self, data, headers, etag=None, parts=None):
        self.data = data
        self.headers = headers
        self.etag = etag or hashlib.md5(data).hexdigest()
        self.part_sizes = parts or []
        self.part_rows = []      # (number, size, {algorithm: value}) of those with checksums
        self.tags = ""
        self.checksums = {}      # algorithm -> value
        self.checksum_type = None
        self.mtime = time.time()
        self.version_id = "null"
        self.delete_marker = False


class Upload:
    """`algorithm` is the checksum promised at creation, lower case, or None."""

    def __init__(self, key, headers, algorithm, checksum_type):
        self.id = uuid.uuid4().hex + uuid.uuid4().hex
        self.key = key
        self.headers = headers
        self.tags = ""
        self.algorithm = algorithm
        self.checksum_type = checksum_type
        self.initiated = time.time()
        self.parts = {}


Part = collections.namedtuple("Part", "data etag checksums mtime")
PartWanted = collections.namedtuple("PartWanted", "number etag checksums")


class Bucket:
    def __init__(self, name):
        self.name = name
        self.created = time.time()
        self.versioning = None
        self.lifecycle = None  # the document, as it was put; no rule of it is carried out
        self.versions = {}     # key -> versions, the newest last
        self.uploads = {}      # id -> Upload
        self.completed = {}    # id -> (key, Object), for settings["complete_twice"]

    def latest(self, key):
        chain = self.versions.get(key)
        return chain[-1] if chain and not chain[-1].delete_marker else None

    def keys(self):
        return sorted((k for k in self.versions if self.latest(k)), key=lambda k: k.encode())


class Store:
    """`settings`: min_part, max_copy (bytes), source_conditions (enforced or, as some servers do,
    ignored), put_conditions and complete_conditions (If-Match and If-None-Match of these: enforced,
    ignored if False, refused as not implemented if "refuse"), complete_twice (a repeated Complete
    is answered as the first one was)."""

    def __init__(self):
        self.buckets = {}
        self.settings = {"min_part": 5 << 20, "max_copy": 5 << 30, "source_conditions": True,
                         "put_conditions": True, "complete_conditions": True,
                         "complete_twice": False, "checksums": "verify", "latency": 0}

    # -- buckets

    def bucket(self, name):
        if name not in self.buckets:
            raise S3Error("NoSuchBucket", 404, "The specified bucket does not exist",
                          BucketName=name)
        return self.buckets[name]

    def create_bucket(self, name):
        if not 3 <= len(name) <= 63 or name != name.lower():
            raise S3Error("InvalidBucketName", 400, "The specified bucket is not valid.")
        if name in self.buckets:
            raise S3Error("BucketAlreadyOwnedByYou", 409, "Your previous request to create the "
                          "named bucket succeeded and you already own it.", BucketName=name)
        self.buckets[name] = Bucket(name)

    def delete_bucket(self, name):
        bucket = self.bucket(name)
        if any(bucket.versions.values()):
            raise S3Error("BucketNotEmpty", 409, "The bucket you tried to delete is not empty")
        del self.buckets[name]

    # -- objects

    def get(self, bucket_name, key, version_id=None):
        bucket = self.bucket(bucket_name)
        if version_id is None:
            found = bucket.latest(key)
            if found is None:
                raise S3Error("NoSuchKey", 404, "The specified key does not exist.", Key=key)
            return found
        for version in bucket.versions.get(key, []):
            if version.version_id == version_id:
                if version.delete_marker:
                    raise S3Error("MethodNotAllowed", 405, "The specified method is not allowed "
                                  "against this resource.")
                return version
        raise S3Error("NoSuchVersion", 404, "The specified version does not exist.", Key=key,
                      VersionId=version_id)

    def insert(self, bucket, key, version):
        """Make `version` the newest, as the bucket's versioning wants it."""
        chain = bucket.versions.setdefault(key, [])
        if bucket.versioning == "Enabled":
            version.version_id = uuid.uuid4().hex
        else:
            chain[:] = [old for old in chain if old.version_id != "null"]
        chain.append(version)

    def put(self, bucket_name, key, version, if_match=None, if_none_match=None):
        bucket = self.bucket(bucket_name)
        check_key(key)
        check_metadata(version.headers)
        self.check_write_condition("put_conditions", bucket, key, if_match, if_none_match)
        self.insert(bucket, key, version)

    def check_write_condition(self, setting, bucket, key, if_match, if_none_match):
        current = bucket.latest(key)
        heeded = self.settings[setting]
        if not heeded or (if_match, if_none_match) == (None, None):
            return
        if heeded == "refuse" or if_none_match not in (None, "*"):
            raise S3Error("NotImplemented", 501, "A header you provided implies functionality that "
                          "is not implemented", Header="If-None-Match")
        if if_match is not None and current is None:
            raise S3Error("NoSuchKey", 404, "The specified key does not exist.", Key=key)
        if if_none_match is not None and current is not None:
            raise precondition_failed("If-None-Match")
        if if_match is not None and not etag_matches(if_match, current.etag):
            raise precondition_failed("If-Match")

    def delete(self, bucket_name, key, version_id=None):
        """The version or delete marker concerned, or None."""
        bucket = self.bucket(bucket_name)
        chain = bucket.versions.get(key, [])
        if version_id is not None:
            gone = [v for v in chain if v.version_id == version_id]
            chain[:] = [v for v in chain if v.version_id != version_id]
        elif bucket.versioning == "Enabled":
            marker = Object(b"", [])
            marker.delete_marker = True
            self.insert(bucket, key, marker)
            return marker
        else:
            gone = list(chain)
            chain.clear()
        if not chain:
            bucket.versions.pop(key, None)
        return gone[0] if gone else None

    def copy_source(self, source, conditions):
        """The object named by (bucket, key, version), its copy-source-if-* conditions checked."""
        found = self.get(*source)
        if not self.settings["source_conditions"]:
            return found
        if_match = conditions.get("x-amz-copy-source-if-match")
        if_none_match = conditions.get("x-amz-copy-source-if-none-match")
        if if_match is not None and not etag_matches(if_match, found.etag):
            raise precondition_failed("x-amz-copy-source-If-Match")
        if if_none_match is not None and etag_matches(if_none_match, found.etag):
            raise precondition_failed("x-amz-copy-source-If-None-Match")
        return found

    def rot(self, bucket, key, at=None, part=None):
        """What no request can do: a bit of the stored bytes changes beneath ETag and checksums, or
        a stored CRC32C does: of a part (its place in the object, from 1), or (0) the object's."""
        found = self.get(bucket, key)
        if at is not None:
            data = bytearray(found.data)
            data[at] ^= 1
            found.data = bytes(data)
        if part is not None:
            sums = found.part_rows[part - 1][2] if part else found.checksums
            sums["crc32c"] = crc32c.encoded(b"rotten") + sums["crc32c"][8:]

    # -- multipart uploads

    def create_upload(self, bucket_name, key, upload):
        bucket = self.bucket(bucket_name)
        check_key(key)
        check_metadata(upload.headers)
        bucket.uploads[upload.id] = upload
        return upload

    def upload(self, bucket_name, key, upload_id):
        upload = self.bucket(bucket_name).uploads.get(upload_id)
        if upload is None or upload.key != key:
            raise S3Error("NoSuchUpload", 404, "The specified upload does not exist. The upload ID "
                          "may be invalid, or the upload may have been aborted or completed.",
                          UploadId=upload_id)
        return upload

    def put_part(self, bucket_name, key, upload_id, number, data, checksums):
        upload = self.upload(bucket_name, key, upload_id)
        if not 1 <= number <= PARTS_MAX:
            raise invalid_argument("Part number must be an integer between 1 and 10000, inclusive",
                                   "partNumber", str(number))
        given = next(iter(checksums), None)
        if self.settings["checksums"] == "verify" and given != upload.algorithm:
            raise invalid_request("Checksum Type mismatch occurred, expected checksum Type: "
                                  f"{upload.algorithm or 'null'}, actual checksum Type: "
                                  f"{given or 'null'}")
        part = Part(data, hashlib.md5(data).hexdigest(), checksums, time.time())
        upload.parts[number] = part
        return part

    def abort(self, bucket_name, key, upload_id):
        self.upload(bucket_name, key, upload_id)
        del self.bucket(bucket_name).uploads[upload_id]

    def complete(self, bucket_name, key, upload_id, wanted, whole_checksums=None, if_match=None,
                 if_none_match=None):
        bucket = self.bucket(bucket_name)
        if upload_id in bucket.completed and self.settings["complete_twice"]:
            return bucket.completed[upload_id][1]
        upload = self.upload(bucket_name, key, upload_id)
        parts = self.check_parts(upload, wanted)
        self.check_write_condition("complete_conditions", bucket, key, if_match, if_none_match)
        digests = b"".join(bytes.fromhex(part.etag) for part in parts)
        etag = f"{hashlib.md5(digests).hexdigest()}-{len(parts)}"
        done = Object(b"".join(part.data for part in parts), upload.headers, etag,
                      [len(part.data) for part in parts])
        done.tags = upload.tags
        set_upload_checksum(done, upload, parts, whole_checksums or {})
        if upload.algorithm:
            done.part_rows = [(item.number, len(part.data), dict(part.checksums))
                              for item, part in zip(wanted, parts)]
        self.insert(bucket, key, done)
        del bucket.uploads[upload_id]
        bucket.completed[upload_id] = (key, done)
        return done

    def check_parts(self, upload, wanted):
        """The parts named by a Complete, each proven to be the one that was sent."""
        if not wanted:
            raise S3Error("MalformedXML", 400, "The XML you provided was not well-formed or did "
                          "not validate against our published schema")
        numbers = [item.number for item in wanted]
        if numbers != sorted(set(numbers)):
            raise S3Error("InvalidPartOrder", 400, "The list of parts was not in ascending order. "
                          "Parts must be ordered by part number.", UploadId=upload.id)
        parts = []
        for item in wanted:
            part = upload.parts.get(item.number)
            if part is None or part.etag != item.etag or not checksums_agree(item, part):
                raise S3Error("InvalidPart", 400, "One or more of the specified parts could not be "
                              "found. The part may not have been uploaded, or the specified entity "
                              "tag may not match the part's entity tag.", UploadId=upload.id,
                              PartNumber=str(item.number), ETag=item.etag)
            check_part_checksum(upload, item)
            parts.append(part)
        for item, part in list(zip(wanted, parts))[:-1]:
            if len(part.data) < self.settings["min_part"]:
                raise S3Error("EntityTooSmall", 400, "Your proposed upload is smaller than the "
                              "minimum allowed size", ProposedSize=str(len(part.data)),
                              MinSizeAllowed=str(self.settings["min_part"]),
                              PartNumber=str(item.number), ETag=item.etag)
        return parts


def precondition_failed(condition):
    return S3Error("PreconditionFailed", 412, "At least one of the pre-conditions you specified "
                   "did not hold", Condition=condition)


def etag_matches(header, etag):
    return any(item.strip() == "*" or item.strip().strip('"') == etag for item in header.split(","))


def check_key(key):
    if len(key.encode()) > KEY_MAX_BYTES:
        raise S3Error("KeyTooLongError", 400, "Your key is too long", MaxSizeAllowed="1024",
                      Size=str(len(key.encode())))


def check_metadata(headers):
    size = sum(len(k) - len("x-amz-meta-") + len(v) for k, v in headers
               if k.startswith("x-amz-meta-"))
    if size > META_MAX_BYTES:
        raise S3Error("MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed "
                      "metadata size", MaxSizeAllowed=str(META_MAX_BYTES), Size=str(size))


def checksums_agree(item, part):
    return all(part.checksums.get(name) == value for name, value in item.checksums.items())


def check_part_checksum(upload, item):
    """A composite checksum is proven part by part, so none may be missing in the Complete."""
    if upload.algorithm and upload.checksum_type == "COMPOSITE" and not item.checksums:
        raise invalid_request(f"The upload was created using a {upload.algorithm} checksum. The "
                              "complete request must include the checksum for each part. It was "
                              f"missing for part {item.number} in the request.")


def set_upload_checksum(done, upload, parts, given):
    """The object's checksum, of the parts' checksums or of the whole as the upload promised."""
    if not upload.algorithm:
        return
    compute = CHECKSUMS[upload.algorithm]
    if upload.checksum_type == "FULL_OBJECT":
        value = compute(done.data)
    else:
        joined = b"".join(base64.b64decode(part.checksums[upload.algorithm]) for part in parts)
        value = f"{compute(joined)}-{len(parts)}"
    wanted = given.get(upload.algorithm)
    if wanted is not None and wanted not in (value, value.split("-")[0]):
        raise bad_digest(upload.algorithm)
    done.checksums, done.checksum_type = {upload.algorithm: value}, upload.checksum_type


def bad_digest(algorithm):
    return S3Error("BadDigest", 400, f"The {algorithm.upper()} you specified did not match the "
                   "calculated checksum.")


def check_body_checksums(headers, data):
    """The x-amz-checksum-* of a request that has the body; returns {algorithm: value}."""
    given = {name: headers[f"x-amz-checksum-{name}"] for name in CHECKSUMS
             if f"x-amz-checksum-{name}" in headers}
    if len(given) > 1:
        raise invalid_request("Expecting a single x-amz-checksum- header. Multiple checksum Types "
                              "are not allowed.")
    for name, value in given.items():
        expected = CHECKSUMS[name](data)
        if len(value) != len(expected):
            raise invalid_request(f"Value for x-amz-checksum-{name} header is invalid.")
        if value != expected:
            raise bad_digest(name)
    promised = headers.get("x-amz-sdk-checksum-algorithm", "").lower()
    if promised and promised not in given:
        raise invalid_request("x-amz-sdk-checksum-algorithm specified, but no corresponding "
                              "x-amz-checksum-* or x-amz-trailer headers were found.")
    return given


def check_content_md5(headers, data):
    if "content-md5" not in headers:
        return
    try:
        digest = base64.b64decode(headers["content-md5"], validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != 16:
        raise S3Error("InvalidDigest", 400, "The Content-MD5 you specified is not valid.")
    if digest != hashlib.md5(data).digest():
        raise S3Error("BadDigest", 400, "The Content-MD5 you specified did not match what we "
                      "received.")
