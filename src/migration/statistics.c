#include "migration/statistics.h"

#include <string.h>

#include "migration/crew.h"
#include "postgres/quote.h"

/* The first destination that takes statistics. */
#define TAKING_MAJOR 18

/* Tables of one question: a histogram may be long, and memory stays small. */
#define TABLES_TOGETHER 10

/* Columns of the answer before those of `kinds`. */
enum
{
  COLUMN_TABLE,
  COLUMN_TUPLES,
  COLUMN_RELATION,
  COLUMN_IS_INDEX,
  COLUMN_NAME,
  COLUMN_NUMBER,
  COLUMN_INHERITED,
  N_COLUMNS
};

/* Columns of pg_stats: parameters of the same name (source: PostgreSQL 18,
 * "Database Object Statistics Manipulation Functions"). */
static const struct
{
  const char *name;
  const char *type;
  int since; /* major of the source */
} kinds[] = {
  { "null_frac", "real", 0 },
  { "avg_width", "integer", 0 },
  { "n_distinct", "real", 0 },
  { "most_common_vals", "text", 0 },
  { "most_common_freqs", "real[]", 0 },
  { "histogram_bounds", "text", 0 },
  { "correlation", "real", 0 },
  { "most_common_elems", "text", 0 },
  { "most_common_elem_freqs", "real[]", 0 },
  { "elem_count_histogram", "real[]", 0 },
  { "range_length_histogram", "text", 17 },
  { "range_empty_frac", "real", 17 },
  { "range_bounds_histogram", "text", 17 },
};

/* One table, and the condition that is true once all of its statistics are taken. */
typedef struct
{
  PgmTable *table;
  GString *sql;
  gboolean is_complete;
} Carried;

typedef struct
{
  GMutex lock;
  GHashTable *done;
} Carry;

static void
carried_free (gpointer data)
{
  Carried *self = data;

  g_string_free (self->sql, TRUE);
  g_free (self);
}

static gboolean
sorts_by_bytes (const PgmServerInfo *server)
{
  return g_str_equal (server->locale_provider, "builtin") ||
         (g_str_equal (server->locale_provider, "libc") &&
          (g_str_equal (server->collate, "C") || g_str_equal (server->collate, "POSIX") ||
           g_str_has_prefix (server->collate, "C.")));
}

/* A histogram is in the order of the values. */
static gboolean
sort_alike (const PgmServerInfo *a, const PgmServerInfo *b)
{
  if (!g_str_equal (a->encoding, b->encoding) || !g_str_equal (a->collate, b->collate) ||
      !g_str_equal (a->locale_provider, b->locale_provider) ||
      g_strcmp0 (a->locale, b->locale) != 0)
    return FALSE;
  return sorts_by_bytes (a) ||
         (a->collation_version_now != NULL &&
          g_strcmp0 (a->collation_version_now, b->collation_version_now) == 0);
}

static gboolean
may_carry (PgmCloneContext *ctx)
{
  return ctx->ends->destination->major >= TAKING_MAJOR && !ctx->options->data_only &&
         sort_alike (ctx->ends->source, ctx->ends->destination);
}

/* A row for each statistic that there should be, with NULLs where there is none.
 * Rows of a parent and of its children together are statistics of their own. */
static char *
read_sql (GPtrArray *tables, int major)
{
  GString *sql = g_string_new (
      "WITH t AS (SELECT c.oid, n.nspname, c.relname, c.relkind, c.relhassubclass, c.reltuples"
      "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.reltuples > 0"
      "  AND coalesce(pg_stat_get_mod_since_analyze(c.oid), 0) <= 50 + 0.1 * c.reltuples"
      "  AND NOT EXISTS (SELECT FROM pg_statistic_ext x WHERE x.stxrelid = c.oid)"
      "  AND c.oid IN (");

  for (guint i = 0; i < tables->len; i++)
    g_string_append_printf (sql, "%s%u", i > 0 ? ", " : "",
                            ((PgmTable *) g_ptr_array_index (tables, i))->oid);
  g_string_append_printf (
      sql,
      ")), r AS (SELECT oid, oid AS relation, relname, relkind, NULL::int2vector AS key FROM t"
      "  UNION ALL SELECT t.oid, i.indexrelid, c.relname, 'i', i.indkey FROM t"
      "  JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid"
      "  WHERE t.relkind = 'r' AND i.indexprs IS NOT NULL AND i.indisvalid)"
      " SELECT t.oid, t.reltuples, r.relname, r.relkind = 'i', a.attname, a.attnum, w.inherited");
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (major >= kinds[i].since)
      g_string_append_printf (sql, ", s.%s", kinds[i].name);
  g_string_append_printf (
      sql,
      " FROM t JOIN r ON r.oid = t.oid JOIN pg_attribute a ON a.attrelid = r.relation"
      " CROSS JOIN (VALUES (false), (true)) w(inherited)"
      " LEFT JOIN pg_stats s ON s.schemaname = t.nspname AND s.tablename = r.relname"
      "  AND s.attname = a.attname AND s.inherited = w.inherited"
      /* the same once more, for the view is a barrier that a join can't look things up behind */
      "  AND s.schemaname = ANY (ARRAY(SELECT nspname FROM t))"
      "  AND s.tablename = ANY (ARRAY(SELECT relname FROM r))"
      " WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget IS DISTINCT FROM 0%s"
      "  AND CASE r.relkind WHEN 'i' THEN NOT w.inherited AND r.key[a.attnum - 1] = 0"
      "   WHEN 'p' THEN w.inherited ELSE NOT w.inherited OR t.relhassubclass END"
      " ORDER BY t.oid",
      major >= 18 ? " AND a.attgenerated <> 'v'" : "");
  return g_string_free (sql, FALSE);
}

