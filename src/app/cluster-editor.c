#include "app/cluster-editor.h"

#include "app/error-view.h"
#include "app/node-dsn.h"
#include "app/shell-page.h"
#include "core/i18n.h"
#include "core/text.h"
#include "model/report.h"

static const struct
{
  const char *tag;   /* behind "env:"; NULL: none */
  const char *title; /* N_() */
} environments[] = {
  { NULL, N_ ("None") },   { "prod", N_ ("Production") }, { "staging", N_ ("Staging") },
  { "test", N_ ("Test") }, { "dev", N_ ("Development") },
};

struct _PgmClusterEditor
{
  AdwBin parent_instance;
  GtkScrolledWindow *scrolled;
  PgmErrorView *error_view;
  GtkBox *nodes_box;
  AdwBin *siblings_bin;
  GtkWidget *add_node_button;
  GtkEditable *name_row;
  AdwComboRow *environment_row;
  GtkSwitch *protected_switch;
  GtkWidget *cancel_button;
  GtkButton *save_button;

  PgmFactGroup *siblings;
  PgmEngine *engine;
  PgmCluster *cluster; /* as it is stored, or NULL */
  GPtrArray *nodes;    /* PgmNodeEditor, owned by the box */
  PgmDiscovery *discovery;
  PgmNode *asked;          /* the node that the siblings were found behind */
  char *other_environment; /* one that isn't in our list */
  GCancellable *cancellable;
  gboolean saving;
};

static void pgm_cluster_editor_shell_page_init (PgmShellPageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (PgmClusterEditor,
                               pgm_cluster_editor,
                               ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (PGM_TYPE_SHELL_PAGE,
                                                      pgm_cluster_editor_shell_page_init))

enum
{
  SAVED,
  CANCELLED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static PgmNodeEditor *add_node (PgmClusterEditor *self, const PgmNode *node, gboolean stored);

/* ---- nodes ----------------------------------------------------------------------- */

static void
number_nodes (PgmClusterEditor *self)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      g_autofree char *title =
          self->nodes->len == 1 ? g_strdup (_ ("Server")) : g_strdup_printf (_ ("Node %u"), i + 1);

      pgm_node_editor_set_title (g_ptr_array_index (self->nodes, i), title, self->nodes->len > 1);
    }
}

static void
on_node_remove (PgmClusterEditor *self, PgmNodeEditor *node)
{
  g_ptr_array_remove (self->nodes, node);
  gtk_box_remove (self->nodes_box, GTK_WIDGET (node));
  number_nodes (self);
}

/* ---- siblings -------------------------------------------------------------------- */

static gboolean
is_known (PgmClusterEditor *self, const PgmSibling *sibling)
{
  gboolean known = FALSE;

  for (guint i = 0; i < self->nodes->len && !known; i++)
    {
      PgmNode *node = pgm_node_editor_to_node (g_ptr_array_index (self->nodes, i));

      known = g_strcmp0 (node->host, sibling->host) == 0 &&
              (node->port > 0 ? node->port : 5432) == (sibling->port > 0 ? sibling->port : 5432);
      pgm_record_unref (node);
    }
  return known;
}

static void
on_add_sibling (GtkWidget *button, PgmClusterEditor *self)
{
  const PgmSibling *sibling = g_object_get_data (G_OBJECT (button), "sibling");
  PgmNode *node = pgm_record_new (&pgm_node_type);

  node->host = g_strdup (sibling->host);
  node->port = sibling->port;
  node->name = g_strdup (sibling->name);
  node->role = sibling->role;
  node->user = g_strdup (self->asked->user);
  node->dbname = g_strdup (self->asked->dbname);
  if (self->asked->password != NULL)
    node->password = pgm_secret_ref (self->asked->password);
  add_node (self, node, FALSE);
  pgm_record_unref (node);
  gtk_widget_set_sensitive (button, FALSE);
}

static void
show_sibling (PgmClusterEditor *self, PgmSibling *sibling, guint index)
{
  g_autofree char *key = g_strdup_printf ("%u", index);
  PgmFactRow *row = pgm_fact_group_get_row (self->siblings, key);
  g_autofree char *address =
      sibling->host != NULL ? g_strdup_printf ("%s:%d", sibling->host,
                                               (int) (sibling->port > 0 ? sibling->port : 5432))
                            : g_strdup (_ ("on the same host"));
  g_autofree char *subtitle = g_strdup_printf ("%s · %s", address,
                                               sibling->reachable       ? _ ("answers")
                                               : sibling->error != NULL ? sibling->error
                                                                        : _ ("doesn't answer"));
  GtkWidget *button;

  pgm_fact_row_set_icon (
      row, sibling->reachable ? "pgm-state-ok-symbolic" : "pgm-state-warning-symbolic",
      sibling->reachable ? "success" : "warning", NULL);
  pgm_fact_row_set_title (row, sibling->name != NULL ? sibling->name : address);
  pgm_fact_row_set_subtitle (row, subtitle);
  if (sibling->host == NULL || is_known (self, sibling))
    return;
  button = gtk_button_new_with_mnemonic (_ ("_Add"));
  g_object_set_data_full (G_OBJECT (button), "sibling", pgm_record_ref (sibling), pgm_record_unref);
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_add_sibling), self, 0);
  pgm_fact_row_add_suffix (row, button);
}

