#include "migration/copier.h"

#include "core/failpoint.h"
#include "postgres/copy.h"
#include "postgres/quote.h"
#include "postgres/snapshot.h"

/* Below this, TRUNCATE's new files cost more than FREEZE saves. */
#define FREEZE_BYTES_MIN ((guint64) 4 * 1024 * 1024)

#define PING_INTERVAL_US (5 * G_USEC_PER_SEC)
#define LOOK_INTERVAL_US (200 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  PgmCloneContext *ctx;
  PgmPlan *plan;
  const PgmCopierOptions *options;
  PgmLedgerOrigin origin;
  GCancellable *stop; /* ends all workers: the caller's, or our own at an error */

  GMutex lock;
  GCond changed;
  guint next;         /* batch */
  guint running;      /* workers */
  GPtrArray *blocked; /* PgmBatch, left to the keeper's session */
  GError *cause;      /* of the end; the first error */
} CopyRun;

typedef struct
{
  CopyRun *run;
  guint number;
  GThread *thread;
  PgmConnection *source;
  PgmConnection *destination;
  gboolean left; /* the pool knows that there is nothing more to take */
} Copier;

/* Takes @failure. What follows from our own stop tells nothing. */
static void
run_fail (CopyRun *run, GError *failure)
{
  g_mutex_lock (&run->lock);
  if (run->cause == NULL)
    run->cause = g_steal_pointer (&failure);
  g_mutex_unlock (&run->lock);
  g_clear_error (&failure);
  g_cancellable_cancel (run->stop);
}

static PgmBatch *
run_take (CopyRun *run)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&run->lock);

  if (run->next >= run->plan->batches->len || g_cancellable_is_cancelled (run->stop))
    return NULL;
  return g_ptr_array_index (run->plan->batches, run->next++);
}

/* Told before the last batch's tables are added to the pool. */
static void
leave_when_done (Copier *self)
{
  CopyRun *run = self->run;
  gboolean done;

  g_mutex_lock (&run->lock);
  done = run->next >= run->plan->batches->len;
  g_mutex_unlock (&run->lock);
  if (!done || self->left || run->options->pool == NULL)
    return;
  self->left = TRUE;
  pgm_index_pool_copier_done (run->options->pool);
}

static gboolean
open_destination (Copier *self, const char *role, GError **error)
{
  CopyRun *run = self->run;

  self->destination =
      pgm_ends_connect (run->ctx->ends, PGM_END_DESTINATION, role, run->stop, error);
  if (self->destination == NULL)
    return FALSE;
  return pgm_connection_exec (
      self->destination,
      run->options->replica ? "SET synchronous_commit = off; SET session_replication_role = replica"
                            : "SET synchronous_commit = off",
      run->stop, error);
}

static gboolean
open_sessions (Copier *self, GError **error)
{
  CopyRun *run = self->run;
  PgmCloneContext *ctx = run->ctx;
  g_autofree char *role = g_strdup_printf ("copy-%u", self->number);

  self->source = pgm_ends_connect (ctx->ends, PGM_END_SOURCE, role, run->stop, error);
  if (self->source == NULL ||
      !pgm_snapshot_import (self->source, ctx->snapshot, run->stop, error) ||
      !pgm_copy_prepare_session (self->source, run->stop, error))
    return FALSE;
  return open_destination (self, role, error);
}

/* F33: FREEZE asks for a table made or truncated in the same transaction. */
static gboolean
may_freeze (const CopyRun *run, const PgmBatch *batch)
{
  const PgmPart *part = g_ptr_array_index (batch->parts, 0);

  return run->options->freeze && batch->parts->len == 1 && part->entry->n_parts == 1 &&
         part->entry->leaves == NULL && part->entry->table->extension == NULL &&
         batch->bytes >= FREEZE_BYTES_MIN;
}

static gboolean
begin_batch (Copier *self, const PgmBatch *batch, gboolean freeze, GError **error)
{
  const PgmPart *part = g_ptr_array_index (batch->parts, 0);
  g_autofree char *table = NULL;

  if (!freeze)
    return pgm_connection_exec (self->destination, "BEGIN", self->run->stop, error);
  table = pgm_quote_qualified (part->entry->table->schema, part->entry->table->name);
  return pgm_connection_execf (self->destination, self->run->stop, error, "BEGIN; TRUNCATE ONLY %s",
                               table);
}

