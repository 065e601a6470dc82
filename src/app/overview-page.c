#include "app/overview-page.h"

#include "app/scroll-page.h"
#include "app/state-view.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

#define MAX_DATABASES 8

struct _PgmOverviewPage
{
  AdwBin parent_instance;
  PgmEngine *engine;
  PgmClusterItem *item;
  char *node_id;
  GtkLabel *name;
  GtkLabel *environment;
  GtkWidget *lock;
  GtkLabel *summary;
  PgmFactGroup *nodes;
  PgmFactGroup *readiness;
  PgmFactGroup *databases;
  PgmFactGroup *settings;
  PgmStateView *state_view;
  PgmIntrospection *introspection;
  PgmPrivilegeMatrix *matrix;
};

G_DEFINE_FINAL_TYPE (PgmOverviewPage, pgm_overview_page, ADW_TYPE_BIN)

/* ---- nodes ----------------------------------------------------------------------- */

static const char *
role_to_text (int role)
{
  switch ((PgmNodeRole) role)
    {
    case PGM_NODE_REPLICA:
      return _ ("Replica");
    case PGM_NODE_STANDBY:
      return _ ("Standby");
    case PGM_NODE_PRIMARY:
    default:
      return _ ("Primary");
    }
}

static void
show_reachable (PgmFactRow *row, const PgmNodeState *node)
{
  g_autofree char *uptime = pgm_format_duration (node->uptime_sec);
  g_autofree char *size = pgm_format_bytes (node->size_bytes);
  g_autofree char *latency = pgm_format_duration_ms ((double) node->latency_ns / 1e6);
  g_autofree char *lag = pgm_format_duration (node->replay_lag_sec);
  GString *subtitle = g_string_new (role_to_text (node->live_role));
  g_autofree char *note = g_strdup_printf (_ ("up %s"), uptime);

  if (node->version != NULL)
    g_string_append_printf (subtitle, " · %s", node->version);
  if (node->address != NULL)
    g_string_append_printf (subtitle, " · %s", node->address);
  g_string_append_printf (subtitle, _ (" · answers in %s"), latency);
  if (node->live_role != PGM_NODE_PRIMARY && node->replay_lag_sec > 0)
    g_string_append_printf (subtitle, _ (" · %s behind"), lag);
  if (node->role_differs)
    g_string_append_printf (subtitle, _ (" · declared as %s"), role_to_text (node->declared_role));
  pgm_fact_row_set_subtitle (row, subtitle->str);
  pgm_fact_row_set_value (row, size, note);
  g_string_free (subtitle, TRUE);
}

static void
show_node (PgmFactRow *row, const PgmNodeState *node)
{
  PgmClusterState state = !node->reachable     ? PGM_CLUSTER_DOWN
                          : node->role_differs ? PGM_CLUSTER_DEGRADED
                                               : PGM_CLUSTER_HEALTHY;
  g_autofree char *reason = NULL;

  pgm_fact_row_set_icon (row, pgm_cluster_state_to_icon (state),
                         pgm_cluster_state_to_css_class (state), pgm_cluster_state_to_text (state));
  pgm_fact_row_set_title (row, node->name != NULL ? node->name : node->node_id);
  if (node->reachable)
    {
      show_reachable (row, node);
      return;
    }
  reason = g_strdup_printf ("%s%s%s", node->error != NULL ? node->error : _ ("It doesn't answer"),
                            node->hint != NULL ? " · " : "", node->hint != NULL ? node->hint : "");
  pgm_fact_row_set_subtitle (row, reason);
  pgm_fact_row_set_value (row, NULL, NULL);
}

/* Before anybody has looked: as they were written down. */
static void
show_declared (PgmFactRow *row, const PgmNode *node)
{
  g_autofree char *subtitle =
      g_strdup_printf ("%s%s%s", role_to_text (node->role), node->host != NULL ? " · " : "",
                       node->host != NULL ? node->host : "");

  pgm_fact_row_set_icon (row, pgm_cluster_state_to_icon (PGM_CLUSTER_UNKNOWN),
                         pgm_cluster_state_to_css_class (PGM_CLUSTER_UNKNOWN),
                         pgm_cluster_state_to_text (PGM_CLUSTER_UNKNOWN));
  pgm_fact_row_set_title (row, node->name != NULL ? node->name : node->id);
  pgm_fact_row_set_subtitle (row, subtitle);
  pgm_fact_row_set_value (row, NULL, NULL);
}

