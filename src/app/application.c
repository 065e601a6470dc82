#include "app/application.h"

#include <glib-unix.h>
#include <signal.h>

#include "app/window.h"
#include "core/i18n.h"

#define N_SIGNALS 3

struct _PgmApplication
{
  AdwApplication parent_instance;
  PgmEngine *engine;
  PgmInventory *inventory;
  gboolean demo;
  gboolean interrupted;
  guint signal_sources[N_SIGNALS];
};

G_DEFINE_FINAL_TYPE (PgmApplication, pgm_application, ADW_TYPE_APPLICATION)

static void
show_about (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  PgmApplication *self = user_data;

  adw_show_about_window (gtk_application_get_active_window (GTK_APPLICATION (self)),
                         "application-name", "pgmanager", "application-icon", PGM_APPLICATION_ID,
                         "version", PGM_VERSION, "license-type", GTK_LICENSE_MIT_X11, "comments",
                         _ ("Migrate, compare and manage PostgreSQL clusters"), NULL);
}

/* Closing the window stops the job and removes the demo's clusters first. */
static void
quit (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (user_data));

  if (window != NULL)
    gtk_window_close (window);
  else
    g_application_quit (G_APPLICATION (user_data));
}

/* As from a terminal's Ctrl-C: the clusters go first here too. */
static gboolean
on_signal (gpointer user_data)
{
  PgmApplication *self = user_data;

  self->interrupted = TRUE;
  quit (NULL, NULL, self);
  return G_SOURCE_CONTINUE;
}

static void
pgm_application_startup (GApplication *application)
{
  const GActionEntry actions[] = {
    { .name = "about", .activate = show_about },
    { .name = "quit", .activate = quit },
  };
  const char *const quit_keys[] = { "<Control>q", NULL };
  const int stop_signals[N_SIGNALS] = { SIGINT, SIGTERM, SIGHUP };
  PgmApplication *self = PGM_APPLICATION (application);

  G_APPLICATION_CLASS (pgm_application_parent_class)->startup (application);
  g_action_map_add_action_entries (G_ACTION_MAP (application), actions, G_N_ELEMENTS (actions),
                                   application);
  gtk_application_set_accels_for_action (GTK_APPLICATION (application), "app.quit", quit_keys);
  for (gsize i = 0; i < N_SIGNALS; i++)
    self->signal_sources[i] = g_unix_signal_add (stop_signals[i], on_signal, self);
}

static void
pgm_application_shutdown (GApplication *application)
{
  PgmApplication *self = PGM_APPLICATION (application);

  for (gsize i = 0; i < N_SIGNALS; i++)
    g_clear_handle_id (&self->signal_sources[i], g_source_remove);
  pgm_inventory_close (self->inventory);
  G_APPLICATION_CLASS (pgm_application_parent_class)->shutdown (application);
}

static void
pgm_application_activate (GApplication *application)
{
  PgmApplication *self = PGM_APPLICATION (application);
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (application));

  if (window == NULL)
    window = GTK_WINDOW (pgm_window_new (GTK_APPLICATION (application), self->inventory));
  pgm_inventory_set_watching (self->inventory, TRUE);
  gtk_window_present (window);
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
  self->demo = g_variant_dict_contains (options, "demo");
  return -1;
}

static void
pgm_application_dispose (GObject *object)
{
  PgmApplication *self = PGM_APPLICATION (object);

  g_clear_object (&self->inventory);
  g_clear_object (&self->engine);
  G_OBJECT_CLASS (pgm_application_parent_class)->dispose (object);
}

static void
pgm_application_class_init (PgmApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_application_dispose;
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
