#include "app/relation-list.h"

#include <string.h>

struct _PgmRelation
{
  GObject parent_instance;
  PgmTableSize *table;
  char *schema;
  char *folded; /* "schema.name", for searching */
};

G_DEFINE_FINAL_TYPE (PgmRelation, pgm_relation, G_TYPE_OBJECT)

static void
pgm_relation_finalize (GObject *object)
{
  PgmRelation *self = PGM_RELATION (object);

  pgm_record_unref (self->table);
  g_free (self->schema);
  g_free (self->folded);
  G_OBJECT_CLASS (pgm_relation_parent_class)->finalize (object);
}

static void
pgm_relation_class_init (PgmRelationClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = pgm_relation_finalize;
}

static void
pgm_relation_init (PgmRelation *self)
{
}

static PgmRelation *
pgm_relation_new (const char *schema, PgmTableSize *table)
{
  PgmRelation *self = g_object_new (PGM_TYPE_RELATION, NULL);
  g_autofree char *name = g_strdup_printf ("%s.%s", schema, table->name);

  self->table = pgm_record_ref (table);
  self->schema = g_strdup (schema);
  self->folded = g_utf8_casefold (name, -1);
  return self;
}

const char *
pgm_relation_get_schema (PgmRelation *self)
{
  return self->schema;
}

const PgmTableSize *
pgm_relation_get_table (PgmRelation *self)
{
  return self->table;
}

/* ---- the list -------------------------------------------------------------------- */

struct _PgmRelationList
{
  GObject parent_instance;
  GPtrArray *all;   /* PgmRelation */
  GPtrArray *shown; /* borrowed from all */
  char *schema;
  GStrv words;
  guint64 bytes;
  GCancellable *filling;
};

enum
{
  FILLED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void pgm_relation_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (PgmRelationList,
                               pgm_relation_list,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      pgm_relation_list_model_init))

static GType
get_item_type (GListModel *model)
{
  return PGM_TYPE_RELATION;
}

static guint
get_n_items (GListModel *model)
{
  return PGM_RELATION_LIST (model)->shown->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  PgmRelationList *self = PGM_RELATION_LIST (model);

  return position < self->shown->len ? g_object_ref (g_ptr_array_index (self->shown, position))
                                     : NULL;
}

static void
pgm_relation_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

static gboolean
is_wanted (PgmRelationList *self, PgmRelation *relation)
{
  if (self->schema != NULL && strcmp (self->schema, relation->schema) != 0)
    return FALSE;
  for (guint i = 0; self->words != NULL && self->words[i] != NULL; i++)
    if (strstr (relation->folded, self->words[i]) == NULL)
      return FALSE;
  return TRUE;
}

static void
apply_filter (PgmRelationList *self)
{
  guint before = self->shown->len;

  g_ptr_array_set_size (self->shown, 0);
  self->bytes = 0;
  for (guint i = 0; i < self->all->len; i++)
    {
      PgmRelation *relation = g_ptr_array_index (self->all, i);

      if (!is_wanted (self, relation))
        continue;
      g_ptr_array_add (self->shown, relation);
      self->bytes += relation->table->total_bytes;
    }
  g_list_model_items_changed (G_LIST_MODEL (self), 0, before, self->shown->len);
}

/* What is shown borrows from what is there: first the list becomes empty. */
static void
replace_all (PgmRelationList *self, GPtrArray *all)
{
  guint before = self->shown->len;

  g_ptr_array_set_size (self->shown, 0);
  g_list_model_items_changed (G_LIST_MODEL (self), 0, before, 0);
  g_ptr_array_unref (self->all);
  self->all = all;
  apply_filter (self);
}

static int
compare_bytes (gconstpointer a, gconstpointer b)
{
  const PgmRelation *left = *(PgmRelation *const *) a;
  const PgmRelation *right = *(PgmRelation *const *) b;

  if (left->table->total_bytes != right->table->total_bytes)
    return left->table->total_bytes > right->table->total_bytes ? -1 : 1;
  return strcmp (left->folded, right->folded);
}

static void
fill_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const PgmDatabaseSize *database = data;
  GPtrArray *all = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < database->schemas->len; i++)
    {
      const PgmSchemaSize *schema = g_ptr_array_index (database->schemas, i);

      for (guint j = 0; j < schema->tables->len; j++)
        g_ptr_array_add (all,
                         pgm_relation_new (schema->name, g_ptr_array_index (schema->tables, j)));
    }
  g_ptr_array_sort (all, compare_bytes);
  g_task_return_pointer (task, all, (GDestroyNotify) g_ptr_array_unref);
}

static void
on_filled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PgmRelationList *self = PGM_RELATION_LIST (source);
  GPtrArray *all = g_task_propagate_pointer (G_TASK (result), NULL);

  if (all == NULL)
    return;
  g_clear_object (&self->filling);
  replace_all (self, all);
  g_signal_emit (self, signals[FILLED], 0);
}

static void
stop_filling (PgmRelationList *self)
{
  if (self->filling != NULL)
    g_cancellable_cancel (self->filling);
  g_clear_object (&self->filling);
}

void
pgm_relation_list_fill (PgmRelationList *self, PgmDatabaseSize *database)
{
  g_autoptr (GTask) task = NULL;

  stop_filling (self);
  if (database == NULL)
    {
      replace_all (self, g_ptr_array_new_with_free_func (g_object_unref));
      return;
    }
  self->filling = g_cancellable_new ();
  task = g_task_new (self, self->filling, on_filled, NULL);
  g_task_set_task_data (task, pgm_record_ref (database), pgm_record_unref);
  g_task_run_in_thread (task, fill_thread);
}

void
pgm_relation_list_filter (PgmRelationList *self, const char *schema, const char *search)
{
  g_autofree char *folded = g_utf8_casefold (search != NULL ? search : "", -1);

  g_free (self->schema);
  self->schema = g_strdup (schema);
  g_strfreev (self->words);
  self->words = g_strsplit (folded, " ", -1);
  apply_filter (self);
}

guint
pgm_relation_list_get_n_all (PgmRelationList *self)
{
  return self->all->len;
}

guint64
pgm_relation_list_get_bytes (PgmRelationList *self)
{
  return self->bytes;
}

static void
pgm_relation_list_dispose (GObject *object)
{
  stop_filling (PGM_RELATION_LIST (object));
  G_OBJECT_CLASS (pgm_relation_list_parent_class)->dispose (object);
}

static void
pgm_relation_list_finalize (GObject *object)
{
  PgmRelationList *self = PGM_RELATION_LIST (object);

  g_ptr_array_unref (self->shown);
  g_ptr_array_unref (self->all);
  g_free (self->schema);
  g_strfreev (self->words);
  G_OBJECT_CLASS (pgm_relation_list_parent_class)->finalize (object);
}

static void
pgm_relation_list_class_init (PgmRelationListClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_relation_list_dispose;
  G_OBJECT_CLASS (klass)->finalize = pgm_relation_list_finalize;
  signals[FILLED] = g_signal_new ("filled", PGM_TYPE_RELATION_LIST, G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 0);
}

static void
pgm_relation_list_init (PgmRelationList *self)
{
  self->all = g_ptr_array_new_with_free_func (g_object_unref);
  self->shown = g_ptr_array_new ();
}

PgmRelationList *
pgm_relation_list_new (void)
{
  return g_object_new (PGM_TYPE_RELATION_LIST, NULL);
}
