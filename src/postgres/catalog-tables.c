#include "config.h"

#include "postgres/catalog-private.h"

/* The sizes come from the files as they are now, not from the snapshot; NULL
 * (a table dropped meanwhile) reads as 0. Taking a size locks its table for that
 * moment only. pg_table_size() would count the maps as well, and takes twice as
 * long: opening a relation is what costs, and it opens more of them. A table that
 * someone is altering is not waited for; its size is then the last known one. */
static const char tables_sql[] =
    "WITH locked AS (SELECT l.relation FROM pg_locks l WHERE l.locktype = 'relation'"
    "     AND l.mode = 'AccessExclusiveLock' AND l.granted"
    "     AND l.pid IS DISTINCT FROM pg_backend_pid()"
    "     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
    "SELECT c.oid, c.relfilenode, n.nspname, c.relname, pg_get_userbyid(c.relowner),"
    " c.relkind, c.relpersistence, c.relreplident, c.relispartition,"
    " c.relkind = 'r' AND c.oid IN (SELECT h.inhparent FROM pg_inherits h),"
    /* 2 is heap's fixed OID; before 12 there was nothing else, and 0 here. */
    " c.relkind IN ('r', 'm') AND c.relam IN (0, 2),"
    " c.relrowsecurity,"
    " CASE WHEN c.relkind NOT IN ('r', 'm') THEN 0"
    "   WHEN c.oid IN (SELECT relation FROM locked) THEN c.relpages"
    "   ELSE pg_relation_size(c.oid, 'main') / current_setting('block_size')::int8 END,"
    " CASE WHEN c.relkind NOT IN ('r', 'm') THEN 0"
    "   WHEN c.oid IN (SELECT relation FROM locked)"
    "   THEN c.relpages * current_setting('block_size')::int8"
    "   ELSE pg_relation_size(c.oid, 'main')"
    "     + coalesce(pg_relation_size(nullif(c.reltoastrelid, 0), 'main'), 0) END,"
    /* Before 14 a table that was never analyzed looked like an empty one. */
    " CASE WHEN c.relkind IN ('r', 'm', 'p') AND (c.reltuples > 0 OR c.reltuples = 0 AND"
    "   (c.relpages > 0 OR current_setting('server_version_num')::int >= 140000))"
    "   THEN c.reltuples::int8 ELSE -1 END,"
    " xc.extname, nullif(xc.condition, '')"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace" PGM_SQL_JOIN_EXTENSION_CONFIG
    " WHERE c.relkind IN ('r', 'p', 'f', 'm') AND" PGM_SQL_USER_RELATION
    " ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"";

/* Extension members are read here as well and dropped in C: that is cheaper than
 * asking pg_depend once per column. %s: attgenerated came with 12. */
static const char columns_sql[] =
    "SELECT a.attrelid, a.attname, a.atttypid, format_type(a.atttypid, a.atttypmod),"
    " a.attnotnull, %s, a.attidentity"
    " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'm')"
    "   AND" PGM_SQL_USER_NAMESPACE "ORDER BY a.attrelid, a.attnum";

/* The best usable key of each table: its primary key, else the unique index over
 * the fewest NOT NULL columns, an integer before others. A deferrable key will
 * do: whatever a snapshot sees has been committed and so has been checked.
 * %s: INCLUDE columns came with 11; before, all columns are key columns. */
