#include "app/application.h"

#include <glib-unix.h>
#include <signal.h>

#include "app/confirm.h"
#include "app/connect-dialog.h"
#include "app/notifier.h"
#include "app/preferences.h"
#include "app/settings.h"
#include "app/share-dialog.h"
#include "app/shortcuts.h"
#include "app/window.h"
#include "core/i18n.h"

#define N_SIGNALS 3

struct _PgmApplication
{
  AdwApplication parent_instance;
  PgmEngine *engine;       /* of this computer */
  PgmInventory *inventory; /* of this computer, whose jobs are ours */
  PgmInventory *remote;    /* of another one, when it is shown */
  char *remote_url;
  const PgmOutside *outside;
  PgmShare share;
  GSettings *settings; /* NULL where there is no schema */
  gboolean demo;
  gboolean interrupted;
  gboolean switching; /* one window takes the place of another */
  gboolean held;      /* jobs go on without a window */
  gboolean stopping;  /* they are being stopped, to quit then */
  guint signal_sources[N_SIGNALS];
};

G_DEFINE_FINAL_TYPE (PgmApplication, pgm_application, ADW_TYPE_APPLICATION)

static PgmWindow *
get_window (PgmApplication *self)
{
  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (self)); l != NULL; l = l->next)
    if (PGM_IS_WINDOW (l->data))
      return l->data;
  return NULL;
}

/* ---- jobs without a window ------------------------------------------------------- */

static void
set_held (PgmApplication *self, gboolean held)
{
  if (self->held == held)
    return;
  self->held = held;
  if (held)
    g_application_hold (G_APPLICATION (self));
  else
    g_application_release (G_APPLICATION (self));
}

static void
stop_jobs (PgmApplication *self)
{
  GListModel *jobs = pgm_inventory_get_jobs (self->inventory);

  self->stopping = TRUE;
  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr (PgmJobItem) item = g_list_model_get_item (jobs, i);

      if (pgm_job_item_is_running (item) && pgm_job_item_get_info (item)->here)
        pgm_engine_stop_job_async (self->engine, pgm_job_item_get_id (item), NULL, NULL, NULL);
    }
}

/* Only those of this process go on or end with it. */
static guint
count_ours (PgmApplication *self)
{
  GListModel *jobs = pgm_inventory_get_jobs (self->inventory);
  guint count = 0;

  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr (PgmJobItem) item = g_list_model_get_item (jobs, i);

      count += pgm_job_item_is_running (item) && pgm_job_item_get_info (item)->here;
    }
  return count;
}

static void
on_inventory_changed (PgmApplication *self)
{
  if (self->held && count_ours (self) == 0)
    {
      pgm_notifier_in_front (G_APPLICATION (self));
      set_held (self, FALSE);
    }
}

static void
on_job_ended (PgmApplication *self, PgmJobItem *item)
{
  GtkWindow *window = GTK_WINDOW (get_window (self));

  if (self->stopping || !pgm_settings_get_boolean (self->settings, PGM_SETTING_NOTIFY, TRUE) ||
      (window != NULL && gtk_window_is_active (window)))
    return;
  pgm_notifier_job_ended (G_APPLICATION (self), item);
}

static void
pgm_application_window_removed (GtkApplication *application, GtkWindow *window)
{
  PgmApplication *self = PGM_APPLICATION (application);
  guint running = count_ours (self);
  gboolean last = PGM_IS_WINDOW (window);

  if (last && running > 0 && !self->switching)
    set_held (self, TRUE);
  GTK_APPLICATION_CLASS (pgm_application_parent_class)->window_removed (application, window);
  if (!last || get_window (self) != NULL)
    return;
  pgm_inventory_set_watching (self->inventory, FALSE);
  if (self->remote != NULL)
    pgm_inventory_set_watching (self->remote, FALSE);
  if (running == 0 || self->stopping)
    return;
  if (pgm_settings_get_boolean (self->settings, PGM_SETTING_BACKGROUND, TRUE) && !self->interrupted)
    pgm_notifier_in_background (G_APPLICATION (self), running);
  else
    stop_jobs (self);
}

/* ---- actions --------------------------------------------------------------------- */

static void
show_about (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  PgmApplication *self = user_data;

  adw_show_about_window (gtk_application_get_active_window (GTK_APPLICATION (self)),
                         "application-name", "pgmanager", "application-icon", PGM_APPLICATION_ID,
                         "version", PGM_VERSION, "license-type", GTK_LICENSE_MIT_X11, "comments",
                         _ ("Migrate, compare and manage PostgreSQL clusters"), NULL);
}

