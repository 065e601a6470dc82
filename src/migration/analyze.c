#include "migration/analyze.h"

#include "migration/crew.h"
#include "migration/search-path.h"
#include "migration/statement.h"
#include "migration/statistics.h"
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

static char *
name_key (const char *schema, const char *name)
{
  return g_strdup_printf ("%s\n%s", schema, name);
}

static PgmTable *
find_table (PgmCloneContext *ctx, PgmResult *result, guint row, guint column)
{
  return pgm_catalog_find_table (ctx->catalog, pgm_result_get_or (result, row, column, ""),
                                 pgm_result_get_or (result, row, column + 1, ""));
}

/* "schema\nname" of those tables whose statistics come with a partitioned one. A
 * tree with foreign tables would be read from their servers: there the tables
 * that are here are analyzed one by one and the partitioned ones left out. A tree
 * of which anything lacks statistics is taken out of @carried and analyzed whole. */
static GHashTable *
read_covered (PgmCloneContext *ctx,
              PgmConnection *destination,
              GHashTable *carried,
              GCancellable *cancellable,
              GError **error)
{
  GHashTable *covered = NULL;
  g_autoptr (PgmResult) result = pgm_connection_query (
      destination,
      "WITH mixed AS (SELECT pg_catalog.pg_partition_root(oid) AS root FROM pg_catalog.pg_class"
      "   WHERE relispartition AND relkind = 'f')"
      " SELECT n.nspname, c.relname, rn.nspname, r.relname FROM pg_catalog.pg_class c"
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
    {
      PgmTable *root = find_table (ctx, result, row, 2);
      PgmTable *table = find_table (ctx, result, row, 0);

      if (root == NULL)
        continue;
      g_hash_table_add (covered, name_key (pgm_result_get_or (result, row, 0, ""),
                                           pgm_result_get_or (result, row, 1, "")));
      if (table == NULL || !g_hash_table_contains (carried, table))
        g_hash_table_remove (carried, root);
    }
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
list_tables (PgmCloneContext *ctx, GHashTable *covered, GHashTable *carried)
{
  GPtrArray *tables = g_ptr_array_new ();

  for (guint i = 0; i < ctx->catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (ctx->catalog->tables, i);
      g_autofree char *key = name_key (table->schema, table->name);

      if (table->kind != 'f' && table->persistence != 't' &&
          !g_hash_table_contains (carried, table) && !g_hash_table_contains (covered, key))
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

/* The tables that need it. */
static GPtrArray *
choose_tables (PgmCloneContext *ctx,
               guint workers,
               char **settings,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (PgmConnection) destination =
      pgm_ends_connect (ctx->ends, PGM_END_DESTINATION, "analyze", cancellable, error);
  g_autoptr (GHashTable) carried = NULL;
  g_autoptr (GHashTable) covered = NULL;

  if (destination == NULL)
    return NULL;
  *settings = session_settings (destination, cancellable, error);
  if (*settings == NULL)
    return NULL;
  carried = pgm_statistics_carry (ctx, workers, cancellable, error);
  if (carried == NULL)
    return NULL;
  covered = read_covered (ctx, destination, carried, cancellable, error);
  return covered != NULL ? list_tables (ctx, covered, carried) : NULL;
}

gboolean
pgm_analyze_run (PgmCloneContext *ctx, guint workers, GCancellable *cancellable, GError **error)
{
  g_autofree char *settings = NULL;
  g_autoptr (GPtrArray) tables = NULL;
  g_autoptr (GPtrArray) tasks = NULL;
  PgmCrewOptions crew = { .role = "analyze", .workers = workers };

  pgm_progress_set_activity (ctx->progress, "statistics");
  tables = choose_tables (ctx, workers, &settings, cancellable, error);
  if (tables == NULL)
    return FALSE;
  crew.settings = settings;
  tasks = make_tasks (tables);
  return pgm_crew_run (ctx, &crew, tasks, run_task, NULL, cancellable, error);
}
