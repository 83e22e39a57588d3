"""AWS Signature Version 4, both sides: signing for the test bed, verifying for the servers.

Standard library only. Paths are taken as S3 takes them: percent-decoded once, encoded again
strictly, never normalised. KMS only knows the path "/", for which the difference is nil.
"""

import collections
import datetime
import hashlib
import hmac
import urllib.parse

Credentials = collections.namedtuple("Credentials", "access_key secret_key token")
Credentials.__new__.__defaults__ = (None,)

# The pair that every server of this folder knows unless told otherwise.
DEFAULT = Credentials("AKIATESTTESTTESTTEST", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"
TIME_FORMAT = "%Y%m%dT%H%M%SZ"


class SignatureError(Exception):
    """A request that must not be served. `kind` is for programs, the text for people.

    Kinds: missing, incomplete, service, unknown-key, signature, expired, early, token,
    token-expired.
    """

    def __init__(self, kind, text, **details):
        super().__init__(text)
        self.kind = kind
        self.details = details


Verdict = collections.namedtuple("Verdict", "access_key region service signed_headers")


def encode(text, safe=""):
    return urllib.parse.quote(text, safe=safe + "-_.~")


def utcnow(offset_s=0):
    now = datetime.datetime.now(datetime.timezone.utc)
    return now + datetime.timedelta(seconds=offset_s)


def canonical_path(raw_path):
    return encode(urllib.parse.unquote_to_bytes(raw_path), "/") or "/"


def canonical_query(raw_query):
    pairs = []
    for item in raw_query.split("&") if raw_query else []:
        name, _, value = item.partition("=")
        # A plus sign is a plus sign: S3 does not read it as a space in a signed query.
        pairs.append(tuple(encode(urllib.parse.unquote_to_bytes(part)) for part in (name, value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def signing_key(secret, date, region, service):
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def signature(secret, scope, amz_date, canonical_request):
    date, region, service, _ = scope.split("/")
    digest = hashlib.sha256(canonical_request.encode("latin-1")).hexdigest()
    to_sign = "\n".join((ALGORITHM, amz_date, scope, digest))
    key = signing_key(secret, date, region, service)
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def canonical_request(method, target, headers, signed_names, payload_hash):
    """`headers` is a list of (lower-case name, value); values may repeat a name."""
    path, _, query = target.partition("?")
    lines = []
    for name in signed_names:
        values = [" ".join(value.split()) for key, value in headers if key == name]
        lines.append(f"{name}:{','.join(values)}\n")
    return "\n".join((method, canonical_path(path), canonical_query(query), "".join(lines),
                      ";".join(signed_names), payload_hash))


def sign(method, target, headers, credentials, region, service, *, body=b"", payload_hash=None,
         clock_offset_s=0):
    """Return a copy of the dict `headers` (Host among them) with everything SigV4 adds.

    `target` is path and query as they will go over the wire, already percent-encoded.
    """
    amz_date = utcnow(clock_offset_s).strftime(TIME_FORMAT)
    payload_hash = payload_hash or hashlib.sha256(body).hexdigest()
    out = dict(headers)
    out["x-amz-date"] = amz_date
    if service == "s3":
        out["x-amz-content-sha256"] = payload_hash
    if credentials.token:
        out["x-amz-security-token"] = credentials.token
    # Values travel as UTF-8; what is signed are those bytes.
    wire = [(key.lower(), str(value).encode().decode("latin-1")) for key, value in out.items()]
    names = sorted({key for key, _ in wire if key not in ("connection", "expect", "user-agent")})
    scope = f"{amz_date[:8]}/{region}/{service}/aws4_request"
    request = canonical_request(method, target, wire, names, payload_hash)
    value = signature(credentials.secret_key, scope, amz_date, request)
    out["Authorization"] = (f"{ALGORITHM} Credential={credentials.access_key}/{scope}, "
                            f"SignedHeaders={';'.join(names)}, Signature={value}")
    return out


def parse_authorization(text):
    """Split the Authorization header; raise `incomplete` naming what AWS would name."""
    algorithm, _, rest = text.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise SignatureError("incomplete", f"Unsupported authorization type: '{algorithm}'")
    fields = {}
    for part in rest.split(","):
        name, _, value = part.strip().partition("=")
        fields[name] = value
    for name in ("Credential", "Signature", "SignedHeaders"):
        if not fields.get(name):
            raise SignatureError("incomplete",
                                 f"Authorization header requires '{name}' parameter.")
    credential = fields["Credential"].split("/")
    if len(credential) < 5 or credential[-1] != "aws4_request":
        raise SignatureError("incomplete", "Credential must have exactly 5 slash-delimited "
                             f"elements, e.g. keyid/date/region/service/term, got "
                             f"'{fields['Credential']}'")
    return fields, "/".join(credential[:-4]), credential[-4:]


def check_clock(amz_date, scope_date, now, allowed_skew_s):
    try:
        signed_at = datetime.datetime.strptime(amz_date, TIME_FORMAT)
    except ValueError:
        raise SignatureError("incomplete", "Date must be in ISO-8601 'basic format'. "
                             f"Got '{amz_date}'.") from None
    signed_at = signed_at.replace(tzinfo=datetime.timezone.utc)
    if amz_date[:8] != scope_date:
        raise SignatureError("signature", f"Date in Credential scope does not match YYYYMMDD "
                             f"from ISO-8601 version of date from HTTP: '{scope_date}' != "
                             f"'{amz_date[:8]}', from '{amz_date}'.")
    skew = datetime.timedelta(seconds=allowed_skew_s)
    server = now.strftime(TIME_FORMAT)
    minutes = allowed_skew_s // 60
    if signed_at < now - skew:
        raise SignatureError("expired", f"Signature expired: {amz_date} is now earlier than "
                             f"{(now - skew).strftime(TIME_FORMAT)} ({server} - {minutes} min.)",
                             request_time=amz_date, server_time=server)
    if signed_at > now + skew:
        raise SignatureError("early", f"Signature not yet current: {amz_date} is still later than "
                             f"{(now + skew).strftime(TIME_FORMAT)} ({server} + {minutes} min.)",
                             request_time=amz_date, server_time=server)


def find_credentials(known, access_key, token):
    """`known` maps an access key to the list of Credentials it is valid with."""
    candidates = known.get(access_key)
    if not candidates:
        raise SignatureError("unknown-key", "The security token included in the request is "
                             "invalid.", access_key=access_key)
    for candidate in candidates:
        if (candidate.token or None) == (token or None):
            return candidate
    raise SignatureError("token", "The security token included in the request is invalid",
                         access_key=access_key)


def required_headers(headers):
    """What must be signed: the host, and every x-amz-* header but the body's hash."""
    names = {key for key, _ in headers}
    must = {"host"} | {name for name in names if name.startswith("x-amz-")}
    return must - {"x-amz-content-sha256"}


def verify(method, target, headers, payload_hash, known, service, *, allowed_skew_s,
           clock_offset_s=0):
    """Check one request; `headers` are (name, value) pairs as received (latin-1 text)."""
    headers = [(key.lower(), value) for key, value in headers]
    single = dict(headers)
    if "authorization" not in single:
        raise SignatureError("missing", "Missing Authentication Token")
    fields, access_key, (date, region, scope_service, _) = parse_authorization(
        single["authorization"])
    amz_date = single.get("x-amz-date", "")
    if not amz_date:
        raise SignatureError("incomplete", "Authorization header requires existence of either a "
                             "'X-Amz-Date' or a 'Date' header.")
    credentials = find_credentials(known, access_key, single.get("x-amz-security-token"))
    if scope_service != service:
        raise SignatureError("service",
                             f"Credential should be scoped to correct service: '{service}'.")
    check_clock(amz_date, date, utcnow(clock_offset_s), allowed_skew_s)
    names = fields["SignedHeaders"].split(";")
    missing = sorted(required_headers(headers) - set(names))
    if missing:
        raise SignatureError("unsigned", "There were headers present in the request which were "
                             f"not signed: {', '.join(missing)}", headers=missing)
    if names != sorted(set(names)):
        raise SignatureError("signature", "SignedHeaders must be lower case, sorted and unique")
    request = canonical_request(method, target, headers, names, payload_hash)
    scope = f"{date}/{region}/{service}/aws4_request"
    expected = signature(credentials.secret_key, scope, amz_date, request)
    if not hmac.compare_digest(expected, fields["Signature"]):
        raise SignatureError("signature", "The request signature we calculated does not match the "
                             "signature you provided.", canonical_request=request)
    return Verdict(access_key, region, service, names)


def parse_credentials(text):
    """AK:SK or AK:SK:TOKEN, as the servers' command lines take them."""
    parts = text.split(":", 2)
    if len(parts) < 2 or not all(parts):
        raise ValueError(f"credentials must be AK:SK or AK:SK:TOKEN, not '{text}'")
    return Credentials(*parts)


def keep_credentials(known, credentials):
    known.setdefault(credentials.access_key, []).append(credentials)
