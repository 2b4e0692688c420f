/*
 * html_value: an attribute's value, or a style sheet, character by character.
 *
 * Entities are replaced, spaces and control characters dropped, capitals made
 * small; in styles, comments dropped and escapes replaced as well.  Then it is
 * looked for what runs: javascript:, vbscript:, data:text/html, expression().
 *
 * Memory: struct html_value, the last 32 characters.
 * Tested: test_html, fuzz_html.
 */
#ifndef SCAN_HTML_VALUE_H
#define SCAN_HTML_VALUE_H

#include "core/span.h"

#define HTML_TAIL 32 /* a power of two */

struct html_value {
	bool is_style;
	uint8_t css;	/* where in a comment or an escape */
	uint8_t digits; /* of an escape */
	uint32_t code;	/* of an escape */
	size_t n;	/* characters so far */
	uint8_t tail[HTML_TAIL];
};

void html_value_init(struct html_value *v, bool is_style);

/*
 * Take the character, or the entity, at s.p[*at] (*at < s.len) and move on.
 * What runs, as a name, or NULL.
 */
const char *html_value_feed(struct html_value *v, struct span s, size_t *at);

#endif
