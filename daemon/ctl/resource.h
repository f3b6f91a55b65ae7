/* Resource URIs as people write them: by the aliases that policies have for their long beginnings. */
#ifndef CTL_RESOURCE_H
#define CTL_RESOURCE_H

#include "base/buf.h"
#include "base/str.h"

/* Appends the URI with the alias for as much of its beginning as one stands for:
 * "wmicimv2/Win32_Service". What no alias begins is appended as it is. */
void resource_shorten(struct buf *out, struct str uri);

/* Appends the URI, or the beginning of some, that the text stands for. */
void resource_expand(struct buf *out, struct str text);

#endif
