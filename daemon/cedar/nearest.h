/*
 * What would have permitted a question: the permits that came nearest to it. Like a trace
 * (cedar/trace.h) it is about the question that was last asked of a request and answered without an
 * error.
 */
#ifndef CEDAR_NEAREST_H
#define CEDAR_NEAREST_H

#include <stddef.h>
#include <stdint.h>

#include "cedar/cedar.h"

/* Finds the permits that did not apply but came nearest to it, and writes the indices of at most
 * `max` to `policies`, the nearest first: those whose scope matches, then those with the fewest
 * elements that do not, and among these those with the most that do. A permit that lacks several
 * elements is left out when another lacks fewer, and one whose whole scope is about something else
 * always. Returns how many. */
size_t cedar_nearest_permits(struct cedar_request *request, uint32_t *policies, size_t max);

#endif
