/* The tables of bounds against the descriptors that protoc-c generated: complete, and enforced at
 * every bound. The messages are made from the tables, so a new field is tested when it is listed.
 */
#include "proto/rules.h"

#include "base/attributes.h"
#include "proto/admin.h"
#include "proto/authz.h"
#include "support/cmocka.h"
#include "unit/proto/raw.h"

struct channel {
	const ProtobufCMessageDescriptor *root;
	const struct prescan_rules *rules;
};

static const struct channel channels[] = {
	{&wsauthz__request__descriptor, &authz_rules},
	{&wsauthz__reply__descriptor, &authz_rules},
	{&wsauthz__admin_request__descriptor, &admin_rules},
	{&wsauthz__admin_reply__descriptor, &admin_rules},
};

static const struct prescan_field *find_bounds(const struct prescan_message *message,
					       const char *name)
{
	for (size_t i = 0; message != NULL && i < message->field_count; i++) {
		if (strcmp(message->fields[i].name, name) == 0)
			return &message->fields[i];
	}
	return NULL;
}

static bool is_repeated(const ProtobufCFieldDescriptor *field)
{
	return field->label == PROTOBUF_C_LABEL_REPEATED;
}

static bool is_body(const ProtobufCFieldDescriptor *field)
{
	return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

/* Completeness. */

static void check_field_is_supported(const struct prescan_message *message,
				     const ProtobufCMessageDescriptor *descriptor,
				     const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_BYTES:
		if (find_bounds(message, field->name) == NULL)
			fail_msg("%s.%s has no bounds", descriptor->name, field->name);
		break;
	case PROTOBUF_C_TYPE_MESSAGE: break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM: assert_false(is_repeated(field)); break;
	default: fail_msg("%s.%s has an unsupported type", descriptor->name, field->name);
	}
	if (is_repeated(field) && (message == NULL || message->max_elements == 0))
		fail_msg("%s.%s has no limit of elements", descriptor->name, field->name);
}

static void check_message(const struct prescan_rules *rules,
			  const ProtobufCMessageDescriptor *descriptor, unsigned depth)
{
	const struct prescan_message *message = prescan_find(rules, descriptor);

	/* A type inside itself never ends, so this is also the proof that there is none. */
	assert_in_range(depth, 1, PRESCAN_MAX_DEPTH);
	assert_in_range(descriptor->n_fields, 0, PRESCAN_MAX_FIELDS);
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

		check_field_is_supported(message, descriptor, field);
		if (field->type == PROTOBUF_C_TYPE_MESSAGE)
			check_message(rules, field->descriptor, depth + 1);
	}
}

static void every_field_has_its_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(channels); i++)
		check_message(channels[i].rules, channels[i].root, 1);
}

static void every_rule_names_a_field(void **state)
{
	(void)state;
	for (const struct prescan_rules *rules = &admin_rules; rules != NULL; rules = rules->next) {
		for (size_t i = 0; i < rules->message_count; i++) {
			const struct prescan_message *message = &rules->messages[i];

			for (size_t j = 0; j < message->field_count; j++) {
				const char *name = message->fields[j].name;

				if (protobuf_c_message_descriptor_get_field_by_name(
					    message->descriptor, name) == NULL)
					fail_msg("%s has no field %s", message->descriptor->name,
						 name);
				assert_true(message->fields[j].min <= message->fields[j].max);
			}
		}
	}
}

static void the_channels_share_no_body_number(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const ProtobufCMessageDescriptor *authz = channels[i].root;
		const ProtobufCMessageDescriptor *admin = channels[i + 2].root;
		const struct prescan_message *authz_rule = prescan_find(&authz_rules, authz);
		const struct prescan_message *admin_rule = prescan_find(&admin_rules, admin);

		for (unsigned j = 0; j < authz->n_fields; j++) {
			if (is_body(&authz->fields[j]))
				assert_in_range(authz->fields[j].id, admin_rule->foreign_first,
						admin_rule->foreign_last);
		}
		for (unsigned j = 0; j < admin->n_fields; j++) {
			if (is_body(&admin->fields[j]))
				assert_in_range(admin->fields[j].id, authz_rule->foreign_first,
						authz_rule->foreign_last);
		}
	}
}

