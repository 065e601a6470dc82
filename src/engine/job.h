/* PgmJob: one running or ended job of the local engine. Not for other rooms.
 *
 * A supervisor thread runs the migration; a GSource in the engine's context looks
 * at it twice a second and is woken when the thread has ended. The two share the
 * progress (thread-safe) and, one after the other, the report: the thread fills it
 * in, and from its end on it is the context's and does not change any more.
 */
#pragma once

#include "migration/progress.h"
#include "model/job-info.h"
#include "model/report.h"
#include "model/request.h"
#include "store/store.h"

G_BEGIN_DECLS

typedef struct _PgmJob PgmJob;

/* Called in the engine's context. @report is NULL but for the last call. */
typedef void (*PgmJobFunc) (PgmJob *self, PgmReport *report, gpointer user_data);

typedef enum
{
  PGM_JOB_MODE_PLAIN = 0,
  PGM_JOB_MODE_KEPT = 1 << 0,      /* of a daemon: tries again after what passes by itself, and
                                    * goes on with the next daemon, see pgm_store_job_keep() */
  PGM_JOB_MODE_RESTARTED = 1 << 1, /* an earlier daemon had it */
  PGM_JOB_MODE_CONTINUED = 1 << 2, /* goes on with what is there of it, or begins anew */
} PgmJobMode;

/* Checks the specification, takes the lock of its two ends and starts the thread.
 * @store may be NULL. @func is called in @context, which must be the caller's own,
 * until pgm_job_detach(). */
PgmJob *pgm_job_start (const PgmJobSpec *spec,
                       PgmJobMode mode,
                       PgmStore *store,
                       GMainContext *context,
                       PgmJobFunc func,
                       gpointer user_data,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

PgmJob *pgm_job_ref (PgmJob *self);
void pgm_job_unref (PgmJob *self);

const char *pgm_job_get_id (PgmJob *self);
gboolean pgm_job_is_running (PgmJob *self); /* until @func has had the report */

/* Transfer full; thread-safe. The report is NULL until the job has ended. */
PgmSnapshot *pgm_job_ref_snapshot (PgmJob *self);
PgmReport *pgm_job_ref_report (PgmJob *self);

/* A line for the list of jobs; thread-safe, transfer full. */
PgmJobInfo *pgm_job_make_info (PgmJob *self);

void pgm_job_cancel (PgmJob *self);

/* The same because this process ends: a kept job goes on with the next daemon. */
void pgm_job_rest (PgmJob *self);

/* Leaves a request for the job; thread-safe. PGM_ERROR_REFUSED when it can't do
 * that now. */
gboolean
pgm_job_request (PgmJob *self, PgmJobRequest *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds a warning to its events; thread-safe. */
void pgm_job_warn (PgmJob *self, const char *message);

/* No more calls of @func; cancels, waits for the thread, and writes down how it
 * ended. Fine for one that has ended. */
void pgm_job_detach (PgmJob *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmJob, pgm_job_unref)

G_END_DECLS
