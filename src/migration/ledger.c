#include "migration/ledger.h"

#include "postgres/quote.h"

static const char create_sql[] =
    "CREATE SCHEMA IF NOT EXISTS pgmanager;"
    "CREATE TABLE pgmanager.clone_job ("
    "  job_id text NOT NULL, system_identifier numeric NOT NULL, database text NOT NULL,"
    "  options text NOT NULL, fingerprint text, started_at timestamptz NOT NULL DEFAULT now());"
    "CREATE TABLE pgmanager.clone_phase ("
    "  name text PRIMARY KEY, finished_at timestamptz NOT NULL DEFAULT now());"
    "CREATE TABLE pgmanager.clone_part ("
    "  table_schema text, table_name text, part int, parts int NOT NULL, condition text,"
    "  relfilenode oid NOT NULL, snapshot text NOT NULL, snapshot_lsn pg_lsn NOT NULL,"
    "  system_identifier numeric NOT NULL, rows bigint NOT NULL,"
    "  finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),"
    "  PRIMARY KEY (table_schema, table_name, part));"
    "CREATE TABLE pgmanager.clone_large_object (object oid PRIMARY KEY);"
    "CREATE TABLE pgmanager.clone_trigger ("
    "  table_schema text, table_name text, trigger_name text, enabled \"char\" NOT NULL,"
    "  PRIMARY KEY (table_schema, table_name, trigger_name))";

static gboolean
ledger_exists (PgmConnection *destination,
               gboolean *exists,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (PgmResult) found =
      pgm_connection_query (destination,
                            "SELECT to_regnamespace('pgmanager') IS NOT NULL,"
                            " to_regclass('pgmanager.clone_job') IS NOT NULL"
                            "   AND to_regclass('pgmanager.clone_part') IS NOT NULL"
                            "   AND to_regclass('pgmanager.clone_large_object') IS NOT NULL"
                            "   AND to_regclass('pgmanager.clone_trigger') IS NOT NULL,"
                            " to_regclass('pgmanager.follow_job') IS NOT NULL",
                            0, NULL, cancellable, error);

  if (found == NULL)
    return FALSE;
  *exists = pgm_result_get_bool (found, 0, 1);
  if (pgm_result_get_bool (found, 0, 0) && !*exists && !pgm_result_get_bool (found, 0, 2))
    {
      pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL,
                          "A clone keeps its ledger in a schema of that name while it runs.",
                          "Rename or drop the schema, or clone into another database.",
                          "the destination has a schema “pgmanager” that is not a clone's");
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_phases (PgmLedger *self, PgmConnection *destination, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmResult) rows = pgm_connection_query (
      destination, "SELECT name FROM pgmanager.clone_phase", 0, NULL, cancellable, error);

  if (rows == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    g_hash_table_add (self->phases, g_strdup (pgm_result_get (rows, row, 0)));
  return TRUE;
}

static gboolean
read_tables (PgmLedger *self, PgmConnection *destination, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmResult) rows = pgm_connection_query (
      destination,
      "SELECT table_schema, table_name, count(*) = min(parts) AND min(parts) = max(parts)"
      "   AND min(snapshot || snapshot_lsn) = max(snapshot || snapshot_lsn)"
      "  FROM pgmanager.clone_part GROUP BY 1, 2",
      0, NULL, cancellable, error);

  if (rows == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    g_hash_table_insert (
        self->tables,
        pgm_quote_qualified (pgm_result_get (rows, row, 0), pgm_result_get (rows, row, 1)),
        GINT_TO_POINTER (pgm_result_get_bool (rows, row, 2)));
  return TRUE;
}

gboolean
pgm_ledger_read (PgmConnection *destination,
                 PgmLedger **ledger,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (PgmLedger) self = NULL;
  g_autoptr (PgmResult) job = NULL;
  gboolean exists = FALSE;

  *ledger = NULL;
  if (!ledger_exists (destination, &exists, cancellable, error))
    return FALSE;
  if (!exists)
    return TRUE;
  job = pgm_connection_query (
      destination,
      "SELECT job_id, system_identifier, database, options, fingerprint FROM pgmanager.clone_job",
      0, NULL, cancellable, error);
  if (job == NULL)
    return FALSE;
  if (pgm_result_get_rows (job) != 1)
    {
      pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL, "Start anew with --drop-existing.",
                          "the ledger on the destination is damaged");
      return FALSE;
    }
  self = g_new0 (PgmLedger, 1);
  self->job_id = g_strdup (pgm_result_get (job, 0, 0));
  self->system_identifier = g_ascii_strtoull (pgm_result_get_or (job, 0, 1, "0"), NULL, 10);
  self->database = g_strdup (pgm_result_get (job, 0, 2));
  self->options = g_strdup (pgm_result_get (job, 0, 3));
  self->fingerprint = g_strdup (pgm_result_get (job, 0, 4));
  self->phases = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->tables = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!read_phases (self, destination, cancellable, error) ||
      !read_tables (self, destination, cancellable, error))
    return FALSE;
  *ledger = g_steal_pointer (&self);
  return TRUE;
}

void
pgm_ledger_free (PgmLedger *self)
{
  if (self == NULL)
    return;
  g_free (self->job_id);
  g_free (self->database);
  g_free (self->options);
  g_free (self->fingerprint);
  g_clear_pointer (&self->phases, g_hash_table_unref);
  g_clear_pointer (&self->tables, g_hash_table_unref);
  g_free (self);
}

