#!/usr/bin/python3
"""An AWS KMS emulator for tests: the JSON protocol, real AES-GCM blobs, states, policies, faults.

    kms.py --port P [--state FILE] [--tls CERT KEY] [--credentials AK:SK[:TOKEN]]... [--no-auth]

Listens on 127.0.0.1 only, prints "kms ready on URL" once it does. Port 0 takes a free one.
Needs Debian's python3-cryptography and nothing else. It stores its master keys in plain sight:
it is a stand-in for tests and never a place for a real key.

Control, on the same port, for loopback only:
    GET  /_control   {"log": [...], "faults": [...], "keys": [...]}; never any plaintext key
    POST /_control   a JSON object of commands, see CONTROLS at the end of this file
"""

import argparse
import base64
import collections
import datetime
import email.utils
import hashlib
import json
import os
import re
import threading
import time
import uuid

import httpbase
import sigv4
from kmsparts import (ACCOUNT, Faults, KmsError, blob_key_id, blob_member, byte_count,
                      check_policy_shape, context_member, data_key_length, default_policy,
                      encode_blob, invalid, matches, not_found, policy_effect, seal, text_member,
                      unseal, unseal_imported, user_arn)

CONTENT_TYPE = "application/x-amz-json-1.1"
MAX_BODY_BYTES = 1 << 20
MAX_LOG = 100000
ALLOWED_SKEW_S = 300
ID_CHARS = re.compile(r"[A-Za-z0-9-]{1,64}\Z")
ALIAS = re.compile(r"alias/[A-Za-z0-9/_-]{1,250}\Z")
ARN = re.compile(r"arn:aws:kms:([a-z0-9-]+):(\d{12}):((?:key|alias)/.+)\Z")


# `account` is the caller's; a key has its own.
Call = collections.namedtuple("Call", "action region account access_key request entry")
# What may be asked of a key of another account, if that key's policy allows it.
ACROSS_ACCOUNTS = {"DescribeKey", "GetKeyRotationStatus", "GenerateDataKey", "Encrypt", "Decrypt",
                   "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"}
NO_POLICY = ("because the resource does not exist in this Region, no resource-based policies allow "
             "access, or a resource-based policy explicitly denies access")
MAY_DRY_RUN = {"GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "Encrypt", "Decrypt",
               "ReEncrypt"}


