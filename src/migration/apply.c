#include "migration/apply-private.h"

#define DEFAULT_FOLD_BYTES   ((gsize) 8 * 1024 * 1024)
#define DEFAULT_FOLD_CHANGES 100000u

static void
clear_sentinel (gpointer data)
{
  PgmApplySentinel *sentinel = data;

  g_free (sentinel->content);
}

PgmApplyWork *
pgm_apply_work_new (void)
{
  PgmApplyWork *self = g_new0 (PgmApplyWork, 1);

  self->fold = pgm_fold_new ();
  self->sentinels = g_array_new (FALSE, FALSE, sizeof (PgmApplySentinel));
  self->first = TRUE;
  self->last = TRUE;
  g_array_set_clear_func (self->sentinels, clear_sentinel);
  return self;
}

void
pgm_apply_work_free (PgmApplyWork *self)
{
  if (self == NULL)
    return;
  pgm_fold_free (self->fold);
  g_array_unref (self->sentinels);
  g_free (self);
}

/* Folds the transactions from @first to before @end anew, into @into. They could be
 * folded before, so they can be now. */
static void
fold_again (const PgmFold *from, guint first, guint end, PgmFold *into)
{
  for (guint i = 0; i < from->batches->len; i++)
    pgm_fold_hold (into, g_ptr_array_index (from->batches, i));
  for (guint i = first; i < end; i++)
    {
      const PgmFoldTransaction *one = &g_array_index (from->transactions, PgmFoldTransaction, i);
      gboolean ok =
          pgm_fold_add (into, one, &g_array_index (from->changes, PgmFoldChange, one->first),
                        one->n_changes, NULL);
      g_assert (ok);
    }
}

static void
move_sentinels (PgmApplyWork *from, PgmApplyWork *to, PgmLsn beyond)
{
  for (guint i = 0; i < from->sentinels->len;)
    {
      PgmApplySentinel sentinel = g_array_index (from->sentinels, PgmApplySentinel, i);
      if (sentinel.sighting.end_lsn <= beyond)
        {
          i++;
          continue;
        }
      sentinel.content = g_strdup (sentinel.content);
      g_array_append_val (to->sentinels, sentinel);
      g_array_remove_index (from->sentinels, i);
    }
}

PgmApplyWork *
pgm_apply_work_split (PgmApplyWork *self, PgmLsn lsn)
{
  PgmApplyWork *rest = pgm_apply_work_new ();
  g_autoptr (PgmFold) old = self->fold;
  guint n = 0;

  while (n < old->transactions->len &&
         g_array_index (old->transactions, PgmFoldTransaction, n).final_lsn < lsn)
    n++;
  g_assert (n > 0 && n < old->transactions->len);
  self->fold = pgm_fold_new ();
  fold_again (old, 0, n, self->fold);
  fold_again (old, n, old->transactions->len, rest->fold);
  move_sentinels (self, rest, g_array_index (old->transactions, PgmFoldTransaction, n - 1).end_lsn);
  /* What TRUNCATE names belongs to the folds that hold it now. */
  g_array_set_clear_func (old->changes, NULL);
  rest->full = self->full;
  return rest;
}

PgmApplier *
pgm_applier_new_take (const PgmApplierOptions *options, PgmApplyTarget *target)
{
  PgmApplier *self = g_new0 (PgmApplier, 1);

  g_atomic_ref_count_init (&self->references);
  self->target = target;
  self->changes = pgm_channel_ref (options->changes);
  self->progress = options->progress != NULL ? pgm_progress_ref (options->progress) : NULL;
  self->conflicts = options->conflicts;
  self->copied_until =
      options->copied_until != NULL ? g_hash_table_ref (options->copied_until) : NULL;
  self->max_fold_bytes =
      options->max_fold_bytes != 0 ? options->max_fold_bytes : DEFAULT_FOLD_BYTES;
  self->max_fold_changes =
      options->max_fold_changes != 0 ? options->max_fold_changes : DEFAULT_FOLD_CHANGES;
  self->stop = g_cancellable_new ();
  self->sentinels = g_array_new (FALSE, FALSE, sizeof (PgmApplySentinel));
  g_array_set_clear_func (self->sentinels, clear_sentinel);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  return self;
}

