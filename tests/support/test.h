/*
 * test: what every unit test includes: cmocka, and asserts on spans.
 */
#ifndef SUPPORT_TEST_H
#define SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config.h"

#include "core/err.h"
#include "core/span.h"

/* The test is of something that Kconfig can leave out. */
#define needs(feature)                                                         \
	do {                                                                   \
		if (!(feature))                                                \
			skip();                                                \
	} while (0)

/* The span's bytes are exactly those of the string literal. */
#define assert_span(actual, literal)                                           \
	do {                                                                   \
		struct span got_ = (actual);                                   \
		assert_int_equal(got_.len, sizeof(literal) - 1);               \
		if (got_.len > 0)                                              \
			assert_memory_equal(got_.p, (literal), got_.len);      \
	} while (0)

#endif
