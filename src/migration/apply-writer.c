#include "migration/apply-private.h"

#include "core/failpoint.h"

/* How often what is committed is made durable while there is always more, and how
 * soon once there is nothing more. */
#define FLUSH_INTERVAL (1 * G_USEC_PER_SEC)
#define FLUSH_IDLE     (G_USEC_PER_SEC / 10)

/* How often a position without changes for us is noted down (F50). */
#define RECORD_INTERVAL (15 * G_USEC_PER_SEC)

typedef enum
{
  STEP_WRITE,
  STEP_FLUSH,
  STEP_RECORD, /* a position */
  STEP_END,
  STEP_STOP, /* cancelled */
  STEP_WAIT, /* nothing just now */
} Step;

typedef struct
{
  PgmApplier *applier;
  PgmApplyTarget *target;
  GCancellable *cancellable;
  gboolean in_parts;                           /* a transaction is open, more of it is to come */
  PgmFoldCounts parts;                         /* of what is written of it */
  gint64 last_commit, last_flush, last_record; /* monotonic */
  gint64 commit_time;                          /* of the source, the newest */
} Writer;

static const PgmFoldTransaction *
first_of (const PgmApplyWork *work)
{
  return &g_array_index (work->fold->transactions, PgmFoldTransaction, 0);
}

static const PgmFoldTransaction *
last_of (const PgmApplyWork *work)
{
  return &g_array_index (work->fold->transactions, PgmFoldTransaction,
                         work->fold->transactions->len - 1);
}

/* Nothing is begun that commits beyond what is held; a transaction that is being
 * written goes on. */
static gboolean
is_held_locked (const Writer *self)
{
  const PgmApplier *applier = self->applier;

  return applier->hold != 0 && !self->in_parts && applier->pending != NULL &&
         first_of (applier->pending)->final_lsn >= applier->hold;
}

static gboolean
may_take_locked (const Writer *self)
{
  const PgmApplier *applier = self->applier;

  if (applier->pending == NULL || is_held_locked (self))
    return FALSE;
  return applier->pending->full || applier->caught_up || applier->ended;
}

static gboolean
wants_flush_locked (const Writer *self, gint64 now, gint64 *next)
{
  const PgmApplier *applier = self->applier;
  gint64 due = self->last_flush + FLUSH_INTERVAL;

  if (self->in_parts || applier->committed <= applier->flushed)
    return FALSE;
  if (applier->wanted > applier->flushed && applier->wanted <= applier->committed)
    return TRUE;
  if (!may_take_locked (self))
    due = MIN (due, self->last_commit + FLUSH_IDLE);
  *next = MIN (*next, due);
  return now >= due;
}

/* Only when there is nothing between what is committed and the position. */
static gboolean
wants_record_locked (const Writer *self, gint64 now, gint64 *next)
{
  const PgmApplier *applier = self->applier;
  gint64 due = self->last_record + RECORD_INTERVAL;

  if (self->in_parts || applier->applied <= applier->committed ||
      applier->applied <= applier->flushed)
    return FALSE;
  if (applier->wanted > applier->flushed && applier->wanted > applier->committed &&
      applier->wanted <= applier->applied)
    return TRUE;
  *next = MIN (*next, due);
  return now >= due;
}

/* What is known of the source beyond the last commit: its own word while nothing
 * is pending, or what is held back. */
static void
advance_position_locked (Writer *self)
{
  PgmApplier *applier = self->applier;
  PgmLsn position = 0;

  if (self->in_parts)
    return;
  if (applier->pending == NULL)
    position = applier->position;
  else if (is_held_locked (self))
    position = applier->hold;
  if (position <= applier->applied)
    return;
  applier->applied = position;
  g_cond_broadcast (&applier->changed);
}

static Step
choose_locked (Writer *self, gint64 now, gint64 *next)
{
  PgmApplier *applier = self->applier;

  advance_position_locked (self);
  if (g_cancellable_is_cancelled (self->cancellable))
    return STEP_STOP;
  if (wants_flush_locked (self, now, next))
    return STEP_FLUSH;
  if (may_take_locked (self))
    return STEP_WRITE;
  if (wants_record_locked (self, now, next))
    return STEP_RECORD;
  if (applier->ended && applier->pending == NULL)
    return STEP_END;
  return STEP_WAIT;
}

