/*
 * The Cedar policy language: parse, evaluate, authorize. The only header of this layer that other
 * layers include; it depends on base alone.
 *
 *	engine   what decisions depend on: policies and entities in one symbol space.
 *	         One thread builds and seals it; sealed it never changes, and any number of
 *	         threads may read it.
 *	request  one question and the memory it takes. Belongs to one thread, and is used again
 *	         and again: in the steady state a decision allocates nothing from the heap.
 *	answer   the decision with its determining policies and the policies that erred.
 *
 * Language: Cedar 4 (docs.cedarpolicy.com, "Policy syntax" and "Evaluation"; RFC 62, 71).
 */
#ifndef CEDAR_CEDAR_H
#define CEDAR_CEDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"

/* Diagnostics: what is wrong in a text that a person wrote. */

enum cedar_severity { CEDAR_ERROR, CEDAR_WARNING };

struct cedar_diag {
	struct cedar_diag *next;
	enum cedar_severity severity;
	struct str source;  /* the name given for the text, such as a file name */
	uint32_t line;      /* from 1; 0 when the diagnostic has no place */
	uint32_t column;    /* in code points, from 1 */
	uint32_t offset;    /* bytes from the start of the text */
	uint32_t length;    /* bytes the caret underlines, at least 1 */
	struct str message; /* one sentence without the place */
	/* The source line without its line break, cut around the place when very long. */
	struct str excerpt;
	uint32_t caret; /* where in the excerpt the place is, in bytes */
};

/* A list of diagnostics in order of discovery. Bounded: beyond CEDAR_MAX_DIAGS only counts. */
struct cedar_diags {
	struct arena arena;
	struct cedar_diag *first, **tail;
	uint32_t error_count, warning_count;
};

enum { CEDAR_MAX_DIAGS = 100 };

void cedar_diags_init(struct cedar_diags *diags);
void cedar_diags_deinit(struct cedar_diags *diags);

/* Appends "file:line:col: error: message", the source line and a caret line, each ended by LF.
 * Text from the source is escaped as log_escape() does. */
void cedar_diag_print(struct buf *out, const struct cedar_diag *diag);

/* Schemas: which entity types, actions and attributes there are. */

struct cedar_schema;

enum cedar_schema_syntax { CEDAR_SCHEMA_TEXT, CEDAR_SCHEMA_JSON };

/* Reads a schema; `text` is copied. Everything that is wrong with it gets a diagnostic. ERR_SYNTAX,
 * ERR_INVALID (a name without meaning, a broken rule), ERR_LIMIT, ERR_NO_MEMORY. A schema never
 * changes; any number of threads may use it. */
enum error cedar_schema_read(struct str source, struct str text, enum cedar_schema_syntax syntax,
			     struct cedar_diags *diags, struct cedar_schema **out) ATTR_MUST_CHECK;
void cedar_schema_free(struct cedar_schema *schema);

/* Appends the schema in its JSON syntax, with all names as they were written. */
void cedar_schema_write_json(const struct cedar_schema *schema, struct buf *out);

/* Limits of one engine. A zero field stands for the default. */
struct cedar_limits {
	uint32_t text_bytes;       /* one policy text; default 1 MiB */
	uint32_t expression_depth; /* nesting; default 1,000; n-ary chains do not count as depth */
	uint32_t policies;         /* policies and templates together; default 1,000,000 */
	size_t request_bytes;      /* memory of a question, and again of evaluating one policy on
				      it; default 4 MiB */
};

/* The engine. */

struct cedar_engine;

/* How the policies of a text get their ids. */
enum cedar_ids {
	/* policyN, N counting from 0 over the policies and templates of this text (Cedar's own
	   rule). */
	CEDAR_IDS_BY_POSITION,
	/* The value of @id where a policy has one, else "<source>#N". */
	CEDAR_IDS_FROM_ANNOTATION,
	/* The value of @id where a policy has one, else policyN, as Cedar's command line tool. */
	CEDAR_IDS_AS_TOOL,
};

/* `limits` may be NULL. `key` seeds the symbol tables against chosen names. */
enum error cedar_engine_new(const struct cedar_limits *limits, struct hash_key key,
			    struct cedar_engine **out) ATTR_MUST_CHECK;
void cedar_engine_free(struct cedar_engine *engine);

/* Lets policies, links and entity data use names for entities, such as an account name where the
 * entity is known by its SID. */