static void
show_preferences (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  PgmApplication *self = user_data;

  gtk_window_present (
      GTK_WINDOW (pgm_preferences_new (GTK_WINDOW (get_window (self)), self->settings)));
}

static void
show_shortcuts (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  pgm_shortcuts_show (GTK_WINDOW (get_window (user_data)));
}

/* Closing the window removes the demo's clusters first. */
static void
stop_and_quit (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  PgmApplication *self = user_data;
  PgmWindow *window = get_window (self);

  stop_jobs (self);
  if (window != NULL)
    gtk_window_close (GTK_WINDOW (window));
  else if (count_ours (self) == 0)
    g_application_quit (G_APPLICATION (self));
}

static void
on_quit_answer (PgmConfirmAnswer answer, gpointer user_data)
{
  g_autoptr (PgmApplication) self = user_data;
  PgmWindow *window = get_window (self);

  if (answer == PGM_CONFIRM_ACCEPT)
    stop_and_quit (NULL, NULL, self);
  else if (answer == PGM_CONFIRM_OTHER && window != NULL)
    gtk_window_close (GTK_WINDOW (window));
}

/* Who quits while jobs run may have forgotten them. */
static void
quit (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  PgmApplication *self = user_data;
  PgmWindow *window = get_window (self);
  const PgmConfirmQuestion question = {
    .heading = _ ("Jobs Are Running"),
    .body = _ ("To quit stops them; they can be resumed. Without a window they go on."),
    .accept = _ ("_Stop and Quit"),
    .other = _ ("_Go On Without a Window"),
    .destructive = TRUE,
  };

  if (window == NULL || count_ours (self) == 0 ||
      pgm_demo_page_is_busy (pgm_window_get_demo_page (window)))
    stop_and_quit (NULL, NULL, self);
  else
    pgm_confirm_async (GTK_WIDGET (window), &question, on_quit_answer, g_object_ref (self));
}

static void
show_window (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  g_application_activate (user_data);
}

static void
show_job (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  PgmApplication *self = user_data;

  g_application_activate (G_APPLICATION (self));
  gtk_widget_activate_action_variant (GTK_WIDGET (get_window (self)), "win.show-migration",
                                      parameter);
}

static void
start_demo (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  PgmApplication *self = user_data;

  self->demo = TRUE;
  g_application_activate (G_APPLICATION (self));
}

/* ---- which computer -------------------------------------------------------------- */

static PgmInventory *
get_shown (PgmApplication *self)
{
  return self->remote != NULL ? self->remote : self->inventory;
}

static PgmWindow *
open_window (PgmApplication *self)
{
  PgmWindow *window = pgm_window_new (GTK_APPLICATION (self), get_shown (self), self->settings);

  pgm_window_set_server (window, self->remote_url);
  pgm_window_set_servers (window, self->outside != NULL, self->settings);
  pgm_inventory_set_watching (get_shown (self), TRUE);
  return window;
}

/* A window belongs to one engine, so another one takes its place. */
static void
show_computer (PgmApplication *self, PgmEngine *engine, const char *url)
{
  PgmWindow *before = get_window (self);

  pgm_inventory_set_watching (get_shown (self), FALSE);
  if (self->remote != NULL)
    pgm_inventory_close (self->remote);
  g_clear_object (&self->remote);
  g_free (self->remote_url);
  self->remote_url = g_strdup (url);
  if (engine != NULL)
    {
      self->remote = pgm_inventory_new (engine);
      g_signal_connect_object (self->remote, "job-ended", G_CALLBACK (on_job_ended), self,
                               G_CONNECT_SWAPPED);
    }
  self->switching = TRUE;
  gtk_window_present (GTK_WINDOW (open_window (self)));
  if (before != NULL)
    gtk_window_destroy (GTK_WINDOW (before));
  self->switching = FALSE;
}

static void
remember_server (PgmApplication *self, const char *url)
{
  g_auto (GStrv) known = NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) all = NULL;

  if (self->settings == NULL)
    return;
  known = g_settings_get_strv (self->settings, PGM_SETTING_SERVERS);
  if (g_strv_contains ((const char *const *) known, url))
    return;
  g_strv_builder_addv (builder, (const char **) (guintptr) known);
  g_strv_builder_add (builder, url);
  all = g_strv_builder_end (builder);
  g_settings_set_strv (self->settings, PGM_SETTING_SERVERS, (const char *const *) all);
}