/* Where an index was built, that has counted pages and tuples. */
static Carried *
carried_new (PgmTable *table, const char *tuples)
{
  Carried *self = g_new0 (Carried, 1);
  g_autofree char *name = pgm_quote_qualified (table->schema, table->name);

  self->table = table;
  self->is_complete = TRUE;
  self->sql = g_string_new ("(SELECT c.reltuples >= 0 OR pg_restore_relation_stats('schemaname', ");
  pgm_quote_append_literal (self->sql, table->schema);
  g_string_append (self->sql, ", 'relname', ");
  pgm_quote_append_literal (self->sql, table->name);
  g_string_append_printf (
      self->sql, ", 'relpages', %s, 'reltuples', '%s'::real) FROM pg_class c WHERE c.oid = ",
      table->kind == 'p' ? "-1"
                         : "(pg_relation_size(c.oid) / current_setting('block_size')::int)::int",
      tuples);
  pgm_quote_append_literal (self->sql, name);
  g_string_append (self->sql, "::regclass)");
  return self;
}

static void
append_statistic (Carried *self, PgmResult *result, guint row)
{
  GString *sql = self->sql;

  g_string_append (sql, " AND pg_restore_attribute_stats('schemaname', ");
  pgm_quote_append_literal (sql, self->table->schema);
  g_string_append (sql, ", 'relname', ");
  pgm_quote_append_literal (sql, pgm_result_get_or (result, row, COLUMN_RELATION, ""));
  if (pgm_result_get_bool (result, row, COLUMN_IS_INDEX))
    g_string_append_printf (sql, ", 'attnum', %s::smallint",
                            pgm_result_get_or (result, row, COLUMN_NUMBER, "0"));
  else
    {
      g_string_append (sql, ", 'attname', ");
      pgm_quote_append_literal (sql, pgm_result_get_or (result, row, COLUMN_NAME, ""));
    }
  g_string_append_printf (sql, ", 'inherited', %s",
                          pgm_result_get_bool (result, row, COLUMN_INHERITED) ? "true" : "false");
  for (guint i = N_COLUMNS; i < pgm_result_get_columns (result); i++)
    if (pgm_result_get (result, row, i) != NULL)
      {
        g_string_append_printf (sql, ", '%s', ", kinds[i - N_COLUMNS].name);
        pgm_quote_append_literal (sql, pgm_result_get (result, row, i));
        g_string_append_printf (sql, "::%s", kinds[i - N_COLUMNS].type);
      }
  g_string_append_c (sql, ')');
}

static PgmTable *
find_table (GPtrArray *tables, guint32 oid)
{
  for (guint i = 0; i < tables->len; i++)
    if (((PgmTable *) g_ptr_array_index (tables, i))->oid == oid)
      return g_ptr_array_index (tables, i);
  return NULL;
}

/* Carried, those that are complete. */
static GPtrArray *
take_rows (GPtrArray *tables, PgmResult *result)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (carried_free);
  Carried *current = NULL;

  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      PgmTable *table = find_table (tables, pgm_result_get_oid (result, row, COLUMN_TABLE));

      if (table == NULL)
        continue;
      if (current == NULL || current->table != table)
        {
          current = carried_new (table, pgm_result_get_or (result, row, COLUMN_TUPLES, "-1"));
          g_ptr_array_add (list, current);
        }
      if (pgm_result_get (result, row, N_COLUMNS) == NULL)
        current->is_complete = FALSE;
      else if (current->is_complete)
        append_statistic (current, result, row);
    }
  for (guint i = list->len; i > 0; i--)
    if (!((Carried *) g_ptr_array_index (list, i - 1))->is_complete)
      g_ptr_array_remove_index (list, i - 1);
  return list;
}

