#include "config.h"

#include "migration/follow-session.h"

#include "migration/retention.h"

/* What may lie between the two, in bytes: enough for a fold in the making and the
 * next one. */
#define CHANNEL_BYTES ((gsize) 8 * 1024 * 1024)

#define PULSE_US  (50 * G_TIME_SPAN_MILLISECOND)
#define FINISH_US (3 * G_USEC_PER_SEC)

typedef struct
{
  GThread *thread;
  GCancellable *stop;
  gboolean ended; /* under the session's lock */
  GError *error;  /* of its end; NULL: in good order */
} Part;

struct _PgmFollowSession
{
  PgmFollowSessionOptions options;
  PgmChannel *changes;
  PgmReceiver *receiver;
  PgmApplier *applier;
  PgmRetention *retention;
  PgmLsn target;
  gboolean caught_up; /* the pulse's */

  GMutex lock;
  GCond changed;
  Part receiving;
  Part applying;
  gboolean quit; /* the pulse is to end */
  GThread *pulse;
  gboolean finished; /* pgm_follow_session_end() was called */
};

static void
part_end (PgmFollowSession *self, Part *part, GError *error)
{
  g_mutex_lock (&self->lock);
  part->ended = TRUE;
  part->error = error;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static gpointer
receive_main (gpointer data)
{
  PgmFollowSession *self = data;
  GError *error = NULL;

  if (!pgm_receiver_run (self->receiver, self->receiving.stop, &error) && error == NULL)
    pgm_error_set (&error, PGM_ERROR_LOST, "the receiver ended");
  part_end (self, &self->receiving, error);
  return NULL;
}

/* Nobody takes changes any more, then. */
static gpointer
apply_main (gpointer data)
{
  PgmFollowSession *self = data;
  GError *error = NULL;

  if (!pgm_applier_run (self->applier, self->applying.stop, &error))
    {
      if (error == NULL)
        pgm_error_set (&error, PGM_ERROR_LOST, "the applier ended");
      pgm_channel_abort (self->changes);
    }
  part_end (self, &self->applying, error);
  return NULL;
}

static void
confirm (PgmFollowSession *self)
{
  pgm_receiver_confirm (self->receiver, pgm_applier_get_flushed (self->applier),
                        pgm_applier_get_applied (self->applier));
}

/* Everything that came is applied. */
static gboolean
is_quiet (PgmFollowSession *self, PgmLsn applied)
{
  return applied >= pgm_receiver_get_last_commit (self->receiver) &&
         pgm_channel_get_items (self->changes) == 0;
}

static double
lag_seconds (const PgmApplierStats *stats)
{
  if (stats->last_commit_time == 0)
    return 0;
  return MAX ((double) (g_get_real_time () - stats->last_commit_time) / G_USEC_PER_SEC, 0);
}

static void
tell_progress (PgmFollowSession *self)
{
  PgmLsn applied = pgm_applier_get_applied (self->applier);
  PgmLsn received = pgm_receiver_get_received (self->receiver);
  PgmLsn end = MAX (pgm_receiver_get_server_end (self->receiver),
                    pgm_retention_get_wal_end (self->retention));
  gboolean quiet = is_quiet (self, applied);
  PgmApplierStats stats = { 0 };
  PgmProgressStream stream;

  pgm_applier_get_stats (self->applier, &stats);
  stream = (PgmProgressStream){
    .applied_lsn = applied,
    .confirmed_lsn = pgm_applier_get_flushed (self->applier),
    .lag_bytes = pgm_lsn_distance (quiet ? MAX (applied, received) : applied, end),
    .transactions = self->options.transactions + stats.transactions,
    .changes =
        self->options.changes + stats.inserts + stats.updates + stats.deletes + stats.truncates,
  };
  if (!quiet || received < self->target)
    stream.lag_sec = lag_seconds (&stats);
  pgm_progress_set_stream (self->options.progress, &stream);
  if (!self->caught_up && received >= self->target && quiet)
    {
      self->caught_up = TRUE;
      if (!self->options.quiet)
        pgm_progress_set_phase (self->options.progress, self->options.caught_up_phase);
    }
}

/* A source that shuts down waits until we have confirmed all it had: what stands
 * between transactions is then recorded at once, not when its time comes. */
static void
hurry (PgmFollowSession *self)
{
  PgmLsn wanted = pgm_receiver_get_wanted (self->receiver);
  PgmLsn applied = pgm_applier_get_applied (self->applier);

  if (wanted <= pgm_applier_get_flushed (self->applier) || !is_quiet (self, applied))
    return;
  if (!pgm_applier_wait_flushed (self->applier, wanted, g_get_monotonic_time () + PULSE_US,
                                 self->applying.stop, NULL))
    return;
  confirm (self);
}

static gpointer
pulse_main (gpointer data)
{
  PgmFollowSession *self = data;

  g_mutex_lock (&self->lock);
  while (!self->quit)
    {
      g_mutex_unlock (&self->lock);
      confirm (self);
      hurry (self);
      tell_progress (self);
      g_mutex_lock (&self->lock);
      if (!self->quit)
        g_cond_wait_until (&self->changed, &self->lock, g_get_monotonic_time () + PULSE_US);
    }
  g_mutex_unlock (&self->lock);
  return NULL;
}

static void
free_batch (gpointer batch)
{
  pgm_change_batch_free (batch);
}

static void
make_parts (PgmFollowSession *self)
{
  const PgmFollowSessionOptions *options = &self->options;
  PgmReceiverOptions receiver = {
    .ends = options->ends,
    .end = options->end,
    .slot = options->slot,
    .publication = options->publication,
    .start = options->start,
    .changes = self->changes,
    .directory = options->directory,
    .streaming = options->streaming,
    .local_only = options->local_only,
  };
  PgmApplierOptions applier = {
    .ends = options->ends,
    .origin = options->origin,
    .changes = self->changes,
    .progress = options->progress,
    .conflicts = options->conflicts,
    .copied_until = options->copied_until,
    .reverse = options->end == PGM_END_DESTINATION,
  };

  self->receiver = pgm_receiver_new (&receiver);
  self->applier = pgm_applier_new (&applier);
}

PgmFollowSession *
pgm_follow_session_start (const PgmFollowSessionOptions *options)
{
  PgmFollowSession *self = g_new0 (PgmFollowSession, 1);

  self->options = *options;
  self->target = MAX (options->target, options->start);
  self->changes = pgm_channel_new (0, CHANNEL_BYTES, free_batch);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->receiving.stop = g_cancellable_new ();
  self->applying.stop = g_cancellable_new ();
  make_parts (self);
  self->retention =
      pgm_retention_start (options->ends, options->end, options->slot, options->progress);
  self->receiving.thread = g_thread_new ("receive", receive_main, self);
  self->applying.thread = g_thread_new ("apply", apply_main, self);
  self->pulse = g_thread_new ("pulse", pulse_main, self);
  return self;
}

gboolean
pgm_follow_session_is_over (PgmFollowSession *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->receiving.ended || self->applying.ended;
}

PgmReceiver *
pgm_follow_session_get_receiver (PgmFollowSession *self)
{
  return self->receiver;
}

PgmApplier *
pgm_follow_session_get_applier (PgmFollowSession *self)
{
  return self->applier;
}

/* A source with nothing for us says so by a keepalive. */
static gboolean
has_passed (PgmFollowSession *self, PgmLsn lsn)
{
  PgmLsn applied = pgm_applier_get_applied (self->applier);

  return applied >= lsn ||
         (pgm_receiver_get_received (self->receiver) >= lsn && is_quiet (self, applied));
}

gboolean
pgm_follow_session_wait (PgmFollowSession *self,
                         PgmLsn lsn,
                         GCancellable *cancellable,
                         GError **error)
{
  while (!has_passed (self, lsn))
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      g_mutex_lock (&self->lock);
      if (!self->receiving.ended && !self->applying.ended)
        g_cond_wait_until (&self->changed, &self->lock, g_get_monotonic_time () + PULSE_US);
      g_mutex_unlock (&self->lock);
      if (!pgm_follow_session_is_over (self) || has_passed (self, lsn))
        continue;
      if (pgm_follow_session_end (self, FALSE, error))
        pgm_error_set (error, PGM_ERROR_LOST, "the source ended the stream of changes");
      return FALSE;
    }
  return TRUE;
}

