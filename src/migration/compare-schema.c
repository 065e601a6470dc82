#include "config.h"

#include "migration/compare-schema.h"

#include <string.h>

#include "migration/catalog-objects.h"
#include "migration/definition.h"

typedef struct
{
  PgmConnection *connection;
  PgmCatalogObjectOptions options;
  GCancellable *cancellable;
  GPtrArray *objects;
  GError *error;
} Side;

typedef struct
{
  PgmFilter *filter;
  PgmReport *report;
  int source_major;
  int destination_major;
  GHashTable *lone; /* "class identity" and "schema\nrelation" of objects on one side only */
} Comparison;

static gpointer
read_side (gpointer data)
{
  Side *side = data;

  side->objects =
      pgm_catalog_objects_read (side->connection, &side->options, side->cancellable, &side->error);
  return NULL;
}

/* Both at the same time: catalogs of thousands of tables take a moment. */
static gboolean
read_both (Side *source, Side *destination, GError **error)
{
  GThread *thread = g_thread_new ("compare-schema", read_side, source);

  read_side (destination);
  g_thread_join (thread);
  if (source->error == NULL && destination->error == NULL)
    return TRUE;
  if (source->error != NULL)
    g_propagate_error (error, g_steal_pointer (&source->error));
  else
    g_propagate_error (error, g_steal_pointer (&destination->error));
  g_clear_error (&destination->error);
  return FALSE;
}

static gboolean
takes (PgmFilter *filter, const PgmCatalogObject *object)
{
  if (!pgm_filter_is_active (filter) || object->schema == NULL)
    return TRUE;
  if (object->relation != NULL)
    return pgm_filter_takes (filter, object->schema, object->relation);
  return pgm_filter_takes_schema (filter, object->schema);
}

static gboolean
is_relation (const PgmCatalogObject *object)
{
  static const char *const classes[] = {
    "table", "foreign table", "view", "materialized view", NULL,
  };

  return g_strv_contains (classes, object->object_class);
}

static char *
relation_key (const PgmCatalogObject *object)
{
  return g_strdup_printf ("%s\n%s", object->schema, object->relation);
}

static void
note_lone (Comparison *self, const PgmCatalogObject *object)
{
  g_hash_table_add (self->lone, g_strdup_printf ("%s %s", object->object_class, object->identity));
  if (is_relation (object))
    g_hash_table_add (self->lone, relation_key (object));
}

/* Does it go without saying, since what it hangs on is on one side only? */
static gboolean
goes_without_saying (Comparison *self, const PgmCatalogObject *object)
{
  g_autofree char *key = NULL;

  if (g_hash_table_contains (self->lone, object->identity))
    return TRUE;
  if (object->schema == NULL || object->relation == NULL || is_relation (object))
    return FALSE;
  key = relation_key (object);
  return g_hash_table_contains (self->lone, key);
}

static gboolean
objects_equal (Comparison *self, const PgmCatalogObject *a, const PgmCatalogObject *b)
{
  if (a->form != NULL && b->form != NULL)
    return strcmp (a->form, b->form) == 0;
  return pgm_definition_equal (a->ddl, self->source_major, b->ddl, self->destination_major);
}

static void
add_difference (Comparison *self, const PgmCatalogObject *a, const PgmCatalogObject *b)
{
  const PgmCatalogObject *any = a != NULL ? a : b;
  PgmObjectDifference *difference = NULL;

  if ((a == NULL || b == NULL) && goes_without_saying (self, any))
    return;
  difference = pgm_record_new (&pgm_object_difference_type);
  difference->object_class = g_strdup (any->object_class);
  difference->identity = g_utf8_make_valid (any->identity, -1);
  difference->state = g_strdup (b == NULL   ? "only-source"
                                : a == NULL ? "only-destination"
                                            : "different");
  difference->source_ddl = a != NULL ? g_utf8_make_valid (a->ddl, -1) : NULL;
  difference->destination_ddl = b != NULL ? g_utf8_make_valid (b->ddl, -1) : NULL;
  g_ptr_array_add (self->report->objects, difference);
}

typedef void (*Visit) (Comparison *self, const PgmCatalogObject *a, const PgmCatalogObject *b);

/* Walks both sorted lists side by side; NULL stands for an object that is not there. */
static void
walk (Comparison *self, GPtrArray *source, GPtrArray *destination, Visit visit)
{
  guint i = 0;
  guint j = 0;

  while (i < source->len || j < destination->len)
    {
      const PgmCatalogObject *a = i < source->len ? g_ptr_array_index (source, i) : NULL;
      const PgmCatalogObject *b = j < destination->len ? g_ptr_array_index (destination, j) : NULL;
      int order = a == NULL ? 1 : b == NULL ? -1 : pgm_catalog_object_compare (a, b);

      if (order <= 0)
        i++;
      if (order >= 0)
        j++;
      if (takes (self->filter, order <= 0 ? a : b))
        visit (self, order <= 0 ? a : NULL, order >= 0 ? b : NULL);
    }
}

static void
visit_lone (Comparison *self, const PgmCatalogObject *a, const PgmCatalogObject *b)
{
  if (a == NULL || b == NULL)
    note_lone (self, a != NULL ? a : b);
}

static void
visit_difference (Comparison *self, const PgmCatalogObject *a, const PgmCatalogObject *b)
{
  self->report->objects_compared++;
  if (a == NULL || b == NULL || !objects_equal (self, a, b))
    add_difference (self, a, b);
}

gboolean
pgm_compare_schema (PgmComparePair *pair,
                    const PgmCompareOptions *options,
                    PgmFilter *filter,
                    PgmReport *report,
                    GCancellable *cancellable,
                    GError **error)
{
  Comparison self = {
    .filter = filter,
    .report = report,
    .source_major = pgm_connection_get_major (pair->source),
    .destination_major = pgm_connection_get_major (pair->destination),
  };
  gboolean superusers = pair->ends->source->superuser && pair->ends->destination->superuser;
  Side source = { pair->source,
                  { self.destination_major, superusers, options->no_owner, options->no_acl },
                  cancellable,
                  NULL,
                  NULL };
  Side destination = { pair->destination,
                       { self.source_major, superusers, options->no_owner, options->no_acl },
                       cancellable,
                       NULL,
                       NULL };
  gboolean ok = read_both (&source, &destination, error);

  if (ok)
    {
      self.lone = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      walk (&self, source.objects, destination.objects, visit_lone);
      walk (&self, source.objects, destination.objects, visit_difference);
      g_hash_table_unref (self.lone);
    }
  g_clear_pointer (&source.objects, g_ptr_array_unref);
  g_clear_pointer (&destination.objects, g_ptr_array_unref);
  return ok;
}
