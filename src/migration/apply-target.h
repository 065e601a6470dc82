/* What the applier writes to. The applier's own logic (folding, replaying,
 * sentinels, holding, confirming) knows the destination only through this table
 * of functions, so that a simulation can put another destination there.
 *
 * All but describe() are called by the writing thread; describe() by the folding
 * one, at the same time. Errors end the applier, save those of single rows: a
 * value that can't be, integrity violated (SQLSTATE classes 22 and 23), or a row
 * that isn't there (PGM_PIPELINE_MISCOUNT).
 */
#pragma once

#include "migration/apply.h"
#include "migration/fold.h"

G_BEGIN_DECLS

typedef struct _PgmApplyTarget PgmApplyTarget;

typedef struct
{
  /* Becomes the only writer of this origin, whatever was left behind, and says
   * how far it has got. */
  gboolean (*start) (PgmApplyTarget *self,
                     PgmLsn *progress,
                     GCancellable *cancellable,
                     GError **error);

  /* Which table of the destination @relation is. Owned by the target, which keeps
   * it as long as itself. PGM_ERROR_REFUSED when its rows don't fit (F48). */
  PgmFoldTable *(*describe) (PgmApplyTarget *self, PgmRelation *relation, GError **error);

  gboolean (*begin) (PgmApplyTarget *self, GError **error);
  /* Hands a step over. What it leads to may be known only at the next check(). */
  gboolean (*write) (PgmApplyTarget *self, const PgmFoldStep *step, GError **error);
  /* Has everything been done as it was meant to be? */
  gboolean (*check) (PgmApplyTarget *self, GError **error);
  /* After an error of write() or check(): the change that failed, where it was one
   * of a step of ROWS, else NULL. */
  const PgmFoldChange *(*culprit) (PgmApplyTarget *self);
  /* Data and progress at once (A5). After an error nobody knows whether it was
   * committed: it is never tried again, the origin decides (A8). */
  gboolean (*commit) (PgmApplyTarget *self, PgmLsn end_lsn, gint64 commit_time, GError **error);
  /* Also takes back what the origin was going to be set to (F61). */
  gboolean (*rollback) (PgmApplyTarget *self, GError **error);

  /* A place inside of a transaction to go back to. */
  gboolean (*save) (PgmApplyTarget *self, GError **error);
  gboolean (*restore) (PgmApplyTarget *self, GError **error);

  /* Makes what is committed durable; how far that is. */
  gboolean (*flush) (PgmApplyTarget *self, PgmLsn *durable, GError **error);

  /* Replaces *@error, what @change has met, by one that names table, key, both rows
   * and both schemas. Inside of a transaction, restore() has to follow. */
  void (*explain) (PgmApplyTarget *self, const PgmFoldChange *change, GError **error);

  void (*free) (PgmApplyTarget *self);
} PgmApplyTargetClass;

struct _PgmApplyTarget
{
  const PgmApplyTargetClass *class;
};

/* The real one: tables of @options' destination (the source, on a way back),
 * through a session of its own. Nothing is sent before start(). */
PgmApplyTarget *pgm_apply_server_new (const PgmApplierOptions *options);

/* As pgm_applier_new(), with another target; takes it. */
PgmApplier *pgm_applier_new_take (const PgmApplierOptions *options, PgmApplyTarget *target);

G_END_DECLS
