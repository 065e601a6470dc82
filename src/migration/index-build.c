#include "migration/index-build.h"

#include "core/failpoint.h"
#include "migration/search-path.h"
#include "migration/statement.h"
#include "postgres/quote.h"

/* Statements that only touch catalogs, in one transaction. */
#define ATTACH_TOGETHER 100

typedef void (*AppendFunc) (const PgmIndexItem *item, GString *sql);

static gboolean
is_fatal (PgmIndexBuilder *self, const GError *error)
{
  return pgm_clone_error_is_fatal (error) || pgm_connection_is_lost (self->destination);
}

void
pgm_index_build_count (PgmCloneContext *ctx, const PgmIndexItem *item)
{
  if (item->table->kind != 'm')
    pgm_progress_index_done (ctx->progress);
  if (!item->exists)
    pgm_clone_context_count (ctx, &ctx->report->indexes, 1);
  if (item->index->constraint_name != NULL && !item->constraint_exists)
    pgm_clone_context_count (ctx, &ctx->report->constraints, 1);
}

/* A function used in an index may count on the search_path that its users have
 * (F18); ours is empty. */
static gboolean
may_be_search_path (const GError *error)
{
  static const char *const sqlstates[] = { "42883", "42P01", "42704", "3F000", "42725", NULL };
  const char *sqlstate = pgm_error_get_sqlstate (error);

  return sqlstate != NULL && g_strv_contains (sqlstates, sqlstate);
}

/* @made: FALSE when the object alone has failed. */
static gboolean
run_one (PgmIndexBuilder *self,
         PgmIndexItem *item,
         AppendFunc append,
         gboolean *made,
         GCancellable *cancellable,
         GError **error)
{
  g_autoptr (GString) sql = g_string_new (NULL);
  g_autoptr (GError) local = NULL;
  g_autofree char *object = NULL;

  *made = TRUE;
  append (item, sql);
  if (sql->len == 0 || pgm_connection_exec (self->destination, sql->str, cancellable, &local))
    return TRUE;
  if (!is_fatal (self, local) && may_be_search_path (local))
    {
      g_autoptr (GError) second = NULL;

      if (pgm_search_path_exec (self->destination, pgm_index_plan_search_path (self->plan),
                                sql->str, cancellable, &second))
        return TRUE;
      if (is_fatal (self, second))
        {
          g_clear_error (&local);
          local = g_steal_pointer (&second);
        }
    }
  *made = FALSE;
  if (is_fatal (self, local))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  object = pgm_index_item_describe (item);
  pgm_clone_context_problem (self->ctx, object, sql->str, local);
  return TRUE;
}

static gboolean
run_all (PgmIndexBuilder *self,
         GPtrArray *items,
         AppendFunc append,
         GCancellable *cancellable,
         GError **error)
{
  g_autoptr (GString) sql = g_string_new (NULL);
  g_autoptr (GError) local = NULL;

  for (guint i = 0; i < items->len; i++)
    append (g_ptr_array_index (items, i), sql);
  if (sql->len == 0 || pgm_connection_exec (self->destination, sql->str, cancellable, &local))
    {
      for (guint i = 0; i < items->len; i++)
        pgm_index_build_count (self->ctx, g_ptr_array_index (items, i));
      return TRUE;
    }
  if (is_fatal (self, local))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  for (guint i = 0; i < items->len; i++)
    {
      PgmIndexItem *item = g_ptr_array_index (items, i);
      gboolean made;

      if (!run_one (self, item, append, &made, cancellable, error))
        return FALSE;
      if (made)
        pgm_index_build_count (self->ctx, item);
    }
  return TRUE;
}

gboolean
pgm_index_build_items (PgmIndexBuilder *self,
                       GPtrArray *items,
                       GCancellable *cancellable,
                       GError **error)
{
  return run_all (self, items, pgm_index_item_append_whole, cancellable, error) &&
         PGM_FAILPOINT ("index.after_one", error);
}

gboolean
pgm_index_build_alone (PgmIndexBuilder *self,
                       PgmIndexItem *item,
                       gboolean *made,
                       GCancellable *cancellable,
                       GError **error)
{
  return run_one (self, item, pgm_index_item_append_build, made, cancellable, error) &&
         PGM_FAILPOINT ("index.after_one", error);
}

/* What can't be made out of a plain index is made here as a whole. */
static void
append_rest (const PgmIndexItem *item, GString *sql)
{
  if (item->index->constraint_name == NULL || pgm_index_item_is_splittable (item))
    pgm_index_item_append_finish (item, sql);
  else
    pgm_index_item_append_whole (item, sql);
}

gboolean
pgm_index_build_finish (PgmIndexBuilder *self,
                        GPtrArray *items,
                        GCancellable *cancellable,
                        GError **error)
{
  return run_all (self, items, append_rest, cancellable, error);
}

static void
add_attachments (PgmIndexBuilder *self, PgmIndexItem *parent, GPtrArray *statements)
{
  GPtrArray *children = pgm_index_plan_children (self->plan, parent);

  for (guint i = 0; children != NULL && i < children->len; i++)
    {
      PgmIndexItem *child = g_ptr_array_index (children, i);
      g_autoptr (GString) sql = g_string_new ("ALTER INDEX ");

      pgm_quote_append_qualified (sql, parent->index->schema, parent->index->name);
      g_string_append (sql, " ATTACH PARTITION ");
      pgm_quote_append_qualified (sql, child->index->schema, child->index->name);
      g_ptr_array_add (statements,
                       pgm_statement_new_take (g_strdup_printf ("index %s.%s", child->index->schema,
                                                                child->index->name),
                                               g_strdup (sql->str)));
    }
}

gboolean
pgm_index_build_partitioned (PgmIndexBuilder *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) parents = g_ptr_array_new ();
  g_autoptr (GPtrArray) statements = pgm_statements_new ();
  PgmCatalog *catalog = self->ctx->catalog;

  for (guint i = 0; i < catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (catalog->tables, i);
      GPtrArray *items = pgm_index_plan_items (self->plan, table);

      for (guint j = 0; table->kind == 'p' && j < items->len; j++)
        {
          g_ptr_array_add (parents, g_ptr_array_index (items, j));
          add_attachments (self, g_ptr_array_index (items, j), statements);
        }
    }
  return run_all (self, parents, pgm_index_item_append_whole, cancellable, error) &&
         pgm_statements_run (self->ctx, self->destination, statements, ATTACH_TOGETHER, NULL,
                             cancellable, error);
}
