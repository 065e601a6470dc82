/* In place of dashboard.c where ncurses wasn't there at build time. */
#include "core/error.h"
#include "core/i18n.h"
#include "main/dashboard.h"

gboolean
pgm_host_run_dashboard (const PgmDashboardOptions *options, GError **error)
{
  pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, NULL,
                      _ ("Use `pgmanager status --watch`, or build it where ncurses is."),
                      "this pgmanager was built without the terminal dashboard");
  return FALSE;
}
