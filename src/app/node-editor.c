#include "app/node-editor.h"

#include <string.h>

#include "app/node-dsn.h"
#include "core/dsn.h"
#include "core/i18n.h"
#include "core/units.h"

/* What stands for a password that is stored somewhere else. */
#define STORED_PASSWORD "********"

typedef enum
{
  WAY_URI,
  WAY_HOST,
  WAY_SERVICE,
} Way;

struct _PgmNodeEditor
{
  AdwBin parent_instance;
  AdwPreferencesGroup *group;
  GtkWidget *remove_button;
  AdwComboRow *way_row;
  GtkEditable *uri_row;
  GtkEditable *host_row;
  GtkEditable *port_row;
  GtkEditable *service_row;
  GtkMenuButton *service_button;
  GtkEditable *database_row;
  GtkEditable *user_row;
  GtkEditable *password_row;
  AdwComboRow *role_row;
  GtkEditable *name_row;
  AdwBin *result_bin;
  GtkSpinner *spinner;
  GtkWidget *test_button;

  PgmFactGroup *result;
  PgmEngine *engine;
  PgmNode *node; /* as it is stored, or NULL */
  char *cluster_id;
  GCancellable *cancellable;
  gsize uri_length; /* to see a paste */
  gboolean testing;
  gboolean quiet; /* fields are being filled in by us */
};

G_DEFINE_FINAL_TYPE (PgmNodeEditor, pgm_node_editor, ADW_TYPE_BIN)

