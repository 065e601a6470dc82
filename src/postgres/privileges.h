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
  const char *side; /* static: where to run it, "source" or "destination"; NULL: not said */
} PgmMissingPrivilege;

void pgm_missing_privilege_free (PgmMissingPrivilege *self);

/* Says where, for all entries of @missing that don't say it yet. @side is static. */
void pgm_missing_privileges_set_side (GPtrArray *missing, const char *side);

/* What of a database is to be read. */
typedef struct
{
  gboolean (*needs_table) (guint32 oid, gpointer user_data);
  gboolean (*needs_schema) (const char *schema, gpointer user_data);
  gboolean large_objects;
  gpointer user_data;
} PgmPrivilegesScope;

/* What a source must allow for a plain clone: USAGE on schemas, SELECT on tables
 * and sequences, no row security in the way, large objects readable. Everything
 * that is in @scope (NULL: everything of the database) is looked at, one entry per
 * schema and kind. A superuser lacks nothing. Returns PgmMissingPrivilege, empty when
 * all is there. */
GPtrArray *pgm_privileges_check_source (PgmConnection *connection,
                                        const PgmServerInfo *server,
                                        const PgmPrivilegesScope *scope,
                                        GCancellable *cancellable,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a destination must allow: CREATE on the database and on the schemas that
 * are there already and will take objects, the right to give objects to their
 * owners (membership with the owner's rights, and those owners' CREATE on such a
 * schema). @owners and @schemas are parallel: objects of owners[i] go into
 * schemas[i]; NULL-terminated; either may be NULL. Roles and schemas that are
 * not there yet are left to others. */
GPtrArray *pgm_privileges_check_destination (PgmConnection *connection,
                                             const PgmServerInfo *server,
                                             const char *const *owners,
                                             const char *const *schemas,
                                             GCancellable *cancellable,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
