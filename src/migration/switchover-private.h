/* One cutover under way, for switchover*.c. */
#pragma once

#include "migration/cutover-log.h"
#include "migration/deadline.h"
#include "migration/fence.h"
#include "migration/handover.h"
#include "migration/reverse.h"
#include "migration/sentinel.h"
#include "migration/switchover.h"
#include "migration/table-lock.h"

G_BEGIN_DECLS

typedef struct
{
  PgmFollowContext *ctx;
  const PgmSwitchoverOptions *options;
  double timeout; /* seconds */
  gboolean back;
  PgmEnd from; /* gives the writes away */
  PgmEnd to;
  PgmCutoverLog *log;
  PgmCatalog *catalog; /* of the giving side, now, filtered */
  PgmFenceMemo *memo;  /* as it is in the state */
  PgmFenceRecord *fence;
  PgmConnection *reader;  /* from: fence, sequences, large objects */
  PgmConnection *witness; /* from: sentinels, is the lock held */
  PgmConnection *writer;  /* to */
  PgmTableLock *lock;     /* from */
  PgmHandover *handover;
  PgmReverse reverse;
  PgmDeadline *deadline; /* of the stop */
  PgmSentinel first;
  PgmSentinel second;
  PgmLsn start;     /* of the way back */
  gboolean raised;  /* the fence may be up */
  gboolean decided; /* past the point of no return */
  gboolean unknown; /* or not: nobody could be asked */
  gboolean reverse_made;
} PgmSwitchover;

/* switchover-ready.c: all that can be done while the application works. */
gboolean pgm_switchover_make_ready (PgmSwitchover *self,
                                    GCancellable *cancellable,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* switchover-stop.c: from the fence to the point of no return and the opening. */
gboolean pgm_switchover_stop (PgmSwitchover *self,
                              GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Plans the fence on the side that gives the writes away, anew. */
gboolean pgm_switchover_plan_fence (PgmSwitchover *self,
                                    GPtrArray *missing,
                                    GCancellable *cancellable,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sets the stage and what is known of fences, and writes the state durably. */
gboolean pgm_switchover_write (PgmFollowContext *ctx,
                               PgmCutoverStage stage,
                               PgmFenceMemo *memo,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Lowers a fence from @connection or, when that is lost, from a session of its own;
 * tries for some seconds. */
gboolean pgm_switchover_lower (PgmFollowContext *ctx,
                               const PgmFenceRecord *fence,
                               PgmConnection *connection,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What is to be done beyond the point of no return, as often as it takes: the other
 * side is opened, the stage closed. */
gboolean pgm_switchover_open (PgmFollowContext *ctx,
                              PgmFenceMemo **memo,
                              PgmConnection *connection,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