/* Takes what is pending; the part of it that is held stays. */
static PgmApplyWork *
take_locked (PgmApplier *applier)
{
  PgmApplyWork *work = g_steal_pointer (&applier->pending);

  if (applier->hold != 0 && !work->in_parts && last_of (work)->final_lsn >= applier->hold)
    applier->pending = pgm_apply_work_split (work, applier->hold);
  g_cond_broadcast (&applier->changed);
  return work;
}

static Step
await_step (Writer *self, PgmApplyWork **work)
{
  PgmApplier *applier = self->applier;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&applier->mutex);

  for (;;)
    {
      gint64 now = g_get_monotonic_time ();
      gint64 next = G_MAXINT64;
      Step step = choose_locked (self, now, &next);

      if (step == STEP_WRITE)
        *work = take_locked (applier);
      if (step != STEP_WAIT)
        return step;
      if (next == G_MAXINT64)
        g_cond_wait (&applier->changed, &applier->mutex);
      else
        (void) g_cond_wait_until (&applier->changed, &applier->mutex, next);
    }
}

static gboolean
write_steps (Writer *self, const PgmFold *fold, GError **error)
{
  for (guint i = 0; i < fold->steps->len; i++)
    if (!self->target->class->write (self->target, g_ptr_array_index (fold->steps, i), error))
      return FALSE;
  return self->target->class->check (self->target, error);
}

static void
add_counts (PgmFoldCounts *sum, const PgmFoldCounts *counts)
{
  sum->transactions += counts->transactions;
  sum->inserts += counts->inserts;
  sum->updates += counts->updates;
  sum->deletes += counts->deletes;
  sum->truncates += counts->truncates;
}

static gboolean
commit_work (Writer *self, const PgmApplyWork *work, const PgmFoldCounts *counts, GError **error)
{
  const PgmFoldTransaction *last = last_of (work);

  if (!PGM_FAILPOINT ("apply.before_commit", error) ||
      !self->target->class->commit (self->target, last->end_lsn, last->commit_time, error) ||
      !PGM_FAILPOINT ("apply.after_commit", error))
    return FALSE;
  pgm_apply_note_watched (self->applier, work->fold);
  pgm_apply_note_committed (self->applier, last, counts, work->sentinels);
  return TRUE;
}

/* A transaction in parts: each has its own place to go back to. */
static gboolean
write_part (Writer *self, const PgmApplyWork *work, GError **error)
{
  g_autoptr (GError) local = NULL;

  if ((work->first && !self->target->class->begin (self->target, error)) ||
      !self->target->class->save (self->target, error))
    return FALSE;
  self->in_parts = TRUE;
  if (work->first)
    self->parts = (PgmFoldCounts){ 0 };
  if (!write_steps (self, work->fold, &local))
    {
      if (!pgm_apply_error_is_of_row (local))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      if (!self->target->class->restore (self->target, error) ||
          !pgm_apply_replay_part (self->applier, work, error))
        return FALSE;
    }
  if (!PGM_FAILPOINT ("apply.after_part", error))
    return FALSE;
  add_counts (&self->parts, &work->fold->counts);
  if (!work->last)
    return TRUE;
  self->in_parts = FALSE;
  return commit_work (self, work, &self->parts, error);
}

static gboolean
write_whole (Writer *self, const PgmApplyWork *work, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (!self->target->class->begin (self->target, error))
    return FALSE;
  if (write_steps (self, work->fold, &local))
    return commit_work (self, work, &work->fold->counts, error);
  if (!pgm_apply_error_is_of_row (local))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return self->target->class->rollback (self->target, error) &&
         PGM_FAILPOINT ("apply.after_rollback", error) &&
         pgm_apply_replay (self->applier, work, error);
}

