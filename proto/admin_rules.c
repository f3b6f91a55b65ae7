#include "proto/admin.h"
#include "proto/rules.h"

#define COUNT(array)         (sizeof(array) / sizeof((array)[0]))
#define MESSAGE(name)        .descriptor = &wsauthz__##name##__descriptor
#define FIELDS(table)        .fields = (table), .field_count = COUNT(table)
#define REQUIRED             PRESCAN_REQUIRED
#define BINARY               PRESCAN_BINARY
#define FOREIGN(first, last) .foreign_first = (first), .foreign_last = (last)

static const struct prescan_field request_fields[] = {
	{"id", REQUIRED, 1, UINT64_MAX},
};

static const struct prescan_field reply_fields[] = {
	{"epoch", REQUIRED | BINARY, AUTHZ_ID_BYTES, AUTHZ_ID_BYTES},
};

static const struct prescan_field hello_fields[] = {
	{"program", 0, 0, AUTHZ_VERSION_BYTES},
	{"program_version", 0, 0, AUTHZ_VERSION_BYTES},
};

static const struct prescan_field hello_reply_fields[] = {
	{"server_version", REQUIRED, 1, AUTHZ_VERSION_BYTES},
	{"max_frame_bytes", REQUIRED, 1, FRAME_ADMIN_MAX_BYTES},
	{"max_in_flight", REQUIRED, 1, UINT32_MAX},
};

static const struct prescan_field status_reply_fields[] = {
	{"server_version", REQUIRED, 1, AUTHZ_VERSION_BYTES},
	{"audit", REQUIRED, 0, 0},
};

static const struct prescan_field problem_fields[] = {
	{"code", REQUIRED, 1, ADMIN_ACTION_BYTES},
	{"text", REQUIRED, 1, ADMIN_MESSAGE_BYTES},
};

static const struct prescan_field metrics_reply_fields[] = {
	{"text", REQUIRED, 1, ADMIN_METRICS_BYTES},
};

static const struct prescan_field policy_status_fields[] = {
	{"revision", REQUIRED, 1, UINT64_MAX},
	{"digest", REQUIRED | BINARY, ADMIN_DIGEST_BYTES, ADMIN_DIGEST_BYTES},
	{"directory", REQUIRED, 1, ADMIN_FILE_BYTES},
};

static const struct prescan_field shadow_status_fields[] = {
	{"directory", REQUIRED, 1, ADMIN_FILE_BYTES},
};

static const struct prescan_field policy_failure_fields[] = {
	{"digest", BINARY, ADMIN_DIGEST_BYTES, ADMIN_DIGEST_BYTES},
};

static const struct prescan_field diagnostic_fields[] = {
	{"severity", REQUIRED, 1, UINT32_MAX},
	{"source", 0, 0, ADMIN_FILE_BYTES},
	{"message", REQUIRED, 1, ADMIN_MESSAGE_BYTES},
	{"excerpt", 0, 0, ADMIN_MESSAGE_BYTES},
};

static const struct prescan_field audit_status_fields[] = {
	{"durability", REQUIRED, 1, UINT32_MAX},
	{"segment", 0, 0, ADMIN_SEGMENT_BYTES},
};

static const struct prescan_field authorize_fields[] = {
	{"sender", REQUIRED, 0, 0},
	{"application", REQUIRED, 1, AUTHZ_APPLICATION_BYTES},
	{"action", REQUIRED, 1, AUTHZ_URI_BYTES},
	{"resource_uri", 0, 0, AUTHZ_RESOURCE_BYTES},
};

static const struct prescan_field authorize_reply_fields[] = {
	{"decision", REQUIRED, 0, 0},
	{"action", REQUIRED, 1, ADMIN_ACTION_BYTES},
};

static const struct prescan_field policy_error_fields[] = {
	{"policy", REQUIRED, 1, AUTHZ_REASON_BYTES},
	{"message", REQUIRED, 1, ADMIN_MESSAGE_BYTES},
};

static const struct prescan_field records_list_fields[] = {
	{"after", BINARY, AUTHZ_ID_BYTES, AUTHZ_ID_BYTES},
	{"limit", REQUIRED, 1, UINT32_MAX},
	{"name", 0, 0, AUTHZ_NAME_BYTES},
	{"user_sid", 0, AUTHZ_SID_MIN_BYTES, AUTHZ_SID_BYTES},
	{"record_id", BINARY, AUTHZ_ID_BYTES, AUTHZ_ID_BYTES},
};

static const struct prescan_field records_revoke_fields[] = {
	{"record_id", BINARY, AUTHZ_ID_BYTES, AUTHZ_ID_BYTES},
	{"principal", 0, 1, AUTHZ_NAME_BYTES},
};

