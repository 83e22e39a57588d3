#!/usr/bin/python3
"""Where programs get AWS credentials from, on one port: a container's endpoint (ECS, EKS Pod
Identity), an instance's metadata (IMDSv2) and STS (AssumeRole, AssumeRoleWithWebIdentity).

    metadata.py --port P [--credentials AK:SK[:TOKEN]]... [--register URL]...

    GET  /container/...                       AWS_CONTAINER_CREDENTIALS_FULL_URI
    PUT  /latest/api/token, GET /latest/meta-data/iam/security-credentials/[ROLE]
    POST /                                    STS, signed requests verified as AWS verifies them

Everything that is issued is real: servers whose URL was given with --register (s3script.py, kms.py)
are told of it, with its time of expiry, and refuse it from then on. Strict: IMDSv1, a missing
token, a header that does not belong there, an unknown role are refused. CONTROLS has what can be
ordered.
`GET /_control` reports the calls and what was issued, secrets and all: tests search logs for them.
"""

import argparse
import datetime
import email.utils
import hashlib
import http.client
import json
import secrets
import threading
import time
import urllib.parse

import httpbase
import sigv4

ALLOWED_SKEW_S = 15 * 60
INSTANCE = "/latest/meta-data/iam/security-credentials/"
STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
SIGNATURE_ERRORS = {"missing": "MissingAuthenticationToken", "unknown-key": "InvalidClientTokenId",
                    "token": "InvalidClientTokenId", "expired": "SignatureDoesNotMatch",
                    "early": "SignatureDoesNotMatch"}


class Refusal(Exception):
    def __init__(self, status, code, message=""):
        super().__init__(message)
        self.status, self.code = status, code


class Metadata:
    """The service: who may ask, what was issued. One lock, not held over the network."""

    def __init__(self, credentials, register=()):
        self.lock = threading.RLock()
        self.known = {}
        for item in credentials:
            sigv4.keep_credentials(self.known, item)
        self.register = register
        self.lifetime_s = 3600
        self.clock_offset_s = 0
        self.imds_tokens = set()
        self.imds_role = "backup-role"
        self.container_token = None
        self.roles = {}       # ARN: {"external_id": ..., "trusts": [access key or role ARN, ...]}
        self.web_tokens = {}  # token: ARN
        self.roles_of = {}    # issued access key: ARN
        self.expiries = {}
        self.faults = []
        self.released = threading.Event()
        self.issued = []
        self.log = []

    def now(self):
        return sigv4.utcnow(self.clock_offset_s)

    def issue(self, source, lifetime_s=None):
        """New credentials, known to all registered servers before anybody has them."""
        access_key = "ASIA" + secrets.token_hex(8).upper()
        item = sigv4.Credentials(access_key, secrets.token_urlsafe(30),
                                 secrets.token_urlsafe(200))
        expires = self.now() + datetime.timedelta(seconds=lifetime_s or self.lifetime_s)
        for url in self.register:
            self.tell(url, item, expires)
        with self.lock:
            sigv4.keep_credentials(self.known, item)
            self.expiries[item.token] = expires
            self.issued.append({"source": source, "access_key": access_key,
                                "secret_key": item.secret_key, "session_token": item.token,
                                "expires_s": expires.timestamp()})
        return item, expires.strftime("%Y-%m-%dT%H:%M:%SZ")

    def tell(self, url, item, expires):
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=120)
        order = {"credentials": {"access_key": item.access_key, "secret_key": item.secret_key,
                                 "session_token": item.token,
                                 "expires_s": expires.timestamp()}}
        try:
            connection.request("POST", "/_control", json.dumps(order))
            if connection.getresponse().status != 200:
                raise RuntimeError(f"{url} does not take credentials")
        finally:
            connection.close()

    def take_fault(self, op):
        with self.lock:
            for fault in self.faults:
                if fault.get("op") in (None, op):
                    if fault.get("times") is not None:
                        fault["times"] -= 1
                        if fault["times"] == 0:
                            self.faults.remove(fault)
                    return fault
        return None

    # -- STS

    def verify(self, method, target, headers, body):
        """The caller's access key."""
        try:
            verdict = sigv4.verify(method, target, headers, hashlib.sha256(body).hexdigest(),
                                   self.known, "sts", allowed_skew_s=ALLOWED_SKEW_S,
                                   clock_offset_s=self.clock_offset_s)
        except sigv4.SignatureError as error:
            raise Refusal(403, SIGNATURE_ERRORS.get(error.kind, "SignatureDoesNotMatch"),
                          str(error)) from None
        token = {k.lower(): v for k, v in headers}.get("x-amz-security-token")
        if token in self.expiries and self.expiries[token] <= self.now():
            raise Refusal(403, "ExpiredToken", "The security token included in the request is "
                          "expired")
        return verdict.access_key

    def check_role(self, form, caller):
        arn = form.get("RoleArn")
        role = self.roles.get(arn)
        who = self.roles_of.get(caller, caller)
        if role is None or who not in role.get("trusts", [who]):
            raise Refusal(403, "AccessDenied", f"User: {who} is not authorized to perform: "
                          f"sts:AssumeRole on resource: {arn}")
        if role.get("external_id") != form.get("ExternalId"):
            raise Refusal(403, "AccessDenied", f"not authorized to perform: sts:AssumeRole on "
                          f"resource: {arn}")
        return arn

    def assume(self, action, form, caller):
        if form.get("Version") != "2011-06-15" or not form.get("RoleSessionName"):
            raise Refusal(400, "ValidationError", "Version or RoleSessionName is missing")
        if action == "AssumeRole":
            arn = self.check_role(form, caller)
        else:
            arn = self.web_tokens.get(form.get("WebIdentityToken"))
            if arn is None or arn != form.get("RoleArn"):
                raise Refusal(400, "InvalidIdentityToken", "No OpenIDConnect provider found")
        lifetime_s = int(form["DurationSeconds"]) if "DurationSeconds" in form else None
        item, expires = self.issue(arn, lifetime_s)
        with self.lock:
            self.roles_of[item.access_key] = arn
        return (f'<{action}Response xmlns="{STS_NAMESPACE}"><{action}Result><AssumedRoleUser>'
                f"<Arn>{arn}/session</Arn><AssumedRoleId>AROA:session</AssumedRoleId>"
                f"</AssumedRoleUser><Credentials><AccessKeyId>{item.access_key}</AccessKeyId>"
                f"<SecretAccessKey>{item.secret_key}</SecretAccessKey>"
                f"<SessionToken>{item.token}</SessionToken><Expiration>{expires}</Expiration>"
                f"</Credentials></{action}Result></{action}Response>").encode()

    # -- control

    def control_report(self):
        with self.lock:
            return {"log": list(self.log), "issued": list(self.issued)}

    def control(self, commands):
        unknown = set(commands) - set(CONTROLS)
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        with self.lock:
            for name, argument in commands.items():
                CONTROLS[name](self, argument)

    def control_release(self, _argument):
        self.released.set()
        self.released = threading.Event()


