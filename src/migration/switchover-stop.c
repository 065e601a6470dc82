#include "migration/switchover-private.h"

#include "core/failpoint.h"

/* Milliseconds of a try for the lock: what new writers wait behind it. */
#define FIRST_TRY   100
#define LONGEST_TRY 400

/* Tries that leave writers the time to end their transactions, before a fence that
 * ends sessions does so. */
#define GENTLE_TRIES 2

/* Between two tries, so that those who wait get on. Microseconds. */
#define PAUSE 50000

/* How long an unknown outcome of the decision is looked into at once. Seconds. */
#define RESOLVE 10

static gboolean
ends_sessions (const PgmSwitchover *self)
{
  return self->fence->kind == PGM_FENCE_REVOKE || self->fence->kind == PGM_FENCE_READONLY;
}

/* First known, then done. */
static gboolean
raise_fence (PgmSwitchover *self, GCancellable *cancellable, GError **error)
{
  PgmFenceMemo *memo = pgm_fence_memo_with (self->memo, self->back, self->from, self->fence);
  g_autofree char *what = pgm_fence_describe (self->fence);

  pgm_record_unref (self->memo);
  self->memo = memo;
  self->raised = TRUE;
  self->deadline = pgm_deadline_new (
      g_get_monotonic_time () + (gint64) (self->timeout * G_USEC_PER_SEC), cancellable);
  if (!pgm_switchover_write (self->ctx, PGM_CUTOVER_FENCED, memo,
                             pgm_deadline_get_cancellable (self->deadline), error) ||
      !PGM_FAILPOINT ("switchover.fenced", error))
    return FALSE;
  pgm_cutover_log_stopped (self->log);
  pgm_cutover_log_begin (self->log, "fence");
  if (!pgm_fence_raise (self->fence, self->reader, pgm_deadline_get_cancellable (self->deadline),
                        error))
    return FALSE;
  pgm_cutover_log_done (self->log, "%s", what);
  return TRUE;
}

static gboolean
end_sessions (PgmSwitchover *self,
              guint *ended,
              char **left,
              GCancellable *cancellable,
              GError **error)
{
  return !ends_sessions (self) ||
         pgm_fence_end_sessions (self->ctx->ends, self->reader, ended, left, cancellable, error);
}

static gboolean
take_lock (PgmSwitchover *self, GCancellable *cancellable, GError **error)
{
  gint64 wait = FIRST_TRY;
  guint tries = 0, ended = 0;
  gboolean taken = FALSE;
  g_autofree char *left = NULL;

  pgm_cutover_log_begin (self->log, "lock");
  for (;;)
    {
      if (!pgm_table_lock_try (self->lock, wait, &taken, cancellable, error))
        return FALSE;
      tries++;
      if (taken)
        break;
      if (tries >= GENTLE_TRIES && !end_sessions (self, &ended, NULL, cancellable, error))
        return FALSE;
      if (tries < GENTLE_TRIES || !ends_sessions (self))
        g_usleep (PAUSE);
      wait = MIN (wait * 2, LONGEST_TRY);
    }
  if (!end_sessions (self, &ended, &left, cancellable, error))
    return FALSE;
  pgm_cutover_log_done (self->log, "%u tables at try %u; %u sessions ended%s%s",
                        pgm_table_lock_get_tables (self->lock), tries, ended,
                        left != NULL ? ", not to be ended: " : "", left != NULL ? left : "");
  return PGM_FAILPOINT ("switchover.locked", error);
}

static gboolean
send_and_await (PgmSwitchover *self,
                PgmSentinel *sentinel,
                GCancellable *cancellable,
                GError **error)
{
  return pgm_sentinel_send (sentinel, self->witness, cancellable, error) &&
         pgm_sentinel_await (sentinel, self->witness, self->ctx->applier,
                             pgm_deadline_get_time (self->deadline), cancellable, error);
}

