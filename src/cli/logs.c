/* logs: what jobs have told, as it was written down or as it comes. */
#include <stdio.h>

#include "cli/daemon-finder.h"
#include "cli/job-finder.h"
#include "core/i18n.h"
#include "core/text.h"

#define POLL_MS 500

typedef enum
{
  LEVEL_ERROR,
  LEVEL_WARNING,
  LEVEL_INFO,
} Level;

static const char *const level_names[] = { "error", "warning", "info", NULL };

typedef struct
{
  PgmJobChoice choice;
  char *level;
  char *output;
  char **jobs; /* without an option's name */
  gboolean follow;
} LogsArguments;

static void
logs_arguments_clear (LogsArguments *self)
{
  pgm_job_choice_clear (&self->choice);
  g_free (self->level);
  g_free (self->output);
  g_strfreev (self->jobs);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LogsArguments, logs_arguments_clear)

static GOptionContext *
make_context (LogsArguments *arguments)
{
  const GOptionEntry entries[] = {
    { "follow", 'f', 0, G_OPTION_ARG_NONE, &arguments->follow,
      N_ ("Go on with what comes, until the job ends"), NULL },
    { "level", 0, 0, G_OPTION_ARG_FILENAME, &arguments->level, N_ ("Only this and what is worse"),
      "info|warning|error" },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &arguments->output, N_ ("Form of the result"),
      "table|json" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments->jobs, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  GOptionContext *context = g_option_context_new ("[JOB]");

  g_option_context_set_summary (
      context, _ ("Shows what a job has told: phases, warnings, errors. Without a name it is the\n"
                  "job that runs, else the one that began last."));
  pgm_job_choice_add (context, &arguments->choice);
  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
  return context;
}

static Level
event_level (const PgmEvent *event)
{
  Level level = LEVEL_ERROR;

  while (!g_str_equal (level_names[level], pgm_event_get_level (event)))
    level++;
  return level;
}

static void
print_event (const PgmEvent *event, PgmOutput output)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (event->time / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = g_date_time_to_local (utc);
  g_autofree char *time = g_date_time_format (local, "%Y-%m-%d %H:%M:%S");
  g_autofree char *text = pgm_display_text (event->message);

  if (output == PGM_OUTPUT_JSON)
    {
      g_autofree char *json = pgm_record_to_json (event, FALSE);

      g_print ("{\"event\":%s}\n", json);
    }
  else
    g_print ("%s  %-8s %s\n", time, level_names[event_level (event)], text);
}

static GPtrArray *
list_events (PgmEngine *engine, const char *job_id, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  pgm_engine_list_events_async (engine, job_id, NULL, pgm_wait_callback, &result);
  return pgm_engine_list_events_finish (engine, pgm_wait_for (&result), error);
}

/* How many events of the last moment were printed tells those apart that share it. */
typedef struct
{
  gint64 time;
  guint count;
} Printed;

static void
print_new (GPtrArray *events, Level least, PgmOutput output, Printed *printed)
{
  guint same = 0;

  for (guint i = 0; i < events->len; i++)
    {
      const PgmEvent *event = g_ptr_array_index (events, i);

      if (event->time < printed->time)
        continue;
      if (event->time == printed->time && ++same <= printed->count)
        continue;
      if (event->time > printed->time)
        {
          *printed = (Printed){ event->time, 0 };
          same = 1;
        }
      printed->count++;
      if (event_level (event) <= least)
        print_event (event, output);
    }
}

static gboolean
on_time (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
has_ended (PgmEngine *engine, const char *job_id)
{
  g_autoptr (GPtrArray) jobs = pgm_job_finder_list_engine (engine, NULL);

  for (guint i = 0; jobs != NULL && i < jobs->len; i++)
    {
      const PgmJobInfo *job = g_ptr_array_index (jobs, i);

      if (g_str_equal (job->id, job_id))
        return job->status != PGM_JOB_RUNNING;
    }
  return TRUE;
}

static int
show (PgmEngine *engine, const char *job_id, Level least, gboolean follow, PgmOutput output)
{
  Printed printed = { 0 };
  gboolean ended;

  do
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) events = NULL;
      gboolean elapsed = FALSE;

      /* Asked before the events, so that the last ones are among them. */
      ended = !follow || has_ended (engine, job_id);
      events = list_events (engine, job_id, &error);
      if (events == NULL)
        return pgm_command_fail (error);
      print_new (events, least, output, &printed);
      (void) fflush (stdout);
      if (!ended)
        g_timeout_add (POLL_MS, on_time, &elapsed);
      while (!ended && !elapsed)
        g_main_context_iteration (NULL, TRUE);
    }
  while (!ended && !ferror (stdout));
  return PGM_EXIT_OK;
}

