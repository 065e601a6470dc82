#include "config.h"

#include "migration/preflight-private.h"
#include "core/units.h"
#include "postgres/quote.h"

/* Transactions older than this are worth a word. */
#define OLD_TRANSACTION_SECONDS 300

typedef gboolean (*TableTest) (const PgmTable *table);

/* The schema of our ledger is never cloned, so it must not be somebody else's. */
gboolean
pgm_preflight_check_own_schema (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) result = pgm_preflight_ask (
      self, self->source,
      "SELECT to_regclass('pgmanager.clone_job') IS NOT NULL FROM pg_namespace WHERE nspname = 'pgmanager'",
      error);

  if (result == NULL)
    return FALSE;
  if (pgm_result_get_rows (result) == 0 || !pgm_preflight_takes_schema (self, "pgmanager"))
    return TRUE;
  if (pgm_result_get_bool (result, 0, 0))
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, NULL,
                       "The source is itself the destination of a clone that is not finished; its"
                       " ledger, the schema pgmanager, is left out.");
  else
    pgm_preflight_add (
        self, name, PGM_CHECK_BLOCKER, "ALTER SCHEMA pgmanager RENAME TO another_name;",
        "The source has a schema pgmanager, and a clone keeps its own ledger in a"
        " schema of that name. Rename it, or leave it out with --exclude pgmanager.");
  return TRUE;
}

/* The names of the tables that take part and pass @test. */
static GPtrArray *
tables_that (PgmPreflight *self, TableTest test)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < self->catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (self->catalog->tables, i);

      if (test (table) && pgm_preflight_takes (self, table->schema, table->name))
        g_ptr_array_add (names, pgm_preflight_name (table->schema, table->name));
    }
  return names;
}

static gboolean
has_no_identity (const PgmTable *table)
{
  if (table->kind != 'r' && table->kind != 'p')
    return FALSE;
  return table->replica_identity == 'n' ||
         (table->replica_identity == 'd' && !table->has_primary_key);
}

gboolean
pgm_preflight_check_replica_identity (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) tables = tables_that (self, has_no_identity);
  g_autofree char *list = pgm_preflight_list (tables);
  g_autofree char *count = pgm_preflight_count (tables->len, "table has", "tables have");

  if (tables->len == 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL, "Every table has a replica identity.");
  else
    pgm_preflight_add (
        self, name, PGM_CHECK_OK, NULL,
        "%s no replica identity (%s): no matter for a clone, but changes of them could"
        " not be followed.",
        count, list);
  return TRUE;
}

static gboolean
is_unlogged (const PgmTable *table)
{
  return table->kind == 'r' && table->persistence == 'u';
}

gboolean
pgm_preflight_check_unlogged_tables (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) tables = tables_that (self, is_unlogged);
  g_autofree char *list = pgm_preflight_list (tables);
  g_autofree char *count = pgm_preflight_count (tables->len, "unlogged table", "unlogged tables");

  if (tables->len == 0)
    return TRUE;
  if (self->source_info->in_recovery && pgm_preflight_wants_data (self))
    pgm_preflight_add (
        self, name, PGM_CHECK_BLOCKER, NULL,
        "A standby does not have the rows of %s: %s. Leave them out with --exclude, or"
        " clone from the primary.",
        count, list);
  else
    pgm_preflight_add (
        self, name, PGM_CHECK_WARNING, NULL,
        "%s will be cloned as such, and a crash of the destination will empty what is unlogged"
        " there: %s.",
        count, list);
  return TRUE;
}

static gboolean
is_foreign (const PgmTable *table)
{
  return table->kind == 'f';
}

gboolean
pgm_preflight_check_foreign_tables (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) tables = tables_that (self, is_foreign);
  g_autofree char *list = pgm_preflight_list (tables);
  g_autofree char *count = pgm_preflight_count (tables->len, "foreign table", "foreign tables");

  if (tables->len > 0)
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, NULL,
                       "Of %s only the definition is cloned; the rows stay on the foreign server,"
                       " which the destination must be able to reach: %s.",
                       count, list);
  return TRUE;
}

gboolean
pgm_preflight_check_temporary_tables (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) result = pgm_preflight_ask (
      self, self->source,
      "SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relkind IN ('r', 'p')", error);
  g_autofree char *count = NULL;

  if (result == NULL)
    return FALSE;
  count = pgm_preflight_count ((guint64) pgm_result_get_int64 (result, 0, 0),
                               "temporary table belongs", "temporary tables belong");
  if (pgm_result_get_int64 (result, 0, 0) > 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "%s to sessions of the source and will not be cloned.", count);
  return TRUE;
}

static gboolean
has_row_security (const PgmTable *table)
{
  return table->row_security;
}