class Kms:
    """All state. One lock guards it; no call does I/O but the state file under it."""

    def __init__(self, credentials, state_path=None, auth=True, region="us-east-1"):
        self.lock = threading.RLock()
        self.known = {}
        for item in credentials:
            sigv4.keep_credentials(self.known, item)
        self.auth = auth
        self.region = region
        self.state_path = state_path
        self.keys = {}       # (region, key id) -> dict
        self.aliases = {}    # (account, region, alias) -> key id
        self.accounts = {}   # access key -> account; ACCOUNT for others
        self.imported = {}   # blob of elsewhere -> [(context, plaintext, key's region and id)]
        self.denials = []    # {"action", "access_key", "key"}, each a pattern
        self.faults = Faults()
        self.expired = set()  # session tokens
        self.expiries = {}    # of others: when, by this server's clock
        self.clock_offset_s = 0
        self.log = []
        self.issued_path = None
        self.load()

    # -- persistence

    def load(self):
        if not self.state_path or not os.path.exists(self.state_path):
            return
        with open(self.state_path, encoding="utf-8") as file:
            state = json.load(file)
        self.keys = {(k["Region"], k["KeyId"]): {"Account": ACCOUNT, **k} for k in state["keys"]}
        self.aliases = {(a.get("Account", ACCOUNT), a["Region"], a["Alias"]): a["KeyId"]
                        for a in state["aliases"]}

    def save(self):
        if not self.state_path:
            return
        aliases = [{"Account": o, "Region": r, "Alias": a, "KeyId": k}
                   for (o, r, a), k in self.aliases.items()]
        state = {"keys": list(self.keys.values()), "aliases": aliases}
        scratch = f"{self.state_path}.new"
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(state, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, self.state_path)

    # -- keys

    def new_key(self, account, region, request, key_id=None, material=None):
        multi = bool(request.get("MultiRegion"))
        key_id = key_id or ("mrk-" + uuid.uuid4().hex if multi else str(uuid.uuid4()))
        if not ID_CHARS.match(key_id) or (region, key_id) in self.keys:
            raise invalid(f"key id '{key_id}' is malformed or in use")
        material = encode_blob(material if material else os.urandom(32))
        key = {"KeyId": key_id, "Account": account, "Region": region,
               "State": "Enabled", "Material": [material],
               "Description": request.get("Description", ""), "MultiRegion": multi,
               "Spec": request.get("KeySpec", "SYMMETRIC_DEFAULT"), "Deletion": None,
               "Usage": request.get("KeyUsage", "ENCRYPT_DECRYPT"), "Created": time.time(),
               "Rotation": False, "Policy": default_policy(account)}
        if request.get("Policy"):
            key["Policy"] = check_policy_shape(request["Policy"])
        self.keys[region, key_id] = key
        self.save()
        return key

    @staticmethod
    def arn(key):
        return f"arn:aws:kms:{key['Region']}:{key['Account']}:key/{key['KeyId']}"

    def live(self, region, key_id):
        """The key, or None; one whose waiting time is over is gone."""
        key = self.keys.get((region, key_id))
        if key and key["Deletion"] and key["Deletion"] <= time.time() + self.clock_offset_s:
            del self.keys[region, key_id]
            self.save()
            return None
        return key

    def find(self, call, name):
        """Key id, key ARN, alias or alias ARN to the key, or NotFoundException."""
        arn = ARN.match(name)
        if arn and arn.group(1) != call.region:
            raise KmsError("NotFoundException", f"Invalid arn {arn.group(1)}")
        if not arn and name.startswith("arn:"):
            raise KmsError("NotFoundException", f"Invalid arn {name}")
        account, local = (arn.group(2), arn.group(3)) if arn else (call.account, name)
        if local.startswith("alias/"):
            key_id = self.aliases.get((account, call.region, local))
            if key_id is None and account == call.account:
                raise self.no_alias(account, call.region, local)
        else:
            key_id = local[4:] if arn else local
        key = self.live(call.region, key_id)
        if key and key["Account"] == account:
            return key
        full = f"arn:aws:kms:{call.region}:{account}:{local if arn else 'key/' + local}"
        if account != call.account:  # whether it is there is not a stranger's business
            raise self.denied(call, call.action, full, NO_POLICY)
        if not re.fullmatch(r"(mrk-[0-9a-f]{32}|[0-9a-f-]{36})", key_id):
            raise KmsError("NotFoundException", f"Invalid keyId '{key_id}'")
        raise not_found(f"arn:aws:kms:{call.region}:{account}:key/{key_id}")

    @staticmethod
    def no_alias(account, region, name):
        return KmsError("NotFoundException",
                        f"Alias arn:aws:kms:{region}:{account}:{name} is not found.")

    @staticmethod
    def denied(call, action, arn, why):
        return KmsError("AccessDeniedException",
                        f"User: {user_arn(call.access_key, call.account)} is not authorized to "
                        f"perform: kms:{action} on resource: {arn} {why}")

    def authorize(self, call, action, key, context=None):
        arn, who = self.arn(key), call.access_key
        call.entry["key_id"], call.entry["key_arn"] = key["KeyId"], arn
        for denial in self.denials:
            named = denial.get("key", "*")
            if (matches(denial.get("action", "*"), action)
                    and matches(denial.get("access_key", "*"), who)
                    and (matches(named, arn) or named == key["KeyId"])):
                raise self.denied(call, action, arn, "because no identity-based policy allows the "
                                  f"kms:{action} action")
        effect = policy_effect(key["Policy"], (call.account, who), action, arn, context or {})
        if effect == "Deny":
            raise self.denied(call, action, arn, "with an explicit deny in a resource-based policy")
        foreign = key["Account"] != call.account
        if foreign and (effect is None or action not in ACROSS_ACCOUNTS):
            raise self.denied(call, action, arn, NO_POLICY)
        if effect is None:
            raise self.denied(call, action, arn,
                              f"because no resource-based policy allows the kms:{action} action")

    def usable(self, call, action, key, context):
        """A key that may do cryptography for this caller now."""
        self.authorize(call, action, key, context)
        if key["State"] == "Disabled":
            raise KmsError("DisabledException", f"{self.arn(key)} is disabled.")
        self.not_pending(key)
        if key["Usage"] != "ENCRYPT_DECRYPT" or key["Spec"] != "SYMMETRIC_DEFAULT":
            raise KmsError("InvalidKeyUsageException",
                           f"{self.arn(key)} key usage is {key['Usage']} which is not valid for "
                           f"{action}.")
        return key

    def not_pending(self, key):
        if key["State"] == "PendingDeletion":
            raise KmsError("KMSInvalidStateException", f"{self.arn(key)} is pending deletion.")

    def named(self, call, action=None, member="KeyId"):
        """The key that the request names, for an operation on the key itself."""
        key = self.find(call, text_member(call.request, member))
        self.authorize(call, action or call.action, key)
        return key

    def metadata(self, key):
        out = {"AWSAccountId": key["Account"], "Arn": self.arn(key), "CreationDate": key["Created"],
               "CustomerMasterKeySpec": key["Spec"], "Description": key["Description"],
               "Enabled": key["State"] == "Enabled", "KeyId": key["KeyId"],
               "KeyManager": "CUSTOMER", "KeySpec": key["Spec"], "KeyState": key["State"],
               "KeyUsage": key["Usage"],
               "MultiRegion": key["MultiRegion"], "Origin": "AWS_KMS"}
        if key["Spec"] == "SYMMETRIC_DEFAULT":
            out["EncryptionAlgorithms"] = ["SYMMETRIC_DEFAULT"]
        if key["Deletion"]:
            out["DeletionDate"] = key["Deletion"]
        return out

    # -- operations: management

    def do_CreateKey(self, call):
        return {"KeyMetadata": self.metadata(self.new_key(call.account, call.region,
                                                         call.request))}

    def do_ReplicateKey(self, call):
        key = self.named(call)
        region = text_member(call.request, "ReplicaRegion")
        if not key["MultiRegion"]:
            raise KmsError("UnsupportedOperationException", f"{self.arn(key)} is not multi-region.")
        if (region, key["KeyId"]) in self.keys:
            raise KmsError("AlreadyExistsException", f"{key['KeyId']} exists in {region}")
        copy = dict(key, Region=region, Created=time.time(), Policy=default_policy(key["Account"]))
        self.keys[region, key["KeyId"]] = copy
        self.save()
        return {"ReplicaKeyMetadata": self.metadata(copy),
                "ReplicaPolicy": json.dumps(copy["Policy"])}

    def do_DescribeKey(self, call):
        return {"KeyMetadata": self.metadata(self.named(call))}

    def do_EnableKey(self, call):
        self.set_state(self.named(call), "Enabled")

    def do_DisableKey(self, call):
        self.set_state(self.named(call), "Disabled")

    def set_state(self, key, state):
        self.not_pending(key)
        key["State"] = state
        self.save()

    def do_ScheduleKeyDeletion(self, call):
        key = self.named(call)
        days = call.request.get("PendingWindowInDays", 30)
        if not isinstance(days, int) or not 7 <= days <= 30:
            raise invalid("Pending window in days must be between 7 and 30.")
        self.not_pending(key)
        key["State"], key["Deletion"] = "PendingDeletion", time.time() + days * 86400
        self.save()
        return {"KeyId": self.arn(key), "DeletionDate": key["Deletion"], "KeyState": key["State"],
                "PendingWindowInDays": days}

    def do_CancelKeyDeletion(self, call):
        key = self.named(call)
        if key["State"] != "PendingDeletion":
            raise KmsError("KMSInvalidStateException", f"{self.arn(key)} is not pending deletion.")
        key["State"], key["Deletion"] = "Disabled", None
        self.save()
        return {"KeyId": self.arn(key)}

    def do_ListKeys(self, call):
        keys = [{"KeyId": k["KeyId"], "KeyArn": self.arn(k)} for (region, _), k
                in sorted(self.keys.items())
                if (k["Account"], region) == (call.account, call.region)]
        return self.page(call, "Keys", keys)

    def do_CreateAlias(self, call):
        place, key = self.alias_of(call), self.named(call, member="TargetKeyId")
        if place in self.aliases:
            account, region, name = place
            raise KmsError("AlreadyExistsException", "An alias with the name "
                           f"arn:aws:kms:{region}:{account}:{name} already exists")
        self.not_pending(key)
        self.aliases[place] = key["KeyId"]
        self.save()

    def do_UpdateAlias(self, call):
        place, key = self.alias_of(call), self.named(call, member="TargetKeyId")
        self.existing_alias(place)
        self.aliases[place] = key["KeyId"]
        self.save()

    def do_DeleteAlias(self, call):
        place = self.alias_of(call)
        self.existing_alias(place)
        del self.aliases[place]
        self.save()

    def existing_alias(self, place):
        if place not in self.aliases:
            raise self.no_alias(*place)

    def alias_of(self, call):
        """Where an alias of the caller's stands."""
        return call.account, call.region, self.alias_name(call)

    @staticmethod
    def alias_name(call):
        name = text_member(call.request, "AliasName", limit=256)
        if not ALIAS.match(name) or name.startswith("alias/aws/"):
            kind = "InvalidAliasName" if name.startswith("alias/") else "Validation"
            raise KmsError(f"{kind}Exception", "Alias must start with the prefix \"alias/\". "
                           "Please see https://docs.aws.amazon.com/kms/ for naming requirements.")
        return name

    def do_ListAliases(self, call):
        wanted = call.request.get("KeyId")
        target = self.find(call, wanted)["KeyId"] if wanted else None
        aliases = [{"AliasName": a, "AliasArn": f"arn:aws:kms:{r}:{o}:{a}", "TargetKeyId": k}
                   for (o, r, a), k in sorted(self.aliases.items())
                   if (o, r) == (call.account, call.region) and target in (None, k)]
        return self.page(call, "Aliases", aliases)

    @staticmethod
    def page(call, member, items):
        limit = call.request.get("Limit", 100)
        marker = call.request.get("Marker", "0")
        if not isinstance(limit, int) or not 1 <= limit <= 1000:
            raise invalid("Limit must be between 1 and 1000")
        if not str(marker).isdigit():
            raise KmsError("InvalidMarkerException", "Could not deserialize marker")
        start = int(marker)
        out = {member: items[start:start + limit], "Truncated": start + limit < len(items)}
        if out["Truncated"]:
            out["NextMarker"] = str(start + limit)
        return out

    def do_PutKeyPolicy(self, call):
        key = self.named(call)
        if call.request.get("PolicyName", "default") != "default":
            raise KmsError("NotFoundException", "No such policy exists")
        key["Policy"] = check_policy_shape(text_member(call.request, "Policy", limit=131072))
        self.save()

    def do_GetKeyPolicy(self, call):
        key = self.named(call)
        if call.request.get("PolicyName", "default") != "default":
            raise KmsError("NotFoundException", "No such policy exists")
        return {"Policy": json.dumps(key["Policy"], indent=2), "PolicyName": "default"}

    def do_EnableKeyRotation(self, call):
        self.set_rotation(call, True)

    def do_DisableKeyRotation(self, call):
        self.set_rotation(call, False)

    def set_rotation(self, call, on):
        key = self.named(call)
        if key["State"] == "Disabled":
            raise KmsError("DisabledException", f"{self.arn(key)} is disabled.")
        self.not_pending(key)
        key["Rotation"] = on
        self.save()

    def do_GetKeyRotationStatus(self, call):
        key = self.named(call)
        return {"KeyRotationEnabled": key["Rotation"], "KeyId": self.arn(key)}

    def do_RotateKeyOnDemand(self, call):
        key = self.usable(call, call.action, self.named(call), {})
        key["Material"].append(encode_blob(os.urandom(32)))
        self.save()
        return {"KeyId": self.arn(key)}

    # -- operations: cryptography

    def do_GenerateDataKey(self, call):
        return self.do_GenerateDataKeyWithoutPlaintext(call, keep_plaintext=True)

    def do_GenerateDataKeyWithoutPlaintext(self, call, keep_plaintext=False):
        key = self.find(call, text_member(call.request, "KeyId"))
        length = data_key_length(call.request)
        context = context_member(call.request)
        self.usable(call, call.action, key, context)
        plaintext = os.urandom(length)
        out = {"CiphertextBlob": encode_blob(seal(key, plaintext, context)), "KeyId": self.arn(key)}
        if keep_plaintext:
            out["Plaintext"] = encode_blob(plaintext)
            self.note_issued(out["Plaintext"])
        return out

    def note_issued(self, key):
        if self.issued_path:
            with open(self.issued_path, "a", encoding="ascii") as file:
                file.write(key + "\n")

    def do_Encrypt(self, call):
        plaintext = blob_member(call.request, "Plaintext", 4096)
        context = context_member(call.request)
        key = self.find(call, text_member(call.request, "KeyId"))
        self.usable(call, "Encrypt", key, context)
        self.symmetric_only(call, "EncryptionAlgorithm")
        return {"CiphertextBlob": encode_blob(seal(key, plaintext, context)),
                "KeyId": self.arn(key), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}

    @staticmethod
    def symmetric_only(call, member):
        if call.request.get(member, "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
            raise KmsError("InvalidKeyUsageException", f"{call.request[member]} is not valid for "
                           "a symmetric key.")

    def open_blob(self, call, action, blob, context, named):
        """Find the blob's key, check it against the one named, open it: (key, plaintext)."""
        wanted = self.find(call, named) if named else None
        known = self.imported.get(blob)
        key = self.live(*known[0][2]) if known else self.live(call.region, blob_key_id(blob))
        if wanted:
            self.usable(call, action, wanted, context)
            if key is not wanted:
                raise KmsError("IncorrectKeyException", "The key ID in the request does not "
                               "identify a CMK that can perform this operation.")
        if key is None:
            raise KmsError("AccessDeniedException", "The ciphertext refers to a customer master "
                           "key that does not exist, does not exist in this region, or you are "
                           "not allowed to access.")
        self.usable(call, action, key, context)
        return key, (unseal_imported(known, context) if known else unseal(key, blob, context))

    def do_Decrypt(self, call):
        blob = blob_member(call.request, "CiphertextBlob", 6144)
        context = context_member(call.request)
        self.symmetric_only(call, "EncryptionAlgorithm")
        named = text_member(call.request, "KeyId", required=False)
        key, plaintext = self.open_blob(call, "Decrypt", blob, context, named)
        return {"KeyId": self.arn(key), "Plaintext": encode_blob(plaintext),
                "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}

    def do_ReEncrypt(self, call):
        blob = blob_member(call.request, "CiphertextBlob", 6144)
        source_context = context_member(call.request, "SourceEncryptionContext")
        context = context_member(call.request, "DestinationEncryptionContext")
        destination = self.find(call, text_member(call.request, "DestinationKeyId"))
        named = text_member(call.request, "SourceKeyId", required=False)
        source, plaintext = self.open_blob(call, "ReEncryptFrom", blob, source_context, named)
        self.usable(call, "ReEncryptTo", destination, context)
        return {"CiphertextBlob": encode_blob(seal(destination, plaintext, context)),
                "KeyId": self.arn(destination), "SourceKeyId": self.arn(source),
                "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
                "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT"}

    @staticmethod
    def do_GenerateRandom(call):
        return {"Plaintext": encode_blob(os.urandom(byte_count(call.request.get("NumberOfBytes"))))}

    # -- one call

    def region_of(self, headers):
        found = re.search(r"Credential=[^,/]+/\d{8}/([a-z0-9-]+)/kms/", dict(headers).get(
            "authorization", ""))
        return found.group(1) if found else self.region

    def authenticate(self, method, target, headers, body):
        """(access key, region), or the error that AWS gives."""
        if not self.auth:
            return "anonymous", self.region_of(headers)
        try:
            verdict = sigv4.verify(method, target, headers, hashlib.sha256(body).hexdigest(),
                                   self.known, "kms", allowed_skew_s=ALLOWED_SKEW_S,
                                   clock_offset_s=self.clock_offset_s)
        except sigv4.SignatureError as error:
            raise KmsError(SIGNATURE_ERRORS[error.kind], str(error)) from None
        token, now_s = dict(headers).get("x-amz-security-token"), time.time() + self.clock_offset_s
        if token in self.expired or self.expiries.get(token, now_s + 1) <= now_s:
            raise KmsError("ExpiredTokenException",
                           "The security token included in the request is expired")
        return verdict.access_key, verdict.region

    def perform(self, action, method, target, headers, body, entry):
        """The answer of one call as (status, JSON value); `entry` is its line in the log."""
        try:
            entry["access_key"], entry["region"] = self.authenticate(method, target, headers, body)
            operation = getattr(self, f"do_{action}", None)
            if operation is None:
                raise KmsError("UnknownOperationException")
            try:
                request = json.loads(body or b"{}")
            except ValueError:
                request = None
            if not isinstance(request, dict):
                raise KmsError("SerializationException", "The request is not a JSON object")
            note_request(entry, request)
            account = self.accounts.get(entry["access_key"], ACCOUNT)
            call = Call(action, entry["region"], account, entry["access_key"], request, entry)
            with self.lock:
                value = operation(call) or {}
            if request.get("DryRun") and action in MAY_DRY_RUN:
                raise KmsError("DryRunOperationException", "The request would have succeeded, but "
                               "the DryRun option is set.")
            return 200, value
        except KmsError as error:
            entry["result"] = error.name
            return error.status, error.body()

    def note(self, entry):
        with self.lock:
            self.log.append(entry)
            del self.log[:-MAX_LOG]

    # -- control

    def control_report(self):
        with self.lock:
            keys = [dict(self.metadata(k), Region=k["Region"], Generations=len(k["Material"]))
                    for k in self.keys.values()]
            return {"log": list(self.log), "faults": list(self.faults.entries), "keys": keys,
                    "denials": list(self.denials)}

    def control(self, commands):
        unknown = set(commands) - set(CONTROLS)
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        replies = {}
        with self.lock:
            for name, argument in commands.items():
                replies[name] = CONTROLS[name](self, argument)
        return replies

    def control_create_key(self, argument):
        material = base64.b64decode(argument["Material"]) if "Material" in argument else None
        if material is not None and len(material) != 32:
            raise ValueError("Material must be 32 bytes in base64")
        try:
            key = self.new_key(argument.get("Account", ACCOUNT),
                               argument.get("Region", self.region), argument,
                               argument.get("KeyId"), material)
        except KmsError as error:
            raise ValueError(str(error)) from None
        return self.metadata(key)

    def control_delete_key(self, key_id):
        for place, key in list(self.keys.items()):
            if key_id in (key["KeyId"], self.arn(key)):
                del self.keys[place]
        self.save()

    def control_reset(self, _argument):
        self.faults.entries.clear()
        self.denials.clear()
        self.expired.clear()
        self.clock_offset_s = 0

    def control_credentials(self, argument):
        item = sigv4.Credentials(argument["access_key"], argument["secret_key"],
                                 argument.get("session_token"))
        sigv4.keep_credentials(self.known, item)
        if "expires_s" in argument:
            self.expiries[item.token] = argument["expires_s"]
        self.accounts[item.access_key] = argument.get("account", ACCOUNT)

    def control_allow(self, denial):
        """Takes a denial back, given as it was ordered; access is granted again."""
        if denial not in self.denials:
            raise ValueError(f"there is no denial {denial}")
        self.denials[:] = [item for item in self.denials if item != denial]

    def control_import_blob(self, argument):
        """Lets a key open a blob that was not made here, under the one context given. So objects
        of elsewhere can be read by real clients: whoever imports knows their data keys."""
        place = argument.get("Region", self.region), argument["KeyId"].rpartition("/")[2]
        if self.live(*place) is None:
            raise ValueError(f"there is no key {place[1]} in {place[0]}")
        blob, plaintext = (base64.b64decode(argument[n]) for n in ("CiphertextBlob", "Plaintext"))
        context = argument.get("EncryptionContext", {})
        others = [item for item in self.imported.get(blob, []) if item[0] != context]
        self.imported[blob] = [*others, (context, plaintext, place)]

    def control_outage(self, argument):
        """True: until cleared; a number: so many seconds; false: over."""
        entries = self.faults.entries
        entries[:] = [fault for fault in entries if not fault.get("outage")]
        if argument is True:
            self.faults.add(outage=True, close=True, times=None)
        elif argument:
            self.faults.add(outage=True, close=True, times=None, until=time.monotonic() + argument)


def note_request(entry, request):
    """What of a request may be in the log: names and contexts, never a plaintext or a key."""
    entry["key_id"] = request.get("KeyId") or request.get("DestinationKeyId")
    entry["context"] = (request.get("EncryptionContext")
                        or request.get("SourceEncryptionContext") or {})
    for name in ("KeySpec", "NumberOfBytes", "SourceKeyId", "DestinationEncryptionContext"):
        if name in request:
            entry[name] = request[name]


SIGNATURE_ERRORS = {
    "missing": "MissingAuthenticationTokenException",
    "incomplete": "IncompleteSignatureException",
    "service": "InvalidSignatureException",
    "unknown-key": "UnrecognizedClientException",
    "token": "UnrecognizedClientException",
    "signature": "InvalidSignatureException",
    "unsigned": "InvalidSignatureException",
    "expired": "InvalidSignatureException",
    "early": "InvalidSignatureException",
}

THROTTLED = {"type": "ThrottlingException", "status": 400,
             "message": "You have exceeded the rate at which you may call KMS. "
             "Reduce the frequency of your calls."}
FAILED = {"type": "KMSInternalException", "status": 500,
          "message": "The request was rejected because an internal exception occurred. "
          "The request can be retried."}


def counted_fault(base):
    """A command that takes a number, or a dict with `times` and what else a fault has."""
    def command(kms, argument):
        more = argument if isinstance(argument, dict) else {"times": argument}
        kms.faults.add(**{**base, "times": None, **more})
    return command


CONTROLS = {
    # {"throttle": 3}, {"fail": {"times": 2, "action": "Decrypt", "status": 503}}
    "throttle": counted_fault(THROTTLED),
    "fail": counted_fault(FAILED),
    # {"delay": {"delay": 0.5, "times": 2}}: the call is then served as usual
    "delay": lambda kms, argument: kms.faults.add(
        **(argument if isinstance(argument, dict) else {"delay": argument, "times": None})),
    # a fault in full, see Faults
    "fault": lambda kms, argument: kms.faults.add(**argument),
    # {"outage": 2.5} seconds, {"outage": true} until {"outage": false}
    "outage": Kms.control_outage,
    # {"deny": {"action": "Decrypt", "access_key": "AK", "key": "KEY ID OR ARN"}}, all optional; the
    # same to "allow" takes it back
    "deny": lambda kms, argument: kms.denials.append(dict(argument)),
    "allow": Kms.control_allow,
    # KeyId, Region, Account, Material, MultiRegion, Description
    "create_key": Kms.control_create_key,
    "delete_key": Kms.control_delete_key,    # at once, without the waiting time
    # CiphertextBlob and Plaintext in base64, EncryptionContext, KeyId, Region
    "import_blob": Kms.control_import_blob,
    "credentials": Kms.control_credentials,  # access_key, secret_key, session_token, expires_s, account
    "expire_token": lambda kms, argument: kms.expired.add(argument),
    # seconds by which the server's clock differs from ours
    "clock_offset": lambda kms, argument: setattr(kms, "clock_offset_s", float(argument)),
    "reset": Kms.control_reset,              # faults, denials, expiries, clock
    "clear_log": lambda kms, _: kms.log.clear(),
}


class KmsHandler(httpbase.Handler):
    def serve(self):
        entry = {"time": datetime.datetime.now(datetime.timezone.utc).isoformat(),
                 "request_id": str(uuid.uuid4()), "action": "", "result": "ok",
                 "access_key": None, "region": None, "key_id": None, "context": {}}
        try:
            status, value = self.respond(entry)
        except httpbase.Disconnect:
            entry["result"], entry["status"] = "closed", 0
            self.service.note(entry)
            raise
        entry["status"] = status
        # Noted before the answer, so that a client that has its answer finds it in the log.
        self.service.note(entry)
        body = json.dumps(value).encode() if value or status != 200 else b""
        date = email.utils.formatdate(time.time() + self.service.clock_offset_s, usegmt=True)
        self.answer(status, [("Content-Type", CONTENT_TYPE), ("Date", date),
                             ("x-amzn-RequestId", entry["request_id"])], body)

    def respond(self, entry):
        entry["action"] = action = self.action()
        body = self.read_body(MAX_BODY_BYTES)
        with self.service.lock:
            fault = self.service.faults.take(action) or {}
        if fault.get("delay"):
            time.sleep(fault["delay"])
        if fault.get("close"):
            raise httpbase.Disconnect(reset=fault.get("reset", False))
        if "type" in fault:
            entry["result"] = fault["type"]
            return fault["status"], KmsError(fault["type"], fault.get("message")).body()
        if body is None:
            entry["result"] = "RequestEntityTooLargeException"
            return 413, {"__type": entry["result"]}
        if self.command != "POST" or self.target != "/" or not action:
            entry["result"] = "UnknownOperationException"
            return 404, {"__type": entry["result"]}
        if self.headers.get("Content-Type", "").split(";")[0] != CONTENT_TYPE:
            entry["result"] = "UnknownOperationException"
            return 404, {"__type": entry["result"]}
        headers = [(key.lower(), value) for key, value in self.headers.items()]
        return self.service.perform(action, self.command, self.target, headers, body, entry)

    def action(self):
        service, _, action = self.headers.get("X-Amz-Target", "").partition(".")
        return action if service == "TrentService" and action.isalnum() else ""


def parse_arguments(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--state", metavar="FILE", help="keep keys and aliases here")
    parser.add_argument("--issued", metavar="FILE", help="note each data key here, in clear: for a "
                        "search of logs")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--credentials", action="append", type=sigv4.parse_credentials,
                        metavar="AK:SK[:TOKEN]", help="may be repeated")
    parser.add_argument("--no-auth", action="store_true", help="do not check signatures")
    parser.add_argument("--region", default="us-east-1", help="for keys made by control")
    return parser.parse_args(argv)


def main():
    args = parse_arguments()
    kms = Kms(args.credentials or [sigv4.DEFAULT], args.state, not args.no_auth, args.region)
    kms.issued_path = args.issued
    httpbase.run_forever(httpbase.Server(args.port, KmsHandler, kms, args.tls), "kms")


if __name__ == "__main__":
    main()
