"""What kms.py is made of below its operations: errors, blobs, request members, policies, faults.

Nothing here has state but Faults, whose owner is the service.
"""

import base64
import binascii
import json
import os
import re
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ACCOUNT = "111122223333"


class KmsError(Exception):
    """An answer that is an error: AWS's exception name, message and HTTP status."""

    def __init__(self, name, message=None, status=400):
        super().__init__(message or name)
        self.name, self.message, self.status = name, message, status

    def body(self):
        # KMS spells the member "Message" for a denial and "message" for the rest; the texts of
        # InvalidCiphertextException are null, so that nothing can be learnt from them.
        member = "Message" if self.name == "AccessDeniedException" else "message"
        body = {"__type": self.name}
        if self.message is not None:
            body[member] = self.message
        return body


def invalid(message):
    return KmsError("ValidationException", message)


def not_found(arn):
    return KmsError("NotFoundException", f"Key '{arn}' does not exist")


# -- blobs

# AWS's blob for a 32-byte data key has 184 bytes and begins as this one does. What lies between is
# our own: length and text of the key id, the generation of the key's material, random padding, IV.
# All of it is authenticated, together with the encryption context.
MAGIC = b"\x01\x02\x02\x00\x78"
ID_FIELD, PAD, IV, TAG = 64, 50, 12, 16
HEADER = len(MAGIC) + 1 + ID_FIELD + 4 + PAD + IV
assert HEADER + 32 + TAG == 184

INVALID_CIPHERTEXT = KmsError("InvalidCiphertextException")


def context_aad(context):
    return json.dumps(context, sort_keys=True, separators=(",", ":")).encode()


def seal(key, plaintext, context):
    generation = len(key["Material"]) - 1
    key_id = key["KeyId"].encode()
    header = b"".join((MAGIC, bytes([len(key_id)]), key_id.ljust(ID_FIELD, b"\0"),
                       generation.to_bytes(4, "big"), os.urandom(PAD + IV)))
    cipher = AESGCM(base64.b64decode(key["Material"][generation]))
    return header + cipher.encrypt(header[-IV:], plaintext, header + context_aad(context))


def blob_key_id(blob):
    if len(blob) < HEADER + TAG or not blob.startswith(MAGIC) or blob[5] > ID_FIELD:
        raise INVALID_CIPHERTEXT
    return blob[6:6 + blob[5]].decode("ascii", "replace")


def unseal(key, blob, context):
    header = blob[:HEADER]
    generation = int.from_bytes(header[-IV - PAD - 4:-IV - PAD], "big")
    if generation >= len(key["Material"]):
        raise INVALID_CIPHERTEXT
    cipher = AESGCM(base64.b64decode(key["Material"][generation]))
    try:
        return cipher.decrypt(header[-IV:], blob[HEADER:], header + context_aad(context))
    except InvalidTag:
        raise INVALID_CIPHERTEXT from None


def unseal_imported(entries, context):
    """What a blob of elsewhere holds under this context; see import_blob of kms.py."""
    for known_context, plaintext, _ in entries:
        if known_context == context:
            return plaintext
    raise INVALID_CIPHERTEXT


# -- request members


def text_member(request, name, required=True, limit=2048):
    value = request.get(name)
    if value is None and not required:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= limit:
        raise invalid(f"1 validation error detected: Value at '{name[0].lower() + name[1:]}' "
                      f"failed to satisfy constraint: Member must "
                      + ("not be null" if value is None else f"have length between 1 and {limit}"))
    return value