static gboolean
first_sentinel (PgmSwitchover *self, GCancellable *cancellable, GError **error)
{
  char lsn[PGM_LSN_TEXT_SIZE];

  pgm_cutover_log_begin (self->log, "sentinel");
  if (!send_and_await (self, &self->first, cancellable, error))
    return FALSE;
  pgm_cutover_log_get_report (self->log)->first_sentinel = self->first.lsn;
  pgm_cutover_log_done (self->log, "all up to %s is durable on the other side",
                        pgm_lsn_format (self->first.end_lsn, lsn));
  return PGM_FAILPOINT ("switchover.sentinel", error);
}

static gboolean
hand_over (PgmSwitchover *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *what = NULL;

  pgm_cutover_log_begin (self->log, "handover");
  if (!pgm_handover_run (self->handover, self->reader, self->writer, cancellable, error))
    return FALSE;
  what = pgm_handover_describe (self->handover);
  pgm_cutover_log_get_report (self->log)->sequences = pgm_handover_get_sequences (self->handover);
  pgm_cutover_log_done (self->log, "%s", what);
  return PGM_FAILPOINT ("switchover.handed-over", error);
}

/* The lock is looked at after the second message has been committed: held then, no
 * writer can have committed before it but the stream would show it, and none since. */
static gboolean
second_sentinel (PgmSwitchover *self, GCancellable *cancellable, GError **error)
{
  PgmCutoverReport *report = pgm_cutover_log_get_report (self->log);
  gboolean held = FALSE;

  pgm_cutover_log_begin (self->log, "second-sentinel");
  if (!pgm_sentinel_send (&self->second, self->witness, cancellable, error) ||
      !pgm_table_lock_is_held (self->lock, self->witness, &held, cancellable, error))
    return FALSE;
  if (!held)
    {
      pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, NULL,
                          "Look into the server's log for who ended it, then try again.",
                          "the lock against writers was lost before the decision");
      return FALSE;
    }
  if (!pgm_sentinel_await (&self->second, self->witness, self->ctx->applier,
                           pgm_deadline_get_time (self->deadline), cancellable, error))
    return FALSE;
  if (self->second.others != self->first.others && self->fence->kind != PGM_FENCE_NONE)
    {
      pgm_error_set (error, PGM_ERROR_FAILED,
                     "%" G_GUINT64_FORMAT " transactions were committed while the fence was up",
                     self->second.others - self->first.others);
      return FALSE;
    }
  report->second_sentinel = self->second.lsn;
  report->final_lsn = self->second.end_lsn;
  report->proved = self->fence->kind != PGM_FENCE_NONE;
  pgm_cutover_log_done (self->log, "nothing was committed in between, and the lock is held");
  return PGM_FAILPOINT ("switchover.proved", error);
}

/* What the state says beyond the point of no return. */
static void
note_decision (PgmSwitchover *self)
{
  PgmFollowState *state = self->ctx->state;
  const PgmServerIdentity *to = &self->ctx->ends->destination->identity;

  if (!self->back)
    {
      state->reverse_start = self->options->no_reverse ? 0 : self->start;
      state->destination_system_identifier = to->system_identifier;
      state->destination_timeline = to->timeline;
      return;
    }
  state->consistent_point = self->start;
  g_hash_table_remove_all (state->copied_until);
}

static gboolean
end_backend (PgmConnection *fresh, int pid, GError **error)
{
  g_autofree char *id = g_strdup_printf ("%d", pid);
  const char *params[] = { id };
  g_autofree char *gone = pgm_connection_query_value (
      fresh,
      "SELECT count(pg_catalog.pg_terminate_backend(pid)) = 0"
      " FROM pg_catalog.pg_stat_activity WHERE pid = $1 AND usename = current_user",
      1, params, NULL, error);
  if (gone == NULL)
    return FALSE;
  if (!g_str_equal (gone, "t"))
    pgm_error_set (error, PGM_ERROR_FAILED, "destination: an old session is still at work");
  return g_str_equal (gone, "t");
}

/* The decision was being committed when its session broke or its time was over. An old
 * backend is ended (@pid; 0: it has answered, so it is done), then what it left behind is
 * read. What it has committed stands, also when nobody has confirmed it to the server. */
