/* One session of following: a receiver, an applier, and the channel between them,
 * each on a thread of its own, and a pulse that carries back what may be confirmed
 * and tells the progress. It goes on until one of them ends or it is ended; who
 * starts the next one, and from where, is the caller's decision. Either direction.
 */
#pragma once

#include "migration/apply.h"
#include "migration/ends.h"
#include "migration/progress.h"
#include "migration/receiver.h"

G_BEGIN_DECLS

typedef struct _PgmFollowSession PgmFollowSession;

typedef struct
{
  PgmEnds *ends; /* borrowed for the session's life, as everything below */
  PgmEnd end;    /* the side that is read */
  const char *slot;
  const char *publication;
  const char *origin; /* on the other side */
  PgmLsn start;       /* its progress */
  PgmLsn target;      /* end of WAL at the start: catching up lasts until there; 0: none */
  GHashTable *copied_until;
  PgmConflictPolicy conflicts;
  gboolean streaming;
  gboolean local_only;
  const char *directory;
  PgmProgress *progress;
  PgmPhase caught_up_phase; /* entered once it has caught up */
  guint64 transactions;     /* of earlier sessions, to count on from */
  guint64 changes;
  gboolean quiet; /* sets no phase: a part of something larger */
} PgmFollowSessionOptions;

PgmFollowSession *pgm_follow_session_start (const PgmFollowSessionOptions *options);

/* Has one of its parts ended? */
gboolean pgm_follow_session_is_over (PgmFollowSession *self);

PgmReceiver *pgm_follow_session_get_receiver (PgmFollowSession *self);
PgmApplier *pgm_follow_session_get_applier (PgmFollowSession *self);

/* Waits until @lsn of the source is applied, or nothing below it is to come.
 * PGM_ERROR_LOST or whatever ended the session when it is over before. */
gboolean pgm_follow_session_wait (PgmFollowSession *self,
                                  PgmLsn lsn,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends it and waits for its threads. @drain: what was received is applied first.
 * FALSE with the error that ended it, if one did; being ended is none. Once only. */
gboolean pgm_follow_session_end (PgmFollowSession *self,
                                 gboolean drain,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends it, if nobody has. */
void pgm_follow_session_free (PgmFollowSession *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmFollowSession, pgm_follow_session_free)

G_END_DECLS
