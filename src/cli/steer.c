/* stop, pause, resume: one call each to the process that runs the job. */
#include "cli/job-finder.h"
#include "core/i18n.h"

typedef gboolean (*SteerFunc) (PgmFoundJob *found, GError **error);

static gboolean
stop (PgmFoundJob *found, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  pgm_engine_stop_job_async (found->engine, found->job->id, NULL, pgm_wait_callback, &result);
  return pgm_engine_stop_job_finish (found->engine, pgm_wait_for (&result), error);
}

static gboolean
request (PgmFoundJob *found, PgmRequestKind kind, GError **error)
{
  PgmJobRequest *wish = pgm_record_new (&pgm_job_request_type);
  gboolean accepted;

  wish->kind = (int) kind;
  accepted = pgm_found_job_request (found, wish, error);
  pgm_record_unref (wish);
  return accepted;
}

static gboolean
pause_job (PgmFoundJob *found, GError **error)
{
  return request (found, PGM_REQUEST_PAUSE, error);
}

static gboolean
resume (PgmFoundJob *found, GError **error)
{
  return request (found, PGM_REQUEST_RESUME, error);
}

static int
steer (PgmCli *cli, int argc, char **argv, const char *summary, SteerFunc func, const char *done)
{
  g_auto (PgmJobChoice) choice = { 0 };
  g_autofree char *format = NULL;
  const GOptionEntry entries[] = {
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &format, N_ ("Form of the result"), "table|json" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (PgmFoundJob) found = NULL;
  g_autoptr (GError) error = NULL;
  PgmOutput output;
  gboolean help;

  g_option_context_set_summary (context, summary);
  pgm_job_choice_add (context, &choice);
  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
  if (!pgm_command_parse (context, &argc, &argv, &help, &error))
    return pgm_command_fail (error);
  if (help)
    return PGM_EXIT_OK;
  if (!pgm_command_parse_output (format, &output, &error) ||
      (found = pgm_job_finder_find (cli, &choice, &error)) == NULL || !func (found, &error))
    return pgm_command_fail (error);
  pgm_command_print_answer (found->job->id, done, output);
  return PGM_EXIT_OK;
}

int
pgm_command_stop (PgmCli *cli, int argc, char **argv)
{
  return steer (cli, argc, argv,
                _ ("Stops a running job in order, and returns when it has ended. What was copied\n"
                   "is kept: its command with --resume goes on from there."),
                stop, _ ("it has ended"));
}

int
pgm_command_pause (PgmCli *cli, int argc, char **argv)
{
  return steer (cli, argc, argv,
                _ ("Stops applying changes for a while. The source keeps its WAL meanwhile."),
                pause_job, _ ("it pauses"));
}

int
pgm_command_resume (PgmCli *cli, int argc, char **argv)
{
  return steer (cli, argc, argv,
                _ ("Goes on after a pause, or after what stopped the job was seen to."), resume,
                _ ("it goes on"));
}
