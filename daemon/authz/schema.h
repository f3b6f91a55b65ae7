/* The schema of the policies, schema/wsauthz.cedarschema, as a part of the program. */
#ifndef AUTHZ_SCHEMA_H
#define AUTHZ_SCHEMA_H

#include "base/str.h"

/* The name of the schema in messages. */
#define SCHEMA_NAME "wsauthz.cedarschema"

/* The text of the file the program was built with. */
struct str schema_text(void);

#endif