static void
await_part (PgmFollowSession *self, Part *part, gint64 timeout_us)
{
  gint64 deadline = g_get_monotonic_time () + timeout_us;

  g_mutex_lock (&self->lock);
  while (!part->ended)
    if (!g_cond_wait_until (&self->changed, &self->lock, deadline))
      break;
  g_mutex_unlock (&self->lock);
}

static void
join_part (Part *part)
{
  g_clear_pointer (&part->thread, g_thread_join);
}

/* What was received is applied; then nothing is left to be confirmed. */
static void
end_draining (PgmFollowSession *self)
{
  pgm_receiver_finish (self->receiver);
  await_part (self, &self->receiving, FINISH_US);
  g_cancellable_cancel (self->receiving.stop);
  join_part (&self->receiving);
  join_part (&self->applying);
  /* A transaction that had come in part is rolled back and sent again: that is how
   * a session ends that is asked to. A receiver that stood before a full channel had
   * to be cancelled for it. */
  if ((self->receiving.error == NULL || pgm_error_is_cancelled (self->receiving.error)) &&
      g_error_matches (self->applying.error, PGM_ERROR, PGM_ERROR_LOST))
    g_clear_error (&self->applying.error);
}

/* The applier first, so that the source is told the last of what is durable. */
static void
end_now (PgmFollowSession *self)
{
  g_cancellable_cancel (self->applying.stop);
  join_part (&self->applying);
  confirm (self);
  pgm_receiver_finish (self->receiver);
  pgm_channel_abort (self->changes);
  await_part (self, &self->receiving, FINISH_US);
  g_cancellable_cancel (self->receiving.stop);
  join_part (&self->receiving);
}

