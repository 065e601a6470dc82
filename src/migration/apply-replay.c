#include "migration/apply-private.h"

#include "postgres/pipeline.h"

#include <string.h>

/* Values that can't be (22), integrity (23), rows that aren't there. */
gboolean
pgm_apply_error_is_of_row (const GError *error)
{
  const char *state = pgm_error_get_sqlstate (error);

  return state != NULL && (g_str_has_prefix (state, "22") || g_str_has_prefix (state, "23") ||
                           g_str_equal (state, PGM_PIPELINE_MISCOUNT));
}

/* May a policy leave the change out? A value that the destination can't hold is no
 * conflict between rows but a difference of the schemas (F9): it always stops. */
static gboolean
may_leave_out (const PgmApplier *applier, const GError *error)
{
  return applier->conflicts != PGM_CONFLICT_STOP && pgm_apply_error_is_of_row (error) &&
         !g_str_has_prefix (pgm_error_get_sqlstate (error), "22");
}

static PgmFoldStep
rows_step (const PgmFold *fold, guint first, guint n)
{
  PgmFoldStep step = { .kind = PGM_FOLD_ROWS };

  step.rows = g_array_sized_new (FALSE, FALSE, sizeof (PgmFoldChange), n);
  if (n > 0)
    g_array_append_vals (step.rows, &g_array_index (fold->changes, PgmFoldChange, first), n);
  return step;
}

static gboolean
write_rows (PgmApplier *applier, const PgmFoldStep *step, GError **error)
{
  PgmApplyTarget *target = applier->target;

  return target->class->write (target, step, error) && target->class->check (target, error);
}

static void
leave_out (PgmApplier *applier, const PgmFoldChange *change, GError **conflict)
{
  if (applier->conflicts == PGM_CONFLICT_LOG && applier->progress != NULL)
    {
      applier->target->class->explain (applier->target, change, conflict);
      pgm_progress_event (
          applier->progress, "warning", "Left out: %s. %s", (*conflict)->message,
          pgm_error_get_detail (*conflict) != NULL ? pgm_error_get_detail (*conflict) : "");
    }
  g_mutex_lock (&applier->mutex);
  applier->stats.conflicts++;
  g_mutex_unlock (&applier->mutex);
}

/* Each change with a place to go back to, so that those that meet a conflict can be
 * left out. */
static gboolean
write_one_by_one (PgmApplier *applier, const PgmFoldStep *all, GError **error)
{
  PgmApplyTarget *target = applier->target;

  for (guint i = 0; i < all->rows->len; i++)
    {
      g_autoptr (GError) local = NULL;
      PgmFoldChange *change = &g_array_index (all->rows, PgmFoldChange, i);
      PgmFoldStep step = { .kind = PGM_FOLD_ROWS };
      gboolean ok = FALSE;

      if (!target->class->save (target, error))
        return FALSE;
      step.rows = g_array_new (FALSE, FALSE, sizeof (PgmFoldChange));
      g_array_append_vals (step.rows, change, 1);
      ok = write_rows (applier, &step, &local);
      g_array_unref (step.rows);
      if (ok)
        continue;
      if (!may_leave_out (applier, local))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      if (!target->class->restore (target, error))
        return FALSE;
      leave_out (applier, change, &local);
      if (!target->class->restore (target, error))
        return FALSE;
    }
  return TRUE;
}

/* Puts the row's name into the error that is to be shown. The transaction is over
 * or will be. */
static void
name_row (PgmApplier *applier, const PgmFoldChange *culprit, GError **error)
{
  if (culprit != NULL)
    applier->target->class->explain (applier->target, culprit, error);
}

static gboolean
replay_transaction (PgmApplier *applier,
                    const PgmFold *fold,
                    const PgmFoldTransaction *transaction,
                    GError **error)
{
  PgmApplyTarget *target = applier->target;
  PgmFoldStep step = rows_step (fold, transaction->first, transaction->n_changes);
  g_autoptr (GArray) rows = step.rows;
  g_autoptr (GError) local = NULL;
  const PgmFoldChange *culprit = NULL;

  if (!target->class->begin (target, error))
    return FALSE;
  if (write_rows (applier, &step, &local))
    return target->class->commit (target, transaction->end_lsn, transaction->commit_time, error);
  culprit = target->class->culprit (target);
  if (!pgm_apply_error_is_of_row (local))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (!target->class->rollback (target, error))
    return FALSE;
  if (!may_leave_out (applier, local))
    {
      name_row (applier, culprit, &local);
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return target->class->begin (target, error) && write_one_by_one (applier, &step, error) &&
         target->class->commit (target, transaction->end_lsn, transaction->commit_time, error);
}

static void
count_change (PgmFoldCounts *counts, const PgmChange *change)
{
  counts->inserts += change->kind == PGM_CHANGE_INSERT;
  counts->updates += change->kind == PGM_CHANGE_UPDATE;
  counts->deletes += change->kind == PGM_CHANGE_DELETE;
  counts->truncates += change->kind == PGM_CHANGE_TRUNCATE;
}

static void
note_replay (PgmApplier *applier)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&applier->mutex);

  applier->stats.replays++;
}

/* The sentinels of one transaction. Transfer container. */
static GArray *
sentinels_of (const PgmApplyWork *work, PgmLsn end_lsn)
{
  GArray *found = g_array_new (FALSE, FALSE, sizeof (PgmApplySentinel));

  for (guint i = 0; i < work->sentinels->len; i++)
    {
      PgmApplySentinel *sentinel = &g_array_index (work->sentinels, PgmApplySentinel, i);
      if (sentinel->sighting.end_lsn == end_lsn)
        g_array_append_val (found, *sentinel);
    }
  return found;
}

gboolean
pgm_apply_replay (PgmApplier *applier, const PgmApplyWork *work, GError **error)
{
  const PgmFold *fold = work->fold;

  note_replay (applier);
  for (guint i = 0; i < fold->transactions->len; i++)
    {
      const PgmFoldTransaction *transaction =
          &g_array_index (fold->transactions, PgmFoldTransaction, i);
      g_autoptr (GArray) sentinels = sentinels_of (work, transaction->end_lsn);
      PgmFoldCounts counts = { .transactions = 1 };

      if (!replay_transaction (applier, fold, transaction, error))
        return FALSE;
      for (guint c = transaction->first; c < transaction->first + transaction->n_changes; c++)
        count_change (&counts, g_array_index (fold->changes, PgmFoldChange, c).change);
      pgm_apply_note_committed (applier, transaction, &counts, sentinels);
    }
  return TRUE;
}

gboolean
pgm_apply_replay_part (PgmApplier *applier, const PgmApplyWork *work, GError **error)
{
  PgmApplyTarget *target = applier->target;
  PgmFoldStep step = rows_step (work->fold, 0, work->fold->changes->len);
  g_autoptr (GArray) rows = step.rows;
  g_autoptr (GError) local = NULL;
  const PgmFoldChange *culprit = NULL;

  note_replay (applier);
  if (write_rows (applier, &step, &local))
    return TRUE;
  culprit = target->class->culprit (target);
  if (!pgm_apply_error_is_of_row (local))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (!target->class->restore (target, error))
    return FALSE;
  if (may_leave_out (applier, local))
    return write_one_by_one (applier, &step, error);
  name_row (applier, culprit, &local);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}
