#include "app/migration-end.h"

#include <adwaita.h>

#include "app/note-row.h"
#include "core/dsn.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

/* Typing goes on for a while; a try for each letter would only make noise. */
#define TYPING_MS 500

struct _PgmMigrationEnd
{
  GtkWidget parent_instance;
  AdwPreferencesGroup *group;
  AdwComboRow *cluster_row;
  AdwComboRow *node_row;
  AdwComboRow *database_row;
  AdwEntryRow *uri_row;
  AdwPasswordEntryRow *password_row;
  PgmNoteRow *result;

  PgmEngine *engine;
  GPtrArray *clusters;  /* PgmCluster, never NULL */
  GPtrArray *databases; /* names, as the list has them; never NULL */
  GCancellable *testing;
  GCancellable *asking;
  guint typing;
  gboolean good;
  gboolean quiet; /* lists are being filled: nobody has chosen anything */
};

G_DEFINE_FINAL_TYPE (PgmMigrationEnd, pgm_migration_end, GTK_TYPE_WIDGET)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* NULL: a connection string is meant. */
static const PgmCluster *
chosen_cluster (PgmMigrationEnd *self)
{
  guint chosen = adw_combo_row_get_selected (self->cluster_row);

  return chosen < self->clusters->len ? g_ptr_array_index (self->clusters, chosen) : NULL;
}

static const PgmNode *
chosen_node (PgmMigrationEnd *self)
{
  const PgmCluster *cluster = chosen_cluster (self);
  guint chosen = adw_combo_row_get_selected (self->node_row);

  return cluster != NULL && chosen < cluster->nodes->len
             ? g_ptr_array_index (cluster->nodes, chosen)
             : NULL;
}

static const char *
chosen_database (PgmMigrationEnd *self)
{
  guint chosen = adw_combo_row_get_selected (self->database_row);

  return chosen < self->databases->len ? g_ptr_array_index (self->databases, chosen) : NULL;
}

static const char *
text_of (gpointer row)
{
  return gtk_editable_get_text (GTK_EDITABLE (row));
}

static void
tell (PgmMigrationEnd *self, gboolean good, PgmNoteLevel level, const char *text)
{
  self->good = good;
  pgm_note_row_show (self->result, level, text);
  g_signal_emit (self, signals[CHANGED], 0);
}

/* ---- trying it ---- */

static char *
describe (const PgmConnectionResult *result)
{
  g_autofree char *latency = pgm_format_duration_ms ((double) result->latency_ns / 1e6);

  return g_strdup_printf (result->is_replica ? _ ("PostgreSQL %s, a standby, answers in %s")
                                             : _ ("PostgreSQL %s answers in %s"),
                          result->version, latency);
}

static void
on_tested (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmMigrationEnd) self = user_data;
  g_autoptr (GError) error = NULL;
  PgmConnectionResult *answer = pgm_engine_ask_finish (PGM_ENGINE (source), result, &error);
  g_autofree char *text = NULL;

  if (pgm_error_is_cancelled (error))
    return;
  if (answer == NULL)
    {
      tell (self, FALSE, PGM_NOTE_ERROR, error != NULL ? error->message : _ ("No answer."));
      return;
    }
  if (answer->reachable)
    text = describe (answer);
  else
    text = g_strdup_printf ("%s%s%s", answer->error != NULL ? answer->error : _ ("No answer."),
                            answer->hint != NULL ? "\n" : "",
                            answer->hint != NULL ? answer->hint : "");
  tell (self, answer->reachable, answer->reachable ? PGM_NOTE_GOOD : PGM_NOTE_ERROR, text);
  pgm_question_free_answer (PGM_ASK_TEST_CONNECTION, answer);
}

static PgmConnectionTest *
make_test (PgmMigrationEnd *self)
{
  const PgmCluster *cluster = chosen_cluster (self);
  const PgmNode *node = chosen_node (self);
  PgmConnectionTest *test = pgm_record_new (&pgm_connection_test_type);

  if (cluster != NULL)
    {
      test->cluster_id = g_strdup (cluster->id);
      test->node_id = g_strdup (node != NULL ? node->id : NULL);
      return test;
    }
  test->dsn = pgm_secret_new (text_of (self->uri_row));
  if (*text_of (self->password_row) != '\0')
    test->password = pgm_secret_new (text_of (self->password_row));
  return test;
}

static void
try_it (PgmMigrationEnd *self)
{
  PgmConnectionTest *test;

  g_cancellable_cancel (self->testing);
  g_clear_object (&self->testing);
  if (chosen_cluster (self) == NULL && *text_of (self->uri_row) == '\0')
    {
      tell (self, FALSE, PGM_NOTE_INFO, NULL);
      return;
    }
  self->testing = g_cancellable_new ();
  test = make_test (self);
  pgm_engine_ask_async (self->engine, PGM_ASK_TEST_CONNECTION, NULL, test, self->testing, on_tested,
                        g_object_ref (self));
  pgm_record_unref (test);
  tell (self, FALSE, PGM_NOTE_INFO, _ ("Connecting…"));
}

