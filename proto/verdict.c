#include "proto/verdict.h"

uint32_t verdict_code(uint32_t verdict)
{
	switch (verdict) {
	case VERDICT_ALLOW: return VERDICT_CODE_ALLOW;
	case VERDICT_REDIRECT: return VERDICT_CODE_REDIRECT;
	default: return VERDICT_CODE_DENY;
	}
}

uint32_t verdict_check(uint32_t verdict, uint32_t twin, uint32_t code)
{
	switch (verdict) {
	case VERDICT_ALLOW:
	case VERDICT_DENY:
	case VERDICT_REDIRECT: break;
	default: return 0;
	}
	return twin == ~verdict && code == verdict_code(verdict) ? verdict : 0;
}
