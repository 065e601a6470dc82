#include "desk.h"

#include <glib/gstdio.h>
#include <signal.h>

#include "engine/local-engine.h"

/* Long, for a loaded machine; only a defect waits for it. */
#define PATIENCE_SECONDS 240

struct _Desk
{
  PgmConfig *config;
  PgmStore *store;
  PgmEngine *engine;
  PgmApplication *application;
  PgmWindow *window; /* weak */
  DeskBody body;
};

void
desk_remove_directory (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      if (g_unlink (file) != 0)
        desk_remove_directory (file);
    }
  g_assert_cmpint (g_rmdir (path), ==, 0);
}

/* The body runs its own main loop inside the application's. */
static void
on_activate (GApplication *application, Desk *self)
{
  self->window = PGM_WINDOW (gtk_application_get_active_window (GTK_APPLICATION (application)));
  g_object_add_weak_pointer (G_OBJECT (self->window), (gpointer *) &self->window);
  g_signal_handlers_disconnect_by_func (application, on_activate, self);
  self->body (self);
  if (self->window != NULL)
    gtk_window_close (GTK_WINDOW (self->window));
}

/* A task's worker thread lets go of the task, and so of the engine, a moment
 * after the result has come. */
static void
assert_goes_away (gpointer object)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
  gpointer weak = object;

  g_object_add_weak_pointer (object, &weak);
  g_object_unref (object);
  while (g_atomic_pointer_get (&weak) != NULL && g_get_monotonic_time () < deadline)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  g_assert_null (weak);
}

void
desk_run (DeskBody body)
{
  Desk self = { .body = body };
  g_autoptr (GError) error = NULL;

  self.config = pgm_record_new (&pgm_config_type);
  self.config->state_dir = g_dir_make_tmp ("pgm-app-XXXXXX", &error);
  g_assert_no_error (error);
  self.config->clusters_file = g_build_filename (self.config->state_dir, "clusters.json", NULL);
  self.config->passwords = g_strdup ("file");
  self.store = pgm_store_new (self.config, NULL);
  self.engine = pgm_local_engine_new (self.store);
  self.application = pgm_application_new (self.engine, G_APPLICATION_NON_UNIQUE);
  g_signal_connect_after (self.application, "activate", G_CALLBACK (on_activate), &self);
  g_assert_cmpint (g_application_run (G_APPLICATION (self.application), 0, NULL), ==, 0);
  g_assert_null (self.window);
  g_assert_finalize_object (self.application);
  assert_goes_away (self.engine);
  g_assert_finalize_object (self.store);
  desk_remove_directory (self.config->state_dir);
  pgm_record_unref (self.config);
}

PgmWindow *
desk_get_window (Desk *self)
{
  return self->window;
}

void
desk_look_again (Desk *self)
{
  if (self->window != NULL)
    g_clear_weak_pointer (&self->window);
  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (self->application)); l != NULL;
       l = l->next)
    if (PGM_IS_WINDOW (l->data) && self->window == NULL)
      g_set_weak_pointer (&self->window, l->data);
}

PgmApplication *
desk_get_application (Desk *self)
{
  return self->application;
}

gpointer
desk_get_child_of (gpointer widget, const char *id)
{
  GObject *child = gtk_widget_get_template_child (GTK_WIDGET (widget), G_OBJECT_TYPE (widget), id);

  g_assert_nonnull (child);
  return child;
}

gpointer
desk_get_child (Desk *self, const char *id)
{
  return desk_get_child_of (pgm_window_get_demo_page (self->window), id);
}

const char *
desk_get_label (Desk *self, const char *id)
{
  return gtk_label_get_text (desk_get_child (self, id));
}

gboolean
desk_activate (Desk *self, const char *action)
{
  GtkWidget *widget = g_str_has_prefix (action, "demo.")
                          ? GTK_WIDGET (pgm_window_get_demo_page (self->window))
                          : GTK_WIDGET (self->window);

  return gtk_widget_activate_action (widget, action, NULL);
}

gboolean
desk_activate_with (Desk *self, const char *action, const char *parameter)
{
  return gtk_widget_activate_action (GTK_WIDGET (self->window), action, "s", parameter);
}

gboolean
desk_activate_tab (Desk *self, int tab)
{
  return gtk_widget_activate_action (GTK_WIDGET (self->window), "win.tab", "i", tab);
}

static gboolean
on_patience_lost (gpointer user_data)
{
  g_error ("waited %d seconds for %s", PATIENCE_SECONDS, (const char *) user_data);
  return G_SOURCE_REMOVE;
}

void
desk_wait_named (Desk *self, DeskCondition condition, gpointer data, const char *name)
{
  guint patience =
      g_timeout_add_seconds (PATIENCE_SECONDS, on_patience_lost, (gpointer) (guintptr) name);

  while (!condition (self, data))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (patience);
}

static gboolean
has_state (Desk *self, gpointer data)
{
  return pgm_demo_page_get_state (pgm_window_get_demo_page (self->window)) ==
         GPOINTER_TO_UINT (data);
}

void
desk_wait_for_state (Desk *self, PgmDemoState state)
{
  desk_wait (self, has_state, GUINT_TO_POINTER (state));
}

static gboolean
is_gone (Desk *self, gpointer data)
{
  return self->window == NULL;
}

void
desk_wait_until_closed (Desk *self)
{
  desk_wait (self, is_gone, NULL);
}

static gboolean
has_rows (Desk *self, gpointer data)
{
  PgmDemoPage *demo = pgm_window_get_demo_page (self->window);
  PgmMigrationPage *page = pgm_demo_page_get_migration (demo);
  const PgmSnapshot *snapshot = page != NULL ? pgm_migration_page_get_snapshot (page) : NULL;

  return pgm_demo_page_get_state (demo) == PGM_DEMO_RUNNING && snapshot != NULL &&
         snapshot->tables->len > 0;
}

void
desk_wait_for_rows (Desk *self)
{
  desk_wait (self, has_rows, NULL);
}

void
desk_kill_destination (Desk *self)
{
  const PgmSample *sample = pgm_demo_page_get_sample (pgm_window_get_demo_page (self->window));
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  gint64 pid;

  g_assert_nonnull (sample);
  path = g_build_filename (sample->directory, "destination", "postmaster.pid", NULL);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  pid = g_ascii_strtoll (text, NULL, 10);
  g_assert_cmpint (pid, >, 1);
  g_assert_cmpint (kill ((pid_t) pid, SIGQUIT), ==, 0);
}