static void
on_connected (PgmApplication *self, PgmEngine *engine, const char *url)
{
  remember_server (self, url);
  show_computer (self, engine, url);
}

/* While the sample runs in the window, it stays. */
static gboolean
may_switch (PgmApplication *self)
{
  PgmWindow *window = get_window (self);

  if (window == NULL || !pgm_demo_page_is_busy (pgm_window_get_demo_page (window)))
    return window != NULL && self->outside != NULL;
  pgm_window_toast (window, _ ("The sample is still running here."));
  return FALSE;
}

static void
connect_server (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  PgmApplication *self = user_data;
  const char *url = g_variant_get_string (parameter, NULL);
  PgmConnectDialog *dialog;

  if (!may_switch (self))
    return;
  dialog = pgm_connect_dialog_new (GTK_WINDOW (get_window (self)), self->outside,
                                   *url != '\0' ? url : NULL);
  g_signal_connect_object (dialog, "connected", G_CALLBACK (on_connected), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
use_this_computer (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  PgmApplication *self = user_data;

  if (self->remote != NULL && may_switch (self))
    show_computer (self, NULL, NULL);
}

static void
share (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  PgmApplication *self = user_data;

  if (self->outside != NULL)
    gtk_window_present (
        GTK_WINDOW (pgm_share_dialog_new (GTK_WINDOW (get_window (self)), &self->share)));
}

/* As from a terminal's Ctrl-C: jobs and the demo's clusters go first, nobody is asked. */
static gboolean
on_signal (gpointer user_data)
{
  PgmApplication *self = user_data;

  self->interrupted = TRUE;
  stop_and_quit (NULL, NULL, self);
  return G_SOURCE_CONTINUE;
}

/* ---- settings -------------------------------------------------------------------- */

static void
apply_style (PgmApplication *self)
{
  g_autofree char *style = pgm_settings_get_string (self->settings, PGM_SETTING_STYLE, "system");

  adw_style_manager_set_color_scheme (adw_application_get_style_manager (ADW_APPLICATION (self)),
                                      g_str_equal (style, "light")  ? ADW_COLOR_SCHEME_FORCE_LIGHT
                                      : g_str_equal (style, "dark") ? ADW_COLOR_SCHEME_FORCE_DARK
                                                                    : ADW_COLOR_SCHEME_DEFAULT);
}

static void
apply_refresh (PgmApplication *self)
{
  pgm_inventory_set_interval (
      self->inventory, (guint) pgm_settings_get_int (self->settings, PGM_SETTING_REFRESH, 5));
}

static void
follow_settings (PgmApplication *self)
{
  self->settings = pgm_settings_new ();
  if (self->settings != NULL)
    {
      g_signal_connect_swapped (self->settings, "changed::" PGM_SETTING_STYLE,
                                G_CALLBACK (apply_style), self);
      g_signal_connect_swapped (self->settings, "changed::" PGM_SETTING_REFRESH,
                                G_CALLBACK (apply_refresh), self);
    }
  apply_style (self);
  apply_refresh (self);
}

/* ---- life ------------------------------------------------------------------------ */

static void
pgm_application_startup (GApplication *application)
{
  const GActionEntry actions[] = {
    { .name = "about", .activate = show_about },
    { .name = "preferences", .activate = show_preferences },
    { .name = "shortcuts", .activate = show_shortcuts },
    { .name = "show-window", .activate = show_window },
    { .name = "show-job", .activate = show_job, .parameter_type = "s" },
    { .name = "start-demo", .activate = start_demo },
    { .name = "connect-server", .activate = connect_server, .parameter_type = "s" },
    { .name = "use-this-computer", .activate = use_this_computer },
    { .name = "share", .activate = share },
    { .name = "stop-and-quit", .activate = stop_and_quit },
    { .name = "quit", .activate = quit },
  };
  const int stop_signals[N_SIGNALS] = { SIGINT, SIGTERM, SIGHUP };
  PgmApplication *self = PGM_APPLICATION (application);

  G_APPLICATION_CLASS (pgm_application_parent_class)->startup (application);
  g_action_map_add_action_entries (G_ACTION_MAP (application), actions, G_N_ELEMENTS (actions),
                                   application);
  pgm_shortcuts_install (GTK_APPLICATION (application));
  follow_settings (self);
  g_signal_connect_swapped (self->inventory, "changed", G_CALLBACK (on_inventory_changed), self);
  g_signal_connect_swapped (self->inventory, "job-ended", G_CALLBACK (on_job_ended), self);
  for (gsize i = 0; i < N_SIGNALS; i++)
    self->signal_sources[i] = g_unix_signal_add (stop_signals[i], on_signal, self);
}

static void
pgm_application_shutdown (GApplication *application)
{
  PgmApplication *self = PGM_APPLICATION (application);

  for (gsize i = 0; i < N_SIGNALS; i++)
    g_clear_handle_id (&self->signal_sources[i], g_source_remove);
  g_signal_handlers_disconnect_by_data (self->inventory, self);
  pgm_inventory_close (self->inventory);
  if (self->remote != NULL)
    pgm_inventory_close (self->remote);
  pgm_share_stop (&self->share);
  G_APPLICATION_CLASS (pgm_application_parent_class)->shutdown (application);
}

static void
pgm_application_activate (GApplication *application)
{
  PgmApplication *self = PGM_APPLICATION (application);
  PgmWindow *window = get_window (self);

  if (window == NULL)
    window = open_window (self);
  set_held (self, FALSE);
  pgm_notifier_in_front (application);
  pgm_inventory_set_watching (get_shown (self), TRUE);
  gtk_window_present (GTK_WINDOW (window));
  if (self->demo)
    gtk_widget_activate_action (GTK_WIDGET (window), "win.start-demo", NULL);
  self->demo = FALSE;
}

/* GTK itself would end the program with a warning for developers. */
static void
report_no_display (void)
{
  const char *display = g_getenv ("WAYLAND_DISPLAY");

  if (display == NULL)
    display = g_getenv ("DISPLAY");
  if (display == NULL)
    g_printerr ("pgmanager-gtk: %s\n", _ ("there is no display to open a window on"));
  else
    {
      g_printerr ("pgmanager-gtk: ");
      g_printerr (_ ("cannot open a window on display %s"), display);
      g_printerr ("\n");
    }
  g_printerr ("  %s\n", _ ("Hint: Run it in a desktop session, or run \"pgmanager demo\" in this "
                           "terminal."));
}

static int
pgm_application_handle_local_options (GApplication *application, GVariantDict *options)
{
  PgmApplication *self = PGM_APPLICATION (application);

  if (g_variant_dict_contains (options, "version"))
    {
      g_print ("pgmanager-gtk %s\n", PGM_VERSION);
      return 0;
    }
  if (!gtk_init_check ())
    {
      report_no_display ();
      return PGM_EXIT_FAILED;
    }
  if (!g_variant_dict_contains (options, "demo"))
    return -1;
  /* where there is a window already, the demo runs in it */
  if (g_application_register (application, NULL, NULL) && g_application_get_is_remote (application))
    {
      g_action_group_activate_action (G_ACTION_GROUP (application), "start-demo", NULL);
      return 0;
    }
  self->demo = TRUE;
  return -1;
}

static void
pgm_application_dispose (GObject *object)
{
  PgmApplication *self = PGM_APPLICATION (object);

  g_clear_object (&self->settings);
  g_clear_object (&self->remote);
  g_clear_pointer (&self->remote_url, g_free);
  g_clear_object (&self->inventory);
  g_clear_object (&self->engine);
  G_OBJECT_CLASS (pgm_application_parent_class)->dispose (object);
}

static void
pgm_application_class_init (PgmApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_application_dispose;
  GTK_APPLICATION_CLASS (klass)->window_removed = pgm_application_window_removed;
  application_class->shutdown = pgm_application_shutdown;
  application_class->startup = pgm_application_startup;
  application_class->activate = pgm_application_activate;
  application_class->handle_local_options = pgm_application_handle_local_options;
}

static void
pgm_application_init (PgmApplication *self)
{
  const GOptionEntry entries[] = {
    { "demo", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Run the demo at once"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Show the version"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_application_add_main_option_entries (G_APPLICATION (self), entries);
}

PgmApplication *
pgm_application_new (PgmEngine *engine, GApplicationFlags flags)
{
  PgmApplication *self =
      g_object_new (PGM_TYPE_APPLICATION, "application-id", PGM_APPLICATION_ID, "flags", flags,
                    "resource-base-path", "/io/github/pgmanager/Pgmanager", NULL);

  self->engine = g_object_ref (engine);
  self->inventory = pgm_inventory_new (engine);
  return self;
}

gboolean
pgm_application_was_interrupted (PgmApplication *self)
{
  return self->interrupted;
}

void
pgm_application_set_outside (PgmApplication *self, const PgmOutside *outside)
{
  self->outside = outside;
  self->share.outside = outside;
  self->share.engine = self->engine;
}
