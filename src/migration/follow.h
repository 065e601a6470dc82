/* Following: changes of the source are applied to the destination until somebody
 * stops it or the cutover has moved the writes.
 *
 * pgm_follow_run() owns a receiver and an applier at a time and starts both anew
 * from the origin's progress when a connection breaks (jittered back-off, one
 * owner of retries). It holds what both need to know of the job, takes requests
 * from the control, and hands them to switchover.h, verify.h and cleanup.h.
 *
 * Blocking, for a worker thread of the engine.
 */
#pragma once

#include "migration/apply.h"
#include "migration/control.h"
#include "migration/ends.h"
#include "migration/filter.h"
#include "migration/follow-state.h"
#include "migration/receiver.h"
#include "model/job.h"
#include "model/report.h"

G_BEGIN_DECLS

/* What the steps of a following job share. Made by follow.c; steps read it. */
typedef struct
{
  const PgmJobSpec *spec;
  PgmProgress *progress;
  PgmReport *report;
  PgmControl *control;
  PgmEnds *ends;
  PgmFilter *filter;
  PgmFollowState *state;  /* as it is kept on the destination */
  PgmCatalog *catalog;    /* of the source: the tables that are followed */
  PgmConnection *journal; /* destination session that owns the job and writes the state */
  PgmReceiver *receiver;  /* of the present session, or NULL */
  PgmApplier *applier;    /* of the present session, or NULL */
} PgmFollowContext;

/* Sets up what is missing of a job that begins with this call (`pgmanager follow`
 * on a destination that has the rows already), or goes on with the state that is
 * there; then follows. After a clone with follow, the clone has set it up. */
gboolean pgm_follow_run (const PgmJobSpec *spec,
                         PgmProgress *progress,
                         PgmReport *report,
                         PgmControl *control,
                         GCancellable *cancellable,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
