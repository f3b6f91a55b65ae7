/* The terminal that a person sits at. */
#ifndef PLATFORM_TERMINAL_H
#define PLATFORM_TERMINAL_H

#include <stdbool.h>

/* How many columns the terminal at standard output has, 80 when it does not know; 0 when it is no
 * terminal. */
unsigned terminal_columns(void);

/* Whether somebody watches standard error. */
bool terminal_watches_errors(void);

#endif
