/* Runs one job to its end in a main loop of its own and shows its snapshots: in the
 * daemon, when there is one, else in this process.
 *
 * SIGINT and SIGTERM cancel a job of this process (a second signal leaves at once). A
 * job of the daemon goes on: the signal only ends the looking on, unless that was
 * asked to be otherwise. */
#pragma once

#include "cli/server-choice.h"

G_BEGIN_DECLS

typedef struct _PgmJobRunner PgmJobRunner;

/* --foreground, --wait, --detach */
typedef struct
{
  gboolean foreground;    /* in this process, whatever else there is */
  gboolean wait;          /* a signal stops the job, also in the daemon */
  gboolean detach;        /* return as soon as the daemon has it */
  PgmServerChoice server; /* whose daemon; its options are the command's to add */
} PgmRunArguments;

void pgm_run_arguments_add (GOptionContext *context, PgmRunArguments *self);

PgmJobRunner *pgm_job_runner_new (PgmCli *cli, PgmEngine *engine, PgmOutput output);
void pgm_job_runner_free (PgmJobRunner *self);
PgmEngine *pgm_job_runner_get_engine (PgmJobRunner *self);

/* While the job runs, other terminals can look at it and steer it, if that is
 * possible here. The report of the finished job (transfer full), or NULL when it could not even
 * be started. */
PgmReport *
pgm_job_runner_run (PgmJobRunner *self, PgmJobSpec *spec, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Called with every snapshot of the running job, after it was shown: for a command
 * that steers the job it runs. */
typedef void (*PgmJobRunnerFunc) (PgmJobRunner *self, PgmSnapshot *snapshot, gpointer user_data);
void pgm_job_runner_set_script (PgmJobRunner *self, PgmJobRunnerFunc func, gpointer user_data);

/* For a script. A request that the job refuses ends the job. */
void pgm_job_runner_request (PgmJobRunner *self, PgmJobRequest *request);
void pgm_job_runner_note (PgmJobRunner *self, const char *text);

/* TRUE after a signal. */
gboolean pgm_job_runner_is_interrupted (PgmJobRunner *self);

/* The two calls of a sample, waited for. */
PgmSample *pgm_job_runner_start_sample (PgmJobRunner *self,
                                        PgmSampleSpec *spec,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
PgmSampleActivity *pgm_job_runner_write_sample (PgmJobRunner *self,
                                                const char *id,
                                                int writers,
                                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_job_runner_stop_sample (PgmJobRunner *self,
                                     const char *id,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A whole command: find or make the engine, run @spec, print the report. */
int pgm_job_runner_main (PgmCli *cli,
                         PgmJobSpec *spec,
                         const PgmRunArguments *arguments,
                         PgmOutput output);

/* The same with a job that runs already, in the process of @engine: looks on until it
 * ends. */
int pgm_job_runner_watch (PgmCli *cli, PgmEngine *engine, PgmJobInfo *job, PgmOutput output);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmJobRunner, pgm_job_runner_free)

G_END_DECLS
