/*
 * The verdict of a decision on the wire. The constants differ from each other, and from all zeros
 * and all ones, in 16 of 32 bits, so that no single fault turns one into another; a twin field
 * carries the complement. Whatever is not an intact ALLOW or REDIRECT is a denial.
 */
#ifndef PROTO_VERDICT_H
#define PROTO_VERDICT_H

#include <stdint.h>

#define VERDICT_ALLOW    UINT32_C(0x3a5e5d88)
#define VERDICT_DENY     UINT32_C(0xb7ca03b2)
#define VERDICT_REDIRECT UINT32_C(0xa07ea12f)

/* Win32 codes that WinRM callbacks are completed with. The redirect is the constant
 * ERROR_WSMAN_REDIRECT_REQUESTED of wsmerror.h; the callback's page calls it ..._REQUIRED. */
#define VERDICT_CODE_ALLOW    UINT32_C(0)
#define VERDICT_CODE_DENY     UINT32_C(5)
#define VERDICT_CODE_REDIRECT UINT32_C(0x80338199)

/* The code that goes with a verdict; VERDICT_CODE_DENY for any value that is none. */
uint32_t verdict_code(uint32_t verdict);

/* The verdict that three fields of a Decision amount to: `verdict` when it is one of the constants
 * and twin and code agree, else 0. Never trust a verdict that did not come from here. */
uint32_t verdict_check(uint32_t verdict, uint32_t twin, uint32_t code);

#endif
