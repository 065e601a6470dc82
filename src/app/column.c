#include "app/column.h"

#include "core/i18n.h"

static void
on_setup (GtkSignalListItemFactory *factory, GtkListItem *item, const PgmColumn *column)
{
  GtkWidget *child = gtk_inscription_new (NULL);

  /* It cuts what goes below its line; some fonts' descenders do. */
  gtk_widget_set_size_request (child, -1, 20);
  gtk_inscription_set_xalign (GTK_INSCRIPTION (child), column->xalign);
  gtk_inscription_set_min_chars (GTK_INSCRIPTION (child), column->width < 0 ? 12 : 4);
  gtk_inscription_set_nat_chars (GTK_INSCRIPTION (child), column->width < 0 ? 32 : 8);
  gtk_inscription_set_text_overflow (GTK_INSCRIPTION (child),
                                     GTK_INSCRIPTION_OVERFLOW_ELLIPSIZE_END);
  gtk_list_item_set_child (item, child);
}

static void
on_bind (GtkSignalListItemFactory *factory, GtkListItem *item, const PgmColumn *column)
{
  GtkWidget *child = gtk_list_item_get_child (item);
  g_autofree char *text = column->text (gtk_list_item_get_item (item));
  const char *const classes[] = { column->css != NULL ? column->css (gtk_list_item_get_item (item))
                                                      : NULL,
                                  NULL };

  gtk_inscription_set_text (GTK_INSCRIPTION (child), text);
  gtk_widget_set_css_classes (child, (const char **) (guintptr) classes);
}

void
pgm_column_append (GtkColumnView *view, const PgmColumn *info)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_autoptr (GtkColumnViewColumn) column = NULL;
  gpointer data = (gpointer) (guintptr) info;

  g_signal_connect (factory, "setup", G_CALLBACK (on_setup), data);
  g_signal_connect (factory, "bind", G_CALLBACK (on_bind), data);
  column = gtk_column_view_column_new (_ (info->title), factory);
  gtk_column_view_column_set_expand (column, info->width < 0);
  gtk_column_view_column_set_fixed_width (column, info->width);
  if (info->compare != NULL)
    {
      g_autoptr (GtkSorter) sorter = GTK_SORTER (gtk_custom_sorter_new (info->compare, NULL, NULL));

      gtk_column_view_column_set_sorter (column, sorter);
    }
  gtk_column_view_append_column (view, column);
}

/* There is no property for it, so this goes down from the header row to the box inside
 * each title. */
void
pgm_column_align_titles (GtkColumnView *view, const PgmColumn *columns, guint n_columns)
{
  GtkWidget *header = gtk_widget_get_first_child (GTK_WIDGET (view));
  GtkWidget *title = header != NULL ? gtk_widget_get_first_child (header) : NULL;

  for (guint i = 0; i < n_columns && title != NULL; i++)
    {
      GtkWidget *box = gtk_widget_get_first_child (title);

      if (box != NULL && columns[i].xalign > 0.5f)
        gtk_widget_set_halign (box, GTK_ALIGN_END);
      title = gtk_widget_get_next_sibling (title);
    }
}
