// Made by make_vectors.py from tests/data/s3ec-vectors.json and s3ec-more.json (our own)
// and s3ec-published.json (quoted, with their sources). Do not edit.
// clang-format off
#define VECTOR_AES_KEY_HEX \
    "fad8743c52c0b694ff761c27541f789776c9ec8a4c59a03d481f918ccbaa6e75"
#define VECTOR_RSA_KEY_FILE "tests/data/test-rsa-2048.pem" // seen from the source tree
static const struct vector VECTORS[] = {
    {.name = "v2-kms-cbc-0",
     .family = "v2-kms-cbc",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "bf1bd741a99a631168823b51cc83a1c6",
     .cipher_sha256 = "01ec38ed8a19159ca6803b121b6b8ad62a574454647a57540fc72cde09b5d73d",
     .key_hex = "0faa1db519ca7a4edb3c6446b83a1470ef15315559e07458f9055da196c0bd4b",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "44e5d8369ca3312955fcecff84333f88",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "0EQbKWRSS3sExy9g1ztATWoNXhBF1C+989OjjuX+IRx5B6gV3eFxjeWsvPqFV1sPq6aRa5rw3CIH52"
        "VZPxBMnNUT8x5siK9Hn9wTUBksdEEZGZFB1CIDPxXh0zkqUfGtB2qZZ49wpn1yaZQrvbezvmwYHjX0"
        "peU6ao2NpwZvVLrUUdDyCxE7g75mjr7eOTNzO8kN509uEO2Ix/CTxRRqqbRZp8dPc1tNNd/gxhS236"
        "LTUfPmgpuMKg=="},
        {"x-amz-iv",
        "ROXYNpyjMSlV/Oz/hDM/iA=="},
        {"x-amz-cek-alg",
        "AES/CBC/PKCS5Padding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}"},
        {"x-amz-unencrypted-content-length",
        "0"}}},
    {.name = "v2-kms-gcm-0",
     .family = "v2-kms-gcm",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "fdc7704536fe2ea9ba26c348b8db1b10",
     .cipher_sha256 = "948e733ef6f3f05abdda69657ca565658bc363a3e856761a8fbb8f267801ac8f",
     .key_hex = "403d2962588468f35530ec1a480e560311c0ada50d47105613aa38ce84302774",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "4dd0e43cae36721b2b795137",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "S/9mbk0/uwv5IP1WjUO/N02n7EJItMqgMc4pdAHwBR3JTeLQ+Ke3O23DjcVQiz+t2OK/ZbnwACxFYP"
        "dp3bwIpSZNbwHQqfKns7yIKx1hH7/Q1dcR1+dX5jO6f0aTZiG0RqBqkzZA3UeNWs5yNbTGqCYiWppr"
        "k+gnLBx36xOdTpVYPTRPBjSrQV7xWuAa9axxa74p7oopDNDEPV0VQwvX4geW2xGPK47MaG3iNhOivz"
        "qaxYKPP+ngHg=="},
        {"x-amz-iv",
        "TdDkPK42chsreVE3"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "0"}}},
    {.name = "v2-kmsctx-gcm-0",
     .family = "v2-kmsctx-gcm",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "fdeb8411f5bb72cad3f6b7ae96b043fb",
     .cipher_sha256 = "b880332acb888047ba282831036b478dc79cc056d90eafdf982d0bc27de2384e",
     .key_hex = "2363ec80ad61547d1578cd99cde05a8226de34e27dce515c94380ec5fa5e8379",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}",
     .iv_hex = "94654ec1656675d129a21e90",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "n1ir8rPT4OSz1eGft/wpiTFnwlqGaN+8Mr1CPjuvs0bzIg7bmb3ld9O51HKpUwlmPogyr6Py4QtusT"
        "GwZwAS3T9lcrhp/Gtgm6SKwx7Nui9HPyfAxCg22Vw0G9iQPHuJa7YfOmwljkjpcTabfaqZL55N72l/"
        "Myd4Wrmj2p1PNZi683BhhEPpePCxXvmHIkKvKjA9Jy/Gpa4OO+r/pZ7l4siTbL/SJbJOlfm3Fl/V6r"
        "ooLpUM2IfNUQ=="},
        {"x-amz-iv",
        "lGVOwWVmddEpoh6Q"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms+context"},
        {"x-amz-matdesc",
        "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "0"}}},
    {.name = "v3-kmsctx-kc-0",
     .family = "v3-kmsctx-kc",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "06bd1685fdea13eb4204a6cd2f210389",
     .cipher_sha256 = "d6b9218b149d5e081116fe1a8720fe00254d09d8d0ed142f8268a2b0be19e38f",
     .key_hex = "f31b54cab660cc96f41386a9cb096f8c03d1bc845f786413955b8a77d241552b",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "b1c5ebf7c2f03bfab4b6bebd1a95c73aee95595b460dcf5cf3580765",
     .commitment_hex = "ca5ce94b717a96fba688b2da15595a0cc1e69f58cd1b7ca613a22e24",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-3",
        "bgm8dl8zu2NvI0uV7LQWfbSW7crwEct3nUjd2De2Yl/i1AjRUdpg4QI/+h5lWScWH09iNoP0rgW0QR"
        "CxKYv28sg8KSaicyILUV+07fnnLHV4orQksZhRa5ll51UPjHdVZ2zhclTTWUFoGa+vNrcL+arrKJsg"
        "gYXJsFaRdznisvkE0U1/u1OmGrlAGBOvAUkT3K4bMQAj5eQasjP+I7k59214lhKOGQSQxBpyhUnUqt"
        "SFEQipGjNI0A=="},
        {"x-amz-w",
        "12"},
        {"x-amz-t",
        "{\"aws:x-amz-cek-alg\":\"115\"}"},
        {"x-amz-d",
        "ylzpS3F6lvumiLLaFVlaDMHmn1jNG3ymE6IuJA=="},
        {"x-amz-i",
        "scXr98LwO/q0tr69GpXHOu6VWVtGDc9c81gHZQ=="}}},
    {.name = "v3-kmsctx-kc-instr-0",
     .family = "v3-kmsctx-kc-instr",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "06bd1685fdea13eb4204a6cd2f210389",
     .cipher_sha256 = "d6b9218b149d5e081116fe1a8720fe00254d09d8d0ed142f8268a2b0be19e38f",
     .key_hex = "f31b54cab660cc96f41386a9cb096f8c03d1bc845f786413955b8a77d241552b",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "b1c5ebf7c2f03bfab4b6bebd1a95c73aee95595b460dcf5cf3580765",
     .commitment_hex = "ca5ce94b717a96fba688b2da15595a0cc1e69f58cd1b7ca613a22e24",
     .instruction = "{\"x-amz-3\":\"bgm8dl8zu2NvI0uV7LQWfbSW7crwEct3nUjd2De2Yl/i1AjRUdpg4QI/+h5lWScWH0"
        "9iNoP0rgW0QRCxKYv28sg8KSaicyILUV+07fnnLHV4orQksZhRa5ll51UPjHdVZ2zhclTTWUFoGa+v"
        "NrcL+arrKJsggYXJsFaRdznisvkE0U1/u1OmGrlAGBOvAUkT3K4bMQAj5eQasjP+I7k59214lhKOGQ"
        "SQxBpyhUnUqtSFEQipGjNI0A==\",\"x-amz-w\":\"12\",\"x-amz-t\":\"{\\\"aws:x-amz-cek-alg\\\":\\"
        "\"115\\\"}\"}",
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "ylzpS3F6lvumiLLaFVlaDMHmn1jNG3ymE6IuJA=="},
        {"x-amz-i",
        "scXr98LwO/q0tr69GpXHOu6VWVtGDc9c81gHZQ=="}}},
    {.name = "v2-aesgcm-gcm-0",
     .family = "v2-aesgcm-gcm",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "5dfc5f8cd235314dafa66578937fa886",
     .cipher_sha256 = "14275e9aac708f416d492b8011cbf926b82dce0286ecb545a4c6a163b620e0dd",
     .key_hex = "c2479ee82f8ff71afa064646e4b2a262f38369b87c4c584a39d7868cb4338036",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "dad8b85d605f590a133f7bcb",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "j9jXDUstjXvzXoMOEjSmjTFViQv3J/bG3YguUlZ/7J+36fNEbuNOYTByVphjEetzPkOWK1mEqIo0hr"
        "hO"},
        {"x-amz-iv",
        "2ti4XWBfWQoTP3vL"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "AES/GCM"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "0"}}},
    {.name = "v2-aeswrap-gcm-0",
     .family = "v2-aeswrap-gcm",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "845a8a70b3966ed7f5d9eb62a87bf122",
     .cipher_sha256 = "7eeb3c167d17cd2afc29724eb7345186014ee49c0e0eb13f2bdac828b6590c78",
     .key_hex = "348f3574dde565d19a00fd1b868a693cbc43fb8e8e0cd0401a6f17fda40546b9",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "df27ba168925dabcb1de957c",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "aqsFJIG4HMp+BYsNcJ5qvsC6WvB9GLLMdGaZEeHuWIPruMogyGKNkw=="},
        {"x-amz-iv",
        "3ye6Fokl2ryx3pV8"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "AESWrap"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"}}},
    {.name = "v1-aes-cbc-0",
     .family = "v1-aes-cbc",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "05ef203113d4ad95f5660995ae201f8a",
     .cipher_sha256 = "6247b27599c64ffdb55526b60b31db1bed6127900e447b978d1dc11c90c949af",
     .key_hex = "1b20b11c9b68b98933414723181f66887355d71acd5c2bd913d0112d6712c572",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "42242719973bbae287714f14bc338ec3",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key",
        "3jZwwYycmBmCbvS6D/XPJsSkXx96QO5s4ZKToXrcUQmnkMraC9Vm3QgDnJK0/c5g"},
        {"x-amz-iv",
        "QiQnGZc7uuKHcU8UvDOOww=="},
        {"x-amz-matdesc",
        "{}"}}},
    {.name = "v3-aesgcm-kc-0",
     .family = "v3-aesgcm-kc",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "1dbfceeff131f7537f8a8164339000c9",
     .cipher_sha256 = "9646ecea4ea4f0cb153bb66d1cd11ec1c0cb636c1001aa14b1230c3a163219c0",
     .key_hex = "8b3db71f81953607927412052a53c8feb5f078010647dfa054838ab807f2b8cc",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "0d69c9376fc99c613ef9239271ecdec45da13f627158aa98e1a10f0d",
     .commitment_hex = "306d86d8b78330cae7ff7d9a1445502d52d9519c7f039fa7579df2e7",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-3",
        "uVEOQJzgTM3MKUPROEpLgKJ3I3Xhd8LXtYfz99wwdi/BpUyZrRzU06ZKOA5kIAwZvSz40qQJ+fsQ8X"
        "xL"},
        {"x-amz-w",
        "02"},
        {"x-amz-m",
        "{}"},
        {"x-amz-d",
        "MG2G2LeDMMrn/32aFEVQLVLZUZx/A5+nV53y5w=="},
        {"x-amz-i",
        "DWnJN2/JnGE++SOScezexF2hP2JxWKqY4aEPDQ=="}}},
    {.name = "v2-kms-cbc-1",
     .family = "v2-kms-cbc",
     .refused = NULL,
     .plain_label = "pt1",
     .plain_len = 1,
     .plain_hex = NULL,
     .cipher_hex = "3619a32d5ab35bb41ec56138fa1eb192",
     .cipher_sha256 = "2db9516e1f2f6da704f7240d474fd1f8620b3ec8f30e5cd86f21722023008ccf",
     .key_hex = "e914c009ba5ff98774d002d9a41c1c4b1c4111ed6fd4e590487cf036a8eec559",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "ace560987524fd1e2f21b72e0c33be38",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "0AL68smJ/GF63s8JJrZZzLHHbXg+NEwqqvbh3ZxqGYtvGnd52iLit/+Ae/iBBBFsg0uXSa1fu8FvNp"
        "0X01YLNBYyU9r/wkPeM3sqL7vbEha3rdyeYZwAUyaZ9waI2VawWiznqri55b04m2b9JH/k3MLod8T+"
        "vp8rbXwleNeBS9u7a5yun42tb9IXOP6dRiKz8a4Qi/V6N8A3/phq4QYcgCtmaLRcaN84zunUw+Xr2p"
        "PntMGzYZzlFw=="},
        {"x-amz-iv",
        "rOVgmHUk/R4vIbcuDDO+OA=="},
        {"x-amz-cek-alg",
        "AES/CBC/PKCS5Padding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}"},
        {"x-amz-unencrypted-content-length",
        "1"}}},
    {.name = "v2-kms-gcm-1",
     .family = "v2-kms-gcm",
     .refused = NULL,
     .plain_label = "pt1",
     .plain_len = 1,
     .plain_hex = NULL,
     .cipher_hex = "bc51073e6aba60e2154f5647300bb07ae4",
     .cipher_sha256 = "9622467488356e4448e82cf7e70dbbcbde02ba6661b4b941c9c78999db55c094",
     .key_hex = "8bbedaa5a686f5ceaca1e2a9f5d0944f519b13042b8ba537f94711c63802a366",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "eab10308c335bc59a78cc852",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "60piVaZ/8ok3LKhp2coOM0JbPAUlEYXoe4tERGxgJfgoocaYkDwt16xodUxusmXl6dtNkNXl+R6lHv"
        "L1iWSTOCXmm/GNB/fgVH+67yq0typi9iB32zrDO2yFCq7Oii0Ko2Qr8eZJHZxI1m9IzkZ4XhY+UF/M"
        "ceZk42oFvPImxLJrVZM+thd+ygjeYWTriK9hbXtdzAPpAUwmgGM01kJTBP1SKTYa0bXRfvRPpt+n1O"
        "UOq9aFCzbZeQ=="},
        {"x-amz-iv",
        "6rEDCMM1vFmnjMhS"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "1"}}},
    {.name = "v2-kmsctx-gcm-1",
     .family = "v2-kmsctx-gcm",
     .refused = NULL,
     .plain_label = "pt1",
     .plain_len = 1,
     .plain_hex = NULL,
     .cipher_hex = "de33af76996863b584abaaf227bb555511",
     .cipher_sha256 = "86a8a1301c14824855039de9b0137e13818a0d4303c3f287b04ba3cb77234db7",
     .key_hex = "058aa8ba42644f3decb09b50f6ba943cc1761ffe725b5b3e16781cd4916a50b1",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}",
     .iv_hex = "69db4ff15de45a5f33e75543",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "MIWpwHKeOcY4/RNyaphWfjgmm2F2rPYMtA4JSef9s6KCk3rqMFfwM4DrN+BbqyUKp7y6BjKN9dglGu"
        "r7OYZjbIFHSYPMITUWG8fS199E8tBn+vAwNrthwhsnqHYjCDS4t9uMv5wCwloCJnToybba3XtGH/+B"
        "ufiFCAD0hHWcs+OL7Ik4d2Hi6Z/EsS1NfDnQmV2dKEC8xYAuMd01keQ7MKii2XX+tp2hkJy5FkaLT8"
        "gAw4eT/tm0Rg=="},
        {"x-amz-iv",
        "adtP8V3kWl8z51VD"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms+context"},
        {"x-amz-matdesc",
        "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "1"}}},
    {.name = "v3-kmsctx-kc-1",
     .family = "v3-kmsctx-kc",
     .refused = NULL,
     .plain_label = "pt1",
     .plain_len = 1,
     .plain_hex = NULL,
     .cipher_hex = "59199b03799eff9b3200aacf76e680f702",
     .cipher_sha256 = "e203447a97ccc5f917a8539834d419b3a8073ca6319f92b88ca404c307d52158",
     .key_hex = "06b19df326c5f39c8119968f6cd404fc1853f00674a5e11d4136578235432883",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "432771e3af1063b742e97f87dd282ef1772546c3dff91c73110400cd",
     .commitment_hex = "7856463b0bde5876474c849868e6a032231a990764a9bd4625c06241",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-3",
        "RC0G2bH3GTqXJORLXZNJCmJ6f1jIy7xGU9kf8CLmmC5fFP7aD6s75+wCFh2cTcADXhBWzfRZup95o0"
        "/PkKemMS/FqY4IgVkj2ZHyVkHh4xX6vqafetQNtbwhpz5zrD6gY1IA8RB7wRE/rR98MK7G8Ph3qiNH"
        "0FYmm2wSTGBHbQ3pSYa96YfM9bTyeMZ0EV1pRjnBcGWfYGozwF2vY22r5mUCzdhJNhhjWg9s22cbGn"
        "QeJH+VOQsygQ=="},
        {"x-amz-w",
        "12"},
        {"x-amz-t",
        "{\"aws:x-amz-cek-alg\":\"115\"}"},
        {"x-amz-d",
        "eFZGOwveWHZHTISYaOagMiMamQdkqb1GJcBiQQ=="},
        {"x-amz-i",
        "Qydx468QY7dC6X+H3Sgu8XclRsPf+RxzEQQAzQ=="}}},
    {.name = "v3-kmsctx-kc-instr-1",
     .family = "v3-kmsctx-kc-instr",
     .refused = NULL,
     .plain_label = "pt1",
     .plain_len = 1,
     .plain_hex = NULL,
     .cipher_hex = "59199b03799eff9b3200aacf76e680f702",
     .cipher_sha256 = "e203447a97ccc5f917a8539834d419b3a8073ca6319f92b88ca404c307d52158",
     .key_hex = "06b19df326c5f39c8119968f6cd404fc1853f00674a5e11d4136578235432883",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "432771e3af1063b742e97f87dd282ef1772546c3dff91c73110400cd",
     .commitment_hex = "7856463b0bde5876474c849868e6a032231a990764a9bd4625c06241",
     .instruction = "{\"x-amz-3\":\"RC0G2bH3GTqXJORLXZNJCmJ6f1jIy7xGU9kf8CLmmC5fFP7aD6s75+wCFh2cTcADXh"
        "BWzfRZup95o0/PkKemMS/FqY4IgVkj2ZHyVkHh4xX6vqafetQNtbwhpz5zrD6gY1IA8RB7wRE/rR98"
        "MK7G8Ph3qiNH0FYmm2wSTGBHbQ3pSYa96YfM9bTyeMZ0EV1pRjnBcGWfYGozwF2vY22r5mUCzdhJNh"
        "hjWg9s22cbGnQeJH+VOQsygQ==\",\"x-amz-w\":\"12\",\"x-amz-t\":\"{\\\"aws:x-amz-cek-alg\\\":\\"
        "\"115\\\"}\"}",
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "eFZGOwveWHZHTISYaOagMiMamQdkqb1GJcBiQQ=="},
        {"x-amz-i",
        "Qydx468QY7dC6X+H3Sgu8XclRsPf+RxzEQQAzQ=="}}},
    {.name = "v2-aesgcm-gcm-1",
     .family = "v2-aesgcm-gcm",
     .refused = NULL,
     .plain_label = "pt1",
     .plain_len = 1,
     .plain_hex = NULL,
     .cipher_hex = "9b761f64c3995ecb0e2518eaea3d380fbb",
     .cipher_sha256 = "3a619d641c23835e117deb5a0a24d4d9cfc1c0acb37abe8e0504a8b0ee667e7a",
     .key_hex = "257abc087b84e04937b81b90ad780641969066bc18d769aeb1968b70153277ec",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "b1de5dc2bfff4b9b05a16520",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "B9kZrJyOricw75/YmxnuEevDqaJFOYEyQ7Xd9cU5ecHJ1kwrOm680P4qzHPYHQO8n/Rxmbn0Lm6X7U"
        "to"},
        {"x-amz-iv",
        "sd5dwr//S5sFoWUg"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "AES/GCM"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "1"}}},
    {.name = "v2-aeswrap-gcm-1",
     .family = "v2-aeswrap-gcm",
     .refused = NULL,
     .plain_label = "pt1",
     .plain_len = 1,
     .plain_hex = NULL,
     .cipher_hex = "ceda96afcc284dfd4895d31ab0f50545cd",
     .cipher_sha256 = "98bc580ff36957f749df6efb3236f8a17b254a27fd16801bc005635ced205740",
     .key_hex = "9b8c240a3c41bb66f0c9e7928c6c0b12eb3ddf7808630d6fccc952c12684eaad",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "35c6e2ca71834f5504f76832",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "3ShKq7VMvR0GbQyKGoJj5RluiphmyW2baVmH80AswkkBvPuYnXEyxg=="},
        {"x-amz-iv",
        "NcbiynGDT1UE92gy"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "AESWrap"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"}}},
    {.name = "v1-aes-cbc-1",
     .family = "v1-aes-cbc",
     .refused = NULL,
     .plain_label = "pt1",
     .plain_len = 1,
     .plain_hex = NULL,
     .cipher_hex = "4d0c49bdc5c9786f56fcd7daa7b9c238",
     .cipher_sha256 = "3bd6a14b8fab255e2b33271bea74d44bca5c156f4e30d95116800958d7362a09",
     .key_hex = "574462d0b5adc13d3d48577c97c29b22e4d7a6182c4b3eb6e7482d67a04b63ed",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "60a3e1db8fb848e2110966b40acc77cc",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key",
        "6IHAdKTnP7i1Y+AfBtscbOlldn9Gu4vASZxvhHdSonGnkMraC9Vm3QgDnJK0/c5g"},
        {"x-amz-iv",
        "YKPh24+4SOIRCWa0Csx3zA=="},
        {"x-amz-matdesc",
        "{}"}}},
    {.name = "v3-aesgcm-kc-1",
     .family = "v3-aesgcm-kc",
     .refused = NULL,
     .plain_label = "pt1",
     .plain_len = 1,
     .plain_hex = NULL,
     .cipher_hex = "2f6fd2c82395c04ef73b61419b805c7055",
     .cipher_sha256 = "88f2febe51cc0415e34b588e0bae6a0f7eb8e6013fa5fdbf6aa095cef73df98c",
     .key_hex = "3cd225a5a87f5dab757e7a7ea64904c7363dd21001c68199cdd5e211d80f39be",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "a71b5b094b8950a7531159d0c7a3a21a251c9ece3d71087f8f18aef2",
     .commitment_hex = "8722ff084557b87916b380c13537e0574ab3e490413347d3f3e78124",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-3",
        "C2EhtuAOx7LJFOGwrtFAC8YiKIaLho3d/O/E3nkAEtFpSZe1NK+sQjHB5aWmL8YtlYPlWmVpVwRpjx"
        "IT"},
        {"x-amz-w",
        "02"},
        {"x-amz-m",
        "{}"},
        {"x-amz-d",
        "hyL/CEVXuHkWs4DBNTfgV0qz5JBBM0fT8+eBJA=="},
        {"x-amz-i",
        "pxtbCUuJUKdTEVnQx6OiGiUcns49cQh/jxiu8g=="}}},
    {.name = "v2-kms-cbc-15",
     .family = "v2-kms-cbc",
     .refused = NULL,
     .plain_label = "pt15",
     .plain_len = 15,
     .plain_hex = NULL,
     .cipher_hex = "4bcf81067f322bec0f720823c557bacd",
     .cipher_sha256 = "e763628ccf7289f194a2b241f3b841ab297632fcf7c43b0161cd789eda05fdaa",
     .key_hex = "b69c760311610689f298afde8c6a9a8f4f78ac71185568afa96aa85d0aa34e3c",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "354897c70e3ae76bb29e0fc52f3da7ae",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "3yPWQPsBbeCGhbXoJ1Z5XoAh+LDbvKAGpd780X/3kijxEUhiy2af0CzfKznRWnMAoxF2rttwHQCVyW"
        "q8d0WkDiO8sjtVKG0f/D+jIGS6b9Tq4dC52mNR8MO/PBsBQODnn6Cx4+00LpHwZSCLql4aZXWg2vhr"
        "L1PZpwniGfl9ihMzijVV0jl2vy/WHBRuRqQhXZ6BaeUVNXzMmtmfdWnH/VoIFlyxZAVXHsMkpkUMf+"
        "AbPEcZnm7gBw=="},
        {"x-amz-iv",
        "NUiXxw4652uyng/FLz2nrg=="},
        {"x-amz-cek-alg",
        "AES/CBC/PKCS5Padding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}"},
        {"x-amz-unencrypted-content-length",
        "15"}}},
    {.name = "v2-kms-gcm-15",
     .family = "v2-kms-gcm",
     .refused = NULL,
     .plain_label = "pt15",
     .plain_len = 15,
     .plain_hex = NULL,
     .cipher_hex = "aab5b205839271c1e57deaa46e0ecc7b915a13e5a75c9a0bd6f2809cb4b05d",
     .cipher_sha256 = "4bc00f7aa84d4c7653261e7cee23ceca7b8af95c3cad755dc4d17f3b509002c3",
     .key_hex = "19ecc1b973a0022c710fc9b80a3d09f73753fc2cbbbb0ead5a5f7d061ce8def6",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "cf14790f0c0db7b240ed256c",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "bBB3iww0T/WxvzW5+6/kh1mA+0sC0gDkAtjZyy8wAPfHInLuBawn8iBGB8sg/QZoH7a9lQXoLb5IQl"
        "WdIFUn6mpwerWJuB2tNLInlg8KntYc6b7nwvBFs5UibkvOd9zGAhLDmerCUC810PkYxbZG/ANRUQzT"
        "Rkb/tS+2ViVtaBmsP/ZphVC1Nj6HMoKbDZ9yYzdHgKfo33R+SsheUS6bHniDVAS09a2Fxbi2q7CVEe"
        "QygL5YnBk/Ew=="},
        {"x-amz-iv",
        "zxR5DwwNt7JA7SVs"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "15"}}},
    {.name = "v2-kmsctx-gcm-15",
     .family = "v2-kmsctx-gcm",
     .refused = NULL,
     .plain_label = "pt15",
     .plain_len = 15,
     .plain_hex = NULL,
     .cipher_hex = "e4039b0e7e48e91b44c31b3e3d2e4b8f0cb3e3ff3759fc1f09211dde4d8a4e",
     .cipher_sha256 = "838ed5116d48b9804bd6473f280a847b3484322d4bcbaa9ae4a78101edf6af2a",
     .key_hex = "a186141742c1f027a18cd493f1d62482659b4003951ff34448dd6dd654e8f1ef",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}",
     .iv_hex = "d95d7e3eaf33fa9b00d0968b",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "kIC8nqNUeFJYurUZVRSVs2OOXsjZyZkHoBd4om1oVzjmnpGkQKbdg4Mq1ioaqgcEM4J6u+ohwqVWR+"
        "A1UuR8eLz3KutlPdS41Q4UXw1grY3XU8L0QJMEQ8SwNvrFtr0xLBXoDl7iiQBA2ckaE6LNvpVHLkjH"
        "DGWu/Go26qsGpfHQPi62OcGlR28QXHxOcjhv7faxuArDtmkqXXKn0IbzgumUITUc6/zLCA6pYGs/l5"
        "gFmSCrL39IAg=="},
        {"x-amz-iv",
        "2V1+Pq8z+psA0JaL"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms+context"},
        {"x-amz-matdesc",
        "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "15"}}},
    {.name = "v3-kmsctx-kc-15",
     .family = "v3-kmsctx-kc",
     .refused = NULL,
     .plain_label = "pt15",
     .plain_len = 15,
     .plain_hex = NULL,
     .cipher_hex = "954c3c81d86665222d978e4aaa8d214d25b50c3c3e23e3df2ec157b05afe7a",
     .cipher_sha256 = "c7a17bf6617678b8b6cd5ab133d868efcef1533cd5ecce2d2b76220e95a8ea8e",
     .key_hex = "ef824f1e44bdc490c896083899d60c438c6e60cbb42c0d023e686b23b81c4164",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "1f6bf4f9b042946d3af60cd71fd0bfdd79a54f55ce1038604d876269",
     .commitment_hex = "af450d460131c6cea3787a7b03a8f2c738fdc96f3965e7fa3137d22a",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-3",
        "4545lMNGk1cuisXjO2hsIoqhPqcG9GMSkf+mTvTxf2Ie/zPnPnM3VhG9XnwmD+LiSjtodvbtuVDdT8"
        "6kuO3sSHTFFFvEjM4s1Bvt5dZw5/Jn7TE6GsPIiAOIrP8BulMGor7yqzO7TK8kGNcfznUSM5cPuv6u"
        "44mXWwYqbvZL1YzCfeMfXDSIgrbUCLLmS88cKziTqLIMbRgPpCZwxOaJGurKW00ty3jlfbMpaYJYE5"
        "re8NyPSHKY9A=="},
        {"x-amz-w",
        "12"},
        {"x-amz-t",
        "{\"aws:x-amz-cek-alg\":\"115\"}"},
        {"x-amz-d",
        "r0UNRgExxs6jeHp7A6jyxzj9yW85Zef6MTfSKg=="},
        {"x-amz-i",
        "H2v0+bBClG069gzXH9C/3XmlT1XOEDhgTYdiaQ=="}}},
    {.name = "v3-kmsctx-kc-instr-15",
     .family = "v3-kmsctx-kc-instr",
     .refused = NULL,
     .plain_label = "pt15",
     .plain_len = 15,
     .plain_hex = NULL,
     .cipher_hex = "954c3c81d86665222d978e4aaa8d214d25b50c3c3e23e3df2ec157b05afe7a",
     .cipher_sha256 = "c7a17bf6617678b8b6cd5ab133d868efcef1533cd5ecce2d2b76220e95a8ea8e",
     .key_hex = "ef824f1e44bdc490c896083899d60c438c6e60cbb42c0d023e686b23b81c4164",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "1f6bf4f9b042946d3af60cd71fd0bfdd79a54f55ce1038604d876269",
     .commitment_hex = "af450d460131c6cea3787a7b03a8f2c738fdc96f3965e7fa3137d22a",
     .instruction = "{\"x-amz-3\":\"4545lMNGk1cuisXjO2hsIoqhPqcG9GMSkf+mTvTxf2Ie/zPnPnM3VhG9XnwmD+LiSj"
        "todvbtuVDdT86kuO3sSHTFFFvEjM4s1Bvt5dZw5/Jn7TE6GsPIiAOIrP8BulMGor7yqzO7TK8kGNcf"
        "znUSM5cPuv6u44mXWwYqbvZL1YzCfeMfXDSIgrbUCLLmS88cKziTqLIMbRgPpCZwxOaJGurKW00ty3"
        "jlfbMpaYJYE5re8NyPSHKY9A==\",\"x-amz-w\":\"12\",\"x-amz-t\":\"{\\\"aws:x-amz-cek-alg\\\":\\"
        "\"115\\\"}\"}",
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "r0UNRgExxs6jeHp7A6jyxzj9yW85Zef6MTfSKg=="},
        {"x-amz-i",
        "H2v0+bBClG069gzXH9C/3XmlT1XOEDhgTYdiaQ=="}}},
    {.name = "v2-aesgcm-gcm-15",
     .family = "v2-aesgcm-gcm",
     .refused = NULL,
     .plain_label = "pt15",
     .plain_len = 15,
     .plain_hex = NULL,
     .cipher_hex = "4adad8cb9b80cd5a4db253dbcf581d261e2f4d12f5342efe702e422908a145",
     .cipher_sha256 = "782bfbe1384117e7c4535527f5db7384f7cc3bde9a37d8ebb0f8791a8e90808d",
     .key_hex = "85c8bea4b20dd259b706193e45916cf364d7586e98581ea40bc384e195abcd20",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "8ca26802e14b7028cb37d012",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "FxFcsUqroVjqUXs8w9r3JfPYMmZMCWYxUXX0Ymn0zyuyjwRv5iy4pyTq0iLFGUAlc/TIKPuJFrTSzp"
        "qK"},
        {"x-amz-iv",
        "jKJoAuFLcCjLN9AS"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "AES/GCM"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "15"}}},
    {.name = "v2-aeswrap-gcm-15",
     .family = "v2-aeswrap-gcm",
     .refused = NULL,
     .plain_label = "pt15",
     .plain_len = 15,
     .plain_hex = NULL,
     .cipher_hex = "7bc4cd9de4127a96d0f00c0c19ad0934080d2f3596aedc97a90b3eae8a7c9d",
     .cipher_sha256 = "6d11b3aa8cf1b806e0240db710075dfdc1635929d98b76a2777e740054678c60",
     .key_hex = "c9dfae7673ca9dfc8b0ac6d32b7a69b30e8fa70422f37a9e7b704b4247ed8b3b",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "04d7aa60245b789aed662a4a",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "bOUWiHknYi+Z8QwBK3GQLyGyS7mrxz1UNrjm24H+kMZ3I1ZjzOMNnA=="},
        {"x-amz-iv",
        "BNeqYCRbeJrtZipK"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "AESWrap"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"}}},
    {.name = "v1-aes-cbc-15",
     .family = "v1-aes-cbc",
     .refused = NULL,
     .plain_label = "pt15",
     .plain_len = 15,
     .plain_hex = NULL,
     .cipher_hex = "e708fc6c7fb4171ec2e7f89e4bb5027d",
     .cipher_sha256 = "7198537c9ea4d634c1426d12417837024bd829545544c2989a2d6d3cd3037b7d",
     .key_hex = "1bcf29f77fa085d26dad412ed17456e66ef0bfb7940225b8820ae69d0aff3e8b",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "4d260e6bd07c8738ac0a89e8ac0a28b6",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key",
        "gzCPM0p6VA2ens12QQ2u4lrQlzkbgMNbOBpaYiBnaVCnkMraC9Vm3QgDnJK0/c5g"},
        {"x-amz-iv",
        "TSYOa9B8hzisConorAootg=="},
        {"x-amz-matdesc",
        "{}"}}},
    {.name = "v3-aesgcm-kc-15",
     .family = "v3-aesgcm-kc",
     .refused = NULL,
     .plain_label = "pt15",
     .plain_len = 15,
     .plain_hex = NULL,
     .cipher_hex = "edfddf57c28afdb7c4549832bd527f8fc2edc83723dd4e3e62754f2a3159a0",
     .cipher_sha256 = "1a657e68f4009276fac56060f10b49c7671cc0df6c0f0e3b74351f4e49bac046",
     .key_hex = "7376001247b2b494a058f0ae2aed8ea15a01437546e306a5c12c9a9e60a1099b",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "508d9ddee1c3499c567abaab665229a2e46e028fdfc951ea740593e2",
     .commitment_hex = "3746c4eaca1eb9feb52dad02ab64bcfae9b0b4e32afd1d4316f0f5b8",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-3",
        "dEis8Z5HP6Tttzv7TZ3Zcms+5s0BQduKxnhIBMF5kg9j6EOqTyv7ah54/Kp++wh/iNoM/TwlAUKt1a"
        "t8"},
        {"x-amz-w",
        "02"},
        {"x-amz-m",
        "{}"},
        {"x-amz-d",
        "N0bE6soeuf61La0Cq2S8+umwtOMq/R1DFvD1uA=="},
        {"x-amz-i",
        "UI2d3uHDSZxWerqrZlIpouRuAo/fyVHqdAWT4g=="}}},
    {.name = "v2-kms-cbc-16",
     .family = "v2-kms-cbc",
     .refused = NULL,
     .plain_label = "pt16",
     .plain_len = 16,
     .plain_hex = NULL,
     .cipher_hex = "7864c57a4664845d4f736c19d5f35cab755ce78d20474c918f971288a96c35a0",
     .cipher_sha256 = "ef534fb016d9eb6c570f85086f4e26ca4715318d39143bc49d3f119cbddb8bc9",
     .key_hex = "d6b533b72d7e0e98e792595b27b4ee8de3642afbd910fe5c4c104fa07c590ef8",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "c2ec8905920c3d895daa6cabd5ca9bbb",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "UawIBMbWMHXnZzpM9SNr+jb1KNEu7cXlCn2LlUvGuJmBRj1vubCA1uyAR5MAXFDVPhF+j0r2I7EJBM"
        "icXAOX7f7n2JargjDPgdu6rT1+Qm9SXAwT/HxM6DtLP1G+i1MvvK00lTLZSDKUlel8+5yJIHuDpSAv"
        "Ak5Y6sJrvEVzvm8C4yAEUdtco+/sFTp8R8zihoxswVnddhGpV3Ult0PWzQ86GgKE1YIT2n4Ia7F3nz"
        "5aa1QZA4Y0eQ=="},
        {"x-amz-iv",
        "wuyJBZIMPYldqmyr1cqbuw=="},
        {"x-amz-cek-alg",
        "AES/CBC/PKCS5Padding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}"},
        {"x-amz-unencrypted-content-length",
        "16"}}},
    {.name = "v2-kms-gcm-16",
     .family = "v2-kms-gcm",
     .refused = NULL,
     .plain_label = "pt16",
     .plain_len = 16,
     .plain_hex = NULL,
     .cipher_hex = "712f5cae3c4626771a8c35315f5c1b1297c7c5a2b63110b9c0958d0e52503302",
     .cipher_sha256 = "dedd0068cb1bb7263d325d0b58033239fbd3a4484e4644af7ffe9b7cefbb0770",
     .key_hex = "e173f541508ff8a71190b8e2a023c753e5d5fb73c75b5a1849ff0b3dd52acd2d",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "2fbf14a002045795ee921192",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "kSqor7IPzi8Ia34CrLtAt8HpCED1laQ+HLrYpFs8lwJTMqYqOgDdOg8Bz38ONJFZH76GGc0CnmsSWB"
        "Xr2PspI3HeU/okzMQKVu9T00dnPxIE55ba9NpIFMKrBjFFzJm6bbzfUvGw2RbNCjTLl73pEPJETQMn"
        "5xTS/MsgUyBxJMA4vQUN9tjrN6ppqTlkgYto3dmEXxBH2SQjAJxPWmbtDeowf3igpVRWSY+uhxqVSM"
        "RzCTwI37N1sw=="},
        {"x-amz-iv",
        "L78UoAIEV5XukhGS"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "16"}}},
    {.name = "v2-kmsctx-gcm-16",
     .family = "v2-kmsctx-gcm",
     .refused = NULL,
     .plain_label = "pt16",
     .plain_len = 16,
     .plain_hex = NULL,
     .cipher_hex = "248615380f20d902b0a97df6ac8828e7dc1caf9c43cfc0d78dc4a1e97bb91799",
     .cipher_sha256 = "e2c322edf53afc08aaa9820ecb34eb4caec78a2f2ddce5aac845f0556f97e6cd",
     .key_hex = "21a558a219e05554f1df39fb4f3596f88dd033eb262b20605e22ffa9fc05aeae",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}",
     .iv_hex = "559f2a887e2db4920b3338eb",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "UipbyJxeUM1WZZs/aWkuKm4U5ynWoQZHnzHkO4G1TliPIZGNxFGLInSz/dgnkPvnF6H8NEg30bZ6we"
        "rhjbq5WmGFPbMKsUME3Pn2TBZq+DGbrRQq3A77EqFfys2L2GdQmQVaUPNBvwVfWfwllLn9HLFZANHQ"
        "s5IJxCmg4D7VRnqO4kBq2coW8sshu6hyLyd5MMGBaVt1ax+5xqUlAU2eSL6amGeuFrsF8DIjnJTpZa"
        "MK8/RWQUYYgQ=="},
        {"x-amz-iv",
        "VZ8qiH4ttJILMzjr"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms+context"},
        {"x-amz-matdesc",
        "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "16"}}},
    {.name = "v3-kmsctx-kc-16",
     .family = "v3-kmsctx-kc",
     .refused = NULL,
     .plain_label = "pt16",
     .plain_len = 16,
     .plain_hex = NULL,
     .cipher_hex = "c344e09919566258b655a1b1071bbfba591e026c65fce9e69112aeb6e3e4860b",
     .cipher_sha256 = "51f0047504f93473ed6a6c35e54b262d6e84c2e37972a347b53142cc19cd92f4",
     .key_hex = "b5780de118f0516a2ee23d12e8a33578c258ace67818326214d207c5f9ea1877",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "d182b5331221f35c15550c95eda4279cb01afb95ed341ba0a338304f",
     .commitment_hex = "8868450f2ecec7207e6705d126b37c871cf536ac93713ecb9dbf1b01",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-3",
        "tiogmHIv8S3iotpGTWPFZu1O6QJ0A6hL7rr2SbfQ9XCxceiu83XR+ZBBw4BZWjV2QiwDa0L0nUX884"
        "LHW4/Jm7ifOGhDpSaBnghGkp4QUNU/nRuc01S7FgWytVb4ryeqhvtu/G9svt+AGns6aMQ8BntRp/Q6"
        "dUN+pT2baF6q0pWLBsJ9dhdCi/xanQBUXt3QMGwrTJj9Lp+jcY7lYTapbKaZ15p/FaCRWD7P5LkUmk"
        "EDwVJNpFJy8g=="},
        {"x-amz-w",
        "12"},
        {"x-amz-t",
        "{\"aws:x-amz-cek-alg\":\"115\"}"},
        {"x-amz-d",
        "iGhFDy7OxyB+ZwXRJrN8hxz1NqyTcT7Lnb8bAQ=="},
        {"x-amz-i",
        "0YK1MxIh81wVVQyV7aQnnLAa+5XtNBugozgwTw=="}}},
    {.name = "v3-kmsctx-kc-instr-16",
     .family = "v3-kmsctx-kc-instr",
     .refused = NULL,
     .plain_label = "pt16",
     .plain_len = 16,
     .plain_hex = NULL,
     .cipher_hex = "c344e09919566258b655a1b1071bbfba591e026c65fce9e69112aeb6e3e4860b",
     .cipher_sha256 = "51f0047504f93473ed6a6c35e54b262d6e84c2e37972a347b53142cc19cd92f4",
     .key_hex = "b5780de118f0516a2ee23d12e8a33578c258ace67818326214d207c5f9ea1877",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "d182b5331221f35c15550c95eda4279cb01afb95ed341ba0a338304f",
     .commitment_hex = "8868450f2ecec7207e6705d126b37c871cf536ac93713ecb9dbf1b01",
     .instruction = "{\"x-amz-3\":\"tiogmHIv8S3iotpGTWPFZu1O6QJ0A6hL7rr2SbfQ9XCxceiu83XR+ZBBw4BZWjV2Qi"
        "wDa0L0nUX884LHW4/Jm7ifOGhDpSaBnghGkp4QUNU/nRuc01S7FgWytVb4ryeqhvtu/G9svt+AGns6"
        "aMQ8BntRp/Q6dUN+pT2baF6q0pWLBsJ9dhdCi/xanQBUXt3QMGwrTJj9Lp+jcY7lYTapbKaZ15p/Fa"
        "CRWD7P5LkUmkEDwVJNpFJy8g==\",\"x-amz-w\":\"12\",\"x-amz-t\":\"{\\\"aws:x-amz-cek-alg\\\":\\"
        "\"115\\\"}\"}",
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "iGhFDy7OxyB+ZwXRJrN8hxz1NqyTcT7Lnb8bAQ=="},
        {"x-amz-i",
        "0YK1MxIh81wVVQyV7aQnnLAa+5XtNBugozgwTw=="}}},
    {.name = "v2-aesgcm-gcm-16",
     .family = "v2-aesgcm-gcm",
     .refused = NULL,
     .plain_label = "pt16",
     .plain_len = 16,
     .plain_hex = NULL,
     .cipher_hex = "0fd2d4d32c60fdc153cb316b295730b5052fd6327d43dce19dd93bf0eca239ea",
     .cipher_sha256 = "65df4bad3c555720fb1f21104488aa0a68ef5418f71e875bb03f4e87c750cd84",
     .key_hex = "0ae3c4fa20445310814aa07dc5394594b0a2c17a7986561d6a5e63477f771c00",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "0192e1df401440e05a41c435",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "FgvvAYsTyn0T6jF0AwRenxU+RKYqYCuTGVk5bioZ+CfWH8fmOivlAzR1H2/veb0BEIyO9XCZinT8ne"
        "C8"},
        {"x-amz-iv",
        "AZLh30AUQOBaQcQ1"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "AES/GCM"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "16"}}},
    {.name = "v2-aeswrap-gcm-16",
     .family = "v2-aeswrap-gcm",
     .refused = NULL,
     .plain_label = "pt16",
     .plain_len = 16,
     .plain_hex = NULL,
     .cipher_hex = "389c15ffdf09a81219afd6125a01085fe8a29ae5336f1f4d079d647057373280",
     .cipher_sha256 = "c7222af91d36067b015b84bbd3a75a5246a14f01167ca613e3eb422d40b2e4ff",
     .key_hex = "4ed1e904aace28888fc22f2a3c313c14d20f48423c745f038ac00224faa042db",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "1fcfac16245639ac2bcff379",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "AqJVlIzPXBqTaYamGHD9aZdwGVRCGQ4oJyVVB/qRoPS53yxtk/AQlw=="},
        {"x-amz-iv",
        "H8+sFiRWOawrz/N5"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "AESWrap"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"}}},
    {.name = "v1-aes-cbc-16",
     .family = "v1-aes-cbc",
     .refused = NULL,
     .plain_label = "pt16",
     .plain_len = 16,
     .plain_hex = NULL,
     .cipher_hex = "c8717f2bb6ed6eb78dc1a96a69eb04aa9a20300fa962ebee0db51a38724e151e",
     .cipher_sha256 = "2dfb7a888604a62c76e5c62ec4ecc13568290799994c7913bbac6f0ad339a210",
     .key_hex = "fa34ef41b4ae82bd13bcafacb6e7fe8e494afef02ae430d1880c40d8321479fc",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "9338769984745604360d60ac1fe1213c",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key",
        "qdcQn3wVLZ6WyXPvQX32uRIUM4E3ISc7P1EwoEKsfRmnkMraC9Vm3QgDnJK0/c5g"},
        {"x-amz-iv",
        "kzh2mYR0VgQ2DWCsH+EhPA=="},
        {"x-amz-matdesc",
        "{}"}}},
    {.name = "v3-aesgcm-kc-16",
     .family = "v3-aesgcm-kc",
     .refused = NULL,
     .plain_label = "pt16",
     .plain_len = 16,
     .plain_hex = NULL,
     .cipher_hex = "f3126a8cfee2a2e74ba3db066505cea856d9c5e01c6cdb0d5f7181e55320219f",
     .cipher_sha256 = "a52cc956084561a87ea21756298eacafc804f2288b70e4fe19df28b6e9f475dc",
     .key_hex = "4a79eb796ed480ae1f974ce1a64f6a641bac5668761699a368b61f56ec2686db",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "705d9958ee86c91ea00fa38cc7a14b2fe1bcf3eb4695afa8c692826b",
     .commitment_hex = "73c18bd7c4feb095bb0fc2742a8fe4336210104cff4f8dc820505352",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-3",
        "JhNFyHtoehc80rW2/+Jvuav8XtkKIwM2wFcWgvax2bQY2PPyGzx+yKeMovPbEW+7fH9wDg1Il4qmzt"
        "28"},
        {"x-amz-w",
        "02"},
        {"x-amz-m",
        "{}"},
        {"x-amz-d",
        "c8GL18T+sJW7D8J0Ko/kM2IQEEz/T43IIFBTUg=="},
        {"x-amz-i",
        "cF2ZWO6GyR6gD6OMx6FLL+G88+tGla+oxpKCaw=="}}},
    {.name = "v2-kms-cbc-17",
     .family = "v2-kms-cbc",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "88858b7bd3a4419967b229007b44ad317672009fece960918100cf4beab82464",
     .cipher_sha256 = "ebb9a57c1afce48e6b6fdaba607f4819004eefb1c9de3f3b762743ab438da190",
     .key_hex = "d3867297c534659e6e087aabe9b12ab76044f830cc2f351fef4607c6f8ab16bf",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "17168e1d6224af61f9ae2c4ecdbc9c2e",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "/r2vSy1mGhpL7yXiA3RziJc/fkYln8dyHaoM6P07nWz6P9gL8GXmomhFQPJu1s3CUJSjt8Zt6IOSp+"
        "nLE0bL1FTa2zzlC4iximPV2Dla9VGJO+OApX4HuFegFUVTTByaoXcOxlIjkbl1zaMycbncIEQOS7//"
        "HLNh95gqBG/Y3KHytr86ntyNLRovTLe3omJIvXUbuto8ZCTFr8Lj9AiQO52mN2PaCaz2tcOwd/ue5A"
        "BNqJOF9X6Rog=="},
        {"x-amz-iv",
        "FxaOHWIkr2H5rixOzbycLg=="},
        {"x-amz-cek-alg",
        "AES/CBC/PKCS5Padding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}"},
        {"x-amz-unencrypted-content-length",
        "17"}}},
    {.name = "v2-kms-gcm-17",
     .family = "v2-kms-gcm",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "6e00eac712b420da3cb3e4a040f6958a63e8a7a5c01ee4b5a633eb4ec21780241d",
     .cipher_sha256 = "b9fc544fe80f69cd83545ecda28f9c7f3957506e3f01470b2cc8fc6084c0601e",
     .key_hex = "536723f511a6b40b752ae51a21466672b6f30e480a07a11049ebfa6163482a93",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "42dd1aae5993945b01f520e3",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "eOf53Es0MwUCO8yOmwISSC4jvmxwfjiegGQSnXCpuMJqotHlQiaa/g1PIcAH8Lua30nfAH8zS/5hEz"
        "nvHPHFR+SEa+y1U1O38x49CNuUFYvbLAkb1nxMx+MzGWb6fgOBW8mP/LAgknO2fJBjkvEMxAoxLQNd"
        "BHKwUMfcbwc8DHioPOldz2ZfAgthRpZq+OX0fRaBHyLl4eB+osnKUw0V+Wxv28+mr+Opyi62vOLVaC"
        "KkvXqFUdUzXQ=="},
        {"x-amz-iv",
        "Qt0arlmTlFsB9SDj"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "17"}}},
    {.name = "v2-kmsctx-gcm-17",
     .family = "v2-kmsctx-gcm",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "70a70a1a93b2c648ffb699d9433c70665c7fc38167a288d8352cd512648d2387ff",
     .cipher_sha256 = "9e416770e52cd501b234c2e2afe0df6f0a7d8d5d1a0f3eabf52ee75a29596e9c",
     .key_hex = "d40b7ddb7f5501074365bbc45f4d339de519784f83ff4d7a3b07916d7616823a",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}",
     .iv_hex = "339f00e6129a6d4b682aac91",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "mnq09eLOsw0EFWrwULVNAm+7YtBW2hgeiof6xy6FCACVkTC9YmifKvNWzPQWhFEsFk77tCq1n12jEL"
        "Y6uu+JbGNnUtwduErs6E0J4dNvHqIrI1SKBqDQEuUjij/iHeI2IenVh1pR/PqYJQPWQTHNcmgTXeDo"
        "fV2ljd7ikZm4dOZIKZ1rE8lnEkDwWCSbJLx0YeunzmKdUWjpjS3E1Ek/my7qvvq3oqmEZpD6d/1ZWz"
        "XSXXuDBZHGVA=="},
        {"x-amz-iv",
        "M58A5hKabUtoKqyR"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms+context"},
        {"x-amz-matdesc",
        "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "17"}}},
    {.name = "v3-kmsctx-kc-17",
     .family = "v3-kmsctx-kc",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "165cb2e37ff9f1a8563088b45a21057488a01bf5c58ebb899117de83b378a8739b",
     .cipher_sha256 = "e7905a6f916e209819f01909e1b3280ed0468e781622e4975349282bfe9ae224",
     .key_hex = "d768801fe53a711039d2cfc39b3812925fc87fa18336f293b608ca0970a0a2b1",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "6935b5ee9970cc0c7156a4d8dee0d49ddb532a0e721e119ed15063f0",
     .commitment_hex = "5454acd1a9c9eab0b12098db650b32bd4ad6c6e226ea2eaa2f9273da",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-3",
        "eVcB6ZSntsKT6DjbSux+4idMXnYLxmiEGDH/bRtbU315kCR0IHc7CsxxUrOTSwghghCoQMXQXMpJSW"
        "Xls8nE6GqgxspXmvVV5rwjcfA8mP+gosRLikX+PJ8chyGINHgXnMWjA7m8AvKv0neJMhMERv11mvoU"
        "YUzuIDmwrdyofY5tB6fGM7S+RLQ3hqaMIdxFs6ZYr0Wgn8Vg5/ZBUXhmswnBWpLtRD2qxlmtUyZkaa"
        "Q6kzCfrUQfmw=="},
        {"x-amz-w",
        "12"},
        {"x-amz-t",
        "{\"aws:x-amz-cek-alg\":\"115\"}"},
        {"x-amz-d",
        "VFSs0anJ6rCxIJjbZQsyvUrWxuIm6i6qL5Jz2g=="},
        {"x-amz-i",
        "aTW17plwzAxxVqTY3uDUndtTKg5yHhGe0VBj8A=="}}},
    {.name = "v3-kmsctx-kc-instr-17",
     .family = "v3-kmsctx-kc-instr",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "165cb2e37ff9f1a8563088b45a21057488a01bf5c58ebb899117de83b378a8739b",
     .cipher_sha256 = "e7905a6f916e209819f01909e1b3280ed0468e781622e4975349282bfe9ae224",
     .key_hex = "d768801fe53a711039d2cfc39b3812925fc87fa18336f293b608ca0970a0a2b1",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "6935b5ee9970cc0c7156a4d8dee0d49ddb532a0e721e119ed15063f0",
     .commitment_hex = "5454acd1a9c9eab0b12098db650b32bd4ad6c6e226ea2eaa2f9273da",
     .instruction = "{\"x-amz-3\":\"eVcB6ZSntsKT6DjbSux+4idMXnYLxmiEGDH/bRtbU315kCR0IHc7CsxxUrOTSwghgh"
        "CoQMXQXMpJSWXls8nE6GqgxspXmvVV5rwjcfA8mP+gosRLikX+PJ8chyGINHgXnMWjA7m8AvKv0neJ"
        "MhMERv11mvoUYUzuIDmwrdyofY5tB6fGM7S+RLQ3hqaMIdxFs6ZYr0Wgn8Vg5/ZBUXhmswnBWpLtRD"
        "2qxlmtUyZkaaQ6kzCfrUQfmw==\",\"x-amz-w\":\"12\",\"x-amz-t\":\"{\\\"aws:x-amz-cek-alg\\\":\\"
        "\"115\\\"}\"}",
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "VFSs0anJ6rCxIJjbZQsyvUrWxuIm6i6qL5Jz2g=="},
        {"x-amz-i",
        "aTW17plwzAxxVqTY3uDUndtTKg5yHhGe0VBj8A=="}}},
    {.name = "v2-aesgcm-gcm-17",
     .family = "v2-aesgcm-gcm",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "29b2b53931df43c0faff3ab194898335dcea8e4e398037fdb21659d5ebbebcef15",
     .cipher_sha256 = "c118e9332e5e3f60105c8381ec26d3d0a0d3e415bf31f004c0d3370665900c41",
     .key_hex = "0626f0373b07323f8bf208cacfed147c4509f82d632df94bf092a0ae968e5b99",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "deb2507ff61ba06b40e47e7c",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "OmcA57hCvO/LFZsFKdLBLmTuwl9i9QO4XGdA41OCjzlns5NHUh0zde9ByMCstdJW/uoaZuEyfoEsgD"
        "Nh"},
        {"x-amz-iv",
        "3rJQf/YboGtA5H58"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "AES/GCM"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "17"}}},
    {.name = "v2-aeswrap-gcm-17",
     .family = "v2-aeswrap-gcm",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "f8174d785c5c5b85ddf8e30f31b3f78f009680046b99e9cee925df6dbcae918305",
     .cipher_sha256 = "06869a8b71569b4257e41eb72f44391468b34aec630d2b5092c9b8b282c792b3",
     .key_hex = "666ae8e470beb213a318ddd8338134568e3e0f8744d0a867e9ba4b54832806e8",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "90bd62a0bb542d881ae37fd8",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "0YhizCcnoG0buUGAnX0z6eqJpYi987tF7EMcTuhNalkWVefoDHF7UA=="},
        {"x-amz-iv",
        "kL1ioLtULYga43/Y"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "AESWrap"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"}}},
    {.name = "v1-aes-cbc-17",
     .family = "v1-aes-cbc",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "aa31b753d7d8f6a7ecab51eca10ec340cecc5e7f8d4174767074253e9af6fcdb",
     .cipher_sha256 = "06563faaf7352a0db8502b5e30f1c11305a66f8a69239b074ed601de5b8dc919",
     .key_hex = "96724deb9ff08c8ffcdcb0b40b57dafaad4d227a20943d54d11f7b6280561421",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "3f1c78a72a9b0dce25520b71475a8037",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key",
        "DALUjRaiu+CLDGOzOD0uHVIYRJCO6N0wMNyceKfM1CunkMraC9Vm3QgDnJK0/c5g"},
        {"x-amz-iv",
        "Pxx4pyqbDc4lUgtxR1qANw=="},
        {"x-amz-matdesc",
        "{}"}}},
    {.name = "v3-aesgcm-kc-17",
     .family = "v3-aesgcm-kc",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "89b8cf4aa1c9eaa6865b8a321f9898fb8b39337f3408e3c9e04ef0004898840bb8",
     .cipher_sha256 = "b5df3b30ab2287f193efeb1a6e0e96e0c4e5c480b2377370e45733b66450306b",
     .key_hex = "bbbbc6f2285687631616495053901fcd5c2a0776df68ee4418c6e5c9e36d4cab",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "bc968c277685d39fb82e7a035367e4b956ed7931cd1c455822220e97",
     .commitment_hex = "6de96b6e9a7064b92c88700e420f8a045cb55699d8c94ce443b8048e",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-3",
        "T6+9cZiiIAHxnQCRFC5ObJFXuhx7c+kOkVupwBBtdmYxyaoN7IELu7T8W8SuhUjg12w/ywt7BnuseM"
        "y3"},
        {"x-amz-w",
        "02"},
        {"x-amz-m",
        "{}"},
        {"x-amz-d",
        "belrbppwZLksiHAOQg+KBFy1VpnYyUzkQ7gEjg=="},
        {"x-amz-i",
        "vJaMJ3aF05+4LnoDU2fkuVbteTHNHEVYIiIOlw=="}}},
    {.name = "v2-kms-cbc-1000",
     .family = "v2-kms-cbc",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "e1a7e7b8941a95e620f2cf505b30c84bf330814cf6be785163f322d5bc1e54d645ffcbae7455dc"
        "ddf7763e9147b947294164506cbad972a62dd12c6faa06478fdc9985c8c5e885fe6b8901949e06"
        "9f15b61edc2d5ec986def3319bbbdbf3eb087d6238ba445cc139fbc8e72bcabe8ce4e7ed407ca5"
        "1c0d9f0e53be9b9c3a55edf76b0a2000e43b0c6423a45a1d7eb9746e76507d5a1f69d93d17a0c0"
        "b64cb55e7f9c2bbd25dc2b5fe54942a5bc2833511facbaa27f930bd713a812614cddbec766ba42"
        "60d50e9b61466ea6c7096bedabc769e64a52499714cf1003039f7adeda9639b5ab92808cce86b0"
        "462b8f43ac2d777186dfa92744e05625e1972e809e346dc6ec678782a9cd2d560cee02e89b39a5"
        "3fc22092eb0ee18920c850dcc43f69f530e48c26a90780103d53f86c8079b8575bec2926eedca9"
        "6e1986b6b9991bb9582b13e88e07bbbcee986cc66bf1720867dd4ef83dcbbe0b981591512eb874"
        "30970a25b26f29edda7ff50cc16daeef7e9388734825cc2abf68d4c8f8da5f3605e541004f825c"
        "52596d9f66aea4b44a54f48b664aa455e0e90b812ed2931774f3016996bda11ec43faa63b300c8"
        "829a1e5be74812e51772631cb72db094d85c46352ad6c727a80845517dab4f79a1822561c2e771"
        "dddb284f967166905d05fb6554ac0c83038aa47cb88a8215924c9559552a9c561c7bf10aea3958"
        "b9f14fa43074bcde1c93ab710f674bd93da9b832ab0f574359328a0ddbe2569683ef37002f987c"
        "2294d16e040018d61d9235270b50040f2eb6a1b988857f9b56635bd019bf6d8d11146085690612"
        "aef03dcf30ce94b7d4444304cc4d2617841fc90ae96906f14cd9188517a9aea46fd57cce91945d"
        "c0e86810a753c98e5eea31b09d2c86bfadd1b1107f382b9847c3d2da9b59afc67cf9a243440136"
        "b8617d54ad5ae178a049fbdbcaee8ff016e21308355763573fa6c07699e271eecf9253f4021e9f"
        "d944dd6918c85f0042c811e8d49d3d503858a5280dbbe12672848645a6978a1c1f36b012ca517a"
        "80d5be7ba9aa41fde54620a132020d929939df155ca90a177f050e60f6043982bafe144f657a4e"
        "0445305729edd7a40fb892e1a2026dfce3507ddf195406c4697c66670ebc8b78b46cd0e1f63bab"
        "af7aaa2987d3e97306586406fd6fa828ff8a77413ce877a001e88c3a7575f6f63a12a9501ecc40"
        "79b5feef13583466d6ebceb8f74ba187a6fda0b5bc3682818d06c8aeedef018be71ef6425ab014"
        "9b891ffdd88e4fff875ccf45ed486778f129fbf1e34d294ec483d50f56d5ed847df4168140c657"
        "f11d356c06206e33e1a2172075e4dc29f0c481a2e0221a01855747056ee7d1face3363a0b88af3"
        "2c3082db1e67f5a9eca7bf34cb980d998aa81ef80e9277ce59f20bc4ec1f7e1131",
     .cipher_sha256 = "3f106e788d480dc8e8d4d0576ad3c10d0ef786408042c9b74420333934ef5fbd",
     .key_hex = "a5f3ed86d2975539f9b1e57e045a13019b93105b93e8a13acfba2c10122d3f61",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "686281848e9a95e32adf2fa15a399c26",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "DkS9CE9XBwzxcb0NAOeIoiqa3eLDAJIcAaDctfv0uABaFpy6/8/K1nMwKtsjFSbDcQ/3svnH378J51"
        "a8nt7VowFvxsa4DLXUeO8Rvbo7KjCu6fFG7h8UulTbFtwz9pDTyQw/JieSg4DZp1pLIl9jwT4CmPDk"
        "HEPrF37/2O8yjDnJqJJpDp5TAZyUUfi6g3YDXpci9Td8sNVmvfDr44sWFNnt5i/AFJ7VtKTZDsUSak"
        "5Bs2XVndl+SQ=="},
        {"x-amz-iv",
        "aGKBhI6aleMq3y+hWjmcJg=="},
        {"x-amz-cek-alg",
        "AES/CBC/PKCS5Padding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}"},
        {"x-amz-unencrypted-content-length",
        "1000"}}},
    {.name = "v2-kms-gcm-1000",
     .family = "v2-kms-gcm",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "e3baff0c7c0e1cc26037c70e1b1064f44e11a6ba20cabc22b75dc3a3c3b3aae80d2761b7a84a55"
        "2bd225e43aecaea5d25b96a6ea6da327c4c4e8bf9533dc7eea7af38d7989af4b8d2e2b0d883bcf"
        "363a07fd7db50bb2ec058f0c2372c68673d5cb3a30866429a117441affa023e7c60a397fd16e1b"
        "4219419b6cba282154afac0c353d7687e21ea61f6e80dfbeb022b3ccc15fccb5542fe5e284188c"
        "584f8a9642bdf8833083f4cbc86b95078bc2e50b4cfefe00381d6ee3cb491f749bef6e279954c3"
        "43146c3f51db57c60a7be7b8e06d22d1d05834201d314fbd707e746a961f93b765643f31434bea"
        "413fcbd08adc4b3f23ec7fe5e55c33d56f2885d8b105dbb6ead78577e86f0adda8cd07f92897c4"
        "0e9c6e48830de58f921349ae7e8e329fa8719e166eb5d70d8d052c07ca63cfbb7e48447d9d99dc"
        "c6d17bb344f4bec9eee49833a5aa132f2d75de01271c5af2b448fa9bed3938977b0ada85dbaa0c"
        "d59a7168d93af96726cf12ee9926ce7b6f38582d34c488477fd8949928b0b02ebce581b658c212"
        "3b60aeb0bd9b42da095188106166a9ef8e0ee9027b478437a180bae608a1dcf0332ea1766dc4c7"
        "e581bae8f216155b56cb7263a31049231b327523cb792bf463271e9eb3b341415d956545f56376"
        "f454689f09ade3069c14e1e0d2dad365d8afc30391d9301cb2bbd930cd6f24cc6fec02ef9cd9ac"
        "e3ee9ecfaf42b1ffed9d54ecbf25e91531bad69396f1d6d946e5910810ef8e25620fd8834e4dce"
        "d9418b27e069441bf8f974cb05b05e9551f4dd898d0fb73e2fa9cc6ba97c9d8ad2b804bc95ae0b"
        "12403be4f2d0073ac188ab1bc47c219ac2675f4d1a749485fcb45c02708f277bf17a65cd96d3ad"
        "38dcefb246ef199e9822d86b0cc6fdfcae0b5a5d8feec7b0e364e3ea548e977909471e972b1a68"
        "a856880863be66fbac7dfe58caf72efe4aa72814655dd1d8b4f1341926224aca5abadb5e070fb2"
        "b6fb1a50f81164736e6afbb3715e77889e9828adb5f473da0c05201afdd77218231cb533ec354f"
        "9ffa664165300428ab4958f764e2a0f5eb15d83a0166176635d3b7e69e1a75837bdccbe7cdc9bf"
        "2a01075ea7dd1a3c5cf915adf40b2b2f528c6da89eda68cb55444a0129296ade4ce4aef7807fc5"
        "c90e9ddd49dd391fc9c9eeb777aa1c99124f9624db95c3d9f77c9d99c18ccfbb57681e0d6060c0"
        "d80e0907423c95de382210dfa6cd255b8027a6ad6b21516c6e29ba485bd4092c7b99d0a4555fb7"
        "ec833ed39190edcd5a619757c1ff53193608a48f9ba6c791afad8599825c478ac473378f2da11a"
        "3293efefb11d3d98da86619f0316b06bb25113492ea8eb2b29e186c2293646734b06928073541e"
        "2438dee64faeb43e7fafcfbb7caa6def2e4b273e7a3b30e7ba4baea2865b2923bbfe201f5cb51a"
        "f58f",
     .cipher_sha256 = "50dd2021602e20b2a90dcd1654a72a13285ef69c0ae33f80cb2941e62734dae5",
     .key_hex = "c6d1babf3eea57cb7b6b5c29006e218e56a598aed2c9badeb226b88d6121afb8",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "cea62dc4aa03577ee029daab",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "x2R+LP5JUfhhVqEMRAO5K5VJeK6C2AGrV0sxV0PyLEEYXccPGswRgzeiXOGFL3/z4XV9XHqEpdFAln"
        "fi5n/wfN0wQ87AfTMtYk3rhxSZwYZ6TAPm2OE/6f7eTBmKfEIVdstGoXzdsU1ff+FeR+fZa6dDkTSm"
        "hiHr9p68kSTjXiQp0rSFMy4T7Fl4Mt65n5dGqPbFq7fsck2VAxwA5NZoLSUphM2nEdFT6fFMuhhUKH"
        "t8gsRP8MJGHA=="},
        {"x-amz-iv",
        "zqYtxKoDV37gKdqr"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "1000"}}},
    {.name = "v2-kmsctx-gcm-1000",
     .family = "v2-kmsctx-gcm",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "e00655a0d1358600dd30d05de69890e9a85b896c81ae26c769459a5598dd60dbef6bc8bf01351e"
        "03d76c849ab57da6145b1990e4957248263988845e96133383f3f70437af3109ded25fc369373e"
        "7afd30405fae5a5cc0548fb275e8fe1178cad1334e43e4fb30f4bbb0cf2fc59a5357a99f760927"
        "fd5d5660be3e51c7abd070b790f81995856d901d08074a98179d8e3a0900e80545f97e213351e8"
        "a30ed4c53b24c2164a65abd3740aadfd5169d4a2423757b9f7c75475b32fea2c0c115cea347f71"
        "485e1b74689af365e8caa79d1f0ee77131e398654e493dd312407ac5cf72ce68282899f6da634b"
        "bb0aed66f0a98f17a6201ccd5ee6056343a9575aa30ed0efba34ae63fce4adbadbdbe87acd2f50"
        "0ef5ddb022ba31c3c2d4913409dda02b070985c34d3762f6dd1daaa834e875f8caf864a1ee844a"
        "c060dea4c0cc05997c2b44f3d834673152f44d8a8ea84faa9569e237c257aeb5e977345ee0a1c6"
        "21c9bb71a1f3783cf3e612987bd50de445669725a80c597dcb592434517fe88636208557e4e768"
        "9039dbc9d4f55ad9749b34388249bf3c1251fd2bb338dc43b6adfeae12560426f16ad0c5519a34"
        "2e0a6ffab8fdf9130f5dec1f35766c827837f02f2bd59c7b8ca4fd8ed0eb627862a981ffcf4a29"
        "5c21e6952f76fc1f9e5946a6fd3b4727a15cf3a51e03893991c021d955be669a19705a796349f2"
        "76c343aa63940c3e367a2125f6662ca340c93342ec35c92736fa62ff42d55b44395c0e9a7fb304"
        "ad0433896147a811c84fed3d07d4b9165136c1dd5ea94b6f6122f022ae0d4e3026299c94d7501d"
        "86cbd5926b761f1af945e6e4afd73b95c5c4d6d2127dc2f7436a499b5f13d5bb1b377ac0da1569"
        "0a1243e570743f6c26d7efd0edfbed4b6056ce97dd51792e971d64a8fed24721f7d30fea0c61dd"
        "852a42862c9ef21aef8386a9008fe64f3ae6f5c9eadc4324efbd2caa2edd2921f2d82a872bc57f"
        "feb15ea99c1621dfff9d8aa87d22636bc3269cc3fab2dc7f60a37fe2362077045527a12b7631b2"
        "58f86cddfcc964934cd2cb2826d313ea715f6fd56b821e3d9918442e9f9764af203208c394e658"
        "987a2f7ea1a46a9bf6b0ac1d2758e2e87b869f954ad811bc4ea4d12408360f5cf761a9908199f5"
        "9fb8b5c1c831a9789d762dc884efbc220fecff6b626383fca5af5f98b3dab129227983f4b1dff2"
        "b4ed4f341fb4742ac77aa6c364fc7604868f2133ccfdb7e6893f77ae954b2d48d3d197f14c5bac"
        "38e80b9de177744d1ef9040e420dc0f4ebe1b43494c0f930af692145c73bcf4262aa2c88118abb"
        "d18ba778aa5b2c4587b5cb2a2f43e9f6d83bdcd8b8fcdecc3dd834addd9fb123b1ed0e709cd69c"
        "5a7d5d0d9ad73a81b2763679bce925da7e7b72006dc86087a6d4f5079d9a432785e3f22a895bdb"
        "25d3",
     .cipher_sha256 = "02425990cd15ac67c15774e7552093c7be55e4b9c22e209979e543e8511a62f3",
     .key_hex = "51d5e7fd36f3da44483d4a25cda52ddfcf4dd6321f612bae00553b342e20230c",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}",
     .iv_hex = "f136a4dfd6fa35db3d3a9c89",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "tnz90ODZE6CN/cY6xB2AGNhfRVd7KtmIqb1yXt7KmXxCOX/c9bgXE8O6YukIsDyg0bi8yrHjNyzdZ0"
        "e+weF4eo2iCobVQTZmdw20VHOd1wY3G3TKbAA9d3KMIATrRjJp1g5lrGRhqWAlCm0apv4ynE9D+ZFe"
        "fzN4eiiLptYs3zNotm2N/ZttGmOKFHcP3UJ6t4efqQ9Kt+CqpU8f5bwtLocBXmQE9paGdC6e4g1hf9"
        "y1SPr+nPQW2A=="},
        {"x-amz-iv",
        "8Tak39b6Nds9OpyJ"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms+context"},
        {"x-amz-matdesc",
        "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "1000"}}},
    {.name = "v3-kmsctx-kc-1000",
     .family = "v3-kmsctx-kc",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "a7bc27a3bb3d5a2bcfcc9da4f77741082ba867f60aa1a47b384cc1c501fe01f30a493d8d56d2e7"
        "a43159c39b1822d49c03b20fb32f6d3dfde45e89396f91b827ceea40fd92767e4d3dc3bbce7ab4"
        "17ad12fec69c422225555eff5221551760323f544f8c05f6e1b8a2282881a5667822f55392ddde"
        "6ca1da9bbb449503cdf57aee6799f37029f64f023b09090359298eb3222bc43ca685ac27d5180a"
        "563c215c03476d8b8b489c4d5eac8a22eb1f1af34205c99bd1646f3741ee4d586cdaa3db3defc0"
        "9cdf59430c82eb8967a6bcdded3533d033f5240709b3095cbedcc736efe3660c59e6eff680c0ea"
        "f08de9f379c5b66277ac22c9f0be7bf8923f32a2ee47a61569814fdf9490eb713ecd8796d4f024"
        "95a8d0bd84c87bfae2f0b432cea39b0ae500b8bca56fdb6bc29cc60a281285814f065d9e020498"
        "71b01983bfff4a25f8bdb36169be79da56fb7d4afccf5ce7d1ba7e6310723cef75a61e395376f6"
        "8f8047da1e9784a74be31ca21d1da1f3249fbf5a61f4278e0ce14c4df5977fd53b9c93ea9aefdf"
        "4f6f225fb07b1f54b30897d18765dfd6038a157e37ef629be5d092014749e57bd907de22c00088"
        "987c964c19617d5cef2dca0f7e86a215544b38879596ea065facdf86f183ec33b1c9c9ab5be9da"
        "7c7bc661157b638c556307b42b41d34d9af0f2ec55e5b72e2adf0808757d72fd55fabea03f5c84"
        "25b8f5e67bcf9b5aad1c1ead3447bf832e57b743e3c56a40943fa2ddcaab34e6a4f7980fd801c2"
        "ca56342b0343517ed75d9a237907b88cf5b501216fc63b3a7a8ee76d62a6b4b89e067e3141d9ed"
        "6fbb9730ee9f936b52d275fe46c4207220db7c55133e85c0cee97a75bb7cf6a1cf869df3fd661c"
        "36aa96a8630d504fffd378ccafd2978486ee92f3c8ba9748c95fa15fa22613b0df101a6d1bce54"
        "a4414fe0e2abf223da1f998e2641fffb54519ef5bdc0c6b2be9118922d18b7d8c5aff1839473ec"
        "b1f5574b458b9bd8cfbf5d5fb3672bcfaf85c5e21ef95911ab40811f5ade40c943c4440d386273"
        "fcdff069fbf8c1602566a5ea64d19f7943527edaf25b43a6030e43d7a1eef4856f6b665eb886a4"
        "43b7b266e45ceb85364d1c448664ea69eaba3113f743ce95d8878ab1867481f6e697bcbd8829e4"
        "cf77808b3558509f8b6b0a16fe796523faf1d9c18b8a3f4c946f1df6fa83641a6a2984d551d170"
        "22ff20bef2ef320c3781a622c1abde55e9dd6746aaf4e7419bed736407ca2fd7215c068136e6ea"
        "35831415a4ca3164907f6a2dc1276356296780e4d925f184c3cccc796a84d16f852493c277e4c7"
        "ba5e19b5eb54ae6a695a906f5703e5dbd9bfd4309041f8d85b58b3dfe524eb7d157ec894642fd8"
        "41a8fb0bb1a89a061ee4f832cb69f42bb525d7f73af2643f686f1c278a044d39d6607fcbdd1343"
        "e01b",
     .cipher_sha256 = "528fff926bffe5c851e44372df897d764c8d096f434ca488958dd6e456c7cb23",
     .key_hex = "009adc1f821f365361ae85b9e081410c1bedbc8b3530cd0efd15ad734b9d5586",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "9aaffe8aebc90cf02340489511ff0d51dc173253a2c1c4b10a100e2a",
     .commitment_hex = "de68a1e266e4253bc89a27795ea3d6edbc6a4c40adb9807978decd1c",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-3",
        "XULo7HuGdu2gIaZYBUGI7ZWcfv3iQMy5iJQh5adRF/lKit9HN1UZSBKc5aPMKPbpL6J7Jg9VPMVFAA"
        "GDI6yV2Oc30b8JaUsp1admof1i7nd7xftDigPofjOVmLOEl1A2bfM9LA2og+BLfLTBq4p9iaJws3m6"
        "xCxTPNzdEBDPlPAFGbRXbhZdxvDedQUdXzjvBTXwcGrASC7AO91gcuPzBz9rj6ft3aNxCZjBPUrNUo"
        "+DIey4iHTgJQ=="},
        {"x-amz-w",
        "12"},
        {"x-amz-t",
        "{\"aws:x-amz-cek-alg\":\"115\"}"},
        {"x-amz-d",
        "3mih4mbkJTvImid5XqPW7bxqTECtuYB5eN7NHA=="},
        {"x-amz-i",
        "mq/+iuvJDPAjQEiVEf8NUdwXMlOiwcSxChAOKg=="}}},
    {.name = "v3-kmsctx-kc-instr-1000",
     .family = "v3-kmsctx-kc-instr",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "a7bc27a3bb3d5a2bcfcc9da4f77741082ba867f60aa1a47b384cc1c501fe01f30a493d8d56d2e7"
        "a43159c39b1822d49c03b20fb32f6d3dfde45e89396f91b827ceea40fd92767e4d3dc3bbce7ab4"
        "17ad12fec69c422225555eff5221551760323f544f8c05f6e1b8a2282881a5667822f55392ddde"
        "6ca1da9bbb449503cdf57aee6799f37029f64f023b09090359298eb3222bc43ca685ac27d5180a"
        "563c215c03476d8b8b489c4d5eac8a22eb1f1af34205c99bd1646f3741ee4d586cdaa3db3defc0"
        "9cdf59430c82eb8967a6bcdded3533d033f5240709b3095cbedcc736efe3660c59e6eff680c0ea"
        "f08de9f379c5b66277ac22c9f0be7bf8923f32a2ee47a61569814fdf9490eb713ecd8796d4f024"
        "95a8d0bd84c87bfae2f0b432cea39b0ae500b8bca56fdb6bc29cc60a281285814f065d9e020498"
        "71b01983bfff4a25f8bdb36169be79da56fb7d4afccf5ce7d1ba7e6310723cef75a61e395376f6"
        "8f8047da1e9784a74be31ca21d1da1f3249fbf5a61f4278e0ce14c4df5977fd53b9c93ea9aefdf"
        "4f6f225fb07b1f54b30897d18765dfd6038a157e37ef629be5d092014749e57bd907de22c00088"
        "987c964c19617d5cef2dca0f7e86a215544b38879596ea065facdf86f183ec33b1c9c9ab5be9da"
        "7c7bc661157b638c556307b42b41d34d9af0f2ec55e5b72e2adf0808757d72fd55fabea03f5c84"
        "25b8f5e67bcf9b5aad1c1ead3447bf832e57b743e3c56a40943fa2ddcaab34e6a4f7980fd801c2"
        "ca56342b0343517ed75d9a237907b88cf5b501216fc63b3a7a8ee76d62a6b4b89e067e3141d9ed"
        "6fbb9730ee9f936b52d275fe46c4207220db7c55133e85c0cee97a75bb7cf6a1cf869df3fd661c"
        "36aa96a8630d504fffd378ccafd2978486ee92f3c8ba9748c95fa15fa22613b0df101a6d1bce54"
        "a4414fe0e2abf223da1f998e2641fffb54519ef5bdc0c6b2be9118922d18b7d8c5aff1839473ec"
        "b1f5574b458b9bd8cfbf5d5fb3672bcfaf85c5e21ef95911ab40811f5ade40c943c4440d386273"
        "fcdff069fbf8c1602566a5ea64d19f7943527edaf25b43a6030e43d7a1eef4856f6b665eb886a4"
        "43b7b266e45ceb85364d1c448664ea69eaba3113f743ce95d8878ab1867481f6e697bcbd8829e4"
        "cf77808b3558509f8b6b0a16fe796523faf1d9c18b8a3f4c946f1df6fa83641a6a2984d551d170"
        "22ff20bef2ef320c3781a622c1abde55e9dd6746aaf4e7419bed736407ca2fd7215c068136e6ea"
        "35831415a4ca3164907f6a2dc1276356296780e4d925f184c3cccc796a84d16f852493c277e4c7"
        "ba5e19b5eb54ae6a695a906f5703e5dbd9bfd4309041f8d85b58b3dfe524eb7d157ec894642fd8"
        "41a8fb0bb1a89a061ee4f832cb69f42bb525d7f73af2643f686f1c278a044d39d6607fcbdd1343"
        "e01b",
     .cipher_sha256 = "528fff926bffe5c851e44372df897d764c8d096f434ca488958dd6e456c7cb23",
     .key_hex = "009adc1f821f365361ae85b9e081410c1bedbc8b3530cd0efd15ad734b9d5586",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "9aaffe8aebc90cf02340489511ff0d51dc173253a2c1c4b10a100e2a",
     .commitment_hex = "de68a1e266e4253bc89a27795ea3d6edbc6a4c40adb9807978decd1c",
     .instruction = "{\"x-amz-3\":\"XULo7HuGdu2gIaZYBUGI7ZWcfv3iQMy5iJQh5adRF/lKit9HN1UZSBKc5aPMKPbpL6"
        "J7Jg9VPMVFAAGDI6yV2Oc30b8JaUsp1admof1i7nd7xftDigPofjOVmLOEl1A2bfM9LA2og+BLfLTB"
        "q4p9iaJws3m6xCxTPNzdEBDPlPAFGbRXbhZdxvDedQUdXzjvBTXwcGrASC7AO91gcuPzBz9rj6ft3a"
        "NxCZjBPUrNUo+DIey4iHTgJQ==\",\"x-amz-w\":\"12\",\"x-amz-t\":\"{\\\"aws:x-amz-cek-alg\\\":\\"
        "\"115\\\"}\"}",
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "3mih4mbkJTvImid5XqPW7bxqTECtuYB5eN7NHA=="},
        {"x-amz-i",
        "mq/+iuvJDPAjQEiVEf8NUdwXMlOiwcSxChAOKg=="}}},
    {.name = "v2-aesgcm-gcm-1000",
     .family = "v2-aesgcm-gcm",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "8a56e7de658b2585129651eab27b12ffba7a441fdea1af507e62beb248c2e6a3c96b531fd6d8f5"
        "733260d7b098db2fe3a69f5b8a3c0073c97ed6c0aa00760a0841b92f2c691d17b941cbfb6113a4"
        "1a0450307c2c90a58619bb3ff43b2fa13b4359810a222c213ecee0c9f2ffec84bef52d58cb542a"
        "e8e06f3476307e3f2eb2f5cdf1a23dc74766a16a19ad8f40908aee4d910985019ca9bad03dcac2"
        "57192e7df27e6183d593819460f732bb250b4c4a86a92be22d8ff6c4442d313b23c698cfdaa409"
        "2d20c66541c346cf556f14ec5ca89a8caa1fbc53b3553bca04c4b2801f67d4211ab3565a35a0f5"
        "5ed260dc0dfb13596289f9055bfe7707d23a2d4c4cf51e09c122319c36f21099ba2ec350d516fc"
        "5ecef89a7a7bf501e3fe6c8d9c8bee7b82750a0a4ff6e94fb11e973e2eff4940b0339a9ab0a328"
        "98cad9c270a82831ebcecb8014e1a6565af19df0c0e88b60e96b3f70f2fc1c78c2f3b0fe604bbc"
        "cb8c619239e56fd7089068538db1bfa9278fea76b5e4c57b89f7809f35e97f636a21938dffb779"
        "da853a0d35790f21d3013cbbe15b45401fd3b242cfb960f32460d800b60ca93178b53991549a53"
        "82a26e8e8deae4ac640a8806e89e19ddc09a5f655899ddb9aba8901f5dacd00d5aef4b657d45f8"
        "9323ef39f22940a4b4a57d64b964b77ce6779271f755fbd4bc3829497cccbc6d817c7d35c4c385"
        "82d08f525dcf575352fc82683733da00ee5e659876b87272fdcd2856ede50271fb221f25cb72bc"
        "8a0278e492dc2a0a1b5256943bf4586da332b10b33a9eef55401dc144b9d24e10899a7e718b7c3"
        "6e4db208d339a02dbabed07a415b1e75477df0922c46474ea93095a5d5b4c948b6daf3afc1e85f"
        "9e6992f3a3c6c09c09f4c1518c3af9e3c6e240fd1aba5edb3e225ec15801ddccceb3f6c0731f98"
        "36b3025075fcd91e076bf8b2a3f67784e8f8ce82007edb2cc37caa6bffa3601c83a2678f9c10d5"
        "a9b94110a7387897626f780cd0b2a9abfbbc2e7db4414090e39297894cd6ef2083d699f59ad13b"
        "5b8e41eaf06364a20c861772f800cdbbf47025872fb51979d774703f007b001abf79d793b2307b"
        "05bebf03cd1492c2802fe5303ee6698b000f5748733243dfbda7d7f9f2c24838f5217b349a8b90"
        "525c2fb16f7689f0cf131ebefebb325a5154505decdf92a6034392f9be3e67008812cd6ba3b44d"
        "d8f8772f1e91ede1c549c6643ab83e7fe136c0e2f2e6c7f35f2ee748a5c62a174176e643684e69"
        "7d373ef62feb52a41f16874179d1de4af2c510428d83b02a1cd7535944fd8c3ed20ef6b3ef9041"
        "408117aa7247d2d8ce61cffa6dc8cd8f47b476cb3fd754e87112e1b72d56a6b142a60bec11abf9"
        "0a11316a2e8248aa2711dd4441089647fb0ddd4cf99b0b5a5e4f5f1432945a953ca34ff465f80a"
        "d7ee",
     .cipher_sha256 = "cc08ebc79280c65bb96d3ded8289d0b5d17b53e5cb4cc325498a02a1e30c11cd",
     .key_hex = "f10e4ff144d4ff4b8c74cad1b3a0cfb86a94735eb3fc722e65b6551c98493867",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "5b5271fd926d3b745e7edeeb",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "kJ5/RbYpVYXIXx2eKGYBrXXoy55/6wi0p/MbzGBFHc9MEyEcOGcDJDPBUvlMLGawXNcVKiMCeXcxvF"
        "Cu"},
        {"x-amz-iv",
        "W1Jx/ZJtO3Reft7r"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "AES/GCM"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "1000"}}},
    {.name = "v2-aeswrap-gcm-1000",
     .family = "v2-aeswrap-gcm",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "9c127d9b67cb25b4d5156837fa1fb66516091544d0eb10d9b75afc8980fcd433125631e25883b4"
        "e80ef67f85563ad33b0a8c6ae266519a096b77ac1e1fa2e29de85a5e48a6b6af57b038f312401c"
        "a60edeebbd2e4fc2eac23c64a3b629ced0ea9535bd6eb198f78648286af67d5276b9990ea2ce43"
        "8ae51867f7c24ffee8cf41d20637efa9723a7427139a86dce6bad6b79635eac1365eca8564a171"
        "3a1e492dccfc0946acc0ad9d2389c1700f9a360927cc4f5989b8c55483d7c497169be73595bfba"
        "e6d4840013b8a7b31d29429f7cd0fdea3581f5f2b1a674d821db7ee7ec98d3ce8bd5fdb20cc962"
        "d39dd1b4b72e32271e11720b1012d974ca8aac8e97b30a2f7c84ca099f4000388a3672f2277d2d"
        "ac9d212c750d91e84883c2e8ec5648f3e86602e824f61bbea7ddc797b65167424dd1818c7e938e"
        "4e873d44f47d4c16a5f588ca3175dd2e87301752829d19214b6739093e9592253293184b549cbd"
        "7c2f28721750b38729b3d1d070f8e39f968df43fc0c9c2d0e488c9ef9a8152d2fe4f502eb03e4c"
        "c019626d9403d77c35d2718599c42d5cc5461d3b0cc70533dd0fd9727826fa6cd9d0577ddc36db"
        "1b1d5f89115647796890b73431addfca47556def04b0ed23b457742eba7d739fd0b30d15756187"
        "de541146e171adcac8887256ff2e7e1a3f7cc02508010a2d49cffdf7460949bb18aac3783fd0e6"
        "373721c0ec836bfab681384ed84859e52d3208d2b6a6f889d492e6179ccb523ab4f74879edfc54"
        "a515326df505b4e3bb1a44a08ece9ca8530e25a19a660e8178324398c670dc7b789bc468da8a7b"
        "aa487a6141612efd072273dc9aeda15e86f962ed062648718b6c123731f8661f823d263f055445"
        "6892153a5cd232378f9501566f7654afb4c91fc71e21a851ef1a8c9f4664c8d4201da7391ef991"
        "2e9e34f732487766ed527b4e0547fd05a915e8fffb7af1cfe7efccf3009ed274ecbba4828323f6"
        "4c8ee71ccd3a56468b0a213d5ec467c2a2f69e530096611b558622988ac7329c20e431313a2c85"
        "e91623707a5c5629c3e2404f164744db1e8a49447691cb13213e5175eb04d430b9b2690e943ffa"
        "89d767279e5a4e968e010b916d50fb14188fce4db9a4f68b5cc05458d053f220f09d24267b08c3"
        "d03bee0685b28c7685978958dd5d0afac6d35833f0ea4408c249d09297424aa76bbd87f14fea5d"
        "c97a88b03372c36048ced4f581169bfa87504a59202523ca5cfce3a049c734529be3949a911156"
        "fc6902f74d44a63c8537fc25016fbf61d96013e3805719cb7e49b26ed35c2f622d72bbaa97507a"
        "593d6fa91267051c021fae58ed0c4ce9f45d08884593cd67471888a954addb062649330bd30347"
        "7445e5f431bc2d2e00939d041c77b7997a0c954fc1f02632b6e7fa1fe2c697b8fbb396e7ef5d15"
        "4430",
     .cipher_sha256 = "604a02909eb64707de569ea94768924f6f4092f4b08491e625c239b7877a568a",
     .key_hex = "d12b886be60aa49b286c6277d34552aaac942548de8a6d8da422944d0387ae24",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "8aa37e66da1cbea2c022cf82",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "/Sf+sqdqy3GzTxuSUfOsoq02Bck21zV8YdaNvJvCQBHh00CydJZ9Hg=="},
        {"x-amz-iv",
        "iqN+ZtocvqLAIs+C"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "AESWrap"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"}}},
    {.name = "v1-aes-cbc-1000",
     .family = "v1-aes-cbc",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "82b7ab54a0139957a33362d7468b3fe7bd53cbd40971dcaff70102f17cf1ae3ce31ef8fe20d0c1"
        "4b4fb915bc4dc908932bbf15bb0d0c6b47f3cbedff780c1b219e6db67a57aeed97b7d45299b7df"
        "5c357af591bf6952fe823a590c247d1bc2f1069a1ac66f566fa2bf9196e5924a4a4ebd5c020189"
        "62cd6adb89c04cbc02b470ffd7c47d1c027c326841cba9880983d2df2e925d91b48a9cbe653340"
        "7376006682e61893b645b25d0876416a84e618d74c3325742c1d866b56f88bc6fa2c33dadd670a"
        "61cdc5036cb9b98e3f94904d3df195a2a737f52bab932b9ca17d13276f39f316beeae143e6d2ad"
        "9867d9be1e6cf544665e5a637cc4399196508c82429ae39b2b1f2046db4995651e5f3802af133d"
        "fb43d4e2e96af776a8189c3cdd12757b64d6b64f2750f88e14171411a4745b382a98787ffa52c2"
        "9f6a95d1ed4b81c9a73a211a315e83fdd6b1c36469eb4dc5a6896e7c9608f73b8e4887757ab4ba"
        "45e6ad0be54b78cb8d97abdeb06d20a27ea0ea9870e4763219ac84f79a7444cd913f02445a5651"
        "81d48d628b53cdb21726fa9cad8e78bcbe3022ebf6ffabc75b7f0b057c2ff5693d6ff1ffac40c3"
        "4f4c523aacc4cfc72861d9892c958f017048e286170252b6c7e0b9106b5e8ad10f1deeaceb356c"
        "edfb9ccac2e9dbf3c8848b354d4922df1e1b01ae1292b0e801fe443775a76872737d57cde4e400"
        "c6c815aad4b1fb3d79b2fe39896ce3b9dc0b1806fa212099e9d9aeb0e3a476c232802531b66f3d"
        "1844a44cc51d0090a51ada164a91dfd2c2d6bbd9a649111c4cfb8af9ff265c768097f345c77f74"
        "898738d2dfc540ac893f04897c19a4ae277b75b494766ebaf14360818e2739996c68ba5adb2e51"
        "d0de164ab17daa7f63b84fcac7806c03a5a5ffd02ac42b7df47fbbb7c23c230d8efad532085a2a"
        "431cdc195254bdb621604f6f6fd393962767b4d8ab8042c62a1b80fbafb5d4a61881ff0150c24f"
        "3a2160fe9cc558d9b265875d7b5a379dfae0b166b34a4264c3ed48341c20cfba4cecde285f3f74"
        "4862d32cd4663238d8aefb955ba07637a1f0eba89b2a7be5cfb0ad945680540422c769dc20672b"
        "ec5a3994c793d3b1bbcd9c5799d8b20b965ee164ad6a771e5be7a51a21964113440851012d1e56"
        "796c0095d89f76926370f9721f6104e833b56574f9bf51bba6a117f4b0f106daea5024f893053a"
        "90bf8d815a710cf70b813d71cc3deaac6c53e809d0b02b6282250aae5b7e795c4dbb5fb97ac290"
        "7f62061869afec11c9d09b91623e2f477d83d511a980e2ef539a724bc0018be2a49b3a7fe8356f"
        "d374a5b1dbdec832e7bb3d5dd16bd24e1c83022b123ef3a161b7a5b651c65060fe1e0b8a62e2e3"
        "90bc3c5c951dcdd0cbb36474d0502968a79fbde08278a74d9d7a0c4b92ab0a18a9",
     .cipher_sha256 = "9170ed5e7438f596887f6b7dda74ebd53d306e9ef314ab5a892401afadae16a5",
     .key_hex = "ef72d47afdbcf3cd7c26fcb91d98b9307bf8e12158ff6b0fcdffd562f44af946",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "014b553f6a6e0496dc7fab45d7e53f74",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key",
        "uDnZsxo5FqroWj8X7cSMnls7h4o9EnGL1zMmPi3w1J2nkMraC9Vm3QgDnJK0/c5g"},
        {"x-amz-iv",
        "AUtVP2puBJbcf6tF1+U/dA=="},
        {"x-amz-matdesc",
        "{}"}}},
    {.name = "v3-aesgcm-kc-1000",
     .family = "v3-aesgcm-kc",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "e134aaf1087bc825bfbda4544146250b41b66d6aaff2fc5f61869d31e11cfb4ae12f65dd92d25b"
        "a6ac7b3516d890a0424c3ca729320d99bedd3b957d750207da5b6d1a9adda980d6150103c509d5"
        "4fcb15c0ce68d17bf6c79c7953817b579538f461ee40c6829d3a06dd9b79bb382b3d8d028e09bd"
        "c9f84ca3e2c822174887a7b3009637cec9f0d705bff0e37d4ae2edd7b8067b7de4a49e698e9497"
        "d5e5a6fcdd4e4f2386a0e2bc268c436b8ec9ea8f6a023f5e2af683438247e5f105973fa17aa1f5"
        "eb2a30e44ce69e412a884120366b51e5c24ff2510445f5eb8f795d2f7fc392bd9dafdeca3ad8b2"
        "9f32314389ad29e6512ff557f597d6abe8de7ca6c5cffe04a1ce1915abfbebfe606545cbdefb33"
        "4c433ad673811c59014fda4d1adc8f9f2181cb4c8b4f215bd7ca2d7ba428038e36f19401ce673b"
        "80b67471ba9fa2a9032603a6aaa967a1591487ce5a3c64767c9c76a62ac42272f9316f2dcc60a0"
        "d31d1a802599c2baf719f932e5f88793d4ff5f120c708e0c37cbe30d4dca6f49a391ef4628ce65"
        "c21ad6bf1c28717e9888c30b843a335833f9cf85da2499bc99a047457749742b465162125198a0"
        "e0050420c53a41a918306d213a38271415e18d86d80ff98563c51cd9b7d9b5c0e560a6b11da35e"
        "56a604d4f0ddaad1d0b7ec1674d86fe1edc647eeea01abde23df4c85896ca66c224c6f02609062"
        "f3d8101bb6a0cf527edd3df70cfe89759479e07767743afd53296994c7b2b21224f50ec24b36f3"
        "59dff3b6d5f8e71e9c4367e081e8fb1e6e87f0c0861338f753fe0bf5dd32732cc95b6e6ec347e3"
        "d5f96ea6c675b4b97220a7d0e4fbc65255432d522baa3747687925bbfff3563ea11ebc6e6f57e3"
        "6deae1e73dd5a8106f08534b699b9439b0d2f1de4ac60cfcf88b2c0aad78fa2b5576294f526f67"
        "a62320b3eef12824cd237199568f4b80f062ddb1b2b1e8dd7ac6afd9beba18f9d2589ac35e88e9"
        "b23f8de0be2a077357bb3410f09988ad7055b50b0e6987a3ae2be4fa3e76f9d911cf3a9d1408a3"
        "ae3a409b31fa46a8b816938bac2036aa3e92681dd24647b4a059f63c4ea4172b03bef533d94095"
        "43a515a41b389e3dd2937ea628a0f562932b4198c1a7e62290a15f0e582982a6bffe32491418d7"
        "6f4c06cb6171acac43c3b30e20a25f185c222c341915c7465d5d98b8c0fc8d5006ab09942ae9ae"
        "93519efdb0c594615ba6eeccd4392c7b905c5b04256c247658b267c441bbaf3530a67bca3d1299"
        "415539fd7a39a66ad6e05143777802d9159ac9543c629ce10e85110e2a5e4c4eb3861fb0d4c8b6"
        "fa68f1917e2aee0ae17568de3bebbe4e42dad132e20a017edd5991d7af4489d7508c7326939ccb"
        "55b8be40bfa57ae24603380e2e5707005c425e430133088281e0537c5cce287ab355ccfd22db69"
        "7114",
     .cipher_sha256 = "d68c1a671b28961a5255a7f76847a4e18658c4ee7e4b7e6e2ddce660e16241c4",
     .key_hex = "6dafbba828aa54bc0ac57418dad6872a64fbd55bd5e46371070932ca15bb2fc7",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "aca80cb6e24fa8c981679facb3da6eb5d4383439dd60985e278b5cb4",
     .commitment_hex = "4ad77275231212bacb9746d54b32f4b7adba807bc0aaa15b21a5eee5",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-3",
        "AwukITVzh1R7cRtrDVZcAIobA7rjYwXITFOfocXbq32bVeY+PkYJz8EXsF5v8fwcSHFZjXhFUdILLj"
        "xY"},
        {"x-amz-w",
        "02"},
        {"x-amz-m",
        "{}"},
        {"x-amz-d",
        "StdydSMSErrLl0bVSzL0t626gHvAqqFbIaXu5Q=="},
        {"x-amz-i",
        "rKgMtuJPqMmBZ5+ss9putdQ4NDndYJheJ4tctA=="}}},
    {.name = "v2-kms-cbc-4096",
     .family = "v2-kms-cbc",
     .refused = NULL,
     .plain_label = "pt4096",
     .plain_len = 4096,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "af4d539caed39223818009a174888b2bd7388f0c7bcc882df0ef170573fd885a",
     .key_hex = "93319501a1680310224b600acffb5e6705f9561f9dee09d5afcc377a386f6605",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "e6decc47d29432b163b64fab7eb3ed8b",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "8d8brgZU/kdhlRDsPMZVaFLSWOPPvwCx36AhK5Ta1W+A2n/HOhOcfvzbTYbN7m8TNzcmfLCj1m1lx/"
        "SU874pRW3WVDoj8HL0p4AJ+qIGwUrP1qpyGtz3tgmntpsatwMxh6SAa2TJY9j4AXzSVOPxXVeaOlzF"
        "+YQIW8E4qlTdhVmFDwzZx4cmQq+MoDWreT3DnPrTbRl+xEtdCYcZ4LL+blKWjFZwGkC9cpHY3iy8wG"
        "6hES4R1mbjYw=="},
        {"x-amz-iv",
        "5t7MR9KUMrFjtk+rfrPtiw=="},
        {"x-amz-cek-alg",
        "AES/CBC/PKCS5Padding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}"},
        {"x-amz-unencrypted-content-length",
        "4096"}}},
    {.name = "v2-kms-gcm-4096",
     .family = "v2-kms-gcm",
     .refused = NULL,
     .plain_label = "pt4096",
     .plain_len = 4096,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "e1a1e3a4d7d95f3bf5b2f1dfc2a6d41e4a7b12fedc7ae1a133e1693c712167be",
     .key_hex = "288910b2ec79d3629803c215d21f3cbfbdacf980c0a174e2ba6623835c0c145f",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "d715c912746cf964780d076a",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "SlQu3nhRxvT8pLji3PjtiZRhVH9GvqnsYfjwxHV1Q0MzyYM5ytD4X8sDs5N5ZaK53FVK7dCr/Z+C/Z"
        "++th8zbuxllPhoDKNCDfGOC+L4k8LFyrH/O2sd502bK4Ly3FPs2lF13daUuVGVZo2mPom00dvopKVW"
        "VSW2BOvA67+VsUR1n+wxxUgjG2G/xpRIhf1cok83mWxIvyKQuxReAqCcUfnVuJaRjAViPS2K5nx3g1"
        "nyrx35CaqOUg=="},
        {"x-amz-iv",
        "1xXJEnRs+WR4DQdq"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "4096"}}},
    {.name = "v2-kmsctx-gcm-4096",
     .family = "v2-kmsctx-gcm",
     .refused = NULL,
     .plain_label = "pt4096",
     .plain_len = 4096,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "2e95e8318791790bee88318b9ab0cad4a810c48b1e9a5e84e0545e2e91914cd5",
     .key_hex = "8b796df3b249178abaedcb44f9df5ac6f2b7e0a13204e1857d9ae9c578af4f43",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}",
     .iv_hex = "8edd7f103b9ed913f6d73d67",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "xBT8aref2Jcv1Mgbo8R2fDBUXUaRAn/SZ/LnwpLlMystzhQy4rqNklWiPG4tE6TCwEdWxJawdLFWF2"
        "q/c/eCO5FgpJGpLjuzgAflpcgdEol0sy/asD/GDaEeeoi8kHmXX90vKA/3YAr+koyYeE9YXUKtKS4b"
        "6JPhfUOGujo7HRdIDf9QJr6KGcoROrbVCr2cXGE0Xp/y1K/0DUAeta433d/jzKvWRwnvVmUWIOpkKN"
        "GQCuby0R5z1A=="},
        {"x-amz-iv",
        "jt1/EDue2RP21z1n"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms+context"},
        {"x-amz-matdesc",
        "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "4096"}}},
    {.name = "v3-kmsctx-kc-4096",
     .family = "v3-kmsctx-kc",
     .refused = NULL,
     .plain_label = "pt4096",
     .plain_len = 4096,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "8124893a7a142de9b646bed3d7b2eef1dba6164cf82b15f9cb222d0d017885fc",
     .key_hex = "c38edd6c82f336f81d83cc8aba0ccd0d45c2f4532ce12efa6f7de43c74bc61ad",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "ac2095626406e91f6d5b9f2e9c33611c7f3c72d30c3dc8827df6e158",
     .commitment_hex = "9a0e390e29e1821e497d226b4c81d92275f2596c6b0d8fdd37de9cb6",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-3",
        "7VNKTmENe5EqqdbolxA6XBrpkzxBfOlC1DJSR8h681Ndxv8iJSh5lCCdTszReN+GieJ39HrZXL4mSL"
        "mu7JV4Up23Rjhqt1TJTb9MMNscRyQxazBSw4gOaa+KHyrM8EhVAQR0CptRmEoW86Cv/njcr6ooE5Ut"
        "suAz0S8pGJHi676PYS6jm3xbJMWBKH7AMLo6Kx5v/O/KXjwF2XnFrChfm4ZaELqT9mqnTLQEEIq4j1"
        "vqSe2iZLkarw=="},
        {"x-amz-w",
        "12"},
        {"x-amz-t",
        "{\"aws:x-amz-cek-alg\":\"115\"}"},
        {"x-amz-d",
        "mg45Dinhgh5JfSJrTIHZInXyWWxrDY/dN96ctg=="},
        {"x-amz-i",
        "rCCVYmQG6R9tW58unDNhHH88ctMMPciCffbhWA=="}}},
    {.name = "v3-kmsctx-kc-instr-4096",
     .family = "v3-kmsctx-kc-instr",
     .refused = NULL,
     .plain_label = "pt4096",
     .plain_len = 4096,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "8124893a7a142de9b646bed3d7b2eef1dba6164cf82b15f9cb222d0d017885fc",
     .key_hex = "c38edd6c82f336f81d83cc8aba0ccd0d45c2f4532ce12efa6f7de43c74bc61ad",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "ac2095626406e91f6d5b9f2e9c33611c7f3c72d30c3dc8827df6e158",
     .commitment_hex = "9a0e390e29e1821e497d226b4c81d92275f2596c6b0d8fdd37de9cb6",
     .instruction = "{\"x-amz-3\":\"7VNKTmENe5EqqdbolxA6XBrpkzxBfOlC1DJSR8h681Ndxv8iJSh5lCCdTszReN+Gie"
        "J39HrZXL4mSLmu7JV4Up23Rjhqt1TJTb9MMNscRyQxazBSw4gOaa+KHyrM8EhVAQR0CptRmEoW86Cv"
        "/njcr6ooE5UtsuAz0S8pGJHi676PYS6jm3xbJMWBKH7AMLo6Kx5v/O/KXjwF2XnFrChfm4ZaELqT9m"
        "qnTLQEEIq4j1vqSe2iZLkarw==\",\"x-amz-w\":\"12\",\"x-amz-t\":\"{\\\"aws:x-amz-cek-alg\\\":\\"
        "\"115\\\"}\"}",
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "mg45Dinhgh5JfSJrTIHZInXyWWxrDY/dN96ctg=="},
        {"x-amz-i",
        "rCCVYmQG6R9tW58unDNhHH88ctMMPciCffbhWA=="}}},
    {.name = "v2-aesgcm-gcm-4096",
     .family = "v2-aesgcm-gcm",
     .refused = NULL,
     .plain_label = "pt4096",
     .plain_len = 4096,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "8540ea612cd79d501d71c6ce06d230f4f0f204b132f4f911d480dcf5e3779e5c",
     .key_hex = "ec4f05f3f1a4d8ab7ecce9740db7ce292140fe49bef22a325457de28135c159f",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "a685026fc3dec4771e88c72f",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "0Ob9XMc/wzkjNc98Huea711r+uZ6Fm4yRCVjhQj++hxmYVaARtQWMu7XrwWlYQDz8idj/5u9svmvTh"
        "yJ"},
        {"x-amz-iv",
        "poUCb8PexHceiMcv"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "AES/GCM"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "4096"}}},
    {.name = "v2-aeswrap-gcm-4096",
     .family = "v2-aeswrap-gcm",
     .refused = NULL,
     .plain_label = "pt4096",
     .plain_len = 4096,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "5e3e69495abd290d19afda6cd745f48d180e6c609a5b96c336409a4b7f6f04b7",
     .key_hex = "b9621195cdeb7637b30700da44db45fc92c4dab36856834b1f5ac953615a121e",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "522460c878639551c90e1886",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "TzbSjRqQbilvZBaJN3bR5W5oeIPU21I5T7eDgF7rPWpw9K+kZZmfBw=="},
        {"x-amz-iv",
        "UiRgyHhjlVHJDhiG"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "AESWrap"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"}}},
    {.name = "v1-aes-cbc-4096",
     .family = "v1-aes-cbc",
     .refused = NULL,
     .plain_label = "pt4096",
     .plain_len = 4096,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "f2ac2be556a5c99e5ea1faf00c1bc64cdfb2a2047f78d6745fad765ea7f0059b",
     .key_hex = "92a7344bf0438f6ab24799640a22ee1c1bd07fda74e7b05c028fa56ab2abde0c",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "630e86565da86acc18208b5dd629252f",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key",
        "yMlt2Z/GYuKv1C9fdTlk8zxGfoxkkJkuWUJWk+0xDV2nkMraC9Vm3QgDnJK0/c5g"},
        {"x-amz-iv",
        "Yw6GVl2oaswYIItd1iklLw=="},
        {"x-amz-matdesc",
        "{}"}}},
    {.name = "v3-aesgcm-kc-4096",
     .family = "v3-aesgcm-kc",
     .refused = NULL,
     .plain_label = "pt4096",
     .plain_len = 4096,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "0d8b475604e67bde493f066276241d070039701a05a3e100324058698cae61de",
     .key_hex = "06ad728498c259ca3fe1cfdedc2831764adc622985bf84e111cd9176ca69ddf3",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "053e314d8c953791f8ff6aab05495eb399ac4114b334833a37197acf",
     .commitment_hex = "8b2d33720e1b9cbcf67ba3b15218658592372dda9c1f40bf439303df",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-3",
        "mzFl9qoUD1k1qyEJqk/8DXV6FJ6GWizgIMCYnujINAiAH8X8lDJju0pXcT7GwzlmHhrOGNhmIVbWft"
        "bD"},
        {"x-amz-w",
        "02"},
        {"x-amz-m",
        "{}"},
        {"x-amz-d",
        "iy0zcg4bnLz2e6OxUhhlhZI3LdqcH0C/Q5MD3w=="},
        {"x-amz-i",
        "BT4xTYyVN5H4/2qrBUles5msQRSzNIM6Nxl6zw=="}}},
    {.name = "v2-kms-cbc-65537",
     .family = "v2-kms-cbc",
     .refused = NULL,
     .plain_label = "pt65537",
     .plain_len = 65537,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "0343466e3deedbde3e318094ad3c1e9c131d6257892ceee72084f480e01167d2",
     .key_hex = "18c92c73d4cfa9c587cbf147fb70672c6a4cd4d8d1cf6050697ff79738f37a5c",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "08b067b0c02d2de95267a736bbe4d54a",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "9uNJFglTFE/Y/DaFScSJwQGnoEzghis700cm0ZYrOuG0efTI4uk5jtQSqugLyeqyTBiZo0TadijDjE"
        "HghECPHI0LFSd9iY82fbfTO4QGoa5oZyVVvvJfmtmPvhP01CfhD2/4XGepiwp2lYT3gscdAr8/s0YT"
        "cdLAh8IZQAE5JdtFUU8FJB7GN5PIIBTKEs3d3qiNubGsqLpfeyuRiKx6U21udeyxIaWsyFB51ka47u"
        "5L2nMy5JErmg=="},
        {"x-amz-iv",
        "CLBnsMAtLelSZ6c2u+TVSg=="},
        {"x-amz-cek-alg",
        "AES/CBC/PKCS5Padding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}"},
        {"x-amz-unencrypted-content-length",
        "65537"}}},
    {.name = "v2-kms-gcm-65537",
     .family = "v2-kms-gcm",
     .refused = NULL,
     .plain_label = "pt65537",
     .plain_len = 65537,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "5e22a0a85fdf377a0259a954cdb6317e6abeac2074b39d9b5e3c06bbdbcdb4fc",
     .key_hex = "6d24a344b0cbae2c7c8fcef59748312b3e2a58457c1fa4321bdb725f7110f8f6",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "fc245a502d8f1651ed183dd3",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "cCjnN/M9qqFvIS7ufU/MVBbEOYkqGaJdRdmRkRmZXXjmNyW0lfsfsSnb2GV3tvt3glaOMm1e3aZJ7B"
        "psbfj5cl2brULuHaYjXruujS/2lXaSKy19sW2GfQFb89YsI4BiEm+ObADsVWgrZ6VGPzUX4dnGXGlk"
        "u6JY1NLrk9lJ9Ulr1zIsPrRchWpGKZQ4x8azzDU9KhFMKOTs77fz7xwy3BuVAAKz3T3/yFvV130cQk"
        "0JDLvONWFnIw=="},
        {"x-amz-iv",
        "/CRaUC2PFlHtGD3T"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "65537"}}},
    {.name = "v2-kmsctx-gcm-65537",
     .family = "v2-kmsctx-gcm",
     .refused = NULL,
     .plain_label = "pt65537",
     .plain_len = 65537,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "b6c208becc7aaf6d055a6525f25b1ee9f8f9a95d00a9afee14a9d496f7638524",
     .key_hex = "743f07a482d01a72054201b5f86a2041c5383109682872043b9fb66d0e96d08e",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}",
     .iv_hex = "b866bc93c69508b5f307cee8",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "eiVVmiMeDTGHSM6aLoC7/UVonebIjSRY7kFMIBiefBUs93i4UnXts+UeEVN2l4N0zYsiEKZRRPRpb6"
        "rWCrPTprL0ZOsDWOPqgNop739kOJajxtU/gPwzO5529PtNO1D5QRo43Bkn/WhwnqvrEwej8V2W4b6i"
        "5DxWZ87UvEbl5lMjtb4M2BpXp6OF5Flb17iMMuD6ONR0y95zMkltiLCqOm2j3oZWbKfvZptRMW9c7b"
        "pY48SCi6UNGA=="},
        {"x-amz-iv",
        "uGa8k8aVCLXzB87o"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms+context"},
        {"x-amz-matdesc",
        "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "65537"}}},
    {.name = "v3-kmsctx-kc-65537",
     .family = "v3-kmsctx-kc",
     .refused = NULL,
     .plain_label = "pt65537",
     .plain_len = 65537,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "d865616782e63e17344e3e02a09e391826a7daa686e6990f655fd13e4dce5f06",
     .key_hex = "2a271350907895dcedc340fc21b056c2fb2ecf7b2054fb3fa5c94f3f7c59f34a",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "ba0e057872a5e8bc7686fa77dabf42696f4ac16a44c7609cf7278590",
     .commitment_hex = "9a37654fe99baeaa482a6e2e9ba24d7a5b58713d2508d04fc9a3e348",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-3",
        "mkkDObEVxfmkSU6TSihxpbsX861vL7zEFr7YgTQIwZRO7hoMxLhqeiTkxd0wMVpOxNFw5/+9oVkoJ2"
        "FSADZo4cgbLwzpaSqXwEJlXBkD047t3ERvM1K/g7G8Ce4bcAvktYLveNSmkymCJFcNyWtRkg6eSpgq"
        "g3zk6vqUYs3dqROC5MN9FOme4+cghlWMifttiR4g9cszkovyuF1ZtiOCHQICWu0kdD6yF6Mq1Ws7Gl"
        "qWw7wOZO9gvA=="},
        {"x-amz-w",
        "12"},
        {"x-amz-t",
        "{\"aws:x-amz-cek-alg\":\"115\"}"},
        {"x-amz-d",
        "mjdlT+mbrqpIKm4um6JNeltYcT0lCNBPyaPjSA=="},
        {"x-amz-i",
        "ug4FeHKl6Lx2hvp32r9CaW9KwWpEx2Cc9yeFkA=="}}},
    {.name = "v3-kmsctx-kc-instr-65537",
     .family = "v3-kmsctx-kc-instr",
     .refused = NULL,
     .plain_label = "pt65537",
     .plain_len = 65537,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "d865616782e63e17344e3e02a09e391826a7daa686e6990f655fd13e4dce5f06",
     .key_hex = "2a271350907895dcedc340fc21b056c2fb2ecf7b2054fb3fa5c94f3f7c59f34a",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "ba0e057872a5e8bc7686fa77dabf42696f4ac16a44c7609cf7278590",
     .commitment_hex = "9a37654fe99baeaa482a6e2e9ba24d7a5b58713d2508d04fc9a3e348",
     .instruction = "{\"x-amz-3\":\"mkkDObEVxfmkSU6TSihxpbsX861vL7zEFr7YgTQIwZRO7hoMxLhqeiTkxd0wMVpOxN"
        "Fw5/+9oVkoJ2FSADZo4cgbLwzpaSqXwEJlXBkD047t3ERvM1K/g7G8Ce4bcAvktYLveNSmkymCJFcN"
        "yWtRkg6eSpgqg3zk6vqUYs3dqROC5MN9FOme4+cghlWMifttiR4g9cszkovyuF1ZtiOCHQICWu0kdD"
        "6yF6Mq1Ws7GlqWw7wOZO9gvA==\",\"x-amz-w\":\"12\",\"x-amz-t\":\"{\\\"aws:x-amz-cek-alg\\\":\\"
        "\"115\\\"}\"}",
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "mjdlT+mbrqpIKm4um6JNeltYcT0lCNBPyaPjSA=="},
        {"x-amz-i",
        "ug4FeHKl6Lx2hvp32r9CaW9KwWpEx2Cc9yeFkA=="}}},
    {.name = "v2-aesgcm-gcm-65537",
     .family = "v2-aesgcm-gcm",
     .refused = NULL,
     .plain_label = "pt65537",
     .plain_len = 65537,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "451a604c7b0ef421ec2a6a155fd1c7fabc2f669c42afd6efa6ba768441cd7dd9",
     .key_hex = "7ae16d15e248d989fd0e29f4b4fce3eb33a54176c081ec6580185868c348cf59",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "5c798bcb145e81f7941a2df2",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "KBH0xizQNYetQ6LbZUcdcEWYh5zSSbsk/E2mGXiQShMSpAocCDaElWlm2T8r59a1LlKvK2o9ZFGNlD"
        "PP"},
        {"x-amz-iv",
        "XHmLyxRegfeUGi3y"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "AES/GCM"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "65537"}}},
    {.name = "v2-aeswrap-gcm-65537",
     .family = "v2-aeswrap-gcm",
     .refused = NULL,
     .plain_label = "pt65537",
     .plain_len = 65537,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "75b2e1538103fd21d4683ef9a309187b087fb3d1639fc17786412af93e80ba88",
     .key_hex = "2c06e1a11f7953ca63923e8ba70a37a04cc831b0fa135fe83ecfa6bda46470b5",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "09dd598889a3a27ff3f63505",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "O2nINE5fZR76SDnaRqpZjct6GAiZ61ZFez2Nh1RAbtcujOKOx85qoA=="},
        {"x-amz-iv",
        "Cd1ZiImjon/z9jUF"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "AESWrap"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"}}},
    {.name = "v1-aes-cbc-65537",
     .family = "v1-aes-cbc",
     .refused = NULL,
     .plain_label = "pt65537",
     .plain_len = 65537,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "a943b8d3f9a1e02b1e6915cfc2d58da6bd1875391fbeb3bbec6a0e94dd7fe6b0",
     .key_hex = "3198449d3015c5cc4781056e058ffdf605933f989b457e3412129a9def942cfc",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "ef87866e0b1003f9cdc16d2d9d46963b",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key",
        "NYB4qV3Keu1aqo2s3HmVz6bgGRIxSrX2AmK4OIvLDeankMraC9Vm3QgDnJK0/c5g"},
        {"x-amz-iv",
        "74eGbgsQA/nNwW0tnUaWOw=="},
        {"x-amz-matdesc",
        "{}"}}},
    {.name = "v3-aesgcm-kc-65537",
     .family = "v3-aesgcm-kc",
     .refused = NULL,
     .plain_label = "pt65537",
     .plain_len = 65537,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "ee12ad57baf907b95585aedc2a69fb0339f23afb99497c5782f083181752a463",
     .key_hex = "e28f388b7b73e24c09c6db8ff36c8240b93485b198c6e2f20d30cb269bfcd922",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "429dd2cd1b467af2f9bf17a81f819db3e82c6636cda074670c491378",
     .commitment_hex = "59e701c38712d7577009a8358860f7d485875e6bf30c8ee4ccf25443",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-3",
        "8KP9fsI3p9rC3VlKT2L7xf8OSufKGXaQJx2CZtbfZxVdVtXJB3fdpOEBDPxF3Ixt7sgOh8tt1bNT3E"
        "ef"},
        {"x-amz-w",
        "02"},
        {"x-amz-m",
        "{}"},
        {"x-amz-d",
        "WecBw4cS11dwCag1iGD31IWHXmvzDI7kzPJUQw=="},
        {"x-amz-i",
        "Qp3SzRtGevL5vxeoH4Gds+gsZjbNoHRnDEkTeA=="}}},
    {.name = "v3-kmsctx-kc-go",
     .family = "v3-kmsctx-kc",
     .refused = NULL,
     .plain_label = NULL,
     .plain_len = 56,
     .plain_hex = "8f2c59c6dbfcacf356f3da40788cbde67ca38161a4702cbcf757af663e1c24a600001b2f500417"
        "dbf5a050f57db6737422b2ed6a44c75e0d",
     .cipher_hex = "2d4ff4dafe27f69f628872d82b5a1002ed1a21b8485d532bd8159f6487945b3641af5865fc0a02"
        "9a3650053600c6d213625b9a0cc9c239577c09f3423dedc5641e88b6835824417c",
     .cipher_sha256 = "",
     .key_hex = "94fe806c84139a9b726fff9642afae6c3c3ec3b9dad13d4b192072646b9aa27a",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "b04f732dbe2db0404992f1212cc645c4c8fda192416d0e993a03aa1c",
     .commitment_hex = "e89392c78ed191dc9f72226435abae0b846990c716658e1afa2d51cd",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-w",
        "12"},
        {"x-amz-t",
        "{\"aws:x-amz-cek-alg\":\"115\"}"},
        {"x-amz-d",
        "6JOSx47RkdyfciJkNauuC4RpkMcWZY4a+i1RzQ=="},
        {"x-amz-i",
        "sE9zLb4tsEBJkvEhLMZFxMj9oZJBbQ6ZOgOqHA=="},
        {"x-amz-3",
        "d3JhcHBlZCBrZXkgb2YgYSBtb2NrIEtNUw=="}}},
    {.name = "v2-kmsctx-gcm-go",
     .family = "v2-kmsctx-gcm",
     .refused = NULL,
     .plain_label = NULL,
     .plain_len = 56,
     .plain_hex = "af150d7156bf5b3f5c461e5c6ac820acc5a33aab7085d920666c250ff251209d5a4029b3bd7825"
        "0fab6e11aed52fae948d407056a9519b68",
     .cipher_hex = "6b134eb7a353131de92faff64f594b2794e3544e31776cca26fe3bbeeffc68742d1007234f11c6"
        "670522602326868e29f37e9d2678f1614ec1a2418009b9772100929aadbed9a21a",
     .cipher_sha256 = "",
     .key_hex = "84952fed2e8ad9c1c5eb86e84bd8b11d7d136408c164b4f866910ee17c641a76",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}",
     .iv_hex = "76aaa5ab675155243984545b",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms+context"},
        {"x-amz-matdesc",
        "{\"aws:x-amz-cek-alg\": \"AES/GCM/NoPadding\"}"},
        {"x-amz-iv",
        "dqqlq2dRVSQ5hFRb"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-key-v2",
        "PsuclPnlo2O0MQoov6kL1TBlaZG6oyNwWuAqmAgq7g8b9ZeeORi3VTMg624FU9jx"}}},
    {.name = "v2-kms-cbc-go",
     .family = "v2-kms-cbc",
     .refused = NULL,
     .plain_label = NULL,
     .plain_len = 64,
     .plain_hex = "a716e018ffecf4bb94d4352082af4662612d9c225efed6f389bf1f6f0447a9bce80cc712d7e66e"
        "e5e1c086af38e607ead351fd2c1a0247878e693ada73bd580b",
     .cipher_hex = "6f4f413a357a3c3a12289442fb835c5e4ecc8db1d86d3d1eab906ce07e1ad772180b2e9ec49c3f"
        "c667d8aceea8c46da6bb9738251a8e36241a473ad820f99c701906bac1f48578d5392e928889bb"
        "b1d9",
     .cipher_sha256 = "",
     .key_hex = "ec8b57f424c635659e802eb646568dbba109dfe27dc863bbc80a83354e0275e0",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"test-key-id\"}",
     .iv_hex = "69d3bd53ba5c107c544da82e224868f6",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-cek-alg",
        "AES/CBC/PKCS5Padding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"test-key-id\"}"},
        {"x-amz-iv",
        "adO9U7pcEHxUTaguIkho9g=="},
        {"x-amz-key-v2",
        "d3JhcHBlZCBrZXkgb2YgYSBtb2NrIEtNUw=="}}},
    {.name = "v2-kms-gcm-go",
     .family = "v2-kms-gcm",
     .refused = NULL,
     .plain_label = NULL,
     .plain_len = 56,
     .plain_hex = "75f6805afa7d7be4f56c5906adc27a5959158bf4af6e7c7e12bda3458300f6b1c8daaf9a5949f7"
        "a6bdbb8a9c072de05bf0541633421f42f8",
     .cipher_hex = "6370a90b9a118301c2160c23a90d96146761276acdcfa92e6cbcb783abdc2e1813891506d68507"
        "54ef87ed2ac3bf570dd5c9da9492b7769ae1e639d073d688bd284815404ce2648a",
     .cipher_sha256 = "",
     .key_hex = "1eb8eb924b7fbd0c0c62daaf2baf8c897877c6232fbe22f52acef0da682c2605",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"test-key-id\"}",
     .iv_hex = "f1196fcb2f00a188fcbf9efd",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"test-key-id\"}"},
        {"x-amz-iv",
        "8Rlvyy8AoYj8v579"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-key-v2",
        "d3JhcHBlZCBrZXkgb2YgYSBtb2NrIEtNUw=="}}},
    {.name = "v2-kms-cbc-go1",
     .family = "v2-kms-cbc",
     .refused = NULL,
     .plain_label = NULL,
     .plain_len = 121,
     .plain_hex = "a6ccd3482f5ce25c9ddeb69437cd0acbc0bdda2ef8696d90781de2b35704543529871b2032e68e"
        "f1c5baed1769aba8d420d1aca181341b49b8b3587a6580cdf1d809c68f06735f7735c16691f4b7"
        "0c967d68fc08195b81ad71bcc4df452fd0a5799c1e1234f92f1cd929fc072167ccf9f2ac85b931"
        "70932b32",
     .cipher_hex = "fd0c71ecb7ed16a9bf42ea5f75501d416df608f190890c3b4d8897f24744cd7f9ea4a0b212e606"
        "34302450e1c5378f047ff753ccefe365d411c36339bf22e301fae4c3a6226719a4b93dc74c1af7"
        "9d0296659b5d56c0892315f2c7cc30190220db1eaafae3920d6d9c65d0aa366499afc17af49345"
        "4e141c6e0fbdeb6a990cb4",
     .cipher_sha256 = "",
     .key_hex = "8d70e92489c4e6cfb12261b4d17f4b85826da687fc8742fcf9f87fadb5b4cb89",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:172259396726:key/a22a4b30-79f4-4b3d-bab4-"
        "a26d327a231b\"}",
     .iv_hex = "10c316258f192dc2bff453a3de20a99e",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-cek-alg",
        "AES/CBC/PKCS5Padding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:172259396726:key/a22a4b30-79f4-4b3d-bab4-"
        "a26d327a231b\"}"},
        {"x-amz-iv",
        "EMMWJY8ZLcK/9FOj3iCpng=="},
        {"x-amz-key-v2",
        "AQEDAHikdGvcj7Gil5VqAR/JWvvPp3ue26+t2vhWy4lL2hg4mAAAAH4wfAYJKoZIhvcNAQcGoG8wbQ"
        "IBADBoBgkqhkiG9w0BBwEwHgYJYIZIAWUDBAEuMBEEDCcy43wCR0bSsnzTrAIBEIA7WdD2jxC3tCrK"
        "6TOdiEfbIN64m+UN7Velz4y0LRra5jn2U1CDClacwIpiBYuDp5ymPKO+ZqUGE0WEf20="}}},
    {.name = "v2-kms-gcm-go1",
     .family = "v2-kms-gcm",
     .refused = NULL,
     .plain_label = NULL,
     .plain_len = 16,
     .plain_hex = "2db5168e932556f8089a0622981d017d",
     .cipher_hex = "fa4362189661d163fcd6a56d8bf0405ad636ac1bbedd5cc3ee727dc2ab4a9489",
     .cipher_sha256 = "",
     .key_hex = "31bdadd96698c204aa9ce1448ea94ae1fb4a9a0b3c9d773b51bb1822666b8f22",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:172259396726:key/a22a4b30-79f4-4b3d-bab4-"
        "a26d327a231b\"}",
     .iv_hex = "0d18e06c7c725ac9e362e1ce",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:172259396726:key/a22a4b30-79f4-4b3d-bab4-"
        "a26d327a231b\"}"},
        {"x-amz-iv",
        "DRjgbHxyWsnjYuHO"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-key-v2",
        "SpFRES0JyU8BLZSKo51SrwILK4lhtZsWiMNjgO4WmoK+joMwZPG7Hw=="}}},
    {.name = "v3-kmsctx-kc-go-commitment",
     .family = "v3-kmsctx-kc-go-commitment",
     .refused = "commitment",
     .plain_label = NULL,
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "2d4ff4dafe27f69f628872d82b5a1002ed1a21b8485d532bd8159f6487945b3641af5865fc0a02"
        "9a3650053600c6d213625b9a0cc9c239577c09f3423dedc5641e88b6835824417c",
     .cipher_sha256 = "",
     .key_hex = "94fe806c84139a9b726fff9642afae6c3c3ec3b9dad13d4b192072646b9aa27a",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "70fc2d6cad3c8eba5edf1f90125c86faf1ad924f630e7e8a98eb5ad9",
     .commitment_hex = "16241ea46c3efcefb732e62b990539980928b549f107e5be1306031f",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-w",
        "12"},
        {"x-amz-t",
        "{\"aws:x-amz-cek-alg\":\"115\"}"},
        {"x-amz-d",
        "FiQepGw+/O+3MuYrmQU5mAkotUnxB+W+EwYDHw=="},
        {"x-amz-i",
        "cPwtbK08jrpe3x+QElyG+vGtkk9jDn6KmOta2Q=="},
        {"x-amz-3",
        "d3JhcHBlZCBrZXkgb2YgYSBtb2NrIEtNUw=="}}},
    {.name = "v3-kmsctx-kc-go-base64",
     .family = "v3-kmsctx-kc-go-base64",
     .refused = "envelope",
     .plain_label = NULL,
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "2d4ff4dafe27f69f628872d82b5a1002ed1a21b8485d532bd8159f6487945b3641af5865fc0a02"
        "9a3650053600c6d213625b9a0cc9c239577c09f3423dedc5641e88b6835824417c",
     .cipher_sha256 = "",
     .key_hex = "94fe806c84139a9b726fff9642afae6c3c3ec3b9dad13d4b192072646b9aa27a",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "b04f732dbe2db0404992f1212cc645c4c8fda192416d0e993a03aa1c",
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-w",
        "12"},
        {"x-amz-t",
        "{\"aws:x-amz-cek-alg\":\"115\"}"},
        {"x-amz-d",
        "notvalidbase64"},
        {"x-amz-i",
        "sE9zLb4tsEBJkvEhLMZFxMj9oZJBbQ6ZOgOqHA=="},
        {"x-amz-3",
        "d3JhcHBlZCBrZXkgb2YgYSBtb2NrIEtNUw=="}}},
    {.name = "v2-kmsctx-gcm-go-no-tag-len",
     .family = "v2-kmsctx-gcm-go-no-tag-len",
     .refused = "envelope",
     .plain_label = NULL,
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "6b134eb7a353131de92faff64f594b2794e3544e31776cca26fe3bbeeffc68742d1007234f11c6"
        "670522602326868e29f37e9d2678f1614ec1a2418009b9772100929aadbed9a21a",
     .cipher_sha256 = "",
     .key_hex = "84952fed2e8ad9c1c5eb86e84bd8b11d7d136408c164b4f866910ee17c641a76",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}",
     .iv_hex = "76aaa5ab675155243984545b",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms+context"},
        {"x-amz-matdesc",
        "{\"aws:x-amz-cek-alg\": \"AES/GCM/NoPadding\"}"},
        {"x-amz-iv",
        "dqqlq2dRVSQ5hFRb"},
        {"x-amz-key-v2",
        "PsuclPnlo2O0MQoov6kL1TBlaZG6oyNwWuAqmAgq7g8b9ZeeORi3VTMg624FU9jx"}}},
    {.name = "v2-kms-cbc-go1-aes128",
     .family = "v2-kms-cbc-go1-aes128",
     .refused = "key",
     .plain_label = NULL,
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "e232cd6ef50047801ee681ec30f61d53cfd6b0bca02fd03c1b234baa10ea82ac9dab8b96092643"
        "3a19ce6dea08677e34",
     .cipher_sha256 = "",
     .key_hex = "898be9cc5004ed0fa6e117c9a3099d31",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:172259396726:key/a22a4b30-79f4-4b3d-bab4-"
        "a26d327a231b\"}",
     .iv_hex = "9dea7621945988f96491083849b068df",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-cek-alg",
        "AES/CBC/PKCS5Padding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:172259396726:key/a22a4b30-79f4-4b3d-bab4-"
        "a26d327a231b\"}"},
        {"x-amz-iv",
        "nep2IZRZiPlkkQg4SbBo3w=="},
        {"x-amz-key-v2",
        "SpFRES0JyU8BLZSKo51SrwILK4lhtZsWiMNjgO4WmoK+joMwZPG7Hw=="}}},
    {.name = "v1-kms-cbc-0",
     .family = "v1-kms-cbc",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "b766f35d778f360e582c073dcf5b07ba",
     .cipher_sha256 = "6d6b8f844b41fad9a76281458c3266e63ffe82f614a7713f4f234799b548037d",
     .key_hex = "08c94c873139116565e1391c1d62019f16fe6b24c8054a4d81d4828b5c557fef",
     .wrapping = "kms",
     .context = "{}",
     .iv_hex = "bcf090d8da23970760ba9954eae8bc37",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key",
        "mPIoHAJfxowHw498gbGI9OMcMZNUSheAyY88xh18BHlFA1YBxXIN7hHdQeYeFwbsRleRPSbhDM2wNj"
        "TwK86aRU4nujijRrSbksW8sMtAXsyEgiY7+7Zp2LrGqGHrN69g+8N6ZOs8edmREsUvTgEDOtSe6n8E"
        "6Sv4xPKORN0T+GvCHUp/oibOBo9w9cIJjc0PLx+4p8/ucQuzUTerXbbloC53JQh18yr2bJL+50c4Qx"
        "fSZYyzY4PhRg=="},
        {"x-amz-iv",
        "vPCQ2NojlwdguplU6ui8Nw=="},
        {"x-amz-matdesc",
        "{}"}}},
    {.name = "v1-rsa-cbc-0",
     .family = "v1-rsa-cbc",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "94280e7d2204e3f1963e1e81f0a1cdab",
     .cipher_sha256 = "bf61d34fb8e4a1ce4073802f8a69bb0d91283f2d3edaebad22274867a6016f2d",
     .key_hex = "3950e8cfe208b3e05456b717d5fb7e595f92d0c5d2ade5ff12811c144cd9d13f",
     .wrapping = "rsa",
     .context = NULL,
     .iv_hex = "2cfeb63d314cbbc5896cb40615fc65fd",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key",
        "Ref/iCMg4+l9a76yj7bX4QodjVCqtNNqKAfxTm4X7H2/AEIoTJOpm7w3Cit3HKAyxYDPiwMGUAv4s4"
        "uKotagw+YaX+cKhzK416tB/YE/K8FExoyP6rEZv9Yo0hf/iv6H8eqYT6MmzchZIv/fcg744AdX99o2"
        "0guXiwha3reNKcbYEezPQwAPEiM5tp39pyErtRPQjs9QIf/+Z6ATAFRiNjV6A6MJriuGlbnHKD3OGG"
        "8Ma60o9f+z52rzVVOZNR13PeAs9bNXw1/9bDnf1ltUlebry8BSUnU2p1AZYK1jRLnyhPLD/XluqCzG"
        "9N/g8aVmQQU6h+7AIA3pEzZEHdaDpA=="},
        {"x-amz-iv",
        "LP62PTFMu8WJbLQGFfxl/Q=="},
        {"x-amz-matdesc",
        "{}"}}},
    {.name = "v1-aes-cbc-instr-0",
     .family = "v1-aes-cbc-instr",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "9d6d5b9a58db5adf5268516add7a0fa8",
     .cipher_sha256 = "5416e62e77aa58a3cc67f8a41cb4fa0a1160ee0bf3c53487bc14837bb044f66a",
     .key_hex = "d435e94b082d4eda15047c1ee974442115af7668790338024ad223616f2ab198",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "54e6bd5d71a899b89a4a409ef57a4964",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = "{\"x-amz-key\":\"w5Y0VGF26Dh3TXOt8iMTg6gW0l7ZV8Tv/dvh8T/ZE8WnkMraC9Vm3QgDnJK0/c5g"
        "\",\"x-amz-iv\":\"VOa9XXGombiaSkCe9XpJZA==\",\"x-amz-matdesc\":\"{}\"}",
     .metadata = {{NULL, NULL}}},
    {.name = "v2-kms-cbc-instr-0",
     .family = "v2-kms-cbc-instr",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "06a2133d6826ea3b45e6d9ce9f3fa85d",
     .cipher_sha256 = "cc1862c6becf6db10cabaf9fbe3b99daa06967b3f68e601b1b9457a349a3c9df",
     .key_hex = "e05dc59c783730d19e8b8916930be2f3a34682394b58e60562fb1bf053232e64",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "a2678d779a6734a91505ca9a1a551508",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = "{\"x-amz-key-v2\":\"CpQxQk9P3OhW4hXKLnjT7ZHHH0a+BYj3Kl6vq0MVbmVEAUi1zicxk512nX7fC"
        "Lng7ZwU2VS2kRYChAziwH+FzDezsSua+QNuZfN5xXpd7qfVHqHTLLn4K9/G6yUZmn4E84QyrSQWPYf"
        "echDJdi6v7+cWrBA4hxniB2b8J3wRxu5L/rRlOQ65fd0wVofQESkAPvitDaKT5KRCc99EIQMC5HLFT"
        "aTwODKZ7uHzG7YERJb3i0kmbr/DlQ==\",\"x-amz-iv\":\"omeNd5pnNKkVBcqaGlUVCA==\",\"x-amz-"
        "cek-alg\":\"AES/CBC/PKCS5Padding\",\"x-amz-wrap-alg\":\"kms\",\"x-amz-matdesc\":\"{\\\"kms"
        "_cmk_id\\\":\\\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-444"
        "444444444\\\"}\"}",
     .metadata = {{"x-amz-unencrypted-content-length",
        "0"}}},
    {.name = "v2-kmsctx-cbc-0",
     .family = "v2-kmsctx-cbc",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "cc7fe11ecc93b733e68f4c3b1d6bbe9c",
     .cipher_sha256 = "2521f4203683775ab35db1589526aa4954ef451d93e88665d2709e14a4465602",
     .key_hex = "89f1563eee5b36ad5165ced4f771a9dd9ad630c21b3b95552b60c42f556bbc7d",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"AES/CBC/PKCS5Padding\"}",
     .iv_hex = "b480eaa3eb8216c25431d91ed046061a",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "9c6l78300nf2j9RySSWX/0SIR7NEv0C49QnfGYoZWXnfdQntQt9O0DGF9nKu6Siq9isuaaxcDPIFsf"
        "Yx1Bfm95Q4YBcT+SQ8fhNTUU9X8b7rNjn3ktosji6t9lmJQ4sN3J+O2OQlBrkMnKUmeBbHlQGMSaA3"
        "4ucUhbPAf43vW3F5us3QapOOsNAGSazTmOj5gTBcR7gt4AIRFxrWihq08+De05tJ4aQJjCaAgnTxPp"
        "QlHeW0WjHRBg=="},
        {"x-amz-iv",
        "tIDqo+uCFsJUMdke0EYGGg=="},
        {"x-amz-cek-alg",
        "AES/CBC/PKCS5Padding"},
        {"x-amz-wrap-alg",
        "kms+context"},
        {"x-amz-matdesc",
        "{\"aws:x-amz-cek-alg\":\"AES/CBC/PKCS5Padding\"}"},
        {"x-amz-unencrypted-content-length",
        "0"}}},
    {.name = "v2-kmsctx-gcm-user-0",
     .family = "v2-kmsctx-gcm-user",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "0bbda9cd947ae217c9046aff8819875e",
     .cipher_sha256 = "a03f703c25520f640264f07bf58d89ed75d410bf96d7afbb0d6e1a43334320d3",
     .key_hex = "d1da38fb17cb02734766679faf4dca0207f8874a1c9d06e96305489333220f0b",
     .wrapping = "kms",
     .context = "{\"department\":\"backup\",\"server\":\"SQL 1\",\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding"
        "\"}",
     .iv_hex = "b59be4388c028bc32b93d0ce",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "MHDXf454jraGXvkFjaMwhIBgCxZZF3rvksRAWZ+i12jruWfGhWjqBMWT5OtsK3ictGyNZ/uDu1jNKR"
        "aHBFtw2E3Pxcc9Nftm2dLrncaa2UaSWVsVyrv6lLZ3Bh6PQG1XRJu4N5HtW275Z0vKQXU12QSO1I10"
        "KIUsjlsU5Bw3T4fccHrldxuJpIg0bbAPt/Tuig8owBZEMrsaGPPS3i9S0LBK/HnH+TEVxNDsM0jBtg"
        "k6aF2eSnIH5g=="},
        {"x-amz-iv",
        "tZvkOIwCi8Mrk9DO"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms+context"},
        {"x-amz-matdesc",
        "{\"department\":\"backup\",\"server\":\"SQL 1\",\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding"
        "\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "0"}}},
    {.name = "v2-kmsctx-gcm-instr-0",
     .family = "v2-kmsctx-gcm-instr",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "c42bfbde95facb104b463d25b31cdf3c",
     .cipher_sha256 = "d6dce36bd552874f8975dfdff3fc0368175ad9c03699cab5121222013e002fd1",
     .key_hex = "f1b96f60731ae992d0832a99db7aaf8f17ca71e9266e9712fcf39cf77da22ad9",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}",
     .iv_hex = "467f1f6c09bbd8599cb05868",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = "{\"x-amz-key-v2\":\"JcwqjAvZF0QbvLmJmMaKEebBKBSbBVmoZ64dLGGvpsnkeMGKi0v64JBjp9gDw"
        "lLnhwifmFItPADQmMqLvuMrY0smNKO+7vZhnBbv2wFOxlAEWdqNFIL1iP74L5jwJkd4al3gcqXcwq5"
        "A58rb43Tmu9FU5my2kVMY/XsFnFd6fyffEDT1PRotElYVYwY/mNa1iN95RYBNMIUcOhkrq0iUz45Uh"
        "7U9OuzoxKMslp4bGhS+5mgRCPzU0Q==\",\"x-amz-iv\":\"Rn8fbAm72FmcsFho\",\"x-amz-cek-alg\""
        ":\"AES/GCM/NoPadding\",\"x-amz-wrap-alg\":\"kms+context\",\"x-amz-matdesc\":\"{\\\"aws:x-"
        "amz-cek-alg\\\":\\\"AES/GCM/NoPadding\\\"}\",\"x-amz-tag-len\":\"128\"}",
     .metadata = {{"x-amz-unencrypted-content-length",
        "0"}}},
    {.name = "v2-aesgcm-gcm-instr-0",
     .family = "v2-aesgcm-gcm-instr",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "61bc035b7e87e67cde2779768c26934e",
     .cipher_sha256 = "92549e1a125bee640e84579b0bf2e71663a15da8fc7a5ae1eadb9986413c13ce",
     .key_hex = "99c1b3c48c2a4f4203ce9c633cd18cbc41130e367552224e75cf203b44033171",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "b56cd50d4f6ad9259a5f5f4b",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = "{\"x-amz-key-v2\":\"gmTtky4SJrxNo4pPu0hGLOUSLIv8z8iPOJV7d5FDTEeMh3RLDK7bpzafHFQTr"
        "zND70gKQaFuY2vr1oNB\",\"x-amz-iv\":\"tWzVDU9q2SWaX19L\",\"x-amz-cek-alg\":\"AES/GCM/No"
        "Padding\",\"x-amz-wrap-alg\":\"AES/GCM\",\"x-amz-matdesc\":\"{}\",\"x-amz-tag-len\":\"128\""
        "}",
     .metadata = {{"x-amz-unencrypted-content-length",
        "0"}}},
    {.name = "v2-rsaoaep-gcm-0",
     .family = "v2-rsaoaep-gcm",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "52e0d3907fc3f0967fed10ebf7dd0f77",
     .cipher_sha256 = "bceea0f92079f333e97d1da60a0c69c483c73a0140c5c819af1aab1f61e41beb",
     .key_hex = "52a7c92def8a0506e43799a399b8e5d0be183649ed874006f74bea279439b44e",
     .wrapping = "rsa",
     .context = NULL,
     .iv_hex = "3424fd53fba87e896e3e3743",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "MDDrwcNIXbNed1OyRvn4lZiWyVM2+kF3xPSsaX9xw9Zm1mKyBrnDcp8SWUBIVzRxVBoNx22MkH0p72"
        "yPRxW0xXy4kzYX8GFEwKL/vnBZBFLipsSU3US/G77I8tpP/XOQIVg8Swz1q1ABvovSeQtIzBlha9iz"
        "y4AV7ZjEK1Ck9wPG7Pv6fNbiOcbB5SjkmAq35+GJmd2N+QbCBJLXEJ8+fv9Hu+/2/f29kv9tgPC5UD"
        "pji5geHVUfpvz/xk08tsuAPw0PhCV+YiIOFTypr3ZrusWleTr2SGyBBDt1xtXYiuonS2z58oRyjnUd"
        "DLCI05vtBhdlRimmpkMNfqUjpzBVtQ=="},
        {"x-amz-iv",
        "NCT9U/uofoluPjdD"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "RSA-OAEP-SHA1"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "0"}}},
    {.name = "v2-rsaoaep256-gcm-0",
     .family = "v2-rsaoaep256-gcm",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "bcbd0ead86fcd12d4ecd5862294cecb9",
     .cipher_sha256 = "0a16641ee9153763ea9e5e3ede984d4832fb4c78e73aac489fd829db70f1be1e",
     .key_hex = "73a8c00485a93a51c67f936c8968e23b556fae428d4131ed6930a081a751645c",
     .wrapping = "rsa",
     .context = NULL,
     .iv_hex = "13ec871da81c0ac0729ead5f",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "1vLJQPII+XiWUYqLjW6BENPL15x74MiWSlCGdrQEia0oLRagaEFT9k0nfFt1vdpbPsV5onJQXZfcjg"
        "RqxAW8yu1vTBxrKVFe0IchqJA9yVUicajA0nydJa8TF4q57zSfpA+5liM+dfT3LCp71ROcEclwiLs4"
        "XxlbDcHrWtGWLDnpf+0L0FCfrKf9F9Z6wYPrfdRwtWX0AdDH4mdlTpsPWaJAQIlbIqSUANM8m2ZxD0"
        "elF6sgx/XgOfdOkc+yRJ4xIf22Qkz7AzSk83RBl8RPwQ9ZRNcQtG7U/baOBLQOkR3/Zl19FnhneuMd"
        "wTbKKpeP0XlUXyLw7IaFowst+ouZoA=="},
        {"x-amz-iv",
        "E+yHHagcCsBynq1f"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "RSA/ECB/OAEPWithSHA-256AndMGF1Padding"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "0"}}},
    {.name = "v3-kmsctx-kc-user-0",
     .family = "v3-kmsctx-kc-user",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "4e67fdfdc704f089538b74b9f4182fb5",
     .cipher_sha256 = "af8ae1bd0321e503d2602f07e417e9bfa5d83319e8b1193c56cb7d3c0458b25b",
     .key_hex = "a035e8fe986390d84638a0680a520b818a64e81065b3e047e8c46284a363f284",
     .wrapping = "kms",
     .context = "{\"department\":\"backup\",\"server\":\"SQL 1\",\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "11918c4196f4bc95bbfcc2a14168f733e68d460e728218ecaa2c45ff",
     .commitment_hex = "d6e412193fc4b1de9998492b5149480ecbd8db4b64d1d39be3734233",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "1uQSGT/Esd6ZmEkrUUlIDsvY20tk0dOb43NCMw=="},
        {"x-amz-i",
        "EZGMQZb0vJW7/MKhQWj3M+aNRg5yghjsqixF/w=="},
        {"x-amz-3",
        "LDY0vVgnKJs0Feg5RNIdthGuA36jcgkPH8G9r9Xnx9U+vTiML+Dlj3y0LcC6b1HQs41f3iePxrwPdQ"
        "aeu7Y/Z12gmaVnzsR/yR+d253HHorWMbK73nzfC0pfBQGdN2iwKrHrhS5QqR+KEvLLIU6KHCZqkM5t"
        "wK8qroENBHxxYlQ5AVrBqn840NEG9NP3dnyb9qJ/dV4ku9ctxqq3yjsxoQmnbm5fS1DGkGIgh1YRp+"
        "jRRMEGD969wg=="},
        {"x-amz-w",
        "12"},
        {"x-amz-t",
        "{\"department\":\"backup\",\"server\":\"SQL 1\",\"aws:x-amz-cek-alg\":\"115\"}"}}},
    {.name = "v3-rsa-kc-0",
     .family = "v3-rsa-kc",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "8331f40a6e5dc724ffbeee1eb70fbb8c",
     .cipher_sha256 = "682b2e24dadbdf4c809625504511e093df34b89a9b8ce659e05fce990c43e9f9",
     .key_hex = "e55967e385ed6369401ea32a9c3545d7774eea3d2e10c2453f7dd5413be5452b",
     .wrapping = "rsa",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "fd464041cb8c48e64c17cf0ba9e4be9f6e5f88727369be587474f802",
     .commitment_hex = "c97409839794d28361dd929ba9facf9f73ba8f30f043d2712b5fff49",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "yXQJg5eU0oNh3ZKbqfrPn3O6jzDwQ9JxK1//SQ=="},
        {"x-amz-i",
        "/UZAQcuMSOZMF88LqeS+n25fiHJzab5YdHT4Ag=="},
        {"x-amz-3",
        "PXazsAK9vANfWoMBvKaW22gF1iOxSfJHILvgrrDk1RRsu4DqhWTnHwf8H8098+XDqG8Sa9AmeCeLCj"
        "GplwktZXaaVTao5lFnxW3oFWNZ+GMh7QWaGvQSimzVYyzPUclcgL8ZVWBchZW9qUBinIk72oAh1b8D"
        "G1vDhgn/YBVWVlE/oJbZxtUfDrV8CmVKvHiAUfJzzVtYmOiWvTeL8XoOkUGa0HhNkv7jPULodiOICQ"
        "gQOKNwhV4h3n3D3/4W5dL53Fj5yHV+lF+mvldLLp/Hry5qoKLNLAdml6ZnbDyjeoeqa+9u13wQLLuF"
        "59w8f/1zC9igd13DvHXBCezne9Keng=="},
        {"x-amz-w",
        "22"},
        {"x-amz-m",
        "{}"}}},
    {.name = "v3-rsa-kc-instr-0",
     .family = "v3-rsa-kc-instr",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "82434b86909e0a61310cf487996e0ce4",
     .cipher_sha256 = "cde426692fb6b0f00eb8bc6e24412854b521ec2df97dabeb4e62075802069534",
     .key_hex = "4b7ae550d62300fbcbf47287874a7cf9e6d749dd63d9d95ab82de8bba2651ac4",
     .wrapping = "rsa",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "bf8c5913a5bb6d6e608852f6217886fc91be849a55297a4cb0c747f7",
     .commitment_hex = "c76e0fee3f7245663aea9e5034a2e8ec80601471e16a9663dca399fe",
     .instruction = "{\"x-amz-3\":\"OQ3bvKrkNbWQWWkulb58kfyVpgjrNYBg+8yZ1pCsKuaBWtfs/l/A7+B+eZKMEyz4m+"
        "u+UDTcg+RvYXiZk7wJ6ZiVxUL539vmUmdpeO8TJHZzEpul7+9aTwMyi9Z0hBxq6PXFVtNmXsVrIucI"
        "zeiaHPTAEB16A17mkvZNTwmbK15CGNfChz6BpNo2bb7zDtmMkkQ/w7ltCB4KkppJh/B2gSxEmWS9F0"
        "+Ec/C7qp0c+Z+MA5f3IewQeIL1sSYGcXHLwQ4XWL5QUSxlNoSdwhOQ6ifozj6O9UZhZGollw92260E"
        "p3XbEueVC/4WmXCro9XipDj6hyQw2a7yUyZd2o0g4w==\",\"x-amz-w\":\"22\",\"x-amz-m\":\"{}\"}",
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "x24P7j9yRWY66p5QNKLo7IBgFHHhapZj3KOZ/g=="},
        {"x-amz-i",
        "v4xZE6W7bW5giFL2IXiG/JG+hJpVKXpMsMdH9w=="}}},
    {.name = "v3-aesgcm-kc-instr-0",
     .family = "v3-aesgcm-kc-instr",
     .refused = NULL,
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "4add7dbee5639b317adbf633ac5fb7ab",
     .cipher_sha256 = "27bb6e6fb2fb369345f9456f06ed6b949cc038be1a19fc0037ee687af1f7b91a",
     .key_hex = "8e6bd1aea58e2673855c027fc7b51b27f36b3e7a6094ffc94c1d9770e5bbc0da",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "67ef1ccb6db8290979188184c6edb961584d45ee9d77b6e8b3e73c0f",
     .commitment_hex = "0375de4ae255e1168f043f7b7e7ff8b776f14c9060b544c53e61d130",
     .instruction = "{\"x-amz-3\":\"B7aZ4woRBKcRdJIB55BJhqyV4M+3ENTFky2PLJt5VNtJ10R7I/GBd6mPzL8aW0pHKQ"
        "8tj+uwdpn5Rr4p\",\"x-amz-w\":\"02\",\"x-amz-m\":\"{}\"}",
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "A3XeSuJV4RaPBD97fn/4t3bxTJBgtUTFPmHRMA=="},
        {"x-amz-i",
        "Z+8cy224KQl5GIGExu25YVhNRe6dd7bos+c8Dw=="}}},
    {.name = "v1-kms-cbc-17",
     .family = "v1-kms-cbc",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "934fa49152f1bde0be00ebe7ef74ba55400157f84c777d632199dba2377cb6cc",
     .cipher_sha256 = "4cb6637fb45977cb773e2b7b7692ec9908f73d310473530f42c104ce18f594fd",
     .key_hex = "bd6cc0c9216e1869089364f8f5f2b02bef9b7e58d29a5336f11daf80e0272512",
     .wrapping = "kms",
     .context = "{}",
     .iv_hex = "b19d17129af0528e4bab69ef73a79a35",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key",
        "toweidVomZlJUQo2zwu8ZuJ3gG4yk6bHtp+ab2FocYlE+t1bWVhzqABTW5GtLn7E4HGnJH4Wk9rAg+"
        "IImsS20E2tV1HyUcvU9znLpWslsZNusbtmBVruVMw0nCCV8vgiEeiggb1tujyuB5vWBJfUV7NqOx2D"
        "Vujg00GvoUKeBxsfh2YunzY7pdmoOSRgRj5sEgOcUUAM4/zFkfBji9b82M+RBz1A8z99LcWLX35hJG"
        "zjiqHEjycAaA=="},
        {"x-amz-iv",
        "sZ0XEprwUo5Lq2nvc6eaNQ=="},
        {"x-amz-matdesc",
        "{}"}}},
    {.name = "v1-rsa-cbc-17",
     .family = "v1-rsa-cbc",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "1487d59d9a4ea159c3d2f31d5cc798a5a79442724c4c43af0a7be51d6ca9e107",
     .cipher_sha256 = "b1a25f2cbf6de8991c30717ac3bb03f1a7c6dadc266219f9847c8b29f2344e4a",
     .key_hex = "b49e1508fd743c744074b3c34c1cc95b687b4aa1df1d7b7716836496fc994c17",
     .wrapping = "rsa",
     .context = NULL,
     .iv_hex = "91d8b20bc9cfe6ab645880dc4b68d7c6",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key",
        "xkcpdszSE0dU0lLi54NBtiAz07QejIuk8yGkwEwv9OWomIv9qi3igQtSFlamwRXMiZbdzO6MRAgI3a"
        "Ytf+mchDIT0+tmuY4CdCE88OHxcUfq+iOp6bQs5GPLPkd3t6T/Qn8hcZnmLpL6u8gfzBMRhf7q6+qv"
        "iKK02BiWIYZk8weOOL7kqVqDMzYYelDOQ19jvgvvxSPto64Yrp25WvLGAGHNXKCr6ONOdV8ARHBw73"
        "cfJjQqQlKjATPF/BM639MVK8/iQzTwgIqvVcyolvu0Rbns1H0DZqZpDlNHMs/oEVPZIl1K4t72nF9S"
        "nsZYocSmrMdss5RD/1O3fn/IrpM61w=="},
        {"x-amz-iv",
        "kdiyC8nP5qtkWIDcS2jXxg=="},
        {"x-amz-matdesc",
        "{}"}}},
    {.name = "v1-aes-cbc-instr-17",
     .family = "v1-aes-cbc-instr",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "d18806786dcf8fedd616180cab5cf190d3bf2d5e4752102d00cfbdb84267e2e5",
     .cipher_sha256 = "30730e803fefb7d7ff9e475ad6405283042fd762ce7894e96e9ecaed3d7d8cf0",
     .key_hex = "234dd4ea6e0fa8d32d9b772e64b781c0c9bbfc744b1046c352de580db9cd6bda",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "297daf9b32b274ab5d456a11a06016ec",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = "{\"x-amz-key\":\"tpfZ7EaI1udhEXQJd/wALezUbDSmSvGgJzt55MkT0qCnkMraC9Vm3QgDnJK0/c5g"
        "\",\"x-amz-iv\":\"KX2vmzKydKtdRWoRoGAW7A==\",\"x-amz-matdesc\":\"{}\"}",
     .metadata = {{NULL, NULL}}},
    {.name = "v2-kms-cbc-instr-17",
     .family = "v2-kms-cbc-instr",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "a9ea3f4744ccadf946a1e97daffedc7173759b494ef38dc3b91f402aa3b29185",
     .cipher_sha256 = "9e41edbae202fb009460142faaeea672f4ff1b97bf060bd723648424d74dcf2b",
     .key_hex = "6410379261dcba7563eab399915dc32f71e5ea1a1aa9bdfaedf632410ecf4552",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "46533e7f971b8bc3a88d33d41b307640",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = "{\"x-amz-key-v2\":\"TlK8J79rhNNb1rqrnucM4qs99FpBMz6bqEDgBq3CL/Nm9EN0tnG9TrgSLLh14"
        "2kouV2jn3uBnHFL6nO2Rr/nJ7eyCIOvb3nEZ1gwjXUQVcIb/DQ0bxXb49p/V1A86FjNxHNUJtPmAlL"
        "PsbtHN/tpcYGX6INdGJRV3JJRctbosqxy/WeNzrrHKlCok08nd6cSXiBty/m1CsdOoaPZL+p+uDkUT"
        "uPttpSNzG9/FXOajIVyqOLBzBaKiw==\",\"x-amz-iv\":\"RlM+f5cbi8OojTPUGzB2QA==\",\"x-amz-"
        "cek-alg\":\"AES/CBC/PKCS5Padding\",\"x-amz-wrap-alg\":\"kms\",\"x-amz-matdesc\":\"{\\\"kms"
        "_cmk_id\\\":\\\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-444"
        "444444444\\\"}\"}",
     .metadata = {{"x-amz-unencrypted-content-length",
        "17"}}},
    {.name = "v2-kmsctx-cbc-17",
     .family = "v2-kmsctx-cbc",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "971eb0409a95a356f3c58fa581c9c5b5b837f946c76f3d50b6782c3141382838",
     .cipher_sha256 = "59c96e37e98c2e33936c1e0764b90aa496c61fd06b69e89e18b5a27f994de84c",
     .key_hex = "614c8759a4101627eb84d97915146b95433c1264a6830a7d7d0d1a4ccf979e21",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"AES/CBC/PKCS5Padding\"}",
     .iv_hex = "4a1cddc99879a51ecc209ebbe1cb7fbd",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "bCGUba0d0M0+df/ujKoL/ZdjB7K2SVwDq5h8hW1iTpV98Ejhl7ZlRkurWELrWRef48RloQWi4Uq57U"
        "3gyBv7jbzj8FmGafzwFTLudcL5Mbd6bP6wuyhD80fXGn5I8UOHVoioj8n8DURcoJ4epVJzUDN6QSIW"
        "5XyRHVHOz+HR1kPyRXXmS010S/Jl2pZPAdDkFjKMoGo9Yut4eJogiZFluSmFOSU5lC8Tcdt93qDhZq"
        "gG2sAw9rTp7w=="},
        {"x-amz-iv",
        "ShzdyZh5pR7MIJ674ct/vQ=="},
        {"x-amz-cek-alg",
        "AES/CBC/PKCS5Padding"},
        {"x-amz-wrap-alg",
        "kms+context"},
        {"x-amz-matdesc",
        "{\"aws:x-amz-cek-alg\":\"AES/CBC/PKCS5Padding\"}"},
        {"x-amz-unencrypted-content-length",
        "17"}}},
    {.name = "v2-kmsctx-gcm-user-17",
     .family = "v2-kmsctx-gcm-user",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "07046e09f1230535ebd80bc8d0df7035c100f170a6684f4ea9a2dad6241b197617",
     .cipher_sha256 = "87695f04aa5b8e7288b9c312704d3f305b513165d81dc1f84b5ea965992def16",
     .key_hex = "94a14419b3d834a7e5daf61e6018d6a982b72c4fcd0815fc272f0d99189e58b3",
     .wrapping = "kms",
     .context = "{\"department\":\"backup\",\"server\":\"SQL 1\",\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding"
        "\"}",
     .iv_hex = "adcbe5cc55de11cf27ece57f",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "skL2PmKRaqHHsVZu9tERrM6Lc8PIt93JB3uFQWBATED8+POxdltic790nQ6ufC0gAh6ahZUjcKQk8w"
        "jBBhgUReRIKvhr3sAMm0WPHXwpecLzxM8XawZ3ld5NJcxcUsacSjGxm2AMi6HMgNjizP08r5IsZj6t"
        "bslzpIL6BAQ8Q2z+miJ6PVVlU6r8TNIVkKTOfMu4rGDTDsVplv5ewLgIcPt/TJ3aOQkU+IM1PsPnh3"
        "WwvRUb3Y56pA=="},
        {"x-amz-iv",
        "rcvlzFXeEc8n7OV/"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms+context"},
        {"x-amz-matdesc",
        "{\"department\":\"backup\",\"server\":\"SQL 1\",\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding"
        "\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "17"}}},
    {.name = "v2-kmsctx-gcm-instr-17",
     .family = "v2-kmsctx-gcm-instr",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "6e507ef9591651a9b98050086a03fd1a78909bf43d6776a6b7cad3dd89b58dd960",
     .cipher_sha256 = "8c727d069499d127d409198efb687709bdcd0b4414eef246f70c070901f89972",
     .key_hex = "0113977572cb12835b08cc12d920a3952ea059846a00072ac98d96da19b14fd4",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}",
     .iv_hex = "bce591778a003f76047b6132",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = "{\"x-amz-key-v2\":\"2hgouROoxmoi8X5hstaJuuX2nLSTF+yYYmI2OCIwZtcsENdAKdPOHpBGSZ8Ns"
        "Bsc3q3047JfAr1uOQczl2Cw4VC7xseFtCxHb6Onjzn2hhYFyteKcHsbhofgwLUY87ZrZ1PZOoBdmBI"
        "urWe3lv8v7r3UZP7L4OpMvbwzDKbuX9O1qJ0Jd2NG25AxRLJhkb6mIXyLfAF7a/4pRNLGlrPy165eU"
        "YBQELZhcB/uHJjDQQmXHL1DWNTqOg==\",\"x-amz-iv\":\"vOWRd4oAP3YEe2Ey\",\"x-amz-cek-alg\""
        ":\"AES/GCM/NoPadding\",\"x-amz-wrap-alg\":\"kms+context\",\"x-amz-matdesc\":\"{\\\"aws:x-"
        "amz-cek-alg\\\":\\\"AES/GCM/NoPadding\\\"}\",\"x-amz-tag-len\":\"128\"}",
     .metadata = {{"x-amz-unencrypted-content-length",
        "17"}}},
    {.name = "v2-aesgcm-gcm-instr-17",
     .family = "v2-aesgcm-gcm-instr",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "4d562d06ecfcad129f246d99af8d067ead010bcb537d6d164277376f031de11d25",
     .cipher_sha256 = "4bff217025043effe850a28e305db7039f2bd15d42912643bb06b47980f0f9f8",
     .key_hex = "1af21e0644ab837868f3cdbf63e51fb120fb3d8f95aba8b6521c8f3aa59c0d02",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "9282b35f95ce13d7f986be1c",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = "{\"x-amz-key-v2\":\"p9a5rs1HWQzp+oq6aGd+ATQ3Kq/ia8JTTKI4gz7Tfs6o9iklUyDe7+Xt2Kd0U"
        "9jPU5Bu5Wx7n3Xam4+r\",\"x-amz-iv\":\"koKzX5XOE9f5hr4c\",\"x-amz-cek-alg\":\"AES/GCM/No"
        "Padding\",\"x-amz-wrap-alg\":\"AES/GCM\",\"x-amz-matdesc\":\"{}\",\"x-amz-tag-len\":\"128\""
        "}",
     .metadata = {{"x-amz-unencrypted-content-length",
        "17"}}},
    {.name = "v2-rsaoaep-gcm-17",
     .family = "v2-rsaoaep-gcm",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "48be5b9bc5171aff081d356d4ac3e40f306f2bab7d9cba2784da690a76be05a5f8",
     .cipher_sha256 = "f327f047384e028467ab8a6be481636c4731a4a73704f00ac57815dce6823e6f",
     .key_hex = "3efbff0ac66c96dbd9152ad3a2b3e2c05a8ae547eb2345a4e50bf7c71aa1f8f0",
     .wrapping = "rsa",
     .context = NULL,
     .iv_hex = "bfdcd59d6318e6ca06d48c82",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "cAl2Fj9+agd3iw5ld2WNOuk4Ozk5c0SJGemJEOCEvYEax/c/GeB2F31Um63M/nDS6SVI6Gi7mUITTz"
        "hR7yJDyVJAdq1fYq9bfDJkh63+yHRoM54FCx5m6yiwc7mB1wJairXTd8Vph9vfHJgOkOCCd4Kk0hrp"
        "QwZySYmSi+ii4JI4Htv6127kn8/dfh7zJm5OY0zERPvZmUgP6SX4ktV6iF4njkB3nEXEBwi5z/167m"
        "mTgSNcFeTSBvemKyTihIsfio5ubDu6CeOJsjNJpbCU3mpPZc8fG0YA0reMAAJ6FdWtaNYqrFWdraxE"
        "korfLZ8wlBXGmLCGNkSQ4MwwKLj90Q=="},
        {"x-amz-iv",
        "v9zVnWMY5soG1IyC"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "RSA-OAEP-SHA1"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "17"}}},
    {.name = "v2-rsaoaep256-gcm-17",
     .family = "v2-rsaoaep256-gcm",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "396a9d70ecf195c955bfb3678a0d7ed62cdc51143e8f886bc481c2fe2f01539e3d",
     .cipher_sha256 = "25c1007104e50052deaff59aef188cc394e396cfaff18e62e1ecf52070564150",
     .key_hex = "61f28f9eb2534c24bceea69d9659dbc85308e20e225d30c2e2cadd094931de35",
     .wrapping = "rsa",
     .context = NULL,
     .iv_hex = "da7366dd88ac3750a809ab7d",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "xUV/utkfWkoRcYfKDR17zCME5NcsSZXk8MIPi6hkuI6pLKBUeeGLFDfwuxa39GR8CuysYYW9BdEcu6"
        "sX2C4nAhmO+8alZ9L5OAN10taLQBacgQvmhD3ZVID4mIS7ABUcgBAW/0UwNASpmb5a9iGGxN3h0RZr"
        "Ya4lLoRug9t1c2rSlI/MMOForvZqTt0iJNmdCmBxAmHUCi3uJBgnK3Z32wKrOaOBeD2WHwEGtdUpJq"
        "iuD+NooKBn73uxJpzRfONKJuXjYMdIrs6XoyiK+4buEmWx9oxzCSJwanCQh8vToOHTwBgdwAW9ffDr"
        "8iAnOmj0Ng/rdYsH6JGl7en/oVLH8Q=="},
        {"x-amz-iv",
        "2nNm3YisN1CoCat9"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "RSA/ECB/OAEPWithSHA-256AndMGF1Padding"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "17"}}},
    {.name = "v3-kmsctx-kc-user-17",
     .family = "v3-kmsctx-kc-user",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "706deb0b816881c9fb3c6de4d6a7dc465d79e551083e72cbf83766b13f27b08277",
     .cipher_sha256 = "e8cd25401e27cdc8d545e9c2a8fefe6b589696666681c992445a7a91e03bb4cd",
     .key_hex = "4bcf0e07db8f5bc550042f648ba521f33da0903c866f15779b3d148e5db1bc20",
     .wrapping = "kms",
     .context = "{\"department\":\"backup\",\"server\":\"SQL 1\",\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "a4cc4566ec74ec23154fce8583277a80893096dc839d94e4d50f3743",
     .commitment_hex = "9f3dda9654c06999677f15ce17e4629ac2d77c5f3f8e7c94f68f99b3",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "nz3allTAaZlnfxXOF+RimsLXfF8/jnyU9o+Zsw=="},
        {"x-amz-i",
        "pMxFZux07CMVT86Fgyd6gIkwltyDnZTk1Q83Qw=="},
        {"x-amz-3",
        "THsLxgs+O6voHg2NdOv1nJEEw8Jwtwgtf65gxIY/S7clmtYHOjUl/nGMnDw2GayeJtZmvoWlL01rBg"
        "d9T8zXkPpXsvhFNdVIMG3bWgehRnqcMFPiL52B+IiB+Y5ZyILDAAWKQjmxxMkf/K7wC3pGg9XXedgo"
        "fmMQ+je9cf+tGwiy6HhakjEsSMI8nXK3dTovGlHUTBE7YHVZVx3A81MZ+EXPMxzLjObTYH5CnvK9gP"
        "+lOiruPlqsgw=="},
        {"x-amz-w",
        "12"},
        {"x-amz-t",
        "{\"department\":\"backup\",\"server\":\"SQL 1\",\"aws:x-amz-cek-alg\":\"115\"}"}}},
    {.name = "v3-rsa-kc-17",
     .family = "v3-rsa-kc",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "3b689d23d555bfcb210e5c3842aff647c6412b4cdd244ae66104a4dd07eabb6368",
     .cipher_sha256 = "b45e13bdda970736cccda29b70fab9d32788c131d2525e5c49c38b99e84036b3",
     .key_hex = "d39c7f3747f1d4f698810f3b4351177184d329d63d87847f5db469eb199a1354",
     .wrapping = "rsa",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "76186c1a2844c87ddbe0b4360a5ad4e3aff4e92e4b651ce2a5e35b85",
     .commitment_hex = "bb6ca39b2a4d45391bcd50fed22f6ed3266cfc12eaa155c37a4a7e01",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "u2yjmypNRTkbzVD+0i9u0yZs/BLqoVXDekp+AQ=="},
        {"x-amz-i",
        "dhhsGihEyH3b4LQ2ClrU46/06S5LZRzipeNbhQ=="},
        {"x-amz-3",
        "a8kL8V8fe/xEe9Svi56zlfFYVBgqLwx1hlyPfNRTJAu+Yobi4n1fLSn4snmCbcd/Z3+45WkwZrON/2"
        "oZheAcwejH3Cot10eyoCoNbX/Z7Mp0Oy8+v/WGtgH4xIeBKw20XYH77q4me0TvgCnFQZoSqqp8QPmc"
        "lreqSlOoZBFqmN58TvmgvvLPgL/+POnCviLKr0pv0ZuIWxMcFL2TWvTOowFw7TvIpnX9O2dWcKjyVn"
        "KD6daIhmjmy/Nnxy5OcZeZrOz9yBAuPZFm3Qc/3o9RHh/VhD0Twr2aNao4rbwWB62wD2n3jjBTMYl5"
        "SkjrrRXD/28DDGYqmIGVWPY2pAgnew=="},
        {"x-amz-w",
        "22"},
        {"x-amz-m",
        "{}"}}},
    {.name = "v3-rsa-kc-instr-17",
     .family = "v3-rsa-kc-instr",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "ef4dc89ee241d83791c57b0b098a94dfa277a17de429eac6c6424eefb5be6017d4",
     .cipher_sha256 = "5dcc8aacf2b06bd8ce615b199dd925ab56747fda465973335562dc06cd8d25f7",
     .key_hex = "aa7c0bb8cb27f2efdcd356b189e9e7985b6d13cc3538ead856327c00bc6ca496",
     .wrapping = "rsa",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "857840d29d2428bffe7954df7f8506b2cbb87765328fb1bda07ed327",
     .commitment_hex = "8b5c5fc4abf572130e0233e48c95d313983ee7bb1f08a464a9933c71",
     .instruction = "{\"x-amz-3\":\"0g3efmJvEFniVH50xFMlqgSDn3EyymWICHdbXbGB8Gi8n+O4tXOb3+p2MiOJ4MX83h"
        "Un0xANi5jZu2Ngt9CzBSyfqFoj5hjBgIEYjR9g0aJWCxz0baKvpMLKN8dQCQkrxDaVjWHlhMhOGgNN"
        "9puJeXfjVIVB2kJBpP6aQitahEmHl418/f322vLa4aKygRs6ylBml6vJEWl/FYNrvhBp0Tm6cdrAcm"
        "Qx1yiYqc8juDfwIiqDNxUuWArTkBzBiAGYF8MZsmr/l+jRn3fWEt4/Hh7K0m8btQwkamo/NuUStOkO"
        "gMsIz96QZSKWu151yJVKWREQ8rH04nL1ZAcAPJhjWQ==\",\"x-amz-w\":\"22\",\"x-amz-m\":\"{}\"}",
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "i1xfxKv1chMOAjPkjJXTE5g+57sfCKRkqZM8cQ=="},
        {"x-amz-i",
        "hXhA0p0kKL/+eVTff4UGssu4d2Uyj7G9oH7TJw=="}}},
    {.name = "v3-aesgcm-kc-instr-17",
     .family = "v3-aesgcm-kc-instr",
     .refused = NULL,
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "c2114bce29ca457ce84427caf425fe2d4659e401b7968cfb6b1d62d70de858315b",
     .cipher_sha256 = "22fd2ae035a8e29ee4d15b40b848037bb1bfd4edb996c9c768a6632ca50a0e11",
     .key_hex = "97feeec92caf698e013977847a576a4bca848d3dddc9da9bbeba44ff231f6a10",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "09d60c9f5c631182b80f1a5ee3b7c53f9586877ec7eaa605cd249d27",
     .commitment_hex = "a3fb159f5a95665a8f44af062f0300bcdc361e1412e510dd991a0007",
     .instruction = "{\"x-amz-3\":\"/jaAMBYlJ2CqntuA7sQDEmzIqp+wrI9SWl+l0fQx2+bmP38dfWSVj0Z+d+kInaNDEW"
        "xpTHrLiLAh6/sc\",\"x-amz-w\":\"02\",\"x-amz-m\":\"{}\"}",
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "o/sVn1qVZlqPRK8GLwMAvNw2HhQS5RDdmRoABw=="},
        {"x-amz-i",
        "CdYMn1xjEYK4Dxpe47fFP5WGh37H6qYFzSSdJw=="}}},
    {.name = "v1-kms-cbc-1000",
     .family = "v1-kms-cbc",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "02ee70e5255e2b0356f62f6c585fc65567d28c7c3ce425c7443717dafe4092b43990bf7441ddd0"
        "c37b4afbf8d4392ae6217c8af60011b1742f6f50a1cb188561b1938cb4069e15d69953964eb05d"
        "605f1adaced4f3b3c009ae801895caabd31890bef19e75d8112a22572619ea3213a5b08826e6f8"
        "dbe214433319885158cc242b0f9264fef6eaf5f8b9d228e61b0f48a6ea16106a92117a08926d8b"
        "3b15b4bb0502c9ef179389aaefd1b247e7f4e09c9a53c5a8b4bef9c4568ef86f542d0d5899c395"
        "11c0f73679f6160ca41e63bd4881055eb3138856028377eb8b7040ed3908b8c5ea5e3c4115e08c"
        "0b38a8ffdb23a475d39705e3d846bfcc5b74c0f5c6296a1f5889dd398adf80ebc3acbc03d6e029"
        "389099a65cf3caeee1974a40756b3f3fe8398c13ae058b6e0c058d6523738550c7d06c357613e4"
        "6f4eb55e1d9e2a9e7d419b90b1cf1fa6344b1953465fa5048c45f5ff4d461de1854086c0f34708"
        "bb11a112bcbcea9ad1c9f560f767a1c58f3dfd058ccfd3b7790b01ca29475f1dea2a725de5c488"
        "65fe9f5093a0ec69349ae21414abc11ef8b5f1404f809aa49f71ef371c84e7606cb108cf97ad44"
        "3c72633f1f16252e05081c9309dcf7c350d08ceb7c18bf5a642bfdc732df6902ad99f15b875511"
        "9a6235dc29a8260c3aacbf19bc1fe12e6deea2e429a3d7d6bd098067f16d8e34994dfecd2683c6"
        "ddaf4bde285efd21f0c59f0bca62008e4d3956bf31f2161e7c35a1ca62432611de5e3e33880557"
        "dc4c1e5c26860750bbcff58889c4f33622157da629808860d5ca3c463eae1056f5a44ef82f87de"
        "8cef93b78ef9b41cf6c26e68ac968033f55f41377d3312757e17525e6b3c9160707d33bc9ff261"
        "3e3aec429ab129d8270fbf31069b51ea27fd34c8eaba5cd7c5256bca2bb81e9eefbea0f18c03e1"
        "e39d8aaedcad76c7ba8e0d04886056cac50e1d86b8a1de43de79346f6888159da2a8d358d4e4a6"
        "28a3ecd96d530ac9e5d82a343c21511e67cef3cb2189278393b4a6424d570d82f81333ad6bf22e"
        "235d89492894cb0631d7d7dfaccaf5569c6e30d3250d9a6d6438d881a5760156c5ca0cf133530b"
        "0b719225d8b28004509f7005a7aa033a1d4ecb9192b2c20c88998485452c15d433854359b251c0"
        "4c8be8cb99f9bbcfaf75a95d6b27826d44af76a658673a4c337d2c7d1c6ce7895c4a453fb44e9d"
        "3ed7040d559dec142ff74e9f88a2e196474aea416005792af414072219688f8efc45ddf7f2b96d"
        "80e753a84d0e7265a0a911bdef127c83d059cb3e0a050feb49305d2b0b9e9d32782be14b46d46a"
        "3dd27d74903da552cc8c5796bd8cd6fd48dd93d28df133c2f98c31cb64d470d8504bb7904eb269"
        "503380cb77704e3b144ddac082e1c5cb34994dff63d298b0f9eadc67f2ac776875",
     .cipher_sha256 = "5b7990b70ab9f799deff0122c9aef8acfa5b3b204053bcdce7d6283448ea5f69",
     .key_hex = "9de5f61b189790338e0d76ce8271fba52297402a16c2c7a9fcec22fd3f49f74a",
     .wrapping = "kms",
     .context = "{}",
     .iv_hex = "8b280bd4fafd644ca094178b6706b7b4",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key",
        "za1nJT8ppa164AS/TNi9ThnkY6Xil4ZyOWYRNu9qkC8OgMS96GSiQKeHC+xgRYhKgY2WGLFQjqk4fH"
        "ISfzTLaZMSsfC6mSTLdOfO5s9GKIlJBE06UKEI38alpzPywb0u0dgOrF0RK0NJs01Wti2kFQPoaW/D"
        "LdLiBSFAGAPjcVTUGVrgeYIyRXbrMgXXnTzUvptc82TDaeNHv1Gb59VCNe5mmG+f6qzmjQT6IWElsa"
        "xtdpag3eTfXg=="},
        {"x-amz-iv",
        "iygL1Pr9ZEyglBeLZwa3tA=="},
        {"x-amz-matdesc",
        "{}"}}},
    {.name = "v1-rsa-cbc-1000",
     .family = "v1-rsa-cbc",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "24cf2b890cf1e827837743cbcdc2ae136257a3ad2f23f694f21c5cb282ac351b8592448c54bd4e"
        "218085dc048b1f8d43c718a3b14359aaf46282f09f2d2110b3b6cf602d7ce4edcf05bbcba4719a"
        "ea2ded7f4546e7567ff47f50f4a0c73388261c2188f0282f2179db43b83989c0599e238c0a1a88"
        "7ce6c45201aac509ad25f2a18917380b2392de33b1e0b13bf2fac6b7e08569b8b8b1a7ac7aa7bd"
        "d898bba04bfd75a4d4f5466ba5a3858f300b0e586bf9ca24019ecfad663b2eb25de11912411078"
        "783c82fb49fe5bca9656bd54e35be42213b5db6c883ef0163b656ee84e2d93bb5a739c271befdb"
        "fc81a2baf37bd990c775cd9e8e780df56e31e77f14d1de2f31b4887fa913853eae028fd4e7f543"
        "426621693ecdf54f1361cb34d86b63966bebd5b4546fba94c7187141437a6c666a6029295dbfdb"
        "9b10cfe93408377371ff0f1297b347e9755be2a0188cf76aaf22847d630f890ab559ca6c0207ea"
        "ca798c56128d0af67fed84af47a0913b675ab3010ddf813fc411065fb83e62b2f23563c4f50af6"
        "974f209fb8648c7f55c077cb798de233ed54f238eed0ffc2869c0048a8ac00df8cea3346ae02fb"
        "aca4c66023cb5472fed9db8ba3e8b12f4921b2a9744510b85dde53e96d5602c7a3b284a69577a6"
        "fd708da6183526c4ff5def875f52469a711e9b8e840916d06e4f5274439cf36a964ecbfa4bd323"
        "41aa9194c9b778dbbdb3f7de3f273ba914ee84137b59731cd39ffc636f939e2f118593ae7f8273"
        "e39f2d236c07cd08d8cc11d9276f288a806185e8e6d90b5084d78805db08e3b252f3738efe4b94"
        "44e3289ffb04af97743168ce3feee7c2c0a929a6e4e110d6f8ebbcad6d3e07044eff313f69e27a"
        "78b21c4dacec5d37dbe37eaa312df5f69cf666fef1d52d247f256ce3baad8d5d71b28a993e1d7b"
        "b01f88131013a33f529201623ea69a10bade4938dcd813099a6913a6f93135dac48dd08c173029"
        "b5e4e9606cf39a2de759054a67eeafe99ac4aece8c3946020349b42860a5c5a6098965b6a26b44"
        "c0a73b0cf53f0dcbbe0351f7160d3984614f96d4bcc403b7cf2551391b40737c4589854637dc2f"
        "621789007392cc312525ea9d48e3bd28a67571550d2ebe7fb822558526c132f6575e6156e7b31a"
        "d9682d790201bf13aaad1e9a1045cec837c1d8d4575271ec719086103810722bc4a2d705ff333b"
        "f36e00dbb324505b371a1e444886ae8016b5476d71795177220e3204dbab25cddb2a8c23f63959"
        "9e7116a250d19fbbbdd9adfe1ed730a4b447f3f4ea4c86fcccaea50f3c946091f81a1c9ba1bb20"
        "a5e92c418e7668ed93447441131ba92f0b0892e9d731d16686d5306e8615a845f005ec7d5487fd"
        "40e9e2819edd57b6d81076105eea8e26d03c28f336be1aed69142489cccfd5db10",
     .cipher_sha256 = "228363b123f95dcc80b307cca45174df0b0266369b106f65ddf73abbc9252f49",
     .key_hex = "cc9fe562081e034ddbead42f1df8afbca9555eb095cceb893e8bae9cdbfc2770",
     .wrapping = "rsa",
     .context = NULL,
     .iv_hex = "d2e34b5718c9d5135ec2a28cd4e93e2c",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key",
        "YBqGT9MfDqptbsQIQQRJhCxvVY6sZO5u+ki649XAI1im7MPKqnzpkfeCJXVI9FMSDU+Pe3Daqt3ytD"
        "MhNzfg+w+HrtdeMh5RaObF7lcqECnaM8F+7kukxHhuyCr/XPxlM8PEfLjurdPbbBHNauYZ8fjIBLxC"
        "HofXBgFqMgt2ddKV0LLEJyWSWhOmuoOYDbGdZEvJBdE38iZMUzFco4W9k8qQqI0NpVFi+mFTtnPuLU"
        "25FXOPwzY/sOWJjCHcBd4C8VMSLIhfFFAzsAeBBS0O1tMHpuETTP7lwBHvN5i08FXxhPyIlPRyVVpM"
        "wSEiad4Srm+hYFff515iDv44vvl55A=="},
        {"x-amz-iv",
        "0uNLVxjJ1RNewqKM1Ok+LA=="},
        {"x-amz-matdesc",
        "{}"}}},
    {.name = "v1-aes-cbc-instr-1000",
     .family = "v1-aes-cbc-instr",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "0048532f2f6be45c26cfdfb5503d84b96b837dc93fd2cc08643ad565354d64a5501cf3894b3008"
        "d1da8b968065f25a46eae009670e54ac60b1542116af281b88afb8b8eb07415cf8173eaf3db0ed"
        "cbcefd96001716a4f94395dd2bf70bedd9347d561e2bb927085b9f65dd55f6c0ae7c31c30fe27b"
        "5f7a4f9b0a955bb0b401e98877112842f7f036047074a7ed62aa0b142e7aa30002721c6785c6bc"
        "134d798309e2f32ac585829efa2e77f10e90ca6c5c2623d225534ecbe6083e1b3dacd1abaa25aa"
        "ab64e7d7ce34f24cef1b3137707d6bb14be144c5596e8e33bf99bfd828fa4124e1335853619613"
        "9c038d7fa80a509935ee2e40cb5e14d37b7c33fe9fc772a32a9e7f4c39687f40ef078c6653294d"
        "dfdcb58dd115c12516fa94d5942a5e6a97daa5fd0fc1a9f3db29d81b9793ff5686bc2af715ba01"
        "35e69a329b0518dc751016ca8eabf6c196999344b3c190c341dd23f7653273b9a047abbcbf89b6"
        "96c2ba275f3777ccfc805973134da9c08e91f0064342629e1ede09d3af82f423f7e602f7b71cbe"
        "4739d413bf98a7ab60d9457c249b5705335c4cd509cccdb2b7e2941b0f6c2f9ea7bade99d83483"
        "c8078f6f73e75fa26180cf42c5ca111f17c365ecd5d48685ef41da2ab30e5ccdbac6e8b1cf7ef0"
        "248074636de22410eba4cdd1760e5608596a1ec5e52f03494dc723320ffceec7c7604fc9a5c595"
        "85057a20c9cb9de456a80a2bfc4bdf06f7cf9cae58299dd37bc8948ca3ef0979facd10ea326402"
        "1e7006098b12573b5b0c578042f29bfb57d01bccf00aedafe26ec14242b5a4165aa222f1993ab2"
        "98c213217b015e1d732dcf0e92756d870f530f34be161fe83a8c4030996029b12d760dcd3daf88"
        "b8e9e4e43ea99b89d9bd35da96bc6086aa199963f044ce4a4d71e06fd7683998400cc337441061"
        "f69c4be9fe842cfd31d2800346d1ff903bfb57fad3144e83aaa95d465dfd682eceb3d496e6fcd9"
        "26360d3c17fd9e6d917628456bb91a88639bafc093a6cb89d3bf0108ddd230a12122f9088b0e48"
        "c6304861a4a657cde41cc5a2c25c2f799c91a6af1d45c70ea61624b52468fe80bb6f35c9f7a129"
        "f8ff153277b2ff20bf427e84463df4f75c2ed714f4c9854cdb46bd94e72c54865db5c3facd9e07"
        "9a4b9e23439fe7535227a4be3861c17b7a2754849ed1c893e527ea8343a60fa2c80c9307d41939"
        "e06143c43d727b425fd1b8e15df1b53f1e1f2c658692e8ef77816a32b7eb38e170f5885fe04058"
        "af1ea441d6fabf0ba0c1c41dbc8a73b6cd930b8582d437723724faa337d28b50f0fb2ee5ad8851"
        "8be82831ce7d8409df9bdc273ba4b2eaad5e861e1e847a97fb53ebdf5ed384881b9cb63336c536"
        "154d1f61bdd2c2cd8520b129204d8efdb458891fadc1084e82e652da2f437ca710",
     .cipher_sha256 = "9b4bce65f604eadfa2ea371fded081d2bcd108c4e8840c8f6ae019b6a091e5b5",
     .key_hex = "54edfed57bb2b32313d17d7686e5ed49e9bf89b08b3f7fb5cd810752f72d4908",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "055f0ae649be3f2313c4ff4a8685e7cf",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = "{\"x-amz-key\":\"R8Qg/5k/A1w1FcOR5ZWebKeCN0yr46ImwWG/kHcsCXmnkMraC9Vm3QgDnJK0/c5g"
        "\",\"x-amz-iv\":\"BV8K5km+PyMTxP9KhoXnzw==\",\"x-amz-matdesc\":\"{}\"}",
     .metadata = {{NULL, NULL}}},
    {.name = "v2-kms-cbc-instr-1000",
     .family = "v2-kms-cbc-instr",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "a75cf1c80ae3beab91aacdadfa386cca7266b5f19796b55e061ff0c1f592ec6715729d37de4dfe"
        "b0dbb5ebcae40fa1f2cb7178c13b15fc48670fcea17a5636e765268b77e19402fc14303cf46ffc"
        "8caed00d14a1d3a82f6b1282e0aa225aa274efbdb14b14f75e8e98b5c8aa3739fd8ff04400fdd0"
        "c63084786b17123011d50ff3bcfdb588bc8d9bcf6efcfef694ce685bb1a66c015377c0e48cb953"
        "2defab64176df5fd29cb500273c9e1ef4298313c97f0019386ffdb6018dd79b92d196fe8bfe581"
        "92fc2cc52aa2f4b24b9b6e0c5af1a7438ef6a93cca6fb788b09384609c17dc5548b675bbcc83cd"
        "fb9574b7e44bb14bcaed25daad2b3d4604210c0240d213a39b5f6b7a18a3b6b51c38132d4f5445"
        "38899207eee95c1c428a1696a9689f5cc6c6ddc90c945fa6b2f9b84983a9ad4087b04efedd2f85"
        "359a9cda28b6ddf61c4a49c7212e4f1e261d1433f66f655d6be5654d27370e12c86fbc86cbbbc2"
        "2bccff4318bc75250f978e30a5e224f4e576016bc3db7b63f73be1c25e73b810a036a1c3022e51"
        "14b33da67e23802aa8237970d00331764a3e42c94eb315eb43574ca8cd50920513496ab822feb3"
        "3520dca07bbb942c6a43229d7179ca4c23492cf7171fa3153019a9aff9d1633f8e41cf0c150628"
        "5e27e2ed020011597d0310ddf26743a8d0646e6990737ccaad932f6fcfaa28e6de95a0d661c28d"
        "7b44cbec50555e41cf1b23fa08b43d6add0ca151feca41edc7a9ec1095d27806fc2abfecbef5fb"
        "1f0da679d88c07c7f31cb8b11c005e7cbc7e126e7a1a8960acedc1e7014288fbe7c7865b11906a"
        "f4c6325f30aa239979a3b2b50035e759b7104924ee6faee04997582c97e2b64b009eb8ebc5cc4b"
        "c31fb4bae9baea6953d4d8af0876d5ff739f5bfccf09d356df5def5b7b8224acdf09e2b5a7fe81"
        "2dc1bf3f987f38de669011a34d10c561ef096340817808cdbe73e42d4923dc1075d2d84b57ee9a"
        "7d75743f3f657034f25c79053617f35b633f6ef1d11a0facaff5875056eaee4d0a4be130b16ffd"
        "04323240e8142939b7b73c8c3e03f46279c684f8cf6edb6ebd43c39024b2ae3a6c8a1f33038d70"
        "656f0c19de203707734d8bf2f73411a0a7fba05d5fe7f42a6a96cec3ba3ac3cff4bed5e847f693"
        "d9fedfeab16bb2d7c1204aeb2a5134dc40760540dbaaa0204ff59a0700bea558e8d932b4013543"
        "9106f033fbf4136ce303b6e9fd860a1360f2403647c2ce2ed330f88101cc774407c8cfc01291ef"
        "e70b6d740da224de20fae644a04c7fffff458135a768f4f471c786a5af8c25d4890c18775c1b0f"
        "8eb6a0860c0605c550e1161776925645245d4b9dd0d4ac297644169cc62e6bb72f5f108c3798a8"
        "a21d2e9a866b0f5ed2ae98200e87de977117845b1f37c1bb592388f19f9fe815ed",
     .cipher_sha256 = "112126f7f24c04c537b55fb163e7668138c151f578b3d5175125aae95d4527eb",
     .key_hex = "edbab68c66b2d30ba2ba843fb9da890209bfdca6beb40461ea55b0b556716513",
     .wrapping = "kms",
     .context = "{\"kms_cmk_id\":\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-"
        "444444444444\"}",
     .iv_hex = "bd7903bc68229cde5fa8b58306ed4740",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = "{\"x-amz-key-v2\":\"JQdJPMwbyUp1bUQtdFPsHwzViT5sJbFvdeFdv3UtgNNXMuXS8ZUHyGuZNdnge"
        "ZLwRuWIBD+W4fzaRb4/p7i5WxroNSSPUcPplkzV/qJcuPe1AVfuidhh8WdnsePD6ofgbOAKHVpuBW1"
        "fnT4Be/7ctSgVpVcWeeRYWosjqs/wVKzZSlTMHmcECAjM+kct0cs0W4m8WIzADTjSkrIAbbNnwUL5J"
        "vuVsVv/E2x2Z+T/X8UkPhBH3Ggzsw==\",\"x-amz-iv\":\"vXkDvGginN5fqLWDBu1HQA==\",\"x-amz-"
        "cek-alg\":\"AES/CBC/PKCS5Padding\",\"x-amz-wrap-alg\":\"kms\",\"x-amz-matdesc\":\"{\\\"kms"
        "_cmk_id\\\":\\\"arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-444"
        "444444444\\\"}\"}",
     .metadata = {{"x-amz-unencrypted-content-length",
        "1000"}}},
    {.name = "v2-kmsctx-cbc-1000",
     .family = "v2-kmsctx-cbc",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "0aed6016d1069cb2b99ea5db504c4fd7bca398bcced78fb17dcd92924a29a95d256426abae3e69"
        "be07331c4df17ee28bb27605b8370299931fe3ad0124da3b735fc85ffa4f710650d00f05269d35"
        "5aab57acc64e38f58935872a0d0f1f2335f5b31dc23b764d58cfbf8762d00d17dede58b216e7b5"
        "0ac9f990d830d3ad24e3e9a3a51766a7b6abec478224064b0021993fb44e6c978c85993bf0bc6a"
        "9f175abcdeccc81502b0b6a1e6699ae393ed2c8211a92caab5261ca2bd15a4747d9afed09e9d1d"
        "0a4446dfedee1210345c633a7d29565db5164229b360283fe67308155783210a1b2f3b632483f6"
        "4269e28122ff8aa080b13f1bcaca0e2c77bbac0686b857f464e058dfd261b0f27455a7a4da3b93"
        "4ba421f61cbe1309fd389d951bd8fde8de1d60a206073e774524f96005d56031edaee7f26281be"
        "692ab67ae5146eabf61c0c498ed75b1eadd16148f24b60cd451ffaddb2ca3291da7b16b84cf245"
        "258f15a3be26331aa4ad096c5a4007e43b3fffd790880d97c98089ef462e9a20e6085b0196f720"
        "ebf4e585af45f0815baf78177998eddf89d50f069f6af4f265850dd9c1996b3806f452280ba109"
        "e333f90f6fa3c5531fcb3196b5445b0314716ec63f150f3db6a4e71f9ea0597b15589dcf773738"
        "32397895412528b2e0d38080b75988ad8528461ed10e709e5f0a876d7dd525b05446d05a100369"
        "7a8c8b5e111671654adde6292806553d5c82410e8f5ada713eee668aecf6c304b19fe54fe3bdbe"
        "6557b72ae6d0c1f0d3781b0ac4f5603dccc60e53b24006abfb75847185b0879be8dc8867009de1"
        "f3e5e79bae6739ceaffed9a01d0ad94365d4863a77809e15ab375bb325f3c81030d034dbe8f407"
        "aaeacd3df606bdbb490ae2c7b262722a00eeb807d6d71bf298d09c6c85b07487900579002d6c3d"
        "3609ab615570af47eb6dabb966b5636286e3c53f45ab7696e76174849327c449add6fd2c9afc4d"
        "7aca8596da46e62d32946524ef439de234954b057200abe45fa34708b13f8947b5e4c6207f2b6a"
        "7f8a3806f69671734cedaf193699b58f6727ac2a04885db154ff825816144a32e1bfa62fbdc243"
        "5edcc81e6c3aeebb54108c72bbe757f49e7049b613d9196a8e825b373b34129930bae2a30fd565"
        "4ed77a60b35974185940cb3e7af089b3a9745b76d9dcfd18e16b8d69902f7fcb00c19c940d8c2d"
        "527ee7fc726fbb8989fd4f05a66d2cf240e9d8f205415460caa8097043c5f34239bec22859523b"
        "4ba629a0fb780a704c85c1711b7a1212ad04bbdaaf8be1a46df47097a79a692b665943ca565671"
        "3ec25b96326028199aeeaf097a8546fe12162bdfc6777f959562769cba40cb734bc7b8f1a861cd"
        "e06d514fb3fc646d811ff7073ba263577644837aa78d69a8fb9e4219fda809f9af",
     .cipher_sha256 = "920dcdec83ac11a430f39e80cbb361a6c4cceca1306b69108565d0b54d725e9d",
     .key_hex = "ee5bb3ffce7493dbdab16450246766b90a1fcd3d387d679738ca73b7ae72e2cd",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"AES/CBC/PKCS5Padding\"}",
     .iv_hex = "3d4a492c758f22d2ac562a461605b4eb",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "hQX3IMRCE0Q5JQ1KhbS+9xfLg2HCCPI1HmJgp1FYz+ooby9F2hCZjZZRqHGe4AYRfVyAFVDbgXCqRe"
        "YpE9Id97JBzQLqm9z4MOgGaHhTvc5hKtM2rnlSR14fXB9AbjopJ8knNar6kFmeWKZ7K/PVcg2H0FtQ"
        "l/W/Ub8c/Or2E/GVy87UdBL5D2AexhCsS6RTg6GL5wjsneibYJcpZmt+9xMnt0K+d7GBqBONvmBfOB"
        "a4T/hdaJG0JQ=="},
        {"x-amz-iv",
        "PUpJLHWPItKsVipGFgW06w=="},
        {"x-amz-cek-alg",
        "AES/CBC/PKCS5Padding"},
        {"x-amz-wrap-alg",
        "kms+context"},
        {"x-amz-matdesc",
        "{\"aws:x-amz-cek-alg\":\"AES/CBC/PKCS5Padding\"}"},
        {"x-amz-unencrypted-content-length",
        "1000"}}},
    {.name = "v2-kmsctx-gcm-user-1000",
     .family = "v2-kmsctx-gcm-user",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "c1d983a4237b9c8fa5c71f6efa6e69637284c88c276169d94f4b96ebd253f711ae616017b930ad"
        "858e73abe54b5b26c060cb5c95c40331e409aee28f52e59ca21bc3684ecbf82d73e8fc7fcfd529"
        "7a0119aae92814444e939ba7d610da2d4d479bcc26553eb1d652e548ae1feca33f80305fa174ab"
        "24012b5383bb63296b6ee6d4e03c7432ab38d57b64cb53c3bd408cba2ccb1b90b001e86de79a6d"
        "796d4c10273a31d1d98c826059b7650b64def65f8f0a250f4cacbf40868d250ffabe709a60d291"
        "9531cb3fa762b2979252655745fe32579a6fabff362dd2aaaf50fcad53d05a855ef9972445aaa6"
        "1dccc70a69c2a3afde834f6509c9c6c60997928d157415b96b365ad698e225967973180644ee8f"
        "7ed7b7ffbde017aadfbd08a6103a5d271f3c2989238e9107e0bc70b456949f92acbbfa6364b7b4"
        "223cddae96615fb0550fac1b895d190502e384c14201997b5e7950f163af0bf116aa06d20014a5"
        "db9cf0afa55324532b964392eed46a2fcd33966104cfbf951f30f05bbf315eac09fb1743aa4bcd"
        "d8b0f6d3b657741d491d8987472b1368f4e8581446d2a4466fd3d5da1836a24dd81e08e45ed791"
        "f4561eb440a5ac30833a5ec98eca831f31055099f81428476222deb6c6abb6ccc0d1782c3f572f"
        "68c8d00703713627ddbe5c1a9f1153698ad91b614dbd81a994866dd38a4a4afa693c746754f0c5"
        "30ba704b601b43961172d0433c77a20072ad3731f208a0f346914bf243515a5f6b929b7bf589ca"
        "fd696ec4dd8ac1ebe2f8c3ffe9f60069ee0d8f5717b0838d92d9eba41e4f4cdae33caa963233c8"
        "997d5a989dbcf09cd2b5c9df934d00d11190c4f701a0e113cfecec5d8fe54607683b37c54aa610"
        "0b37785866fb24a81274cb32808f61139853949be1f3e18223a5aec82dbaf687ffe9a095936a47"
        "68d15669a549703dd521da93921a4a160b9823ea62f45def1f5817995efe36e8af5d4d897925c3"
        "5844065d3e39d955d8215e45ea9f38676527549de90a4b837ce8b0e4adf719d779d129fe974154"
        "59f68e53f24f7e7015670653bbf9d53bf21437a14774f48f77b473559b249fc529971953bbd896"
        "13786cc2b92ebd50c5c795f71e7cbc04a05834308049ffeec251d12d4121bc30b67cfd8d566eef"
        "8873a5783f4ecd88b01fa28bd8073dc261d019def5526e88acf647db0025a98c04ccbcb556b7b1"
        "164d52c8c7428ec9baee1fd9b242ebaf6d396bc4266b9dc544bbdbdbcd663c8af4f7c59b7cf3e3"
        "b25842d6e639329a11c972ae11fb56ea0ad57c49a5f3bb3d49ae5e93bfdc8afe2824bd2b054843"
        "1c30fb3132c4f9f4a73586ea2e7703ea3e668cb1a21ced8970789da7284b34a85667171358ab6b"
        "76691fb1a8e69a627a850af6470936d9afb7f59d95ba5477f75e5d0814f628d2c74045deec1245"
        "d1b8",
     .cipher_sha256 = "1245e15cec82ed4c8c47738d26702ef8fb0b42321d305af4050dd786b4edeaa8",
     .key_hex = "1daf7742a59e2f60deef3e970346d8d8b43b18a7d304a1e2c2d883f87ee185e8",
     .wrapping = "kms",
     .context = "{\"department\":\"backup\",\"server\":\"SQL 1\",\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding"
        "\"}",
     .iv_hex = "082aefeb64eda32bf36f4d52",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "EV7IXhHpVBZ+XQIQNTIAY95oRolSwnKRJX1yfNc+Ow0efC+UepOydmKY55NzHh/fr0jwlmzTkVYVOi"
        "h9vfbK0XiSi8P1aLhUea0e3RdhlybsIsYapWkK68eaZ+8ioGNDeBT1n8S3fO7u55ZvLCLKIhwCvMRl"
        "FYKyGJpAXM8yR9qd29qBUW+/U9DeTMGoJbdMvQ3sLvjwW+n0c+5oWDVCyXM3jEFiveOZXTeNbrd78d"
        "E3bE94AJEEvw=="},
        {"x-amz-iv",
        "CCrv62Ttoyvzb01S"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "kms+context"},
        {"x-amz-matdesc",
        "{\"department\":\"backup\",\"server\":\"SQL 1\",\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding"
        "\"}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "1000"}}},
    {.name = "v2-kmsctx-gcm-instr-1000",
     .family = "v2-kmsctx-gcm-instr",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "b1f2d929bab6840b3cc759457b9b5ae29f03deba8da8ff66697ab8ce7b35348c99ca4e43ce06ae"
        "28631867c85897b8c3d89944df1a11bcd026eb6fb80a51282bbf2d369560c47e63e0a92cfc7801"
        "6ff424fc0cae35c7f794f42ebbe90b9e354b7c193a4047ec2712b3b8762971219a76810f7ef3a4"
        "7a2179cfdc3cdcb18bc919c3c1788195c6ea80b9fc095aa43a601931d1784f277c4b7f5da3a265"
        "9c4e4533b8354d29ab4e601db4b4b604dc155f5468da462fadc3b7655271ec64c4dee13dbc13ab"
        "b31ed27d3027faf4dfd89fe3f36cac51d65274ea6c96350dd10cef65fe1c455dd8e3ee3740cbd2"
        "2c2db7d479dfedabebf61665ae282dddac31e5a9c4d8f077d86a78d0f673c3c82b82f72d5e0b11"
        "96637b5e1f5c5d43d153fd738bf9920eb93ee3736c00167b7598cf4a3db6c34c57b6ff304df6f8"
        "e439fe7b6d11b2e3171877f6cdae2e8fd5118459d960e610cbf74f3501f19d9ae96cede6d6b411"
        "fe21cedead9418ce9754a5906190d9eb38f6b73e05d84b9d4bd69f508d4821db085bc6552680d1"
        "798452973490443aec3b91c6dece5bae01f9b9a59cec7075daec39bc699a3c8e066fc5498aa2eb"
        "74204169a5e1753ba62978303954641e10f27ab108773a3621eddaecd1430068f2458f2d9cbd18"
        "3467fcb407cf7277cb6579ffcb672b850dc0c3bb7698b56ef7f56078cbd8de0f9e15fbeb6d180f"
        "49c0817bc4f9b649fc793b8a82bab631a43b99e1afff333df5efb42c205463dff6b2c0854914a6"
        "b2a67a6804a23499074a5bc7cf767cfe584acaed4bbb10f31739f25f7659b69031bda260f63b8b"
        "e4c5bb12a44627ea36c4afd355ee642f1340a24beeb95b5dbaa8d2a4aab574dbe90611056eafa3"
        "5f3dada903c878b4a630c26ffd2a5ec662aa35437fa57b89eacbb37b0caf1cda8fb0cb550742b4"
        "9c701e6f596b70393603cd2922d5e2d04658ef5599ba0bddc764cd3c5cdd617698681f1e7db486"
        "4b2a93348ea550c6f14af483b2ad823e0a219af49355af4beb8e516997d1e903bbdb4b19f305be"
        "fda75ba7e0c84854eaaa8d0e839f54f2c528a32b593322bd72c3b270eb79b9acccc00de093fb28"
        "524581545356be353d4b2a1f2f087abd62ca896c183aa6312d8020e1173f24be95f2c5386f8358"
        "6078193f53cf999bea1d939a349b573f0f58b5c423cc98ca88ed950150e1b901394913fa5d5804"
        "04dfc06a08c4cb96aceb29f646f5d67c1db44330ed0f1fb4d84bb7bfaa3fab35bb64c6b2e961a8"
        "218ecf43062046df85853ec0430abc7becda3fb110d91e648dd948648eb316c95950383ee7f2dd"
        "4027bffb63283c2be752dfde6c6f6e40eb91aa174f616ab35e90fb85ad43e82ff9fbbc4b9fb4bc"
        "72ca4b61c6aaf01c8ab5c598f678afb5a73e2a0566ddb4a4b7fc89785491402902e0ede51c2dcc"
        "8495",
     .cipher_sha256 = "902e62b12ef34be06f4e78a01e4d5a91f342a70698f917eb84c726f45b67842c",
     .key_hex = "8e82372741d8416d9a680b3e2efa364830c416b8ab2a75220e0ec6106c9550cb",
     .wrapping = "kms",
     .context = "{\"aws:x-amz-cek-alg\":\"AES/GCM/NoPadding\"}",
     .iv_hex = "c77885c2695a8b60ba2c55f7",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = "{\"x-amz-key-v2\":\"7IyTwr0nsk6Oyi+WRL2/fc2vrOF6s/yW1L9k5BA4u9m4NNWAsZ+MZ5zhPbdWB"
        "iFuMw+S0tFZlENjIO3WYFaGokpnWoZ2KRHFzz3o9YaHKiaxZjcTO1pXsCLlrUYCcEvDGpES6o7Wd8M"
        "7rG+83OtAVGxWTaSWEk8OfkycyJBkMaGdBTN+SQIWaRrH3xKNhl9dW/4aAKBuYG8JrvRJHIk6xlyOb"
        "pDGfC5X9emQlp6Ma88+poyEetdSgQ==\",\"x-amz-iv\":\"x3iFwmlai2C6LFX3\",\"x-amz-cek-alg\""
        ":\"AES/GCM/NoPadding\",\"x-amz-wrap-alg\":\"kms+context\",\"x-amz-matdesc\":\"{\\\"aws:x-"
        "amz-cek-alg\\\":\\\"AES/GCM/NoPadding\\\"}\",\"x-amz-tag-len\":\"128\"}",
     .metadata = {{"x-amz-unencrypted-content-length",
        "1000"}}},
    {.name = "v2-aesgcm-gcm-instr-1000",
     .family = "v2-aesgcm-gcm-instr",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "f2d545ac0e01e0a6976e40c795a0c2d6aa2b16490f42ba5f651b948cd7c291ca66bc024e9c6f83"
        "df31a87a1cbdd71077a5024cb8fada0d098cdf97967937edbc03ddaa93c38307ad9a07aa51e94f"
        "ef1d97893157a6ce05326cd7c00f1dd71f3e03c73c5e3bb7de04caaff5296d4d84fd6148ce0c38"
        "e1e3a9d9a84b7c858ccce7de4f3436982a6eaf32217b094a7d3d91b4366c78663b92e9ac7db6cd"
        "904b2d75106e9c50f5c05f92d4c49c9adbcef9f076b4c8aa149251973bfa6d1a0a31525c4f4a17"
        "e9438eea0533d2098688760a180ff97996259d1e4e54037442d216eebf0f58cfd9420fd3c1dc46"
        "511c19c908e7945f4d454e16d3fbd3e18f19eb7fa34484c132db3759db40ac88deea7881c42d29"
        "0be369f2bb6a586247031629c290c129e8ee68bd29d5110b87f6af79a5ba8530f36fe4e3ff9278"
        "129aa02ac1ad76236bb2e055b64728e08878a943302436e815bb4679beb7e429b98cd5eb78bd75"
        "307cdc92fa09372b401d916a014cc33ab6636fdece31f2f6a6549ec92b1f9160f4895f604e9608"
        "d5901635e12cccd699ab1a2d49c4e1d3d14e73b3abe9ed5ff8d823e485815e17c063b46cea6cc7"
        "b2bd80e87bf8aa9c4ee41fd922709c170c9c819d990128ec5964b9ebe37cc773db708ff6ae1574"
        "81ab6cad499aed57e87e675e037a3dfd413fddd196707a6d40d7eda7a5fe2ebc184a82eb0c56e1"
        "b544501bfef126dee42cacde35a75edb5029ac76bcf1529f35cf872fd63a29c2aa5eec58795b36"
        "d04d133e9f634313a1e367c3ea50b23bfbfe45b5a14148a1664d0b650d424b1c2662c1896e9b5d"
        "f082986de011b3376ec4762dae28e58cd0b8ef4d72985fa4e33f00ca62b9198dee580a971a1438"
        "fdb19d0b6b3e58b334fe997e422781f8c398f1048e9200097c33901fc7c7c3da4bb4833c8c4833"
        "ac0b37692d94ae7fe4fe254774fc6b8228b7a1cf98d805d89817e9ec552f9aedd5740abf414913"
        "b5e67ac38bed59b647ef4b51b7a0390708f8330cd6be4d95920ac384f62bd8db76949a369c4426"
        "9cc6355a676b9e7ffe177dff3b6ab1c03045c540dcd23f2455a2088a49076f285daa5443e9efec"
        "41438e05462920b3bc6bf426764e9a3ef7aa511ed5845c55067b405295ed724dc4027a28ffcb84"
        "fa1a96319a30e654cade5507ad1a29e3382c09cb25eac49762f4a000cdb2ee1ef1fd64280ad228"
        "9f02e5ad7e9704bf3665b983278bbdf19719fe10f21f11266f9a521e6edf5a26aae29c1b2325c8"
        "e7313385ee6ece9f7947190f7629a2b107b676f83b5849d2b732ca9585aa0330b058dd2d4e240f"
        "041b1b7d1e10999472282bc372c47e51f95191a2f8521014327e5cbd1305287d1a24a1ed1dc090"
        "1c1f8e398ef3cd0527ac9f1c07a212c0a7111eaf3b42e37807da8b5625a62d41cf0d5d8ab6f795"
        "7640",
     .cipher_sha256 = "3f6d13445f0f23b0ebb2e298b99928be17c3d5bc1f15efafb8b4ba8f8493c0a7",
     .key_hex = "0bc9be3ee39acf629fcc411791968ca5d8ba16bc6d0b2cc03b881b59ded8e5b7",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = "bf0b292faf570957a498a2be",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = "{\"x-amz-key-v2\":\"5n4y/FFviZ0R+PXZr8wsGwWUx/RNQ9VmG/xnzSU/Gc/1z9YceEt0jXwZeGInV"
        "3TjD3Z8oDzMQxliDBiV\",\"x-amz-iv\":\"vwspL69XCVekmKK+\",\"x-amz-cek-alg\":\"AES/GCM/No"
        "Padding\",\"x-amz-wrap-alg\":\"AES/GCM\",\"x-amz-matdesc\":\"{}\",\"x-amz-tag-len\":\"128\""
        "}",
     .metadata = {{"x-amz-unencrypted-content-length",
        "1000"}}},
    {.name = "v2-rsaoaep-gcm-1000",
     .family = "v2-rsaoaep-gcm",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "276be2089929fb0be11aee8e119a305db2cab4f8eb07abe2752286a60acf82b348116d46fe8918"
        "b65edae33f6083ce26a4db8bf07b969ce64164075f1299ab1b57dbd6fa59f71232c01ef30e9c4e"
        "6802608c0fb7b58010121e75c1fad4334156ab242c1a415b1409f1fc227c0d42eda075d76b054d"
        "252e97d734c27ef4d258d498de891b6a31072b8dc94407f8230c44d4d5b78abd7ac33afe7ca390"
        "215002ab05614c21be129b49c086d1b24a6c0c1e4bde71d60baf12ccea100d7b59b3649d5347db"
        "a6d7daa44d50a51b02e0200936576a3e297f6cde821eeb6d4bfc14a77b35509ca9db14a8a00420"
        "fd39fd4e4c99e65c9e93f8a2eac03f00117e05d37253dd9638d68abae662123dc703cf356a4fe7"
        "5666f9cd21a5edf4c4926106c7147de183acdc86628038d29f7f3d9b68156c092f6e122a40b260"
        "8d00bf08d0ace6bd4b830221c32689a7c104efdd7c1d1378cbfb1506f6eb101973464d9540a830"
        "3778a9da1ccafe3d0f7b183048159fe23bb122a43aea6c2b28652827aa5e52f14da5779cb8ee61"
        "d5de9a0be191e9f34ea79370700565c657e33e9ebef42e7860a5d6a5119efa702b3ca6796b025f"
        "102011fe7bf5b44761e5aaa6660a7ddef257fec92e14a6615a7aed522205194bd65435459d642d"
        "3cfd49a8efa868b6a26eb5b7662334d8292780284b883df23093add08700851769acd2892a53e7"
        "3a71d189e9445d57d257d44a92e16e2759733af2ab79146fe7aa4e8f9be5fc360f7285d29ae676"
        "38835d9c181e6f9bc392a73e6b9f2fa15a0eb31294d761b59ddc3b8102adbdb23413c701b9dd83"
        "56a2f20df2103d877bc7e1eb962b5251275da6518f1e608dfcf72644c07da236c03af49ba6313b"
        "7182cd208fda11bd3996991459552275edce9fb79ed2905c87878ecf267ea6475b44ba02d2ab7f"
        "9e14acd7dcf5c1d8113a5d4e90c47abb70cf20a844b2cb9481ae03e45d2da60a8f9150516b9baf"
        "172376fc75a118ff7cee29a1f7d71f1f8df361e9c72e8d6022899ff9f1ec3988e63c1171c106ae"
        "dbb507b66a444c784a666ea88c0e26b559bebc503c3e10f86a6ca4c63f531202fad0bcffa2d683"
        "56cda7b5f3917c90c7ecfb5142ad3880bbff3e9e516e0eba1228ed850205d05ea34d10975e54ba"
        "c0ef1bc33067a4b69aa78e046d8bd194dc5bac87a27f9f67e2efee35fb7eb75cc76b96c7da4ba6"
        "bac776fa6731d65c17f8c08fc4d75a663cf3bf57851fe712716fe97f221134469fc04e19355851"
        "1c63841a6ca40db5e677c279e9d662ae464e9db8ba33cf8d96d3724e5c86493bf3cb32d7a293ab"
        "a47a11b2476e1bc202d70f7269ebf5bf06aab2f33bece5ffaf8e5b19286511e1c15e930b7a2f28"
        "7298c54eda9e81ff4ccb39becd384e8a44bd08aa261616c42f5be2b073ea4c4d01d68088f3dd3e"
        "c914",
     .cipher_sha256 = "47c89626be4480ec0b577eb2e93b3ef2959fe5a3506446025607ec1e4360b3c1",
     .key_hex = "66be50b4a7b8c92250e49ffa272bd9e077af4fc266d44125d0aba44ecd7bcde7",
     .wrapping = "rsa",
     .context = NULL,
     .iv_hex = "32d3d21d5ae9894b2d6c2a20",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "lS8Ojy0zYTzZ8lpJiOT0tmGwp1vY0uzW6TpuuaMhm4A5b1RBUVT2SfySGZGgfJ6dDuhFvhgI2ns4TG"
        "Pg1kMS1WXccC7QwguH+5oUM/RsHf0ZruPgbnQnDTEzYZdGP1tRc4BENFEot5fMpmZjA6+kfvw6SzZY"
        "oD2umfquwQmUpGwVBM7qwqy4d933WMiv7fSkZHT5vGhFC+CqMx5AhYg69xO5suQw6w1rAFzbMqASUU"
        "UJqiLvUp0Ink7yWUiOagfz1E3Ir8pmhzbb4muJ5YRfR6asq80JewLT/O5EPXnM/mb0l6Js4zrndQ3K"
        "9zJ955sJ3ESswejBLwJaTgN20DRtAw=="},
        {"x-amz-iv",
        "MtPSHVrpiUstbCog"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "RSA-OAEP-SHA1"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "1000"}}},
    {.name = "v2-rsaoaep256-gcm-1000",
     .family = "v2-rsaoaep256-gcm",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "6430433ac033971dd50360da5427e962a04203b16bd205ee59dabcc285005eab2c5e2e7aa81e00"
        "ba75fa492ef6d6dbe2e79a6a9d5a583f2ca3a161ade178a518536a92c92af5da78e873643ff69c"
        "8a08ff6161e40f3832d0cc1bc0a4c295f07c88f3bc5394ad59ffeac1b79ac477ce88bfb247585d"
        "831db250fe4c51c1a05c4f28739448652d70a1fd90e846ee991ae059a530f2936baac1468105a1"
        "f13fb407b3af73a07ea606fab18b3bac844a9a8914d3437e7f83168e6c000d5a784d5a82f43fd1"
        "c50b3a0722ec8033a3712ce603dfb12ad24f02c841afb6934cf9bceb1d69fe8a60729839a73d2b"
        "a486f56d17bb7e7e442353fdc831cba20bba15ec67d664d6a9436355389e6e3571af63e33896c8"
        "53f872dfeeb64a75134af3d295f35711f0cdf95d0a9ce0dad1c5b63cf92f0c8fb4c731b1c7ad7a"
        "a934e59f74d5fcf2cf7f42a7e251f8c166387c104a887b12d1425524d45baaf49a3ec3cd6d670c"
        "25aaf6a75a3a10fbbf638c2541d40cfa37026477c5b5f44e41e66f4024280be767c499929f265d"
        "576bd094617aa6b9a2e3d1d9f0ecfca0c90525f74aba5f5cc8f5cd3d910347b10cfb2c7155383e"
        "1f79fe5bdf1cfd59a22b6985f47f0d1f58718ec7cd9078cc42fef6fb494fd181dbfcf5ce8f4548"
        "055b59133937879401109e5d752ab8cc4a2fef7bb92d2d6f54ca0fee92d9a3972a18d8d759474e"
        "ce1bb9dbc6aa4655c03b2efcf27137a17e6277e34c6e2f7592d6014e4dcd38ccf0a17fb2d3fef3"
        "003775704e9cd3f46833555018dec2230533fe6a0183b1a5791eef953e478f2c28d82983774ae0"
        "21142af688da3ee9638ded68d2e60c00fa3ff9ded80efa4bc853705abb09414b05716aa46666d2"
        "fc574851fcb6d6e4880e9d0741519fd5262c8551ef800f23fd32d46b72227a617072ad4dcc397d"
        "797ccd0e2d9d3bbc7d1e6986a9ce06f4da1168133b0109694604f3cc511d183073f5c18178df53"
        "25a6f23d0955a87ee90c9ca4f01e78e44b2c725937af3754a3192fa283c91e44b7ae00f4e81c49"
        "34106b744d40c4043ad3f931782182d40f3c997f089de5feeb3d616113418dd9fea43a6d6c17c1"
        "5fdae451d4efa4ceba0f0cbac6b5497cbba871e39d5f06cb003383e7c1787e2af2774af5f7a734"
        "9959ead79086f56c04662012693cacd0d028a5c8665bf12188f87ce87f16666b42582e84cfe54d"
        "d213ef120ee9c5829faca47b71787b00ed88a69f0d8900613306f1055c3a70b1051afe08a93f43"
        "1d5b60e98edb4c57d78fe107cac292a5f20335ef3c1c966ff52f224b1c57226e03c8ab8d67d586"
        "1bc661ad8c9faaa9e5171f816de1776323a5efad991a94d252fa07d56841180a31b302bde331b9"
        "3aeeaff54b27f00ca6316e697999edc0914e1ce409206f9b9bcbf8b7b23c46a0963f5345609449"
        "5439",
     .cipher_sha256 = "c3505ed837af2eea9689ff1d14708a91a7fb33d6bfe41e5e4f727de252e00040",
     .key_hex = "d277dbb3dd4a03b6155856fa631b0171a3a727d602b86923305ea40fc2edc8a7",
     .wrapping = "rsa",
     .context = NULL,
     .iv_hex = "cd34fb4e86087f53a9eb63c7",
     .message_id_hex = NULL,
     .commitment_hex = NULL,
     .instruction = NULL,
     .metadata = {{"x-amz-key-v2",
        "PB8sWgyOKQs2FFI+hVyt61zi3jkKvPFQlBVFuvOJUtUtER8kRQQrZbtZCfuebq+AZG01INVO79ck2o"
        "g9hFL/MqdVQPbQcLBsOjfdSXoODx5H5YQo9XiLYnu9dsjPEJHDHWkcLBusXpkD1+OUMA20nuqGEmws"
        "t1FDjZty3yprMpn/TE8ATttDuDh+GNoD9pqKIsRnOj5sUTGQdibGLhA1RZyHHZlE3xphbm+0Y7lwsX"
        "lVmYlFIkdfKn+yPW2OCXHzkNjDpRayTv1WTWlJmfoqvutIbGN8f6VWnUULEAtzsU3879mwS0F2VmJB"
        "2C1Liyna/t3LXi2Y9VKfq99Z0AGQ2Q=="},
        {"x-amz-iv",
        "zTT7ToYIf1Op62PH"},
        {"x-amz-cek-alg",
        "AES/GCM/NoPadding"},
        {"x-amz-wrap-alg",
        "RSA/ECB/OAEPWithSHA-256AndMGF1Padding"},
        {"x-amz-matdesc",
        "{}"},
        {"x-amz-tag-len",
        "128"},
        {"x-amz-unencrypted-content-length",
        "1000"}}},
    {.name = "v3-kmsctx-kc-user-1000",
     .family = "v3-kmsctx-kc-user",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "007d80ad98e1b35f11414ee1b988566a7a2921710359495fe2a958280a99ac78a8426f483d3f3b"
        "123939f38d79c5e595880d5759e88ac1a92ed94b6c7474e43a3e818153a78fd18060b4b3bcac4e"
        "c82939d64275cafd686368d10b3bd41ad9d1ea96ec02e21ebc855f26531a7bffc9ef7851429188"
        "bce37bcaa3a2f8be7105d9ae499c36c90201c809b84f34bd19dde4f2ca48fc69f8ca57ba5ba23f"
        "2331721d7f62819bf5a27626698f74df6ae3a2c7ea93f891ddb7034c67fa0ff948f7333731529d"
        "fbc02688a97cbd67f27b9e0019c18a9cbe4f3ce12f60ec1e33c5d82be1de67b288d982e9b72ca9"
        "8c17aef7d9b963da65239993e8b97a33cf46140299c904e0b649012085d6eeb134c59b68c493a0"
        "21129b095d669b0325e9b6f2c933bf68c06571260e07ffdaec7edcff26d7b40a69f59a3df69970"
        "b41b058e1ec7a27ac5f9698922845c260fb679bd3626f8682545bd83a8517ca13717423d0cb10a"
        "c563d814692c33eaf9fed9e63e04475bf3d747136d43893b902cdc0e8fd300a44891a89d24ccda"
        "622c9e57579e22908563f8b338bf85dee5f8fa7255a02a1c7c553e0cd0f301149b4738731a0239"
        "1b22fbac48a100c30bfa2dc87789b07c91a22055b1c3ab3b961528b275638e8885ae016ad82ccc"
        "4922fd102043eefb5f11789952cc9e92102097aa4a8a48f57d186d77e546cb288ffe4a2dbde090"
        "ae865bec0fde5c77ab1a54abb39cf440600138bf5d0842f8d8ef402a458468ccb7363c4bc5800e"
        "8070ee5b692dfbc3cf4c40fa87e1f04feddf69771c491c9f3c29c24543cd41ec5ade2044f8240f"
        "e81583267ee5638bf1260b857378716751150b2af9819dfb37f79777ab59814e5fe7d66a69dd9a"
        "48d09752d6d731275f702390e25c64b829223d2e2ba34cd867470dad84a6a1ba3ba0e63566f071"
        "97937d38aa8e61966b101f13def0ef008b20e035f1f0b96de6830e080511fe91e78126c9b549ac"
        "5f56849ee6135adda96751d1604208be5c271631e6a90d0fd87147bb5dd7cb61fac0ad50302467"
        "7d31dc96a23447faa78f825393e5e4700aafbb9ae04d8a225d773a06ea466801375646348b1481"
        "601912537c60a893360d218989b472b2c854b349533b1914ff501d4f16626ba69185ace76f41ba"
        "c8b84e20817fb6bec16932ab3d50132459178fbfb16ab2383acdd9e833945f2af3b6cbf8a89ed1"
        "077ec2693148e760bd4c69afc7685fc0cff374a2b0a619a43508ae346afe5c9ae304caaf3ede07"
        "970ed81e80fe19f04e2c4e90302704eb79a8ad685aa580de0b796e9f7d08c3f00eee13ac93840b"
        "b2144950dc376430c27ba34c39dc2c67e7f3799a57abf9c6e892046ddfb37a908a197f9c49e6bf"
        "87e6b6ee3fa76ac76869d88836ca5d99e6b55a771c312f2c361f8362bb88805c836d8fa9535b6b"
        "753b",
     .cipher_sha256 = "5db0c8a1ab613948ae8af1f644e33e4766c63e8f5de07f931366ad0f22b6ca74",
     .key_hex = "d7796317f680f81a1b15086da00ceaaa30ffe8a08ce7fdb8ead6bbe0a1ae7a61",
     .wrapping = "kms",
     .context = "{\"department\":\"backup\",\"server\":\"SQL 1\",\"aws:x-amz-cek-alg\":\"115\"}",
     .iv_hex = NULL,
     .message_id_hex = "ab9cfc1d70864c1d8ebf4eea022203f37f44180cf7ab3b335f266cc6",
     .commitment_hex = "af1677035b4763aa1b1e23108b09c93a6095c8196427853a68c43cfe",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "rxZ3A1tHY6obHiMQiwnJOmCVyBlkJ4U6aMQ8/g=="},
        {"x-amz-i",
        "q5z8HXCGTB2Ov07qAiID839EGAz3qzszXyZsxg=="},
        {"x-amz-3",
        "M8RAtaskNZr2ekiWIyee4Z3wAgXGV4MonB68mvGQxaRa5cNvmaQCjXr/YVmeR544W53BJE1SmVePhV"
        "C1kvd6LWd8eWicPtX25XUMOHl9p0WqKNKKan2+E1ivderuT/xpZ/G0KONUKgX/16ubhpjc4W/OsenA"
        "Un1p8VesEnn0fhyw0H2VQJnmbSQ1+710GSkDlG0BP+3llgnec2bikC1gALm9Mi1/ZVGPuOZpMRNKyu"
        "RsOTI+IxKQHw=="},
        {"x-amz-w",
        "12"},
        {"x-amz-t",
        "{\"department\":\"backup\",\"server\":\"SQL 1\",\"aws:x-amz-cek-alg\":\"115\"}"}}},
    {.name = "v3-rsa-kc-1000",
     .family = "v3-rsa-kc",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "c6d358c879a0cfe4e85f7c8f42c6e26bdf2e68ce075eaec92b087351225d82414e25d9ab7b30f2"
        "9ed1f38e15ff08c65f82649819ac26a5d66a20c1a2c665d84539679bf00cf3419332bf75645832"
        "fcdb19b286407723ebbde72ee898971b4f22b19e889abba73f92a99ef274c6a5c7c0d8a3275894"
        "a452a69fb029d17a2ac2a1e8f8b86cd567744ef02a2bb29a1ce36e170a6e8550dd76f457b6aeeb"
        "5bdd4c9f6e9e629ff305296539c4acb8f673203f3512b43e6e4aaddf0d9a50417fef5be116399a"
        "5838e95573b6ef533b6ea84dbfbb13cf0bd55314f809cfb0fa88445b454e5272d0987e1fee9dea"
        "f7a3fbf74425643af0487e60c6572a8a463684c57123b02abb5d3d0f8745d72212031493fdbe23"
        "1133d9b9b452ec8fd44c6f303f987df22fbcff5f8550d63bb484a1f2a8d1a992ef6dc4aba8cedd"
        "f25cc30a805115d7ba55a11ad885446166cf7dfca8879a9621d3d303d5391367a8376dd66fbabc"
        "5c3f3e027c437ec45d38f68ca739dd988a3d204dba8befa3d120f8a1710a120f6b1e7f0ff461f3"
        "3f4eb070d6b217e1929d471d5c9d62b9104c97183909316454bf6848f82882fbce64fe9ca90275"
        "403a28c4e3f1f96df7115f8d2f43e8abf0b055051c2ad2a51d391a881081e89ba3e582fabbc6c8"
        "e97bfcc449ffcfa1ce20bdbeb58d583ab6e44f667efd375acc059f8d921eb178a64c0c1faadbe9"
        "5272a6ffe2e57cea6a1385eeaea46ca74de48126127a21a0652ec89581051bcbe430767d168904"
        "65a69275ec19748e9dbb506469b2408f207bb4a30b0cde596deaff73c2a88504bb2fcfaa58bb34"
        "5c164aa4d3363d0f7c41a3b63ecf6ba877ae50fc1c123281e6fabf3ecda6255af4b0e93fce32cc"
        "436a2e723d4a0f9cc9452baa7c3146e9244eed141696d1f1c7f275b23929b2628206bb80deb54d"
        "69be6d72fd30c2dbcb9a1f8c742335ad273a9aded2648faafbf7fef6a0dc80db1a0503d33522cc"
        "14e6bb6a99cfc00b8aa4ca5f108a650de8df7ebbbef55d4a9a15b042fc65defc9236c2559b8db6"
        "7d0cbe786557c282ede35930b8bf810b806b57f98ceb5d294fe7ecca563bdcb1e7a0fc884ce15c"
        "3d4388e79a63b32280e5880f554034d72d26205e7df5cead224fe20815dd252155999b8a91a3e6"
        "c67d6be767507f91197f3cf94652ccc9714036fd8f0a68cdaad9cb51b27a10c97a40f22aaad61f"
        "f300a06047312e6d38cae6429be77ad3982acba8a3feb254b948a059ad2c94e22d92365d79dbf9"
        "6a42b7d1b0fda23e7a7ce15ba7d87c4e4ec3c31598e9561fb08e29d60febde3584d90c8422c2af"
        "a868abf22be1c4f45388e86c1ea47d5a1631dd05ae37abd29ab93fcac4f016650504cabbc054a1"
        "d427215e0cfe9479961a57b8cad80a033faa455c4098344486fd3bf36baeb89b7c3b1556cf3f2d"
        "84b5",
     .cipher_sha256 = "a7be6b67dcb68fe59bf14a657fcc0219ac164eae2dec9e5fe0027ca4b41ff6c9",
     .key_hex = "057c7a725f8de5c80f3160e1c5eca6f4d6612a315f750a5988be7dec18a9d576",
     .wrapping = "rsa",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "b59e8ba677ad71a79b9e193a3651e7b8bef4af4c03855af91790e07f",
     .commitment_hex = "6e5f0ce9c4f16337c5e93161d9f221813990ea55c2bb6684f0d12662",
     .instruction = NULL,
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "bl8M6cTxYzfF6TFh2fIhgTmQ6lXCu2aE8NEmYg=="},
        {"x-amz-i",
        "tZ6Lpnetcaebnhk6NlHnuL70r0wDhVr5F5Dgfw=="},
        {"x-amz-3",
        "McIMQ4hPSLIHG/wTium+wDvZnLW1Ha0mBD/8OJQXHCes08rgeGeTgmIrXTPvlEZ8F2tiPTHdVggeMk"
        "SNM+Ls2HnRo44ixvS+VQ3UeJIPLDUT2WT5qWhx5qe4JaE8Yn8toVeeCsa/eFLBgJIqKbZDq5iS4lNs"
        "Pml8cGPFVXUyd2d6YQX6Kk3zlw/w5Zc5mFEHQXQUDte5PbctXeZVt0dwdoyYVoI/Owlivc8JqTgW97"
        "wlNAC8oFQuKNFllFRwYfelITZZC1WX8c0N8GPXaIqwuLV5pqfK+ITPiW7X7UkZVrSAelLGcEW0UdkQ"
        "3pCMiZhlkH5O55xpS4344NYO8BvTvw=="},
        {"x-amz-w",
        "22"},
        {"x-amz-m",
        "{}"}}},
    {.name = "v3-rsa-kc-instr-1000",
     .family = "v3-rsa-kc-instr",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "5ba96afe076d21d8864dcce8d668a67a9c44cd733850d1769da54b627691096f5d458800fbe203"
        "0864be4d032b46c6f865bd9ee2e513ce3e1d99a89810f1483b25822bbf104c9e96eabb883d1819"
        "034a700e1691df8958dc7d2766c34e666eecbee13938590589844e0fe62ffb8623de472ae9d43f"
        "c1d7d9b3f668b4ebd4d444c0da817d64c681abd25fce18b171792d69c2b6b90370535c04cc197a"
        "729d8ed67afe17bbca678e674d9c0a647f969a6783b0d92643e1b5cc572a35512d741bab5480a8"
        "de074a549217da0fe9c75aead2603fece316c15d8ba8b5b7bdb441019bf7386f529041517fbca8"
        "9af9ff801a15e4318d1bbb0b58e12893efbdf3e375b97c5dbe42325e817cfa8d6976a04da3decc"
        "b5f31bc2d7c643ddbcf19daabb2c47ad8ed070617157feff0059d3c9baa6c6a0b801d2c533050d"
        "6bce80e28d580c1a2076f84fc6a70b971278e93262f30bc83211e31e87df542e345b124958bedd"
        "61446c726613dcfc2fd9fd2e88a1a566c17fd239dbd8f4c695efe0fefddea1ab6f4ae03f334c32"
        "2ea6c06ebe84c783a8c188ab7e83cc907105b5ad518dd9205c7566f0a294915fc3e963cb1b0f92"
        "f358ee733f4090a3e7146394cbc7319da01d0d3ba2868696c929284fb174cc41223ea455472ab7"
        "a2f92599e7ed64a2234cc2cfc6f6c8419fbf3ff2f77e4092c47e38d7adb588862b3750bea429e1"
        "14f5edb344caaa58102a403a1d3826878a8e0c5399f5ec8868bde69a952a7c377f7ab110ed06c3"
        "7dc9e3dd2161bc1e96cd2f8bc4de3e494f3efd13a556457f4fbbd960b33343f9ae81af25dbc7ac"
        "52f124cfb8767f588d60b49c24c5df99029b89d93ac1e0b19ff4dfe577193fc8c7d7b8d5868adc"
        "ede769a2bd6ea1d323d612725089c6ff907127bb0638603403fb6ded220eff54841673c3ea874c"
        "c1273993018b533a63345555975253996d2afec590a38e816ea478a20ab8d4d5de3a48a1720712"
        "56202c07c5436569d5cffe3d30a9c45e57358490974a7e54dec6f5b14de651fdd4021304a7c6e8"
        "64e6d18e99d8a8abc8ca7681d20904b11dbf94b3735d1e4b447ff110df37f00834a8deb62926b5"
        "8605ae79537c92b53fca4e295f983cbb0066533d2e6346ab0c4f401d854fdf5e2008802f43ac27"
        "bba37fbf5d5997824702c95436b4f2042315f3df6b6d51098b7af289f4ef9d7f8e3734226b5d12"
        "85ec26b6983cfa272c01f07d013b274eeeba17fe11681b56e5fb0abae2b86a7812938e89068977"
        "635362d023d4a519f0f33403cf92f9c80535eacdff91cd69d1991d2ba1bd32339a864f19cf2c16"
        "5269a2d2361920bb34255e5146a35af48c45a56033f1546684ec4f7a192f1d694f919ad2251a26"
        "adab260d613b1cbabfe116a846522516b7e8d52a7d89c6d0697c321a5052cbd7b295ef9539b30c"
        "c397",
     .cipher_sha256 = "dff222a732f8eac04bd72f65152b4cafad210e55d75f9739c7619a150ca1687a",
     .key_hex = "49d708550ede2b7157db856926346ba30eef98d9333c28456e655f5afdc534cd",
     .wrapping = "rsa",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "006a11261e20835651db23f3c0398f2afbf25a46376fb18b16261316",
     .commitment_hex = "10f5635d4a4cda947f6cd07271c3f5d1ae0be8bfb12ba736e374f133",
     .instruction = "{\"x-amz-3\":\"QuvUAYAgHBffoOa54g5aFxuwd4uUrCc9F9jOFmwN/o/wEOqpEki3xYR+AdRMm/Z+dm"
        "Y0GwTfbuFTs2KtEferxqPRY/g2AwHmJPUg29kzXWgqm7IUFzQD9nHh+6zt5RcJtWBEb7f4rOEVoeJN"
        "rVl+vZyoXFYDvpQWaNyZ4o3jShROD+QOhqjqNp9BA4mrFJ2trNmBCcjugnCLOZsd4UZHt2/6tyHWr0"
        "Z+zGnIa/T4vTSVlBHLxn/4GOL+ZGibmGgZXKdB5eaUK2lh1f7Y83x4Hu+mdFVAm0hnd/Ch+SoIU7Uo"
        "a2amqWesTvls2w7uecxL1pbro9gfxdTQuhc47bMA4w==\",\"x-amz-w\":\"22\",\"x-amz-m\":\"{}\"}",
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "EPVjXUpM2pR/bNByccP10a4L6L+xK6c243TxMw=="},
        {"x-amz-i",
        "AGoRJh4gg1ZR2yPzwDmPKvvyWkY3b7GLFiYTFg=="}}},
    {.name = "v3-aesgcm-kc-instr-1000",
     .family = "v3-aesgcm-kc-instr",
     .refused = NULL,
     .plain_label = "pt1000",
     .plain_len = 1000,
     .plain_hex = NULL,
     .cipher_hex = "252d885bd1a6e3ba918de24910e38bd8669dfabaa95384835b9df577d15434f143b10de66d6ed7"
        "0634a9290a69ae610c6f861838ad9fb15485f003dcf57d4c84c0d50afea14ee03ed0c80d04efab"
        "e8303c3f380fc55088022b43a32a67f24a3a0142b0c14f5c8879cfb66d0120bf313cfa68f92323"
        "aff8c8690c031af48069c291b4cfe9a4c9ed1423d79a4b95bb55f2d83362817c2ae020e581f3cd"
        "8df8fdc034d9cbb6d6ed1c53f83a9fc25811f99b87a7c6946da3208f8ee6a83118afd6bcb2a1cf"
        "a811e21dda21cb00322fde1fe3efaffd1bf46ddba8e5c7fba1faedaf1e8d977fb3f46f1f56b4a8"
        "e5ab55375f4232f4623d22eb61d0fdd65eefe4c0722920d5669650b708c410eb17866c731ce2bb"
        "58b6549eabe7807245344ad2fc315a78b5d5040b6f7032ce8b07449635bed55d3d6c7f997eebe2"
        "b541c3372d95ebec3cf5d321d371ccbebbc3a68d756575eba30fd083779b781bdb36fef2611f0b"
        "063cca21a093312329a6429ba5f6524f416b83ac0b051ea507a40b3c5261e93d54c5bedd3b3f79"
        "05caa3b47f9a6d766f1321dc0a77cae97bde65796fffc73805719d5f13e1f29d6739ce90f1bc65"
        "721d07011ac8a4ddf74cac85ca4eb0fc5a3e3615807530a101d115332707911038c900e2eea100"
        "01cef820b24155e91065d12c119bbfa7a3e93e011ab753a0dff4c2158b80ecba56700660cc662b"
        "b963ba3e0ddafbfd8ee05bd54d65ad45d990af1e44ffb671910669d0744c4ff2b5afd8434bed3f"
        "3286c5a91fe48bebc53b24377e0963bee3be4fc1452ab1b79f969f854463c90f98a043cdea5025"
        "ed83d852e27fd9b90ee6b3e8fb4305643f1be769e36594c8cbf59465fea21ede3aeb98bf50166d"
        "6daa336d009c65b55425567215ff1ea807220a38b121e3e71aea8082a3f9611efa19eb427c90e0"
        "dcba30ebbb71000a07f5a9bbd7efc12cd30b69ddd12576ccb7ed8ed43741b658674608c11a2c3a"
        "bce2c53cf4a519e76c8697c821c23a6d8be2ef53c62d5a2a64ea5f138e834f7573714344b39026"
        "42d170cc45c92724c91d3dec58be0a2f0ed922088a141b517789474895718b7ef5588aa036b815"
        "90cf40891b66e7a88203f2f22da7adf5c85cd33a6ac6cf38b7e010807166c680ae16f38236dbdd"
        "ae71cb1c25658f9a837b4ae5beba0483d45c397ac6213001b1a2d98c82ef08c9d090433c16228b"
        "df11b5a246e16a4e74a531fbe8d158f593e44360d902fae8ab44427ebeac36af874d5a3e8b9865"
        "523430515ecb1b6a79ca90b172aa4523f278487ef802c687e211b35ebf89addbefe0d2e2ddd1f4"
        "839fab710270c651b0ee332f95cbc6772240c8042f19a1f7766fb4a5ddaffb0f3934c49a80c5a9"
        "d83b3fbed28567c1d9af69586b75b263f2ae93d54e42266245fb87de69006bc035fa98b23beee0"
        "455c",
     .cipher_sha256 = "d6421df27bab423c24c835275afd743c01801cfcdbffbe10dd83a1ccee927f09",
     .key_hex = "977ad10bc0b4a37b34198d44de249655a6a4331900db779ef91a3875209e7fc4",
     .wrapping = "aes",
     .context = NULL,
     .iv_hex = NULL,
     .message_id_hex = "38760833c6eb6b1bf1061ecb3d318670cc9838effb6cbcc45efab9c3",
     .commitment_hex = "d65bfa4af2831e4786dcf765812da7d678c9f0ac516733ae6eadb5d4",
     .instruction = "{\"x-amz-3\":\"kopRswxaiU7TCCwJAfSzgUz9cFoElduBxVqM6b4R9nEs7ahe7OBZcz/sqmw3JjUH/2"
        "k3WrvnoGJJWQ+3\",\"x-amz-w\":\"02\",\"x-amz-m\":\"{}\"}",
     .metadata = {{"x-amz-c",
        "115"},
        {"x-amz-d",
        "1lv6SvKDHkeG3PdlgS2n1njJ8KxRZzOubq211A=="},
        {"x-amz-i",
        "OHYIM8braxvxBh7LPTGGcMyYOO/7bLzEXvq5ww=="}}},
};
static const struct kdf_vector KDF_VECTORS[] = {
    {.name = "kdf-go-1",
     .data_key_hex = "80d90dc4cc7e77d8a6332efa44eba56230a7fe7b89af37d1e501ab2e07c0a163",
     .message_id_hex = "b8ea76bed24c7b85382a148cb9dcd1cfdfb765f55ded4dfa6e0c4c79",
     .content_key_hex = "6dd14f546cc006e639126e83f5d4d1b118576bb5df97f38c6fb3a1db87bbc338",
     .commitment_hex = "f89818bc0a346d3a3426b68e9509b6b2ae5fe1f904aa329fb73625db"},
    {.name = "kdf-go-2",
     .data_key_hex = "501afb8227d22e75e68010414b8abdaf3064c081e8e922dafef4992036394d60",
     .message_id_hex = "61a00b4981a5aacfd136c55cb726e32d2a547dc7600a7d4675c69127",
     .content_key_hex = "e14786a714748d1d2c3a4a6816dec56ddf1881bbeabb4f39420ffb9f63700b2f",
     .commitment_hex = "5c1e73e47f6fe3a70d6d094283aceaa76d2975feb829212d88f0afc1"},
};
static const struct gcm_vector GCM_VECTORS[] = {
    {.name = "aes-128-gcm-0",
     .key_hex = "da2fdb0ced551aeb723d8ac1a267cef3",
     .iv_hex = "a5f5160b7b0b025757accdaa",
     .aad_hex = "167b5c226177733a782d616d7a2d63656b2d616c675c223a205c224145532f47434d2f4e6f5061"
        "6464696e675c227d",
     .plaintext_hex = "",
     .ciphertext_hex = "",
     .tag_hex = "7ad0758c4fa9b8660aa0687b3e7bd517"},
    {.name = "aes-128-gcm-1",
     .key_hex = "4194935cf4524df93d62fedbc818d8ac",
     .iv_hex = "0c5a8f5af7f6064c0130ee64",
     .aad_hex = "167b5c226177733a782d616d7a2d63656b2d616c675c223a205c224145532f47434d2f4e6f5061"
        "6464696e675c227d",
     .plaintext_hex = "167b5c226177733a782d616d7a2d63656b2d616c675c223a205c224145532f47434d2f4e6f5061"
        "6464696e675c227d",
     .ciphertext_hex = "3f4cc9a7451717e5e939d294a1362b32c274d06411188dad76aee3ee4da46483ea4c1af38b9b74"
        "d7ad2fd8e310cf82",
     .tag_hex = "ad563fd10e1efa3f26753f46e09db3a0"},
    {.name = "aes-128-gcm-2",
     .key_hex = "ad03ee2fd6048db7158cec55d3d760bc",
     .iv_hex = "1b813a16ddcb7f08d26e2541",
     .aad_hex = "",
     .plaintext_hex = "167b5c226177733a782d616d7a2d63656b2d616c675c223a205c224145532f47434d2f4e6f5061"
        "6464696e675c227d",
     .ciphertext_hex = "add161be957ae9ec3cee6600c77ff81d64a80242a510a9d5ad872096c79073b61e8237faa7d63a"
        "3301ea58ec11332c",
     .tag_hex = "01944370ec28601adc989de05a794aeb"},
    {.name = "aes-256-gcm-3",
     .key_hex = "20142e898cd2fd980fbf34de6bc85c14da7d57bd28f4aa5cf1728ab64e843142",
     .iv_hex = "fb7b4a824e82daa6c8bc1251",
     .aad_hex = "167b5c226177733a782d616d7a2d63656b2d616c675c223a205c224145532f47434d2f4e6f5061"
        "6464696e675c227d",
     .plaintext_hex = "",
     .ciphertext_hex = "",
     .tag_hex = "81c0e42bb195e262cb3b3a74a0dae1c8"},
    {.name = "aes-256-gcm-4",
     .key_hex = "d211f278a44eab666b1021f4b4f60ba6b74464fa9cb7b134934d7891e1479169",
     .iv_hex = "6b5cd3705a733c1ad943d58a",
     .aad_hex = "167b5c226177733a782d616d7a2d63656b2d616c675c223a205c224145532f47434d2f4e6f5061"
        "6464696e675c227d",
     .plaintext_hex = "167b5c226177733a782d616d7a2d63656b2d616c675c223a205c224145532f47434d2f4e6f5061"
        "6464696e675c227d",
     .ciphertext_hex = "4c25abd66d3a1bcce794acaaf4cefdf6d2552f4a82c50a98cb15b4812ff557abe564a9ceff15f3"
        "2dcf5a5aa7894888",
     .tag_hex = "03ede71ec952e65ae7b4b85cfec7d304"},
    {.name = "aes-256-gcm-5",
     .key_hex = "cfe8bfe61b89af53d2bece744d27b78c9e4d74d028ce88ed10a422285b1201c9",
     .iv_hex = "5f08efbfb7bf5ba365d9eb1d",
     .aad_hex = "",
     .plaintext_hex = "167b5c226177733a782d616d7a2d63656b2d616c675c223a205c224145532f47434d2f4e6f5061"
        "6464696e675c227d",
     .ciphertext_hex = "0a7e82f1e5c76c69679671eeaee455936f2c4fccd9ddf1faa27075e2040644938920c5d16c69e4"
        "d93375487b9a80d4",
     .tag_hex = "04347d0c5b0e0de89e033d04d0493dca"},
};