static gboolean
on_typed (gpointer user_data)
{
  PgmMigrationEnd *self = user_data;

  self->typing = 0;
  try_it (self);
  return G_SOURCE_REMOVE;
}

/* A secret doesn't stay where it can be read. */
static void
move_password (PgmMigrationEnd *self)
{
  PgmSecret *password = NULL;
  char *without = pgm_dsn_split_password (text_of (self->uri_row), &password);

  if (password != NULL)
    {
      self->quiet = TRUE;
      gtk_editable_set_text (GTK_EDITABLE (self->password_row), pgm_secret_reveal (password));
      gtk_editable_set_text (GTK_EDITABLE (self->uri_row), without);
      self->quiet = FALSE;
    }
  g_free (without);
  pgm_secret_unref (password);
}

static void
on_text (PgmMigrationEnd *self)
{
  if (self->quiet)
    return;
  move_password (self);
  g_clear_handle_id (&self->typing, g_source_remove);
  self->typing = g_timeout_add (TYPING_MS, on_typed, self);
  tell (self, FALSE, PGM_NOTE_INFO, NULL);
}

/* ---- the databases of a node ---- */

static void
fill_databases (PgmMigrationEnd *self, const PgmIntrospection *answer)
{
  const PgmNode *node = chosen_node (self);
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  guint chosen = 0;

  g_ptr_array_set_size (self->databases, 0);
  for (guint i = 0; answer != NULL && i < answer->databases->len; i++)
    {
      const PgmDatabaseSize *database = g_ptr_array_index (answer->databases, i);
      g_autofree char *shown = pgm_display_text (database->name);
      g_autofree char *line = database->size != NULL
                                  ? g_strdup_printf ("%s (%s)", shown, database->size)
                                  : g_strdup (shown);

      if (node != NULL && g_strcmp0 (database->name, node->dbname) == 0)
        chosen = self->databases->len;
      g_ptr_array_add (self->databases, g_strdup (database->name));
      gtk_string_list_append (names, line);
    }
  self->quiet = TRUE;
  adw_combo_row_set_model (self->database_row, G_LIST_MODEL (names));
  if (self->databases->len > 0)
    adw_combo_row_set_selected (self->database_row, chosen);
  self->quiet = FALSE;
  gtk_widget_set_visible (GTK_WIDGET (self->database_row), self->databases->len > 0);
}

static void
on_introspected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmMigrationEnd) self = user_data;
  g_autoptr (GError) error = NULL;
  PgmIntrospection *answer = pgm_engine_ask_finish (PGM_ENGINE (source), result, &error);

  if (pgm_error_is_cancelled (error))
    return;
  /* Why there is none is told by the try. */
  fill_databases (self, answer);
  if (answer != NULL)
    pgm_question_free_answer (PGM_ASK_INTROSPECT, answer);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
ask_databases (PgmMigrationEnd *self)
{
  const PgmCluster *cluster = chosen_cluster (self);
  const PgmNode *node = chosen_node (self);
  PgmIntrospectionQuery *query;

  g_cancellable_cancel (self->asking);
  g_clear_object (&self->asking);
  fill_databases (self, NULL);
  if (cluster == NULL)
    return;
  self->asking = g_cancellable_new ();
  query = pgm_record_new (&pgm_introspection_query_type);
  query->node = g_strdup (node != NULL ? node->id : NULL);
  pgm_engine_ask_async (self->engine, PGM_ASK_INTROSPECT, cluster->id, query, self->asking,
                        on_introspected, g_object_ref (self));
  pgm_record_unref (query);
}

/* ---- what is chosen ---- */

static void
fill_nodes (PgmMigrationEnd *self)
{
  const PgmCluster *cluster = chosen_cluster (self);
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  guint primary = 0;

  for (guint i = 0; cluster != NULL && i < cluster->nodes->len; i++)
    {
      const PgmNode *node = g_ptr_array_index (cluster->nodes, i);
      g_autofree char *shown = pgm_display_text (node->name != NULL ? node->name : node->id);

      if (node->role == PGM_NODE_PRIMARY)
        primary = i;
      gtk_string_list_append (names, shown);
    }
  self->quiet = TRUE;
  adw_combo_row_set_model (self->node_row, G_LIST_MODEL (names));
  if (cluster != NULL && cluster->nodes->len > 0)
    adw_combo_row_set_selected (self->node_row, primary);
  self->quiet = FALSE;
  gtk_widget_set_visible (GTK_WIDGET (self->node_row), cluster != NULL && cluster->nodes->len > 1);
}

static void
on_cluster (PgmMigrationEnd *self)
{
  gboolean by_uri = chosen_cluster (self) == NULL;

  if (self->quiet)
    return;
  gtk_widget_set_visible (GTK_WIDGET (self->uri_row), by_uri);
  gtk_widget_set_visible (GTK_WIDGET (self->password_row), by_uri);
  fill_nodes (self);
  ask_databases (self);
  try_it (self);
}

static void
on_node (PgmMigrationEnd *self)
{
  if (self->quiet)
    return;
  ask_databases (self);
  try_it (self);
}

static void
on_database (PgmMigrationEnd *self)
{
  if (!self->quiet)
    g_signal_emit (self, signals[CHANGED], 0);
}

