/* The clone's part in following: the slot whose snapshot it copies under, and the
 * state that it leaves for pgm_follow_run().
 *
 * A first run copies everything under the slot's own snapshot. After an
 * interruption that snapshot is gone: what was not finished is copied whole under
 * the snapshot of a temporary slot, and the state says of each such table up to
 * where its rows already hold the changes (A4). Tables that are complete stay as
 * they are, whatever has changed on the source since: the stream has it.
 */
#pragma once

#include "migration/context.h"
#include "migration/follow-state.h"
#include "migration/plan.h"

G_BEGIN_DECLS

typedef struct _PgmCloneFollow PgmCloneFollow;

/* What a start finds. */
typedef enum
{
  PGM_CLONE_ANEW,
  PGM_CLONE_RESUMED,
  PGM_CLONE_COPIED, /* nothing is left to be cloned */
} PgmCloneBeginning;

/* Reads the state beside @ledger (NULL: none), and judges it with the options: a
 * clone that doesn't follow refuses one that does, and the other way round. What an
 * attempt left that got no further than the slot is removed, with --drop-existing
 * anything. @control owns the destination. NULL in @self when nothing is followed. */
gboolean pgm_clone_follow_begin (PgmCloneContext *ctx,
                                 PgmConnection *control,
                                 const PgmLedger *ledger,
                                 PgmCloneFollow **self,
                                 PgmCloneBeginning *beginning,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Tells nothing to the servers. */
void pgm_clone_follow_free (PgmCloneFollow *self);

/* A PgmKeeperExport, @user_data being a PgmCloneFollow: makes publication and slot
 * (for a resumed clone: a temporary slot), and says the snapshot. */
gboolean pgm_clone_follow_export (gpointer user_data,
                                  char **snapshot,
                                  PgmLsn *lsn,
                                  GCancellable *cancellable,
                                  GError **error);

/* The keeper holds the snapshot and ctx->catalog is read: origin and state are
 * made, and what should be published is. */
gboolean pgm_clone_follow_hold (PgmCloneFollow *self,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Before anything is copied again: notes that the tables of @plan, but for the
 * entries of @kept, will be of the snapshot at @lsn. */
gboolean pgm_clone_follow_note (PgmCloneFollow *self,
                                const PgmPlan *plan,
                                const GPtrArray *kept,
                                PgmLsn lsn,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* When tables are of several moments: applies changes until they are of one, so
 * that foreign keys can be made. */
gboolean pgm_clone_follow_catch_up (PgmCloneFollow *self,
                                    GCancellable *cancellable,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The ledger goes and the state says that all is copied, at once. */
gboolean pgm_clone_follow_finish (PgmCloneFollow *self,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Nothing of the clone has been begun: removes what was made for it. */
void pgm_clone_follow_undo (PgmCloneFollow *self);

G_END_DECLS
