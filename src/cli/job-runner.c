#include "cli/job-runner.h"

#include <glib-unix.h>
#include <unistd.h>

#include "cli/progress-view.h"
#include "cli/report-print.h"
#include "core/i18n.h"

struct _PgmJobRunner
{
  const PgmCliHost *host;
  PgmEngine *engine;
  PgmProgressView *view;
  GMainLoop *loop;
  GCancellable *cancellable; /* of calls that are under way */
  GAsyncResult *result;      /* of the call that was waited for */
  char *job_id;              /* while a job runs */
  PgmReport *report;
  gulong snapshot_handler;
  gulong finished_handler;
  guint interrupt_source;
  guint terminate_source;
  guint signals;
  PgmJobRunnerFunc script; /* may be NULL */
  gpointer script_data;
};

static gboolean
on_signal (gpointer user_data)
{
  PgmJobRunner *self = user_data;

  if (++self->signals > 1)
    {
      pgm_progress_view_end (self->view);
      _exit (PGM_EXIT_INTERRUPTED);
    }
  pgm_progress_view_note (self->view, _ ("Cancelling… (once more leaves at once)"));
  g_cancellable_cancel (self->cancellable);
  if (self->job_id != NULL)
    pgm_engine_stop_job_async (self->engine, self->job_id, NULL, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

static void
on_snapshot (PgmEngine *engine, const char *job_id, PgmSnapshot *snapshot, PgmJobRunner *self)
{
  pgm_progress_view_show (self->view, snapshot);
  if (self->script != NULL && self->signals == 0)
    self->script (self, snapshot, self->script_data);
}

static void
on_finished (PgmEngine *engine, const char *job_id, PgmReport *report, PgmJobRunner *self)
{
  g_clear_pointer (&self->report, pgm_record_unref);
  self->report = pgm_record_ref (report);
  g_main_loop_quit (self->loop);
}

static void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PgmJobRunner *self = user_data;

  g_set_object (&self->result, result);
  g_main_loop_quit (self->loop);
}

PgmJobRunner *
pgm_job_runner_new (PgmCli *cli, PgmEngine *engine, PgmOutput output)
{
  PgmJobRunner *self = g_new0 (PgmJobRunner, 1);

  self->host = cli->host;
  self->engine = g_object_ref (engine);
  self->view = pgm_progress_view_new (output);
  self->loop = g_main_loop_new (NULL, FALSE);
  self->cancellable = g_cancellable_new ();
  self->snapshot_handler = g_signal_connect (engine, "snapshot", G_CALLBACK (on_snapshot), self);
  self->finished_handler = g_signal_connect (engine, "finished", G_CALLBACK (on_finished), self);
  self->interrupt_source = g_unix_signal_add (SIGINT, on_signal, self);
  self->terminate_source = g_unix_signal_add (SIGTERM, on_signal, self);
  return self;
}

void
pgm_job_runner_free (PgmJobRunner *self)
{
  g_source_remove (self->interrupt_source);
  g_source_remove (self->terminate_source);
  g_signal_handler_disconnect (self->engine, self->snapshot_handler);
  g_signal_handler_disconnect (self->engine, self->finished_handler);
  pgm_progress_view_free (self->view);
  g_clear_object (&self->result);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->report, pgm_record_unref);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_free (self->job_id);
  g_object_unref (self->engine);
  g_free (self);
}

PgmEngine *
pgm_job_runner_get_engine (PgmJobRunner *self)
{
  return self->engine;
}

void
pgm_job_runner_set_script (PgmJobRunner *self, PgmJobRunnerFunc func, gpointer user_data)
{
  self->script = func;
  self->script_data = user_data;
}

void
pgm_job_runner_note (PgmJobRunner *self, const char *text)
{
  pgm_progress_view_note (self->view, text);
}

static void
on_requested (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PgmJobRunner *self = user_data;
  g_autoptr (GError) error = NULL;

  if (pgm_engine_request_job_finish (PGM_ENGINE (source), result, &error))
    return;
  pgm_progress_view_note (self->view, error->message);
  if (self->job_id != NULL)
    pgm_engine_stop_job_async (self->engine, self->job_id, NULL, NULL, NULL);
}

