#include "config.h"

#include "postgres/catalog-private.h"

PgmCatalog *
pgm_catalog_read_structure (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmCatalog) self = g_new0 (PgmCatalog, 1);

  self->tables = g_ptr_array_new_with_free_func ((GDestroyNotify) pgm_table_free);
  self->indexes = g_ptr_array_new_with_free_func ((GDestroyNotify) pgm_index_free);
  self->foreign_keys = g_ptr_array_new_with_free_func ((GDestroyNotify) pgm_foreign_key_free);
  self->sequences = g_ptr_array_new_with_free_func ((GDestroyNotify) pgm_sequence_free);
  self->tables_by_oid = g_hash_table_new (NULL, NULL);

  if (!pgm_catalog_read_tables (self, connection, cancellable, error) ||
      !pgm_catalog_read_indexes (self, connection, cancellable, error) ||
      !pgm_catalog_read_foreign_keys (self, connection, cancellable, error) ||
      !pgm_catalog_list_sequences (self, connection, cancellable, error))
    return NULL;
  return g_steal_pointer (&self);
}

PgmCatalog *
pgm_catalog_read (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmCatalog) self = pgm_catalog_read_structure (connection, cancellable, error);

  if (self == NULL || !pgm_catalog_read_sequences (self, connection, cancellable, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
pgm_catalog_free (PgmCatalog *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->tables_by_oid, g_hash_table_unref);
  g_clear_pointer (&self->tables, g_ptr_array_unref);
  g_clear_pointer (&self->indexes, g_ptr_array_unref);
  g_clear_pointer (&self->foreign_keys, g_ptr_array_unref);
  g_clear_pointer (&self->sequences, g_ptr_array_unref);
  g_free (self);
}

PgmTable *
pgm_catalog_find_table (PgmCatalog *self, const char *schema, const char *name)
{
  for (guint i = 0; i < self->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (self->tables, i);

      if (g_str_equal (table->name, name) && g_str_equal (table->schema, schema))
        return table;
    }
  return NULL;
}
