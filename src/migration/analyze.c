#include "migration/analyze.h"

#include "migration/crew.h"
#include "migration/search-path.h"
#include "migration/statement.h"
#include "postgres/quote.h"

/* Smaller tables share a transaction, up to so many and so much. */
#define TABLES_TOGETHER 40
#define BYTES_TOGETHER  (64 * 1024 * 1024)

/* Expressions of indexes are evaluated: with the search_path that autovacuum
 * would have. */
static char *
session_settings (PgmConnection *destination, GCancellable *cancellable, GError **error)
{
  g_autofree char *path = pgm_search_path_read (destination, cancellable, error);
  g_autofree char *literal = pgm_quote_literal (path);

  return path != NULL ? g_strdup_printf ("SET synchronous_commit = off;"
                                         " SELECT pg_catalog.set_config('search_path', %s, false)",
                                         literal)
                      : NULL;
}

/* "schema\nname" of those tables whose statistics come with a partitioned one. A
 * tree with foreign tables would be read from their servers: there the tables
 * that are here are analyzed one by one and the partitioned ones left out. */
static GHashTable *
read_covered (PgmCloneContext *ctx, char **settings, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmConnection) destination =
      pgm_ends_connect (ctx->ends, PGM_END_DESTINATION, "analyze", cancellable, error);
  g_autoptr (PgmResult) result = NULL;
  GHashTable *covered;

  if (destination == NULL)
    return NULL;
  *settings = session_settings (destination, cancellable, error);
  if (*settings == NULL)
    return NULL;
  result = pgm_connection_query (
      destination,
      "WITH mixed AS (SELECT pg_catalog.pg_partition_root(oid) AS root FROM pg_catalog.pg_class"
      "   WHERE relispartition AND relkind = 'f')"
      " SELECT n.nspname || E'\\n' || c.relname, rn.nspname, r.relname FROM pg_catalog.pg_class c"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " JOIN pg_catalog.pg_class r ON r.oid = pg_catalog.pg_partition_root(c.oid)"
      " JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace"
      " WHERE CASE c.relkind WHEN 'p' THEN c.relispartition OR r.oid IN (SELECT root FROM mixed)"
      "   WHEN 'r' THEN c.relispartition AND r.oid NOT IN (SELECT root FROM mixed) END",
      0, NULL, cancellable, error);
  if (result == NULL)
    return NULL;
  covered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    if (pgm_catalog_find_table (ctx->catalog, pgm_result_get (result, row, 1),
                                pgm_result_get (result, row, 2)) != NULL)
      g_hash_table_add (covered, g_strdup (pgm_result_get_or (result, row, 0, "")));
  return covered;
}

static gint
compare_size (gconstpointer a, gconstpointer b)
{
  const PgmTable *one = *(PgmTable *const *) a, *other = *(PgmTable *const *) b;
  gint64 one_bytes = one->kind == 'p' ? G_MAXINT64 : one->bytes;
  gint64 other_bytes = other->kind == 'p' ? G_MAXINT64 : other->bytes;

  return one_bytes > other_bytes ? -1 : one_bytes < other_bytes;
}

static GPtrArray *
list_tables (PgmCloneContext *ctx, GHashTable *covered)
{
  GPtrArray *tables = g_ptr_array_new ();

  for (guint i = 0; i < ctx->catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (ctx->catalog->tables, i);
      g_autofree char *key = g_strdup_printf ("%s\n%s", table->schema, table->name);

      if (table->kind != 'f' && table->persistence != 't' && !g_hash_table_contains (covered, key))
        g_ptr_array_add (tables, table);
    }
  g_ptr_array_sort (tables, compare_size);
  return tables;
}

/* Tasks: arrays of statements. */
static GPtrArray *
make_tasks (GPtrArray *tables)
{
  GPtrArray *tasks = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  GPtrArray *task = NULL;
  gint64 bytes = 0;

  for (guint i = 0; i < tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (tables, i);
      g_autofree char *name = pgm_quote_qualified (table->schema, table->name);

      bytes += table->kind == 'p' ? BYTES_TOGETHER : table->bytes;
      if (task == NULL || task->len >= TABLES_TOGETHER || bytes > BYTES_TOGETHER)
        {
          task = pgm_statements_new ();
          g_ptr_array_add (tasks, task);
          bytes = table->kind == 'p' ? BYTES_TOGETHER : table->bytes;
        }
      g_ptr_array_add (task, pgm_statement_new_take (g_strdup_printf ("statistics of %s.%s",
                                                                      table->schema, table->name),
                                                     g_strdup_printf ("ANALYZE %s", name)));
    }
  return tasks;
}

static gboolean
run_task (PgmCrewMember *member, gpointer task, GCancellable *cancellable, GError **error)
{
  return pgm_statements_run (member->ctx, member->destination, task, TABLES_TOGETHER, NULL,
                             cancellable, error);
}

gboolean
pgm_analyze_run (PgmCloneContext *ctx, guint workers, GCancellable *cancellable, GError **error)
{
  g_autofree char *settings = NULL;
  g_autoptr (GHashTable) covered = read_covered (ctx, &settings, cancellable, error);
  g_autoptr (GPtrArray) tables = NULL;
  g_autoptr (GPtrArray) tasks = NULL;
  PgmCrewOptions crew = { .role = "analyze", .workers = workers, .settings = settings };

  if (covered == NULL)
    return FALSE;
  pgm_progress_set_activity (ctx->progress, "statistics");
  tables = list_tables (ctx, covered);
  tasks = make_tasks (tables);
  return pgm_crew_run (ctx, &crew, tasks, run_task, NULL, cancellable, error);
}