CONTROLS = {
    "lifetime": lambda m, seconds: setattr(m, "lifetime_s", float(seconds)),
    "clock_offset": lambda m, seconds: setattr(m, "clock_offset_s", float(seconds)),
    "imds_role": lambda m, name: setattr(m, "imds_role", name),        # None: there is none
    "container_token": lambda m, text: setattr(m, "container_token", text),
    "roles": lambda m, roles: m.roles.update(roles),
    "web_tokens": lambda m, tokens: setattr(m, "web_tokens", tokens),  # {token: role ARN}
    # {"op": container, imds-token, imds-role, imds-credentials, sts; "status", "body", "close",
    #  "hold", "times"}; all optional
    "fault": lambda m, fault: m.faults.append(dict(fault)),
    "mend": lambda m, _: m.faults.clear(),
    "release": Metadata.control_release,                               # what "hold" holds
    "reset": lambda m, _: (m.faults.clear(), m.roles.clear(), m.web_tokens.clear(),
                           setattr(m, "clock_offset_s", 0)),
    "clear_log": lambda m, _: (m.log.clear(), m.issued.clear()),
}


class MetadataHandler(httpbase.Handler):
    def serve(self):
        op = self.find_op()
        entry = {"op": op, "method": self.command, "target": self.target, "status": None,
                 "access_key": None, "time": time.time()}
        with self.service.lock:
            self.service.log.append(entry)
        fault = self.service.take_fault(op) or {}
        if fault.get("hold"):
            self.service.released.wait(600)
        if fault.get("close"):
            raise httpbase.Disconnect()
        try:
            if "status" in fault:
                raise Refusal(fault["status"], fault.get("code", "Fault"), "as ordered")
            status, kind, body = 200, *self.fulfil(op, entry)
            if "body" in fault:
                body = fault["body"].encode()
        except Refusal as error:
            status, kind, body = error.status, "text/xml", self.refusal(op, error)
        entry["status"] = status
        date = email.utils.formatdate(time.time() + self.service.clock_offset_s, usegmt=True)
        self.answer(status, [("Content-Type", kind), ("Date", date)], body)

    def refusal(self, op, error):
        if op != "sts":
            return json.dumps({"code": error.code, "message": str(error)}).encode()
        return (f'<ErrorResponse xmlns="{STS_NAMESPACE}"><Error><Type>Sender</Type><Code>'
                f"{error.code}</Code><Message>{error}</Message></Error>"
                "<RequestId>1</RequestId></ErrorResponse>").encode()

    def find_op(self):
        if self.target.startswith("/container"):
            return "container"
        if self.target == "/latest/api/token":
            return "imds-token"
        if self.target.startswith(INSTANCE):
            return "imds-credentials" if self.target != INSTANCE else "imds-role"
        return "sts" if self.target == "/" and self.command == "POST" else "unknown"

    def fulfil(self, op, entry):
        """(content type, body)"""
        body = self.read_body(1 << 20) or b""
        if op == "container":
            return "application/json", self.container(entry)
        if op == "imds-token":
            return "text/plain", self.imds_token()
        if op.startswith("imds-"):
            return "text/plain", self.imds(op, entry)
        if op == "sts":
            return "text/xml", self.sts(body, entry)
        raise Refusal(404, "NotFound")

    def answer_of(self, source, entry, **more):
        item, expires = self.service.issue(source)
        entry["access_key"] = item.access_key
        return json.dumps({"AccessKeyId": item.access_key, "SecretAccessKey": item.secret_key,
                           "Token": item.token, "Expiration": expires, **more}).encode()

    def container(self, entry):
        wanted = self.service.container_token
        if self.command != "GET" or (wanted and self.headers.get("Authorization") != wanted):
            raise Refusal(401, "Unauthorized")
        return self.answer_of("container", entry, RoleArn="arn:aws:iam::111122223333:role/task")

    def imds_token(self):
        ttl = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if self.command != "PUT" or not ttl.isdigit() or not 1 <= int(ttl) <= 21600:
            raise Refusal(400, "BadRequest")
        if self.headers.get("X-Forwarded-For"):
            raise Refusal(403, "Forbidden")
        token = secrets.token_urlsafe(40)
        self.service.imds_tokens.add(token)
        return token.encode()

    def imds(self, op, entry):
        if self.headers.get("X-aws-ec2-metadata-token") not in self.service.imds_tokens:
            raise Refusal(401, "Unauthorized")
        role = self.service.imds_role
        if role is None or (op == "imds-credentials" and self.target != INSTANCE + role):
            raise Refusal(404, "NotFound")
        if op == "imds-role":
            return role.encode()
        return self.answer_of("instance", entry, Code="Success", Type="AWS-HMAC")

    def sts(self, body, entry):
        pairs = urllib.parse.parse_qsl(body.decode("ascii"), keep_blank_values=True,
                                       strict_parsing=True)
        form = dict(pairs)
        action = entry["action"] = form.get("Action")
        entry["form"] = {k: v for k, v in form.items() if k != "WebIdentityToken"}
        if len(form) != len(pairs) or action not in ("AssumeRole", "AssumeRoleWithWebIdentity"):
            raise Refusal(400, "InvalidAction")
        caller = None
        if action == "AssumeRole":
            headers = [(key.lower(), value) for key, value in self.headers.items()]
            caller = entry["access_key"] = self.service.verify(self.command, self.target, headers,
                                                               body)
        elif self.headers.get("Authorization"):
            raise Refusal(403, "SignatureDoesNotMatch", "this action is not signed")
        return self.service.assume(action, form, caller)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--credentials", action="append", type=sigv4.parse_credentials,
                        metavar="AK:SK[:TOKEN]", help="that STS knows; may be repeated")
    parser.add_argument("--register", action="append", default=[], metavar="URL",
                        help="an emulator to be told of what is issued; may be repeated")
    args = parser.parse_args()
    service = Metadata(args.credentials or [sigv4.DEFAULT], args.register)
    httpbase.run_forever(httpbase.Server(args.port, MetadataHandler, service), "metadata")


if __name__ == "__main__":
    main()
