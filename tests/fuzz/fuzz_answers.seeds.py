#!/usr/bin/python3
"""Answers as servers give them, one for each call of fuzz_answers.c, and some that are wrong."""

import os
import sys

ETAG = 'ETag: "0123456789abcdef0123456789abcdef"\r\n'
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
KEY = '"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="'
ARN = "arn:aws:kms:us-east-1:123456789012:key/abc"
LISTED = ("<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>p/a%20b</Key><Size>1"
          '</Size><ETag>"e"</ETag><LastModified>2024-05-01T12:00:00.000Z</LastModified></Contents>'
          "<CommonPrefixes><Prefix>p/c/</Prefix></CommonPrefixes><IsTruncated>{}</IsTruncated>"
          "<NextContinuationToken>t</NextContinuationToken></ListBucketResult>")
ATTRIBUTES = ("<GetObjectAttributesResponse><ETag>e</ETag><ObjectParts><Part><PartNumber>1"
              "</PartNumber><Size>7</Size><ChecksumCRC32C>AAAAAQ==</ChecksumCRC32C></Part>"
              "</ObjectParts></GetObjectAttributesResponse>")

BODIES = (
    (0, "Content-Length: 7\r\nx-amz-meta-a: b\r\n" + ETAG, ""),
    (1, 'Content-Range: bytes 0-99/100\r\nETag: "e"\r\n', "x" * 100),
    (2, "", XML + LISTED.format("false")),
    (2, "", XML + LISTED.format("true")),
    (3, "", "<ListMultipartUploadsResult><Upload><Key>p/a</Key><UploadId>u</UploadId><Initiator><ID>i"
            "</ID></Initiator></Upload>"
            "<IsTruncated>false</IsTruncated></ListMultipartUploadsResult>"),
    (4, 'x-amz-checksum-crc32c: AAAAAQ==-1\r\nETag: "e"\r\nContent-Length: 7\r\n', ATTRIBUTES),
    (5, ETAG + "x-amz-storage-class: STANDARD_IA\r\n",
     "<CopyObjectResult><ETag>e</ETag></CopyObjectResult>"),
    (6, "", "<CopyPartResult><ETag>d</ETag><ChecksumCRC32C>4waSgw==</ChecksumCRC32C>"
            "</CopyPartResult>"),
    (7, "", "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"),
    (8, "", "<CompleteMultipartUploadResult><ETag>e-1</ETag></CompleteMultipartUploadResult>"),
    (9, ETAG + "x-amz-checksum-crc32c: 4waSgw==\r\n", ""),
    (10, ETAG + "x-amz-checksum-crc32c: 4waSgw==\r\n", ""),
    (11, "", ""),
    (12, "", f'{{"Plaintext":{KEY},"CiphertextBlob":"AAEC","KeyId":"{ARN}"}}'),
    (13, "", f'{{"Plaintext":{KEY},"KeyId":"{ARN}"}}'),
    (14, "", "<LifecycleConfiguration><Rule><ID>a</ID><Filter><And><Prefix>p</Prefix></And></Filter>"
             "<Status>Enabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>7"
             "</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"
             "</LifecycleConfiguration>"),
    (15, "", f'{{"KeyMetadata":{{"Arn":"{ARN}","KeyState":"Enabled","Enabled":true}}}}'),
)
ERROR = ("<Error><Code>{}</Code><Message>why</Message><Region>eu-west-9</Region>"
         "<RequestId>R</RequestId></Error>")


def answers():
    for which, headers, body in BODIES:
        yield which, f"HTTP/1.1 {206 if which == 1 else 200} OK\r\n{headers}\r\n{body}"
        yield which, (f"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n{headers}"
                      f"Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n{body}\r\n0\r\n\r\n")
        for code in ("SlowDown", "AuthorizationHeaderMalformed", "PermanentRedirect", "NoSuchKey"):
            yield which, f"HTTP/1.1 400 X\r\nDate: x\r\n\r\n{ERROR.format(code)}"
        yield which, '{"__type":"x#DisabledException","message":"m"}'


for number, (call, text) in enumerate(answers()):
    with open(os.path.join(sys.argv[1], f"seed-{number}"), "wb") as file:
        file.write(bytes([call]) + text.encode())
