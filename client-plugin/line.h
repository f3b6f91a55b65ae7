/* A line for people, in place: printable ASCII, of bounded length. What does not fit is cut. */
#ifndef CLIENT_PLUGIN_LINE_H
#define CLIENT_PLUGIN_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "client-plugin/client.h"

enum { LINE_NAME_BYTES = 256 }; /* of an escaped name, without the dots of one that is longer */

/* Zero is an empty line. */
struct line {
	char text[CLIENT_NOTICE_BYTES + 1];
	size_t length;
};

/* Words of our own. */
void line_add(struct line *line, const char *words);

void line_add_number(struct line *line, uint64_t number);

/* A name that comes from outside. Printable ASCII stays as it is, but for the percent sign, behind
 * which the Event Viewer looks for the number of a text; the rest comes out as \x{HH}, byte by
 * byte. */
void line_add_name(struct line *line, const char *name);

#endif
