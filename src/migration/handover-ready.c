#include "migration/handover-private.h"

#include "migration/search-path.h"
#include "postgres/quote.h"

/* Constraints that can be validated later, by table and name. */
#define CONSTRAINTS_SQL                                                                            \
  "SELECT n.nspname, c.relname, k.conname FROM pg_catalog.pg_constraint k"                         \
  " JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"                                              \
  " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"                                      \
  " WHERE k.contype IN ('f', 'c') AND k.conparentid = 0 AND %s k.convalidated"                     \
  " AND n.nspname !~ '^pg_'"
#define CONSTRAINTS_SQL_10                                                                         \
  "SELECT n.nspname, c.relname, k.conname FROM pg_catalog.pg_constraint k"                         \
  " JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"                                              \
  " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"                                      \
  " WHERE k.contype IN ('f', 'c') AND %s k.convalidated AND n.nspname !~ '^pg_'"

static char *
constraint_key (PgmResult *result, guint row)
{
  g_autofree char *table =
      pgm_quote_qualified (pgm_result_get (result, row, 0), pgm_result_get (result, row, 1));
  g_autofree char *name = pgm_quote_identifier (pgm_result_get (result, row, 2));

  return g_strdup_printf ("ALTER TABLE %s VALIDATE CONSTRAINT %s", table, name);
}

static PgmResult *
read_constraints (PgmConnection *connection,
                  gboolean validated,
                  GCancellable *cancellable,
                  GError **error)
{
  const char *not = validated ? "" : "NOT";
  g_autofree char *sql = pgm_connection_get_major (connection) >= 11
                             ? g_strdup_printf (CONSTRAINTS_SQL, not )
                             : g_strdup_printf (CONSTRAINTS_SQL_10, not );

  return pgm_connection_query (connection, sql, 0, NULL, cancellable, error);
}

/* What was valid on the giving side and waits on the other. An error here is a row
 * that should not be there: no cutover. */
static gboolean
validate_constraints (PgmConnection *from,
                      PgmConnection *to,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (GHashTable) valid = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (PgmResult) waiting = read_constraints (to, FALSE, cancellable, error);
  g_autoptr (PgmResult) source = NULL;

  if (waiting == NULL)
    return FALSE;
  if (pgm_result_get_rows (waiting) == 0)
    return TRUE;
  source = read_constraints (from, TRUE, cancellable, error);
  if (source == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (source); row++)
    g_hash_table_add (valid, constraint_key (source, row));
  for (guint row = 0; row < pgm_result_get_rows (waiting); row++)
    {
      g_autofree char *sql = constraint_key (waiting, row);

      if (g_hash_table_contains (valid, sql) && !pgm_connection_exec (to, sql, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

/* Tables that nobody has analyzed, or that have changed much since. What isn't ours
 * to analyze is skipped by the server with a warning. */
static gboolean
analyze_stale (PgmHandover *self, PgmConnection *to, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmResult) stale = pgm_connection_query (
      to,
      "SELECT s.schemaname, s.relname FROM pg_catalog.pg_stat_user_tables s"
      " JOIN pg_catalog.pg_class c ON c.oid = s.relid"
      " WHERE s.schemaname <> 'pgmanager' AND c.relkind = 'r' AND (s.n_mod_since_analyze > 1000"
      " AND s.n_mod_since_analyze > s.n_live_tup / 5"
      " OR s.last_analyze IS NULL AND s.last_autoanalyze IS NULL AND s.n_live_tup > 0)"
      " ORDER BY s.n_live_tup DESC",
      0, NULL, cancellable, error);

  if (stale == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (stale); row++)
    {
      g_autofree char *name =
          pgm_quote_qualified (pgm_result_get (stale, row, 0), pgm_result_get (stale, row, 1));
      g_autoptr (GError) local = NULL;

      pgm_progress_set_activity (self->options.progress, "analyzing %s",
                                 pgm_result_get (stale, row, 1));
      if (!pgm_connection_execf (to, cancellable, &local, "ANALYZE %s", name) &&
          (pgm_error_is_cancelled (local) || pgm_connection_is_lost (to)))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
pgm_handover_ready_prepare (PgmHandover *self,
                            PgmConnection *from,
                            PgmConnection *to,
                            GCancellable *cancellable,
                            GError **error)
{
  return validate_constraints (from, to, cancellable, error) &&
         analyze_stale (self, to, cancellable, error);
}

/* A view comes after those it reads from, over any number of plain views. */
static const char views_sql[] =
    "WITH RECURSIVE reads AS (SELECT DISTINCT r.ev_class AS reader, d.refobjid AS read"
    "   FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d"
    "     ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid"
    "     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> r.ev_class"
    "   JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind IN ('v', 'm')),"
    " depth(view, n) AS (SELECT oid, 0 FROM pg_catalog.pg_class WHERE relkind IN ('v', 'm')"
    "   UNION SELECT reads.reader, depth.n + 1 FROM depth JOIN reads ON reads.read = depth.view"
    "   WHERE depth.n < 100)"
    " SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN depth ON depth.view = c.oid"
    " WHERE c.relkind = 'm' AND c.relispopulated AND n.nspname !~ '^pg_'"
    " GROUP BY c.oid, n.nspname, c.relname"
    " ORDER BY max(depth.n), n.nspname COLLATE \"C\", c.relname COLLATE \"C\"";

static void
refresh_view (PgmResult *views,
              guint row,
              PgmConnection *to,
              const char *path,
              PgmReport *report,
              GCancellable *cancellable)
{
  g_autofree char *name =
      pgm_quote_qualified (pgm_result_get (views, row, 0), pgm_result_get (views, row, 1));
  g_autofree char *sql = g_strdup_printf ("REFRESH MATERIALIZED VIEW %s;", name);
  g_autofree char *object = g_strdup_printf (
      "materialized view %s.%s", pgm_result_get (views, row, 0), pgm_result_get (views, row, 1));
  g_autoptr (GError) first = NULL;
  g_autoptr (GError) second = NULL;

  if (pgm_connection_exec (to, sql, cancellable, &first))
    return;
  /* Its functions may count on the search_path of their users. */
  if (pgm_error_is_cancelled (first) || path == NULL ||
      !pgm_search_path_exec (to, path, sql, cancellable, &second))
    pgm_report_add_problem (report, object, sql, first->message);
}

void
pgm_handover_refresh_views (PgmHandover *self,
                            PgmConnection *to,
                            PgmReport *report,
                            GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmResult) views = pgm_connection_query (to, views_sql, 0, NULL, cancellable, &error);
  g_autofree char *path = NULL;

  if (views == NULL)
    {
      pgm_report_add_problem (report, "materialized views", NULL, error->message);
      return;
    }
  if (pgm_result_get_rows (views) > 0)
    path = pgm_search_path_read (to, cancellable, NULL);
  for (guint row = 0; row < pgm_result_get_rows (views); row++)
    {
      pgm_progress_set_activity (self->options.progress, "refreshing %s",
                                 pgm_result_get (views, row, 1));
      refresh_view (views, row, to, path, report, cancellable);
    }
}