static gboolean
parse_level (const char *text, Level *level, GError **error)
{
  *level = LEVEL_INFO;
  if (text == NULL)
    return TRUE;
  for (guint i = 0; level_names[i] != NULL; i++)
    if (g_str_equal (text, level_names[i]))
      {
        *level = (Level) i;
        return TRUE;
      }
  pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL, _ ("Use --level=info, warning or error."),
                      "unknown level: %s", text);
  return FALSE;
}

/* The name may stand alone. */
static gboolean
take_name (LogsArguments *arguments, GError **error)
{
  guint count = arguments->jobs != NULL ? g_strv_length (arguments->jobs) : 0;

  if (count > 1 || (count > 0 && arguments->choice.job_id != NULL))
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL, _ ("Name one job."),
                          "unexpected argument: %s", arguments->jobs[count - 1]);
      return FALSE;
    }
  if (count > 0)
    arguments->choice.job_id = g_strdup (arguments->jobs[0]);
  return TRUE;
}

/* Of one that is over, the daemon or the state file knows. */
static int
show_past (PgmCli *cli, LogsArguments *arguments, const char *job_id, Level least, PgmOutput output)
{
  g_autoptr (PgmFoundDaemon) daemon = NULL;
  g_autoptr (GError) error = NULL;
  gboolean asked = pgm_daemon_choose (cli, &arguments->choice.server, &daemon, &error);
  g_autoptr (PgmEngine) engine = daemon != NULL ? g_object_ref (daemon->engine)
                                 : asked        ? cli->host->make_engine (&error)
                                                : NULL;
  g_autoptr (GPtrArray) jobs = engine != NULL ? pgm_job_finder_list_engine (engine, &error) : NULL;
  const PgmJobInfo *last = jobs != NULL && jobs->len > 0 ? g_ptr_array_index (jobs, 0) : NULL;

  if (jobs == NULL)
    return pgm_command_fail (error);
  if (job_id == NULL && last == NULL)
    {
      pgm_error_set (&error, PGM_ERROR_NOT_FOUND, "no job is known");
      return pgm_command_fail (error);
    }
  return show (engine, job_id != NULL ? job_id : last->id, least, FALSE, output);
}

static int
show_chosen (PgmCli *cli, LogsArguments *arguments, Level least, PgmOutput output)
{
  g_autofree char *job_id = g_strdup (arguments->choice.job_id);
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmFoundJob) found = pgm_job_finder_find (cli, &arguments->choice, &error);

  if (found != NULL)
    return show (found->engine, found->job->id, least, arguments->follow, output);
  if (!g_error_matches (error, PGM_ERROR, PGM_ERROR_NOT_FOUND))
    return pgm_command_fail (error);
  return show_past (cli, arguments, job_id, least, output);
}

int
pgm_command_logs (PgmCli *cli, int argc, char **argv)
{
  g_auto (LogsArguments) arguments = { 0 };
  g_autoptr (GOptionContext) context = make_context (&arguments);
  g_autoptr (GError) error = NULL;
  PgmOutput output;
  Level least;
  gboolean help;

  if (!pgm_command_parse (context, &argc, &argv, &help, &error))
    return pgm_command_fail (error);
  if (help)
    return PGM_EXIT_OK;
  if (!take_name (&arguments, &error) || !parse_level (arguments.level, &least, &error) ||
      !pgm_command_parse_output (arguments.output, &output, &error))
    return pgm_command_fail (error);
  return show_chosen (cli, &arguments, least, output);
}