enum
{
  CHANGED,
  TESTED,
  REMOVE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static Way
get_way (PgmNodeEditor *self)
{
  return (Way) adw_combo_row_get_selected (self->way_row);
}

static void
show_way (PgmNodeEditor *self)
{
  Way way = get_way (self);

  gtk_widget_set_visible (GTK_WIDGET (self->uri_row), way == WAY_URI);
  gtk_widget_set_visible (GTK_WIDGET (self->host_row), way == WAY_HOST);
  gtk_widget_set_visible (GTK_WIDGET (self->port_row), way == WAY_HOST);
  gtk_widget_set_visible (GTK_WIDGET (self->service_row), way == WAY_SERVICE);
  gtk_widget_set_visible (GTK_WIDGET (self->database_row), way != WAY_URI);
  gtk_widget_set_visible (GTK_WIDGET (self->user_row), way != WAY_URI);
}

static void
show_result (PgmNodeEditor *self,
             const char *icon,
             const char *css_class,
             const char *title,
             const char *subtitle)
{
  PgmFactRow *row;

  pgm_fact_group_begin (self->result);
  if (title != NULL)
    {
      row = pgm_fact_group_get_row (self->result, "result");
      pgm_fact_row_set_icon (row, icon, css_class, NULL);
      pgm_fact_row_set_title (row, title);
      pgm_fact_row_set_subtitle (row, subtitle);
    }
  pgm_fact_group_end (self->result);
}

/* What was found out is about something else now. */
static void
on_changed (PgmNodeEditor *self)
{
  if (self->quiet)
    return;
  show_result (self, NULL, NULL, NULL, NULL);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
on_way (PgmNodeEditor *self)
{
  show_way (self);
  on_changed (self);
}

/* A password doesn't stay where it can be read. One that is being typed does, until the
 * field is left. */
static void
move_password (PgmNodeEditor *self)
{
  g_autoptr (PgmSecret) password = NULL;
  g_autofree char *uri = pgm_dsn_split_password (gtk_editable_get_text (self->uri_row), &password);

  if (password == NULL)
    return;
  self->quiet = TRUE;
  gtk_editable_set_text (self->uri_row, uri);
  gtk_editable_set_text (self->password_row, pgm_secret_reveal (password));
  self->quiet = FALSE;
  self->uri_length = strlen (uri);
}

static void
on_uri_changed (PgmNodeEditor *self)
{
  gsize length = strlen (gtk_editable_get_text (self->uri_row));
  gboolean pasted = length > self->uri_length + 1;

  self->uri_length = length;
  if (pasted && !self->quiet)
    move_password (self);
  on_changed (self);
}

static char *
dup_text (GtkEditable *row)
{
  g_autofree char *text = g_strdup (gtk_editable_get_text (row));

  g_strstrip (text);
  return *text != '\0' ? g_steal_pointer (&text) : NULL;
}

static gint64
get_port (PgmNodeEditor *self)
{
  gint64 port = 0;
  g_autofree char *text = dup_text (self->port_row);

  /* what isn't a port is said by whoever checks the whole */
  if (text != NULL && !pgm_parse_int (text, _ ("port"), 1, 65535, &port, NULL))
    return -1;
  return port;
}

PgmNode *
pgm_node_editor_to_node (PgmNodeEditor *self)
{
  PgmNode *node = pgm_record_new (&pgm_node_type);
  Way way = get_way (self);
  g_autofree char *password = NULL;

  move_password (self);
  password = g_strdup (gtk_editable_get_text (self->password_row));
  if (self->node != NULL)
    {
      node->id = g_strdup (self->node->id);
      node->agent_url = g_strdup (self->node->agent_url);
    }
  node->monitoring_enabled = self->node == NULL || self->node->monitoring_enabled;
  node->name = dup_text (self->name_row);
  node->role = (int) adw_combo_row_get_selected (self->role_row);
  if (way == WAY_URI)
    node->uri = dup_text (self->uri_row);
  else
    {
      node->dbname = dup_text (self->database_row);
      node->user = dup_text (self->user_row);
    }
  if (way == WAY_HOST)
    {
      node->host = dup_text (self->host_row);
      node->port = get_port (self);
    }
  if (way == WAY_SERVICE)
    node->service = dup_text (self->service_row);
  if (*password != '\0')
    node->password = pgm_secret_new_take (g_steal_pointer (&password));
  else if (self->node != NULL && self->node->password != NULL)
    node->password = pgm_secret_new (STORED_PASSWORD);
  return node;
}

gboolean
pgm_node_editor_is_complete (PgmNodeEditor *self)
{
  GtkEditable *const rows[] = { self->uri_row, self->host_row, self->service_row };
  g_autofree char *text = dup_text (rows[get_way (self)]);

  return text != NULL && (get_way (self) != WAY_HOST || get_port (self) >= 0);
}

/* ---- the test -------------------------------------------------------------------- */

static char *
describe_privileges (const PgmConnectionPrivileges *privileges)
{
  GString *text = g_string_new (NULL);

  if (privileges == NULL)
    return g_string_free (text, FALSE);
  if (privileges->superuser)
    g_string_append (text, _ ("superuser"));
  else if (privileges->replication)
    g_string_append (text, _ ("may replicate"));
  if (privileges->createdb && !privileges->superuser)
    g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", _ ("may make databases"));
  return g_string_free (text, FALSE);
}

static void
show_connection (PgmNodeEditor *self, const PgmConnectionResult *result)
{
  g_autofree char *latency = pgm_format_duration_ms ((double) result->latency_ns / 1e6);
  g_autofree char *privileges = describe_privileges (result->privileges);
  g_autofree char *title = NULL;
  g_autofree char *subtitle = NULL;

  if (!result->reachable)
    {
      show_result (self, "pgm-state-error-symbolic", "error",
                   result->error != NULL ? result->error : _ ("It can't be reached"), result->hint);
      return;
    }
  title = g_strdup_printf (_ ("PostgreSQL %s answers in %s"), result->version, latency);
  subtitle = g_strdup_printf ("%s%s%s", result->is_replica ? _ ("replica") : _ ("primary"),
                              *privileges != '\0' ? " · " : "", privileges);
  show_result (self, "pgm-state-ok-symbolic", "success", title, subtitle);
  self->quiet = TRUE;
  if (result->is_replica == (adw_combo_row_get_selected (self->role_row) == PGM_NODE_PRIMARY))
    adw_combo_row_set_selected (self->role_row,
                                result->is_replica ? PGM_NODE_REPLICA : PGM_NODE_PRIMARY);
  self->quiet = FALSE;
}

static void
set_testing (PgmNodeEditor *self, gboolean testing)
{
  self->testing = testing;
  gtk_spinner_set_spinning (self->spinner, testing);
  gtk_widget_set_sensitive (self->test_button, !testing);
}

static void
on_tested (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  g_autoptr (PgmNodeEditor) self = user_data;
  g_autoptr (GError) error = NULL;
  PgmConnectionResult *result = pgm_engine_ask_finish (PGM_ENGINE (source), async_result, &error);

  if (!pgm_error_is_cancelled (error))
    {
      set_testing (self, FALSE);
      if (result != NULL)
        {
          show_connection (self, result);
          g_signal_emit (self, signals[TESTED], 0, result);
        }
      else
        show_result (self, "pgm-state-error-symbolic", "error", error->message,
                     pgm_error_get_hint (error));
    }
  g_clear_pointer (&result, pgm_record_unref);
}

/* One whose password stays where it is stored is tested by its id. */
static PgmConnectionTest *
make_test (PgmNodeEditor *self)
{
  PgmConnectionTest *test = pgm_record_new (&pgm_connection_test_type);
  PgmNode *node = pgm_node_editor_to_node (self);

  if (node->password != NULL && g_str_equal (pgm_secret_reveal (node->password), STORED_PASSWORD))
    {
      test->cluster_id = g_strdup (self->cluster_id);
      test->node_id = g_strdup (node->id);
      test->user = g_strdup (node->user);
    }
  else
    test->dsn = pgm_node_to_dsn (node);
  pgm_record_unref (node);
  return test;
}

void
pgm_node_editor_test (PgmNodeEditor *self)
{
  PgmConnectionTest *test;

  if (self->testing)
    return;
  if (!pgm_node_editor_is_complete (self))
    {
      show_result (self, "pgm-state-error-symbolic", "error", _ ("Something is missing"),
                   _ ("Fill in how the server is reached: a connection string, a host, or a "
                      "service."));
      return;
    }
  test = make_test (self);
  set_testing (self, TRUE);
  pgm_engine_ask_async (self->engine, PGM_ASK_TEST_CONNECTION, NULL, test, self->cancellable,
                        on_tested, g_object_ref (self));
  pgm_record_unref (test);
}

gboolean
pgm_node_editor_is_testing (PgmNodeEditor *self)
{
  return self->testing;
}

PgmFactGroup *
pgm_node_editor_get_result (PgmNodeEditor *self)
{
  return self->result;
}

/* ---- services -------------------------------------------------------------------- */

static void
choose_service (GtkWidget *widget, const char *action, GVariant *parameter)
{
  gtk_editable_set_text (PGM_NODE_EDITOR (widget)->service_row,
                         g_variant_get_string (parameter, NULL));
}

static void
on_services (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmNodeEditor) self = user_data;
  g_autofree char *contents = NULL;
  g_auto (GStrv) names = NULL;
  g_autoptr (GMenu) menu = g_menu_new ();
  gsize length;

  if (!g_file_load_contents_finish (G_FILE (source), result, &contents, &length, NULL, NULL))
    return;
  names = pgm_service_names (contents, length);
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autoptr (GMenuItem) item = g_menu_item_new (names[i], NULL);

      g_menu_item_set_action_and_target (item, "node.choose-service", "s", names[i]);
      g_menu_append_item (menu, item);
    }
  gtk_widget_set_visible (GTK_WIDGET (self->service_button), names[0] != NULL);
  gtk_menu_button_set_menu_model (self->service_button, G_MENU_MODEL (menu));
}

