#include "config.h"

#include "migration/catalog-objects-private.h"

#include <string.h>

#include "migration/definition.h"

static const PgmObjectQuery *const query_lists[] = {
  pgm_object_queries_relations,
  pgm_object_queries_code,
  pgm_object_queries_other,
  pgm_object_queries_attributes,
};

static void
catalog_object_free (PgmCatalogObject *self)
{
  g_free (self->identity);
  g_free (self->key);
  g_free (self->schema);
  g_free (self->relation);
  g_free (self->ddl);
  g_free (self->form);
  g_free (self);
}

int
pgm_catalog_object_compare (const PgmCatalogObject *a, const PgmCatalogObject *b)
{
  int order = strcmp (a->object_class, b->object_class);

  return order != 0 ? order : strcmp (a->key, b->key);
}

static int
compare_pointers (gconstpointer a, gconstpointer b)
{
  return pgm_catalog_object_compare (*(PgmCatalogObject *const *) a,
                                     *(PgmCatalogObject *const *) b);
}

static gboolean
query_applies (const PgmObjectQuery *query, int major, const PgmCatalogObjectOptions *options)
{
  if ((query->flags & PGM_OBJECT_QUERY_OWNER) != 0 && options->no_owner)
    return FALSE;
  if ((query->flags & PGM_OBJECT_QUERY_ACL) != 0 && options->no_acl)
    return FALSE;
  return major >= query->since;
}

static gboolean
read_class (GPtrArray *objects,
            PgmConnection *connection,
            const PgmObjectQuery *query,
            const PgmCatalogObjectOptions *options,
            GCancellable *cancellable,
            GError **error)
{
  g_autofree char *sql =
      pgm_object_query_expand (query->sql, pgm_connection_get_major (connection), options);
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, sql, 0, NULL, cancellable, error);

  if (result == NULL)
    {
      g_prefix_error (error, "reading objects of class %s: ", query->object_class);
      return FALSE;
    }
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      PgmCatalogObject *object = g_new0 (PgmCatalogObject, 1);

      object->object_class = query->object_class;
      object->identity = g_strdup (pgm_result_get_or (result, row, 0, ""));
      object->key = pgm_definition_name_key (object->identity);
      object->schema = g_strdup (pgm_result_get (result, row, 1));
      object->relation = g_strdup (pgm_result_get (result, row, 2));
      object->ddl = g_strdup (pgm_result_get_or (result, row, 3, ""));
      object->form = g_strdup (pgm_result_get (result, row, 4));
      g_ptr_array_add (objects, object);
    }
  return TRUE;
}

GPtrArray *
pgm_catalog_objects_read (PgmConnection *connection,
                          const PgmCatalogObjectOptions *options,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (GPtrArray) objects =
      g_ptr_array_new_with_free_func ((GDestroyNotify) catalog_object_free);
  int major = pgm_connection_get_major (connection);

  for (guint i = 0; i < G_N_ELEMENTS (query_lists); i++)
    for (const PgmObjectQuery *query = query_lists[i]; query->object_class != NULL; query++)
      if (query_applies (query, major, options) &&
          !read_class (objects, connection, query, options, cancellable, error))
        return NULL;

  g_ptr_array_sort (objects, compare_pointers);
  return g_steal_pointer (&objects);
}
