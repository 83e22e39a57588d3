#!/usr/bin/python3
"""One sound input of each kind for fuzz_credentials to start from: fuzz_credentials.seeds.py DIR"""

import os
import sys

STS = """<AssumeRole{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRole{0}Result>
<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>k</SecretAccessKey><SessionToken>t==
</SessionToken><Expiration>2026-11-29T20:15:00Z</Expiration></Credentials></AssumeRole{0}Result>
</AssumeRole{0}Response>""".replace("\n", "")
SEEDS = {
    "process": b'\x00{"Version":1,"AccessKeyId":"A","SecretAccessKey":"k","SessionToken":"t",'
               b'"Expiration":"2026-11-29T20:15:00Z"}',
    "metadata": b'\x01{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"k","Token":"t",'
                b'"Expiration":"2026-11-29T20:15:00+01:00"}',
    "refused": b'\x01{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume it"}',
    "role": b"\x02" + STS.format("").encode(),
    "token": b"\x02" + STS.format("WithWebIdentity").encode(),
    "sts-error": b"\x02<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error>"
                 b"</ErrorResponse>",
    "command": b"\x03\"/opt/a b/c\" 'd e' f\\ g",
    "url": b"\x04http://[fd00:ec2::23]:80/v1/credentials?a=b",
    "time": b"\x052026-11-29T20:15:00.123+01:00",
}

for name, data in SEEDS.items():
    with open(os.path.join(sys.argv[1], "seed-" + name), "wb") as file:
        file.write(data)