/* ---- the object ---- */

static void
pgm_migration_end_dispose (GObject *object)
{
  PgmMigrationEnd *self = PGM_MIGRATION_END (object);
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (object));

  g_cancellable_cancel (self->testing);
  g_cancellable_cancel (self->asking);
  g_clear_handle_id (&self->typing, g_source_remove);
  g_clear_object (&self->testing);
  g_clear_object (&self->asking);
  if (child != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->engine);
  G_OBJECT_CLASS (pgm_migration_end_parent_class)->dispose (object);
}

static void
pgm_migration_end_finalize (GObject *object)
{
  PgmMigrationEnd *self = PGM_MIGRATION_END (object);

  g_ptr_array_unref (self->clusters);
  g_ptr_array_unref (self->databases);
  G_OBJECT_CLASS (pgm_migration_end_parent_class)->finalize (object);
}

static void
pgm_migration_end_class_init (PgmMigrationEndClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_migration_end_dispose;
  G_OBJECT_CLASS (klass)->finalize = pgm_migration_end_finalize;
  g_type_ensure (PGM_TYPE_NOTE_ROW);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "migrationend");
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/migration-end.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationEnd, group);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationEnd, cluster_row);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationEnd, node_row);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationEnd, database_row);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationEnd, uri_row);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationEnd, password_row);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationEnd, result);
  signals[CHANGED] = g_signal_new ("changed", PGM_TYPE_MIGRATION_END, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
pgm_migration_end_init (PgmMigrationEnd *self)
{
  self->clusters = g_ptr_array_new_with_free_func (pgm_record_unref);
  self->databases = g_ptr_array_new_with_free_func (g_free);
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_swapped (self->cluster_row, "notify::selected", G_CALLBACK (on_cluster), self);
  g_signal_connect_swapped (self->node_row, "notify::selected", G_CALLBACK (on_node), self);
  g_signal_connect_swapped (self->database_row, "notify::selected", G_CALLBACK (on_database), self);
  g_signal_connect_swapped (self->uri_row, "changed", G_CALLBACK (on_text), self);
  g_signal_connect_swapped (self->password_row, "changed", G_CALLBACK (on_text), self);
}

void
pgm_migration_end_set_up (PgmMigrationEnd *self, PgmEngine *engine, const char *title)
{
  g_set_object (&self->engine, engine);
  adw_preferences_group_set_title (self->group, title);
  pgm_migration_end_set_clusters (self, NULL);
}

void
pgm_migration_end_set_clusters (PgmMigrationEnd *self, GPtrArray *clusters)
{
  const PgmCluster *before = chosen_cluster (self);
  gboolean first = adw_combo_row_get_model (self->cluster_row) == NULL;
  g_autofree char *kept = g_strdup (before != NULL ? before->id : NULL);
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  guint chosen = clusters != NULL ? clusters->len : 0;

  g_ptr_array_set_size (self->clusters, 0);
  for (guint i = 0; clusters != NULL && i < clusters->len; i++)
    {
      PgmCluster *cluster = g_ptr_array_index (clusters, i);
      g_autofree char *shown =
          pgm_display_text (cluster->name != NULL ? cluster->name : cluster->id);

      if (g_strcmp0 (cluster->id, kept) == 0)
        chosen = i;
      g_ptr_array_add (self->clusters, pgm_record_ref (cluster));
      gtk_string_list_append (names, shown);
    }
  gtk_string_list_append (names, _ ("Connection string"));
  self->quiet = TRUE;
  adw_combo_row_set_model (self->cluster_row, G_LIST_MODEL (names));
  adw_combo_row_set_selected (self->cluster_row, chosen);
  self->quiet = FALSE;
  /* The only choice there is needs no row. */
  gtk_widget_set_visible (GTK_WIDGET (self->cluster_row), self->clusters->len > 0);
  if (first || kept != NULL)
    on_cluster (self);
}

gboolean
pgm_migration_end_is_good (PgmMigrationEnd *self)
{
  return self->good;
}

PgmEndpoint *
pgm_migration_end_make_endpoint (PgmMigrationEnd *self)
{
  const PgmCluster *cluster = chosen_cluster (self);
  const PgmNode *node = chosen_node (self);
  PgmEndpoint *end = pgm_record_new (&pgm_endpoint_type);

  if (cluster != NULL)
    {
      end->cluster = g_strdup (cluster->id);
      end->node = g_strdup (node != NULL ? node->id : NULL);
      end->dbname = g_strdup (chosen_database (self));
      return end;
    }
  end->uri = g_strdup (text_of (self->uri_row));
  if (*text_of (self->password_row) != '\0')
    end->password = pgm_secret_new (text_of (self->password_row));
  return end;
}

void
pgm_migration_end_set_uri (PgmMigrationEnd *self, const char *uri)
{
  adw_combo_row_set_selected (self->cluster_row, self->clusters->len);
  gtk_editable_set_text (GTK_EDITABLE (self->uri_row), uri);
}

const char *
pgm_migration_end_get_result (PgmMigrationEnd *self)
{
  return pgm_note_row_get_text (self->result);
}