static gboolean
write_work (Writer *self, PgmApplyWork *work, GError **error)
{
  pgm_fold_seal (work->fold);
  if (!(work->in_parts ? write_part (self, work, error) : write_whole (self, work, error)))
    return FALSE;
  self->last_commit = g_get_monotonic_time ();
  self->commit_time = last_of (work)->commit_time;
  return TRUE;
}

static gboolean
flush (Writer *self, GError **error)
{
  PgmApplier *applier = self->applier;
  PgmLsn durable = 0;

  if (!self->target->class->flush (self->target, &durable, error) ||
      !PGM_FAILPOINT ("apply.after_flush", error))
    return FALSE;
  self->last_flush = g_get_monotonic_time ();
  g_mutex_lock (&applier->mutex);
  applier->flushed = MAX (applier->flushed, durable);
  g_cond_broadcast (&applier->changed);
  g_mutex_unlock (&applier->mutex);
  return TRUE;
}

/* A position is confirmed only once it is durable here (A6): it is committed like
 * a transaction without changes. */
static gboolean
record (Writer *self, GError **error)
{
  PgmApplier *applier = self->applier;
  PgmLsn position = pgm_applier_get_applied (applier);

  if (!self->target->class->begin (self->target, error) ||
      !self->target->class->check (self->target, error) ||
      !self->target->class->commit (self->target, position, self->commit_time, error))
    return FALSE;
  self->last_record = g_get_monotonic_time ();
  g_mutex_lock (&applier->mutex);
  applier->committed = MAX (applier->committed, position);
  g_mutex_unlock (&applier->mutex);
  return flush (self, error);
}

/* All that is committed, and where the source's end is known, that too. */
static gboolean
finish (Writer *self, GError **error)
{
  PgmApplier *applier = self->applier;
  gboolean beyond = FALSE;
  GError *early = NULL;

  g_mutex_lock (&applier->mutex);
  early = g_steal_pointer (&applier->folder_error);
  beyond = applier->applied > applier->committed;
  g_mutex_unlock (&applier->mutex);
  if (self->in_parts && early == NULL)
    pgm_error_set (&early, PGM_ERROR_LOST, "the stream has ended within a transaction");
  if (early == NULL)
    return beyond ? record (self, error) : flush (self, error);
  if (!self->in_parts)
    (void) flush (self, NULL);
  g_propagate_error (error, early);
  return FALSE;
}

/* What passes by itself (a deadlock with somebody else's session, an administrator
 * who cancels statements) is no reason to call a person: the caller starts anew. */
static void
judge_error (GError **error)
{
  static const char *const passing[] = { "40", "55P03", "57014" };
  g_autoptr (GError) judged = NULL;
  const char *state = error != NULL ? pgm_error_get_sqlstate (*error) : NULL;

  for (guint i = 0; state != NULL && i < G_N_ELEMENTS (passing); i++)
    if (g_str_has_prefix (state, passing[i]))
      {
        judged = g_steal_pointer (error);
        pgm_error_set_full (error, PGM_ERROR_LOST, state, pgm_error_get_detail (judged),
                            pgm_error_get_hint (judged), "%s", judged->message);
        return;
      }
}

static gboolean
run_until_end (Writer *self, GError **error)
{
  gboolean ok = flush (self, error);

  while (ok)
    {
      g_autoptr (PgmApplyWork) work = NULL;
      Step step = await_step (self, &work);

      if (step == STEP_WRITE)
        ok = write_work (self, work, error);
      else if (step == STEP_FLUSH)
        ok = flush (self, error);
      else if (step == STEP_RECORD)
        ok = record (self, error);
      else if (step == STEP_END)
        return finish (self, error);
      else
        return g_cancellable_set_error_if_cancelled (self->cancellable, error), FALSE;
    }
  return FALSE;
}

gboolean
pgm_apply_writer_run (PgmApplier *applier, GCancellable *cancellable, GError **error)
{
  Writer self = {
    .applier = applier,
    .target = applier->target,
    .cancellable = cancellable,
    .last_record = g_get_monotonic_time (),
    .commit_time = g_get_real_time (),
  };
  gboolean ok = run_until_end (&self, error);

  if (!ok)
    judge_error (error);
  return ok;
}
