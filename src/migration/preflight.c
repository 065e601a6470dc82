#include "config.h"

#include "migration/preflight-private.h"
#include "postgres/quote.h"

/* Names shown in a sentence before "and 12 more". */
#define NAMES_SHOWN 5

typedef struct
{
  const char *name;
  PgmPreflightCheck run;
} Check;

/* In the order in which people want to read them: the servers, who we are there,
 * what stands in the way on the destination, what is special at the source. */
static const Check checks[] = {
  { "source-version", pgm_preflight_check_source_version },
  { "destination-version", pgm_preflight_check_destination_version },
  { "same-database", pgm_preflight_check_same_database },
  { "destination-writable", pgm_preflight_check_destination_writable },
  { "standby", pgm_preflight_check_standby },
  { "pg-dump", pgm_preflight_check_pg_dump },
  { "source-privileges", pgm_preflight_check_source_privileges },
  { "destination-privileges", pgm_preflight_check_destination_privileges },
  { "roles", pgm_preflight_check_roles },
  { "superuser-objects", pgm_preflight_check_superuser_objects },
  { "destination-empty", pgm_preflight_check_destination_empty },
  { "destination-triggers", pgm_preflight_check_destination_triggers },
  { "encoding", pgm_preflight_check_encoding },
  { "locale", pgm_preflight_check_locale },
  { "collations", pgm_preflight_check_collations },
  { "source-collation-versions", pgm_preflight_check_source_collation_versions },
  { "destination-collation-versions", pgm_preflight_check_destination_collation_versions },
  { "extensions", pgm_preflight_check_extensions },
  { "languages", pgm_preflight_check_languages },
  { "types", pgm_preflight_check_types },
  { "tablespaces", pgm_preflight_check_tablespaces },
  { "disk-space", pgm_preflight_check_disk_space },
  { "source-locks", pgm_preflight_check_source_locks },
  { "destination-locks", pgm_preflight_check_destination_locks },
  { "source-connections", pgm_preflight_check_source_connections },
  { "destination-connections", pgm_preflight_check_destination_connections },
  { "own-schema", pgm_preflight_check_own_schema },
  { "replica-identity", pgm_preflight_check_replica_identity },
  { "unlogged-tables", pgm_preflight_check_unlogged_tables },
  { "foreign-tables", pgm_preflight_check_foreign_tables },
  { "temporary-tables", pgm_preflight_check_temporary_tables },
  { "row-security", pgm_preflight_check_row_security },
  { "large-objects", pgm_preflight_check_large_objects },
  { "invalid-indexes", pgm_preflight_check_invalid_indexes },
  { "old-transactions", pgm_preflight_check_old_transactions },
  { "locked-tables", pgm_preflight_check_locked_tables },
  { "event-triggers", pgm_preflight_check_event_triggers },
  { "publications", pgm_preflight_check_publications },
  { "subscriptions", pgm_preflight_check_subscriptions },
};

/* What following needs besides. */
static const Check follow_checks[] = {
  { "follow-wal-level", pgm_preflight_check_follow_wal_level },
  { "follow-standby", pgm_preflight_check_follow_standby },
  { "follow-replication", pgm_preflight_check_follow_replication },
  { "follow-slots", pgm_preflight_check_follow_slots },
  { "follow-publication", pgm_preflight_check_follow_publication },
  { "follow-identity", pgm_preflight_check_follow_identity },
  { "follow-left-out", pgm_preflight_check_follow_left_out },
  { "follow-retention", pgm_preflight_check_follow_retention },
  { "follow-old-transactions", pgm_preflight_check_follow_old_transactions },
  { "follow-origins", pgm_preflight_check_follow_origins },
  { "follow-triggers", pgm_preflight_check_follow_triggers },
  { "follow-row-security", pgm_preflight_check_follow_row_security },
  { "follow-same-cluster", pgm_preflight_check_follow_same_cluster },
  { "cutover-privileges", pgm_preflight_check_cutover },
};

void
pgm_preflight_add (PgmPreflight *self,
                   const char *name,
                   PgmCheckLevel level,
                   const char *fix_sql,
                   const char *format,
                   ...)
{
  g_autofree char *reason = NULL;
  va_list arguments;

  va_start (arguments, format);
  reason = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  pgm_report_add_check (self->report, name, level, reason, fix_sql);
}

PgmResult *
pgm_preflight_ask (PgmPreflight *self, PgmConnection *connection, const char *sql, GError **error)
{
  return pgm_connection_query (connection, sql, 0, NULL, self->cancellable, error);
}

gboolean
pgm_preflight_takes (PgmPreflight *self, const char *schema, const char *name)
{
  return self->filter == NULL || pgm_filter_takes (self->filter, schema, name);
}

gboolean
pgm_preflight_takes_schema (PgmPreflight *self, const char *schema)
{
  return self->filter == NULL || pgm_filter_takes_schema (self->filter, schema);
}

gboolean
pgm_preflight_takes_table_oid (PgmPreflight *self, guint32 table_oid)
{
  PgmTable *table =
      g_hash_table_lookup (self->catalog->tables_by_oid, GUINT_TO_POINTER (table_oid));

  return table != NULL && pgm_preflight_takes (self, table->schema, table->name);
}

