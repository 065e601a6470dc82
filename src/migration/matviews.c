#include "migration/matviews.h"

#include "migration/index-build.h"
#include "migration/search-path.h"
#include "postgres/quote.h"

/* Views and materialized views, and which of them reads from which. */
static const char views_sql[] =
    "SELECT c.oid, c.relkind = 'm' AND c.relispopulated, d.refobjid FROM pg_catalog.pg_class c"
    " LEFT JOIN (pg_catalog.pg_rewrite r"
    "   JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass"
    "     AND d.objid = r.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
    "   JOIN pg_catalog.pg_class s ON s.oid = d.refobjid AND s.relkind IN ('v', 'm'))"
    "   ON r.ev_class = c.oid AND d.refobjid <> c.oid"
    " WHERE c.relkind IN ('v', 'm') AND c.oid >= 16384 ORDER BY 1, 3";

typedef struct
{
  guint32 oid;
  gboolean populated; /* a materialized view with rows */
  gboolean visited;
  GArray *reads; /* guint32: OIDs */
} View;

static void
view_free (View *self)
{
  g_array_unref (self->reads);
  g_free (self);
}

static GHashTable *
read_views (PgmConnection *source, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (source, views_sql, 0, NULL, cancellable, error);
  GHashTable *views;

  if (result == NULL)
    return NULL;
  views = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) view_free);
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      guint32 oid = pgm_result_get_oid (result, row, 0);
      guint32 read = pgm_result_get_oid (result, row, 2);
      View *view = g_hash_table_lookup (views, GUINT_TO_POINTER (oid));

      if (view == NULL)
        {
          view = g_new0 (View, 1);
          view->oid = oid;
          view->populated = pgm_result_get_bool (result, row, 1);
          view->reads = g_array_new (FALSE, FALSE, sizeof (guint32));
          g_hash_table_insert (views, GUINT_TO_POINTER (oid), view);
        }
      if (read != 0)
        g_array_append_val (view->reads, read);
    }
  return views;
}

/* Depth first: what is read from comes before who reads it. */
static void
visit (GHashTable *views, View *view, GPtrArray *order)
{
  if (view == NULL || view->visited)
    return;
  view->visited = TRUE;
  for (guint i = 0; i < view->reads->len; i++)
    visit (views,
           g_hash_table_lookup (views, GUINT_TO_POINTER (g_array_index (view->reads, guint32, i))),
           order);
  if (view->populated)
    g_ptr_array_add (order, view);
}

/* PgmTable of the catalog, in the order of the refreshes. */
static GPtrArray *
order_views (PgmCloneContext *ctx, GHashTable *views)
{
  g_autoptr (GPtrArray) order = g_ptr_array_new ();
  GPtrArray *tables = g_ptr_array_new ();
  GPtrArray *all = ctx->catalog->tables;

  /* By the catalog's order, so that two runs do the same. */
  for (guint i = 0; i < all->len; i++)
    visit (views,
           g_hash_table_lookup (views,
                                GUINT_TO_POINTER (((PgmTable *) g_ptr_array_index (all, i))->oid)),
           order);
  for (guint i = 0; i < order->len; i++)
    {
      View *view = g_ptr_array_index (order, i);
      PgmTable *table =
          g_hash_table_lookup (ctx->catalog->tables_by_oid, GUINT_TO_POINTER (view->oid));

      if (table != NULL)
        g_ptr_array_add (tables, table);
    }
  return tables;
}

static gboolean
is_fatal (PgmIndexBuilder *builder, const GError *error)
{
  return pgm_clone_error_is_fatal (error) || pgm_connection_is_lost (builder->destination);
}

static gboolean
refresh (PgmIndexBuilder *builder, PgmTable *table, GCancellable *cancellable, GError **error)
{
  g_autofree char *name = pgm_quote_qualified (table->schema, table->name);
  g_autofree char *sql = g_strdup_printf ("REFRESH MATERIALIZED VIEW %s;", name);
  g_autofree char *object = g_strdup_printf ("materialized view %s.%s", table->schema, table->name);
  g_autoptr (GError) local = NULL;
  g_autoptr (GError) second = NULL;

  pgm_progress_set_activity (builder->ctx->progress, "refreshing %s", table->name);
  if (pgm_connection_exec (builder->destination, sql, cancellable, &local))
    return TRUE;
  if (!is_fatal (builder, local))
    {
      /* Its functions may count on the search_path of their users. */
      if (pgm_search_path_exec (builder->destination, pgm_index_plan_search_path (builder->plan),
                                sql, cancellable, &second))
        return TRUE;
      if (!is_fatal (builder, second))
        {
          pgm_clone_context_problem (builder->ctx, object, sql, local);
          return TRUE;
        }
    }
  g_propagate_error (error, second != NULL ? g_steal_pointer (&second) : g_steal_pointer (&local));
  return FALSE;
}

/* Those that stay without rows have indexes too. */
static gboolean
build_indexes (PgmIndexBuilder *builder, GCancellable *cancellable, GError **error)
{
  GPtrArray *tables = builder->ctx->catalog->tables;
  g_autoptr (GPtrArray) items = g_ptr_array_new ();

  for (guint i = 0; i < tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (tables, i);
      GPtrArray *own = pgm_index_plan_items (builder->plan, table);

      for (guint j = 0; table->kind == 'm' && j < own->len; j++)
        g_ptr_array_add (items, g_ptr_array_index (own, j));
    }
  return items->len == 0 || pgm_index_build_items (builder, items, cancellable, error);
}

gboolean
pgm_matviews_refresh (PgmCloneContext *ctx,
                      PgmConnection *source,
                      PgmConnection *destination,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (GHashTable) views = read_views (source, cancellable, error);
  g_autoptr (GPtrArray) tables = NULL;
  g_autoptr (PgmIndexPlan) plan = NULL;
  PgmIndexBuilder builder = { ctx, NULL, destination };

  if (views == NULL)
    return FALSE;
  plan = pgm_index_plan_read (ctx, source, destination, cancellable, error);
  if (plan == NULL)
    return FALSE;
  builder.plan = plan;
  tables = order_views (ctx, views);
  for (guint i = 0; i < tables->len && !ctx->options->schema_only; i++)
    if (!refresh (&builder, g_ptr_array_index (tables, i), cancellable, error))
      return FALSE;
  return ctx->options->data_only || build_indexes (&builder, cancellable, error);
}
