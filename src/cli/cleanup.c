#include "cli/command.h"
#include "cli/job-finder.h"
#include "cli/job-runner.h"
#include "core/i18n.h"

#define CUTOVER_SECONDS 30

typedef struct
{
  PgmJobChoice choice;
  PgmRunArguments run;
  gboolean keep_fence;
  char *output;
} CleanupArguments;

static void
cleanup_arguments_clear (CleanupArguments *self)
{
  pgm_job_choice_clear (&self->choice);
  g_free (self->output);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CleanupArguments, cleanup_arguments_clear)

static GOptionContext *
make_context (CleanupArguments *arguments)
{
  const GOptionEntry entries[] = {
    { "keep-fence", 0, 0, G_OPTION_ARG_NONE, &arguments->keep_fence,
      N_ ("Leave the fence of a cutover up"), NULL },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &arguments->output, N_ ("Form of the result"),
      "table|json" },
    G_OPTION_ENTRY_NULL,
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (
      context,
      _ ("Removes everything of ours from both sides: replication slot and publication on the\n"
         "source, replication origin and the schema “pgmanager” on the destination, and what a\n"
         "cutover left: the way back, and the fence in front of the old server, which takes\n"
         "connections again then (--keep-fence leaves it). The rows stay. A job that runs is\n"
         "ended by it only when it is named with --job; it is refused otherwise. Afterwards\n"
         "following can't go on."));
  g_option_context_set_description (context,
                                    _ ("Example:\n"
                                       "  pgmanager cleanup --source-uri=postgresql://db1/shop "
                                       "--dest-uri=postgresql://db2/shop\n"));
  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
  pgm_run_arguments_add (context, &arguments->run);
  pgm_job_choice_add (context, &arguments->choice);
  return context;
}

static PgmJobSpec *
make_spec (CleanupArguments *arguments, GError **error)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);

  spec->kind = PGM_JOB_CLEANUP;
  spec->follow = pgm_record_new (&pgm_follow_options_type);
  spec->follow->keep_fence = arguments->keep_fence;
  if ((spec->source = pgm_endpoint_options_take (&arguments->choice.source, "source", error)) !=
          NULL &&
      (spec->destination =
           pgm_endpoint_options_take (&arguments->choice.destination, "dest", error)) != NULL)
    return spec;
  pgm_record_unref (spec);
  return NULL;
}

static gboolean
ask_cleanup (PgmFoundJob *found, gboolean keep_fence, GError **error)
{
  PgmJobRequest *request = pgm_record_new (&pgm_job_request_type);
  gboolean accepted;

  request->kind = PGM_REQUEST_CLEANUP;
  request->keep_fence = keep_fence;
  accepted = pgm_found_job_request (found, request, error);
  pgm_record_unref (request);
  return accepted;
}

static gboolean
is_cutting_over (PgmFoundJob *found)
{
  g_autoptr (GPtrArray) jobs = pgm_job_finder_list_engine (found->engine, NULL);

  for (guint i = 0; jobs != NULL && i < jobs->len; i++)
    {
      const PgmJobInfo *job = g_ptr_array_index (jobs, i);

      if (g_str_equal (job->id, found->job->id))
        return job->status == PGM_JOB_RUNNING && job->phase == PGM_PHASE_SWITCHOVER;
    }
  return FALSE;
}

/* A cutover is soon over; who has just seen it done, in another window or the line above
 * of a script, is not to be sent away. */
static int
end_job (PgmCli *cli, PgmFoundJob *found, gboolean keep_fence, PgmOutput output)
{
  g_autoptr (GError) error = NULL;
  gint64 deadline = g_get_monotonic_time () + CUTOVER_SECONDS * G_USEC_PER_SEC;

  while (!ask_cleanup (found, keep_fence, &error))
    {
      if (!g_error_matches (error, PGM_ERROR, PGM_ERROR_REFUSED) ||
          g_get_monotonic_time () > deadline || !is_cutting_over (found))
        return pgm_command_fail (error);
      g_clear_error (&error);
      g_usleep (G_USEC_PER_SEC / 4);
    }
  return pgm_job_runner_watch (cli, found->engine, found->job, output);
}

/* Both ends alone say too little for ending what somebody may be waiting for. */
static gboolean
refuse_running (PgmCli *cli, CleanupArguments *arguments, const PgmJobSpec *spec, GError **error)
{
  PgmJobChoice any = { .server = arguments->choice.server }; /* borrowed */
  g_autoptr (GPtrArray) running = pgm_job_finder_list (cli, &any, error);

  if (running == NULL)
    return FALSE;
  cli->host->complete_endpoint (spec->source);
  cli->host->complete_endpoint (spec->destination);
  for (guint i = 0; i < running->len; i++)
    {
      const PgmJobInfo *job = ((PgmFoundJob *) g_ptr_array_index (running, i))->job;
      g_autofree char *hint = NULL;

      if (job->spec == NULL || !cli->host->is_same_database (spec->source, job->spec->source) ||
          !cli->host->is_same_database (spec->destination, job->spec->destination))
        continue;
      hint = g_strdup_printf (_ ("`pgmanager cleanup --job=%s` ends it and removes everything; "
                                 "`pgmanager stop --job=%s` only stops it, to go on later."),
                              job->id, job->id);
      pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL, hint,
                          "job \"%s\" is running between these two", job->id);
      return FALSE;
    }
  return TRUE;
}

static int
clean_up (PgmCli *cli, CleanupArguments *arguments, PgmOutput output)
{
  g_autoptr (PgmFoundJob) found = NULL;
  g_autoptr (GError) error = NULL;
  PgmRunArguments run = arguments->run;
  PgmJobSpec *spec;
  int status;

  if (arguments->choice.job_id != NULL)
    {
      found = pgm_job_finder_find (cli, &arguments->choice, &error);
      return found != NULL ? end_job (cli, found, arguments->keep_fence, output)
                           : pgm_command_fail (error);
    }
  spec = make_spec (arguments, &error);
  if (spec == NULL || !refuse_running (cli, arguments, spec, &error))
    {
      pgm_record_unref (spec);
      return pgm_command_fail (error);
    }
  run.server = arguments->choice.server; /* borrowed */
  status = pgm_job_runner_main (cli, spec, &run, output);
  pgm_record_unref (spec);
  return status;
}

int
pgm_command_cleanup (PgmCli *cli, int argc, char **argv)
{
  g_auto (CleanupArguments) arguments = { 0 };
  g_autoptr (GOptionContext) context = make_context (&arguments);
  g_autoptr (GError) error = NULL;
  PgmOutput output;
  gboolean help;

  if (!pgm_command_parse (context, &argc, &argv, &help, &error))
    return pgm_command_fail (error);
  if (help)
    return PGM_EXIT_OK;
  if (!pgm_command_parse_output (arguments.output, &output, &error))
    return pgm_command_fail (error);
  return clean_up (cli, &arguments, output);
}