/* In one statement and transaction. What the destination only warns of and
 * answers with false counts as not carried. */
static gboolean
write_tables (PgmCrewMember *member,
              GPtrArray *list,
              guint first,
              guint n,
              GCancellable *cancellable,
              GError **error)
{
  Carry *carry = member->data;
  g_autoptr (GString) sql = g_string_new (NULL);
  g_autoptr (PgmResult) result = NULL;

  for (guint i = 0; i < n; i++)
    g_string_append_printf (sql, "%sSELECT %u, %s", i > 0 ? " UNION ALL " : "", first + i,
                            ((Carried *) g_ptr_array_index (list, first + i))->sql->str);
  result = pgm_connection_query (member->destination, sql->str, 0, NULL, cancellable, error);
  if (result == NULL)
    return FALSE;
  g_mutex_lock (&carry->lock);
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    if (pgm_result_get_bool (result, row, 1))
      g_hash_table_add (carry->done, ((Carried *) g_ptr_array_index (
                                          list, (guint) pgm_result_get_int64 (result, row, 0)))
                                         ->table);
  g_mutex_unlock (&carry->lock);
  return TRUE;
}

/* All, else one by one; what fails by itself is left to ANALYZE. */
static gboolean
write_all (PgmCrewMember *member, GPtrArray *list, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) together = NULL;

  if (list->len == 0 || write_tables (member, list, 0, list->len, cancellable, &together))
    return TRUE;
  for (guint i = 0; i < list->len && !pgm_clone_error_is_fatal (together); i++)
    {
      g_autoptr (GError) local = NULL;

      if (!write_tables (member, list, i, 1, cancellable, &local) &&
          pgm_clone_error_is_fatal (local))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  if (!pgm_clone_error_is_fatal (together))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&together));
  return FALSE;
}

/* A task of the crew: an array of tables. */
static gboolean
carry_tables (PgmCrewMember *member, gpointer task, GCancellable *cancellable, GError **error)
{
  g_autofree char *sql = read_sql (task, member->ctx->ends->source->major);
  g_autoptr (PgmResult) result =
      pgm_connection_query (member->source, sql, 0, NULL, cancellable, error);
  g_autoptr (GPtrArray) list = NULL;

  if (result == NULL)
    return FALSE;
  list = take_rows (task, result);
  g_clear_pointer (&result, pgm_result_free);
  return write_all (member, list, cancellable, error);
}

/* Materialized views were made anew here, from rows that may be newer. */
static GPtrArray *
make_tasks (PgmCatalog *catalog)
{
  GPtrArray *tasks = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  GPtrArray *task = NULL;

  for (guint i = 0; i < catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (catalog->tables, i);

      if ((table->kind != 'r' && table->kind != 'p') || table->persistence == 't')
        continue;
      if (task == NULL || task->len >= TABLES_TOGETHER)
        {
          task = g_ptr_array_new ();
          g_ptr_array_add (tasks, task);
        }
      g_ptr_array_add (task, table);
    }
  return tasks;
}

GHashTable *
pgm_statistics_carry (PgmCloneContext *ctx,
                      guint workers,
                      GCancellable *cancellable,
                      GError **error)
{
  PgmCrewOptions crew = { .role = "statistics",
                          .workers = workers,
                          .source = TRUE,
                          .settings = "SET synchronous_commit = off" };
  g_autoptr (GPtrArray) tasks = NULL;
  Carry carry = { .done = g_hash_table_new (NULL, NULL) };
  gboolean ok = TRUE;

  if (!may_carry (ctx))
    return carry.done;
  tasks = make_tasks (ctx->catalog);
  g_mutex_init (&carry.lock);
  ok = pgm_crew_run (ctx, &crew, tasks, carry_tables, &carry, cancellable, error);
  g_mutex_clear (&carry.lock);
  if (!ok)
    g_clear_pointer (&carry.done, g_hash_table_unref);
  else if (g_hash_table_size (carry.done) > 0)
    pgm_progress_event (ctx->progress, "statistics", "statistics of %u tables were carried over",
                        g_hash_table_size (carry.done));
  return carry.done;
}