/* The first one is the server that was asked. */
static void
show_discovery (PgmClusterEditor *self)
{
  pgm_fact_group_begin (self->siblings);
  pgm_fact_group_end (self->siblings);
  for (guint i = 1; i < self->discovery->siblings->len; i++)
    show_sibling (self, g_ptr_array_index (self->discovery->siblings, i), i);
  for (guint i = 0; i < self->discovery->notes->len; i++)
    {
      const PgmCheck *note = g_ptr_array_index (self->discovery->notes, i);
      PgmFactRow *row = pgm_fact_group_get_row (self->siblings, note->name);

      pgm_fact_row_set_icon (row, "pgm-state-warning-symbolic", "warning", NULL);
      pgm_fact_row_set_title (row, note->reason);
      pgm_fact_row_set_code (row, note->fix_sql);
    }
  if (*gtk_editable_get_text (self->name_row) == '\0' && self->discovery->cluster_name != NULL)
    gtk_editable_set_text (self->name_row, self->discovery->cluster_name);
}

static void
on_discovered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmClusterEditor) self = user_data;
  g_autoptr (GError) error = NULL;
  PgmDiscovery *discovery = pgm_engine_ask_finish (PGM_ENGINE (source), result, &error);

  /* Siblings are a convenience: without an answer there are none to offer. */
  if (discovery == NULL)
    return;
  g_clear_pointer (&self->discovery, pgm_record_unref);
  self->discovery = discovery;
  show_discovery (self);
}

static void
on_tested (PgmClusterEditor *self, const PgmConnectionResult *result, PgmNodeEditor *node)
{
  PgmDiscoverQuery *query;

  if (!result->reachable)
    return;
  g_clear_pointer (&self->asked, pgm_record_unref);
  self->asked = pgm_node_editor_to_node (node);
  query = pgm_record_new (&pgm_discover_query_type);
  query->uri = pgm_node_to_dsn (self->asked);
  pgm_engine_ask_async (self->engine, PGM_ASK_DISCOVER, NULL, query, self->cancellable,
                        on_discovered, g_object_ref (self));
  pgm_record_unref (query);
}

