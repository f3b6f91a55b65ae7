#include "proto/authz.h"
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
	{"instance", REQUIRED | BINARY, AUTHZ_ID_BYTES, AUTHZ_ID_BYTES},
	{"application", REQUIRED, 1, AUTHZ_APPLICATION_BYTES},
	{"program", 0, 0, AUTHZ_VERSION_BYTES},
	{"program_version", 0, 0, AUTHZ_VERSION_BYTES},
};

static const struct prescan_field hello_reply_fields[] = {
	{"server_version", REQUIRED, 1, AUTHZ_VERSION_BYTES},
	{"max_frame_bytes", REQUIRED, 1, FRAME_AUTHZ_MAX_BYTES},
	{"max_in_flight", REQUIRED, 1, UINT32_MAX},
};

static const struct prescan_field sender_fields[] = {
	{"name", 0, 0, AUTHZ_NAME_BYTES},
	{"mechanism", REQUIRED, 1, AUTHZ_MECHANISM_BYTES},
	{"http_url", 0, 0, AUTHZ_URI_BYTES},
};

static const struct prescan_field token_fields[] = {
	{"user_sid", REQUIRED, AUTHZ_SID_MIN_BYTES, AUTHZ_SID_BYTES},
	{"group_sids", 0, AUTHZ_SID_MIN_BYTES, AUTHZ_SID_BYTES},
	{"deny_only_group_sids", 0, AUTHZ_SID_MIN_BYTES, AUTHZ_SID_BYTES},
};

static const struct prescan_field certificate_fields[] = {
	{"subject", 0, 0, AUTHZ_CERTIFICATE_BYTES},
	{"issuer_name", 0, 0, AUTHZ_CERTIFICATE_BYTES},
	{"issuer_thumbprint", REQUIRED, 1, AUTHZ_THUMBPRINT_BYTES},
	{"subject_name", 0, 0, AUTHZ_CERTIFICATE_BYTES},
};

static const struct prescan_field authorize_user_fields[] = {
	{"sender", REQUIRED, 0, 0},
};

static const struct prescan_field authorize_operation_fields[] = {
	{"sender", REQUIRED, 0, 0},
	{"record_id", BINARY, AUTHZ_ID_BYTES, AUTHZ_ID_BYTES},
	{"action_uri", REQUIRED, 1, AUTHZ_URI_BYTES},
	{"resource_uri", REQUIRED, 1, AUTHZ_RESOURCE_BYTES},
};

static const struct prescan_field query_quota_fields[] = {
	{"sender", REQUIRED, 0, 0},
	{"record_id", BINARY, AUTHZ_ID_BYTES, AUTHZ_ID_BYTES},
};

static const struct prescan_field context_released_fields[] = {
	{"record_id", REQUIRED | BINARY, AUTHZ_ID_BYTES, AUTHZ_ID_BYTES},
};

static const struct prescan_field failure_count_fields[] = {
	{"reason", REQUIRED, 1, UINT32_MAX},
	{"count", REQUIRED, 1, UINT64_MAX},
};

static const struct prescan_field decision_fields[] = {
	{"extended_information", 0, 0, AUTHZ_INFORMATION_BYTES},
	{"record_id", BINARY, AUTHZ_ID_BYTES, AUTHZ_ID_BYTES},
	{"source", REQUIRED, 1, UINT32_MAX},
	{"reasons", 0, 1, AUTHZ_REASON_BYTES},
};

static const struct prescan_field quota_fields[] = {
	{"max_concurrent_shells", REQUIRED, 1, UINT32_MAX},
	{"max_concurrent_operations", REQUIRED, 1, UINT32_MAX},
	{"timeslot_s", REQUIRED, 1, UINT32_MAX},
	{"max_operations_per_timeslot", REQUIRED, 1, UINT32_MAX},
};

static const struct prescan_field refusal_fields[] = {
	{"reason", REQUIRED, 1, UINT32_MAX},
	{"detail", 0, 0, AUTHZ_DETAIL_BYTES},
	{"field", 0, 0, WIRE_PATH_MAX},
};

static const struct prescan_message messages[] = {
	{MESSAGE(request), FIELDS(request_fields), .body_required = true, FOREIGN(32, 63)},
	{MESSAGE(reply), FIELDS(reply_fields), .body_required = true, FOREIGN(32, 63)},
	{MESSAGE(hello), FIELDS(hello_fields)},
	{MESSAGE(hello_reply), FIELDS(hello_reply_fields)},
	{MESSAGE(sender), FIELDS(sender_fields)},
	{MESSAGE(token), FIELDS(token_fields), .max_elements = AUTHZ_GROUPS_MAX},
	{MESSAGE(certificate), FIELDS(certificate_fields)},
	{MESSAGE(authorize_user), FIELDS(authorize_user_fields)},
	{MESSAGE(authorize_operation), FIELDS(authorize_operation_fields)},
	{MESSAGE(query_quota), FIELDS(query_quota_fields)},
	{MESSAGE(context_released), FIELDS(context_released_fields)},
	{MESSAGE(failure_report), .max_elements = AUTHZ_FAILURES_MAX},
	{MESSAGE(failure_count), FIELDS(failure_count_fields)},
	{MESSAGE(decision), FIELDS(decision_fields), .max_elements = AUTHZ_REASONS_MAX},
	{MESSAGE(quota), FIELDS(quota_fields)},
	{MESSAGE(refusal), FIELDS(refusal_fields)},
};

const struct prescan_rules authz_rules = {messages, COUNT(messages), NULL};
