/* tui: the dashboard in a terminal. */
#include <math.h>

#include "cli/job-finder.h"
#include "core/i18n.h"
#include "core/units.h"

typedef struct
{
  PgmJobChoice choice;
  char *refresh;
  gboolean no_colours;
} TuiArguments;

static void
tui_arguments_clear (TuiArguments *self)
{
  pgm_job_choice_clear (&self->choice);
  g_free (self->refresh);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TuiArguments, tui_arguments_clear)

static GOptionContext *
make_context (TuiArguments *arguments)
{
  const GOptionEntry entries[] = {
    { "refresh", 0, 0, G_OPTION_ARG_FILENAME, &arguments->refresh,
      N_ ("Time between two pictures, from 200ms to 1h; + and - change it (default: 500ms)"),
      "TIME" },
    { "no-colour", 0, 0, G_OPTION_ARG_NONE, &arguments->no_colours,
      N_ ("Use no colours, as with NO_COLOR in the environment"), NULL },
    { "no-color", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &arguments->no_colours, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (
      context,
      _ ("Shows all jobs of this user in the terminal, and lets them be steered: phases, lag,\n"
         "speed, tables, events, errors, the steps and the proof of a cutover. Leaving it leaves\n"
         "the jobs alone. Without an option it begins with what runs; --job or the two ends say\n"
         "which running job to look at, and --server-url another machine."));
  g_option_context_set_description (
      context,
      _ ("Keys:\n"
         "  arrows, PgUp, PgDn, Home, End   move; Tab or 1 to 6: the other lists\n"
         "  / filter   s sort   r reverse   space hold the picture   + - less, more often\n"
         "  p pause or go on   V compare   C cut over, and back   S stop   ? help   q quit\n"
         "What changes a job asks back first; a cutover wants \"yes\" typed.\n"
         "\n"
         "Without UTF-8 in the locale it draws in ASCII. It needs a terminal of at least 20\n"
         "columns and 5 lines; in a pipe or a script use `pgmanager status`."));
  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
  pgm_job_choice_add (context, &arguments->choice);
  return context;
}

static gboolean
parse_refresh (const char *text, double *seconds, GError **error)
{
  if (text == NULL)
    return TRUE;
  if (!pgm_parse_duration (text, seconds, error))
    return FALSE;
  if (*seconds >= 0.2 && *seconds <= 3600)
    return TRUE;
  pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                      _ ("Take a time from 200ms to 1h; 2s for example."),
                      "--refresh is \"%s\", which is out of range", text);
  return FALSE;
}

static gboolean
is_named (const PgmJobChoice *choice)
{
  return choice->job_id != NULL || pgm_endpoint_options_is_given (&choice->source) ||
         pgm_endpoint_options_is_given (&choice->destination);
}

/* The job that was named, and the server. */
static gboolean
find (PgmCli *cli, PgmJobChoice *choice, PgmFoundJob **found, PgmEngine **engine, GError **error)
{
  if (is_named (choice) && (*found = pgm_job_finder_find (cli, choice, error)) == NULL)
    return FALSE;
  if (!pgm_server_choice_is_given (&choice->server))
    return TRUE;
  *engine = *found != NULL ? g_object_ref ((*found)->engine)
                           : pgm_server_choice_connect (&choice->server, cli, error);
  return *engine != NULL;
}

int
pgm_command_tui (PgmCli *cli, int argc, char **argv)
{
  g_auto (TuiArguments) arguments = { 0 };
  g_autoptr (GOptionContext) context = make_context (&arguments);
  g_autoptr (PgmFoundJob) found = NULL;
  g_autoptr (PgmEngine) engine = NULL;
  g_autoptr (GError) error = NULL;
  PgmDashboardOptions options = { 0 };
  gboolean help;

  if (!pgm_command_parse (context, &argc, &argv, &help, &error))
    return pgm_command_fail (error);
  if (help)
    return PGM_EXIT_OK;
  if (!parse_refresh (arguments.refresh, &options.interval_sec, &error) ||
      !find (cli, &arguments.choice, &found, &engine, &error))
    return pgm_command_fail (error);
  options.engine = engine;
  options.job_id = found != NULL ? found->job->id : NULL;
  options.no_colours = arguments.no_colours;
  return cli->host->run_dashboard (&options, &error) ? PGM_EXIT_OK : pgm_command_fail (error);
}