static gboolean
copy_part (Copier *self, PgmPart *part, gboolean freeze, guint64 *rows, GError **error)
{
  CopyRun *run = self->run;
  PgmProgress *progress = run->ctx->progress;
  PgmPlanEntry *entry = part->entry;
  g_autofree char *copy_to = pgm_part_copy_to (part);
  g_autofree char *copy_from = pgm_part_copy_from (part, freeze);

  if (g_atomic_int_add (&entry->parts_started, 1) == 0)
    pgm_progress_table_status (progress, entry->progress, PGM_TABLE_COPYING);
  if (!pgm_copy_pump (self->source, copy_to, self->destination, copy_from,
                      pgm_progress_get_counters (progress, entry->progress), rows, run->stop,
                      error))
    return FALSE;
  return PGM_FAILPOINT ("copy.after_part", error);
}

void
pgm_copiers_tell_pool (PgmIndexPool *pool, const PgmPlanEntry *entry)
{
  PgmTable *table = NULL;

  for (guint i = 0; pool != NULL && (table = pgm_plan_entry_get_table (entry, i)) != NULL; i++)
    pgm_index_pool_add_table (pool, table);
}

/* The batch is committed: whoever waits for its tables is told. */
static void
finish_batch (Copier *self, const PgmBatch *batch, const guint64 *rows)
{
  CopyRun *run = self->run;
  guint64 total = 0;

  leave_when_done (self);
  for (guint i = 0; i < batch->parts->len; i++)
    {
      PgmPart *part = g_ptr_array_index (batch->parts, i);

      total += rows[i];
      if (!g_atomic_int_dec_and_test (&part->entry->parts_left))
        continue;
      pgm_progress_table_status (run->ctx->progress, part->entry->progress, PGM_TABLE_COPIED);
      pgm_clone_context_count (run->ctx, &run->ctx->report->tables, 1);
      pgm_copiers_tell_pool (run->options->pool, part->entry);
    }
  pgm_clone_context_count (run->ctx, &run->ctx->report->rows, total);
}

static gboolean
copy_batch (Copier *self, const PgmBatch *batch, GError **error)
{
  gboolean freeze = may_freeze (self->run, batch);
  g_autofree guint64 *rows = g_new0 (guint64, batch->parts->len);
  g_autoptr (GString) end = g_string_new (NULL);

  if (!begin_batch (self, batch, freeze, error))
    return FALSE;
  for (guint i = 0; i < batch->parts->len; i++)
    if (!copy_part (self, g_ptr_array_index (batch->parts, i), freeze, &rows[i], error))
      return FALSE;
  if (!PGM_FAILPOINT ("copy.before_commit", error))
    return FALSE;
  pgm_ledger_append_parts (end, batch, rows, &self->run->origin);
  g_string_append (end, "; COMMIT");
  if (!pgm_connection_exec (self->destination, end->str, self->run->stop, error) ||
      !PGM_FAILPOINT ("copy.after_commit", error))
    return FALSE;
  finish_batch (self, batch, rows);
  return TRUE;
}

/* A batch with a table that can't be locked at once is left to the keeper. */
static gboolean
lock_batch (Copier *self, PgmBatch *batch, gboolean *blocked, GError **error)
{
  CopyRun *run = self->run;
  g_autoptr (GPtrArray) tables = g_ptr_array_new ();
  gboolean locked = FALSE;

  for (guint i = 0; i < batch->parts->len; i++)
    g_ptr_array_add (tables, ((PgmPart *) g_ptr_array_index (batch->parts, i))->table);
  if (!pgm_keeper_try_lock (self->source, tables, &locked, run->stop, error))
    return FALSE;
  *blocked = !locked;
  if (locked)
    return TRUE;
  g_mutex_lock (&run->lock);
  g_ptr_array_add (run->blocked, batch);
  g_mutex_unlock (&run->lock);
  return TRUE;
}

/* In the keeper's thread. */
static void
copy_blocked (CopyRun *run, PgmKeeper *keeper)
{
  Copier self = { .run = run, .source = pgm_keeper_get_session (keeper), .left = TRUE };
  GError *failure = NULL;

  while (failure == NULL && !g_cancellable_is_cancelled (run->stop))
    {
      PgmBatch *batch = NULL;

      g_mutex_lock (&run->lock);
      if (run->blocked->len > 0)
        batch = g_ptr_array_steal_index (run->blocked, run->blocked->len - 1);
      g_mutex_unlock (&run->lock);
      if (batch == NULL)
        break;
      if (self.destination != NULL || (open_destination (&self, "copy-0", &failure) &&
                                       pgm_copy_prepare_session (self.source, run->stop, &failure)))
        (void) copy_batch (&self, batch, &failure);
    }
  if (failure != NULL)
    run_fail (run, failure);
  g_clear_pointer (&self.destination, pgm_connection_free);
}

