/* PgmEngine: what every face speaks to. The local engine runs jobs on worker
 * threads of this process; later engines speak to a daemon. A face never asks
 * which one it has.
 *
 * Calls are GIO-shaped: asynchronous, finished in the caller's main context.
 * Signals are emitted in the context in which the engine was made:
 *   "snapshot"  (char *job_id, PgmSnapshot *)          every 500 ms while a job lives
 *   "finished"  (char *job_id, PgmReport *)            once, after the last snapshot
 * Records are borrowed for the emission; take a reference to keep one.
 */
#pragma once

#include "model/job-info.h"
#include "model/question.h"
#include "model/report.h"
#include "model/request.h"
#include "model/snapshot.h"
#include "model/sample.h"

G_BEGIN_DECLS

#define PGM_TYPE_ENGINE (pgm_engine_get_type ())
G_DECLARE_INTERFACE (PgmEngine, pgm_engine, PGM, ENGINE, GObject)

struct _PgmEngineInterface
{
  GTypeInterface parent;

  void (*start_job_async) (PgmEngine *self,
                           PgmJobSpec *spec,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
  char *(*start_job_finish) (PgmEngine *self, GAsyncResult *result, GError **error);

  void (*stop_job_async) (PgmEngine *self,
                          const char *job_id,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
  gboolean (*stop_job_finish) (PgmEngine *self, GAsyncResult *result, GError **error);

  void (*request_job_async) (PgmEngine *self,
                             const char *job_id,
                             PgmJobRequest *request,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
  gboolean (*request_job_finish) (PgmEngine *self, GAsyncResult *result, GError **error);

  void (*list_jobs_async) (PgmEngine *self,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
  GPtrArray *(*list_jobs_finish) (PgmEngine *self, GAsyncResult *result, GError **error);

  void (*list_events_async) (PgmEngine *self,
                             const char *job_id,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
  GPtrArray *(*list_events_finish) (PgmEngine *self, GAsyncResult *result, GError **error);

  void (*ask_async) (PgmEngine *self,
                     PgmAsk ask,
                     const char *id,
                     gpointer request,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data);
  gpointer (*ask_finish) (PgmEngine *self, GAsyncResult *result, GError **error);

  PgmSnapshot *(*ref_snapshot) (PgmEngine *self, const char *job_id);
  PgmReport *(*ref_report) (PgmEngine *self, const char *job_id);

  void (*start_sample_async) (PgmEngine *self,
                              PgmSampleSpec *spec,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
  PgmSample *(*start_sample_finish) (PgmEngine *self, GAsyncResult *result, GError **error);

  void (*stop_sample_async) (PgmEngine *self,
                             const char *sample_id,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
  gboolean (*stop_sample_finish) (PgmEngine *self, GAsyncResult *result, GError **error);

  void (*write_sample_async) (PgmEngine *self,
                              const char *sample_id,
                              int writers,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
  PgmSampleActivity *(*write_sample_finish) (PgmEngine *self, GAsyncResult *result, GError **error);
};

/* Starts a job; finishes as soon as it is accepted, with its id (transfer full).
 * What becomes of it comes by "snapshot" and "finished". Several may run at once;
 * PGM_ERROR_REFUSED when there are too many, when its id belongs to one that runs,
 * or when the same two databases are being cloned already. */
void pgm_engine_start_job_async (PgmEngine *self,
                                 PgmJobSpec *spec,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
char *pgm_engine_start_job_finish (PgmEngine *self, GAsyncResult *result, GError **error);

/* Cancels a running job; finishes when it has ended. */
void pgm_engine_stop_job_async (PgmEngine *self,
                                const char *job_id,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean pgm_engine_stop_job_finish (PgmEngine *self, GAsyncResult *result, GError **error);

/* Asks something of a running job: pause, cut over, … Finishes when the job has
 * accepted it; what becomes of it comes by "snapshot". PGM_ERROR_NOT_FOUND for an
 * unknown job, PGM_ERROR_REFUSED (in words) when it can't do that now. */
void pgm_engine_request_job_async (PgmEngine *self,
                                   const char *job_id,
                                   PgmJobRequest *request,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean pgm_engine_request_job_finish (PgmEngine *self, GAsyncResult *result, GError **error);

/* PgmJobInfo of every job that the engine knows, those that began last first;
 * transfer full. Jobs that ran here or elsewhere and are over are among them, as
 * far as history is kept. */
void pgm_engine_list_jobs_async (PgmEngine *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
GPtrArray *pgm_engine_list_jobs_finish (PgmEngine *self, GAsyncResult *result, GError **error);

/* PgmEvent of one job in their order, the newest of them at least; transfer full.
 * PGM_ERROR_NOT_FOUND for an unknown job. */
void pgm_engine_list_events_async (PgmEngine *self,
                                   const char *job_id,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
GPtrArray *pgm_engine_list_events_finish (PgmEngine *self, GAsyncResult *result, GError **error);

/* Asks one of the questions of model/question.h. @id: its subject, where its path has
 * one; @request: a record of its request's type, or NULL for an empty one. Finishes with
 * the answer (transfer full: pgm_question_free_answer()), which is NULL when there is
 * nothing to say or with @error. Servers may be waited for, always cancellably. */
void pgm_engine_ask_async (PgmEngine *self,
                           PgmAsk ask,
                           const char *id,
                           gpointer request,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
gpointer pgm_engine_ask_finish (PgmEngine *self, GAsyncResult *result, GError **error);

/* The newest picture, and the report of a finished job. Transfer full, or NULL. */
PgmSnapshot *pgm_engine_ref_snapshot (PgmEngine *self, const char *job_id);
PgmReport *pgm_engine_ref_report (PgmEngine *self, const char *job_id);

/* Two throw-away clusters with a sample database, for trying things out. */
void pgm_engine_start_sample_async (PgmEngine *self,
                                    PgmSampleSpec *spec,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
PgmSample *pgm_engine_start_sample_finish (PgmEngine *self, GAsyncResult *result, GError **error);

/* Stops them and removes everything of theirs. */
void pgm_engine_stop_sample_async (PgmEngine *self,
                                   const char *sample_id,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean pgm_engine_stop_sample_finish (PgmEngine *self, GAsyncResult *result, GError **error);

/* Customers who place orders all the time: starts @writers of them when nobody
 * writes yet, ends them with 0, and says what they have done (transfer full);
 * negative only looks. */
void pgm_engine_write_sample_async (PgmEngine *self,
                                    const char *sample_id,
                                    int writers,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
PgmSampleActivity *
pgm_engine_write_sample_finish (PgmEngine *self, GAsyncResult *result, GError **error);

G_END_DECLS
