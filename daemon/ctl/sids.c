#include "ctl/sids.h"

#include "authz/sid.h"
#include "authz/snapshot.h"
#include "ctl/output.h"
#include "platform/peer.h"
#include "platform/process.h"

void sids_init(struct sids *sids, const struct ctl *ctl)
{
	*sids = (struct sids){.ctl = ctl};
	arena_init(&sids->arena, 4096, SIZE_MAX);
}

void sids_deinit(struct sids *sids)
{
	if (sids->is_read) {
		names_deinit(&sids->names);
		policy_source_deinit(&sids->source);
	}
	arena_deinit(&sids->arena);
}

/* Reads directory.json of the policy that serves, as far as the database tells. */
static bool read_names(struct sids *sids)
{
	enum error error = ERR_NONE;
	struct cedar_diags diags;
	struct hash_key key;

	if (sids->is_read)
		return true;
	if (platform_random(&key, sizeof(key)) != ERR_NONE)
		return false;
	sids->is_read = true;
	names_init(&sids->names, &sids->arena, key, account_find_sid);
	if (policy_source_open(&sids->source, sids->ctl, "active") != CTL_DONE)
		return false;
	cedar_diags_init(&diags);
	for (size_t i = 0; i < sids->source.file_count && error == ERR_NONE; i++) {
		const struct snapshot_file *file = &sids->source.files[i];

		if (str_equal(file->name, STR(SNAPSHOT_FILE_NAMES)))
			error = names_read_directory(&sids->names, file->name, file->text, &diags);
	}
	cedar_diags_deinit(&diags);
	return error == ERR_NONE;
}

bool sids_resolve(struct sids *sids, const char *option, const char *text, struct str *sid)
{
	struct cedar_resolver resolver;
	struct str meant = str_from(text);

	if (sid_valid(meant)) {
		*sid = meant;
		return true;
	}
	if (!read_names(sids)) {
		output_error("%s: '%s' is no SID, and names cannot be read; give a SID such as "
			     "S-1-5-21-1-2-3-1001",
			     option, text);
		return false;
	}
	resolver = names_resolver(&sids->names);
	if (resolver.resolve(resolver.arg, STR("WinRM::Group"), str_from(text), &meant) ==
		    CEDAR_NAME_UNKNOWN ||
	    sids->names.failed != ERR_NONE) {
		output_error("%s: '%s' is neither a SID such as S-1-5-21-1-2-3-1001 nor a name in "
			     "directory.json of revision %llu",
			     option, text, (unsigned long long)sids->source.revision);
		return false;
	}
	*sid = meant;
	return true;
}
