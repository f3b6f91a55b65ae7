/* For the files of this folder. */
#ifndef PLATFORM_PEER_WIN32_H
#define PLATFORM_PEER_WIN32_H

#include <windows.h>

#include "platform/peer.h"

/* Asks the system who is at the client's end of a connected pipe. */
void peer_of_pipe(HANDLE pipe, struct peer *out);

#endif
