#include "proto/prescan.h"

#include "base/attributes.h"
#include "proto/authz.h"
#include "proto/rules.h"
#include "support/cmocka.h"
#include "unit/proto/raw.h"

/* Descriptors made by hand, for what proto/authz.proto must not contain. */

struct node {
	ProtobufCMessage base;
	struct node *child;
	ProtobufCBinaryData text;
	int32_t number;
};

static const ProtobufCMessageDescriptor node_descriptor;

static const ProtobufCFieldDescriptor node_fields[] = {
	{.name = "child",
	 .id = 1,
	 .label = PROTOBUF_C_LABEL_OPTIONAL,
	 .type = PROTOBUF_C_TYPE_MESSAGE,
	 .offset = offsetof(struct node, child),
	 .descriptor = &node_descriptor},
	{.name = "text",
	 .id = 2,
	 .label = PROTOBUF_C_LABEL_NONE,
	 .type = PROTOBUF_C_TYPE_BYTES,
	 .offset = offsetof(struct node, text)},
	{.name = "number",
	 .id = 3,
	 .label = PROTOBUF_C_LABEL_NONE,
	 .type = PROTOBUF_C_TYPE_INT32,
	 .offset = offsetof(struct node, number)},
};

static const ProtobufCMessageDescriptor node_descriptor = {
	.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
	.name = "node",
	.sizeof_message = sizeof(struct node),
	.n_fields = ARRAY_COUNT(node_fields),
	.fields = node_fields,
};

static const struct prescan_rules no_rules = {NULL, 0, NULL};

static enum wire_error scan(const ProtobufCMessageDescriptor *descriptor,
			    const struct prescan_rules *rules, const struct buf *message,
			    struct wire_diag *diag)
{
	return prescan(descriptor, rules, (const uint8_t *)message->data, message->length, diag);
}

/* A chain of `depth` messages, each inside the one before. */
static void nest(struct buf *out, unsigned depth)
{
	struct buf inner;

	buf_init(&inner, SIZE_MAX);
	for (unsigned i = 1; i < depth; i++) {
		buf_clear(&inner);
		buf_append(&inner, out->data, out->length);
		buf_clear(out);
		raw_message(out, 1, &inner);
	}
	assert_int_equal(out->failed, ERR_NONE);
	buf_deinit(&inner);
}

static void nesting_is_bounded(void **state)
{
	struct wire_diag diag;
	struct buf message;

	(void)state;
	buf_init(&message, SIZE_MAX);
	buf_append_str(&message, STR("\x0a\x00")); /* a child without content */
	nest(&message, PRESCAN_MAX_DEPTH - 1);
	assert_int_equal(scan(&node_descriptor, &no_rules, &message, &diag), WIRE_OK);
	nest(&message, 2);
	assert_int_equal(scan(&node_descriptor, &no_rules, &message, &diag), WIRE_TOO_DEEP);
	assert_string_equal(diag.path, "child.child.child.child.child.child.child.child");
	buf_deinit(&message);
}

static void ten_thousand_nested_messages_are_refused(void **state)
{
	struct wire_diag diag;
	struct buf message;

	(void)state;
	buf_init(&message, SIZE_MAX);
	buf_append_str(&message, STR("\x0a\x00"));
	nest(&message, 10000);
	assert_in_range(message.length, 30000, FRAME_AUTHZ_MAX_BYTES);
	assert_int_equal(scan(&node_descriptor, &no_rules, &message, &diag), WIRE_TOO_DEEP);
	buf_deinit(&message);
}

static void a_bytes_field_without_bounds_is_refused(void **state)
{
	struct wire_diag diag;
	struct buf message;

	(void)state;
	buf_init(&message, SIZE_MAX);
	raw_text(&message, 2, "a");
	assert_int_equal(scan(&node_descriptor, &no_rules, &message, &diag), WIRE_BAD_TYPE);
	assert_string_equal(diag.path, "text");
	buf_deinit(&message);
}

