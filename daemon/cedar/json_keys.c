#include "cedar/json_keys.h"

#include "base/sort.h"
#include "cedar/diag.h"

struct json_key {
	struct str text;
	struct span span;
};

void json_keys_init(struct json_keys *keys)
{
	buf_init(&keys->stack, SIZE_MAX);
}

void json_keys_deinit(struct json_keys *keys)
{
	buf_deinit(&keys->stack);
}

size_t json_keys_start(const struct json_keys *keys)
{
	return keys->stack.length;
}

void json_keys_add(struct json_keys *keys, const struct json_reader *reader)
{
	struct json_key key = {reader->text, reader->span};

	buf_append(&keys->stack, &key, sizeof(key));
}

/* By text, and equal ones in the order of the source. */
static int compare_keys(const void *a, const void *b)
{
	const struct json_key *left = a, *right = b;
	int order = str_compare(left->text, right->text);

	if (order != 0)
		return order;
	return left->span.start < right->span.start ? -1 : 1;
}

/* The first key of the source that repeats an earlier one, or NULL. */
static const struct json_key *find_repeated(struct json_key *keys, size_t count)
{
	const struct json_key *found = NULL;

	sort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < count; i++) {
		if (str_equal(keys[i - 1].text, keys[i].text) &&
		    (found == NULL || keys[i].span.start < found->span.start))
			found = &keys[i];
	}
	return found;
}

bool json_keys_end(struct json_keys *keys, struct json_reader *reader, size_t start)
{
	const struct json_key *repeated;

	if (keys->stack.failed != ERR_NONE)
		json_read_abort(reader, keys->stack.failed);
	if (reader->failed != ERR_NONE)
		return false;
	repeated = find_repeated((struct json_key *)(void *)(keys->stack.data + start),
				 (keys->stack.length - start) / sizeof(struct json_key));
	keys->stack.length = start;
	if (repeated == NULL)
		return true;
	json_read_fail(reader, repeated->span, "the key \"%s\" stands here a second time",
		       diag_quote(repeated->text).text);
	return false;
}
