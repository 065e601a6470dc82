#include "migration/index-plan.h"

#include <string.h>

#include "migration/search-path.h"
#include "postgres/quote.h"

struct _PgmIndexPlan
{
  GHashTable *items;    /* table OID -> GPtrArray of PgmIndexItem */
  GHashTable *by_oid;   /* index OID -> PgmIndexItem, borrowed */
  GHashTable *children; /* parent's index OID -> GPtrArray of PgmIndexItem, borrowed */
  GPtrArray *none;
  guint count;
  char *search_path;
};

/* What exists on the destination, by "schema\nname": a constraint's or a plain index. */
enum
{
  EXISTS_PLAIN = 1,
  EXISTS_CONSTRAINT = 2,
};

/* Reads of facts: OID of the index, what it is, text. */
static const char facts_sql[] =
    "SELECT c.oid, 'p', (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(pg_catalog.split_part(o, '=', 1)) || '='"
    "   || pg_catalog.quote_literal(pg_catalog.substr(o, pg_catalog.strpos(o, '=') + 1)), ', ')"
    "   FROM pg_catalog.unnest(c.reloptions) o)"
    " FROM pg_catalog.pg_class c WHERE c.relkind IN ('i', 'I') AND c.reloptions IS NOT NULL"
    " UNION ALL "
    "SELECT c.oid, 's', pg_catalog.format('ALTER COLUMN %s SET STATISTICS %s', a.attnum, a.attstattarget)"
    " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
    " WHERE c.relkind IN ('i', 'I') AND a.attstattarget >= 0"
    " UNION ALL "
    "SELECT d.objid, 'x', pg_catalog.format('DEPENDS ON EXTENSION %I', e.extname)"
    " FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid"
    " JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind IN ('i', 'I')"
    " WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
    "   AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'x'";

static const char existing_sql[] =
    "SELECT n.nspname || E'\\n' || c.relname,"
    " EXISTS (SELECT FROM pg_catalog.pg_constraint o WHERE o.conrelid = i.indrelid AND o.conindid = i.indexrelid"
    "   AND o.contype IN ('p', 'u', 'x')), NULL"
    " FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')"
    " UNION ALL SELECT NULL, NULL, spcname FROM pg_catalog.pg_tablespace";

static void
item_free (PgmIndexItem *self)
{
  g_free (self->tablespace);
  g_free (self->parameters);
  g_free (self->afterwards);
  g_free (self);
}

/* The name that it has in the end. */
static const char *
item_name (const PgmIndexItem *self)
{
  return self->index->constraint_name != NULL ? self->index->constraint_name : self->index->name;
}

static void
array_insert (GHashTable *arrays, guint32 oid, gpointer item, GDestroyNotify item_destroy)
{
  GPtrArray *array = g_hash_table_lookup (arrays, GUINT_TO_POINTER (oid));

  if (array == NULL)
    {
      array = g_ptr_array_new_with_free_func (item_destroy);
      g_hash_table_insert (arrays, GUINT_TO_POINTER (oid), array);
    }
  g_ptr_array_add (array, item);
}

static void
item_append_flags (PgmIndexItem *self, GString *sql)
{
  if (self->index->clustered)
    {
      g_string_append (sql, "ALTER TABLE ");
      pgm_quote_append_qualified (sql, self->table->schema, self->table->name);
      g_string_append (sql, " CLUSTER ON ");
      pgm_quote_append_identifier (sql, item_name (self));
      g_string_append (sql, ";\n");
    }
  if (self->index->replica_identity)
    {
      g_string_append (sql, "ALTER TABLE ONLY ");
      pgm_quote_append_qualified (sql, self->table->schema, self->table->name);
      g_string_append (sql, " REPLICA IDENTITY USING INDEX ");
      pgm_quote_append_identifier (sql, item_name (self));
      g_string_append (sql, ";\n");
    }
}

static void
item_add_afterwards (PgmIndexItem *self, const char *action)
{
  g_autoptr (GString) sql = g_string_new (self->afterwards);

  g_string_append (sql, "ALTER INDEX ");
  pgm_quote_append_qualified (sql, self->index->schema, item_name (self));
  g_string_append_printf (sql, " %s;\n", action);
  g_free (self->afterwards);
  self->afterwards = g_strdup (sql->str);
}

static void
plan_apply_fact (PgmIndexPlan *self, guint32 oid, const char *kind, const char *text)
{
  PgmIndexItem *item = pgm_index_plan_find (self, oid);

  if (item == NULL)
    return;
  if (*kind == 'p')
    {
      g_free (item->parameters);
      item->parameters = g_strdup (text);
    }
  else
    item_add_afterwards (item, text);
}

