/* Where a session of following may begin, if it may (A7, A8): the origin's
 * progress is the truth, and the slot must still have everything from there on. */
#pragma once

#include "migration/follow.h"

G_BEGIN_DECLS

/* What a direction reads from and writes to. */
typedef struct
{
  PgmEnd end; /* that is read */
  const char *slot;
  const char *publication;
  const char *origin;
  PgmLsn start;  /* where the next session begins */
  PgmLsn target; /* end of WAL on the read side, now */
} PgmFollowWay;

/* The way that the state says, with no positions yet. */
PgmFollowWay pgm_follow_way (const PgmFollowState *state);

/* Fills in the positions. First owns the origin for a moment, so that no commit of
 * an earlier session can come after it was read. A gap is PGM_ERROR_REFUSED and
 * says what is lost; nothing is ever made anew here. */
gboolean pgm_follow_check (PgmFollowContext *ctx,
                           PgmFollowWay *way,
                           GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Will it pass by itself, so that another attempt makes sense? */
gboolean pgm_follow_error_passes (const GError *error);
/* A disk is full somewhere (F57). */
gboolean pgm_follow_error_is_full_disk (const GError *error);

G_END_DECLS
