// Which of option, environment and profile a setting is taken from.
#include "cli/settings.h"
#include "common/err.h"
#include "tests/unit/test.h"

// The profile of these tests, instead of s3/credentials.c: one name and its value.
static const char *profile_name;
static const char *profile_value;

int credentials_setting(struct credentials_source *s, const char *name, char **value)
{
    (void)s;
    bool known = profile_name != NULL && strcmp(profile_name, name) == 0;
    *value = known ? strdup(profile_value) : NULL;
    return 0;
}

static int forget_environment(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"AWS_REGION",
                                        "AWS_DEFAULT_REGION",
                                        "AWS_ENDPOINT_URL",
                                        "AWS_ENDPOINT_URL_S3",
                                        "AWS_ENDPOINT_URL_KMS",
                                        "AWS_CA_BUNDLE",
                                        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        unsetenv(NAMES[i]);
    profile_name = profile_value = NULL;
    return 0;
}

typedef int (*lookup)(const struct options *, struct credentials_source *, char **);

static void expect(lookup look, const struct options *o, const char *wanted)
{
    AUTO_FREE char *value = NULL;
    assert_ok(look(o, NULL, &value));
    if (wanted == NULL)
        assert_null(value);
    else
        assert_string_equal(value, wanted);
}

static void the_region_is_option_then_environment_then_profile(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    options_init(&o);
    expect(settings_region, &o, NULL);
    profile_name = "region";
    profile_value = "eu-west-3";
    expect(settings_region, &o, "eu-west-3");
    setenv("AWS_DEFAULT_REGION", "eu-west-2", 1);
    expect(settings_region, &o, "eu-west-2");
    setenv("AWS_REGION", "", 1); // set but empty counts as unset
    expect(settings_region, &o, "eu-west-2");
    setenv("AWS_REGION", "eu-west-1", 1);
    expect(settings_region, &o, "eu-west-1");
    o.region = strdup("us-gov-west-1");
    expect(settings_region, &o, "us-gov-west-1");
}

static void endpoints_prefer_the_services_own(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    options_init(&o);
    profile_name = "s3.endpoint_url";
    profile_value = "http://127.0.0.1:1";
    expect(settings_s3_url, &o, "http://127.0.0.1:1");
    expect(settings_kms_url, &o, NULL);
    setenv("AWS_ENDPOINT_URL", "https://all.example", 1);
    expect(settings_s3_url, &o, "https://all.example");
    expect(settings_kms_url, &o, "https://all.example");
    setenv("AWS_ENDPOINT_URL_KMS", "https://kms.example", 1);
    expect(settings_kms_url, &o, "https://kms.example");
    expect(settings_s3_url, &o, "https://all.example");
    o.endpoint_url = strdup("http://[::1]:9000");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    expect(settings_s3_url, &o, "http://[::1]:9000"); // an option is never ignored
    expect(settings_kms_url, &o, NULL);
}

static void a_bad_value_is_refused_with_its_place(void **state)
{
    (void)state;
    AUTO_OPTIONS struct options o;
    options_init(&o);
    AUTO_FREE char *value = NULL;
    setenv("AWS_REGION", "eu-west-1.evil.example/", 1);
    assert_int_equal(settings_region(&o, NULL, &value), -EINVAL);
    assert_non_null(strstr(err_text(), "AWS_REGION: "));
    profile_name = "endpoint_url";
    profile_value = "ftp://x";
    assert_int_equal(settings_s3_url(&o, NULL, &value), -EINVAL);
    assert_non_null(strstr(err_text(), "the profile's endpoint_url: "));
    setenv("AWS_CA_BUNDLE", "/no/such/file", 1);
    assert_int_equal(settings_ca_bundle(&o, NULL, &value), -EINVAL);
    assert_non_null(strstr(err_text(), "/no/such/file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_region_is_option_then_environment_then_profile,
                               forget_environment),
        cmocka_unit_test_setup(endpoints_prefer_the_services_own, forget_environment),
        cmocka_unit_test_setup(a_bad_value_is_refused_with_its_place, forget_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