def blob_member(request, name, limit):
    try:
        value = base64.b64decode(request.get(name) or "", validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise KmsError("SerializationException", f"{name} is not base64") from None
    if not 1 <= len(value) <= limit:
        raise invalid(f"1 validation error detected: Value at '{name[0].lower() + name[1:]}' "
                      "failed to satisfy constraint: Member must have length between 1 and "
                      f"{limit}")
    return value


def context_member(request, name="EncryptionContext"):
    context = request.get(name) or {}
    if not isinstance(context, dict) or not all(isinstance(v, str) for v in context.values()):
        raise KmsError("SerializationException", f"{name} must map strings to strings")
    if len(context_aad(context)) > 8192:
        raise invalid(f"{name} is longer than 8192 characters")
    return context


def data_key_length(request):
    spec, count = request.get("KeySpec"), request.get("NumberOfBytes")
    if (spec is None) == (count is None):
        raise invalid("Please specify either number of bytes or key spec.")
    if spec is not None:
        if spec not in ("AES_256", "AES_128"):
            raise invalid(f"1 validation error detected: Value '{spec}' at 'keySpec' failed to "
                          "satisfy constraint: Member must satisfy enum value set: "
                          "[AES_256, AES_128]")
        return {"AES_256": 32, "AES_128": 16}[spec]
    return byte_count(count)


def byte_count(count):
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= 1024:
        raise invalid(f"1 validation error detected: Value '{count}' at 'numberOfBytes' failed to "
                      "satisfy constraint: Member must have value between 1 and 1024")
    return count


def encode_blob(value):
    return base64.b64encode(value).decode()


# -- policies


def default_policy(account):
    root = {"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Action": "kms:*",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Resource": "*"}
    return {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [root]}


def as_list(value):
    return value if isinstance(value, list) else [value]


def user_arn(access_key, account):
    return f"arn:aws:iam::{account}:user/{access_key}"


def matches(pattern, value):
    regex = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(regex, value, re.IGNORECASE) is not None


def principal_matches(principal, caller):
    account, access_key = caller
    names = ["*"] if principal == "*" else as_list(principal.get("AWS", []))
    known = ("*", access_key, user_arn(access_key, account), account,
             f"arn:aws:iam::{account}:root")
    return any(name in known for name in names)


def conditions_hold(conditions, context):
    """StringEquals on kms:EncryptionContext:NAME, the only condition known here."""
    for operator, tests in conditions.items():
        for name, wanted in tests.items():
            prefix = "kms:EncryptionContext:"
            if operator != "StringEquals" or not name.startswith(prefix):
                raise KmsError("UnsupportedOperationException",
                               f"the emulator does not know the condition {operator} {name}")
            if context.get(name[len(prefix):]) not in as_list(wanted):
                return False
    return True


def policy_effect(policy, caller, action, arn, context):
    """Deny, Allow or None, as the statements say; a denial wins. Caller: (account, access key)."""
    effect = None
    for statement in as_list(policy["Statement"]):
        applies = (principal_matches(statement["Principal"], caller)
                   and any(matches(a, f"kms:{action}") for a in as_list(statement["Action"]))
                   and any(matches(r, arn) for r in as_list(statement.get("Resource", "*")))
                   and conditions_hold(statement.get("Condition", {}), context))
        if applies and statement["Effect"] == "Deny":
            return "Deny"
        if applies:
            effect = "Allow"
    return effect


def check_policy_shape(text):
    try:
        policy = json.loads(text)
        for statement in as_list(policy["Statement"]):
            if statement["Effect"] not in ("Allow", "Deny"):
                raise ValueError("Effect")
            statement["Principal"], statement["Action"]  # pylint: disable=pointless-statement
    except (ValueError, KeyError, TypeError):
        raise KmsError("MalformedPolicyDocumentException",
                       "The specified policy is not valid.") from None
    return policy


# -- faults


class Faults:
    """What a test has ordered to go wrong, in order; the first that applies to a call acts.

    A fault is a dict: `action` (a regular expression, default all), `skip` and `times` (calls to
    let pass, calls to hit; None for ever), `until` (a monotonic time), and what to do: `delay`
    seconds, then `close` the connection, or `type`, `message`, `status` of an error.
    """

    def __init__(self):
        self.entries = []

    def add(self, **fault):
        re.compile(fault.setdefault("action", ".*"))
        self.entries.append(fault)

    def take(self, action):
        now = time.monotonic()
        self.entries = [f for f in self.entries
                        if f.get("times", 1) != 0 and f.get("until", now) >= now]
        for fault in self.entries:
            if not re.fullmatch(fault["action"], action):
                continue
            if fault.get("skip"):
                fault["skip"] -= 1
                continue
            if fault.get("times") is not None:
                fault["times"] -= 1
            return dict(fault)
        return None
