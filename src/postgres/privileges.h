/* What our role may do, asked with has_*_privilege(), and the statement that
 * would grant what is missing, right for the server's version. */
#pragma once

#include "postgres/server.h"

G_BEGIN_DECLS

typedef struct
{
  char *subject; /* what is needed: "read table shop.orders", "create schemas in database shop" */
  char *fix_sql; /* the exact statement; who must run it is said in @note */
  char *note;    /* may be NULL */
} PgmMissingPrivilege;

void pgm_missing_privilege_free (PgmMissingPrivilege *self);

/* What a source must allow for a plain clone: CONNECT, USAGE on schemas, SELECT
 * on tables and sequences, no row security in the way, large objects readable.
 * @schemas, @tables: quoted names limited to what is copied (NULL: everything).
 * Returns PgmMissingPrivilege, empty when all is there. */
GPtrArray *pgm_privileges_check_source (PgmConnection *connection,
                                        const PgmServerInfo *server,
                                        GCancellable *cancellable,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a destination must allow: CONNECT, CREATE on the database and on public
 * when it is used, membership in the roles that will own objects. */
GPtrArray *pgm_privileges_check_destination (PgmConnection *connection,
                                             const PgmServerInfo *server,
                                             const char *const *owners,
                                             GCancellable *cancellable,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
