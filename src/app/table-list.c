#include "app/table-list.h"

struct _PgmTableList
{
  GObject parent_instance;
  GPtrArray *all;   /* PgmTableRow */
  GPtrArray *shown; /* the same, borrowed from there */
  guint n_looked;   /* of all: how many have been looked at for @shown */
  char *needle;
};

static void pgm_table_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (PgmTableList,
                               pgm_table_list,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, pgm_table_list_model_init))

static GType
get_item_type (GListModel *model)
{
  return PGM_TYPE_TABLE_ROW;
}

static guint
get_n_items (GListModel *model)
{
  return PGM_TABLE_LIST (model)->shown->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  PgmTableList *self = PGM_TABLE_LIST (model);

  return position < self->shown->len ? g_object_ref (g_ptr_array_index (self->shown, position))
                                     : NULL;
}

static void
pgm_table_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

static void
pgm_table_list_finalize (GObject *object)
{
  PgmTableList *self = PGM_TABLE_LIST (object);

  g_ptr_array_unref (self->shown);
  g_ptr_array_unref (self->all);
  g_free (self->needle);
  G_OBJECT_CLASS (pgm_table_list_parent_class)->finalize (object);
}

static void
pgm_table_list_class_init (PgmTableListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = pgm_table_list_finalize;
}

static void
pgm_table_list_init (PgmTableList *self)
{
  self->all = g_ptr_array_new_with_free_func (g_object_unref);
  self->shown = g_ptr_array_new ();
}

PgmTableList *
pgm_table_list_new (void)
{
  return g_object_new (PGM_TYPE_TABLE_LIST, NULL);
}

static void
look_at_rest (PgmTableList *self)
{
  for (; self->n_looked < self->all->len; self->n_looked++)
    {
      PgmTableRow *row = g_ptr_array_index (self->all, self->n_looked);

      if (self->needle == NULL || pgm_table_row_matches (row, self->needle))
        g_ptr_array_add (self->shown, row);
    }
}

void
pgm_table_list_add (PgmTableList *self, PgmTableRow *row)
{
  g_ptr_array_add (self->all, row);
}

void
pgm_table_list_added (PgmTableList *self)
{
  guint before = self->shown->len;

  look_at_rest (self);
  if (self->shown->len > before)
    g_list_model_items_changed (G_LIST_MODEL (self), before, 0, self->shown->len - before);
}

void
pgm_table_list_clear (PgmTableList *self)
{
  guint before = self->shown->len;

  g_ptr_array_set_size (self->shown, 0);
  self->n_looked = 0;
  /* Whoever hears of it may still ask for the rows that go. */
  if (before > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), 0, before, 0);
  g_ptr_array_set_size (self->all, 0);
}

void
pgm_table_list_search (PgmTableList *self, const char *needle)
{
  guint before = self->shown->len;

  if (g_strcmp0 (needle, self->needle) == 0)
    return;
  g_free (self->needle);
  self->needle = g_strdup (needle);
  g_ptr_array_set_size (self->shown, 0);
  self->n_looked = 0;
  look_at_rest (self);
  g_list_model_items_changed (G_LIST_MODEL (self), 0, before, self->shown->len);
}

guint
pgm_table_list_get_n_all (PgmTableList *self)
{
  return self->all->len;
}

PgmTableRow *
pgm_table_list_get_row (PgmTableList *self, guint index)
{
  return g_ptr_array_index (self->all, index);
}
