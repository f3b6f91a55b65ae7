#include "server/service.h"

#include "platform/clock.h"

struct block_time service_block_time(const struct service *service)
{
	return (struct block_time){clock_wall_us(service->clock), clock_boot_ms(service->clock)};
}

struct instant service_now(struct service *service)
{
	struct instant now = {.wall_us = clock_wall_us(service->clock),
			      .boot_ms = clock_boot_ms(service->clock)};
	int64_t minute = now.wall_us / 60000000;

	/* Local time changes against UTC at full minutes. */
	if (minute != service->offset_minute) {
		service->offset_minute = minute;
		service->offset_s = platform_utc_offset_s(now.wall_us);
	}
	now.utc_offset_s = service->offset_s;
	return now;
}

uint64_t service_held_bytes(const struct service *service)
{
	return service->pool->held_bytes + audit_queue_held_bytes(service->audit);
}

bool service_is_full(const struct service *service)
{
	return service_held_bytes(service) > (uint64_t)service->settings->memory_mib << 20;
}

struct decider service_decider(struct service *service)
{
	return (struct decider){
		.snapshot = policy_snapshot(service->policy),
		.records = service->records,
		.blocks = service->blocks,
		.settings = &service->settings->decide,
		.cedar = service->cedar,
		.scratch = &service->scratch,
	};
}
