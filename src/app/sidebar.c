#include "app/sidebar.h"

#include <string.h>

#include "app/sidebar-row.h"
#include "core/i18n.h"
#include "core/text.h"

/* Jobs that are over and still listed; the log has all of them. */
#define MAX_ENDED_JOBS 12

struct _PgmSidebar
{
  AdwBin parent_instance;
  GtkSearchEntry *search_entry;
  GtkListBox *list;
  PgmInventory *inventory;
  GHashTable *rows; /* item → PgmSidebarRow, both borrowed */
  GStrv words;      /* what is searched for, lower case */
};

G_DEFINE_FINAL_TYPE (PgmSidebar, pgm_sidebar, ADW_TYPE_BIN)

enum
{
  SECTION_CLUSTERS,
  SECTION_MIGRATIONS,
  SECTION_PLACES,
};

static int
get_section (PgmSidebarRow *row)
{
  if (pgm_sidebar_row_get_cluster (row) != NULL)
    return SECTION_CLUSTERS;
  if (pgm_sidebar_row_get_job (row) != NULL ||
      g_strcmp0 (pgm_sidebar_row_get_key (row), "new-migration") == 0)
    return SECTION_MIGRATIONS;
  return SECTION_PLACES;
}

/* ---- order, headings, search ---------------------------------------------------- */

/* Production first; whatever has no environment last. */
static int
rank_environment (const char *environment)
{
  const char *const known[] = { "prod", "production", "staging", "test", "dev" };

  if (environment == NULL)
    return G_MAXINT;
  for (int i = 0; i < (int) G_N_ELEMENTS (known); i++)
    if (g_strcmp0 (environment, known[i]) == 0)
      return i;
  return G_N_ELEMENTS (known);
}

static int
compare_clusters (PgmClusterItem *a, PgmClusterItem *b)
{
  const char *left = pgm_cluster_item_get_environment (a);
  const char *right = pgm_cluster_item_get_environment (b);
  int order;

  if (rank_environment (left) != rank_environment (right))
    return rank_environment (left) < rank_environment (right) ? -1 : 1;
  order = g_strcmp0 (left, right);
  return order != 0 ? order
                    : g_utf8_collate (pgm_cluster_item_get_name (a), pgm_cluster_item_get_name (b));
}

static int
compare_jobs (PgmJobItem *a, PgmJobItem *b)
{
  gint64 left = pgm_job_item_get_info (a)->started_at;
  gint64 right = pgm_job_item_get_info (b)->started_at;

  if (pgm_job_item_is_running (a) != pgm_job_item_is_running (b))
    return pgm_job_item_is_running (a) ? -1 : 1;
  return left > right ? -1 : left < right;
}

static int
compare_rows (GtkListBoxRow *a, GtkListBoxRow *b, gpointer user_data)
{
  PgmSidebarRow *left = PGM_SIDEBAR_ROW (a), *right = PGM_SIDEBAR_ROW (b);
  PgmJobItem *left_job = pgm_sidebar_row_get_job (left);
  PgmJobItem *right_job = pgm_sidebar_row_get_job (right);

  if (get_section (left) != get_section (right))
    return get_section (left) - get_section (right);
  if (pgm_sidebar_row_get_cluster (left) != NULL)
    return compare_clusters (pgm_sidebar_row_get_cluster (left),
                             pgm_sidebar_row_get_cluster (right));
  if (left_job != NULL && right_job != NULL)
    return compare_jobs (left_job, right_job);
  /* running ones, the way to a new one, those that are over */
  if (left_job != NULL)
    return pgm_job_item_is_running (left_job) ? -1 : 1;
  if (right_job != NULL)
    return pgm_job_item_is_running (right_job) ? 1 : -1;
  return 0;
}

static const char *
get_environment_class (const char *environment)
{
  if (g_strcmp0 (environment, "production") == 0)
    return "prod";
  return rank_environment (environment) <= 4 ? environment : "other";
}

/* "env:prod" as people say it. */
static char *
get_environment_title (const char *environment, gboolean first)
{
  if (environment == NULL)
    return g_strdup (first ? _ ("Clusters") : _ ("Other Clusters"));
  if (g_str_equal (get_environment_class (environment), "prod"))
    return g_strdup (_ ("Production"));
  if (g_str_equal (environment, "staging"))
    return g_strdup (_ ("Staging"));
  if (g_str_equal (environment, "test"))
    return g_strdup (_ ("Test"));
  if (g_str_equal (environment, "dev"))
    return g_strdup (_ ("Development"));
  return pgm_display_text (environment);
}