static void
show_nodes (PgmOverviewPage *self)
{
  const GPtrArray *found = pgm_cluster_item_get_nodes (self->item);
  const GPtrArray *declared = pgm_cluster_item_get_cluster (self->item)->nodes;

  pgm_fact_group_begin (self->nodes);
  for (guint i = 0; found != NULL && i < found->len; i++)
    {
      const PgmNodeState *node = g_ptr_array_index (found, i);

      show_node (pgm_fact_group_get_row (self->nodes, node->node_id), node);
    }
  for (guint i = 0; found == NULL && i < declared->len; i++)
    {
      const PgmNode *node = g_ptr_array_index (declared, i);

      show_declared (pgm_fact_group_get_row (self->nodes, node->id), node);
    }
  pgm_fact_group_end (self->nodes);
}

static void
show_item (PgmOverviewPage *self)
{
  const char *environment = pgm_cluster_item_get_environment (self->item);
  g_autofree char *name = pgm_display_text (pgm_cluster_item_get_name (self->item));
  g_autofree char *plain = pgm_display_text (environment);
  g_autofree char *parts = pgm_cluster_item_describe (self->item);
  g_autofree char *summary = g_strdup_printf (
      "%s · %s", pgm_cluster_state_to_text (pgm_cluster_item_get_state (self->item)), parts);
  g_autofree char *plain_summary = pgm_display_text (summary);

  gtk_label_set_text (self->name, name);
  gtk_label_set_text (self->environment, plain != NULL ? plain : "");
  gtk_widget_set_visible (GTK_WIDGET (self->environment), environment != NULL);
  gtk_widget_set_visible (self->lock, pgm_cluster_item_is_protected (self->item));
  gtk_label_set_text (self->summary, plain_summary);
  show_nodes (self);
}

/* ---- what the server tells ------------------------------------------------------- */

static const char *
find_setting (PgmOverviewPage *self, const char *name)
{
  for (guint i = 0; self->introspection != NULL && i < self->introspection->parameters->len; i++)
    {
      const PgmParameter *parameter = g_ptr_array_index (self->introspection->parameters, i);

      if (g_strcmp0 (parameter->name, name) == 0)
        return parameter->setting;
    }
  return NULL;
}

static void
add_readiness (PgmOverviewPage *self,
               const char *key,
               gboolean ready,
               const char *title,
               const char *subtitle,
               const char *sql)
{
  PgmFactRow *row = pgm_fact_group_get_row (self->readiness, key);

  pgm_fact_row_set_icon (row, ready ? "pgm-state-ok-symbolic" : "pgm-state-warning-symbolic",
                         ready ? "success" : "warning", ready ? _ ("In order") : _ ("Missing"));
  pgm_fact_row_set_title (row, title);
  pgm_fact_row_set_subtitle (row, subtitle);
  pgm_fact_row_set_code (row, ready ? NULL : sql);
}

static void
add_privileges_readiness (PgmOverviewPage *self)
{
  guint missing = 0;
  g_autofree char *text = NULL;
  PgmFactRow *row;

  for (guint i = 0; i < self->matrix->privileges->len; i++)
    {
      const PgmPrivilege *privilege = g_ptr_array_index (self->matrix->privileges, i);

      missing += !privilege->granted && privilege->required &&
                 g_str_has_prefix (privilege->purpose, "migrate");
    }
  text = missing == 0
             ? g_strdup (_ ("The role may do everything that a migration needs"))
             : g_strdup_printf (
                   g_dngettext (PGM_GETTEXT_DOMAIN, "The role lacks %u privilege for migrations",
                                "The role lacks %u privileges for migrations", missing),
                   missing);
  add_readiness (self, "privileges", missing == 0, text,
                 missing > 0 ? _ ("The page Privileges has the GRANTs for it.") : NULL, NULL);
  row = pgm_fact_group_get_row (self->readiness, "privileges");
  pgm_fact_row_set_action (row, "cluster.show-tab", "privileges");
}