PgmApplier *
pgm_applier_new (const PgmApplierOptions *options)
{
  return pgm_applier_new_take (options, pgm_apply_server_new (options));
}

PgmApplier *
pgm_applier_ref (PgmApplier *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
pgm_applier_unref (PgmApplier *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->references))
    return;
  pgm_apply_work_free (self->pending);
  self->target->class->free (self->target);
  pgm_channel_unref (self->changes);
  g_clear_pointer (&self->progress, pgm_progress_unref);
  g_clear_pointer (&self->copied_until, g_hash_table_unref);
  g_clear_error (&self->folder_error);
  g_array_unref (self->sentinels);
  g_clear_pointer (&self->watched, g_hash_table_unref);
  g_object_unref (self->stop);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self);
}

/* Everybody looks anew. Taking the lock makes sure that who waits has either not
 * looked yet or sleeps. */
static void
wake (GCancellable *cancellable, gpointer data)
{
  PgmApplier *self = data;

  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

static void
stop_folder (GCancellable *cancellable, gpointer data)
{
  PgmApplier *self = data;

  g_cancellable_cancel (self->stop);
  wake (cancellable, data);
}

static gulong
watch (GCancellable *cancellable, GCallback callback, PgmApplier *self)
{
  return cancellable != NULL ? g_cancellable_connect (cancellable, callback, self, NULL) : 0;
}

static gboolean
run_threads (PgmApplier *self, GCancellable *cancellable, GError **error)
{
  GThread *folder = g_thread_new ("pgm-fold", pgm_apply_folder_thread, self);
  gulong handler = watch (cancellable, G_CALLBACK (stop_folder), self);
  gboolean ok = pgm_apply_writer_run (self, cancellable, error);

  g_cancellable_disconnect (cancellable, handler);
  stop_folder (NULL, self);
  g_thread_join (folder);
  return ok;
}

gboolean
pgm_applier_run (PgmApplier *self, GCancellable *cancellable, GError **error)
{
  gboolean ok = self->target->class->start (self->target, &self->start, cancellable, error);

  if (ok)
    {
      g_mutex_lock (&self->mutex);
      self->committed = self->start;
      self->applied = self->start;
      g_mutex_unlock (&self->mutex);
      ok = run_threads (self, cancellable, error);
    }
  g_mutex_lock (&self->mutex);
  self->finished = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
  return ok;
}

PgmLsn
pgm_applier_get_applied (PgmApplier *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->applied;
}

PgmLsn
pgm_applier_get_flushed (PgmApplier *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->flushed;
}

void
pgm_applier_get_stats (PgmApplier *self, PgmApplierStats *stats)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  *stats = self->stats;
}

void
pgm_applier_hold (PgmApplier *self, PgmLsn lsn)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  self->hold = lsn;
  g_cond_broadcast (&self->changed);
}

typedef gboolean (*Reached) (PgmApplier *self, gpointer data);

static gboolean
wait_locked (PgmApplier *self,
             Reached reached,
             gpointer data,
             gint64 deadline,
             GCancellable *cancellable,
             GError **error)
{
  gboolean in_time = TRUE;

  for (;;)
    {
      if (reached (self, data))
        return TRUE;
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (self->finished)
        {
          pgm_error_set (error, PGM_ERROR_LOST, "the applier has ended");
          return FALSE;
        }
      if (!in_time)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                               "the changes were not applied in time");
          return FALSE;
        }
      g_cond_broadcast (&self->changed); /* the writer sees what is wanted */
      in_time = g_cond_wait_until (&self->changed, &self->mutex, deadline);
    }
}

/* Connecting to the cancellable happens outside of the lock, which its handler
 * takes. */
static gboolean
wait_for (PgmApplier *self,
          Reached reached,
          gpointer data,
          gint64 deadline,
          GCancellable *cancellable,
          GError **error)
{
  gulong handler = watch (cancellable, G_CALLBACK (wake), self);
  gboolean ok = FALSE;

  g_mutex_lock (&self->mutex);
  ok = wait_locked (self, reached, data, deadline, cancellable, error);
  g_mutex_unlock (&self->mutex);
  g_cancellable_disconnect (cancellable, handler);
  return ok;
}