/* Whether our role sees all rows is a matter of privileges and checked there. */
gboolean
pgm_preflight_check_row_security (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) tables = tables_that (self, has_row_security);
  g_autofree char *list = pgm_preflight_list (tables);
  g_autofree char *count = pgm_preflight_count (tables->len, "table", "tables");

  if (tables->len > 0)
    pgm_preflight_add (
        self, name, PGM_CHECK_OK, NULL,
        "%s with row security (%s): all rows are read, the policies come after them.", count, list);
  return TRUE;
}

gboolean
pgm_preflight_check_large_objects (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) result = pgm_preflight_ask (
      self, self->source,
      "SELECT count(*), pg_total_relation_size('pg_catalog.pg_largeobject'::pg_catalog.regclass)"
      " FROM pg_largeobject_metadata",
      error);
  g_autofree char *count = NULL;
  g_autofree char *size = NULL;
  guint64 objects;

  if (result == NULL)
    return FALSE;
  objects = (guint64) pgm_result_get_int64 (result, 0, 0);
  if (objects == 0)
    return TRUE;
  count = pgm_preflight_count (objects, "large object is", "large objects are");
  size = pgm_format_bytes ((guint64) pgm_result_get_int64 (result, 0, 1));
  if (self->options->include != NULL && self->options->include[0] != NULL)
    pgm_preflight_add (
        self, name, PGM_CHECK_WARNING, NULL,
        "%s left out with --include, since none belongs to a table: %s at the source.", count,
        size);
  else
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "%s cloned with owner and privileges, %s at the source.", count, size);
  return TRUE;
}

/* What others do is only half visible without pg_read_all_stats: xact_start is
 * NULL then, but the snapshot's horizon is not. */
static const char old_transactions_sql[] =
    "SELECT a.pid, coalesce(a.usename, ''), coalesce(a.state, ''),"
    "   extract(epoch FROM clock_timestamp() - a.xact_start)::int8"
    " FROM pg_stat_activity a WHERE a.pid <> pg_backend_pid() AND a.datname = current_database()"
    "   AND a.xact_start < clock_timestamp() - interval '%d seconds'"
    " ORDER BY a.xact_start";

static const char prepared_sql[] =
    "SELECT gid, extract(epoch FROM clock_timestamp() - prepared)::int8 FROM pg_prepared_xacts"
    " WHERE database = current_database() ORDER BY prepared";

static gboolean
add_prepared (PgmPreflight *self, const char *name, gboolean *found, GError **error)
{
  g_autoptr (PgmResult) result = pgm_preflight_ask (self, self->source, prepared_sql, error);
  g_autofree char *count = NULL;
  g_autofree char *age = NULL;
  g_autofree char *literal = NULL;
  g_autofree char *fix = NULL;

  if (result == NULL)
    return FALSE;
  if (pgm_result_get_rows (result) == 0)
    return TRUE;
  *found = TRUE;
  count = pgm_preflight_count (pgm_result_get_rows (result), "prepared transaction is",
                               "prepared transactions are");
  literal = pgm_quote_literal (pgm_result_get (result, 0, 0));
  age = pgm_format_duration ((double) pgm_result_get_int64 (result, 0, 1));
  fix = g_strdup_printf ("ROLLBACK PREPARED %s; -- or COMMIT PREPARED", literal);
  pgm_preflight_add (self, name, PGM_CHECK_WARNING, fix,
                     "%s open at the source, the oldest (%s) for %s; what was changed there is not"
                     " part of the clone, and tables locked there make it wait.",
                     count, pgm_result_get (result, 0, 0), age);
  return TRUE;
}

gboolean
pgm_preflight_check_old_transactions (PgmPreflight *self, const char *name, GError **error)
{
  g_autofree char *sql = g_strdup_printf (old_transactions_sql, OLD_TRANSACTION_SECONDS);
  g_autoptr (PgmResult) result = pgm_preflight_ask (self, self->source, sql, error);
  gboolean found = FALSE;

  if (result == NULL)
    return FALSE;
  found = pgm_result_get_rows (result) > 0;
  if (found)
    {
      g_autofree char *count = pgm_preflight_count (pgm_result_get_rows (result), "transaction has",
                                                    "transactions have");
      g_autofree char *age = pgm_format_duration ((double) pgm_result_get_int64 (result, 0, 3));
      g_autofree char *fix =
          g_strdup_printf ("SELECT pg_terminate_backend(%s);", pgm_result_get (result, 0, 0));

      pgm_preflight_add (
          self, name, PGM_CHECK_WARNING, fix,
          "%u transactions have been open at the source for more than %d minutes, the"
          " oldest for %s (process %s, role %s, %s); what they changed is not part of"
          " the clone.",
          pgm_result_get_rows (result), OLD_TRANSACTION_SECONDS / 60, age,
          pgm_result_get (result, 0, 0), pgm_result_get (result, 0, 1),
          pgm_result_get (result, 0, 2));
    }
  if (!add_prepared (self, name, &found, error))
    return FALSE;
  if (!found)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL, "No old transaction %s at the source.",
                       self->source_info->superuser ? "is open" : "that we may see is open");
  return TRUE;
}

