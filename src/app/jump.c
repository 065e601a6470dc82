#include "app/jump.h"

#include <string.h>

#include "app/fact-row.h"
#include "core/i18n.h"

struct _PgmJump
{
  AdwWindow parent_instance;
  GtkSearchEntry *entry;
  GtkListBox *list;
  GtkWidget *nothing;
  GStrv words;
};

G_DEFINE_FINAL_TYPE (PgmJump, pgm_jump, ADW_TYPE_WINDOW)

typedef struct
{
  char *action;
  char *target; /* NULL: none */
  char *folded; /* what is searched in */
} Place;

static void
place_free (gpointer data)
{
  Place *place = data;

  g_free (place->action);
  g_free (place->target);
  g_free (place->folded);
  g_free (place);
}

static void
add_place (PgmJump *self,
           const char *title,
           const char *subtitle,
           const char *icon,
           const char *action,
           const char *target)
{
  GtkWidget *row = pgm_fact_row_new ();
  Place *place = g_new0 (Place, 1);
  g_autofree char *text = g_strdup_printf ("%s\n%s", title, subtitle != NULL ? subtitle : "");

  place->action = g_strdup (action);
  place->target = g_strdup (target);
  place->folded = g_utf8_casefold (text, -1);
  pgm_fact_row_set_icon (PGM_FACT_ROW (row), icon, NULL, NULL);
  pgm_fact_row_set_title (PGM_FACT_ROW (row), title);
  pgm_fact_row_set_subtitle (PGM_FACT_ROW (row), subtitle);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  g_object_set_data_full (G_OBJECT (row), "place", place, place_free);
  gtk_list_box_append (self->list, row);
}

static void
add_clusters (PgmJump *self, GListModel *clusters)
{
  for (guint i = 0; i < g_list_model_get_n_items (clusters); i++)
    {
      g_autoptr (PgmClusterItem) item = g_list_model_get_item (clusters, i);
      g_autofree char *line = pgm_cluster_item_describe (item);
      const char *environment = pgm_cluster_item_get_environment (item);
      g_autofree char *subtitle =
          environment != NULL ? g_strdup_printf ("%s · %s", environment, line) : g_strdup (line);

      add_place (self, pgm_cluster_item_get_name (item), subtitle, "pgm-cluster-symbolic",
                 "win.show-cluster", pgm_cluster_item_get_id (item));
    }
}

static void
add_jobs (PgmJump *self, GListModel *jobs)
{
  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr (PgmJobItem) item = g_list_model_get_item (jobs, i);
      g_autofree char *title = pgm_job_item_get_title (item);
      g_autofree char *line = pgm_job_item_describe (item);

      add_place (self, title, line, "pgm-migration-symbolic", "win.show-migration",
                 pgm_job_item_get_id (item));
    }
}

static void
add_actions (PgmJump *self)
{
  add_place (self, _ ("New Migration"), NULL, "list-add-symbolic", "win.new-migration", NULL);
  add_place (self, _ ("Add Cluster"), NULL, "list-add-symbolic", "win.add-cluster", NULL);
  add_place (self, _ ("Logs"), NULL, "pgm-logs-symbolic", "win.show-logs", NULL);
  add_place (self, _ ("Sample"), NULL, "pgm-databases-symbolic", "win.show-demo", NULL);
  add_place (self, _ ("Preferences"), NULL, "emblem-system-symbolic", "app.preferences", NULL);
  add_place (self, _ ("Keyboard Shortcuts"), NULL, "preferences-desktop-keyboard-symbolic",
             "app.shortcuts", NULL);
}

static gboolean
is_shown (GtkListBoxRow *row, gpointer user_data)
{
  PgmJump *self = user_data;
  const Place *place = g_object_get_data (G_OBJECT (row), "place");

  for (guint i = 0; self->words != NULL && self->words[i] != NULL; i++)
    if (strstr (place->folded, self->words[i]) == NULL)
      return FALSE;
  return TRUE;
}

static GtkListBoxRow *
find_first (PgmJump *self)
{
  for (int i = 0; gtk_list_box_get_row_at_index (self->list, i) != NULL; i++)
    if (is_shown (gtk_list_box_get_row_at_index (self->list, i), self))
      return gtk_list_box_get_row_at_index (self->list, i);
  return NULL;
}

static void
on_changed (PgmJump *self)
{
  g_autofree char *folded =
      g_utf8_casefold (gtk_editable_get_text (GTK_EDITABLE (self->entry)), -1);

  g_strfreev (self->words);
  self->words = g_strsplit (folded, " ", -1);
  gtk_list_box_invalidate_filter (self->list);
  gtk_list_box_select_row (self->list, find_first (self));
}

/* The window goes first: what is opened may take the focus. */
static void
on_activated (PgmJump *self, GtkListBoxRow *row)
{
  const Place *place = g_object_get_data (G_OBJECT (row), "place");
  g_autoptr (GtkWidget) parent =
      g_object_ref (GTK_WIDGET (gtk_window_get_transient_for (GTK_WINDOW (self))));
  g_autofree char *action = g_strdup (place->action);
  g_autofree char *target = g_strdup (place->target);

  gtk_window_destroy (GTK_WINDOW (self));
  if (target != NULL)
    gtk_widget_activate_action (parent, action, "s", target);
  else
    gtk_widget_activate_action (parent, action, NULL);
}

void
pgm_jump_activate_first (PgmJump *self)
{
  GtkListBoxRow *row = find_first (self);

  if (row != NULL)
    on_activated (self, row);
}

GtkEditable *
pgm_jump_get_entry (PgmJump *self)
{
  return GTK_EDITABLE (self->entry);
}

guint
pgm_jump_count_shown (PgmJump *self)
{
  guint count = 0;

  for (int i = 0; gtk_list_box_get_row_at_index (self->list, i) != NULL; i++)
    count += is_shown (gtk_list_box_get_row_at_index (self->list, i), self);
  return count;
}

static void
pgm_jump_finalize (GObject *object)
{
  g_strfreev (PGM_JUMP (object)->words);
  G_OBJECT_CLASS (pgm_jump_parent_class)->finalize (object);
}

static void
pgm_jump_class_init (PgmJumpClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = pgm_jump_finalize;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/jump.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmJump, entry);
  gtk_widget_class_bind_template_child (widget_class, PgmJump, list);
  gtk_widget_class_bind_template_child (widget_class, PgmJump, nothing);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
pgm_jump_init (PgmJump *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_list_box_set_filter_func (self->list, is_shown, self, NULL);
  gtk_list_box_set_placeholder (self->list, self->nothing);
  gtk_search_entry_set_key_capture_widget (self->entry, GTK_WIDGET (self));
  g_signal_connect_swapped (self->entry, "changed", G_CALLBACK (on_changed), self);
  g_signal_connect_swapped (self->entry, "activate", G_CALLBACK (pgm_jump_activate_first), self);
  g_signal_connect_swapped (self->entry, "stop-search", G_CALLBACK (gtk_window_close), self);
  g_signal_connect_swapped (self->list, "row-activated", G_CALLBACK (on_activated), self);
}

PgmJump *
pgm_jump_new (GtkWindow *parent, PgmInventory *inventory)
{
  PgmJump *self = g_object_new (PGM_TYPE_JUMP, "transient-for", parent, NULL);

  add_clusters (self, pgm_inventory_get_clusters (inventory));
  add_jobs (self, pgm_inventory_get_jobs (inventory));
  add_actions (self);
  gtk_list_box_select_row (self->list, find_first (self));
  return self;
}
