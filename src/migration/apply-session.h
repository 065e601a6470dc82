/* The session that writes: its settings, and the progress that it owns and moves
 * with every commit: a replication origin, or a row where origins are not
 * permitted. */
#pragma once

#include "core/lsn.h"
#include "postgres/connection.h"
#include "postgres/pipeline.h"

G_BEGIN_DECLS

typedef struct
{
  PgmConnection *connection;
  PgmPipeline *pipeline;
  GCancellable *cancellable; /* borrowed */
  char *origin;              /* NULL: a progress row */
  char *job_id;
  gboolean replica;     /* session_replication_role could be set: no trigger fires */
  gboolean synchronous; /* a standby must have what is durable */
  PgmLsn committed;     /* the last progress that this session committed */
  gint64 commit_time;   /* and its time, microseconds since 1970 */
  PgmPrepared *begin;
  PgmPrepared *defer; /* constraints that may be late, where they are enforced */
  PgmPrepared *enforce;
  PgmPrepared *progress;
  PgmPrepared *commit;
} PgmApplySession;

/* Takes @connection. Owns the origin or the row, ending whoever was left behind
 * with it. @progress: what is committed. */
PgmApplySession *pgm_apply_session_new_take (PgmConnection *connection,
                                             const char *origin,
                                             const char *job_id,
                                             PgmLsn *progress,
                                             GCancellable *cancellable,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_apply_session_free (PgmApplySession *self);

/* Sent with what follows. */
gboolean pgm_apply_session_begin (PgmApplySession *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends what has been sent: were all statements right? */
gboolean pgm_apply_session_check (PgmApplySession *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Everything before must have been checked. The transaction gets an id even if it
 * has changed nothing: otherwise the origin would not move. */
gboolean pgm_apply_session_commit (PgmApplySession *self,
                                   PgmLsn end_lsn,
                                   gint64 commit_time,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The origin's next position outlives ROLLBACK and would ride on the next commit,
 * whatever that is: it is taken back as well (A5, F61). */
gboolean
pgm_apply_session_rollback (PgmApplySession *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes what is committed durable, here or where synchronous_standby_names wants
 * it; @durable: how far. */
gboolean pgm_apply_session_flush (PgmApplySession *self,
                                  PgmLsn *durable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmApplySession, pgm_apply_session_free)

G_END_DECLS
