#include "server/version.h"

const char *server_version(void)
{
	return WSAUTHZ_VERSION;
}