static void an_unsupported_field_type_is_refused_whatever_it_holds(void **state)
{
	struct wire_diag diag;
	struct buf message;

	(void)state;
	buf_init(&message, SIZE_MAX);
	raw_uint(&message, 3, 1);
	assert_int_equal(scan(&node_descriptor, &no_rules, &message, &diag), WIRE_BAD_TYPE);
	assert_string_equal(diag.path, "number");
	buf_deinit(&message);
}

static void a_type_with_too_many_fields_is_refused(void **state)
{
	ProtobufCFieldDescriptor fields[PRESCAN_MAX_FIELDS + 1] = {0};
	ProtobufCMessageDescriptor descriptor = node_descriptor;
	struct wire_diag diag;
	struct buf message;

	(void)state;
	buf_init(&message, SIZE_MAX);
	for (uint32_t i = 0; i < ARRAY_COUNT(fields); i++)
		fields[i] = (ProtobufCFieldDescriptor){.name = "flag",
						       .id = i + 1,
						       .label = PROTOBUF_C_LABEL_NONE,
						       .type = PROTOBUF_C_TYPE_BOOL};
	descriptor.fields = fields;
	descriptor.n_fields = PRESCAN_MAX_FIELDS;
	for (uint32_t i = 0; i < PRESCAN_MAX_FIELDS; i++)
		raw_uint(&message, i + 1, 1);
	assert_int_equal(scan(&descriptor, &no_rules, &message, &diag), WIRE_OK);
	raw_uint(&message, PRESCAN_MAX_FIELDS, 1);
	assert_int_equal(scan(&descriptor, &no_rules, &message, &diag), WIRE_DUPLICATE_FIELD);
	descriptor.n_fields = PRESCAN_MAX_FIELDS + 1;
	assert_int_equal(scan(&descriptor, &no_rules, &message, &diag), WIRE_TOO_MANY_FIELDS);
	buf_deinit(&message);
}

static void a_repeated_scalar_is_refused(void **state)
{
	const ProtobufCFieldDescriptor field = {.name = "numbers",
						.id = 1,
						.label = PROTOBUF_C_LABEL_REPEATED,
						.type = PROTOBUF_C_TYPE_UINT32};
	const ProtobufCMessageDescriptor descriptor = {
		.name = "list", .n_fields = 1, .fields = &field};
	const struct prescan_message message_rule = {.descriptor = &descriptor, .max_elements = 9};
	const struct prescan_rules rules = {&message_rule, 1, NULL};
	struct wire_diag diag;
	struct buf message;

	(void)state;
	buf_init(&message, SIZE_MAX);
	raw_uint(&message, 1, 1);
	assert_int_equal(scan(&descriptor, &rules, &message, &diag), WIRE_BAD_TYPE);
	buf_clear(&message);
	raw_bytes(&message, 1, "\1\2", 2); /* packed */
	assert_int_equal(scan(&descriptor, &rules, &message, &diag), WIRE_BAD_TYPE);
	buf_deinit(&message);
}

static void a_repeated_field_without_a_limit_is_refused(void **state)
{
	const ProtobufCFieldDescriptor field = {.name = "texts",
						.id = 1,
						.label = PROTOBUF_C_LABEL_REPEATED,
						.type = PROTOBUF_C_TYPE_BYTES};
	const ProtobufCMessageDescriptor descriptor = {
		.name = "list", .n_fields = 1, .fields = &field};
	struct wire_diag diag;
	struct buf message;

	(void)state;
	buf_init(&message, SIZE_MAX);
	raw_text(&message, 1, "a");
	assert_int_equal(scan(&descriptor, &no_rules, &message, &diag), WIRE_TOO_MANY_ELEMENTS);
	assert_string_equal(diag.path, "texts[0]");
	buf_deinit(&message);
}