static GtkWidget *
make_heading (const char *title, const char *environment)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *label = gtk_label_new (title);

  gtk_widget_set_margin_top (box, 12);
  gtk_widget_set_margin_bottom (box, 3);
  gtk_widget_set_margin_start (box, 8);
  gtk_widget_add_css_class (label, "sidebar-heading");
  if (environment != NULL)
    {
      GtkWidget *dot = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);

      gtk_widget_set_valign (dot, GTK_ALIGN_CENTER);
      gtk_widget_add_css_class (dot, "env-dot");
      gtk_widget_add_css_class (dot, get_environment_class (environment));
      gtk_box_append (GTK_BOX (box), dot);
    }
  gtk_box_append (GTK_BOX (box), label);
  return box;
}

static gboolean
is_same_group (PgmSidebarRow *a, PgmSidebarRow *b)
{
  if (get_section (a) != get_section (b))
    return FALSE;
  return get_section (a) != SECTION_CLUSTERS ||
         g_strcmp0 (pgm_cluster_item_get_environment (pgm_sidebar_row_get_cluster (a)),
                    pgm_cluster_item_get_environment (pgm_sidebar_row_get_cluster (b))) == 0;
}

static void
update_heading (GtkListBoxRow *list_row, GtkListBoxRow *before, gpointer user_data)
{
  PgmSidebarRow *row = PGM_SIDEBAR_ROW (list_row);
  PgmClusterItem *cluster = pgm_sidebar_row_get_cluster (row);
  g_autofree char *title = NULL;
  const char *environment = NULL;

  if (before != NULL && is_same_group (row, PGM_SIDEBAR_ROW (before)))
    {
      gtk_list_box_row_set_header (list_row, NULL);
      return;
    }
  if (cluster != NULL)
    {
      environment = pgm_cluster_item_get_environment (cluster);
      title = get_environment_title (environment, before == NULL);
    }
  else
    title = g_strdup (get_section (row) == SECTION_MIGRATIONS ? _ ("Migrations") : _ ("History"));
  gtk_list_box_row_set_header (list_row, make_heading (title, environment));
}

static gboolean
is_row_shown (GtkListBoxRow *row, gpointer user_data)
{
  PgmSidebar *self = user_data;

  return self->words == NULL ||
         pgm_sidebar_row_matches (PGM_SIDEBAR_ROW (row), (const char *const *) self->words);
}

static void
on_search_changed (PgmSidebar *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->search_entry));
  g_autofree char *folded = g_utf8_casefold (text, -1);

  g_clear_pointer (&self->words, g_strfreev);
  if (*folded != '\0')
    self->words = g_strsplit (folded, " ", -1);
  gtk_list_box_invalidate_filter (self->list);
}

/* Enter goes to the first that is found. */
static void
on_search_activate (PgmSidebar *self)
{
  for (int i = 0; gtk_list_box_get_row_at_index (self->list, i) != NULL; i++)
    {
      GtkListBoxRow *row = gtk_list_box_get_row_at_index (self->list, i);

      if (!gtk_widget_get_child_visible (GTK_WIDGET (row)))
        continue;
      g_signal_emit_by_name (self->list, "row-activated", row);
      return;
    }
}

static void
on_search_stopped (PgmSidebar *self)
{
  gtk_editable_set_text (GTK_EDITABLE (self->search_entry), "");
  gtk_widget_child_focus (GTK_WIDGET (self->list), GTK_DIR_TAB_FORWARD);
}

/* ---- rows ----------------------------------------------------------------------- */

static void
on_row_activated (PgmSidebar *self, PgmSidebarRow *row)
{
  const char *key = pgm_sidebar_row_get_key (row);
  GtkWidget *widget = GTK_WIDGET (self);

  if (g_str_has_prefix (key, "cluster:"))
    gtk_widget_activate_action (widget, "win.show-cluster", "s", key + strlen ("cluster:"));
  else if (g_str_has_prefix (key, "job:"))
    gtk_widget_activate_action (widget, "win.show-migration", "s", key + strlen ("job:"));
  else if (g_str_equal (key, "new-migration"))
    gtk_widget_activate_action (widget, "win.new-migration", NULL);
  else
    gtk_widget_activate_action (widget, "win.show-logs", NULL);
}

static void
add_row (PgmSidebar *self, GObject *item)
{
  GtkWidget *row = PGM_IS_JOB_ITEM (item)
                       ? pgm_sidebar_row_new_for_job (PGM_JOB_ITEM (item))
                       : pgm_sidebar_row_new_for_cluster (PGM_CLUSTER_ITEM (item));

  g_hash_table_insert (self->rows, item, row);
  gtk_list_box_append (self->list, row);
}