/* Enforcement: build the smallest valid message around one field and vary that field. */

struct variation {
	const ProtobufCMessageDescriptor *descriptor; /* of the message that has the field */
	const ProtobufCFieldDescriptor *field;
	uint64_t value; /* length of a bytes field, value of a scalar */
	size_t copies;  /* 0 leaves the field out */
	bool used;
};

static void build_message(const struct channel *channel,
			  const ProtobufCMessageDescriptor *descriptor, struct variation *variation,
			  struct buf *out);

/* True when `descriptor` is the varied message or leads to it. */
static bool leads_to(const ProtobufCMessageDescriptor *descriptor,
		     const ProtobufCMessageDescriptor *wanted)
{
	if (descriptor == wanted)
		return true;
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		if (descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE &&
		    leads_to(descriptor->fields[i].descriptor, wanted))
			return true;
	}
	return false;
}

static void build_value(const struct channel *channel, const ProtobufCFieldDescriptor *field,
			uint64_t value, struct variation *variation, struct buf *out)
{
	struct buf content;

	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		buf_init(&content, SIZE_MAX);
		build_message(channel, field->descriptor, variation, &content);
		raw_message(out, field->id, &content);
		buf_deinit(&content);
		break;
	case PROTOBUF_C_TYPE_BYTES: raw_fill(out, field->id, (size_t)value); break;
	case PROTOBUF_C_TYPE_FIXED32: raw_fixed32(out, field->id, (uint32_t)value); break;
	default: raw_uint(out, field->id, value); break;
	}
}

static void build_message(const struct channel *channel,
			  const ProtobufCMessageDescriptor *descriptor, struct variation *variation,
			  struct buf *out)
{
	const struct prescan_message *message = prescan_find(channel->rules, descriptor);
	bool varied = descriptor == variation->descriptor && !variation->used;
	bool has_body = false, body_is_chosen = false, went_on = varied;

	if (varied)
		variation->used = true;
	/* The varied field, or the one that leads to it, decides which body is taken. */
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

		if (is_body(field) &&
		    (varied ? field == variation->field
			    : field->type == PROTOBUF_C_TYPE_MESSAGE &&
				      leads_to(field->descriptor, variation->descriptor)))
			body_is_chosen = true;
	}
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
		const struct prescan_field *bounds = find_bounds(message, field->name);
		bool required = bounds != NULL && (bounds->flags & PRESCAN_REQUIRED) != 0;
		size_t copies = required ? 1 : 0;
		uint64_t value = bounds != NULL ? bounds->min : 1;

		if (varied && field == variation->field) {
			copies = variation->copies;
			value = variation->value;
		} else if (!went_on && field->type == PROTOBUF_C_TYPE_MESSAGE &&
			   leads_to(field->descriptor, variation->descriptor)) {
			copies = 1;
			went_on = true;
		} else if (is_body(field) && message != NULL && message->body_required &&
			   !body_is_chosen && !has_body) {
			copies = 1;
		}
		has_body = has_body || (is_body(field) && copies != 0);
		for (size_t copy = 0; copy < copies; copy++)
			build_value(channel, field, value, variation, out);
	}
}

static void expect(const struct channel *channel, const ProtobufCMessageDescriptor *descriptor,
		   const ProtobufCFieldDescriptor *field, uint64_t value, size_t copies,
		   enum wire_error expected)
{
	struct variation variation = {descriptor, field, value, copies, false};
	struct wire_diag diag = {.path = ""};
	enum wire_error error;
	struct buf message;

	buf_init(&message, SIZE_MAX);
	build_message(channel, channel->root, &variation, &message);
	assert_true(variation.used);
	error = prescan(channel->root, channel->rules, (const uint8_t *)message.data,
			message.length, &diag);
	if (error != expected)
		fail_msg("%s.%s = %llu, %zu times: %s %s, expected: %s", descriptor->name,
			 field->name, (unsigned long long)value, copies, diag.path,
			 wire_error_text(error), wire_error_text(expected));
	if (error != WIRE_OK)
		assert_non_null(strstr(diag.path, field->name));
	buf_deinit(&message);
}

