#include "config.h"

#include "postgres/catalog-private.h"

/* Indexes of an extension's tables come with the extension. */
static const char indexes_sql[] =
    "SELECT i.indexrelid, i.indrelid, n.nspname, c.relname, pg_get_indexdef(i.indexrelid),"
    " s.spcname, i.indisunique, i.indisvalid, i.indisclustered, i.indisreplident,"
    " c.relpages * current_setting('block_size')::int8,"
    " o.conname, o.contype, pg_get_constraintdef(o.oid), o.condeferrable, o.condeferred,"
    " coalesce(h.inhparent, 0)"
    " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_class t ON t.oid = i.indrelid AND t.relkind IN ('r', 'p', 'm')"
    " LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace"
    " LEFT JOIN pg_constraint o ON o.conrelid = i.indrelid AND o.conindid = i.indexrelid"
    "   AND o.contype IN ('p', 'u', 'x')"
    " LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid"
    " WHERE" PGM_SQL_USER_NAMESPACE
    "AND NOT" PGM_SQL_EXTENSION_MEMBER ("i.indrelid") "AND NOT" PGM_SQL_EXTENSION_MEMBER (
        "i.indexrelid") "ORDER BY i.indrelid, i.indisprimary DESC, c.relname COLLATE \"C\"";

/* %s: a partition's constraint points to its parent's since 11. One that points to
 * another of its own table is the server's: it refers to a partition of what that
 * one refers to. */
static const char foreign_keys_sql[] =
    "SELECT o.oid, o.conrelid, o.confrelid, o.conname, pg_get_constraintdef(o.oid),"
    " o.convalidated, %s"
    " FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE o.contype = 'f' AND" PGM_SQL_USER_NAMESPACE "   AND NOT" PGM_SQL_EXTENSION_MEMBER (
        "c.oid") "AND NOT EXISTS (SELECT FROM pg_constraint p WHERE p.oid = %s AND p.conrelid = o.conrelid)"
                 " ORDER BY o.conrelid, o.conname COLLATE \"C\", o.oid";

void
pgm_index_free (PgmIndex *self)
{
  g_free (self->schema);
  g_free (self->name);
  g_free (self->definition);
  g_free (self->tablespace);
  g_free (self->constraint_name);
  g_free (self->constraint_definition);
  g_free (self);
}

void
pgm_foreign_key_free (PgmForeignKey *self)
{
  g_free (self->name);
  g_free (self->definition);
  g_free (self);
}

static PgmIndex *
index_from_row (PgmResult *result, guint row)
{
  PgmIndex *index = g_new0 (PgmIndex, 1);
  guint column = 0;

  index->oid = pgm_result_get_oid (result, row, column++);
  index->table_oid = pgm_result_get_oid (result, row, column++);
  index->schema = g_strdup (pgm_result_get (result, row, column++));
  index->name = g_strdup (pgm_result_get (result, row, column++));
  index->definition = g_strdup (pgm_result_get (result, row, column++));
  index->tablespace = g_strdup (pgm_result_get (result, row, column++));
  index->unique = pgm_result_get_bool (result, row, column++);
  index->valid = pgm_result_get_bool (result, row, column++);
  index->clustered = pgm_result_get_bool (result, row, column++);
  index->replica_identity = pgm_result_get_bool (result, row, column++);
  index->bytes = pgm_result_get_int64 (result, row, column++);
  index->constraint_name = g_strdup (pgm_result_get (result, row, column++));
  index->constraint_type = *pgm_result_get_or (result, row, column++, "");
  index->constraint_definition = g_strdup (pgm_result_get (result, row, column++));
  index->deferrable = pgm_result_get_bool (result, row, column++);
  index->deferred = pgm_result_get_bool (result, row, column++);
  index->parent_oid = pgm_result_get_oid (result, row, column++);
  return index;
}

static PgmForeignKey *
foreign_key_from_row (PgmResult *result, guint row)
{
  PgmForeignKey *key = g_new0 (PgmForeignKey, 1);

  key->oid = pgm_result_get_oid (result, row, 0);
  key->table_oid = pgm_result_get_oid (result, row, 1);
  key->referenced_oid = pgm_result_get_oid (result, row, 2);
  key->name = g_strdup (pgm_result_get (result, row, 3));
  key->definition = g_strdup (pgm_result_get (result, row, 4));
  key->validated = pgm_result_get_bool (result, row, 5);
  key->parent_oid = pgm_result_get_oid (result, row, 6);
  return key;
}

gboolean
pgm_catalog_read_indexes (PgmCatalog *self,
                          PgmConnection *connection,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, indexes_sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      /* Both functions answer NULL for what was dropped since the snapshot; then
       * nothing is left to be rebuilt. */
      if (pgm_result_get (result, row, 4) != NULL)
        g_ptr_array_add (self->indexes, index_from_row (result, row));
    }
  return TRUE;
}

gboolean
pgm_catalog_read_foreign_keys (PgmCatalog *self,
                               PgmConnection *connection,
                               GCancellable *cancellable,
                               GError **error)
{
  gboolean has_parent = pgm_connection_get_major (connection) >= 11;
  const char *parent = has_parent ? "o.conparentid" : "0";
  g_autofree char *sql = g_strdup_printf (foreign_keys_sql, parent, parent);
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      if (pgm_result_get (result, row, 4) != NULL)
        g_ptr_array_add (self->foreign_keys, foreign_key_from_row (result, row));
    }
  return TRUE;
}
