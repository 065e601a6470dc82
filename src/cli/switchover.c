/* switchover: asks the job, shows its steps as they come, and ends with the proof. */
#include <string.h>

#include "cli/cutover-print.h"
#include "cli/job-finder.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

#define SHORTEST_TIMEOUT 0.1

typedef struct
{
  PgmJobChoice choice;
  char *timeout;
  char *fence;
  char *margin;
  char *output;
  gboolean no_reverse;
  gboolean back;
} SwitchoverArguments;

static void
switchover_arguments_clear (SwitchoverArguments *self)
{
  pgm_job_choice_clear (&self->choice);
  g_free (self->timeout);
  g_clear_pointer (&self->fence, pgm_secret_free_text);
  g_free (self->margin);
  g_free (self->output);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SwitchoverArguments, switchover_arguments_clear)

/* What is seen of one cutover from here. */
typedef struct
{
  PgmFoundJob *found;
  PgmOutput output;
  gint64 earlier; /* when the last one before ours began; 0: there was none */
  gboolean asked;
  guint steps;   /* shown so far */
  char *waiting; /* shown last, until it begins */
  PgmCutoverReport *cutover;
  PgmReport *report; /* the job has ended */
  gboolean seen;     /* a snapshot has come */
} Watch;

static GOptionContext *
make_context (SwitchoverArguments *arguments)
{
  const GOptionEntry entries[] = {
    { "timeout", 0, 0, G_OPTION_ARG_FILENAME, &arguments->timeout,
      N_ ("The application never waits longer; then everything is as before (30s)"), "TIME" },
    { "fence", 0, 0, G_OPTION_ARG_FILENAME, &arguments->fence,
      N_ ("How writes to the source are stopped (revoke)"), "revoke|readonly|pgbouncer:URI|none" },
    { "sequence-margin", 0, 0, G_OPTION_ARG_FILENAME, &arguments->margin,
      N_ ("Added to every sequence's value"), "N" },
    { "no-reverse", 0, 0, G_OPTION_ARG_NONE, &arguments->no_reverse, N_ ("Keep no way back"),
      NULL },
    { "back", 0, 0, G_OPTION_ARG_NONE, &arguments->back,
      N_ ("After a switchover: move the writes back to the source"), NULL },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &arguments->output, N_ ("Form of the result"),
      "table|json" },
    G_OPTION_ENTRY_NULL,
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (
      context,
      _ ("Moves the writes of a job that follows its source to the destination: a fence\n"
         "stops them, a sentinel sent through the WAL proves that nothing is missing,\n"
         "sequences are carried over, then the destination is open. When anything fails\n"
         "or the time is over before that, the fence comes down and all is as before.\n\n"
         "Afterwards the fence keeps the application from the old side, as far as it does:\n"
         "revoke and readonly let superusers through, pgbouncer whoever connects past it,\n"
         "and none everybody. Who writes there within the first moments is reported as a\n"
         "warning of the job; what is written there later is not taken over, and not seen."));
  pgm_job_choice_add (context, &arguments->choice);
  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
  return context;
}

static gboolean
parse_fence (const char *text, PgmSwitchoverOptions *options, GError **error)
{
  const char *colon = strchr (text, ':');
  g_autofree char *name =
      colon != NULL ? g_strndup (text, (gsize) (colon - text)) : g_strdup (text);

  for (int i = 0; pgm_fence_names[i] != NULL; i++)
    if (g_str_equal (pgm_fence_names[i], name) &&
        (i == PGM_FENCE_PGBOUNCER) == (colon != NULL && colon[1] != '\0'))
      {
        options->fence = i;
        options->pgbouncer_uri = g_strdup (i == PGM_FENCE_PGBOUNCER ? colon + 1 : NULL);
        return TRUE;
      }
  pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                      _ ("Use --fence=revoke, readonly, pgbouncer:URI or none."),
                      "unknown fence: %s", name);
  return FALSE;
}

/* The job would refuse it; here it is a slip of the pen. */
static gboolean
parse_timeout (const char *text, double *seconds, GError **error)
{
  if (!pgm_parse_duration (text, seconds, error))
    return FALSE;
  if (*seconds >= SHORTEST_TIMEOUT)
    return TRUE;
  pgm_error_set_full (
      error, PGM_ERROR_USAGE, NULL, NULL,
      _ ("Allow as long as the application can wait, 30s for example; the stop takes"
         " only as much of it as it needs."),
      "--timeout=%s is too short for any cutover", text);
  return FALSE;
}

static PgmJobRequest *
make_request (const SwitchoverArguments *arguments, GError **error)
{
  PgmJobRequest *request = pgm_record_new (&pgm_job_request_type);
  PgmSwitchoverOptions *options = pgm_record_new (&pgm_switchover_options_type);

  request->kind = arguments->back ? PGM_REQUEST_SWITCHOVER_BACK : PGM_REQUEST_SWITCHOVER;
  request->switchover = options;
  options->no_reverse = arguments->no_reverse;
  if ((arguments->timeout == NULL ||
       parse_timeout (arguments->timeout, &options->timeout_sec, error)) &&
      (arguments->fence == NULL || parse_fence (arguments->fence, options, error)) &&
      (arguments->margin == NULL || pgm_parse_int (arguments->margin, "--sequence-margin", 0,
                                                   G_MAXINT32, &options->sequence_margin, error)))
    return request;
  pgm_record_unref (request);
  return NULL;
}

