// Data keys asked for ahead: only in a burst, each used once, none for long, and no refusal hidden.
#include "object/keyring_ahead.h"
#include "common/clock.h"
#include "common/log.h"
#include "tests/unit/object/keyring_test.h"
#include "tests/unit/test.h"

#include <pthread.h>

struct rig {
    struct keyring *inner, *ahead;
    const struct format *format;
};

static void start(struct rig *rig)
{
    rig->inner = keyring_test_new();
    assert_ok(format_find("rds", &rig->format));
    assert_ok(keyring_ahead_new(&rig->ahead, rig->inner));
}

static void stop(struct rig *rig)
{
    keyring_free(rig->ahead);
    keyring_free(rig->inner);
}

static int use(struct rig *rig, struct envelope *e)
{
    AUTO_SECRET struct secret *key = NULL;
    AUTO_SECRET struct secret *unwrapped = NULL;
    int rc = rig->ahead->ops->generate(rig->ahead, rig->format, e, &key);
    if (rc < 0)
        return rc;
    // The key is the envelope's.
    assert_ok(rig->inner->ops->unwrap(rig->inner, e, &unwrapped));
    assert_int_equal(secret_size(key), CIPHER_KEY_SIZE);
    assert_true(secret_equal(secret_bytes(key), secret_bytes(unwrapped), CIPHER_KEY_SIZE));
    return 0;
}

static int use_one(struct rig *rig)
{
    AUTO_ENVELOPE struct envelope e = {0};
    return use(rig, &e);
}

static unsigned settled(struct rig *rig)
{
    unsigned before, now = keyring_test_generated(rig->inner);
    do {
        before = now;
        clock_sleep_ms(50);
        now = keyring_test_generated(rig->inner);
    } while (now != before);
    return now;
}

static void single_uses_ask_for_nothing_ahead(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig);
    for (unsigned i = 1; i <= 3; i++) {
        assert_ok(use_one(&rig));
        assert_int_equal(settled(&rig), i);
    }
    stop(&rig);
}

static void a_burst_asks_ahead_and_never_for_more_than_it_used(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig);
    unsigned used = 0;
    for (; used < 64; used++)
        assert_ok(use_one(&rig));
    // Who asks ahead may not have run yet, and the burst be over when it does: then it goes on.
    unsigned generated = settled(&rig);
    for (; generated <= used && used < 5000; generated = settled(&rig)) {
        for (unsigned end = used + 16; used < end; used++)
            assert_ok(use_one(&rig));
    }
    assert_true(generated > used);
    assert_true(generated <= used + 16);
    stop(&rig);
}

static void no_key_is_given_out_twice(void **state)
{
    (void)state;
    struct rig rig;
    struct envelope e[40] = {0};
    start(&rig);
    for (int i = 0; i < 40; i++)
        assert_ok(use(&rig, &e[i]));
    for (int i = 0; i < 40; i++) {
        for (int j = 0; j < i; j++) {
            assert_memory_not_equal(e[i].wrapped, e[j].wrapped, CIPHER_KEY_SIZE);
            assert_memory_not_equal(e[i].iv, e[j].iv, CIPHER_BLOCK_SIZE);
        }
    }
    for (int i = 0; i < 40; i++)
        envelope_clear(&e[i]);
    stop(&rig);
}

static void after_a_quiet_time_a_refusal_is_heard_at_once(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig);
    for (int i = 0; i < 3; i++)
        assert_ok(use_one(&rig));
    keyring_test_break(rig.inner, -EACCES);
    assert_int_equal(use_one(&rig), -EACCES);
    assert_int_equal(use_one(&rig), -EACCES);
    stop(&rig);
}

static void a_burst_hears_of_a_refusal_when_its_keys_are_used_up(void **state)
{
    (void)state;
    struct rig rig;
    AUTO_ENVELOPE struct envelope e = {0};
    AUTO_SECRET struct secret *key = NULL;
    start(&rig);
    for (int i = 0; i < 20; i++)
        assert_ok(use_one(&rig));
    settled(&rig);
    keyring_test_break(rig.inner, -EACCES);
    int rc = 0;
    unsigned more = 0;
    while ((rc = rig.ahead->ops->generate(rig.ahead, rig.format, &e, &key)) == 0) {
        assert_true(++more <= 16);
        envelope_clear(&e);
        secret_release(TAKE(key));
    }
    assert_int_equal(rc, -EACCES);
    keyring_test_break(rig.inner, 0);
    assert_ok(use_one(&rig));
    stop(&rig);
}

static void keys_of_another_format_are_not_used(void **state)
{
    (void)state;
    struct rig rig;
    AUTO_ENVELOPE struct envelope e = {0};
    start(&rig);
    for (int i = 0; i < 10; i++)
        assert_ok(use_one(&rig));
    settled(&rig);
    keyring_test_break(rig.inner, -EIO);
    const struct format other = *rig.format;
    rig.format = &other;
    assert_int_equal(use(&rig, &e), -EIO);
    keyring_test_break(rig.inner, 0);
    assert_ok(use(&rig, &e));
    settled(&rig); // what was under way for the other one
    stop(&rig);
}

static void *use_many(void *arg)
{
    for (int i = 0; i < 200; i++)
        assert_ok(use_one(arg));
    return NULL;
}

static void many_threads_get_their_keys(void **state)
{
    (void)state;
    struct rig rig;
    pthread_t threads[8];
    start(&rig);
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_many, &rig), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    assert_true(settled(&rig) <= 1600 + 16);
    stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_uses_ask_for_nothing_ahead),
        cmocka_unit_test(a_burst_asks_ahead_and_never_for_more_than_it_used),
        cmocka_unit_test(no_key_is_given_out_twice),
        cmocka_unit_test(after_a_quiet_time_a_refusal_is_heard_at_once),
        cmocka_unit_test(a_burst_hears_of_a_refusal_when_its_keys_are_used_up),
        cmocka_unit_test(keys_of_another_format_are_not_used),
        cmocka_unit_test(many_threads_get_their_keys),
    };
    if (secret_init() < 0)
        return 1;
    log_init(LOG_LEVEL_ERROR, LOG_SINK_STDERR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
