// Made by make_vectors.py from tests/data/s3ec-vectors.json (our own) and
// tests/data/s3ec-published.json (quoted, with their sources). Do not edit.
// clang-format off
static const struct vector VECTORS[] = {
    {.name = "v2-kms-cbc-0",
     .plain_label = "pt0",
     .plain_len = 0,
     .plain_hex = NULL,
     .cipher_hex = "bf1bd741a99a631168823b51cc83a1c6",
     .cipher_sha256 = "01ec38ed8a19159ca6803b121b6b8ad62a574454647a57540fc72cde09b5d73d",
     .key_hex = "0faa1db519ca7a4edb3c6446b83a1470ef15315559e07458f9055da196c0bd4b",
     .iv_hex = "44e5d8369ca3312955fcecff84333f88",
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
    {.name = "v2-kms-cbc-1",
     .plain_label = "pt1",
     .plain_len = 1,
     .plain_hex = NULL,
     .cipher_hex = "3619a32d5ab35bb41ec56138fa1eb192",
     .cipher_sha256 = "2db9516e1f2f6da704f7240d474fd1f8620b3ec8f30e5cd86f21722023008ccf",
     .key_hex = "e914c009ba5ff98774d002d9a41c1c4b1c4111ed6fd4e590487cf036a8eec559",
     .iv_hex = "ace560987524fd1e2f21b72e0c33be38",
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
    {.name = "v2-kms-cbc-15",
     .plain_label = "pt15",
     .plain_len = 15,
     .plain_hex = NULL,
     .cipher_hex = "4bcf81067f322bec0f720823c557bacd",
     .cipher_sha256 = "e763628ccf7289f194a2b241f3b841ab297632fcf7c43b0161cd789eda05fdaa",
     .key_hex = "b69c760311610689f298afde8c6a9a8f4f78ac71185568afa96aa85d0aa34e3c",
     .iv_hex = "354897c70e3ae76bb29e0fc52f3da7ae",
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
    {.name = "v2-kms-cbc-16",
     .plain_label = "pt16",
     .plain_len = 16,
     .plain_hex = NULL,
     .cipher_hex = "7864c57a4664845d4f736c19d5f35cab755ce78d20474c918f971288a96c35a0",
     .cipher_sha256 = "ef534fb016d9eb6c570f85086f4e26ca4715318d39143bc49d3f119cbddb8bc9",
     .key_hex = "d6b533b72d7e0e98e792595b27b4ee8de3642afbd910fe5c4c104fa07c590ef8",
     .iv_hex = "c2ec8905920c3d895daa6cabd5ca9bbb",
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
    {.name = "v2-kms-cbc-17",
     .plain_label = "pt17",
     .plain_len = 17,
     .plain_hex = NULL,
     .cipher_hex = "88858b7bd3a4419967b229007b44ad317672009fece960918100cf4beab82464",
     .cipher_sha256 = "ebb9a57c1afce48e6b6fdaba607f4819004eefb1c9de3f3b762743ab438da190",
     .key_hex = "d3867297c534659e6e087aabe9b12ab76044f830cc2f351fef4607c6f8ab16bf",
     .iv_hex = "17168e1d6224af61f9ae2c4ecdbc9c2e",
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
    {.name = "v2-kms-cbc-1000",
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
     .iv_hex = "686281848e9a95e32adf2fa15a399c26",
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
    {.name = "v2-kms-cbc-4096",
     .plain_label = "pt4096",
     .plain_len = 4096,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "af4d539caed39223818009a174888b2bd7388f0c7bcc882df0ef170573fd885a",
     .key_hex = "93319501a1680310224b600acffb5e6705f9561f9dee09d5afcc377a386f6605",
     .iv_hex = "e6decc47d29432b163b64fab7eb3ed8b",
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
    {.name = "v2-kms-cbc-65537",
     .plain_label = "pt65537",
     .plain_len = 65537,
     .plain_hex = NULL,
     .cipher_hex = NULL,
     .cipher_sha256 = "0343466e3deedbde3e318094ad3c1e9c131d6257892ceee72084f480e01167d2",
     .key_hex = "18c92c73d4cfa9c587cbf147fb70672c6a4cd4d8d1cf6050697ff79738f37a5c",
     .iv_hex = "08b067b0c02d2de95267a736bbe4d54a",
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
    {.name = "v2-kms-cbc-go",
     .plain_label = NULL,
     .plain_len = 64,
     .plain_hex = "a716e018ffecf4bb94d4352082af4662612d9c225efed6f389bf1f6f0447a9bce80cc712d7e66e"
        "e5e1c086af38e607ead351fd2c1a0247878e693ada73bd580b",
     .cipher_hex = "6f4f413a357a3c3a12289442fb835c5e4ecc8db1d86d3d1eab906ce07e1ad772180b2e9ec49c3f"
        "c667d8aceea8c46da6bb9738251a8e36241a473ad820f99c701906bac1f48578d5392e928889bb"
        "b1d9",
     .cipher_sha256 = "",
     .key_hex = "ec8b57f424c635659e802eb646568dbba109dfe27dc863bbc80a83354e0275e0",
     .iv_hex = "69d3bd53ba5c107c544da82e224868f6",
     .metadata = {{"x-amz-key-v2",
        "d3JhcHBlZCBrZXkgb2YgYSBtb2NrIEtNUw=="},
        {"x-amz-iv",
        "adO9U7pcEHxUTaguIkho9g=="},
        {"x-amz-cek-alg",
        "AES/CBC/PKCS5Padding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{\"kms_cmk_id\":\"test-key-id\"}"}}},
    {.name = "v2-kms-cbc-go1",
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
     .iv_hex = "10c316258f192dc2bff453a3de20a99e",
     .metadata = {{"x-amz-key-v2",
        "d3JhcHBlZCBrZXkgb2YgYSBtb2NrIEtNUw=="},
        {"x-amz-iv",
        "EMMWJY8ZLcK/9FOj3iCpng=="},
        {"x-amz-cek-alg",
        "AES/CBC/PKCS5Padding"},
        {"x-amz-wrap-alg",
        "kms"},
        {"x-amz-matdesc",
        "{}"}}},
};
