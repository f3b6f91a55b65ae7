/* The layout of policies. Their tokens and comments stay as they are, only the blanks between them
 * change; comments before a separator move behind it. The whole operation is cedar_format(). */
#ifndef CEDAR_FORMAT_H
#define CEDAR_FORMAT_H

#include "cedar/format_text.h"
#include "cedar/layout.h"

/* Describes the text to `layout`. The text must be correct. */
void format_describe(const struct format_text *text, struct layout *layout);

#endif