static void
show_readiness (PgmOverviewPage *self)
{
  const char *wal_level = find_setting (self, "wal_level");
  gboolean logical = g_strcmp0 (wal_level, "logical") == 0;

  pgm_fact_group_begin (self->readiness);
  if (wal_level != NULL)
    add_readiness (self, "wal_level", logical,
                   logical ? _ ("Changes can be followed: wal_level is logical")
                           : _ ("Changes can't be followed: wal_level isn't logical"),
                   logical ? NULL
                           : _ ("A copy alone works without. The server must be restarted for it."),
                   "ALTER SYSTEM SET wal_level = logical;");
  if (self->matrix != NULL)
    add_privileges_readiness (self);
  pgm_fact_group_end (self->readiness);
}

static void
show_databases (PgmOverviewPage *self)
{
  const GPtrArray *databases = self->introspection->databases;

  pgm_fact_group_begin (self->databases);
  for (guint i = 0; i < MIN (databases->len, MAX_DATABASES); i++)
    {
      const PgmDatabaseSize *database = g_ptr_array_index (databases, i);
      PgmFactRow *row = pgm_fact_group_get_row (self->databases, database->name);
      g_autofree char *size = pgm_format_bytes (database->size_bytes);

      pgm_fact_row_set_title (row, database->name);
      pgm_fact_row_set_subtitle (row, database->owner);
      pgm_fact_row_set_value (row, database->size_bytes > 0 ? size : "–", NULL);
      pgm_fact_row_set_action (row, "cluster.show-tab", "databases");
    }
  pgm_fact_group_end (self->databases);
}

static void
show_settings (PgmOverviewPage *self)
{
  pgm_fact_group_begin (self->settings);
  for (guint i = 0; i < self->introspection->parameters->len; i++)
    {
      const PgmParameter *parameter = g_ptr_array_index (self->introspection->parameters, i);
      PgmFactRow *row = pgm_fact_group_get_row (self->settings, parameter->name);
      const char *unit = parameter->unit != NULL ? parameter->unit : "";
      g_autofree char *value =
          g_strdup_printf ("%s%s%s", parameter->setting != NULL ? parameter->setting : "",
                           *unit != '\0' ? " " : "", unit);

      pgm_fact_row_set_title (row, parameter->name);
      pgm_fact_row_set_value (row, *value != '\0' ? value : "–", parameter->source);
    }
  pgm_fact_group_end (self->settings);
}

static gboolean
on_introspection (gpointer answer, gpointer user_data)
{
  PgmOverviewPage *self = user_data;

  g_clear_pointer (&self->introspection, pgm_record_unref);
  self->introspection = pgm_record_ref (answer);
  show_databases (self);
  show_settings (self);
  show_readiness (self);
  return TRUE;
}

void
pgm_overview_page_set_privileges (PgmOverviewPage *self, gconstpointer matrix)
{
  g_clear_pointer (&self->matrix, pgm_record_unref);
  if (matrix != NULL)
    self->matrix = pgm_record_ref ((gpointer) (guintptr) matrix);
  show_readiness (self);
}

/* ---- life ------------------------------------------------------------------------ */

static PgmIntrospectionQuery *
make_query (PgmOverviewPage *self)
{
  PgmIntrospectionQuery *query = pgm_record_new (&pgm_introspection_query_type);

  query->node = g_strdup (self->node_id);
  return query;
}

void
pgm_overview_page_set_node (PgmOverviewPage *self, const char *node_id)
{
  PgmIntrospectionQuery *query;

  g_free (self->node_id);
  self->node_id = g_strdup (node_id);
  query = make_query (self);
  pgm_state_view_ask_anew (self->state_view, query);
  pgm_record_unref (query);
}