static PgmNodeEditor *
add_node (PgmClusterEditor *self, const PgmNode *node, gboolean stored)
{
  PgmNodeEditor *editor =
      pgm_node_editor_new (self->engine, stored ? self->cluster->id : NULL, node);

  g_signal_connect_object (editor, "remove", G_CALLBACK (on_node_remove), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (editor, "tested", G_CALLBACK (on_tested), self, G_CONNECT_SWAPPED);
  g_ptr_array_add (self->nodes, editor);
  gtk_box_append (self->nodes_box, GTK_WIDGET (editor));
  number_nodes (self);
  return editor;
}

static void
on_add_node (PgmClusterEditor *self)
{
  PgmNode *node = pgm_record_new (&pgm_node_type);

  node->role = PGM_NODE_STANDBY;
  gtk_widget_grab_focus (GTK_WIDGET (add_node (self, node, FALSE)));
  pgm_record_unref (node);
}

/* ---- saving ---------------------------------------------------------------------- */

/* What we have no field for stays. */
static GStrv
make_tags (PgmClusterEditor *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  guint selected = adw_combo_row_get_selected (self->environment_row);
  const char *environment =
      selected < G_N_ELEMENTS (environments) ? environments[selected].tag : self->other_environment;
  g_autofree char *tag = g_strconcat ("env:", environment, NULL);

  if (environment != NULL)
    g_strv_builder_add (builder, tag);
  if (gtk_switch_get_active (self->protected_switch))
    g_strv_builder_add (builder, "protected");
  for (guint i = 0;
       self->cluster != NULL && self->cluster->tags != NULL && self->cluster->tags[i] != NULL; i++)
    if (!g_str_has_prefix (self->cluster->tags[i], "env:") &&
        !g_str_equal (self->cluster->tags[i], "protected"))
      g_strv_builder_add (builder, self->cluster->tags[i]);
  return g_strv_builder_end (builder);
}

/* What people would call it who gave it no name. */
static char *
make_name (PgmClusterEditor *self, const PgmCluster *cluster)
{
  g_autofree char *name = g_strdup (gtk_editable_get_text (self->name_row));
  const PgmNode *node = cluster->nodes->len > 0 ? g_ptr_array_index (cluster->nodes, 0) : NULL;
  g_autoptr (GUri) uri = NULL;

  g_strstrip (name);
  if (*name != '\0' || node == NULL)
    return g_steal_pointer (&name);
  if (node->host != NULL || node->service != NULL)
    return g_strdup (node->host != NULL ? node->host : node->service);
  uri = node->uri != NULL ? g_uri_parse (node->uri, G_URI_FLAGS_NONE, NULL) : NULL;
  if (uri != NULL && g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0')
    return g_strdup (g_uri_get_host (uri));
  return g_strdup (_ ("PostgreSQL"));
}

static PgmCluster *
make_cluster (PgmClusterEditor *self)
{
  PgmCluster *cluster = pgm_record_new (&pgm_cluster_type);

  if (self->cluster != NULL)
    {
      cluster->id = g_strdup (self->cluster->id);
      cluster->backup_path = g_strdup (self->cluster->backup_path);
      cluster->created_at = self->cluster->created_at;
    }
  for (guint i = 0; i < self->nodes->len; i++)
    g_ptr_array_add (cluster->nodes, pgm_node_editor_to_node (g_ptr_array_index (self->nodes, i)));
  cluster->name = make_name (self, cluster);
  cluster->tags = make_tags (self);
  return cluster;
}

static void
set_saving (PgmClusterEditor *self, gboolean saving)
{
  self->saving = saving;
  gtk_widget_set_sensitive (GTK_WIDGET (self->save_button), !saving);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmClusterEditor) self = user_data;
  g_autoptr (GError) error = NULL;
  PgmCluster *stored = pgm_engine_ask_finish (PGM_ENGINE (source), result, &error);

  set_saving (self, FALSE);
  if (pgm_error_is_cancelled (error))
    return;
  pgm_error_view_set_error (self->error_view, error);
  if (stored == NULL)
    {
      gtk_adjustment_set_value (gtk_scrolled_window_get_vadjustment (self->scrolled), 0);
      return;
    }
  g_signal_emit (self, signals[SAVED], 0, stored);
  pgm_record_unref (stored);
}

void
pgm_cluster_editor_save (PgmClusterEditor *self)
{
  PgmCluster *cluster;

  if (self->saving)
    return;
  cluster = make_cluster (self);
  set_saving (self, TRUE);
  pgm_engine_ask_async (self->engine,
                        self->cluster != NULL ? PGM_ASK_UPDATE_CLUSTER : PGM_ASK_ADD_CLUSTER,
                        self->cluster != NULL ? self->cluster->id : NULL, cluster,
                        self->cancellable, on_saved, g_object_ref (self));
  pgm_record_unref (cluster);
}

gboolean
pgm_cluster_editor_is_saving (PgmClusterEditor *self)
{
  return self->saving;
}

static void
on_cancel (PgmClusterEditor *self)
{
  g_signal_emit (self, signals[CANCELLED], 0);
}

/* ---- the shell ------------------------------------------------------------------- */

static const char *
get_title (PgmShellPage *page)
{
  return PGM_CLUSTER_EDITOR (page)->cluster != NULL ? _ ("Edit Cluster") : _ ("Add Cluster");
}

static GtkWidget *
get_header_widget (PgmShellPage *page)
{
  return GTK_WIDGET (PGM_CLUSTER_EDITOR (page)->save_button);
}

static GtkWidget *
get_start_widget (PgmShellPage *page)
{
  return PGM_CLUSTER_EDITOR (page)->cancel_button;
}

static void
pgm_cluster_editor_shell_page_init (PgmShellPageInterface *iface)
{
  iface->get_title = get_title;
  iface->get_header_widget = get_header_widget;
  iface->get_start_widget = get_start_widget;
}

/* ---- life ------------------------------------------------------------------------ */

guint
pgm_cluster_editor_get_n_nodes (PgmClusterEditor *self)
{
  return self->nodes->len;
}

PgmNodeEditor *
pgm_cluster_editor_get_node (PgmClusterEditor *self, guint index)
{
  return g_ptr_array_index (self->nodes, index);
}

PgmFactGroup *
pgm_cluster_editor_get_siblings (PgmClusterEditor *self)
{
  return self->siblings;
}

static void
fill_environments (PgmClusterEditor *self)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  const char *present = NULL;
  guint selected = 0;

  for (guint i = 0;
       self->cluster != NULL && self->cluster->tags != NULL && self->cluster->tags[i] != NULL; i++)
    if (g_str_has_prefix (self->cluster->tags[i], "env:"))
      present = self->cluster->tags[i] + 4;
  for (guint i = 0; i < G_N_ELEMENTS (environments); i++)
    {
      gtk_string_list_append (names, _ (environments[i].title));
      if (present != NULL && g_strcmp0 (present, environments[i].tag) == 0)
        selected = i;
    }
  if (present != NULL && selected == 0)
    {
      self->other_environment = g_strdup (present);
      gtk_string_list_take (names, pgm_display_text (present));
      selected = G_N_ELEMENTS (environments);
    }
  adw_combo_row_set_model (self->environment_row, G_LIST_MODEL (names));
  adw_combo_row_set_selected (self->environment_row, selected);
}

