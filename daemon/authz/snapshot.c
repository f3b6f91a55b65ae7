#include "authz/snapshot.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "authz/links.h"
#include "authz/lint.h"
#include "authz/names.h"
#include "authz/schema.h"
#include "authz/static_entities.h"
#include "base/arena.h"
#include "base/mem.h"
#include "base/sort.h"
#include "base/utf8.h"
#include "cedar/diag.h"

struct snapshot {
	atomic_uint reference_count;
	struct cedar_engine *engine;
	struct obligations *obligations; /* by policy */
	uint64_t revision;
	uint8_t digest[SNAPSHOT_DIGEST_BYTES];
};

/* A snapshot in the making. */
struct build {
	struct arena arena;
	struct snapshot_file *files; /* sorted by name */
	size_t file_count;
	struct names names;
	struct cedar_schema *schema;
	struct snapshot_options options;
	struct cedar_diags *diags;
	struct snapshot *snapshot;
	enum error error; /* the first one that has a diagnostic */
};

/* Files. */

bool snapshot_wants_file(struct str name)
{
	bool hidden = name.length != 0 && name.ptr[0] == '.';

	for (size_t i = 1; i < name.length; i++)
		hidden |= name.ptr[i] == '.' && name.ptr[i - 1] == '/';
	return !hidden && !str_ends_with(name, STR(".md")) && !str_ends_with(name, STR(".txt"));
}

bool snapshot_is_test_file(struct str name)
{
	return str_starts_with(name, STR("tests/")) && str_ends_with(name, STR(".json"));
}

static int compare_files(const void *a, const void *b)
{
	return str_compare(((const struct snapshot_file *)a)->name,
			   ((const struct snapshot_file *)b)->name);
}

static struct snapshot_file *sort_files(struct arena *arena, const struct snapshot_file *files,
					size_t count)
{
	struct snapshot_file *sorted = arena_calloc(arena, count, sizeof(*sorted));

	if (sorted == NULL)
		return NULL;
	if (count != 0)
		memcpy(sorted, files, count * sizeof(*sorted));
	sort(sorted, count, sizeof(*sorted), compare_files);
	return sorted;
}

static void digest_text(crypto_hash_sha256_state *state, struct str text)
{
	uint8_t length[8];

	for (size_t i = 0; i < sizeof(length); i++)
		length[i] = (uint8_t)((uint64_t)text.length >> (8 * i));
	crypto_hash_sha256_update(state, length, sizeof(length));
	crypto_hash_sha256_update(state, (const unsigned char *)text.ptr, text.length);
}

static void digest_sorted(const struct snapshot_file *files, size_t count,
			  uint8_t digest[SNAPSHOT_DIGEST_BYTES])
{
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < count; i++) {
		digest_text(&state, files[i].name);
		digest_text(&state, files[i].text);
	}
	crypto_hash_sha256_final(&state, digest);
}

enum error snapshot_digest_files(const struct snapshot_file *files, size_t file_count,
				 uint8_t digest[SNAPSHOT_DIGEST_BYTES])
{
	struct snapshot_file *sorted;
	struct arena arena;

	arena_init(&arena, 4096, SIZE_MAX);
	sorted = sort_files(&arena, files, file_count);
	if (sorted != NULL)
		digest_sorted(sorted, file_count, digest);
	arena_deinit(&arena);
	return sorted != NULL ? ERR_NONE : ERR_NO_MEMORY;
}

/* Building. */

static void keep_error(struct build *build, enum error error)
{
	if (build->error == ERR_NONE)
		build->error = error;
}

static void refuse_file(struct build *build, struct str name, enum error error, const char *message)
{
	diag_report_source(build->diags, CEDAR_ERROR, name, "%s", message);
	keep_error(build, error);
}

/* False when the file is not to be looked at. */
static bool check_file(struct build *build, size_t index)
{
	struct str name = build->files[index].name;

	if (name.length == 0 || name.length > SNAPSHOT_MAX_NAME_BYTES || !utf8_valid(name)) {
		refuse_file(build, STR("policy directory"), ERR_INVALID,
			    "the name of a file is empty, longer than 200 bytes or not UTF-8");
		return false;
	}
	if (index != 0 && str_equal(name, build->files[index - 1].name)) {
		refuse_file(build, name, ERR_EXISTS, "the file is there twice");
		return false;
	}
	return true;
}

/* What a file is for. Files are added in the order of the kinds: names before what uses them,
 * templates before their links, and entities last, because a mistake in them spoils the engine. */
enum file_kind {
	FILE_NAMES,
	FILE_POLICIES,
	FILE_LINKS,
	FILE_ENTITIES,
	FILE_KIND_COUNT,
	FILE_TESTS, /* not ours to read: policy/tests.h */
	FILE_UNKNOWN
};