/* Closing a session is all that an unfinished batch needs: the server rolls back. */
static gpointer
copier_main (gpointer data)
{
  Copier *self = data;
  CopyRun *run = self->run;
  GError *failure = NULL;
  PgmBatch *batch = NULL;
  gboolean blocked = FALSE;

  if (open_sessions (self, &failure))
    while (failure == NULL && (batch = run_take (run)) != NULL)
      if (!lock_batch (self, batch, &blocked, &failure) ||
          (!blocked && !copy_batch (self, batch, &failure)))
        break;
  if (failure == NULL)
    leave_when_done (self);
  if (failure != NULL)
    run_fail (run, failure);
  g_clear_pointer (&self->source, pgm_connection_free);
  g_clear_pointer (&self->destination, pgm_connection_free);

  g_mutex_lock (&run->lock);
  run->running--;
  g_cond_signal (&run->changed);
  g_mutex_unlock (&run->lock);
  return NULL;
}

/* Returns when all workers have ended. */
static void
supervise (CopyRun *run, PgmKeeper *keeper)
{
  gint64 pinged = g_get_monotonic_time ();

  g_mutex_lock (&run->lock);
  while (run->running > 0)
    {
      gint64 now = g_get_monotonic_time ();
      gboolean stopped = FALSE;
      GError *failure = NULL;

      if (g_cond_wait_until (&run->changed, &run->lock, now + LOOK_INTERVAL_US))
        continue;
      stopped = g_cancellable_is_cancelled (run->stop);
      g_mutex_unlock (&run->lock);
      if (!stopped && run->options->pool != NULL && pgm_index_pool_has_failed (run->options->pool))
        g_cancellable_cancel (run->stop); /* its own error is told by finish */
      else if (!stopped && now - pinged >= PING_INTERVAL_US)
        {
          pinged = now;
          if (!pgm_keeper_ping (keeper, run->stop, &failure))
            run_fail (run, failure);
        }
      copy_blocked (run, keeper);
      g_mutex_lock (&run->lock);
    }
  g_mutex_unlock (&run->lock);
}

static void
run_threads (CopyRun *run, PgmKeeper *keeper)
{
  guint n = MIN (MAX (run->ctx->copy_workers, 1), run->plan->batches->len);
  g_autofree Copier *copiers = g_new0 (Copier, n);

  run->running = n;
  for (guint i = n; i < run->ctx->copy_workers && run->options->pool != NULL; i++)
    pgm_index_pool_copier_done (run->options->pool);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("copy-%u", i + 1);

      copiers[i].run = run;
      copiers[i].number = i + 1;
      copiers[i].thread = g_thread_new (name, copier_main, &copiers[i]);
    }
  supervise (run, keeper);
  for (guint i = 0; i < n; i++)
    g_thread_join (copiers[i].thread);
  copy_blocked (run, keeper);
}

static void
pass_cancel (GCancellable *cancellable, gpointer stop)
{
  g_cancellable_cancel (stop);
}

/* TRUE when every batch is committed. */
static gboolean
judge_run (CopyRun *run, GCancellable *cancellable, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (run->cause != NULL && !pgm_error_is_cancelled (run->cause))
    {
      g_propagate_error (error, g_steal_pointer (&run->cause));
      return FALSE;
    }
  if (run->options->pool != NULL && pgm_index_pool_has_failed (run->options->pool))
    {
      /* Comes back with the error that ended it. */
      if (pgm_index_pool_finish (run->options->pool, cancellable, error))
        pgm_error_set (error, PGM_ERROR_FAILED, "building indexes failed");
      return FALSE;
    }
  return TRUE;
}

gboolean
pgm_copiers_run (PgmCloneContext *ctx,
                 PgmPlan *plan,
                 PgmKeeper *keeper,
                 const PgmCopierOptions *options,
                 GCancellable *cancellable,
                 GError **error)
{
  CopyRun run = {
    .ctx = ctx,
    .plan = plan,
    .options = options,
    .origin = { ctx->snapshot, pgm_keeper_get_lsn (keeper),
                ctx->ends->source->identity.system_identifier },
    .stop = g_cancellable_new (),
    .blocked = g_ptr_array_new (),
  };
  gulong chained = 0;
  gboolean done = FALSE;

  g_mutex_init (&run.lock);
  g_cond_init (&run.changed);
  if (cancellable != NULL)
    chained = g_cancellable_connect (cancellable, G_CALLBACK (pass_cancel), run.stop, NULL);
  run_threads (&run, keeper);
  g_cancellable_disconnect (cancellable, chained);
  done = judge_run (&run, cancellable, error);
  g_clear_error (&run.cause);
  g_ptr_array_unref (run.blocked);
  g_mutex_clear (&run.lock);
  g_cond_clear (&run.changed);
  g_object_unref (run.stop);
  return done && pgm_keeper_verify (keeper, cancellable, error);
}