static void expect_bounds(const struct channel *channel, const struct prescan_message *message,
			  const struct prescan_field *bounds)
{
	const ProtobufCMessageDescriptor *descriptor = message->descriptor;
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(descriptor, bounds->name);
	bool bytes = field->type == PROTOBUF_C_TYPE_BYTES;
	uint64_t largest = field->type == PROTOBUF_C_TYPE_UINT64 ? UINT64_MAX : UINT32_MAX;

	if ((bounds->flags & PRESCAN_REQUIRED) != 0)
		expect(channel, descriptor, field, 0, 0, WIRE_MISSING_FIELD);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return;
	expect(channel, descriptor, field, bounds->min, 1, WIRE_OK);
	if (bounds->min > 0)
		expect(channel, descriptor, field, bounds->min - 1, 1,
		       bytes ? WIRE_TOO_SHORT : WIRE_OUT_OF_RANGE);
	if (field->type == PROTOBUF_C_TYPE_ENUM)
		return;
	expect(channel, descriptor, field, bounds->max, 1, WIRE_OK);
	if (bytes)
		expect(channel, descriptor, field, bounds->max + 1, 1, WIRE_TOO_LONG);
	else if (bounds->max < largest)
		expect(channel, descriptor, field, bounds->max + 1, 1, WIRE_OUT_OF_RANGE);
}

static void expect_type_limits(const struct channel *channel,
			       const ProtobufCMessageDescriptor *descriptor,
			       const struct prescan_message *message,
			       const ProtobufCFieldDescriptor *field)
{
	const struct prescan_field *bounds = find_bounds(message, field->name);
	uint64_t value = bounds != NULL && bounds->min > 1 ? bounds->min : 1;

	if (is_repeated(field)) {
		uint32_t most = message != NULL ? message->max_elements : 0;

		expect(channel, descriptor, field, value, most, WIRE_OK);
		expect(channel, descriptor, field, value, most + 1, WIRE_TOO_MANY_ELEMENTS);
		return;
	}
	expect(channel, descriptor, field, value, 1, WIRE_OK);
	expect(channel, descriptor, field, value, 2, WIRE_DUPLICATE_FIELD);
	if (field->type == PROTOBUF_C_TYPE_BOOL)
		expect(channel, descriptor, field, 2, 1, WIRE_OUT_OF_RANGE);
	if (field->type == PROTOBUF_C_TYPE_ENUM) {
		const ProtobufCEnumDescriptor *values = field->descriptor;
		int last = values->values[values->n_values - 1].value;

		expect(channel, descriptor, field, (uint64_t)last, 1, WIRE_OK);
		expect(channel, descriptor, field, (uint64_t)last + 1, 1, WIRE_OUT_OF_RANGE);
	}
	if (field->type == PROTOBUF_C_TYPE_UINT32)
		expect(channel, descriptor, field, UINT64_C(1) << 32, 1, WIRE_OUT_OF_RANGE);
}

static void visit_fields(const struct channel *channel,
			 const ProtobufCMessageDescriptor *descriptor)
{
	const struct prescan_message *message = prescan_find(channel->rules, descriptor);

	for (size_t i = 0; message != NULL && i < message->field_count; i++)
		expect_bounds(channel, message, &message->fields[i]);
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		expect_type_limits(channel, descriptor, message, &descriptor->fields[i]);
		if (descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			visit_fields(channel, descriptor->fields[i].descriptor);
	}
}

static void every_bound_holds_at_its_value_and_not_one_past_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(channels); i++)
		visit_fields(&channels[i], channels[i].root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_has_its_bounds),
		cmocka_unit_test(every_rule_names_a_field),
		cmocka_unit_test(the_channels_share_no_body_number),
		cmocka_unit_test(every_bound_holds_at_its_value_and_not_one_past_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
