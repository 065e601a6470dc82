#include "config.h"

#include "migration/narrow.h"

#include "postgres/quote.h"

struct _PgmNarrow
{
  PgmFilter *filter;   /* borrowed */
  GHashTable *needed;  /* OIDs */
  GHashTable *schemas; /* names of those that hold any of them */
  GHashTable *parents; /* OID -> GArray of guint32 */
  GPtrArray *patterns;
};

static const char tables_sql[] =
    "SELECT c.oid, n.nspname, c.relname, pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
    "   AND pg_catalog.has_table_privilege(c.oid, 'SELECT')"
    "  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND left(n.nspname, 3) <> 'pg_'"
    "   AND n.nspname NOT IN ('information_schema', 'pgmanager')";

static const char parents_sql[] = "SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits";

static void
free_array (gpointer array)
{
  g_array_unref (array);
}

static gboolean
read_parents (PgmNarrow *self, PgmConnection *source, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmResult) rows =
      pgm_connection_query (source, parents_sql, 0, NULL, cancellable, error);

  if (rows == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    {
      gpointer child = GUINT_TO_POINTER (pgm_result_get_oid (rows, row, 0));
      guint32 parent = pgm_result_get_oid (rows, row, 1);
      GArray *parents = g_hash_table_lookup (self->parents, child);

      if (parents == NULL)
        {
          parents = g_array_new (FALSE, FALSE, sizeof (guint32));
          g_hash_table_insert (self->parents, child, parents);
        }
      g_array_append_val (parents, parent);
    }
  return TRUE;
}

static void
need (PgmNarrow *self, guint32 oid)
{
  GArray *parents = g_hash_table_lookup (self->parents, GUINT_TO_POINTER (oid));

  if (!g_hash_table_add (self->needed, GUINT_TO_POINTER (oid)))
    return;
  for (guint i = 0; parents != NULL && i < parents->len; i++)
    need (self, g_array_index (parents, guint32, i));
}

static void
judge (PgmNarrow *self, PgmResult *tables)
{
  for (guint row = 0; row < pgm_result_get_rows (tables); row++)
    if (pgm_filter_takes (self->filter, pgm_result_get_or (tables, row, 1, ""),
                          pgm_result_get_or (tables, row, 2, "")))
      need (self, pgm_result_get_oid (tables, row, 0));
  for (guint row = 0; row < pgm_result_get_rows (tables); row++)
    {
      const char *schema = pgm_result_get_or (tables, row, 1, "");

      if (pgm_narrow_needs (self, pgm_result_get_oid (tables, row, 0)))
        g_hash_table_add (self->schemas, g_strdup (schema));
      else if (!pgm_result_get_bool (tables, row, 3))
        g_ptr_array_add (self->patterns,
                         pgm_quote_qualified (schema, pgm_result_get_or (tables, row, 2, "")));
    }
}

PgmNarrow *
pgm_narrow_read (PgmConnection *source,
                 PgmFilter *filter,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (PgmNarrow) self = g_new0 (PgmNarrow, 1);
  g_autoptr (PgmResult) tables = NULL;

  self->filter = filter;
  self->needed = g_hash_table_new (NULL, NULL);
  self->schemas = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->parents = g_hash_table_new_full (NULL, NULL, NULL, free_array);
  self->patterns = g_ptr_array_new_with_free_func (g_free);
  if (!read_parents (self, source, cancellable, error))
    return NULL;
  tables = pgm_connection_query (source, tables_sql, 0, NULL, cancellable, error);
  if (tables == NULL)
    return NULL;
  judge (self, tables);
  return g_steal_pointer (&self);
}

void
pgm_narrow_free (PgmNarrow *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->needed);
  g_hash_table_unref (self->schemas);
  g_hash_table_unref (self->parents);
  g_ptr_array_unref (self->patterns);
  g_free (self);
}

gboolean
pgm_narrow_needs (PgmNarrow *self, guint32 oid)
{
  return g_hash_table_contains (self->needed, GUINT_TO_POINTER (oid));
}

gboolean
pgm_narrow_needs_schema (PgmNarrow *self, const char *schema)
{
  return g_hash_table_contains (self->schemas, schema) ||
         pgm_filter_takes_schema (self->filter, schema);
}

GPtrArray *
pgm_narrow_get_patterns (PgmNarrow *self)
{
  return self->patterns;
}