static void
show_cluster (PgmClusterEditor *self)
{
  gtk_button_set_label (self->save_button, self->cluster != NULL ? _ ("_Save") : _ ("_Add"));
  fill_environments (self);
  if (self->cluster == NULL)
    {
      add_node (self, NULL, FALSE);
      return;
    }
  gtk_editable_set_text (self->name_row, self->cluster->name != NULL ? self->cluster->name : "");
  gtk_switch_set_active (
      self->protected_switch,
      self->cluster->tags != NULL &&
          g_strv_contains ((const char *const *) self->cluster->tags, "protected"));
  for (guint i = 0; i < self->cluster->nodes->len; i++)
    add_node (self, g_ptr_array_index (self->cluster->nodes, i), TRUE);
}

static void
pgm_cluster_editor_dispose (GObject *object)
{
  PgmClusterEditor *self = PGM_CLUSTER_EDITOR (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->engine);
  g_clear_pointer (&self->cluster, pgm_record_unref);
  g_clear_pointer (&self->discovery, pgm_record_unref);
  g_clear_pointer (&self->asked, pgm_record_unref);
  g_clear_pointer (&self->other_environment, g_free);
  G_OBJECT_CLASS (pgm_cluster_editor_parent_class)->dispose (object);
}

static void
pgm_cluster_editor_finalize (GObject *object)
{
  PgmClusterEditor *self = PGM_CLUSTER_EDITOR (object);

  g_object_unref (self->cancellable);
  g_ptr_array_unref (self->nodes);
  G_OBJECT_CLASS (pgm_cluster_editor_parent_class)->finalize (object);
}

static void
pgm_cluster_editor_class_init (PgmClusterEditorClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_cluster_editor_dispose;
  G_OBJECT_CLASS (klass)->finalize = pgm_cluster_editor_finalize;
  signals[SAVED] = g_signal_new ("saved", PGM_TYPE_CLUSTER_EDITOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[CANCELLED] = g_signal_new ("cancelled", PGM_TYPE_CLUSTER_EDITOR, G_SIGNAL_RUN_LAST, 0,
                                     NULL, NULL, NULL, G_TYPE_NONE, 0);
  g_type_ensure (PGM_TYPE_ERROR_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/cluster-editor.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmClusterEditor, scrolled);
  gtk_widget_class_bind_template_child (widget_class, PgmClusterEditor, error_view);
  gtk_widget_class_bind_template_child (widget_class, PgmClusterEditor, nodes_box);
  gtk_widget_class_bind_template_child (widget_class, PgmClusterEditor, siblings_bin);
  gtk_widget_class_bind_template_child (widget_class, PgmClusterEditor, add_node_button);
  gtk_widget_class_bind_template_child (widget_class, PgmClusterEditor, name_row);
  gtk_widget_class_bind_template_child (widget_class, PgmClusterEditor, environment_row);
  gtk_widget_class_bind_template_child (widget_class, PgmClusterEditor, protected_switch);
  gtk_widget_class_bind_template_child (widget_class, PgmClusterEditor, cancel_button);
  gtk_widget_class_bind_template_child (widget_class, PgmClusterEditor, save_button);
}

static void
pgm_cluster_editor_init (PgmClusterEditor *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->cancellable = g_cancellable_new ();
  self->nodes = g_ptr_array_new ();
  self->siblings = pgm_fact_group_new (_ ("Found Behind It"), NULL);
  adw_bin_set_child (self->siblings_bin, GTK_WIDGET (self->siblings));
  g_signal_connect_object (self->add_node_button, "clicked", G_CALLBACK (on_add_node), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->cancel_button, "clicked", G_CALLBACK (on_cancel), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->save_button, "clicked", G_CALLBACK (pgm_cluster_editor_save), self,
                           G_CONNECT_SWAPPED);
}

PgmClusterEditor *
pgm_cluster_editor_new (PgmEngine *engine, PgmCluster *cluster)
{
  PgmClusterEditor *self = g_object_new (PGM_TYPE_CLUSTER_EDITOR, NULL);

  self->engine = g_object_ref (engine);
  self->cluster = cluster != NULL ? pgm_record_ref (cluster) : NULL;
  show_cluster (self);
  return self;
}
