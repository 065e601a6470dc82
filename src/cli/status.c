/* status: how the running jobs stand; without one, what the state file knows of the
 * last one, and how old that is. */
#include "cli/cutover-print.h"
#include "cli/job-finder.h"
#include "cli/progress-view.h"
#include "cli/report-print.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

typedef struct
{
  PgmJobChoice choice;
  char *output;
  gboolean watch;
} StatusArguments;

static void
status_arguments_clear (StatusArguments *self)
{
  pgm_job_choice_clear (&self->choice);
  g_free (self->output);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (StatusArguments, status_arguments_clear)

static GOptionContext *
make_context (StatusArguments *arguments)
{
  const GOptionEntry entries[] = {
    { "watch", 0, 0, G_OPTION_ARG_NONE, &arguments->watch,
      N_ ("Go on showing it until the job ends"), NULL },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &arguments->output, N_ ("Form of the result"),
      "table|json" },
    G_OPTION_ENTRY_NULL,
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (
      context, _ ("Shows how the jobs stand that run in any process of this user. When none runs,\n"
                  "the last one is shown as the state file knows it."));
  pgm_job_choice_add (context, &arguments->choice);
  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
  return context;
}

static void
print_line (const char *label, const char *text)
{
  g_autofree char *shown = pgm_display_text (text);

  if (text != NULL)
    g_print ("%-14s%s\n", label, shown);
}

static void
print_ends (const PgmJobInfo *job)
{
  g_print ("%-14s%s (%s)\n", _ ("Job"), job->id, job->kind);
  print_line (_ ("Source"), job->source);
  print_line (_ ("Destination"), job->destination);
}

static void
print_copy (const PgmSnapshot *snapshot)
{
  g_autofree char *rows = pgm_format_count (snapshot->total_rows);
  g_autofree char *bytes = pgm_format_bytes (snapshot->total_bytes);
  g_autofree char *rate = pgm_format_byte_rate (snapshot->bytes_per_sec);
  g_autofree char *left = pgm_format_duration (snapshot->eta_sec);

  g_print ("%-14s", _ ("Tables"));
  g_print (_ ("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT ", indexes %" G_GINT64_FORMAT
              " of %" G_GINT64_FORMAT),
           snapshot->tables_copied, snapshot->tables_total, snapshot->indexes_done,
           snapshot->indexes_total);
  g_print ("\n%-14s", _ ("Copied"));
  g_print (_ ("%s rows, %s (%s)"), rows, bytes, rate);
  g_print ("\n");
  if (snapshot->eta_sec > 0)
    g_print ("%-14s%s\n", _ ("Left"), left);
}

static void
print_retained (const PgmSnapshot *snapshot)
{
  g_autofree char *kept = pgm_format_bytes (snapshot->retained_bytes);
  g_autoptr (GString) text = g_string_new (kept);

  if (snapshot->retained_bytes == 0 && snapshot->retained_limit <= 0)
    return;
  if (snapshot->retained_limit > 0)
    {
      g_autofree char *limit = pgm_format_bytes ((guint64) snapshot->retained_limit);

      g_string_append_printf (text, _ (", %s until the slot may be lost"), limit);
    }
  if (snapshot->retained_limit > 0 && snapshot->retained_sec > 0)
    {
      g_autofree char *time = pgm_format_duration (snapshot->retained_sec);

      g_string_append_printf (text, _ (" (in %s at this rate)"), time);
    }
  print_line (_ ("WAL kept"), text->str);
}

static void
print_following (const PgmSnapshot *snapshot)
{
  g_autofree char *lag = pgm_format_bytes (snapshot->lag_bytes);
  g_autofree char *age = pgm_format_duration (snapshot->lag_sec);
  g_autofree char *transactions = pgm_format_count (snapshot->transactions);
  g_autofree char *changes = pgm_format_count (snapshot->changes);

  if (snapshot->applied_lsn == 0 && snapshot->confirmed_lsn == 0)
    return;
  g_print ("%-14s", _ ("Applied"));
  g_print (_ ("%s transactions, %s changes"), transactions, changes);
  g_print ("\n%-14s", _ ("Behind"));
  g_print (_ ("%s, %s"), lag, age);
  g_print ("\n");
  print_retained (snapshot);
  if (snapshot->verification != NULL)
    {
      g_autofree char *verified = pgm_report_verification_text (snapshot->verification);

      print_line (_ ("Verified"), verified);
    }
}

static void
print_snapshot (const PgmSnapshot *snapshot)
{
  g_autofree char *time = pgm_format_duration (snapshot->elapsed_sec);

  g_print ("%-14s%s, %.0f %%\n", _ ("Phase"), pgm_phase_names[snapshot->phase], snapshot->percent);
  print_line (_ ("Doing"), snapshot->activity);
  print_copy (snapshot);
  print_following (snapshot);
  g_print ("%-14s%s\n", _ ("Time"), time);
  if (snapshot->error_count > 0)
    g_print ("%-14s%" G_GINT64_FORMAT "\n", _ ("Errors"), snapshot->error_count);
  print_line (_ ("Last error"), snapshot->last_error);
  if (snapshot->cutover != NULL)
    pgm_cutover_print_proof (snapshot->cutover);
}

/* Its first picture comes at once; a process that hangs is not waited for long. */
static PgmSnapshot *
wait_for_snapshot (PgmFoundJob *found)
{
  gint64 deadline = g_get_monotonic_time () + 5 * G_USEC_PER_SEC;
  PgmSnapshot *snapshot;
  PgmReport *report = NULL;

  while ((snapshot = pgm_engine_ref_snapshot (found->engine, found->job->id)) == NULL &&
         (report = pgm_engine_ref_report (found->engine, found->job->id)) == NULL &&
         g_get_monotonic_time () < deadline)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (2000);
  pgm_record_unref (report);
  return snapshot;
}

static void
print_running (PgmFoundJob *found, PgmOutput output)
{
  PgmSnapshot *snapshot = wait_for_snapshot (found);

  if (output == PGM_OUTPUT_JSON && snapshot != NULL)
    {
      g_autofree char *json = pgm_record_to_json (snapshot, FALSE);

      g_print ("{\"snapshot\":%s}\n", json);
    }
  else if (output == PGM_OUTPUT_TABLE)
    {
      print_ends (found->job);
      if (snapshot != NULL)
        print_snapshot (snapshot);
    }
  pgm_record_unref (snapshot);
}

typedef struct
{
  PgmProgressView *view;
  PgmFoundJob *found;
  PgmReport *report;
} Watch;

static void
on_snapshot (PgmEngine *engine, const char *job_id, PgmSnapshot *snapshot, Watch *self)
{
  if (g_str_equal (job_id, self->found->job->id))
    pgm_progress_view_show (self->view, snapshot);
}

static void
on_finished (PgmEngine *engine, const char *job_id, PgmReport *report, Watch *self)
{
  if (self->report == NULL && g_str_equal (job_id, self->found->job->id))
    self->report = pgm_record_ref (report);
}

/* Ends with the job, and as the job does. */
static int
watch_job (PgmFoundJob *found, PgmOutput output)
{
  Watch watch = { .found = found };
  int status;

  if (output == PGM_OUTPUT_TABLE)
    print_ends (found->job);
  watch.view = pgm_progress_view_new (output);
  pgm_progress_view_begin (watch.view, found->job->spec);
  g_signal_connect (found->engine, "snapshot", G_CALLBACK (on_snapshot), &watch);
  g_signal_connect (found->engine, "finished", G_CALLBACK (on_finished), &watch);
  watch.report = pgm_engine_ref_report (found->engine, found->job->id);
  while (watch.report == NULL)
    g_main_context_iteration (NULL, TRUE);
  pgm_progress_view_end (watch.view);
  g_signal_handlers_disconnect_by_data (found->engine, &watch);
  if (output == PGM_OUTPUT_JSON)
    {
      g_autofree char *json = pgm_record_to_json (watch.report, FALSE);

      g_print ("{\"report\":%s}\n", json);
    }
  else
    {
      print_line (_ ("Ended"), pgm_outcome_names[watch.report->outcome]);
      print_line (_ ("Error"), watch.report->error);
    }
  status = (int) watch.report->exit_status;
  pgm_record_unref (watch.report);
  pgm_progress_view_free (watch.view);
  return status;
}

static const char *
history_label (const PgmJobInfo *job)
{
  switch ((PgmJobStatus) job->status)
    {
    case PGM_JOB_LOST:
      return _ ("lost: its process ended without a word; --resume goes on");
    case PGM_JOB_ENDED:
      return job->outcome != NULL ? job->outcome : _ ("ended");
    case PGM_JOB_CREATED:
      return _ ("not started yet");
    case PGM_JOB_RUNNING:
    default:
      return _ ("running in a process that can't be asked from here");
    }
}

static void
print_history (const PgmJobInfo *job)
{
  g_autofree char *age =
      pgm_format_duration ((double) (g_get_real_time () - job->updated_at) / G_USEC_PER_SEC);

  g_print (_ ("No job is running. From the state file, written %s ago:"), age);
  g_print ("\n");
  print_ends (job);
  g_print ("%-14s%s\n", _ ("Phase"), pgm_phase_names[job->phase]);
  print_line (_ ("Result"), history_label (job));
  print_line (_ ("Error"), job->error);
}

/* The last one that is known, or the one that was named. */
static int
show_history (PgmCli *cli, const PgmServerChoice *server, const char *job_id, PgmOutput output)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmEngine) engine = pgm_server_choice_is_given (server)
                                     ? pgm_server_choice_connect (server, cli, &error)
                                     : cli->host->make_engine (&error);
  g_autoptr (GPtrArray) jobs = engine != NULL ? pgm_job_finder_list_engine (engine, &error) : NULL;
  const PgmJobInfo *job = NULL;

  if (jobs == NULL)
    return pgm_command_fail (error);
  for (guint i = 0; job == NULL && i < jobs->len; i++)
    {
      const PgmJobInfo *candidate = g_ptr_array_index (jobs, i);

      if (job_id == NULL || g_str_equal (candidate->id, job_id))
        job = candidate;
    }
  if (job != NULL && output == PGM_OUTPUT_JSON)
    {
      g_autofree char *json = pgm_record_to_json (job, FALSE);

      g_print ("{\"job\":%s}\n", json);
    }
  else if (job != NULL)
    print_history (job);
  else if (job_id != NULL)
    {
      pgm_error_set (&error, PGM_ERROR_NOT_FOUND, "there is no job \"%s\"", job_id);
      return pgm_command_fail (error);
    }
  else if (output == PGM_OUTPUT_TABLE)
    g_print ("%s\n", _ ("No job is running, and the state file knows of none."));
  return PGM_EXIT_OK;
}

static int
show_running (PgmCli *cli, StatusArguments *arguments, PgmOutput output)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = NULL;
  g_autofree char *job_id = g_strdup (arguments->choice.job_id);

  if (arguments->watch)
    {
      g_autoptr (PgmFoundJob) one = pgm_job_finder_find (cli, &arguments->choice, &error);

      return one != NULL ? watch_job (one, output) : pgm_command_fail (error);
    }
  found = pgm_job_finder_list (cli, &arguments->choice, &error);
  if (found == NULL)
    return pgm_command_fail (error);
  for (guint i = 0; i < found->len; i++)
    {
      if (i > 0 && output == PGM_OUTPUT_TABLE)
        g_print ("\n");
      print_running (g_ptr_array_index (found, i), output);
    }
  return found->len > 0 ? PGM_EXIT_OK
                        : show_history (cli, &arguments->choice.server, job_id, output);
}

int
pgm_command_status (PgmCli *cli, int argc, char **argv)
{
  g_auto (StatusArguments) arguments = { 0 };
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
  return show_running (cli, &arguments, output);
}