static enum file_kind kind_of(struct str name)
{
	if (str_equal(name, STR(SNAPSHOT_FILE_NAMES)))
		return FILE_NAMES;
	if (str_equal(name, STR(SNAPSHOT_FILE_ENTITIES)))
		return FILE_ENTITIES;
	if (str_equal(name, STR(SNAPSHOT_FILE_LINKS)))
		return FILE_LINKS;
	if (snapshot_is_test_file(name))
		return FILE_TESTS;
	return str_ends_with(name, STR(".cedar")) ? FILE_POLICIES : FILE_UNKNOWN;
}

static void refuse_unknown(struct build *build, struct str name)
{
	const char *message = "not a policy (*.cedar); remove the file or end its name in .txt or "
			      ".md";

	if (str_starts_with(name, STR("tests/")))
		message = "not a file of tests (*.json); remove the file or end its name in .txt "
			  "or .md";
	refuse_file(build, name, ERR_UNSUPPORTED, message);
}

static enum error add_file(struct build *build, const struct snapshot_file *file)
{
	struct cedar_engine *engine = build->snapshot->engine;
	enum error error = ERR_NONE;

	switch (kind_of(file->name)) {
	case FILE_NAMES:
		error = names_read_directory(&build->names, file->name, file->text, build->diags);
		break;
	case FILE_ENTITIES:
		error = static_entities_add(engine, build->schema, &build->arena, file->name,
					    file->text, build->diags);
		break;
	case FILE_POLICIES:
		error = cedar_engine_add_policies(engine, file->name, file->text,
						  CEDAR_IDS_FROM_ANNOTATION, build->diags);
		break;
	case FILE_LINKS:
		error = links_add(engine, &build->arena, file->name, file->text, build->diags);
		break;
	case FILE_KIND_COUNT:
	case FILE_TESTS:
	case FILE_UNKNOWN: break;
	}
	if (error == ERR_NO_MEMORY || build->names.failed != ERR_NONE)
		return ERR_NO_MEMORY;
	keep_error(build, error);
	return ERR_NONE;
}

static bool check_files(struct build *build)
{
	bool good = true;

	if (build->file_count > SNAPSHOT_MAX_FILES) {
		refuse_file(build, STR("policy directory"), ERR_LIMIT,
			    "there are more than 10,000 files");
		return false;
	}
	for (size_t i = 0; i < build->file_count; i++) {
		good &= check_file(build, i);
		if (kind_of(build->files[i].name) == FILE_UNKNOWN)
			refuse_unknown(build, build->files[i].name);
	}
	return good;
}

/* Adds all files, whatever is wrong with some of them, so that one run shows all mistakes. */
static enum error add_files(struct build *build)
{
	if (!check_files(build))
		return ERR_NONE;
	for (int kind = 0; kind < FILE_KIND_COUNT; kind++) {
		for (size_t i = 0; i < build->file_count; i++) {
			enum error error = ERR_NONE;
			if (kind_of(build->files[i].name) == (enum file_kind)kind)
				error = add_file(build, &build->files[i]);
			if (error != ERR_NONE)
				return error;
		}
	}
	return ERR_NONE;
}