enum cedar_resolution {
	CEDAR_NAME_KEPT,     /* the id stands for itself */
	CEDAR_NAME_REPLACED, /* `*out` is the id that is meant; UTF-8, valid until the next call */
	CEDAR_NAME_UNKNOWN,  /* the id means nothing: an error wherever it stands */
};

struct cedar_resolver {
	enum cedar_resolution (*resolve)(void *arg, struct str type, struct str id,
					 struct str *out);
	void *arg;
};

/* To be set before anything is added; called for the uids of links by cedar_engine_link(), for
 * those of entity data when it is added, and for those of policies by cedar_engine_seal(). Never
 * called for requests. */
void cedar_engine_set_resolver(struct cedar_engine *engine, struct cedar_resolver resolver);

/* Adds the policies of `text`, which is copied. All or nothing: with any error the engine keeps
 * none of this text. Every policy with a syntax error gets a diagnostic of its own. ERR_SYNTAX,
 * ERR_EXISTS (an id twice), ERR_LIMIT (each with a diagnostic), ERR_NO_MEMORY. */
enum error cedar_engine_add_policies(struct cedar_engine *engine, struct str source,
				     struct str text, enum cedar_ids ids,
				     struct cedar_diags *diags) ATTR_MUST_CHECK;

/* Adds the policies, templates and links of a policy set in JSON ("JSON policy format", "Policy set
 * format"), where policies may also be Cedar text in strings. Ids are the keys. All or nothing, as
 * above; ERR_SYNTAX, ERR_EXISTS, ERR_LIMIT, and for links ERR_NOT_FOUND and ERR_INVALID, each with
 * diagnostics; ERR_NO_MEMORY. */
enum error cedar_engine_add_policy_set(struct cedar_engine *engine, struct str source,
				       struct str text, struct cedar_diags *diags) ATTR_MUST_CHECK;

/* What stands for a slot of a template: the uid type::"id". */
struct cedar_slot_value {
	struct str slot; /* "?principal" or "?resource" */
	struct str type, id;
};

enum { CEDAR_SLOTS = 2 };

/* A policy with the id `new_id` that is made of the template `template_id` (section "Templates" of the
 * Cedar documentation). */
struct cedar_link {
	struct str template_id, new_id;
	struct cedar_slot_value values[CEDAR_SLOTS]; /* each slot of the template once */
	size_t value_count;
};

/* Makes the policy. ERR_NOT_FOUND (no such template), ERR_EXISTS (the id is taken), ERR_INVALID (values
 * and slots do not match, or a name is malformed), ERR_LIMIT, each with a diagnostic without a place, or
 * ERR_NO_MEMORY. */
enum error cedar_engine_link(struct cedar_engine *engine, const struct cedar_link *link,
			     struct cedar_diags *diags) ATTR_MUST_CHECK;

/* Adds the entities of `text`, JSON as the Cedar documentation has it ("Entities JSON format").
 * With a schema, which may be NULL, it tells what plain spellings mean, and every entity must be as
 * it says. An entity may stand in several texts if it is the same in all. ERR_SYNTAX, ERR_LIMIT,
 * with a diagnostic, or ERR_NO_MEMORY; the engine can then only be freed. */
enum error cedar_engine_add_entities(struct cedar_engine *engine, const struct cedar_schema *schema,
				     struct str source, struct str text,
				     struct cedar_diags *diags) ATTR_MUST_CHECK;

/* Adds the actions of the schema with the groups they are in, as entities. ERR_EXISTS with a
 * diagnostic when the engine knows one of them otherwise; ERR_LIMIT, ERR_NO_MEMORY. */
enum error cedar_engine_add_actions(struct cedar_engine *engine, const struct cedar_schema *schema,
				    struct cedar_diags *diags) ATTR_MUST_CHECK;

/* Validation: whether policies can go wrong at run time, given a schema. */

enum cedar_validation_mode {
	CEDAR_STRICT, /* types as a person could name them; literals where functions parse text */
	CEDAR_PERMISSIVE, /* whatever cannot go wrong */
};

struct cedar_validation {
	enum cedar_validation_mode mode;
	/* A policy whose scope admits no action of the schema is useless, but does no harm. */
	bool inapplicable_is_warning;
	/* What is wrong at one place is told for the first action it is wrong for, and not again
	 * for the others. */
	bool once_a_place;
};

