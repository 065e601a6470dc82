/* Passwords inside connection strings: finding them without libpq, so that the
 * command line can wipe them from its arguments and a specification can be kept
 * without them. Knows both forms of a connection string: a URI
 * (postgresql://user:PASSWORD@host/db?password=PASSWORD) and keywords
 * (host=… password='…'). Source: PostgreSQL documentation, "Connection Strings". */
#pragma once

#include "core/secret.h"

G_BEGIN_DECLS

/* The first password at or after @offset: where its text starts in @dsn and how
 * many bytes it has. FALSE when there is none. */
gboolean pgm_dsn_find_password (const char *dsn, gsize offset, gsize *start, gsize *length);

/* @dsn without any password; *@password is the last one found (as libpq lets the
 * last one win), decoded, or NULL. Both transfer full. */
char *pgm_dsn_split_password (const char *dsn, PgmSecret **password);

/* Overwrites every password in @dsn, that of a client key (sslpassword) too, in
 * place, with '*'. */
void pgm_dsn_mask_password (char *dsn);

G_END_DECLS
