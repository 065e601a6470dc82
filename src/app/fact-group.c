#include "app/fact-group.h"

#include "core/text.h"

struct _PgmFactGroup
{
  GtkWidget parent_instance;
  GtkWidget *box;
  GtkBox *heading;
  GtkLabel *description;
  GtkListBox *list;
  GtkLabel *empty;
  GHashTable *rows;    /* key → PgmFactRow, borrowed */
  GHashTable *touched; /* keys since the beginning */
  gboolean hide_empty;
};

G_DEFINE_FINAL_TYPE (PgmFactGroup, pgm_fact_group, GTK_TYPE_WIDGET)

static void
pgm_fact_group_dispose (GObject *object)
{
  PgmFactGroup *self = PGM_FACT_GROUP (object);

  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_pointer (&self->rows, g_hash_table_unref);
  g_clear_pointer (&self->touched, g_hash_table_unref);
  G_OBJECT_CLASS (pgm_fact_group_parent_class)->dispose (object);
}

static void
pgm_fact_group_class_init (PgmFactGroupClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_fact_group_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "factgroup");
}

static GtkLabel *
make_label (const char *first_class, const char *second_class)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_widget_add_css_class (label, first_class);
  if (second_class != NULL)
    gtk_widget_add_css_class (label, second_class);
  return GTK_LABEL (label);
}

static void
pgm_fact_group_init (PgmFactGroup *self)
{
  self->rows = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->touched = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  self->heading = GTK_BOX (gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6));
  self->description = make_label ("dim-label", NULL);
  self->empty = make_label ("dim-label", NULL);
  self->list = GTK_LIST_BOX (gtk_list_box_new ());
  gtk_list_box_set_selection_mode (self->list, GTK_SELECTION_NONE);
  gtk_widget_add_css_class (GTK_WIDGET (self->list), "boxed-list");
  gtk_widget_set_visible (GTK_WIDGET (self->description), FALSE);
  gtk_widget_set_margin_top (self->box, 12);
  gtk_widget_set_margin_bottom (self->box, 12);
  gtk_box_append (GTK_BOX (self->box), GTK_WIDGET (self->heading));
  gtk_box_append (GTK_BOX (self->box), GTK_WIDGET (self->description));
  gtk_box_append (GTK_BOX (self->box), GTK_WIDGET (self->list));
  gtk_box_append (GTK_BOX (self->box), GTK_WIDGET (self->empty));
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
}

static void
show_emptiness (PgmFactGroup *self)
{
  gboolean empty = g_hash_table_size (self->rows) == 0;

  gtk_widget_set_visible (GTK_WIDGET (self->list), !empty);
  gtk_widget_set_visible (GTK_WIDGET (self->empty), empty);
  gtk_widget_set_visible (GTK_WIDGET (self), !empty || !self->hide_empty);
}

PgmFactGroup *
pgm_fact_group_new (const char *title, const char *empty)
{
  PgmFactGroup *self = g_object_new (PGM_TYPE_FACT_GROUP, NULL);
  GtkLabel *label = make_label ("heading", NULL);

  gtk_label_set_text (label, title != NULL ? title : "");
  gtk_widget_set_visible (GTK_WIDGET (self->heading), title != NULL);
  gtk_widget_set_hexpand (GTK_WIDGET (label), TRUE);
  gtk_box_append (self->heading, GTK_WIDGET (label));
  if (title != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                    title, -1);
  self->hide_empty = empty == NULL;
  gtk_label_set_text (self->empty, empty != NULL ? empty : "");
  show_emptiness (self);
  return self;
}

void
pgm_fact_group_set_description (PgmFactGroup *self, const char *description)
{
  g_autofree char *plain = pgm_display_text (description);

  gtk_label_set_text (self->description, plain != NULL ? plain : "");
  gtk_widget_set_visible (GTK_WIDGET (self->description), plain != NULL);
}

void
pgm_fact_group_set_suffix (PgmFactGroup *self, GtkWidget *widget)
{
  gtk_box_append (self->heading, widget);
}

void
pgm_fact_group_begin (PgmFactGroup *self)
{
  g_hash_table_remove_all (self->touched);
}

PgmFactRow *
pgm_fact_group_get_row (PgmFactGroup *self, const char *key)
{
  PgmFactRow *row = g_hash_table_lookup (self->rows, key);

  g_hash_table_add (self->touched, g_strdup (key));
  if (row != NULL)
    return row;
  row = PGM_FACT_ROW (pgm_fact_row_new ());
  g_hash_table_insert (self->rows, g_strdup (key), row);
  gtk_list_box_append (self->list, GTK_WIDGET (row));
  return row;
}

void
pgm_fact_group_end (PgmFactGroup *self)
{
  GHashTableIter iter;
  gpointer key, row;

  g_hash_table_iter_init (&iter, self->rows);
  while (g_hash_table_iter_next (&iter, &key, &row))
    if (!g_hash_table_contains (self->touched, key))
      {
        g_hash_table_iter_remove (&iter);
        gtk_list_box_remove (self->list, row);
      }
  show_emptiness (self);
}

guint
pgm_fact_group_get_n_rows (PgmFactGroup *self)
{
  return g_hash_table_size (self->rows);
}

PgmFactRow *
pgm_fact_group_find_row (PgmFactGroup *self, const char *key)
{
  return g_hash_table_lookup (self->rows, key);
}