static void
plan_add (PgmIndexPlan *self, PgmCloneContext *ctx, PgmIndex *index)
{
  PgmTable *table =
      g_hash_table_lookup (ctx->catalog->tables_by_oid, GUINT_TO_POINTER (index->table_oid));
  PgmIndexItem *item;
  g_autoptr (GString) flags = g_string_new (NULL);

  /* A partitioned index is invalid as long as a partition lacks its part, and
   * is of use all the same. */
  if (table == NULL || (!index->valid && table->kind != 'p'))
    {
      if (table != NULL)
        pgm_progress_event (ctx->progress, "warning",
                            "index %s.%s is invalid on the source and is not copied", index->schema,
                            index->name);
      return;
    }
  item = g_new0 (PgmIndexItem, 1);
  item->index = index;
  item->table = table;
  item_append_flags (item, flags);
  item->afterwards = flags->len > 0 ? g_strdup (flags->str) : NULL;
  array_insert (self->items, table->oid, item, (GDestroyNotify) item_free);
  g_hash_table_insert (self->by_oid, GUINT_TO_POINTER (index->oid), item);
  if (index->parent_oid != 0)
    array_insert (self->children, index->parent_oid, item, NULL);
  if (table->kind != 'm')
    self->count++;
}

static gboolean
plan_read_facts (PgmIndexPlan *self,
                 PgmConnection *source,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (source, facts_sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    plan_apply_fact (self, pgm_result_get_oid (result, row, 0),
                     pgm_result_get_or (result, row, 1, ""),
                     pgm_result_get_or (result, row, 2, ""));
  self->search_path = pgm_search_path_read (source, cancellable, error);
  return self->search_path != NULL;
}

static void
item_set_existing (PgmIndexItem *self, GHashTable *indexes, GHashTable *tablespaces)
{
  g_autofree char *key = g_strdup_printf ("%s\n%s", self->index->schema, self->index->name);
  g_autofree char *final_key = g_strdup_printf ("%s\n%s", self->index->schema, item_name (self));
  guint state = GPOINTER_TO_UINT (g_hash_table_lookup (indexes, final_key));

  if (state == 0)
    state = GPOINTER_TO_UINT (g_hash_table_lookup (indexes, key));
  self->exists = state != 0;
  self->constraint_exists = state == EXISTS_CONSTRAINT;
  if (self->index->tablespace != NULL &&
      g_hash_table_contains (tablespaces, self->index->tablespace))
    self->tablespace = g_strdup (self->index->tablespace);
}

static gboolean
plan_read_existing (PgmIndexPlan *self,
                    PgmConnection *destination,
                    GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (destination, existing_sql, 0, NULL, cancellable, error);
  g_autoptr (GHashTable) indexes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) tablespaces =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer item;

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      if (pgm_result_get (result, row, 0) == NULL)
        g_hash_table_add (tablespaces, g_strdup (pgm_result_get_or (result, row, 2, "")));
      else
        g_hash_table_insert (indexes, g_strdup (pgm_result_get (result, row, 0)),
                             GUINT_TO_POINTER (pgm_result_get_bool (result, row, 1)
                                                   ? EXISTS_CONSTRAINT
                                                   : EXISTS_PLAIN));
    }
  g_hash_table_iter_init (&iter, self->by_oid);
  while (g_hash_table_iter_next (&iter, NULL, &item))
    item_set_existing (item, indexes, tablespaces);
  return TRUE;
}