gboolean
pgm_ledger_create (PgmConnection *destination,
                   const char *job_id,
                   guint64 system_identifier,
                   const char *database,
                   const char *options,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (GString) sql = g_string_new (create_sql);

  g_string_append (
      sql,
      "; INSERT INTO pgmanager.clone_job (job_id, system_identifier, database, options) VALUES (");
  pgm_quote_append_literal (sql, job_id);
  g_string_append_printf (sql, ", %" G_GUINT64_FORMAT ", ", system_identifier);
  pgm_quote_append_literal (sql, database);
  g_string_append (sql, ", ");
  pgm_quote_append_literal (sql, options);
  g_string_append (sql, ")");
  /* Several statements in one string are one transaction. */
  return pgm_connection_exec (destination, sql->str, cancellable, error);
}

gboolean
pgm_ledger_drop (PgmConnection *destination, GCancellable *cancellable, GError **error)
{
  return pgm_connection_exec (
             destination,
             "DROP TABLE IF EXISTS pgmanager.clone_job, pgmanager.clone_phase,"
             " pgmanager.clone_part, pgmanager.clone_large_object, pgmanager.clone_trigger",
             cancellable, error) &&
         pgm_ledger_drop_schema (destination, cancellable, error);
}

/* Not by CASCADE: it would take what somebody else put there. */
gboolean
pgm_ledger_drop_schema (PgmConnection *destination, GCancellable *cancellable, GError **error)
{
  g_autofree char *left = pgm_connection_query_value (
      destination,
      "SELECT count(*) FROM pg_depend d"
      " WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass"
      "   AND d.refobjid = to_regnamespace('pgmanager') AND d.deptype = 'n'",
      0, NULL, cancellable, error);

  if (left == NULL)
    return FALSE;
  return !g_str_equal (left, "0") ||
         pgm_connection_exec (destination, "DROP SCHEMA IF EXISTS pgmanager", cancellable, error);
}

gboolean
pgm_ledger_mark (PgmConnection *destination,
                 const char *phase,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (GString) sql = g_string_new ("INSERT INTO pgmanager.clone_phase (name) VALUES (");

  pgm_quote_append_literal (sql, phase);
  g_string_append (sql, ") ON CONFLICT DO NOTHING");
  return pgm_connection_exec (destination, sql->str, cancellable, error);
}

gboolean
pgm_ledger_set_fingerprint (PgmConnection *destination,
                            const char *fingerprint,
                            GCancellable *cancellable,
                            GError **error)
{
  g_autoptr (GString) sql = g_string_new ("UPDATE pgmanager.clone_job SET fingerprint = ");

  pgm_quote_append_literal (sql, fingerprint);
  return pgm_connection_exec (destination, sql->str, cancellable, error);
}

void
pgm_ledger_append_parts (GString *sql,
                         const PgmBatch *batch,
                         const guint64 *rows,
                         const PgmLedgerOrigin *origin)
{
  char lsn[PGM_LSN_TEXT_SIZE];

  pgm_lsn_format (origin->lsn, lsn);
  g_string_append (
      sql, "INSERT INTO pgmanager.clone_part (table_schema, table_name, part, parts, condition,"
           " relfilenode, snapshot, snapshot_lsn, system_identifier, rows) VALUES ");
  for (guint i = 0; i < batch->parts->len; i++)
    {
      const PgmPart *part = g_ptr_array_index (batch->parts, i);
      const PgmTable *table = part->entry->table;

      g_string_append (sql, i > 0 ? ", (" : "(");
      pgm_quote_append_literal (sql, table->schema);
      g_string_append (sql, ", ");
      pgm_quote_append_literal (sql, table->name);
      g_string_append_printf (sql, ", %u, %u, ", part->number, part->entry->n_parts);
      pgm_quote_append_literal (sql, part->condition);
      g_string_append_printf (sql, ", %u, ", table->relfilenode);
      pgm_quote_append_literal (sql, origin->snapshot);
      g_string_append_printf (sql, ", '%s', %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT ")", lsn,
                              origin->system_identifier, rows[i]);
    }
}

static gboolean
lookup_table (const PgmLedger *self, const PgmTable *table, gboolean *complete)
{
  g_autofree char *name = pgm_quote_qualified (table->schema, table->name);
  gpointer value = NULL;

  if (!g_hash_table_lookup_extended (self->tables, name, NULL, &value))
    return FALSE;
  *complete = GPOINTER_TO_INT (value);
  return TRUE;
}

gboolean
pgm_ledger_has_table (const PgmLedger *self, const PgmTable *table)
{
  gboolean complete = FALSE;

  return lookup_table (self, table, &complete) && complete;
}

gboolean
pgm_ledger_has_part_of (const PgmLedger *self, const PgmTable *table)
{
  gboolean complete = FALSE;

  return lookup_table (self, table, &complete);
}

static void
append_patterns (GString *text, const char *name, const char *const *patterns)
{
  g_string_append_printf (text, " %s=[", name);
  for (gsize i = 0; patterns != NULL && patterns[i] != NULL; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", patterns[i]);
  g_string_append_c (text, ']');
}

char *
pgm_ledger_describe_options (const PgmCloneOptions *options)
{
  g_autoptr (GString) text = g_string_new (options->schema_only ? "schema-only"
                                           : options->data_only ? "data-only"
                                                                : "all");

  if (options->no_owner)
    g_string_append (text, " no-owner");
  if (options->no_acl)
    g_string_append (text, " no-acl");
  append_patterns (text, "include", (const char *const *) options->include);
  append_patterns (text, "exclude", (const char *const *) options->exclude);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
