#include "app/shortcuts.h"

GtkWindow *
pgm_shortcuts_show (GtkWindow *parent)
{
  g_autoptr (GtkBuilder) builder =
      gtk_builder_new_from_resource ("/io/github/pgmanager/Pgmanager/shortcuts.ui");
  GtkWindow *window = GTK_WINDOW (gtk_builder_get_object (builder, "shortcuts"));

  gtk_window_set_transient_for (window, parent);
  gtk_window_present (window);
  return window;
}

void
pgm_shortcuts_install (GtkApplication *application)
{
  static const struct
  {
    const char *action;
    const char *keys[3];
  } shortcuts[] = {
    { "app.quit", { "<Control>q" } },
    { "app.preferences", { "<Control>comma" } },
    { "app.shortcuts", { "<Control>question", "<Control>slash" } },
    { "win.jump", { "<Control>k" } },
    { "win.search", { "<Control>f" } },
    { "win.new-migration", { "<Control>n" } },
    { "win.add-cluster", { "<Control><Shift>n" } },
    { "win.show-logs", { "<Control>l" } },
    { "win.refresh", { "F5", "<Control>r" } },
    { "win.toggle-sidebar", { "F9" } },
    { "window.close", { "<Control>w" } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (shortcuts); i++)
    gtk_application_set_accels_for_action (application, shortcuts[i].action,
                                           (const char *const *) shortcuts[i].keys);
  for (int tab = 1; tab <= 9; tab++)
    {
      g_autofree char *action = g_strdup_printf ("win.tab(%d)", tab);
      g_autofree char *key = g_strdup_printf ("<Control>%d", tab);
      const char *const keys[] = { key, NULL };

      gtk_application_set_accels_for_action (application, action, keys);
    }
}
