// cmocka with the includes it wants, in the order it wants them.
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// Fails with the error's text when the call failed.
#define assert_ok(call)                                                                            \
    do {                                                                                           \
        int assert_ok_rc_ = (call);                                                                \
        if (assert_ok_rc_ < 0)                                                                     \
            fail_msg("%s: %d (%s)", #call, assert_ok_rc_, err_text());                             \
    } while (0)

#endif