PgmIndexPlan *
pgm_index_plan_read (PgmCloneContext *ctx,
                     PgmConnection *source,
                     PgmConnection *destination,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (PgmIndexPlan) self = g_new0 (PgmIndexPlan, 1);

  self->items = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  self->children = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  self->by_oid = g_hash_table_new (NULL, NULL);
  self->none = g_ptr_array_new ();
  for (guint i = 0; i < ctx->catalog->indexes->len; i++)
    plan_add (self, ctx, g_ptr_array_index (ctx->catalog->indexes, i));
  if (!plan_read_facts (self, source, cancellable, error) ||
      !plan_read_existing (self, destination, cancellable, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
pgm_index_plan_free (PgmIndexPlan *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->children);
  g_hash_table_unref (self->by_oid);
  g_hash_table_unref (self->items);
  g_ptr_array_unref (self->none);
  g_free (self->search_path);
  g_free (self);
}

GPtrArray *
pgm_index_plan_items (PgmIndexPlan *self, const PgmTable *table)
{
  GPtrArray *items = g_hash_table_lookup (self->items, GUINT_TO_POINTER (table->oid));

  return items != NULL ? items : self->none;
}

guint
pgm_index_plan_count (PgmIndexPlan *self)
{
  return self->count;
}

PgmIndexItem *
pgm_index_plan_find (PgmIndexPlan *self, guint32 index_oid)
{
  return g_hash_table_lookup (self->by_oid, GUINT_TO_POINTER (index_oid));
}

GPtrArray *
pgm_index_plan_children (PgmIndexPlan *self, const PgmIndexItem *parent)
{
  return g_hash_table_lookup (self->children, GUINT_TO_POINTER (parent->index->oid));
}

const char *
pgm_index_plan_search_path (PgmIndexPlan *self)
{
  return self->search_path;
}

gboolean
pgm_index_item_is_splittable (const PgmIndexItem *item)
{
  return (item->index->constraint_type == 'p' || item->index->constraint_type == 'u') &&
         item->table->kind != 'p' &&
         strstr (item->index->constraint_definition, " WITHOUT OVERLAPS)") == NULL;
}

static void
append_in_tablespace (const PgmIndexItem *item, GString *sql, const char *statement)
{
  if (item->tablespace != NULL)
    {
      g_string_append (sql, "SET default_tablespace = ");
      pgm_quote_append_literal (sql, item->tablespace);
      g_string_append (sql, ";\n");
    }
  g_string_append_printf (sql, "%s;\n", statement);
  if (item->tablespace != NULL)
    g_string_append (sql, "SET default_tablespace = '';\n");
}

static void
append_add_constraint (const PgmIndexItem *item, GString *sql)
{
  g_string_append (sql, "ALTER TABLE ONLY ");
  pgm_quote_append_qualified (sql, item->table->schema, item->table->name);
  g_string_append (sql, " ADD CONSTRAINT ");
  pgm_quote_append_identifier (sql, item->index->constraint_name);
}

static const char *
deferral (const PgmIndexItem *item)
{
  if (!item->index->deferrable)
    return "";
  return item->index->deferred ? " DEFERRABLE INITIALLY DEFERRED" : " DEFERRABLE";
}

/* pg_get_constraintdef() leaves the storage parameters of keys out; their place
 * is before the deferral. (Those of an exclusion constraint are in it.) */
static void
append_direct (const PgmIndexItem *item, GString *sql)
{
  const char *definition = item->index->constraint_definition;
  gsize length = strlen (definition);
  g_autoptr (GString) statement = g_string_new (NULL);

  append_add_constraint (item, statement);
  if (item->parameters == NULL || item->index->constraint_type == 'x' ||
      !g_str_has_suffix (definition, deferral (item)))
    g_string_append_printf (statement, " %s", definition);
  else
    {
      g_string_append_c (statement, ' ');
      g_string_append_len (statement, definition, (gssize) (length - strlen (deferral (item))));
      g_string_append_printf (statement, " WITH (%s)%s", item->parameters, deferral (item));
    }
  append_in_tablespace (item, sql, statement->str);
}

static void
append_using_index (const PgmIndexItem *item, GString *sql)
{
  append_add_constraint (item, sql);
  g_string_append (sql, item->index->constraint_type == 'p' ? " PRIMARY KEY" : " UNIQUE");
  g_string_append (sql, " USING INDEX ");
  pgm_quote_append_identifier (sql, item->index->name);
  g_string_append_printf (sql, "%s;\n", deferral (item));
}

void
pgm_index_item_append_build (const PgmIndexItem *item, GString *sql)
{
  if (item->exists)
    return;
  if (item->index->constraint_name == NULL || pgm_index_item_is_splittable (item))
    append_in_tablespace (item, sql, item->index->definition);
  else
    append_direct (item, sql);
}

void
pgm_index_item_append_finish (const PgmIndexItem *item, GString *sql)
{
  if (item->index->constraint_name != NULL && !item->constraint_exists &&
      pgm_index_item_is_splittable (item))
    append_using_index (item, sql);
  if (item->afterwards != NULL)
    g_string_append (sql, item->afterwards);
}

void
pgm_index_item_append_whole (const PgmIndexItem *item, GString *sql)
{
  if (item->index->constraint_name == NULL)
    {
      if (!item->exists)
        append_in_tablespace (item, sql, item->index->definition);
    }
  else if (!item->constraint_exists)
    {
      if (item->exists && pgm_index_item_is_splittable (item))
        append_using_index (item, sql);
      else
        append_direct (item, sql);
    }
  if (item->afterwards != NULL)
    g_string_append (sql, item->afterwards);
}

char *
pgm_index_item_describe (const PgmIndexItem *item)
{
  if (item->index->constraint_name != NULL)
    return g_strdup_printf ("constraint %s on %s.%s", item->index->constraint_name,
                            item->table->schema, item->table->name);
  return g_strdup_printf ("index %s.%s", item->index->schema, item->index->name);
}
