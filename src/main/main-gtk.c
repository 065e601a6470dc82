/* pgmanager-gtk: the desktop. */
#include "app/application.h"
#include "core/error.h"
#include "main/host.h"
#include "main/outside.h"

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmEngine) engine = NULL;
  g_autoptr (PgmApplication) application = NULL;
  int status;

  pgm_host_init ("pgmanager-gtk");
  engine = pgm_host_make_engine (&error);
  if (engine == NULL)
    {
      g_autofree char *text = pgm_error_to_text (error);

      g_printerr ("pgmanager-gtk: %s\n", text);
      return (int) pgm_error_to_exit (error);
    }
  application = pgm_application_new (engine, G_APPLICATION_DEFAULT_FLAGS);
  pgm_application_set_outside (application, &pgm_host_outside);
  status = g_application_run (G_APPLICATION (application), argc, argv);
  return pgm_application_was_interrupted (application) ? PGM_EXIT_INTERRUPTED : status;
}
