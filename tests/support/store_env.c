#include "support/store_env.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static enum error create_private(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST ? ERR_EXISTS : ERR_IO;
	close(fd);
	return ERR_NONE;
}

static enum error make_readonly(const char *path)
{
	return chmod(path, 0400) == 0 ? ERR_NONE : ERR_IO;
}

static enum error list_names(const char *directory,
			     enum error (*on_name)(void *arg, const char *name), void *arg)
{
	DIR *stream = opendir(directory);
	enum error error = ERR_NONE;
	struct dirent *entry;

	if (stream == NULL)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	while (error == ERR_NONE && (entry = readdir(stream)) != NULL)
		error = on_name(arg, entry->d_name);
	closedir(stream);
	return error;
}

struct store_env store_env_make(const char *vfs)
{
	return (struct store_env){
		.create_private = create_private,
		.make_readonly = make_readonly,
		.list_names = list_names,
		.vfs = vfs,
		.hash_key = {0x736f6d6520746573, 0x74206b6579206f66},
	};
}

static struct str format(char *out, size_t size, const char *text, uint32_t number)
{
	int length = snprintf(out, size, "%s%u", text, number);

	return str_make(out, (size_t)length);
}

void store_row_make(uint32_t number, struct store_row_texts *texts, struct audit_row *row)
{
	uint32_t user = number % 1000;
	bool denied = number % 10 == 0;

	texts->groups[0] = STR("S-1-5-21-3623811015-3361044348-30300820-513");
	texts->groups[1] = STR("S-1-5-32-545");
	texts->groups[2] = STR("S-1-5-32-580");
	texts->deny_only[0] = STR("S-1-5-32-544");
	texts->policies[0] = format(texts->policy, sizeof(texts->policy), "policy", number % 7);
	*row = (struct audit_row){
		.wall_us = INT64_C(1767225600000000) + number * INT64_C(1000),
		.boot_ms = 1000000 + number,
		.utc_offset_minutes = 60,
		.application = STR("http://schemas.microsoft.com/powershell"),
		.principal = format(texts->sid, sizeof(texts->sid),
				    "S-1-5-21-3623811015-3361044348-30300820-", 1000 + user),
		.user = format(texts->user, sizeof(texts->user), "CONTOSO\\User", user),
		.user_folded = format(texts->user_folded, sizeof(texts->user_folded),
				      "contoso\\user", user),
		.mechanism = STR("Kerberos"),
		.groups = {texts->groups, 3},
		.deny_only_groups = {texts->deny_only, 1},
		.kind = AUDIT_AUTHORIZE_OPERATION,
		.action = STR("Invoke"),
		.action_uri = STR("http://schemas.microsoft.com/wbem/wsman/1/windows/shell/send"),
		.resource_uri = format(texts->resource, sizeof(texts->resource),
				       "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/"
				       "class",
				       number % 50),
		.context = STR("{\"mechanism\":\"Kerberos\",\"hasToken\":true,\"elevated\":false,"
			       "\"url\":{\"scheme\":\"https\",\"host\":\"srv1.contoso.com\","
			       "\"port\":5986,\"path\":\"/powershell\"}}"),
		.verdict = denied ? AUDIT_DENY : AUDIT_ALLOW,
		.code = denied ? 5 : 0,
		.source = STR("policy"),
		.policy_revision = 17,
		.policies = {texts->policies, 1},
		.record_id = {(uint8_t)user, (uint8_t)(user >> 8), 1},
		.connection = 3,
		.peer = STR("uid:33"),
		.peer_pid = 4242,
		.latency_us = 150 + number % 100,
	};
}