static gboolean
resolve_once (PgmSwitchover *self, int pid, gboolean *decided, GError **error)
{
  g_autoptr (PgmFollowState) state = NULL;
  g_autoptr (PgmDeadline) deadline =
      pgm_deadline_new (g_get_monotonic_time () + RESOLVE * G_USEC_PER_SEC, NULL);
  GCancellable *cancellable = pgm_deadline_get_cancellable (deadline);
  g_autoptr (PgmConnection) fresh =
      pgm_ends_connect (self->ctx->ends, PGM_END_DESTINATION, "decision", cancellable, error);

  if (fresh == NULL || (pid != 0 && !end_backend (fresh, pid, error)) ||
      !pgm_follow_state_read (fresh, &state, cancellable, error))
    return FALSE;
  *decided = state != NULL && state->cutover == PGM_CUTOVER_DECIDED;
  return TRUE;
}

static gboolean
resolve (PgmSwitchover *self, int pid, gboolean *decided, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + RESOLVE * G_USEC_PER_SEC;

  for (;;)
    {
      g_autoptr (GError) local = NULL;

      if (resolve_once (self, pid, decided, &local))
        return TRUE;
      if (g_get_monotonic_time () < deadline)
        {
          g_usleep (PAUSE);
          continue;
        }
      self->unknown = TRUE;
      pgm_error_set_full (error, PGM_ERROR_LOST, NULL, NULL,
                          "The fence stays: what was decided is read as soon as the destination"
                          " answers.",
                          "it is not known whether the cutover was decided: %s", local->message);
      return FALSE;
    }
}

/* The commit itself is cancelled as well when the time is over: it may wait for a
 * standby of the destination that is gone. Then it has been made, mostly: a server that
 * stops waiting for its standbys doesn't take back. */
static gboolean
commit_decision (PgmSwitchover *self, gboolean *late, GCancellable *cancellable, GError **error)
{
  PgmFollowContext *ctx = self->ctx;
  int pid = pgm_connection_get_backend_pid (ctx->journal);
  gboolean decided = FALSE;
  g_autoptr (GError) local = NULL;

  if (pgm_switchover_write (ctx, PGM_CUTOVER_DECIDED, self->memo, cancellable, &local))
    return TRUE;
  *late = pgm_error_is_cancelled (local);
  if (pgm_connection_is_lost (ctx->journal) || *late)
    if (!resolve (self, pgm_connection_is_lost (ctx->journal) ? pid : 0, &decided, error))
      return FALSE;
  if (!decided)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  /* As it is written there. */
  ctx->state->cutover = PGM_CUTOVER_DECIDED;
  g_free (ctx->state->fence);
  ctx->state->fence = self->memo->fences->len > 0 ? pgm_record_to_json (self->memo, FALSE) : NULL;
  return TRUE;
}

/* The point of no return is one commit on the destination. */
static gboolean
decide (PgmSwitchover *self, GCancellable *cancellable, GError **error)
{
  gboolean late = FALSE;

  pgm_cutover_log_begin (self->log, "decide");
  if (!pgm_reverse_read_start (&self->reverse, &self->start, cancellable, error))
    return FALSE;
  note_decision (self);
  if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !commit_decision (self, &late, cancellable, error))
    return FALSE;
  self->decided = TRUE;
  pgm_cutover_log_done (self->log, "the writes belong to the other side%s",
                        late ? "; it was committed there when it should have been given up, though"
                               " perhaps not confirmed by a synchronous standby"
                             : "");
  return PGM_FAILPOINT ("switchover.decided", NULL) || TRUE;
}

gboolean
pgm_switchover_stop (PgmSwitchover *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) missing =
      g_ptr_array_new_with_free_func ((GDestroyNotify) pgm_missing_privilege_free);
  GCancellable *limited = NULL;

  /* Once more: what somebody granted in the meantime has to be undone as well. */
  if (!pgm_switchover_plan_fence (self, missing, cancellable, error) ||
      !raise_fence (self, cancellable, error))
    return FALSE;
  limited = pgm_deadline_get_cancellable (self->deadline);
  return take_lock (self, limited, error) && first_sentinel (self, limited, error) &&
         hand_over (self, limited, error) && second_sentinel (self, limited, error) &&
         decide (self, limited, error);
}