void
pgm_job_runner_request (PgmJobRunner *self, PgmJobRequest *request)
{
  pgm_engine_request_job_async (self->engine, self->job_id, request, NULL, on_requested, self);
}

gboolean
pgm_job_runner_is_interrupted (PgmJobRunner *self)
{
  return self->signals > 0;
}

/* Signals of the engine quit the loop as well, hence the loop around it. */
static void
wait_for_result (PgmJobRunner *self)
{
  while (self->result == NULL)
    g_main_loop_run (self->loop);
}

/* For other terminals. The job runs all the same where that can't be. */
static gpointer
serve (PgmJobRunner *self)
{
  g_autoptr (GError) error = NULL;
  gpointer server = self->host->serve (self->engine, self->job_id, &error);

  if (server == NULL)
    {
      g_autofree char *text =
          g_strdup_printf (_ ("Other terminals can't look at this job: %s"), error->message);

      pgm_progress_view_note (self->view, text);
    }
  return server;
}

PgmReport *
pgm_job_runner_run (PgmJobRunner *self, PgmJobSpec *spec, GError **error)
{
  gpointer server;

  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return NULL;

  pgm_progress_view_begin (self->view, spec);
  g_clear_object (&self->result);
  pgm_engine_start_job_async (self->engine, spec, self->cancellable, on_result, self);
  wait_for_result (self);
  self->job_id = pgm_engine_start_job_finish (self->engine, self->result, error);
  if (self->job_id == NULL)
    {
      pgm_progress_view_end (self->view);
      return NULL;
    }

  server = serve (self);
  /* A signal may have come between the job's start and our knowing its name; a
   * job may have ended before the loop is entered again. */
  if (self->signals > 0)
    pgm_engine_stop_job_async (self->engine, self->job_id, NULL, NULL, NULL);
  if (self->report == NULL)
    self->report = pgm_engine_ref_report (self->engine, self->job_id);
  while (self->report == NULL)
    g_main_loop_run (self->loop);
  self->host->unserve (server);
  pgm_progress_view_end (self->view);
  g_clear_pointer (&self->job_id, g_free);
  return g_steal_pointer (&self->report);
}

PgmSample *
pgm_job_runner_start_sample (PgmJobRunner *self, PgmSampleSpec *spec, GError **error)
{
  g_clear_object (&self->result);
  pgm_engine_start_sample_async (self->engine, spec, self->cancellable, on_result, self);
  wait_for_result (self);
  return pgm_engine_start_sample_finish (self->engine, self->result, error);
}

PgmSampleActivity *
pgm_job_runner_write_sample (PgmJobRunner *self, const char *id, int writers, GError **error)
{
  g_clear_object (&self->result);
  pgm_engine_write_sample_async (self->engine, id, writers, NULL, on_result, self);
  wait_for_result (self);
  return pgm_engine_write_sample_finish (self->engine, self->result, error);
}

gboolean
pgm_job_runner_stop_sample (PgmJobRunner *self, const char *id, GError **error)
{
  g_clear_object (&self->result);
  pgm_engine_stop_sample_async (self->engine, id, NULL, on_result, self);
  wait_for_result (self);
  return pgm_engine_stop_sample_finish (self->engine, self->result, error);
}

int
pgm_job_runner_main (PgmCli *cli, PgmJobSpec *spec, PgmOutput output)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmEngine) engine = NULL;
  g_autoptr (PgmJobRunner) runner = NULL;
  PgmReport *report;
  int status;

  engine = cli->host->make_engine (&error);
  if (engine == NULL)
    return pgm_command_fail (error);
  runner = pgm_job_runner_new (cli, engine, output);
  report = pgm_job_runner_run (runner, spec, &error);
  if (report == NULL)
    return pgm_command_fail (error);
  pgm_report_print (report, spec, output);
  status = (int) report->exit_status;
  pgm_record_unref (report);
  return status;
}