static void
find_services (PgmNodeEditor *self)
{
  const char *path = g_getenv ("PGSERVICEFILE");
  g_autofree char *usual = g_build_filename (g_get_home_dir (), ".pg_service.conf", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path != NULL ? path : usual);

  g_file_load_contents_async (file, self->cancellable, on_services, g_object_ref (self));
}

/* ---- life ------------------------------------------------------------------------ */

static void
set_row (GtkEditable *row, const char *text)
{
  gtk_editable_set_text (row, text != NULL ? text : "");
}

static void
show_node (PgmNodeEditor *self, const PgmNode *node)
{
  Way way = node->uri != NULL ? WAY_URI : node->service != NULL ? WAY_SERVICE : WAY_HOST;
  g_autofree char *port = node->port > 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, node->port) : NULL;

  adw_combo_row_set_selected (self->way_row, way);
  set_row (self->uri_row, node->uri);
  set_row (self->host_row, node->host);
  set_row (self->port_row, port);
  set_row (self->service_row, node->service);
  set_row (self->database_row, node->dbname);
  set_row (self->user_row, node->user);
  set_row (self->name_row, node->name);
  adw_combo_row_set_selected (self->role_row, (guint) node->role);
  if (node->password != NULL && self->node == NULL)
    set_row (self->password_row, pgm_secret_reveal (node->password));
  else if (node->password != NULL)
    adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->password_row),
                                   _ ("Password (stored; empty leaves it)"));
}

static void
on_remove (PgmNodeEditor *self)
{
  g_signal_emit (self, signals[REMOVE], 0);
}

void
pgm_node_editor_set_title (PgmNodeEditor *self, const char *title, gboolean removable)
{
  g_autofree char *escaped = g_markup_escape_text (title, -1);

  adw_preferences_group_set_title (self->group, escaped);
  gtk_widget_set_visible (self->remove_button, removable);
}

static void
pgm_node_editor_dispose (GObject *object)
{
  PgmNodeEditor *self = PGM_NODE_EDITOR (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->engine);
  g_clear_pointer (&self->node, pgm_record_unref);
  g_clear_pointer (&self->cluster_id, g_free);
  G_OBJECT_CLASS (pgm_node_editor_parent_class)->dispose (object);
}