void
pgm_overview_page_refresh (PgmOverviewPage *self)
{
  PgmIntrospectionQuery *query = make_query (self);

  pgm_state_view_ask (self->state_view, query);
  pgm_record_unref (query);
}

PgmFactGroup *
pgm_overview_page_get_nodes (PgmOverviewPage *self)
{
  return self->nodes;
}

PgmFactGroup *
pgm_overview_page_get_databases (PgmOverviewPage *self)
{
  return self->databases;
}

static GtkWidget *
make_heading (PgmOverviewPage *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 9);

  self->name = GTK_LABEL (gtk_label_new (NULL));
  self->environment = GTK_LABEL (gtk_label_new (NULL));
  self->summary = GTK_LABEL (gtk_label_new (NULL));
  self->lock = gtk_image_new_from_icon_name ("pgm-lock-symbolic");
  gtk_label_set_ellipsize (self->name, PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (GTK_WIDGET (self->name), "title-1");
  gtk_widget_add_css_class (GTK_WIDGET (self->environment), "pill-label");
  gtk_widget_set_valign (GTK_WIDGET (self->environment), GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (self->lock, _ ("Protected: what can't be undone asks for its name"));
  gtk_label_set_xalign (self->summary, 0);
  gtk_label_set_wrap (self->summary, TRUE);
  gtk_widget_add_css_class (GTK_WIDGET (self->summary), "dim-label");
  gtk_box_append (GTK_BOX (line), GTK_WIDGET (self->name));
  gtk_box_append (GTK_BOX (line), GTK_WIDGET (self->environment));
  gtk_box_append (GTK_BOX (line), self->lock);
  gtk_box_append (GTK_BOX (box), line);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->summary));
  return box;
}

static void
pgm_overview_page_dispose (GObject *object)
{
  PgmOverviewPage *self = PGM_OVERVIEW_PAGE (object);

  g_clear_object (&self->item);
  g_clear_object (&self->engine);
  g_clear_pointer (&self->node_id, g_free);
  g_clear_pointer (&self->introspection, pgm_record_unref);
  g_clear_pointer (&self->matrix, pgm_record_unref);
  G_OBJECT_CLASS (pgm_overview_page_parent_class)->dispose (object);
}

static void
pgm_overview_page_class_init (PgmOverviewPageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_overview_page_dispose;
}

static void
pgm_overview_page_init (PgmOverviewPage *self)
{
  GtkBox *box;
  GtkWidget *told = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);

  self->nodes = pgm_fact_group_new (_ ("Nodes"), _ ("No node is registered."));
  self->readiness = pgm_fact_group_new (_ ("For a Migration"), NULL);
  self->databases = pgm_fact_group_new (_ ("Databases"), _ ("There is no database."));
  self->settings = pgm_fact_group_new (_ ("Settings That Matter for Moving Data"), NULL);
  gtk_box_append (GTK_BOX (told), GTK_WIDGET (self->readiness));
  gtk_box_append (GTK_BOX (told), GTK_WIDGET (self->databases));
  gtk_box_append (GTK_BOX (told), GTK_WIDGET (self->settings));
  self->state_view = pgm_state_view_new (told);
  gtk_widget_set_size_request (GTK_WIDGET (self->state_view), -1, 260);
  adw_bin_set_child (ADW_BIN (self), pgm_scroll_page_new (&box));
  gtk_box_append (box, make_heading (self));
  gtk_box_append (box, GTK_WIDGET (self->nodes));
  gtk_box_append (box, GTK_WIDGET (self->state_view));
}

PgmOverviewPage *
pgm_overview_page_new (PgmEngine *engine, PgmClusterItem *item)
{
  PgmOverviewPage *self = g_object_new (PGM_TYPE_OVERVIEW_PAGE, NULL);

  self->engine = g_object_ref (engine);
  self->item = g_object_ref (item);
  g_signal_connect_object (item, "changed", G_CALLBACK (show_item), self, G_CONNECT_SWAPPED);
  pgm_state_view_set_question (self->state_view, engine, PGM_ASK_INTROSPECT,
                               pgm_cluster_item_get_id (item), on_introspection, self);
  show_item (self);
  return self;
}
