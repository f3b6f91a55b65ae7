#include "authz/names.h"

#include "authz/identity.h"
#include "authz/operation.h"
#include "authz/sid.h"
#include "base/casefold.h"
#include "base/utf8.h"
#include "cedar/diag.h"
#include "cedar/json_read.h"
#include "cedar/source.h"

/* An entry of the directory. */
struct name {
	struct map_node node;
	struct str folded;
	struct str sid;
};

void names_init(struct names *names, struct arena *arena, struct hash_key key,
		names_find_sid *find_sid)
{
	*names = (struct names){.arena = arena, .key = key, .find_sid = find_sid};
	map_init(&names->directory);
}

void names_deinit(struct names *names)
{
	map_deinit(&names->directory);
}

static const struct name *find(const struct names *names, struct str folded)
{
	uint64_t hash = hash_bytes(names->key, folded.ptr, folded.length);

	for (struct map_node *node = map_first(&names->directory, hash); node != NULL;
	     node = map_next(node)) {
		const struct name *name = CONTAINER_OF(node, struct name, node);
		if (str_equal(name->folded, folded))
			return name;
	}
	return NULL;
}

/* The directory. */

static enum error add(struct names *names, struct str folded, struct str sid)
{
	struct name *name = arena_calloc(names->arena, 1, sizeof(*name));

	if (name == NULL)
		return ERR_NO_MEMORY;
	name->folded = folded;
	name->sid = sid;
	return map_put(&names->directory, &name->node,
		       hash_bytes(names->key, folded.ptr, folded.length));
}

/* One member of the object: the reader stands at the key. */
static void read_member(struct names *names, struct json_reader *reader)
{
	struct span key = reader->span;
	struct str folded = casefold(names->arena, reader->text);
	enum error error;

	if (folded.ptr == NULL) {
		json_read_abort(reader, ERR_NO_MEMORY);
		return;
	}
	if (folded.length == 0 || folded.length > IDENTITY_MAX_NAME_BYTES)
		json_read_fail(reader, key, "a name must have 1 to 16384 bytes");
	else if (sid_valid(reader->text))
		json_read_fail(reader, key, "a SID needs no name; remove the entry");
	else if (find(names, folded) != NULL)
		json_read_fail(reader, key, "the name is there twice, perhaps in other case");
	else if (names->directory.count >= NAMES_MAX_COUNT)
		json_read_fail(reader, key, "more than 100,000 names");
	json_read_next(reader);
	if (!json_read_expect(reader, JSON_STRING, "the SID of a name"))
		return;
	if (!sid_valid(reader->text)) {
		json_read_fail(reader, reader->span,
			       "not a SID such as \"S-1-5-21-1-2-3-1001\" in its canonical form");
		return;
	}
	error = add(names, folded, reader->text);
	if (error != ERR_NONE)
		json_read_abort(reader, error);
}

enum error names_read_directory(struct names *names, struct str file, struct str text,
				struct cedar_diags *diags)
{
	struct source *source = arena_calloc(names->arena, 1, sizeof(*source));
	struct json_reader reader;
	enum error error;

	if (source == NULL)
		return ERR_NO_MEMORY;
	error = source_init(source, names->arena, file, text);
	if (error != ERR_NONE)
		return error;
	json_read_init(&reader, names->arena, source, diags);
	json_read_next(&reader);
	if (json_read_expect(&reader, JSON_OBJECT, "the directory")) {
		while (json_read_key(&reader))
			read_member(names, &reader);
	}
	return json_read_finish(&reader);
}

/* Resolving. */

static enum cedar_resolution out_of_memory(struct names *names)
{
	names->failed = ERR_NO_MEMORY;
	return CEDAR_NAME_UNKNOWN;
}

/* Asks the system once for each name; what it says is kept beside the directory's names. */
static enum cedar_resolution ask_system(struct names *names, struct str id, struct str folded,
					struct str *out)
{
	char text[SID_MAX_BYTES + 1];
	struct str sid;

	if (names->find_sid == NULL || names->find_sid(id, text) != ERR_NONE ||
	    !sid_valid(str_from(text)))
		return CEDAR_NAME_UNKNOWN;
	sid = arena_copy(names->arena, str_from(text));
	if (sid.ptr == NULL || add(names, folded, sid) != ERR_NONE)
		return out_of_memory(names);
	*out = sid;
	return CEDAR_NAME_REPLACED;
}

static enum cedar_resolution resolve_group(struct names *names, struct str id, struct str *out)
{
	const struct name *name;
	struct str folded;

	if (sid_valid(id))
		return CEDAR_NAME_KEPT;
	if (id.length == 0)
		return CEDAR_NAME_UNKNOWN;
	folded = casefold(names->arena, id);
	if (folded.ptr == NULL)
		return out_of_memory(names);
	name = find(names, folded);
	if (name == NULL)
		return ask_system(names, id, folded, out);
	*out = name->sid;
	return CEDAR_NAME_REPLACED;
}

/* Account names hold no colon, principals without token always do. */
static enum cedar_resolution resolve_user(struct names *names, struct str id, struct str *out)
{
	if (str_find_byte(id, ':') == NULL)
		return resolve_group(names, id, out);
	*out = casefold(names->arena, id);
	return out->ptr != NULL ? CEDAR_NAME_REPLACED : out_of_memory(names);
}

static enum cedar_resolution resolve_resource(struct names *names, struct str id, struct str *out)
{
	enum error error = operation_resource_id(names->arena, id, out);

	if (error == ERR_NO_MEMORY)
		return out_of_memory(names);
	return error == ERR_NONE ? CEDAR_NAME_REPLACED : CEDAR_NAME_UNKNOWN;
}

static enum cedar_resolution resolve_family(struct str id)
{
	for (int i = 0; i < FAMILY_COUNT; i++) {
		if (str_equal(id, resource_family_name((enum resource_family)i)))
			return CEDAR_NAME_KEPT;
	}
	return CEDAR_NAME_UNKNOWN;
}

static enum cedar_resolution resolve(void *arg, struct str type, struct str id, struct str *out)
{
	struct names *names = arg;

	if (str_equal(type, STR("WinRM::Group")))
		return resolve_group(names, id, out);
	if (str_equal(type, STR("WinRM::User")))
		return resolve_user(names, id, out);
	if (str_equal(type, STR("WinRM::Resource")))
		return resolve_resource(names, id, out);
	if (str_equal(type, STR("WinRM::ResourceFamily")))
		return resolve_family(id);
	return CEDAR_NAME_KEPT;
}

struct cedar_resolver names_resolver(struct names *names)
{
	return (struct cedar_resolver){resolve, names};
}
