"""The formats by rdsbak's names for them, which readers refuse each, and with what words. The words
are pinned, so that another cause of failure does not pass for a refusal.
"""

import collections

READERS = ("rdsbak", "rdsbak default", "decrypt.py", "Ruby V1", "Ruby V2", "Ruby V2 strict",
           "Go V1", "Go V2", "Go V2 strict")
RUBY_NAMES = {"Ruby V1": "v1", "Ruby V2": "v2", "Ruby V2 strict": "v2-strict"}
GO_NAMES = {"Go V1": "v1", "Go V2": "v2", "Go V2 strict": "v2-strict"}

# -- what each reader says to a format that it must refuse

RUBY_LEGACY = "LegacyDecryptionError"
RUBY_NO_ENVELOPE = "unable to locate encryption envelope"
RUBY_UNKNOWN = "Unsupported wrap-alg"
RUBY_WRAP = "unsupported key wrapping algorithm"
GO_WRAP = "InvalidWrapAlgorithmError"
GO_V1 = "V1NotSupportedError"
GO_JSON = "unexpected end of JSON input"
GO_NONE = "NoSuchKey|InvalidWrapAlgorithmError"  # looks for an instruction file, finds none of V2


def of(names, text):
    return {name: text for name in names}


OURS = "envelope|format|x-amz-|not encrypted|encryption context"  # rdsbak's own words
STRICT_GO = {"Go V2 strict": GO_WRAP}
STRICT = {"Ruby V2 strict": RUBY_LEGACY, **STRICT_GO}
NO_V3 = {**of(RUBY_NAMES, RUBY_NO_ENVELOPE), **of(GO_NAMES, GO_NONE)}

# A format by rdsbak's name for it (--format or --read-formats); the key that wraps the data key;
# who refuses it and with what words.
Format = collections.namedtuple("Format", "title key refusals")
FORMATS = {
    "rds": Format("V2 kms, CBC", "kms", STRICT),
    "rds-v1": Format("V1 KMS blob, CBC", "kms",
                     {**of(RUBY_NAMES, RUBY_UNKNOWN), **of(GO_NAMES, GO_V1)}),
    "gcm": Format("V2 kms+context, GCM", "kms", {}),
    "commit": Format("V3 kms+context", "kms", NO_V3),
    "kms-gcm": Format("V2 kms, GCM", "kms", STRICT),
    "kms-context-cbc": Format("V2 kms+context, CBC", "kms", {"Go V2 strict": "CEKAlgorithm"}),
    "aes-gcm": Format("V2 AES/GCM, GCM", "aes", of(GO_NAMES, GO_WRAP)),
    "aes-wrap": Format("V2 AESWrap, GCM", "aes",
                       {**of(RUBY_NAMES, RUBY_WRAP), **of(GO_NAMES, GO_WRAP)}),
    "rsa-oaep": Format("V2 RSA-OAEP-SHA1, GCM", "rsa", of(GO_NAMES, GO_WRAP)),
    "rsa-oaep-sha256": Format("V2 RSA-OAEP-SHA256, GCM", "rsa",
                              {**of(RUBY_NAMES, RUBY_WRAP), **of(GO_NAMES, GO_WRAP)}),
    "v1-aes": Format("V1 AES, CBC", "aes",
                     {"Ruby V2 strict": RUBY_LEGACY, **of(GO_NAMES, GO_V1)}),
    "v1-rsa": Format("V1 RSA, CBC", "rsa",
                     {"Ruby V2 strict": RUBY_LEGACY, **of(GO_NAMES, GO_V1)}),
    "commit-aes": Format("V3 AES/GCM", "aes", NO_V3),
    "commit-rsa": Format("V3 RSA-OAEP-SHA1", "rsa", NO_V3),
}

# The vectors' families: format, whether the envelope stands in an instruction file.
FAMILIES = {
    "v1-aes-cbc": ("v1-aes", False), "v1-aes-cbc-instr": ("v1-aes", True),
    "v1-kms-cbc": ("rds-v1", False), "v1-rsa-cbc": ("v1-rsa", False),
    "v2-kms-cbc": ("rds", False), "v2-kms-cbc-instr": ("rds", True),
    "v2-kms-gcm": ("kms-gcm", False), "v2-kmsctx-cbc": ("kms-context-cbc", False),
    "v2-kmsctx-gcm": ("gcm", False), "v2-kmsctx-gcm-instr": ("gcm", True),
    "v2-kmsctx-gcm-user": ("gcm", False),
    "v2-aesgcm-gcm": ("aes-gcm", False), "v2-aesgcm-gcm-instr": ("aes-gcm", True),
    "v2-aeswrap-gcm": ("aes-wrap", False), "v2-rsaoaep-gcm": ("rsa-oaep", False),
    "v2-rsaoaep256-gcm": ("rsa-oaep-sha256", False),
    "v3-kmsctx-kc": ("commit", False), "v3-kmsctx-kc-instr": ("commit", True),
    "v3-kmsctx-kc-user": ("commit", False),
    "v3-aesgcm-kc": ("commit-aes", False), "v3-aesgcm-kc-instr": ("commit-aes", True),
    "v3-rsa-kc": ("commit-rsa", False), "v3-rsa-kc-instr": ("commit-rsa", True),
}