static const struct prescan_field block_fields[] = {
	{"principal", REQUIRED, 1, AUTHZ_NAME_BYTES},
	{"duration_s", 0, 0, ADMIN_BLOCK_MAX_S},
	{"reason", 0, 0, ADMIN_REASON_BYTES},
};

static const struct prescan_field block_reply_fields[] = {
	{"block", REQUIRED, 0, 0},
};

static const struct prescan_field block_entry_fields[] = {
	{"principal", REQUIRED, 1, ADMIN_PRINCIPAL_BYTES},
	{"reason", 0, 0, ADMIN_REASON_BYTES},
};

static const struct prescan_field unblock_fields[] = {
	{"principal", REQUIRED, 1, AUTHZ_NAME_BYTES},
};

static const struct prescan_field blocks_list_fields[] = {
	{"after", 0, 0, ADMIN_PRINCIPAL_BYTES},
	{"limit", REQUIRED, 1, UINT32_MAX},
};

static const struct prescan_field record_fields[] = {
	{"record_id", REQUIRED | BINARY, AUTHZ_ID_BYTES, AUTHZ_ID_BYTES},
	{"application", REQUIRED, 1, AUTHZ_APPLICATION_BYTES},
	{"name", 0, 0, AUTHZ_NAME_BYTES},
	{"mechanism", REQUIRED, 1, AUTHZ_MECHANISM_BYTES},
	{"user_sid", 0, AUTHZ_SID_MIN_BYTES, AUTHZ_SID_BYTES},
};

static const struct prescan_field policy_rollback_fields[] = {
	{"revision", REQUIRED, 1, INT64_MAX},
};

static const struct prescan_field replay_gate_fields[] = {
	{"window_ms", 0, 0, ADMIN_WINDOW_MAX_MS},
};

static const struct prescan_field policy_reload_reply_fields[] = {
	{"digest", BINARY, ADMIN_DIGEST_BYTES, ADMIN_DIGEST_BYTES},
};

static const struct prescan_message messages[] = {
	{MESSAGE(admin_request), FIELDS(request_fields), .body_required = true, FOREIGN(2, 31)},
	{MESSAGE(admin_reply), FIELDS(reply_fields), .body_required = true, FOREIGN(3, 31)},
	{MESSAGE(admin_hello), FIELDS(hello_fields)},
	{MESSAGE(admin_hello_reply), FIELDS(hello_reply_fields)},
	{MESSAGE(status_reply), FIELDS(status_reply_fields), .max_elements = ADMIN_PROBLEMS_MAX},
	{MESSAGE(problem), FIELDS(problem_fields)},
	{MESSAGE(metrics_reply), FIELDS(metrics_reply_fields)},
	{MESSAGE(policy_status), FIELDS(policy_status_fields)},
	{MESSAGE(shadow_status), FIELDS(shadow_status_fields)},
	{MESSAGE(policy_failure), FIELDS(policy_failure_fields),
	 .max_elements = ADMIN_DIAGNOSTICS_MAX},
	{MESSAGE(diagnostic), FIELDS(diagnostic_fields)},
	{MESSAGE(audit_status), FIELDS(audit_status_fields)},
	{MESSAGE(admin_authorize), FIELDS(authorize_fields)},
	{MESSAGE(admin_authorize_reply), FIELDS(authorize_reply_fields),
	 .max_elements = ADMIN_POLICY_ERRORS_MAX},
	{MESSAGE(policy_error), FIELDS(policy_error_fields)},
	{MESSAGE(records_list), FIELDS(records_list_fields)},
	{MESSAGE(records_list_reply), .max_elements = ADMIN_RECORDS_MAX},
	{MESSAGE(record), FIELDS(record_fields)},
	{MESSAGE(records_revoke), FIELDS(records_revoke_fields), .body_required = true},
	{MESSAGE(block), FIELDS(block_fields)},
	{MESSAGE(block_reply), FIELDS(block_reply_fields)},
	{MESSAGE(block_entry), FIELDS(block_entry_fields)},
	{MESSAGE(unblock), FIELDS(unblock_fields)},
	{MESSAGE(blocks_list), FIELDS(blocks_list_fields)},
	{MESSAGE(blocks_list_reply), .max_elements = ADMIN_BLOCKS_MAX},
	{MESSAGE(policy_rollback), FIELDS(policy_rollback_fields)},
	{MESSAGE(replay_gate), FIELDS(replay_gate_fields)},
	{MESSAGE(policy_reload_reply), FIELDS(policy_reload_reply_fields),
	 .max_elements = ADMIN_DIAGNOSTICS_MAX},
};

const struct prescan_rules admin_rules = {messages, COUNT(messages), &authz_rules};
