/*
 * Allocation faults: fails the N-th allocation made through base/mem.h, once or from then on.
 * The sweep idiom: for n = 0, 1, 2 ... arm, run the operation, disarm; stop when it was not fired.
 */
#ifndef TESTS_SUPPORT_FAULT_H
#define TESTS_SUPPORT_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum fault_mode { FAULT_ONCE, FAULT_STICKY };

/* The allocation with this index (from 0) fails; with FAULT_STICKY all later ones too. */
void fault_arm(uint64_t index, enum fault_mode mode);

/* Removes the fault; true when it was reached. */
bool fault_disarm(void);

#endif