char *
pgm_preflight_list (GPtrArray *names)
{
  GString *text = g_string_new (NULL);
  guint shown = names->len <= NAMES_SHOWN + 1 ? names->len : NAMES_SHOWN;

  for (guint i = 0; i < shown; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", (char *) g_ptr_array_index (names, i));
  if (shown < names->len)
    g_string_append_printf (text, " and %u more", names->len - shown);
  return g_string_free (text, FALSE);
}

char *
pgm_preflight_name (const char *schema, const char *name)
{
  return g_strdup_printf ("%s.%s", schema, name);
}

char *
pgm_preflight_count (guint64 count, const char *singular, const char *plural)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT " %s", count, count == 1 ? singular : plural);
}

char *
pgm_preflight_values (GPtrArray *names)
{
  GString *values = g_string_new (NULL);

  for (guint i = 0; i < names->len; i++)
    {
      g_string_append (values, i > 0 ? ", (" : "(");
      pgm_quote_append_literal (values, g_ptr_array_index (names, i));
      g_string_append_c (values, ')');
    }
  return g_string_free (values, names->len == 0);
}

gboolean
pgm_preflight_wants_schema (PgmPreflight *self)
{
  return !self->options->data_only;
}

gboolean
pgm_preflight_wants_data (PgmPreflight *self)
{
  return !self->options->schema_only;
}

/* A question that a server refuses (a managed service that took a right away)
 * must not hide the answers to the others. */
static gboolean
run_check (PgmPreflight *self, const Check *check, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;
  if (check->run (self, check->name, &local_error))
    return TRUE;
  if (g_error_matches (local_error, PGM_ERROR, PGM_ERROR_SQL))
    {
      pgm_preflight_add (self, check->name, PGM_CHECK_WARNING, NULL,
                         "This could not be checked: %s.", local_error->message);
      return TRUE;
    }
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static void
add_connections (PgmPreflight *self)
{
  g_autofree char *source = pgm_conninfo_describe (self->ends->source_info);
  g_autofree char *destination = pgm_conninfo_describe (self->ends->destination_info);

  pgm_preflight_add (self, "source-connection", PGM_CHECK_OK, NULL, "The source is %s.", source);
  pgm_preflight_add (self, "destination-connection", PGM_CHECK_OK, NULL, "The destination is %s.",
                     destination);
}

static gboolean
run_checks (PgmPreflight *self, const Check *list, gsize n, GError **error)
{
  for (gsize i = 0; i < n; i++)
    if (!run_check (self, &list[i], error))
      return FALSE;
  return TRUE;
}

static PgmPreflight
preflight_init (PgmEnds *ends,
                const PgmJobSpec *spec,
                PgmConnection *source,
                PgmConnection *destination,
                PgmCatalog *catalog,
                PgmFilter *filter,
                PgmReport *report,
                GCancellable *cancellable)
{
  return (PgmPreflight){
    .ends = ends,
    .options = spec->clone,
    .follow = spec->follow,
    .source = source,
    .destination = destination,
    .source_info = ends->source,
    .destination_info = ends->destination,
    .catalog = catalog,
    .filter = filter,
    .report = report,
    .cancellable = cancellable,
  };
}

gboolean
pgm_preflight_run (PgmEnds *ends,
                   const PgmJobSpec *spec,
                   PgmConnection *source,
                   PgmConnection *destination,
                   PgmCatalog *catalog,
                   PgmFilter *filter,
                   PgmReport *report,
                   GCancellable *cancellable,
                   GError **error)
{
  PgmPreflight self =
      preflight_init (ends, spec, source, destination, catalog, filter, report, cancellable);

  if (self.options == NULL)
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "the job says nothing of what to clone");
      return FALSE;
    }
  add_connections (&self);
  return run_checks (&self, checks, G_N_ELEMENTS (checks), error) &&
         (self.follow == NULL ||
          run_checks (&self, follow_checks, G_N_ELEMENTS (follow_checks), error));
}

gboolean
pgm_preflight_run_follow (PgmEnds *ends,
                          const PgmJobSpec *spec,
                          PgmConnection *source,
                          PgmConnection *destination,
                          PgmCatalog *catalog,
                          PgmFilter *filter,
                          PgmReport *report,
                          GCancellable *cancellable,
                          GError **error)
{
  PgmPreflight self =
      preflight_init (ends, spec, source, destination, catalog, filter, report, cancellable);

  add_connections (&self);
  return run_checks (&self, follow_checks, G_N_ELEMENTS (follow_checks), error);
}

gboolean
pgm_preflight_refuse (const PgmReport *report, GError **error)
{
  g_autoptr (GString) detail = g_string_new (NULL);
  const char *fix = NULL;
  guint n = 0;

  for (guint i = 0; i < report->checks->len; i++)
    {
      const PgmCheck *check = g_ptr_array_index (report->checks, i);

      if (check->level != PGM_CHECK_BLOCKER)
        continue;
      g_string_append_printf (detail, "%s%s: %s", n++ > 0 ? "\n" : "", check->name, check->reason);
      if (fix == NULL)
        fix = check->fix_sql;
    }
  if (n == 0)
    return TRUE;
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, detail->str, fix,
                      n == 1 ? "a check of the preflight stands in the way"
                             : "%u checks of the preflight stand in the way",
                      n);
  return FALSE;
}
