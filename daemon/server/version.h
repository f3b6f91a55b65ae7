/* The version of the daemon. */
#ifndef SERVER_VERSION_H
#define SERVER_VERSION_H

/* Such as "1.0.0"; the build says it. */
const char *server_version(void);

#endif