/* Validates all policies, templates and links, before the engine is sealed. `options` may be NULL:
 * strict. ERR_INVALID when at least one policy has an error, ERR_LIMIT when one is too complex to
 * be validated, each with diagnostics; ERR_NO_MEMORY. Changes nothing. */
enum error cedar_engine_validate(struct cedar_engine *engine, const struct cedar_schema *schema,
				 const struct cedar_validation *options,
				 struct cedar_diags *diags) ATTR_MUST_CHECK;

/* Ends building: closes the entity hierarchy, compiles and indexes. After it only the functions
 * below may be used. ERR_INVALID with diagnostics when an entity is its own ancestor or a name in a
 * policy means nothing, ERR_LIMIT, ERR_NO_MEMORY; the engine can then only be freed. */
enum error cedar_engine_seal(struct cedar_engine *engine,
			     struct cedar_diags *diags) ATTR_MUST_CHECK;

enum cedar_effect { CEDAR_PERMIT, CEDAR_FORBID };

struct cedar_annotation {
	struct str key;
	struct str value; /* "" for an annotation without value */
	bool has_value;
	uint32_t line, column; /* of the value, or of the key without one */
};

/* A policy as people see it. Slices live as long as the engine. */
struct cedar_policy_info {
	struct str id;
	const struct cedar_annotation *annotations;
	size_t annotation_count;
	enum cedar_effect effect;
	uint32_t line, column;  /* where the policy starts */
	struct str source;      /* name of the text */
	struct str text;        /* the policy as written; a link has the text of its template */
	struct str template_id; /* of a link; empty for others */
};

/* True when a policy or an entity of the sealed engine has this as the name of an attribute, a tag
 * or a type. What nothing mentions, no decision depends on. */
bool cedar_engine_mentions(const struct cedar_engine *engine, struct str name);

/* Policies that take part in decisions (static ones and links, not templates) are numbered from 0
 * in the order they were added. `index` < count. */
size_t cedar_policy_count(const struct cedar_engine *engine);
const struct cedar_policy_info *cedar_policy_at(const struct cedar_engine *engine, size_t index);

/* Values of a request. */

/* An entity uid inside one engine or request; CEDAR_NO_UID never names an entity. */
typedef uint32_t cedar_uid;
#define CEDAR_NO_UID UINT32_MAX

/* A value; opaque, 16 bytes, copied freely. Valid until the request begins again. */
struct cedar_value {
	uint32_t tag;
	uint32_t aux;
	uint64_t payload;
};

struct cedar_attr {
	struct str key;
	struct cedar_value value;
};

struct cedar_request;

/* Memory for requests against any engine. */
enum error cedar_request_new(const struct cedar_limits *limits,
			     struct cedar_request **out) ATTR_MUST_CHECK;
void cedar_request_free(struct cedar_request *request);

/* Starts a new question against `engine`, which must be sealed and outlive the question. Values,
 * uids and the answer of the question before are gone. */
void cedar_request_begin(struct cedar_request *request, const struct cedar_engine *engine);

/* Building is sticky on failure: when memory or a limit is spent, constructors return a value that
 * makes cedar_authorize() fail, so callers check once. Strings must be valid UTF-8 (checked); they
 * are borrowed until the question is over. */
cedar_uid cedar_request_uid(struct cedar_request *request, struct str type, struct str id);
struct cedar_value cedar_bool(bool value);
struct cedar_value cedar_long(int64_t value);
struct cedar_value cedar_entity(cedar_uid uid);
struct cedar_value cedar_decimal(int64_t ten_thousandths);
struct cedar_value cedar_datetime(int64_t ms_since_1970); /* UTC, without leap seconds */
struct cedar_value cedar_duration(int64_t ms);
struct cedar_value cedar_string(struct cedar_request *request, struct str value);
/* `text` as ip() of the language takes it, such as "10.0.0.0/8"; anything else fails. */
struct cedar_value cedar_ipaddr(struct cedar_request *request, struct str text);
/* Elements and attributes are copied. A set drops duplicates; a record with a key twice fails. */
struct cedar_value cedar_set(struct cedar_request *request, const struct cedar_value *elements,
			     size_t count);
struct cedar_value cedar_record(struct cedar_request *request, const struct cedar_attr *attrs,
				size_t count);

/* Defines an entity for this question only. Its ancestors are the parents and all their ancestors,
 * those known to the engine included. A uid that is an entity of the engine is an error: static
 * facts are not overridden by a request, nor do entities of the engine inherit from those of a
 * request. Parents defined by this question must be added before their children. */
