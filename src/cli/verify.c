/* verify: asks a job that follows to compare both sides while the changes flow, and
 * waits for the result. */
#include "cli/job-finder.h"
#include "cli/report-print.h"
#include "core/text.h"
#include "core/i18n.h"
#include "core/units.h"

typedef struct
{
  PgmFoundJob *found;
  PgmOutput output;
  gint64 earlier; /* when the last one before ours began; 0: there was none */
  gboolean asked;
  gboolean seen; /* a snapshot has come */
  char *activity;
  PgmVerification *verification; /* ours, the newest */
  PgmReport *report;             /* the job has ended */
} Watch;

static void
show_activity (Watch *self, const PgmVerification *verification)
{
  g_autofree char *shown = NULL;

  if (self->output != PGM_OUTPUT_TABLE || verification->activity == NULL ||
      g_strcmp0 (self->activity, verification->activity) == 0)
    return;
  g_free (self->activity);
  self->activity = g_strdup (verification->activity);
  shown = pgm_display_text (self->activity);
  g_printerr ("%3.0f %%  %s\n", verification->percent, shown);
}

static void
take (Watch *self, PgmVerification *verification)
{
  if (verification == NULL)
    return;
  if (!self->asked)
    {
      self->earlier = verification->started_at;
      return;
    }
  if (verification->started_at <= self->earlier)
    return;
  show_activity (self, verification);
  pgm_record_unref (self->verification);
  self->verification = pgm_record_ref (verification);
}

static void
on_snapshot (PgmEngine *engine, const char *job_id, PgmSnapshot *snapshot, Watch *self)
{
  if (!g_str_equal (job_id, self->found->job->id))
    return;
  self->seen = TRUE;
  take (self, snapshot->verification);
}

static void
on_finished (PgmEngine *engine, const char *job_id, PgmReport *report, Watch *self)
{
  if (!g_str_equal (job_id, self->found->job->id))
    return;
  self->seen = TRUE;
  self->report = pgm_record_ref (report);
  take (self, report->verification);
}

static gboolean
is_over (const Watch *self)
{
  return self->report != NULL ||
         (self->verification != NULL && self->verification->finished_at != 0);
}

static void
print_table (const PgmVerification *verification)
{
  char lsn[PGM_LSN_TEXT_SIZE];
  g_autofree char *rows = pgm_format_count (verification->rows);
  g_autofree char *held = pgm_format_duration_ms (verification->held_ms);
  g_autofree char *time = pgm_format_duration (
      (double) (verification->finished_at - verification->started_at) / G_USEC_PER_SEC);

  for (guint i = 0; i < verification->differences->len; i++)
    pgm_report_print_table (g_ptr_array_index (verification->differences, i));
  if (verification->differing_tables > (gint64) verification->differences->len)
    g_print (_ ("\n… and %" G_GINT64_FORMAT " more tables\n"),
             verification->differing_tables - (gint64) verification->differences->len);
  if (verification->differences->len > 0)
    g_print ("\n");
  for (guint i = 0; verification->left_out != NULL && verification->left_out[i] != NULL; i++)
    {
      g_autofree char *name = pgm_display_text (verification->left_out[i]);

      g_print ("%-14s%s\n", _ ("Not compared"), name);
    }
  g_print ("%-14s%s\n", _ ("As of"), pgm_lsn_format (verification->lsn, lsn));
  g_print ("%-14s", _ ("Data"));
  g_print (_ ("%" G_GINT64_FORMAT " tables digested (%s rows), %" G_GINT64_FORMAT " differ"),
           verification->tables, rows, verification->differing_tables);
  g_print ("\n%-14s", _ ("Applying"));
  g_print (_ ("stood still for %s"), held);
  g_print ("\n%-14s%s\n", _ ("Time"), time);
  g_print ("%-14s%s\n", _ ("Result"), verification->equal ? _ ("equal") : _ ("DIFFERENT"));
}

static int
print_result (const Watch *self)
{
  const PgmVerification *verification = self->verification;
  g_autoptr (GError) error = NULL;

  if (verification != NULL && self->output == PGM_OUTPUT_JSON)
    {
      g_autofree char *json = pgm_record_to_json (verification, FALSE);

      g_print ("{\"verification\":%s}\n", json);
    }
  else if (verification != NULL && verification->finished_at != 0 && verification->error == NULL)
    print_table (verification);
  if (verification != NULL && verification->error != NULL)
    pgm_error_set (&error, PGM_ERROR_FAILED, "%s", verification->error);
  else if (verification == NULL || verification->finished_at == 0)
    pgm_error_set_full (&error, PGM_ERROR_FAILED, NULL, NULL,
                        _ ("`pgmanager status` tells how things stand."),
                        "the job ended before both sides were compared");
  else
    return verification->equal ? PGM_EXIT_OK : PGM_EXIT_DIFFERENT;
  return pgm_command_fail (error);
}

static gboolean
ask (Watch *self, GError **error)
{
  PgmJobRequest *request = pgm_record_new (&pgm_job_request_type);
  gboolean accepted;

  /* What came before must be known, to tell it from what comes now. */
  while (!self->seen)
    g_main_context_iteration (NULL, TRUE);
  self->asked = TRUE;
  request->kind = PGM_REQUEST_VERIFY;
  accepted = pgm_found_job_request (self->found, request, error);
  pgm_record_unref (request);
  return accepted;
}

static int
verify (PgmFoundJob *found, PgmOutput output)
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
  if (!ask (&watch, &error))
    status = pgm_command_fail (error);
  else
    {
      while (!is_over (&watch))
        g_main_context_iteration (NULL, TRUE);
      status = print_result (&watch);
    }
  g_signal_handlers_disconnect_by_data (found->engine, &watch);
  pgm_record_unref (watch.verification);
  pgm_record_unref (watch.report);
  g_free (watch.activity);
  return status;
}

static GOptionContext *
make_context (PgmJobChoice *choice, char **format)
{
  const GOptionEntry entries[] = {
    { "output", 0, 0, G_OPTION_ARG_FILENAME, format, N_ ("Form of the result"), "table|json" },
    G_OPTION_ENTRY_NULL,
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (
      context,
      _ ("Compares every followed table of both sides as of one position of the stream, while\n"
         "the application writes and the changes flow: a mismatch is shown down to its rows.\n"
         "Applying stands still only until a snapshot of both sides is taken at that position;\n"
         "transactions of the source that are open for longer are waited for before that.\n"
         "Sequences, large objects and the schema are not compared: see `pgmanager compare`.\n"
         "Ctrl-C leaves the comparison running in the job. The status is 0 when all is equal\n"
         "and 1 when something differs; the job goes on either way."));
  pgm_job_choice_add (context, choice);
  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
  return context;
}

int
pgm_command_verify (PgmCli *cli, int argc, char **argv)
{
  g_auto (PgmJobChoice) choice = { 0 };
  g_autofree char *format = NULL;
  g_autoptr (GOptionContext) context = make_context (&choice, &format);
  g_autoptr (PgmFoundJob) found = NULL;
  g_autoptr (GError) error = NULL;
  PgmOutput output;
  gboolean help;

  if (!pgm_command_parse (context, &argc, &argv, &help, &error))
    return pgm_command_fail (error);
  if (help)
    return PGM_EXIT_OK;
  if (!pgm_command_parse_output (format, &output, &error))
    return pgm_command_fail (error);
  found = pgm_job_finder_find (cli, &choice, &error);
  return found != NULL ? verify (found, output) : pgm_command_fail (error);
}
