/* What the files of the preflight share; nobody else includes this.
 *
 * One function per check. It adds lines to the report through
 * pgm_preflight_add() and returns FALSE only when it could not ask. */
#pragma once

#include "migration/preflight.h"

G_BEGIN_DECLS

typedef struct
{
  PgmEnds *ends;
  const PgmCloneOptions *options; /* NULL: changes only */
  const PgmFollowOptions *follow; /* NULL: none */
  PgmConnection *source;
  PgmConnection *destination;
  const PgmServerInfo *source_info;
  const PgmServerInfo *destination_info;
  PgmCatalog *catalog;
  PgmFilter *filter; /* may be NULL */
  PgmReport *report;
  GCancellable *cancellable;
} PgmPreflight;

/* Conditions in SQL: n is a pg_namespace of people; a pair (class, oid) IN these
 * belongs to an extension and comes with it. */
#define PGM_PREFLIGHT_USER_SCHEMA                                                                  \
  " left(n.nspname, 3) <> 'pg_' AND n.nspname NOT IN ('information_schema', 'pgmanager') "
#define PGM_PREFLIGHT_MEMBERS " (SELECT e.classid, e.objid FROM pg_depend e WHERE e.deptype = 'e') "

typedef gboolean (*PgmPreflightCheck) (PgmPreflight *self, const char *name, GError **error);

/* Adds a line. @fix_sql may be NULL. */
void pgm_preflight_add (PgmPreflight *self,
                        const char *name,
                        PgmCheckLevel level,
                        const char *fix_sql,
                        const char *format,
                        ...) G_GNUC_PRINTF (5, 6);

PgmResult *pgm_preflight_ask (PgmPreflight *self,
                              PgmConnection *connection,
                              const char *sql,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

gboolean pgm_preflight_takes (PgmPreflight *self, const char *schema, const char *name);
gboolean pgm_preflight_takes_schema (PgmPreflight *self, const char *schema);
gboolean pgm_preflight_takes_table_oid (PgmPreflight *self, guint32 table_oid);

/* "a, b, c and 12 more", of char *. Transfer full. */
char *pgm_preflight_list (GPtrArray *names);

/* "schema.name", as people write it. Transfer full. */
char *pgm_preflight_name (const char *schema, const char *name);

/* "1 table", "12 tables". Transfer full. */
char *pgm_preflight_count (guint64 count, const char *singular, const char *plural);

/* ('a'), ('b'): rows for a VALUES list, NULL for an empty array. Transfer full. */
char *pgm_preflight_values (GPtrArray *names);

/* Schema restored, rows copied. */
gboolean pgm_preflight_wants_schema (PgmPreflight *self);
gboolean pgm_preflight_wants_data (PgmPreflight *self);

/* preflight-servers.c */
gboolean pgm_preflight_check_source_version (PgmPreflight *self, const char *name, GError **error);
gboolean
pgm_preflight_check_destination_version (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_pg_dump (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_same_database (PgmPreflight *self, const char *name, GError **error);
gboolean
pgm_preflight_check_destination_writable (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_standby (PgmPreflight *self, const char *name, GError **error);

/* preflight-capacity.c */
gboolean pgm_preflight_check_source_locks (PgmPreflight *self, const char *name, GError **error);
gboolean
pgm_preflight_check_destination_locks (PgmPreflight *self, const char *name, GError **error);
gboolean
pgm_preflight_check_source_connections (PgmPreflight *self, const char *name, GError **error);
gboolean
pgm_preflight_check_destination_connections (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_disk_space (PgmPreflight *self, const char *name, GError **error);

/* preflight-locale.c */
gboolean pgm_preflight_check_encoding (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_locale (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_collations (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_source_collation_versions (PgmPreflight *self,
                                                        const char *name,
                                                        GError **error);
gboolean pgm_preflight_check_destination_collation_versions (PgmPreflight *self,
                                                             const char *name,
                                                             GError **error);

/* preflight-roles.c */
gboolean
pgm_preflight_check_source_privileges (PgmPreflight *self, const char *name, GError **error);
gboolean
pgm_preflight_check_destination_privileges (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_roles (PgmPreflight *self, const char *name, GError **error);
gboolean
pgm_preflight_check_superuser_objects (PgmPreflight *self, const char *name, GError **error);

/* preflight-destination.c */
gboolean
pgm_preflight_check_destination_empty (PgmPreflight *self, const char *name, GError **error);
gboolean
pgm_preflight_check_destination_triggers (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_tablespaces (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_types (PgmPreflight *self, const char *name, GError **error);

/* preflight-extensions.c */
gboolean pgm_preflight_check_extensions (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_languages (PgmPreflight *self, const char *name, GError **error);

/* preflight-source.c */
gboolean pgm_preflight_check_own_schema (PgmPreflight *self, const char *name, GError **error);
gboolean
pgm_preflight_check_replica_identity (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_unlogged_tables (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_foreign_tables (PgmPreflight *self, const char *name, GError **error);
gboolean
pgm_preflight_check_temporary_tables (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_row_security (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_large_objects (PgmPreflight *self, const char *name, GError **error);
gboolean
pgm_preflight_check_old_transactions (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_locked_tables (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_invalid_indexes (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_event_triggers (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_publications (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_subscriptions (PgmPreflight *self, const char *name, GError **error);

/* preflight-follow.c, preflight-follow-destination.c */
gboolean
pgm_preflight_check_follow_wal_level (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_follow_standby (PgmPreflight *self, const char *name, GError **error);
gboolean
pgm_preflight_check_follow_replication (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_follow_slots (PgmPreflight *self, const char *name, GError **error);
gboolean
pgm_preflight_check_follow_publication (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_follow_identity (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_follow_left_out (PgmPreflight *self, const char *name, GError **error);
gboolean
pgm_preflight_check_follow_retention (PgmPreflight *self, const char *name, GError **error);
gboolean
pgm_preflight_check_follow_old_transactions (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_follow_origins (PgmPreflight *self, const char *name, GError **error);
gboolean pgm_preflight_check_follow_triggers (PgmPreflight *self, const char *name, GError **error);
gboolean
pgm_preflight_check_follow_row_security (PgmPreflight *self, const char *name, GError **error);
/* preflight-cutover.c */
gboolean pgm_preflight_check_cutover (PgmPreflight *self, const char *name, GError **error);

gboolean
pgm_preflight_check_follow_same_cluster (PgmPreflight *self, const char *name, GError **error);

G_END_DECLS