void cedar_request_entity(struct cedar_request *request, cedar_uid uid,
			  const struct cedar_attr *attrs, size_t attr_count,
			  const cedar_uid *parents, size_t parent_count);

/* Gives tags to an entity that this question defined before. At most once per entity. */
void cedar_request_tags(struct cedar_request *request, cedar_uid uid, const struct cedar_attr *tags,
			size_t tag_count);

/* The question itself; `context` is a record. */
void cedar_request_ask(struct cedar_request *request, cedar_uid principal, cedar_uid action,
		       cedar_uid resource, struct cedar_value context);

/* Reads a context from JSON, an object, as cedar_engine_add_entities() reads attributes. With a
 * schema, which may be NULL, `action` must be declared there and the context be as it says. `text`
 * is borrowed until the question is over. ERR_SYNTAX, ERR_LIMIT, with a diagnostic, or
 * ERR_NO_MEMORY; `*context` is then untouched. */
enum error cedar_request_context(struct cedar_request *request, const struct cedar_schema *schema,
				 cedar_uid action, struct str source, struct str text,
				 struct cedar_diags *diags,
				 struct cedar_value *context) ATTR_MUST_CHECK;

/* Checks the question that was asked against the schema: principal, resource and action are
 * declared, the action applies to them, and the context is as the action demands. ERR_INVALID with
 * a diagnostic without a place; or the failure of building the question. */
enum error cedar_request_validate(const struct cedar_request *request,
				  const struct cedar_schema *schema,
				  struct cedar_diags *diags) ATTR_MUST_CHECK;

/* The authorizer. */

enum cedar_decision { CEDAR_DENY, CEDAR_ALLOW };

enum cedar_eval_error {
	CEDAR_EVAL_NONE,
	CEDAR_EVAL_TYPE,
	CEDAR_EVAL_NO_ATTRIBUTE,
	CEDAR_EVAL_NO_TAG,
	CEDAR_EVAL_NO_ENTITY,
	CEDAR_EVAL_OVERFLOW,
	CEDAR_EVAL_EXTENSION,
	CEDAR_EVAL_ARITY,
	CEDAR_EVAL_DEPTH,
	CEDAR_EVAL_MEMORY, /* the question's memory is spent; the whole answer is then an error */
};

/* A policy that erred, with what is needed to explain it. */
struct cedar_policy_error {
	uint32_t policy; /* index of the policy */
	enum cedar_eval_error kind;
	uint32_t offset, length; /* the expression, in bytes of the policy's text */
};

struct cedar_answer {
	enum cedar_decision decision;
	const uint32_t *reasons; /* indices of the determining policies, ascending */
	size_t reason_count;
	const struct cedar_policy_error *errors; /* ascending by policy */
	size_t error_count;
};

/* Answers the question. `answer` points into the request and is good until it answers or begins
 * again; another cedar_request_ask() may follow, about the same entities. ERR_NO_MEMORY or ERR_LIMIT
 * when building or evaluation ran out, ERR_INVALID or ERR_EXISTS (an entity twice) when the question
 * was malformed; `answer` is then a denial without reasons. */
enum error cedar_authorize(struct cedar_request *request,
			   struct cedar_answer *answer) ATTR_MUST_CHECK;

/* The same answer by testing every policy in turn, without the index: for tests and benchmarks. */
enum error cedar_authorize_linear(struct cedar_request *request,
				  struct cedar_answer *answer) ATTR_MUST_CHECK;

/* Text of an error kind, such as "attribute not found". */
const char *cedar_eval_error_text(enum cedar_eval_error kind);

/* Tools for people who write policies. */

enum { CEDAR_FORMAT_WIDTH = 80, CEDAR_FORMAT_INDENT = 2 };

/* Appends `text` to `out`, laid out anew for lines of `width` code points, with its comments; a
 * formatted text stays as it is. `source_name` is for messages. ERR_SYNTAX or
 * ERR_LIMIT with diagnostics, ERR_NO_MEMORY; ERR_INTERNAL when the result would not mean the same.
 * `out` is then unchanged, or failed. */
enum error cedar_format(struct str source_name, struct str text, uint32_t width, uint32_t indent,
			struct buf *out, struct cedar_diags *diags) ATTR_MUST_CHECK;

#endif