static gboolean
reached_lsn (PgmApplier *self, gpointer data)
{
  const PgmLsn *lsn = data;

  if (self->flushed >= *lsn)
    return TRUE;
  self->wanted = MAX (self->wanted, *lsn);
  return FALSE;
}

gboolean
pgm_applier_wait_flushed (PgmApplier *self,
                          PgmLsn lsn,
                          gint64 deadline,
                          GCancellable *cancellable,
                          GError **error)
{
  return wait_for (self, reached_lsn, &lsn, deadline, cancellable, error);
}

typedef struct
{
  const char *content;
  PgmSentinelSighting *sighting;
} Lookout;

static gboolean
reached_sentinel (PgmApplier *self, gpointer data)
{
  Lookout *lookout = data;

  for (guint i = 0; i < self->sentinels->len; i++)
    {
      const PgmApplySentinel *seen = &g_array_index (self->sentinels, PgmApplySentinel, i);
      if (!g_str_equal (seen->content, lookout->content))
        continue;
      *lookout->sighting = seen->sighting;
      return reached_lsn (self, &lookout->sighting->end_lsn);
    }
  return FALSE;
}

gboolean
pgm_applier_wait_sentinel (PgmApplier *self,
                           const char *content,
                           gint64 deadline,
                           PgmSentinelSighting *sighting,
                           GCancellable *cancellable,
                           GError **error)
{
  PgmSentinelSighting ignored;
  Lookout lookout = { content, sighting != NULL ? sighting : &ignored };

  return wait_for (self, reached_sentinel, &lookout, deadline, cancellable, error);
}

void
pgm_applier_watch (PgmApplier *self, PgmLsn lsn)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  self->watch = lsn;
  if (self->watched == NULL)
    self->watched = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

char *
pgm_applier_list_watched (PgmApplier *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  g_autofree char **names = NULL;

  if (self->watched == NULL || g_hash_table_size (self->watched) == 0)
    return NULL;
  names = (char **) g_hash_table_get_keys_as_array (self->watched, NULL);
  return g_strjoinv (", ", names);
}

void
pgm_apply_note_watched (PgmApplier *self, const PgmFold *fold)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  for (guint i = 0; self->watch != 0 && i < fold->transactions->len; i++)
    {
      const PgmFoldTransaction *one = &g_array_index (fold->transactions, PgmFoldTransaction, i);

      for (guint j = 0; one->end_lsn > self->watch && j < one->n_changes; j++)
        {
          const PgmChange *change =
              g_array_index (fold->changes, PgmFoldChange, one->first + j).change;

          if (change->kind == PGM_CHANGE_INSERT || change->kind == PGM_CHANGE_UPDATE ||
              change->kind == PGM_CHANGE_DELETE)
            g_hash_table_add (self->watched, g_strdup_printf ("%s.%s", change->row.relation->schema,
                                                              change->row.relation->name));
        }
    }
}

void
pgm_apply_note_committed (PgmApplier *self,
                          const PgmFoldTransaction *transaction,
                          const PgmFoldCounts *counts,
                          const GArray *sentinels)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  self->committed = MAX (self->committed, transaction->end_lsn);
  self->applied = MAX (self->applied, self->committed);
  self->stats.last_commit_time = transaction->commit_time;
  self->stats.folds++;
  self->stats.transactions += counts->transactions;
  self->stats.inserts += counts->inserts;
  self->stats.updates += counts->updates;
  self->stats.deletes += counts->deletes;
  self->stats.truncates += counts->truncates;
  for (guint i = 0; sentinels != NULL && i < sentinels->len; i++)
    {
      PgmApplySentinel seen = g_array_index (sentinels, PgmApplySentinel, i);
      if (seen.sighting.end_lsn > transaction->end_lsn)
        continue;
      seen.content = g_strdup (seen.content);
      g_array_append_val (self->sentinels, seen);
    }
  g_cond_broadcast (&self->changed);
}