static void each_oneof_of_a_message_may_have_its_member(void **state)
{
	ProtobufCFieldDescriptor fields[4] = {0};
	const ProtobufCMessageDescriptor descriptor = {
		.name = "two", .n_fields = ARRAY_COUNT(fields), .fields = fields};
	struct wire_diag diag;
	struct buf message;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(fields); i++)
		fields[i] = (ProtobufCFieldDescriptor){.name = "member",
						       .id = i + 1,
						       .label = PROTOBUF_C_LABEL_NONE,
						       .type = PROTOBUF_C_TYPE_BOOL,
						       .flags = PROTOBUF_C_FIELD_FLAG_ONEOF,
						       .quantifier_offset = i / 2 * 8};
	buf_init(&message, SIZE_MAX);
	raw_uint(&message, 1, 1);
	raw_uint(&message, 3, 1);
	assert_int_equal(scan(&descriptor, &no_rules, &message, &diag), WIRE_OK);
	raw_uint(&message, 2, 1);
	assert_int_equal(scan(&descriptor, &no_rules, &message, &diag), WIRE_DUPLICATE_BODY);
	buf_deinit(&message);
}

static void a_long_path_is_cut(void **state)
{
	char name[WIRE_PATH_MAX + 50] = "";
	ProtobufCFieldDescriptor field = {.id = 1,
					  .label = PROTOBUF_C_LABEL_NONE,
					  .type = PROTOBUF_C_TYPE_BOOL,
					  .name = name};
	const ProtobufCMessageDescriptor descriptor = {
		.name = "long", .n_fields = 1, .fields = &field};
	struct wire_diag diag;
	struct buf message;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	buf_init(&message, SIZE_MAX);
	raw_uint(&message, 1, 2);
	assert_int_equal(scan(&descriptor, &no_rules, &message, &diag), WIRE_OUT_OF_RANGE);
	assert_true(strlen(diag.path) <= WIRE_PATH_MAX);
	assert_int_equal(diag.path[0], 'n');
	buf_deinit(&message);
}

static void a_diagnostic_is_not_needed(void **state)
{
	struct buf message;

	(void)state;
	buf_init(&message, SIZE_MAX);
	raw_uint(&message, 3, 1);
	assert_int_equal(scan(&node_descriptor, &no_rules, &message, NULL), WIRE_BAD_TYPE);
	raw_uint(&message, 9, 1);
	assert_int_equal(scan(&node_descriptor, &no_rules, &message, NULL), WIRE_BAD_TYPE);
	buf_deinit(&message);
}

static void rules_are_found_along_the_chain(void **state)
{
	(void)state;
	assert_non_null(prescan_find(&authz_rules, &wsauthz__sender__descriptor));
	assert_null(prescan_find(&authz_rules, &node_descriptor));
	assert_null(prescan_find(NULL, &wsauthz__sender__descriptor));
}

static void an_id_is_read_only_from_the_front(void **state)
{
	const struct {
		struct str bytes;
		uint64_t id;
	} cases[] = {
		{STR("\x08\x2a"), 42},
		{STR("\x08\x2a\xff\xff"), 42},
		{STR("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), UINT64_MAX},
		{STR(""), 0},
		{STR("\x08"), 0},
		{STR("\x08\x80\x00"), 0},
		{STR("\x0a\x01\x2a"), 0},
		{STR("\x10\x2a\x08\x2a"), 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		assert_true(prescan_id((const uint8_t *)cases[i].bytes.ptr,
				       cases[i].bytes.length) == cases[i].id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(ten_thousand_nested_messages_are_refused),
		cmocka_unit_test(a_bytes_field_without_bounds_is_refused),
		cmocka_unit_test(an_unsupported_field_type_is_refused_whatever_it_holds),
		cmocka_unit_test(a_type_with_too_many_fields_is_refused),
		cmocka_unit_test(a_repeated_scalar_is_refused),
		cmocka_unit_test(a_repeated_field_without_a_limit_is_refused),
		cmocka_unit_test(each_oneof_of_a_message_may_have_its_member),
		cmocka_unit_test(a_long_path_is_cut),
		cmocka_unit_test(a_diagnostic_is_not_needed),
		cmocka_unit_test(rules_are_found_along_the_chain),
		cmocka_unit_test(an_id_is_read_only_from_the_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
