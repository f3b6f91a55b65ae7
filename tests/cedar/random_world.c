#include "random_world.h"

#include <stdlib.h>

enum {
	MAX_PARENTS = 4,
	MAX_FIELDS = 8,
};

/* Types from the bottom of the hierarchy to its top. */
static const char *const types[] = {"R", "U", "F", "G", "Action", "N::Org"};

uint32_t random_below(struct random *random, uint32_t bound)
{
	random->state ^= random->state << 13;
	random->state ^= random->state >> 7;
	random->state ^= random->state << 17;
	return (uint32_t)((random->state >> 32) % bound);
}

bool random_chance(struct random *random, uint32_t percent)
{
	return random_below(random, 100) < percent;
}

const char *random_word(struct random *random, const char *const *words, uint32_t count)
{
	return words[random_below(random, count)];
}

const char *random_type(struct random *random)
{
	return types[random_below(random, ARRAY_COUNT(types))];
}

static void *take(const struct naive_world *world, size_t count, size_t size)
{
	void *memory = arena_calloc(world->arena, count, size);

	if (memory == NULL)
		abort();
	return memory;
}

static struct naive_uid numbered_uid(uint32_t type, uint32_t id)
{
	static const char *const ids[RANDOM_IDS] = {"0", "1", "2", "3", "4"};

	return (struct naive_uid){str_from(types[type]), str_from(ids[id])};
}

struct naive_uid random_uid(struct random *random)
{
	return numbered_uid(random_below(random, ARRAY_COUNT(types)),
			    random_below(random, RANDOM_IDS));
}

/* Values. */

static struct naive_value entity_value(struct naive_uid uid)
{
	return (struct naive_value){.kind = NAIVE_ENTITY, .type = uid.type, .text = uid.id};
}

static struct naive_value random_value(struct random *random, const struct naive_world *world,
				       enum naive_kind kind, int depth);

static struct naive_value random_set(struct random *random, const struct naive_world *world,
				     int depth)
{
	uint32_t count = random_below(random, 4);
	enum naive_kind kind =
		depth > 2 ? NAIVE_LONG : (enum naive_kind)random_below(random, NAIVE_SET + 1);
	struct naive_value *items = take(world, count, sizeof(*items));

	for (uint32_t i = 0; i < count; i++)
		items[i] = random_value(random, world, kind, depth + 1);
	return (struct naive_value){.kind = NAIVE_SET, .items = items, .count = count};
}

static struct naive_value random_record(struct random *random, const struct naive_world *world,
					int depth);

static struct naive_value random_ip(struct random *random)
{
	struct naive_value value = {.kind = NAIVE_IP};

	if (!ext_parse_ipaddr(str_from(RANDOM_WORD(random, "10.0.0.1", "10.0.0.0/8", "127.0.0.1",
						   "::1", "ff00::/8", "2001:db8::1")),
			      &value.ip))
		abort();
	return value;
}

static struct naive_value random_value(struct random *random, const struct naive_world *world,
				       enum naive_kind kind, int depth)
{
	static const int64_t numbers[] = {0, 1, 2, 3, -1, 86400000, INT64_MAX, INT64_MIN};
	struct naive_value value = {.kind = kind};

	switch (kind) {
	case NAIVE_BOOL: value.number = random_chance(random, 50); break;
	case NAIVE_LONG:
	case NAIVE_DECIMAL:
	case NAIVE_DATETIME:
	case NAIVE_DURATION:
		value.number = numbers[random_below(random, ARRAY_COUNT(numbers))];
		break;
	case NAIVE_STRING:
		value.text =
			str_from(RANDOM_WORD(random, "", "a", "ab", "aba", "b*", "k", "10.0.0.1"));
		break;
	case NAIVE_ENTITY: return entity_value(random_uid(random));
	case NAIVE_SET: return random_set(random, world, depth);
	case NAIVE_RECORD: return random_record(random, world, depth);
	case NAIVE_IP: return random_ip(random);
	}
	return value;
}

/* Attributes have the kind that policies expect, most of the time, and are sometimes missing. */
static struct naive_value random_record(struct random *random, const struct naive_world *world,
					int depth)
{
	static const struct {
		const char *key;
		enum naive_kind kind;
	} fields[MAX_FIELDS] = {{"b", NAIVE_BOOL},     {"n", NAIVE_LONG}, {"s", NAIVE_STRING},
				{"e", NAIVE_ENTITY},   {"l", NAIVE_SET},  {"r", NAIVE_RECORD},
				{"t", NAIVE_DATETIME}, {"p", NAIVE_IP}};
	struct naive_value record = {.kind = NAIVE_RECORD};
	struct naive_value *items = take(world, MAX_FIELDS, sizeof(*items));
	struct str *keys = take(world, MAX_FIELDS, sizeof(*keys));

	for (uint32_t i = 0; i < MAX_FIELDS; i++) {
		enum naive_kind kind = fields[i].kind;

		if (random_chance(random, 25) || (depth > 2 && kind == NAIVE_RECORD))
			continue;
		if (random_chance(random, 5))
			kind = (enum naive_kind)random_below(random, NAIVE_SET);
		keys[record.count] = str_from(fields[i].key);
		items[record.count++] = random_value(random, world, kind, depth + 1);
	}
	record.items = items;
	record.keys = keys;
	return record;
}

/* Entities. */

/* Parents have a higher place in the order of types and ids, so that there is no cycle. */
static void random_parents(struct random *random, const struct naive_world *world, uint32_t place,
			   struct naive_entity *entity)
{
	uint32_t places = ARRAY_COUNT(types) * RANDOM_IDS,
		 count = random_below(random, MAX_PARENTS);
	struct naive_uid *parents = take(world, MAX_PARENTS, sizeof(*parents));

	for (uint32_t i = 0; i < count && place + 1 < places; i++) {
		uint32_t parent = place + 1 + random_below(random, places - place - 1);

		parents[entity->parent_count++] =
			numbered_uid(parent / RANDOM_IDS, parent % RANDOM_IDS);
	}
	entity->parents = parents;
}

void random_entities(struct random *random, struct naive_world *world)
{
	uint32_t places = ARRAY_COUNT(types) * RANDOM_IDS;
	uint32_t own = random_below(random, 8); /* places below belong to the request */
	struct naive_entity *entities = take(world, places, sizeof(*entities));

	world->entity_count = 0;
	for (uint32_t place = 0; place < places; place++) {
		struct naive_entity *entity = &entities[world->entity_count];

		if (random_chance(random, 20))
			continue;
		entity->uid = numbered_uid(place / RANDOM_IDS, place % RANDOM_IDS);
		entity->in_request = place < own;
		entity->attrs = random_record(random, world, 0);
		entity->tags = random_record(random, world, 1);
		random_parents(random, world, place, entity);
		world->entity_count++;
	}
	world->entities = entities;
}

void random_request(struct random *random, struct naive_world *world)
{
	static const uint32_t usual[3] = {1, 4, 0}; /* U, Action, R */

	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		struct naive_uid uid = random_uid(random);

		if (random_chance(random, 90))
			uid = numbered_uid(usual[var], random_below(random, RANDOM_IDS));
		if (random_chance(random, 5))
			uid.id = STR("never heard of");
		if (random_chance(random, 2))
			uid.type = STR("Unknown");
		world->vars[var] = entity_value(uid);
	}
	world->vars[AST_CONTEXT] = random_record(random, world, 0);
}
