#include "cedar/value.h"

#include <string.h>

#include "base/sort.h"

enum {
	SEARCH_LINEAR_MAX = 8, /* a few fields are found faster one by one */
	INSERTION_MAX = 24,    /* and sorted faster in place */
};

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_strings(struct cedar_value a, struct cedar_value b)
{
	if (a.aux != b.aux)
		return a.aux < b.aux ? -1 : 1;
	if (a.payload == b.payload || a.aux == 0)
		return 0;
	return memcmp(value_string(a).ptr, value_string(b).ptr, a.aux);
}

static int compare_ipv6(struct cedar_value a, struct cedar_value b)
{
	struct value_ipv6 left = value_ipv6(a), right = value_ipv6(b);

	if (left.high != right.high)
		return compare_u64(left.high, right.high);
	if (left.low != right.low)
		return compare_u64(left.low, right.low);
	return compare_u64(a.aux, b.aux);
}

static int compare_sets(const struct value_set *a, const struct value_set *b)
{
	int order = 0;

	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	for (uint32_t i = 0; i < a->count && order == 0; i++)
		order = value_compare(a->elements[i], b->elements[i]);
	return order;
}

static int compare_records(const struct value_record *a, const struct value_record *b)
{
	int order = 0;

	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	for (uint32_t i = 0; i < a->count && order == 0; i++) {
		order = compare_u64(a->fields[i].key, b->fields[i].key);
		if (order == 0)
			order = value_compare(a->fields[i].value, b->fields[i].value);
	}
	return order;
}

int value_compare(struct cedar_value a, struct cedar_value b)
{
	if (a.tag != b.tag)
		return a.tag < b.tag ? -1 : 1;
	switch (value_tag(a)) {
	case VALUE_INVALID:
	case VALUE_BOOL:
	case VALUE_LONG:
	case VALUE_ENTITY:
	case VALUE_DECIMAL:
	case VALUE_DATETIME:
	case VALUE_DURATION:
	case VALUE_IPV4: break;
	case VALUE_STRING: return compare_strings(a, b);
	case VALUE_SET:
		return a.payload == b.payload ? 0 : compare_sets(value_set(a), value_set(b));
	case VALUE_RECORD:
		return a.payload == b.payload ? 0
					      : compare_records(value_record(a), value_record(b));
	case VALUE_IPV6: return compare_ipv6(a, b);
	}
	return a.payload != b.payload ? compare_u64(a.payload, b.payload)
				      : compare_u64(a.aux, b.aux);
}

bool value_equal(struct cedar_value a, struct cedar_value b)
{
	if (a.tag != b.tag)
		return false;
	if (a.aux == b.aux && a.payload == b.payload)
		return true;
	switch (value_tag(a)) {
	case VALUE_STRING:
		return a.aux == b.aux &&
		       memcmp(value_string(a).ptr, value_string(b).ptr, a.aux) == 0;
	case VALUE_SET:
	case VALUE_RECORD:
	case VALUE_IPV6: return value_compare(a, b) == 0;
	case VALUE_INVALID:
	case VALUE_BOOL:
	case VALUE_LONG:
	case VALUE_ENTITY:
	case VALUE_DECIMAL:
	case VALUE_DATETIME:
	case VALUE_DURATION:
	case VALUE_IPV4: break;
	}
	return false;
}

bool value_set_contains(const struct value_set *set, struct cedar_value element)
{
	uint32_t low = 0, high = set->count;

	while (high - low > SEARCH_LINEAR_MAX) {
		uint32_t middle = low + (high - low) / 2;
		int order = value_compare(set->elements[middle], element);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < high; low++) {
		if (value_equal(set->elements[low], element))
			return true;
	}
	return false;
}

const struct cedar_value *value_record_find(const struct value_record *record, uint32_t key)
{
	uint32_t low = 0, high;

	if (record == NULL)
		return NULL;
	high = record->count;
	while (high - low > SEARCH_LINEAR_MAX) {
		uint32_t middle = low + (high - low) / 2;

		if (record->fields[middle].key <= key)
			low = middle;
		else
			high = middle;
	}
	for (; low < high; low++) {
		if (record->fields[low].key == key)
			return &record->fields[low].value;
	}
	return NULL;
}

static uint32_t depth_of(struct cedar_value value)
{
	switch (value_tag(value)) {
	case VALUE_SET: return value_set(value)->depth;
	case VALUE_RECORD: return value_record(value)->depth;
	case VALUE_INVALID:
	case VALUE_BOOL:
	case VALUE_LONG:
	case VALUE_STRING:
	case VALUE_ENTITY:
	case VALUE_DECIMAL:
	case VALUE_DATETIME:
	case VALUE_DURATION:
	case VALUE_IPV4:
	case VALUE_IPV6: break;
	}
	return 0;
}

static int compare_elements(const void *a, const void *b)
{
	return value_compare(*(const struct cedar_value *)a, *(const struct cedar_value *)b);
}

enum error value_set_make(struct arena *arena, const struct cedar_value *elements, size_t count,
			  struct cedar_value *out)
{
	struct value_set *set;
	uint32_t depth = 0, kept = 0;

	if (count > UINT32_MAX / sizeof(*elements))
		return ERR_LIMIT;
	for (size_t i = 0; i < count; i++) {
		if (depth_of(elements[i]) > depth)
			depth = depth_of(elements[i]);
	}
	if (depth >= VALUE_MAX_DEPTH)
		return ERR_LIMIT;
	set = arena_alloc(arena, sizeof(*set) + count * sizeof(*elements));
	if (set == NULL)
		return ERR_NO_MEMORY;
	if (count != 0)
		memcpy(set->elements, elements, count * sizeof(*elements));
	sort(set->elements, count, sizeof(*elements), compare_elements);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || !value_equal(set->elements[kept - 1], set->elements[i]))
			set->elements[kept++] = set->elements[i];
	}
	set->count = kept;
	set->depth = depth + 1;
	*out = value_of_address(VALUE_SET, 0, set);
	return ERR_NONE;
}

struct value_record *value_record_alloc(struct arena *arena, size_t count)
{
	struct value_record *record = NULL;

	if (count <= UINT32_MAX / sizeof(record->fields[0]))
		record = arena_alloc(arena, sizeof(*record) + count * sizeof(record->fields[0]));
	if (record != NULL)
		*record = (struct value_record){.count = (uint32_t)count, .depth = 1};
	return record;
}

static int compare_fields(const void *a, const void *b)
{
	return compare_u64(((const struct value_field *)a)->key,
			   ((const struct value_field *)b)->key);
}

/* Most records are small, and sorted in no time. */
static void sort_fields(struct value_field *fields, uint32_t count)
{
	if (count > INSERTION_MAX) {
		sort(fields, count, sizeof(*fields), compare_fields);
		return;
	}
	for (uint32_t i = 1; i < count; i++) {
		struct value_field held = fields[i];
		uint32_t hole = i;

		for (; hole > 0 && fields[hole - 1].key > held.key; hole--)
			fields[hole] = fields[hole - 1];
		fields[hole] = held;
	}
}

enum error value_record_finish(struct value_record *record)
{
	struct value_field *fields = record->fields;
	uint32_t depth = 0;

	sort_fields(fields, record->count);
	for (uint32_t i = 0; i < record->count; i++) {
		if (i != 0 && fields[i - 1].key == fields[i].key)
			return ERR_EXISTS;
		if (depth_of(fields[i].value) > depth)
			depth = depth_of(fields[i].value);
	}
	if (depth >= VALUE_MAX_DEPTH)
		return ERR_LIMIT;
	record->depth = depth + 1;
	return ERR_NONE;
}