static void
pgm_node_editor_finalize (GObject *object)
{
  g_object_unref (PGM_NODE_EDITOR (object)->cancellable);
  G_OBJECT_CLASS (pgm_node_editor_parent_class)->finalize (object);
}

static void
bind_children (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/node-editor.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmNodeEditor, group);
  gtk_widget_class_bind_template_child (widget_class, PgmNodeEditor, remove_button);
  gtk_widget_class_bind_template_child (widget_class, PgmNodeEditor, way_row);
  gtk_widget_class_bind_template_child (widget_class, PgmNodeEditor, uri_row);
  gtk_widget_class_bind_template_child (widget_class, PgmNodeEditor, host_row);
  gtk_widget_class_bind_template_child (widget_class, PgmNodeEditor, port_row);
  gtk_widget_class_bind_template_child (widget_class, PgmNodeEditor, service_row);
  gtk_widget_class_bind_template_child (widget_class, PgmNodeEditor, service_button);
  gtk_widget_class_bind_template_child (widget_class, PgmNodeEditor, database_row);
  gtk_widget_class_bind_template_child (widget_class, PgmNodeEditor, user_row);
  gtk_widget_class_bind_template_child (widget_class, PgmNodeEditor, password_row);
  gtk_widget_class_bind_template_child (widget_class, PgmNodeEditor, role_row);
  gtk_widget_class_bind_template_child (widget_class, PgmNodeEditor, name_row);
  gtk_widget_class_bind_template_child (widget_class, PgmNodeEditor, result_bin);
  gtk_widget_class_bind_template_child (widget_class, PgmNodeEditor, spinner);
  gtk_widget_class_bind_template_child (widget_class, PgmNodeEditor, test_button);
}

static void
pgm_node_editor_class_init (PgmNodeEditorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_node_editor_dispose;
  G_OBJECT_CLASS (klass)->finalize = pgm_node_editor_finalize;
  signals[CHANGED] = g_signal_new ("changed", PGM_TYPE_NODE_EDITOR, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
  signals[TESTED] = g_signal_new ("tested", PGM_TYPE_NODE_EDITOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[REMOVE] = g_signal_new ("remove", PGM_TYPE_NODE_EDITOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);
  bind_children (GTK_WIDGET_CLASS (klass));
  gtk_widget_class_install_action (GTK_WIDGET_CLASS (klass), "node.choose-service", "s",
                                   choose_service);
}

static void
pgm_node_editor_init (PgmNodeEditor *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->cancellable = g_cancellable_new ();
  self->result = pgm_fact_group_new (NULL, NULL);
  adw_bin_set_child (self->result_bin, GTK_WIDGET (self->result));
  show_way (self);
}

static void
connect_fields (PgmNodeEditor *self)
{
  GtkEditable *const rows[] = { self->host_row,     self->port_row, self->service_row,
                                self->database_row, self->user_row, self->password_row,
                                self->name_row };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_signal_connect_swapped (rows[i], "changed", G_CALLBACK (on_changed), self);
  g_signal_connect_swapped (self->uri_row, "changed", G_CALLBACK (on_uri_changed), self);
  g_signal_connect_swapped (self->uri_row, "entry-activated", G_CALLBACK (pgm_node_editor_test),
                            self);
  g_signal_connect_swapped (self->password_row, "entry-activated",
                            G_CALLBACK (pgm_node_editor_test), self);
  g_signal_connect_swapped (self->way_row, "notify::selected", G_CALLBACK (on_way), self);
  g_signal_connect_swapped (self->role_row, "notify::selected", G_CALLBACK (on_changed), self);
  g_signal_connect_swapped (self->test_button, "clicked", G_CALLBACK (pgm_node_editor_test), self);
  g_signal_connect_swapped (self->remove_button, "clicked", G_CALLBACK (on_remove), self);
}

PgmNodeEditor *
pgm_node_editor_new (PgmEngine *engine, const char *cluster_id, const PgmNode *node)
{
  PgmNodeEditor *self = g_object_new (PGM_TYPE_NODE_EDITOR, NULL);

  self->engine = g_object_ref (engine);
  self->cluster_id = g_strdup (cluster_id);
  if (node != NULL)
    {
      if (cluster_id != NULL)
        self->node = pgm_record_ref ((gpointer) (guintptr) node);
      show_node (self, node);
      show_way (self);
    }
  connect_fields (self);
  find_services (self);
  return self;
}