/* The file a policy came from; one of build->files, which are sorted. */
static const struct snapshot_file *find_file(const struct build *build, struct str name)
{
	size_t low = 0;
	size_t high = build->file_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_compare(build->files[middle].name, name);
		if (order == 0)
			return &build->files[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Policies of a file stand together, so that the lines of each file are found once. */
static enum error compile_obligations(struct build *build)
{
	const struct cedar_engine *engine = build->snapshot->engine;
	const struct snapshot_file *file = NULL;
	struct source source;

	for (size_t i = 0; i < cedar_policy_count(engine); i++) {
		const struct cedar_policy_info *policy = cedar_policy_at(engine, i);
		enum error error = ERR_NONE;
		if (file == NULL || !str_equal(file->name, policy->source)) {
			file = find_file(build, policy->source);
			if (file == NULL)
				return ERR_INTERNAL;
			error = source_init(&source, &build->arena, file->name, file->text);
		}
		if (error != ERR_NONE)
			return error;
		error = obligations_compile(policy, &source, &build->snapshot->obligations[i],
					    build->diags);
		if (error != ERR_NONE)
			keep_error(build, error);
	}
	return ERR_NONE;
}

static enum error seal(struct build *build)
{
	struct snapshot *snapshot = build->snapshot;
	enum error error = cedar_engine_seal(snapshot->engine, build->diags);
	size_t policy_count;

	if (error != ERR_NONE)
		return build->names.failed != ERR_NONE ? build->names.failed : error;
	policy_count = cedar_policy_count(snapshot->engine);
	if (policy_count == 0)
		refuse_file(build, STR("policy directory"), ERR_INVALID,
			    "there is no policy (*.cedar), so that everything would be denied; "
			    "write one as wsauthz-policy(5) says, or, if that is meant: "
			    "forbid (principal, action, resource);");
	snapshot->obligations = mem_calloc(policy_count, sizeof(*snapshot->obligations));
	if (snapshot->obligations == NULL && policy_count != 0)
		return ERR_NO_MEMORY;
	return compile_obligations(build);
}

static enum error add_schema(struct build *build)
{
	enum error error = cedar_schema_read(STR(SCHEMA_NAME), schema_text(), CEDAR_SCHEMA_TEXT,
					     build->diags, &build->schema);

	if (error != ERR_NONE)
		return error;
	return cedar_engine_add_actions(build->snapshot->engine, build->schema, build->diags);
}

/* A policy that can go wrong at run time is refused before it can. One that applies to nothing is
 * only a warning: it does no harm, and the list of actions may grow. */
static enum error validate(struct build *build)
{
	static const struct cedar_validation options = {
		.mode = CEDAR_STRICT, .inapplicable_is_warning = true, .once_a_place = true};
	enum error error = cedar_engine_validate(build->snapshot->engine, build->schema, &options,
						 build->diags);

	return build->names.failed != ERR_NONE ? build->names.failed : error;
}

static enum error build_snapshot(struct build *build, const struct snapshot_file *files,
				 struct hash_key key)
{
	enum error error;

	build->snapshot = mem_calloc(1, sizeof(*build->snapshot));
	if (build->snapshot == NULL)
		return ERR_NO_MEMORY;
	atomic_init(&build->snapshot->reference_count, 1);
	build->files = sort_files(&build->arena, files, build->file_count);
	if (build->files == NULL)
		return ERR_NO_MEMORY;
	if (build->options.digest != NULL)
		memcpy(build->snapshot->digest, build->options.digest, SNAPSHOT_DIGEST_BYTES);
	else
		digest_sorted(build->files, build->file_count, build->snapshot->digest);
	error = cedar_engine_new(build->options.limits, key, &build->snapshot->engine);
	if (error != ERR_NONE)
		return error;
	cedar_engine_set_resolver(build->snapshot->engine, names_resolver(&build->names));
	error = add_schema(build);
	if (error == ERR_NONE)
		error = add_files(build);
	if (error == ERR_NONE && !build->options.is_checked)
		error = lint_policies(build->snapshot->engine, build->diags);
	if (error == ERR_NONE && build->error == ERR_NONE && !build->options.is_checked)
		error = validate(build);
	if (error == ERR_NONE && build->error == ERR_NONE)
		error = seal(build);
	return error != ERR_NONE ? error : build->error;
}

enum error snapshot_new(const struct snapshot_file *files, size_t file_count,
			const struct snapshot_options *options, struct hash_key key,
			struct cedar_diags *diags, struct snapshot **out)
{
	struct build build = {.file_count = file_count, .diags = diags};
	enum error error;

	if (options != NULL)
		build.options = *options;
	arena_init(&build.arena, 16384, SIZE_MAX);
	names_init(&build.names, &build.arena, key, options != NULL ? options->find_sid : NULL);
	error = build_snapshot(&build, files, key);
	if (error == ERR_NONE)
		*out = build.snapshot;
	else
		snapshot_unref(build.snapshot);
	names_deinit(&build.names);
	cedar_schema_free(build.schema);
	arena_deinit(&build.arena);
	return error;
}

/* Sharing. */

void snapshot_set_revision(struct snapshot *snapshot, uint64_t revision)
{
	snapshot->revision = revision;
}

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
	atomic_fetch_add_explicit(&snapshot->reference_count, 1, memory_order_relaxed);
	return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	if (atomic_fetch_sub_explicit(&snapshot->reference_count, 1, memory_order_acq_rel) != 1)
		return;
	cedar_engine_free(snapshot->engine);
	mem_free(snapshot->obligations);
	mem_free(snapshot);
}

const struct cedar_engine *snapshot_engine(const struct snapshot *snapshot)
{
	return snapshot->engine;
}

uint64_t snapshot_revision(const struct snapshot *snapshot)
{
	return snapshot->revision;
}

bool snapshot_looks_at_time(const struct snapshot *snapshot)
{
	static const struct str names[] = {{"time", 4}, {"localTime", 9}, {"weekday", 7}};
	bool mentions = false;

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		mentions |= cedar_engine_mentions(snapshot->engine, names[i]);
	return mentions;
}

const uint8_t *snapshot_digest(const struct snapshot *snapshot)
{
	return snapshot->digest;
}

const struct obligations *snapshot_obligations(const struct snapshot *snapshot, uint32_t policy)
{
	return &snapshot->obligations[policy];
}