static gboolean
may_go_on (const GError *error)
{
  return pgm_error_is_cancelled (error) || g_error_matches (error, PGM_ERROR, PGM_ERROR_LOST) ||
         g_error_matches (error, PGM_ERROR, PGM_ERROR_CONNECT);
}

/* The error that a person must see, before one that passes by itself. */
static gboolean
judge (PgmFollowSession *self, GError **error)
{
  GError **first = &self->applying.error;
  GError **second = &self->receiving.error;

  if (*first == NULL || (may_go_on (*first) && *second != NULL &&
                         (!may_go_on (*second) || pgm_error_is_cancelled (*first))))
    {
      first = &self->receiving.error;
      second = &self->applying.error;
    }
  if (*first == NULL || pgm_error_is_cancelled (*first))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (first));
  return FALSE;
}

gboolean
pgm_follow_session_end (PgmFollowSession *self, gboolean drain, GError **error)
{
  if (self->finished)
    return judge (self, error);
  self->finished = TRUE;
  if (drain)
    end_draining (self);
  else
    end_now (self);
  g_mutex_lock (&self->lock);
  self->quit = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->pulse, g_thread_join);
  tell_progress (self);
  g_clear_pointer (&self->retention, pgm_retention_free);
  return judge (self, error);
}

void
pgm_follow_session_free (PgmFollowSession *self)
{
  g_autoptr (GError) ignored = NULL;

  if (self == NULL)
    return;
  if (!self->finished && !pgm_follow_session_end (self, FALSE, &ignored))
    g_clear_error (&ignored);
  g_clear_error (&self->receiving.error);
  g_clear_error (&self->applying.error);
  /* These may hold descriptors of the two below. */
  pgm_receiver_unref (self->receiver);
  pgm_applier_unref (self->applier);
  g_object_unref (self->receiving.stop);
  g_object_unref (self->applying.stop);
  pgm_channel_unref (self->changes);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}
