#include "authz/record_row.h"

#include <string.h>

static bool is_plausible(const struct state_record *row)
{
	return row->idle_ms > 0 && row->idle_ms <= OBLIGATIONS_MAX_DURATION_MS &&
	       row->max_lifetime_ms > 0 && row->max_lifetime_ms <= OBLIGATIONS_MAX_DURATION_MS &&
	       row->created_ms >= 0 && row->created_ms <= row->last_used_ms;
}

enum error record_row_read(const struct state_record *row, struct record *record)
{
	struct record read = {
		.owner = {.application = row->application,
			  .principal = row->principal,
			  .name = row->user,
			  .mechanism = row->mechanism},
		.revision = row->policy_revision,
		.decision_id = row->decision_id,
		.created_us = row->created_us,
		.created_ms = row->created_ms,
		.last_used_ms = row->last_used_ms,
		.grant = {.idle_timeout_ms = row->idle_ms,
			  .max_lifetime_ms = row->max_lifetime_ms,
			  .quota = {.max_shells = row->max_shells,
				    .max_operations = row->max_operations,
				    .timeslot_s = row->timeslot_s,
				    .max_operations_per_timeslot =
					    row->max_operations_per_timeslot}},
		.administrator = row->administrator,
		.revoked = row->revoked,
	};

	memcpy(read.id.bytes, row->id, sizeof(read.id.bytes));
	memcpy(read.owner.key.bytes, row->key, sizeof(read.owner.key.bytes));
	memcpy(read.endpoint.bytes, row->endpoint, sizeof(read.endpoint.bytes));
	if (record_id_is_none(read.id) || !is_plausible(row))
		return ERR_INVALID;
	*record = read;
	return ERR_NONE;
}

static bool copy_str(struct arena *arena, struct str from, struct str *to)
{
	*to = arena_copy(arena, from);
	return to->ptr != NULL;
}

bool record_row_write(const struct record *record, const uint8_t boot_id[STATE_BOOT_ID_BYTES],
		      struct arena *arena, struct state_record *row)
{
	const struct quota *quota = &record->grant.quota;

	*row = (struct state_record){
		.policy_revision = record->revision,
		.decision_id = record->decision_id,
		.created_us = record->created_us,
		.created_ms = record->created_ms,
		.last_used_ms = record->last_used_ms,
		.expires_ms = record_last_usable_ms(record),
		.idle_ms = record->grant.idle_timeout_ms,
		.max_lifetime_ms = record->grant.max_lifetime_ms,
		.max_shells = quota->max_shells,
		.max_operations = quota->max_operations,
		.timeslot_s = quota->timeslot_s,
		.max_operations_per_timeslot = quota->max_operations_per_timeslot,
		.administrator = record->administrator,
		.revoked = record->revoked,
	};
	memcpy(row->id, record->id.bytes, sizeof(row->id));
	memcpy(row->key, record->owner.key.bytes, sizeof(row->key));
	memcpy(row->endpoint, record->endpoint.bytes, sizeof(row->endpoint));
	memcpy(row->boot_id, boot_id, sizeof(row->boot_id));
	return copy_str(arena, record->owner.application, &row->application) &&
	       copy_str(arena, record->owner.principal, &row->principal) &&
	       copy_str(arena, record->owner.name, &row->user) &&
	       copy_str(arena, record->owner.mechanism, &row->mechanism);
}