/* Adds the items of @model that are to be shown. */
static void
collect (GListModel *model, GPtrArray *items)
{
  guint ended = 0;

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (model, i);

      if (PGM_IS_JOB_ITEM (item) && !pgm_job_item_is_running (PGM_JOB_ITEM (item)) &&
          ended++ >= MAX_ENDED_JOBS)
        continue;
      g_ptr_array_add (items, g_steal_pointer (&item));
    }
}

static void
sync_rows (PgmSidebar *self)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer item, row;

  collect (pgm_inventory_get_clusters (self->inventory), items);
  collect (pgm_inventory_get_jobs (self->inventory), items);
  g_hash_table_iter_init (&iter, self->rows);
  while (g_hash_table_iter_next (&iter, &item, &row))
    if (!g_ptr_array_find (items, item, NULL))
      {
        g_hash_table_iter_remove (&iter);
        gtk_list_box_remove (self->list, row);
      }
  for (guint i = 0; i < items->len; i++)
    if (!g_hash_table_contains (self->rows, g_ptr_array_index (items, i)))
      add_row (self, g_ptr_array_index (items, i));
  gtk_list_box_invalidate_sort (self->list);
  gtk_list_box_invalidate_headers (self->list);
}

void
pgm_sidebar_set_inventory (PgmSidebar *self, PgmInventory *inventory)
{
  g_return_if_fail (self->inventory == NULL);
  self->inventory = g_object_ref (inventory);
  g_signal_connect_object (inventory, "changed", G_CALLBACK (sync_rows), self, G_CONNECT_SWAPPED);
  sync_rows (self);
}

void
pgm_sidebar_select (PgmSidebar *self, const char *key)
{
  for (int i = 0; gtk_list_box_get_row_at_index (self->list, i) != NULL; i++)
    {
      GtkListBoxRow *row = gtk_list_box_get_row_at_index (self->list, i);

      if (g_strcmp0 (pgm_sidebar_row_get_key (PGM_SIDEBAR_ROW (row)), key) == 0)
        {
          gtk_list_box_select_row (self->list, row);
          return;
        }
    }
  gtk_list_box_unselect_all (self->list);
}

const char *
pgm_sidebar_get_selected (PgmSidebar *self)
{
  GtkListBoxRow *row = gtk_list_box_get_selected_row (self->list);

  return row != NULL ? pgm_sidebar_row_get_key (PGM_SIDEBAR_ROW (row)) : NULL;
}

void
pgm_sidebar_start_search (PgmSidebar *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
  gtk_editable_select_region (GTK_EDITABLE (self->search_entry), 0, -1);
}

static void
pgm_sidebar_dispose (GObject *object)
{
  PgmSidebar *self = PGM_SIDEBAR (object);

  g_clear_object (&self->inventory);
  g_clear_pointer (&self->rows, g_hash_table_unref);
  g_clear_pointer (&self->words, g_strfreev);
  G_OBJECT_CLASS (pgm_sidebar_parent_class)->dispose (object);
}

static void
pgm_sidebar_class_init (PgmSidebarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_sidebar_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/sidebar.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmSidebar, search_entry);
  gtk_widget_class_bind_template_child (widget_class, PgmSidebar, list);
}

static void
pgm_sidebar_init (PgmSidebar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->rows = g_hash_table_new (NULL, NULL);
  gtk_list_box_set_sort_func (self->list, compare_rows, NULL, NULL);
  gtk_list_box_set_header_func (self->list, update_heading, NULL, NULL);
  gtk_list_box_set_filter_func (self->list, is_row_shown, self, NULL);
  g_signal_connect_swapped (self->list, "row-activated", G_CALLBACK (on_row_activated), self);
  g_signal_connect_swapped (self->search_entry, "search-changed", G_CALLBACK (on_search_changed),
                            self);
  g_signal_connect_swapped (self->search_entry, "activate", G_CALLBACK (on_search_activate), self);
  g_signal_connect_swapped (self->search_entry, "stop-search", G_CALLBACK (on_search_stopped),
                            self);
  gtk_list_box_append (self->list, pgm_sidebar_row_new_for_place (
                                       "new-migration", "list-add-symbolic", _ ("New Migration")));
  gtk_list_box_append (self->list,
                       pgm_sidebar_row_new_for_place ("logs", "pgm-logs-symbolic", _ ("Logs")));
}
