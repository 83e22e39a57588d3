"""metadata.py seen by boto3: STS as a client, the rest as the SDK's own chain asks it."""

import os
import unittest
import unittest.mock

import botocore.session

import helpers
import sigv4

ROLE = "arn:aws:iam::111122223333:role/r"


class MetadataTest(helpers.EmulatorTest):
    SCRIPT, SERVICE = "metadata.py", "sts"

    def chain(self, **environment):
        """What boto3 finds in this environment."""
        nowhere = {"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
                   "AWS_DEFAULT_REGION": "us-east-1"}
        with unittest.mock.patch.dict(os.environ, {**nowhere, **environment}):
            return botocore.session.Session().get_credentials().get_frozen_credentials()

    def issued(self):
        return self.raw.report()["issued"]

    def same(self, found):
        item = self.issued()[-1]
        self.assertEqual((found.access_key, found.secret_key, found.token),
                         (item["access_key"], item["secret_key"], item["session_token"]))

    def test_a_container(self):
        self.raw.control(container_token="t")
        self.same(self.chain(
            AWS_CONTAINER_CREDENTIALS_FULL_URI=self.server.url + "/container/x",
            AWS_CONTAINER_AUTHORIZATION_TOKEN="t"))

    def test_an_instance_by_imdsv2(self):
        self.same(self.chain(AWS_EC2_METADATA_SERVICE_ENDPOINT=self.server.url))
        self.assertEqual([e["op"] for e in self.raw.report()["log"]],
                         ["imds-token", "imds-role", "imds-credentials"])
        self.assertEqual(self.raw.send("GET", "/latest/meta-data/iam/security-credentials/",
                                       signed=False).status, 401)

    def test_roles_are_given_to_whom_they_trust(self):
        self.raw.control(roles={ROLE: {"trusts": [sigv4.DEFAULT.access_key], "external_id": "an id"}})
        ask = {"RoleArn": ROLE, "RoleSessionName": "session"}
        answer = self.client.assume_role(**ask, ExternalId="an id")["Credentials"]
        self.assertEqual(answer["AccessKeyId"], self.issued()[-1]["access_key"])
        self.assert_error("AccessDenied", self.client.assume_role, status=403, **ask)
        other = helpers.boto("sts", self.server.url, sigv4.Credentials(
            answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]))
        self.addCleanup(other.close)
        self.assert_error("AccessDenied", other.assume_role, status=403, **ask, ExternalId="an id")
        wrong = helpers.boto("sts", self.server.url, sigv4.Credentials(
            sigv4.DEFAULT.access_key, "another secret"))
        self.addCleanup(wrong.close)
        self.assert_error("SignatureDoesNotMatch", wrong.assume_role, status=403, **ask)

    def test_roles_are_given_for_tokens(self):
        self.raw.control(web_tokens={"a.web.token": ROLE})
        ask = {"RoleArn": ROLE, "RoleSessionName": "session"}
        answer = self.client.assume_role_with_web_identity(**ask, WebIdentityToken="a.web.token")
        self.assertEqual(answer["Credentials"]["AccessKeyId"], self.issued()[-1]["access_key"])
        self.assert_error("InvalidIdentityToken", self.client.assume_role_with_web_identity,
                          status=400, **ask, WebIdentityToken="another")


if __name__ == "__main__":
    unittest.main()