/* Only what belongs to our own cutover is shown: the job may have tried before. */
static void
take_cutover (Watch *self, PgmCutoverReport *cutover)
{
  if (cutover == NULL)
    return;
  if (!self->asked)
    {
      self->earlier = cutover->started_at;
      return;
    }
  if (cutover->started_at <= self->earlier)
    return;
  for (; self->output == PGM_OUTPUT_TABLE && self->steps < cutover->steps->len &&
         pgm_cutover_step_has_ended (g_ptr_array_index (cutover->steps, self->steps));
       self->steps++)
    pgm_cutover_print_step (g_ptr_array_index (cutover->steps, self->steps));
  pgm_record_unref (self->cutover);
  self->cutover = pgm_record_ref (cutover);
}

/* Another cutover is not over yet, or the session after it has not begun. */
static void
show_waiting (Watch *self, const PgmSnapshot *snapshot)
{
  g_autofree char *shown = NULL;
  const char *what =
      snapshot->activity != NULL ? snapshot->activity : pgm_phase_names[snapshot->phase];

  if (!self->asked || self->cutover != NULL || self->output != PGM_OUTPUT_TABLE ||
      g_strcmp0 (self->waiting, what) == 0)
    return;
  g_free (self->waiting);
  self->waiting = g_strdup (what);
  shown = pgm_display_text (what);
  g_printerr (_ ("Waiting for the job: %s"), shown);
  g_printerr ("\n");
}

static void
on_snapshot (PgmEngine *engine, const char *job_id, PgmSnapshot *snapshot, Watch *self)
{
  g_autofree char *json = NULL;

  if (!g_str_equal (job_id, self->found->job->id))
    return;
  self->seen = TRUE;
  take_cutover (self, snapshot->cutover);
  show_waiting (self, snapshot);
  if (self->output != PGM_OUTPUT_JSON || !self->asked)
    return;
  json = pgm_record_to_json (snapshot, FALSE);
  g_print ("{\"snapshot\":%s}\n", json);
}

static void
on_finished (PgmEngine *engine, const char *job_id, PgmReport *report, Watch *self)
{
  if (!g_str_equal (job_id, self->found->job->id))
    return;
  self->seen = TRUE;
  self->report = pgm_record_ref (report);
  take_cutover (self, report->cutover);
}

static gboolean
is_over (const Watch *self)
{
  return self->report != NULL ||
         (self->cutover != NULL && (self->cutover->done || self->cutover->error != NULL));
}

static int
print_result (Watch *self)
{
  PgmCutoverReport *cutover = self->cutover;
  g_autoptr (GError) error = NULL;

  if (cutover != NULL && self->output == PGM_OUTPUT_JSON)
    {
      g_autofree char *json = pgm_record_to_json (cutover, FALSE);

      g_print ("{\"cutover\":%s}\n", json);
    }
  else if (cutover != NULL)
    pgm_cutover_print_proof (cutover);
  if (cutover != NULL && cutover->done)
    return PGM_EXIT_OK;
  if (cutover != NULL && cutover->error != NULL)
    pgm_error_set (&error, PGM_ERROR_FAILED, "%s", cutover->error);
  else
    pgm_error_set_full (
        &error, PGM_ERROR_FAILED, NULL, NULL, _ ("`pgmanager status` tells how things stand."),
        "the job ended before the switchover did%s%s", self->report->error != NULL ? ": " : "",
        self->report->error != NULL ? self->report->error : "");
  return pgm_command_fail (error);
}

static gboolean
ask (Watch *self, PgmJobRequest *request, GError **error)
{
  /* What came before must be known, to tell it from what comes now. */
  while (!self->seen)
    g_main_context_iteration (NULL, TRUE);
  self->asked = TRUE;
  return pgm_found_job_request (self->found, request, error);
}

static int
watch_switchover (PgmFoundJob *found, PgmJobRequest *request, PgmOutput output)
{
  Watch watch = { .found = found, .output = output };
  g_autoptr (GError) error = NULL;
  PgmSnapshot *snapshot = pgm_engine_ref_snapshot (found->engine, found->job->id);
  int status;

  g_signal_connect (found->engine, "snapshot", G_CALLBACK (on_snapshot), &watch);
  g_signal_connect (found->engine, "finished", G_CALLBACK (on_finished), &watch);
  if (snapshot != NULL)
    on_snapshot (found->engine, found->job->id, snapshot, &watch);
  pgm_record_unref (snapshot);
  if (!ask (&watch, request, &error))
    status = pgm_command_fail (error);
  else
    {
      while (!is_over (&watch))
        g_main_context_iteration (NULL, TRUE);
      status = print_result (&watch);
    }
  g_signal_handlers_disconnect_by_data (found->engine, &watch);
  pgm_record_unref (watch.cutover);
  pgm_record_unref (watch.report);
  g_free (watch.waiting);
  return status;
}

int
pgm_command_switchover (PgmCli *cli, int argc, char **argv)
{
  g_auto (SwitchoverArguments) arguments = { 0 };
  g_autoptr (GOptionContext) context = make_context (&arguments);
  g_autoptr (PgmFoundJob) found = NULL;
  g_autoptr (GError) error = NULL;
  PgmJobRequest *request;
  PgmOutput output;
  gboolean help;
  int status;

  if (!pgm_command_parse (context, &argc, &argv, &help, &error))
    return pgm_command_fail (error);
  if (help)
    return PGM_EXIT_OK;
  if (!pgm_command_parse_output (arguments.output, &output, &error) ||
      (request = make_request (&arguments, &error)) == NULL)
    return pgm_command_fail (error);
  found = pgm_job_finder_find (cli, &arguments.choice, &error);
  status = found != NULL ? watch_switchover (found, request, output) : pgm_command_fail (error);
  pgm_record_unref (request);
  return status;
}
