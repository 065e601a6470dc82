/* What the parts of pgm_needs_read() share; nobody else includes this. */
#pragma once

#include "postgres/needs.h"

G_BEGIN_DECLS

typedef struct
{
  PgmConnection *connection;
  const PgmServerInfo *server;
  PgmNeeds *needs;
  const char *role_literal;   /* for has_…_privilege(): "public" while there is no such role */
  const char *script_literal; /* the name in the script as a literal */
  const char *grantee;        /* quoted, in the script and in grants */
  const char *database;       /* quoted */
  GCancellable *cancellable;
} PgmNeedsReading;

/* Takes @name and @grant_sql. */
PgmNeed *
pgm_needs_take (PgmNeeds *self, PgmPurpose purpose, char *name, gboolean granted, char *grant_sql);

/* Schemas, tables, sequences, large objects and row security of the database, for those
 * who read it; CREATE on schemas for those who write. */
gboolean pgm_needs_read_objects (PgmNeedsReading *self,
                                 PgmPurpose purpose,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Transfer full. */
char *pgm_needs_write_script (PgmNeedsReading *self, PgmPurpose purposes);

G_END_DECLS
