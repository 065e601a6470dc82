#include "cli/job-runner.h"

#include <glib-unix.h>
#include <unistd.h>

#include "cli/daemon-finder.h"
#include "cli/job-finder.h"
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
  gboolean elsewhere;      /* the job runs in the daemon, and goes on without us */
  gboolean wait;           /* but a signal is to stop it */
  gboolean detached;       /* nobody looks on any more */
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
  if (self->elsewhere && !self->wait)
    {
      self->detached = TRUE;
      g_main_loop_quit (self->loop);
      return G_SOURCE_CONTINUE;
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
  if (g_strcmp0 (job_id, self->job_id) != 0)
    return;
  pgm_progress_view_show (self->view, snapshot);
  if (self->script != NULL && self->signals == 0)
    self->script (self, snapshot, self->script_data);
}

static void
on_finished (PgmEngine *engine, const char *job_id, PgmReport *report, PgmJobRunner *self)
{
  if (g_strcmp0 (job_id, self->job_id) != 0)
    return;
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

static void
tell_detached (const char *job_id)
{
  g_printerr ("\n");
  g_printerr (_ ("Job %s goes on in the daemon."), job_id);
  g_printerr ("\n  ");
  g_printerr (_ ("pgmanager status --watch --job=%s shows it again, pgmanager stop --job=%s stops "
                 "it."),
              job_id, job_id);
  g_printerr ("\n");
}

/* Until the job has ended, or somebody has seen enough. A signal may have come between
 * the job's start and our knowing its name; a job may have ended before the loop is
 * entered again. */
static void
look_on (PgmJobRunner *self)
{
  if (self->signals > 0 && !self->detached)
    pgm_engine_stop_job_async (self->engine, self->job_id, NULL, NULL, NULL);
  if (self->report == NULL)
    self->report = pgm_engine_ref_report (self->engine, self->job_id);
  while (self->report == NULL && !self->detached)
    g_main_loop_run (self->loop);
}

PgmReport *
pgm_job_runner_run (PgmJobRunner *self, PgmJobSpec *spec, GError **error)
{
  gpointer server = NULL;

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

  if (!self->elsewhere)
    server = serve (self);
  look_on (self);
  if (!self->elsewhere)
    self->host->unserve (server);
  pgm_progress_view_end (self->view);
  if (self->report == NULL)
    {
      tell_detached (self->job_id);
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "detached");
    }
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

void
pgm_run_arguments_add (GOptionContext *context, PgmRunArguments *self)
{
  const GOptionEntry entries[] = {
    { "foreground", 0, 0, G_OPTION_ARG_NONE, &self->foreground,
      N_ ("Run in this process, also when there is a daemon"), NULL },
    { "detach", 0, 0, G_OPTION_ARG_NONE, &self->detach,
      N_ ("Return as soon as the daemon has the job"), NULL },
    { "wait", 0, 0, G_OPTION_ARG_NONE, &self->wait,
      N_ ("Ctrl-C stops the job; in the daemon it goes on otherwise"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
}

static gboolean
check_arguments (const PgmRunArguments *arguments, gboolean daemon, GError **error)
{
  if (arguments->foreground && arguments->server.url != NULL)
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL, _ ("Give one of them."),
                          "--foreground and --server-url exclude each other");
      return FALSE;
    }
  if (arguments->detach && (arguments->foreground || arguments->wait))
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL, _ ("Give one of them."),
                          "--detach and %s exclude each other",
                          arguments->wait ? "--wait" : "--foreground");
      return FALSE;
    }
  if (arguments->detach && !daemon)
    {
      pgm_error_set_full (error, PGM_ERROR_NOT_FOUND, NULL, NULL,
                          _ ("`pgmanager daemon start` starts one."),
                          "no daemon is running that could take the job");
      return FALSE;
    }
  return TRUE;
}

static int
run_to_end (PgmJobRunner *runner, PgmJobSpec *spec, PgmOutput output)
{
  g_autoptr (GError) error = NULL;
  PgmReport *report = pgm_job_runner_run (runner, spec, &error);
  int status;

  if (report == NULL && runner->detached)
    return PGM_EXIT_INTERRUPTED;
  if (report == NULL)
    return pgm_command_fail (error);
  pgm_report_print (report, spec, output);
  status = (int) report->exit_status;
  pgm_record_unref (report);
  return status;
}

static int
hand_over (PgmEngine *engine, PgmJobSpec *spec, PgmOutput output)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *job_id = NULL;

  pgm_engine_start_job_async (engine, spec, NULL, pgm_wait_callback, &result);
  job_id = pgm_engine_start_job_finish (engine, pgm_wait_for (&result), &error);
  if (job_id == NULL)
    return pgm_command_fail (error);
  pgm_command_print_answer (job_id, _ ("it runs in the daemon"), output);
  return PGM_EXIT_OK;
}

int
pgm_job_runner_main (PgmCli *cli,
                     PgmJobSpec *spec,
                     const PgmRunArguments *arguments,
                     PgmOutput output)
{
  g_autoptr (PgmFoundDaemon) daemon = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmEngine) engine = NULL;
  g_autoptr (PgmJobRunner) runner = NULL;

  if (!arguments->foreground && !pgm_daemon_choose (cli, &arguments->server, &daemon, &error))
    return pgm_command_fail (error);
  if (!check_arguments (arguments, daemon != NULL, &error))
    return pgm_command_fail (error);
  cli->host->complete_endpoint (spec->source);
  cli->host->complete_endpoint (spec->destination);
  engine = daemon != NULL ? g_object_ref (daemon->engine) : cli->host->make_engine (&error);
  if (engine == NULL)
    return pgm_command_fail (error);
  if (arguments->detach)
    return hand_over (engine, spec, output);
  runner = pgm_job_runner_new (cli, engine, output);
  runner->elsewhere = daemon != NULL;
  runner->wait = arguments->wait;
  return run_to_end (runner, spec, output);
}

int
pgm_job_runner_watch (PgmCli *cli, PgmEngine *engine, PgmJobInfo *job, PgmOutput output)
{
  g_autoptr (PgmJobRunner) runner = pgm_job_runner_new (cli, engine, output);
  int status;

  runner->elsewhere = TRUE;
  runner->job_id = g_strdup (job->id);
  pgm_progress_view_begin (runner->view, job->spec);
  look_on (runner);
  pgm_progress_view_end (runner->view);
  if (runner->report == NULL)
    {
      tell_detached (job->id);
      return PGM_EXIT_INTERRUPTED;
    }
  pgm_report_print (runner->report, job->spec, output);
  status = (int) runner->report->exit_status;
  return status;
}
