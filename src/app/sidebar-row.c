#include "app/sidebar-row.h"

#include <string.h>

#include "app/sparkline.h"
#include "core/i18n.h"
#include "core/text.h"

struct _PgmSidebarRow
{
  GtkListBoxRow parent_instance;
  char *key;
  GObject *item; /* PgmClusterItem, PgmJobItem or NULL */
  GtkImage *icon;
  GtkLabel *name;
  GtkLabel *line;
  GtkWidget *lock;
  GtkLabel *badge;
  PgmSparkline *sparkline;
  GtkProgressBar *bar;
};

G_DEFINE_FINAL_TYPE (PgmSidebarRow, pgm_sidebar_row, GTK_TYPE_LIST_BOX_ROW)

static void
pgm_sidebar_row_dispose (GObject *object)
{
  PgmSidebarRow *self = PGM_SIDEBAR_ROW (object);

  if (self->item != NULL)
    g_signal_handlers_disconnect_by_data (self->item, self);
  g_clear_object (&self->item);
  g_clear_pointer (&self->key, g_free);
  G_OBJECT_CLASS (pgm_sidebar_row_parent_class)->dispose (object);
}

static void
pgm_sidebar_row_class_init (PgmSidebarRowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_sidebar_row_dispose;
}

static GtkWidget *
make_label (PgmSidebarRow *self, const char *const *classes)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_set_css_classes (label, (const char **) (guintptr) classes);
  return label;
}

static void
build_texts (PgmSidebarRow *self, GtkWidget *box)
{
  const char *const plain[] = { NULL };
  const char *const dim[] = { "caption", "dim-label", NULL };
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2);
  GtkWidget *first = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  self->name = GTK_LABEL (make_label (self, plain));
  self->line = GTK_LABEL (make_label (self, dim));
  self->lock = gtk_image_new_from_icon_name ("pgm-lock-symbolic");
  gtk_image_set_pixel_size (GTK_IMAGE (self->lock), 12);
  gtk_widget_set_visible (self->lock, FALSE);
  gtk_widget_add_css_class (self->lock, "dim-label");
  gtk_widget_set_tooltip_text (self->lock, _ ("Protected"));
  self->bar = GTK_PROGRESS_BAR (gtk_progress_bar_new ());
  gtk_widget_add_css_class (GTK_WIDGET (self->bar), "thin");
  gtk_widget_set_visible (GTK_WIDGET (self->bar), FALSE);
  gtk_box_append (GTK_BOX (first), GTK_WIDGET (self->name));
  gtk_box_append (GTK_BOX (first), self->lock);
  gtk_box_append (GTK_BOX (texts), first);
  gtk_box_append (GTK_BOX (texts), GTK_WIDGET (self->line));
  gtk_box_append (GTK_BOX (texts), GTK_WIDGET (self->bar));
  gtk_widget_set_hexpand (texts, TRUE);
  gtk_widget_set_valign (texts, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (box), texts);
}

static void
pgm_sidebar_row_init (PgmSidebarRow *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 9);

  gtk_widget_set_margin_top (box, 6);
  gtk_widget_set_margin_bottom (box, 6);
  self->icon = GTK_IMAGE (gtk_image_new ());
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->icon));
  build_texts (self, box);
  self->sparkline = PGM_SPARKLINE (pgm_sparkline_new ());
  gtk_widget_set_valign (GTK_WIDGET (self->sparkline), GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (GTK_WIDGET (self->sparkline), "dim-label");
  gtk_widget_set_visible (GTK_WIDGET (self->sparkline), FALSE);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->sparkline));
  self->badge = GTK_LABEL (gtk_label_new (NULL));
  gtk_widget_add_css_class (GTK_WIDGET (self->badge), "alert-badge");
  gtk_widget_set_valign (GTK_WIDGET (self->badge), GTK_ALIGN_CENTER);
  gtk_widget_set_visible (GTK_WIDGET (self->badge), FALSE);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->badge));
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (self), box);
}

static void
set_icon (PgmSidebarRow *self, const char *icon, const char *css_class)
{
  const char *const classes[] = { css_class, NULL };

  gtk_image_set_from_icon_name (self->icon, icon);
  gtk_widget_set_css_classes (GTK_WIDGET (self->icon), (const char **) (guintptr) classes);
}

static void
set_texts (PgmSidebarRow *self, const char *name, const char *line)
{
  g_autofree char *plain_name = pgm_display_text (name);
  g_autofree char *plain_line = pgm_display_text (line);

  gtk_label_set_text (self->name, plain_name);
  gtk_label_set_text (self->line, plain_line != NULL ? plain_line : "");
  gtk_widget_set_visible (GTK_WIDGET (self->line), plain_line != NULL);
}

static void
set_accessible (PgmSidebarRow *self, const char *description)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  gtk_label_get_text (self->name),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description, -1);
}