/* Reading needs ACCESS SHARE on every table, which only this mode forbids. */
static const char locked_sql[] =
    "SELECT n.nspname, c.relname, l.pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'AccessExclusiveLock'"
    "   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    "   AND c.relkind IN ('r', 'p') AND l.pid IS DISTINCT FROM pg_backend_pid()"
    "   AND" PGM_PREFLIGHT_USER_SCHEMA "ORDER BY 1, 2";

gboolean
pgm_preflight_check_locked_tables (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) result = pgm_preflight_ask (self, self->source, locked_sql, error);
  g_autoptr (GPtrArray) tables = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *list = NULL;

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const char *schema = pgm_result_get (result, row, 0);
      const char *table = pgm_result_get (result, row, 1);

      if (pgm_preflight_takes (self, schema, table))
        g_ptr_array_add (tables, pgm_preflight_name (schema, table));
    }
  list = pgm_preflight_list (tables);
  if (tables->len > 0)
    pgm_preflight_add (
        self, name, PGM_CHECK_WARNING, NULL,
        "Tables of the source are locked against reading just now, and the clone will"
        " wait for them: %s.",
        list);
  return TRUE;
}

gboolean
pgm_preflight_check_invalid_indexes (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) fix = g_string_new (NULL);
  g_autofree char *list = NULL;

  for (guint i = 0; i < self->catalog->indexes->len; i++)
    {
      PgmIndex *index = g_ptr_array_index (self->catalog->indexes, i);
      g_autofree char *quoted = pgm_quote_qualified (index->schema, index->name);

      if (index->valid || !pgm_preflight_takes_table_oid (self, index->table_oid))
        continue;
      g_ptr_array_add (names, pgm_preflight_name (index->schema, index->name));
      /* CONCURRENTLY came with 12. */
      g_string_append_printf (fix, "%sREINDEX INDEX %s%s;", fix->len > 0 ? "\n" : "",
                              self->source_info->major >= 12 ? "CONCURRENTLY " : "", quoted);
    }
  list = pgm_preflight_list (names);
  if (names->len > 0)
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, fix->str,
                       "Indexes that are not valid at the source are left out: %s. Rebuild or drop"
                       " them there.",
                       list);
  else
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL, "Every index of the source is valid.");
  return TRUE;
}

/* Names in the first column -> "a, b and 3 more"; NULL on error, "" for none. */
static char *
ask_for_list (PgmPreflight *self, const char *sql, guint *count, GError **error)
{
  g_autoptr (PgmResult) result = pgm_preflight_ask (self, self->source, sql, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  if (result == NULL)
    return NULL;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    g_ptr_array_add (names, g_strdup (pgm_result_get (result, row, 0)));
  *count = names->len;
  return pgm_preflight_list (names);
}

gboolean
pgm_preflight_check_event_triggers (PgmPreflight *self, const char *name, GError **error)
{
  guint count = 0;
  g_autofree char *list = ask_for_list (
      self,
      "SELECT v.evtname FROM pg_event_trigger v WHERE"
      " ('pg_catalog.pg_event_trigger'::pg_catalog.regclass, v.oid) NOT IN" PGM_PREFLIGHT_MEMBERS
      " ORDER BY 1",
      &count, error);

  if (list == NULL)
    return FALSE;
  if (count > 0 && pgm_preflight_wants_schema (self))
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "Event triggers are made last, so that they don't fire for the clone: %s.",
                       list);
  return TRUE;
}

gboolean
pgm_preflight_check_publications (PgmPreflight *self, const char *name, GError **error)
{
  guint count = 0;
  g_autofree char *list =
      ask_for_list (self, "SELECT pubname FROM pg_publication ORDER BY 1", &count, error);

  if (list == NULL)
    return FALSE;
  if (count > 0 && pgm_preflight_wants_schema (self))
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "Publications are cloned: %s. Their subscribers stay with the source until"
                       " someone points them to the destination.",
                       list);
  return TRUE;
}

/* An ordinary role may read names, not the rest. */
gboolean
pgm_preflight_check_subscriptions (PgmPreflight *self, const char *name, GError **error)
{
  guint count = 0;
  g_autofree char *list =
      ask_for_list (self,
                    "SELECT subname FROM pg_subscription WHERE subdbid ="
                    " (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1",
                    &count, error);

  if (list == NULL)
    return FALSE;
  if (count > 0 && pgm_preflight_wants_schema (self))
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, NULL,
                       "Subscriptions go on at the source and are cloned switched off%s: %s.",
                       self->source_info->superuser
                           ? ""
                           : ", or left out, since only a superuser can read how they connect",
                       list);
  return TRUE;
}