static const char keys_sql[] =
    "SELECT k.indrelid, k.indisprimary, a.attname, a.atttypid IN (20, 21, 23)"
    " FROM (SELECT DISTINCT ON (i.indrelid) i.indrelid, i.indisprimary, i.indkey, i.keys"
    "   FROM (SELECT i.*, i.%s AS keys FROM pg_index i) i"
    "   JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    "   CROSS JOIN LATERAL (SELECT bool_and(coalesce(a.attnotnull, false)) AS not_null,"
    "       bool_and(coalesce(a.atttypid IN (20, 21, 23), false)) AS integers"
    "     FROM unnest(i.indkey) WITH ORDINALITY u(attnum, n)"
    "     LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum"
    "       AND a.attnum > 0"
    "     WHERE u.n <= i.keys) q"
    "   WHERE i.indisunique AND i.indisvalid AND i.indisready AND i.indpred IS NULL"
    "     AND i.indexprs IS NULL AND q.not_null AND" PGM_SQL_USER_NAMESPACE
    "   ORDER BY i.indrelid, i.indisprimary DESC, i.keys, q.integers DESC, i.indexrelid) k"
    " CROSS JOIN LATERAL unnest(k.indkey) WITH ORDINALITY u(attnum, n)"
    " JOIN pg_attribute a ON a.attrelid = k.indrelid AND a.attnum = u.attnum"
    " WHERE u.n <= k.keys ORDER BY k.indrelid, u.n";

static void
column_free (PgmColumn *self)
{
  g_free (self->name);
  g_free (self->type_name);
  g_free (self);
}

void
pgm_table_free (PgmTable *self)
{
  g_free (self->schema);
  g_free (self->name);
  g_free (self->owner);
  g_free (self->extension);
  g_free (self->extension_filter);
  g_clear_pointer (&self->columns, g_ptr_array_unref);
  g_clear_pointer (&self->key_columns, g_ptr_array_unref);
  g_free (self);
}

static PgmTable *
table_from_row (PgmResult *result, guint row)
{
  PgmTable *table = g_new0 (PgmTable, 1);
  guint column = 0;

  table->oid = pgm_result_get_oid (result, row, column++);
  table->relfilenode = pgm_result_get_oid (result, row, column++);
  table->schema = g_strdup (pgm_result_get (result, row, column++));
  table->name = g_strdup (pgm_result_get (result, row, column++));
  table->owner = g_strdup (pgm_result_get (result, row, column++));
  table->kind = *pgm_result_get_or (result, row, column++, "");
  table->persistence = *pgm_result_get_or (result, row, column++, "");
  table->replica_identity = *pgm_result_get_or (result, row, column++, "");
  table->is_partition = pgm_result_get_bool (result, row, column++);
  table->has_children = pgm_result_get_bool (result, row, column++);
  table->heap = pgm_result_get_bool (result, row, column++);
  table->row_security = pgm_result_get_bool (result, row, column++);
  table->pages = pgm_result_get_int64 (result, row, column++);
  table->bytes = pgm_result_get_int64 (result, row, column++);
  table->rows_estimate = pgm_result_get_int64 (result, row, column++);
  table->extension = g_strdup (pgm_result_get (result, row, column++));
  table->extension_filter = g_strdup (pgm_result_get (result, row, column++));
  table->columns = g_ptr_array_new_with_free_func ((GDestroyNotify) column_free);
  table->key_columns = g_ptr_array_new_with_free_func (g_free);
  return table;
}

static PgmColumn *
column_from_row (PgmResult *result, guint row)
{
  PgmColumn *column = g_new0 (PgmColumn, 1);

  column->name = g_strdup (pgm_result_get (result, row, 1));
  column->type_oid = pgm_result_get_oid (result, row, 2);
  column->type_name = g_strdup (pgm_result_get (result, row, 3));
  column->not_null = pgm_result_get_bool (result, row, 4);
  column->generated = *pgm_result_get_or (result, row, 5, "") != '\0';
  column->identity = *pgm_result_get_or (result, row, 6, "");
  column->binary_safe = pgm_type_is_binary_safe (column->type_oid);
  return column;
}

static PgmTable *
table_of_row (PgmCatalog *self, PgmResult *result, guint row)
{
  guint32 oid = pgm_result_get_oid (result, row, 0);

  return g_hash_table_lookup (self->tables_by_oid, GUINT_TO_POINTER (oid));
}

static gboolean
read_columns (PgmCatalog *self,
              PgmConnection *connection,
              GCancellable *cancellable,
              GError **error)
{
  gboolean has_generated = pgm_connection_get_major (connection) >= 12;
  g_autofree char *sql = g_strdup_printf (columns_sql, has_generated ? "a.attgenerated" : "''");
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      PgmTable *table = table_of_row (self, result, row);

      if (table != NULL)
        g_ptr_array_add (table->columns, column_from_row (result, row));
    }
  return TRUE;
}

static gboolean
read_keys (PgmCatalog *self, PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  gboolean has_include = pgm_connection_get_major (connection) >= 11;
  g_autofree char *sql = g_strdup_printf (keys_sql, has_include ? "indnkeyatts" : "indnatts");
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      PgmTable *table = table_of_row (self, result, row);

      if (table == NULL)
        continue;
      table->has_primary_key = pgm_result_get_bool (result, row, 1);
      table->key_is_integer = table->key_columns->len == 0 && pgm_result_get_bool (result, row, 3);
      g_ptr_array_add (table->key_columns, g_strdup (pgm_result_get (result, row, 2)));
    }
  return TRUE;
}

gboolean
pgm_catalog_read_tables (PgmCatalog *self,
                         PgmConnection *connection,
                         GCancellable *cancellable,
                         GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, tables_sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      PgmTable *table = table_from_row (result, row);

      g_ptr_array_add (self->tables, table);
      g_hash_table_insert (self->tables_by_oid, GUINT_TO_POINTER (table->oid), table);
    }
  return read_columns (self, connection, cancellable, error) &&
         read_keys (self, connection, cancellable, error);
}