static void
show_cluster (PgmSidebarRow *self)
{
  PgmClusterItem *item = PGM_CLUSTER_ITEM (self->item);
  PgmClusterState state = pgm_cluster_item_get_state (item);
  g_autofree char *line = pgm_cluster_item_describe (item);
  g_autofree char *count = g_strdup_printf ("%u", pgm_cluster_item_count_alerts (item));
  g_autofree char *description =
      g_strdup_printf ("%s, %s", pgm_cluster_state_to_text (state), line);
  const PgmSparklinePoint *history;
  guint length;

  set_icon (self, pgm_cluster_state_to_icon (state), pgm_cluster_state_to_css_class (state));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->icon), pgm_cluster_state_to_text (state));
  set_texts (self, pgm_cluster_item_get_name (item),
             state == PGM_CLUSTER_DOWN ? pgm_cluster_state_to_text (state) : line);
  gtk_widget_set_visible (self->lock, pgm_cluster_item_is_protected (item));
  gtk_label_set_text (self->badge, count);
  gtk_widget_set_visible (GTK_WIDGET (self->badge), pgm_cluster_item_count_alerts (item) > 0);
  history = pgm_cluster_item_get_history (item, &length);
  pgm_sparkline_set_points (self->sparkline, history, length);
  gtk_widget_set_visible (GTK_WIDGET (self->sparkline), state != PGM_CLUSTER_DOWN && length > 1);
  set_accessible (self, description);
}

static void
show_job (PgmSidebarRow *self)
{
  PgmJobItem *item = PGM_JOB_ITEM (self->item);
  g_autofree char *title = pgm_job_item_get_title (item);
  g_autofree char *line = pgm_job_item_describe (item);

  set_icon (self, pgm_job_item_get_icon (item), pgm_job_item_get_css_class (item));
  set_texts (self, title, line);
  gtk_widget_set_visible (GTK_WIDGET (self->bar), pgm_job_item_is_running (item));
  gtk_progress_bar_set_fraction (self->bar, pgm_job_item_get_fraction (item));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), gtk_label_get_text (self->name));
  set_accessible (self, gtk_label_get_text (self->line));
}

GtkWidget *
pgm_sidebar_row_new_for_cluster (PgmClusterItem *item)
{
  PgmSidebarRow *self = g_object_new (PGM_TYPE_SIDEBAR_ROW, NULL);

  self->key = g_strconcat ("cluster:", pgm_cluster_item_get_id (item), NULL);
  self->item = g_object_ref (G_OBJECT (item));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->sparkline), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Round trips of the last minute"), -1);
  g_signal_connect_swapped (item, "changed", G_CALLBACK (show_cluster), self);
  show_cluster (self);
  return GTK_WIDGET (self);
}

GtkWidget *
pgm_sidebar_row_new_for_job (PgmJobItem *item)
{
  PgmSidebarRow *self = g_object_new (PGM_TYPE_SIDEBAR_ROW, NULL);

  self->key = g_strconcat ("job:", pgm_job_item_get_id (item), NULL);
  self->item = g_object_ref (G_OBJECT (item));
  g_signal_connect_swapped (item, "changed", G_CALLBACK (show_job), self);
  show_job (self);
  return GTK_WIDGET (self);
}

GtkWidget *
pgm_sidebar_row_new_for_place (const char *key, const char *icon, const char *title)
{
  PgmSidebarRow *self = g_object_new (PGM_TYPE_SIDEBAR_ROW, NULL);

  self->key = g_strdup (key);
  gtk_image_set_from_icon_name (self->icon, icon);
  set_texts (self, title, NULL);
  return GTK_WIDGET (self);
}

const char *
pgm_sidebar_row_get_key (PgmSidebarRow *self)
{
  return self->key;
}

PgmClusterItem *
pgm_sidebar_row_get_cluster (PgmSidebarRow *self)
{
  return PGM_IS_CLUSTER_ITEM (self->item) ? PGM_CLUSTER_ITEM (self->item) : NULL;
}

PgmJobItem *
pgm_sidebar_row_get_job (PgmSidebarRow *self)
{
  return PGM_IS_JOB_ITEM (self->item) ? PGM_JOB_ITEM (self->item) : NULL;
}

/* Names, tags and hosts of a cluster; what is written of anything else. */
static char *
get_haystack (PgmSidebarRow *self)
{
  GString *text = g_string_new (gtk_label_get_text (self->name));
  PgmClusterItem *item = pgm_sidebar_row_get_cluster (self);
  g_autofree char *all = NULL;

  g_string_append_printf (text, "\n%s", gtk_label_get_text (self->line));
  if (item != NULL)
    {
      const PgmCluster *cluster = pgm_cluster_item_get_cluster (item);

      for (guint i = 0; cluster->tags != NULL && cluster->tags[i] != NULL; i++)
        g_string_append_printf (text, "\n%s", cluster->tags[i]);
      for (guint i = 0; i < cluster->nodes->len; i++)
        {
          const PgmNode *node = g_ptr_array_index (cluster->nodes, i);

          g_string_append_printf (text, "\n%s\n%s", node->name != NULL ? node->name : "",
                                  node->host != NULL ? node->host : "");
        }
    }
  all = g_string_free (text, FALSE);
  return g_utf8_casefold (all, -1);
}

gboolean
pgm_sidebar_row_matches (PgmSidebarRow *self, const char *const *words)
{
  g_autofree char *haystack = get_haystack (self);

  for (guint i = 0; words[i] != NULL; i++)
    if (strstr (haystack, words[i]) == NULL)
      return FALSE;
  return TRUE;
}
