#include "main/dashboard.h"

#include "client/remote-engine.h"
#include "main/host.h"
#include "tui/tui.h"

static gboolean
is_known (PgmRemoteEngine *engine, GPtrArray *known)
{
  for (guint i = 0; i < known->len; i++)
    if (g_str_equal (pgm_remote_engine_get_name (engine),
                     pgm_remote_engine_get_name (g_ptr_array_index (known, i))))
      return TRUE;
  return FALSE;
}

static GPtrArray *
find_new_engines (GPtrArray *known)
{
  GPtrArray *engines = pgm_host_find_engines ();

  for (guint i = engines->len; i > 0; i--)
    if (is_known (g_ptr_array_index (engines, i - 1), known))
      g_ptr_array_remove_index (engines, i - 1);
  return engines;
}

gboolean
pgm_host_run_dashboard (const PgmDashboardOptions *options, GError **error)
{
  /* What is over elsewhere, the engine there knows itself. */
  g_autoptr (PgmEngine) history = options->engine == NULL ? pgm_host_make_engine (error) : NULL;
  const PgmTuiOptions tui = {
    .engine = options->engine,
    .find_engines = find_new_engines,
    .history = history,
    .job_id = options->job_id,
    .interval_sec = options->interval_sec,
    .no_colours = options->no_colours,
  };

  return (history != NULL || options->engine != NULL) && pgm_tui_run (&tui, error);
}
