#include "support/fault.h"

#include <stdatomic.h>

#include "base/mem.h"

static atomic_uint_fast64_t seen;
static atomic_bool fired;
static atomic_uint_fast64_t target;
static atomic_int fault_mode;

static bool should_fail(void *arg)
{
	uint64_t index = atomic_fetch_add(&seen, 1);

	(void)arg;
	if (index == target || (fault_mode == FAULT_STICKY && index > target)) {
		atomic_store(&fired, true);
		return true;
	}
	return false;
}

void fault_arm(uint64_t index, enum fault_mode mode)
{
	atomic_store(&seen, 0);
	atomic_store(&fired, false);
	target = index;
	fault_mode = mode;
	mem_set_fault_hook(should_fail, NULL);
}

bool fault_disarm(void)
{
	mem_set_fault_hook(NULL, NULL);
	return atomic_load(&fired);
}
