#include "ctl/iis.h"

#include <inttypes.h>

#include "ctl/xml.h"

enum { VALUE_MAX_BYTES = 32 * 1024 };

struct reading {
	struct xml_reader xml;
	struct arena *arena;
	struct iis_file file;
	uint32_t directory_capacity, pool_capacity, plugin_capacity;
	struct str application_pool; /* of the application that is being read */
	struct buf *why;
};

static enum error limit(const struct reading *reading, const char *what, int most)
{
	buf_printf(reading->why, "line %" PRIu32 ": there are more than %d %s", reading->xml.line,
		   most, what);
	return ERR_LIMIT;
}

/* A copy of an attribute's value; empty when there is none of that name. */
static enum error take(struct reading *reading, const char *name, struct str *out)
{
	enum error error = ERR_NONE;
	struct buf value;

	*out = STR("");
	buf_init(&value, VALUE_MAX_BYTES);
	if (xml_get(&reading->xml, str_from(name), &value)) {
		*out = arena_copy(reading->arena, buf_str(&value));
		if (value.failed == ERR_LIMIT)
			error = limit(reading, "bytes in an attribute", VALUE_MAX_BYTES);
		else if (value.failed != ERR_NONE)
			error = value.failed;
		else if (out->ptr == NULL)
			error = reading->arena->refusal;
	}
	buf_deinit(&value);
	return error;
}

static bool is_true(struct str value)
{
	return str_equal_ascii_case(value, STR("true")) || str_equal(value, STR("1"));
}

static bool is_below(const struct reading *reading, const char *parent)
{
	return reading->xml.depth >= 2 &&
	       str_equal(reading->xml.open[reading->xml.depth - 2], str_from(parent));
}

static enum error add_directory(struct reading *reading)
{
	struct iis_file *file = &reading->file;
	struct iis_directory *grown;
	struct str path;
	enum error error = take(reading, "physicalPath", &path);

	if (error != ERR_NONE || path.length == 0)
		return error;
	if (file->directory_count == IIS_DIRECTORIES_MAX)
		return limit(reading, "virtual directories", IIS_DIRECTORIES_MAX);
	grown = arena_grow_array(reading->arena, file->directories, file->directory_count,
				 &reading->directory_capacity, sizeof(*grown));
	if (grown == NULL)
		return reading->arena->refusal;
	file->directories = grown;
	grown[file->directory_count++] = (struct iis_directory){path, reading->application_pool};
	return ERR_NONE;
}

static enum error add_pool(struct reading *reading)
{
	struct iis_file *file = &reading->file;
	struct iis_pool *grown;
	struct str name, bits;
	enum error error = take(reading, "name", &name);

	if (error == ERR_NONE)
		error = take(reading, "enable32BitAppOnWin64", &bits);
	if (error != ERR_NONE)
		return error;
	if (file->pool_count == IIS_POOLS_MAX)
		return limit(reading, "application pools", IIS_POOLS_MAX);
	grown = arena_grow_array(reading->arena, file->pools, file->pool_count,
				 &reading->pool_capacity, sizeof(*grown));
	if (grown == NULL)
		return reading->arena->refusal;
	file->pools = grown;
	grown[file->pool_count++] = (struct iis_pool){name, bits.length != 0, is_true(bits)};
	return ERR_NONE;
}

static enum error add_plugin(struct reading *reading)
{
	struct iis_file *file = &reading->file;
	struct iis_plugin plugin = {.line = reading->xml.line}, *grown;
	struct str quota;
	enum error error = take(reading, "Filename", &plugin.file_name);

	if (error == ERR_NONE)
		error = take(reading, "SDKVersion", &plugin.sdk_version);
	if (error == ERR_NONE)
		error = take(reading, "SupportsQuota", &quota);
	if (error != ERR_NONE)
		return error;
	plugin.has_quota = is_true(quota);
	if (file->plugin_count == IIS_PLUGINS_MAX)
		return limit(reading, "authorization plug-ins", IIS_PLUGINS_MAX);
	grown = arena_grow_array(reading->arena, file->plugins, file->plugin_count,
				 &reading->plugin_capacity, sizeof(*grown));
	if (grown == NULL)
		return reading->arena->refusal;
	file->plugins = grown;
	grown[file->plugin_count++] = plugin;
	return ERR_NONE;
}

static enum error see_element(struct reading *reading)
{
	struct str name = reading->xml.name, value;
	enum error error = ERR_NONE;

	if (str_equal(name, STR("AuthorizationPlugin")))
		return add_plugin(reading);
	if (str_equal(name, STR("virtualDirectory")))
		return add_directory(reading);
	if (str_equal(name, STR("application")))
		return take(reading, "applicationPool", &reading->application_pool);
	if (str_equal(name, STR("add")) && is_below(reading, "applicationPools"))
		return add_pool(reading);
	if (str_equal(name, STR("applicationPoolDefaults"))) {
		error = take(reading, "enable32BitAppOnWin64", &value);
		reading->file.is_32_by_default = is_true(value);
	} else if (str_equal(name, STR("applicationDefaults")) && is_below(reading, "sites")) {
		error = take(reading, "applicationPool", &reading->file.default_pool);
	}
	return error;
}

enum error iis_read(struct str text, struct arena *arena, struct iis_file *out, struct buf *why)
{
	struct reading reading = {.arena = arena, .why = why};
	enum error error = ERR_NONE;

	xml_init(&reading.xml, text);
	while (error == ERR_NONE && xml_next(&reading.xml) < XML_END) {
		if (reading.xml.event == XML_ELEMENT)
			error = see_element(&reading);
	}
	if (error == ERR_NONE && reading.xml.event == XML_FAILED) {
		buf_printf(why, "line %" PRIu32 ": %s", reading.xml.line, reading.xml.problem);
		return ERR_SYNTAX;
	}
	if (error == ERR_NONE)
		*out = reading.file;
	return error;
}

bool iis_is_32(const struct iis_file *host, const struct iis_directory *directory)
{
	struct str name = directory->pool.length != 0 ? directory->pool : host->default_pool;

	for (uint32_t i = 0; i < host->pool_count; i++) {
		if (str_equal_ascii_case(host->pools[i].name, name))
			return host->pools[i].is_set ? host->pools[i].is_32
						     : host->is_32_by_default;
	}
	return host->is_32_by_default;
}
