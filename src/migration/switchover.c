#include "migration/switchover.h"

#include "core/failpoint.h"
#include "migration/switchover-private.h"

#define DEFAULT_TIMEOUT 30.0

/* How long a fence that doesn't come down is tried again, and the pause in between. */
#define LOWER_SECONDS  20
#define LOWER_PAUSE_US 200000

/* For what has to happen though the job is being cancelled. Seconds. */
#define CLEAN_SECONDS 30

/* What can be done in less is nothing. Seconds. */
#define SHORTEST_TIMEOUT 0.1

/* After the locks are gone, before it is looked who has written to the old side. */
#define LOOK_BACK_US (G_USEC_PER_SEC / 2)

gboolean
pgm_switchover_write (PgmFollowContext *ctx,
                      PgmCutoverStage stage,
                      PgmFenceMemo *memo,
                      GCancellable *cancellable,
                      GError **error)
{
  PgmFollowState *state = ctx->state;
  int old_stage = state->cutover;
  g_autofree char *old_fence = g_steal_pointer (&state->fence);
  g_autoptr (GError) ignored = NULL;

  state->cutover = (int) stage;
  if (memo->fences->len > 0)
    state->fence = pgm_record_to_json (memo, FALSE);
  if (pgm_connection_exec (ctx->journal, "BEGIN; SET LOCAL synchronous_commit = 'on'", cancellable,
                           error) &&
      pgm_follow_state_write (ctx->journal, state, cancellable, error) &&
      PGM_FAILPOINT ("switchover.write", error) &&
      pgm_connection_exec (ctx->journal, "COMMIT", cancellable, error))
    return TRUE;
  g_free (state->fence);
  state->fence = g_steal_pointer (&old_fence);
  state->cutover = old_stage;
  if (!pgm_connection_is_lost (ctx->journal) &&
      !pgm_connection_exec (ctx->journal, "ROLLBACK", NULL, &ignored))
    g_clear_error (&ignored);
  return FALSE;
}

static gboolean
lower_once (PgmFollowContext *ctx,
            const PgmFenceRecord *fence,
            PgmConnection *connection,
            GCancellable *cancellable,
            GError **error)
{
  g_autoptr (PgmConnection) fresh = NULL;

  if (connection != NULL && !pgm_connection_is_lost (connection))
    return pgm_fence_lower (fence, connection, cancellable, error);
  fresh = pgm_ends_connect (ctx->ends, (PgmEnd) fence->end, "fence", cancellable, error);
  return fresh != NULL && pgm_fence_lower (fence, fresh, cancellable, error);
}

/* Not cancelled with the job: an application is waiting. */
gboolean
pgm_switchover_lower (PgmFollowContext *ctx,
                      const PgmFenceRecord *fence,
                      PgmConnection *connection,
                      GError **error)
{
  g_autoptr (PgmDeadline) deadline =
      pgm_deadline_new (g_get_monotonic_time () + LOWER_SECONDS * G_USEC_PER_SEC, NULL);
  GCancellable *cancellable = pgm_deadline_get_cancellable (deadline);
  g_autofree char *undo = NULL;
  g_autofree char *hint = NULL;

  for (;;)
    {
      g_autoptr (GError) local = NULL;

      if (lower_once (ctx, fence, connection, cancellable, &local))
        return TRUE;
      connection = NULL;
      if (!g_cancellable_is_cancelled (cancellable))
        {
          g_usleep (LOWER_PAUSE_US);
          continue;
        }
      undo = pgm_fence_undo_sql (fence);
      hint = g_strdup_printf ("It is tried again at every start. By hand: %s",
                              undo != NULL ? undo : "");
      pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, local->message, hint,
                          "the fence could not be taken down");
      return FALSE;
    }
}

gboolean
pgm_switchover_open (PgmFollowContext *ctx,
                     PgmFenceMemo **memo,
                     PgmConnection *connection,
                     GError **error)
{
  PgmEnd to = (*memo)->back ? PGM_END_SOURCE : PGM_END_DESTINATION;
  PgmFenceRecord *fence = pgm_fence_memo_find (*memo, to);
  PgmFenceMemo *without = NULL;

  if (!PGM_FAILPOINT ("switchover.open", error))
    return FALSE;
  if (fence == NULL)
    return TRUE;
  if (!pgm_switchover_lower (ctx, fence, connection, error))
    return FALSE;
  without = pgm_fence_memo_with (*memo, (*memo)->back, to, NULL);
  pgm_record_unref (*memo);
  *memo = without;
  return TRUE;
}

static PgmCutoverStage
stage_after (gboolean back)
{
  return back ? PGM_CUTOVER_NONE : PGM_CUTOVER_DONE;
}

static PgmCutoverStage
stage_before (gboolean back)
{
  return back ? PGM_CUTOVER_DONE : PGM_CUTOVER_NONE;
}

static void
switchover_clear (PgmSwitchover *self)
{
  g_clear_pointer (&self->lock, pgm_table_lock_free);
  g_clear_pointer (&self->reader, pgm_connection_free);
  g_clear_pointer (&self->witness, pgm_connection_free);
  g_clear_pointer (&self->writer, pgm_connection_free);
  g_clear_pointer (&self->handover, pgm_handover_free);
  g_clear_pointer (&self->catalog, pgm_catalog_free);
  g_clear_pointer (&self->deadline, pgm_deadline_free);
  g_clear_pointer (&self->memo, pgm_record_unref);
  g_clear_pointer (&self->fence, pgm_record_unref);
  g_clear_pointer (&self->log, pgm_cutover_log_free);
  pgm_sentinel_clear (&self->first);
  pgm_sentinel_clear (&self->second);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PgmSwitchover, switchover_clear)

static gboolean
switchover_init (PgmSwitchover *self,
                 PgmFollowContext *ctx,
                 const PgmSwitchoverOptions *options,
                 GError **error)
{
  self->ctx = ctx;
  self->options = options;
  self->timeout = options->timeout_sec > 0 ? options->timeout_sec : DEFAULT_TIMEOUT;
  self->back = ctx->state->cutover == PGM_CUTOVER_DONE;
  self->from = self->back ? PGM_END_DESTINATION : PGM_END_SOURCE;
  self->to = self->back ? PGM_END_SOURCE : PGM_END_DESTINATION;
  self->log = pgm_cutover_log_new (ctx->progress, (PgmFence) options->fence, self->back);
  self->memo = pgm_fence_memo_parse (ctx->state->fence, error);
  if (self->memo == NULL)
    return FALSE;
  if (self->timeout < SHORTEST_TIMEOUT)
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                          "Allow as long as the application can wait, 30 s for example; the stop"
                          " takes only as much of it as it needs.",
                          "a timeout of %g ms is too short for any cutover", self->timeout * 1000);
      return FALSE;
    }
  if (ctx->state->cutover != (int) stage_before (self->back) || ctx->applier == NULL ||
      (self->back && ctx->state->reverse_slot == NULL))
    {
      pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                          self->back ? "The first cutover was made with --no-reverse." : NULL,
                          self->back ? "there is no way back" : "nothing is being followed");
      return FALSE;
    }
  return TRUE;
}

static void
add_standing_fence (PgmSwitchover *self, const PgmFenceRecord *fence)
{
  g_autofree char *what = pgm_fence_describe (fence);
  g_autofree char *undo = pgm_fence_undo_sql (fence);
  g_autofree char *passing = NULL;
  g_autofree char *text = NULL;

  if (fence->kind == PGM_FENCE_NONE)
    return;
  if (!pgm_fence_list_passing (fence, self->reader, &passing, NULL, NULL) || passing == NULL)
    text = g_strdup (what);
  else
    text = g_strdup_printf ("%s; still get in: %s", what, passing);
  pgm_cutover_log_add_standing (self->log,
                                fence->kind == PGM_FENCE_PGBOUNCER  ? "pgbouncer"
                                : fence->end == PGM_END_DESTINATION ? "destination"
                                                                    : "source",
                                text, undo);
}

/* Names are ours and plain. */
static void
add_standing_objects (PgmSwitchover *self)
{
  const PgmFollowState *state = self->ctx->state;
  g_autofree char *drop_slot = NULL;
  g_autofree char *drop_publication = NULL;
  g_autofree char *drop_origin = NULL;

  if (self->back || state->reverse_slot == NULL)
    return;
  drop_slot = g_strdup_printf ("SELECT pg_drop_replication_slot('%s')", state->reverse_slot);
  drop_publication = g_strdup_printf ("DROP PUBLICATION \"%s\"", state->reverse_publication);
  drop_origin = g_strdup_printf ("SELECT pg_replication_origin_drop('%s')", state->reverse_origin);
  pgm_cutover_log_add_standing (self->log, "destination", "the slot of the way back", drop_slot);
  pgm_cutover_log_add_standing (self->log, "destination", "the publication of the way back",
                                drop_publication);
  pgm_cutover_log_add_standing (self->log, "source", "the origin of the way back", drop_origin);
}

static void
keep_report (PgmSwitchover *self)
{
  PgmReport *report = self->ctx->report;
  PgmCutoverReport *copy = pgm_cutover_log_copy (self->log);

  pgm_cutover_log_publish (self->log);
  if (report != NULL)
    {
      g_clear_pointer (&report->cutover, pgm_record_unref);
      report->cutover = copy;
    }
  else
    pgm_record_unref (copy);
}

/* Everything as it was. The lock goes first: who waits for it gets on at once. */
static gboolean
give_up (PgmSwitchover *self, const GError *reason, GError **error)
{
  g_autoptr (PgmDeadline) deadline =
      pgm_deadline_new (g_get_monotonic_time () + CLEAN_SECONDS * G_USEC_PER_SEC, NULL);
  GCancellable *cancellable = pgm_deadline_get_cancellable (deadline);
  PgmFollowContext *ctx = self->ctx;
  PgmFenceMemo *memo = NULL;
  g_autoptr (GError) ignored = NULL;

  pgm_cutover_log_fail (self->log, reason);
  pgm_cutover_log_get_report (self->log)->error = pgm_error_to_text (reason);
  pgm_cutover_log_get_report (self->log)->proved = FALSE;
  g_clear_pointer (&self->lock, pgm_table_lock_free);
  /* Writers let in now could be on the losing side of a decision that was made. */
  if (self->unknown)
    {
      add_standing_fence (self, self->fence);
      return TRUE;
    }
  if (self->raised)
    {
      pgm_cutover_log_begin (self->log, "fence-down");
      if (!pgm_switchover_lower (ctx, self->fence, self->reader, error))
        {
          pgm_cutover_log_fail (self->log, *error);
          add_standing_fence (self, self->fence);
          return FALSE;
        }
      pgm_cutover_log_resumed (self->log);
      pgm_cutover_log_done (self->log, "%s", "");
      memo = pgm_fence_memo_with (self->memo, self->back, self->from, NULL);
      pgm_record_unref (self->memo);
      self->memo = memo;
      if (!pgm_switchover_write (ctx, stage_before (self->back), memo, cancellable, &ignored))
        g_clear_error (&ignored); /* found and undone once more at the next start */
    }
  /* A slot that nobody reads would keep back WAL. What fails here is done by
   * pgm_switchover_recover(). */
  if (self->reverse_made && self->reader != NULL && self->writer != NULL)
    {
      gboolean ok =
          self->back
              ? pgm_reverse_settle (ctx, self->writer, self->reader, cancellable, &ignored)
              : pgm_reverse_remove (ctx, self->reader, self->writer, cancellable, &ignored) &&
                    pgm_follow_state_write (ctx->journal, ctx->state, cancellable, &ignored);
      if (!ok)
        g_clear_error (&ignored);
    }
  return TRUE;
}

static gboolean
fail (PgmSwitchover *self, GError *reason, GError **error)
{
  GError *worse = NULL;

  if (self->deadline != NULL)
    pgm_deadline_explain (self->deadline, self->timeout, pgm_cutover_log_get_step (self->log),
                          &reason);
  if (pgm_error_is_cancelled (reason))
    {
      g_clear_error (&reason);
      reason = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "it was cancelled");
    }
  pgm_progress_event (self->ctx->progress, "cutover", "given up: %s", reason->message);
  if (!give_up (self, reason, &worse))
    {
      g_autofree char *text =
          g_strdup_printf ("%s (given up because: %s)", worse->message, reason->message);
      pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, pgm_error_get_detail (worse),
                          pgm_error_get_hint (worse), "%s", text);
      g_clear_error (&worse);
      g_clear_error (&reason);
    }
  else
    g_propagate_error (error, reason);
  keep_report (self);
  return FALSE;
}

/* Was the lock held until the end? If not, somebody may have written since; the
 * stream, which still runs, brings what there is. */
static void
release_lock (PgmSwitchover *self)
{
  PgmCutoverReport *report = pgm_cutover_log_get_report (self->log);
  gint64 deadline = g_get_monotonic_time () + 5 * G_USEC_PER_SEC;
  g_auto (PgmSentinel) last = { NULL };
  g_autoptr (GError) error = NULL;
  gboolean held = FALSE;

  pgm_cutover_log_begin (self->log, "release");
  if (!pgm_table_lock_is_held (self->lock, self->witness, &held, NULL, &error))
    g_clear_error (&error);
  if (held)
    {
      if (!pgm_table_lock_release (self->lock, NULL, &error))
        g_clear_error (&error);
      pgm_cutover_log_done (self->log, "the lock was held until now");
      return;
    }
  if (pgm_sentinel_send (&last, self->witness, NULL, &error) &&
      pgm_sentinel_await (&last, self->witness, self->ctx->applier, deadline, NULL, &error) &&
      last.others == self->second.others)
    {
      pgm_cutover_log_done (self->log, "the lock was lost early, but nobody has written since");
      return;
    }
  report->proved = FALSE;
  pgm_error_set (error == NULL ? &error : NULL, PGM_ERROR_FAILED,
                 "the lock was lost after the decision, and %" G_GUINT64_FORMAT
                 " transactions were committed since: compare both sides",
                 last.others - self->second.others);
  if (self->ctx->report != NULL)
    pgm_report_add_problem (self->ctx->report, "cutover", NULL, error->message);
  pgm_cutover_log_fail (self->log, error);
}

/* Whoever gets past the fence writes to the side that the writes have left. For the
 * moment that the stream still runs this is seen, and still taken over; what comes
 * later is not, so it is said as loudly as can be. */
static void
look_back (PgmSwitchover *self, GCancellable *cancellable)
{
  PgmFollowContext *ctx = self->ctx;
  const char *side = pgm_end_name (self->from);
  const char *fence = pgm_fence_names[self->fence->kind];
  gint64 deadline = g_get_monotonic_time () + 5 * G_USEC_PER_SEC;
  g_auto (PgmSentinel) last = { NULL };
  g_autofree char *tables = NULL;
  g_autoptr (GError) error = NULL;
  char from[PGM_LSN_TEXT_SIZE];
  char to[PGM_LSN_TEXT_SIZE];

  g_usleep (LOOK_BACK_US);
  if (!pgm_sentinel_send (&last, self->witness, cancellable, &error) ||
      !pgm_sentinel_await (&last, self->witness, ctx->applier, deadline, cancellable, &error))
    {
      if (!pgm_error_is_cancelled (error))
        pgm_progress_event (ctx->progress, "warning",
                            "whether anybody has written to the %s since is not known: %s", side,
                            error->message);
      return;
    }
  if (last.others == self->second.others)
    return;
  tables = pgm_applier_list_watched (ctx->applier);
  pgm_progress_event (
      ctx->progress, "warning",
      "SOMEBODY STILL WRITES TO THE %s, past the fence “%s”: %" G_GUINT64_FORMAT
      " transactions between %s and %s, on %s. These were taken over; later ones are not: stop him,"
      " then compare both sides",
      self->from == PGM_END_SOURCE ? "SOURCE" : "DESTINATION", fence,
      last.others - self->second.others, pgm_lsn_format (self->second.end_lsn, from),
      pgm_lsn_format (last.end_lsn, to), tables != NULL ? tables : "unknown tables");
  if (ctx->report != NULL)
    pgm_report_add_problem (ctx->report, "cutover", NULL,
                            "the old side was written to after the cutover");
}

/* Nothing here can take the decision back. */
static void
conclude (PgmSwitchover *self, GCancellable *cancellable)
{
  PgmCutoverReport *report = pgm_cutover_log_get_report (self->log);
  PgmFollowContext *ctx = self->ctx;
  g_autoptr (PgmDeadline) deadline =
      pgm_deadline_new (g_get_monotonic_time () + CLEAN_SECONDS * G_USEC_PER_SEC, NULL);
  gboolean open = FALSE;
  g_autoptr (GError) error = NULL;

  pgm_applier_watch (ctx->applier, self->second.end_lsn);
  pgm_cutover_log_begin (self->log, "open");
  open = pgm_switchover_open (ctx, &self->memo, self->writer, &error);
  report->stopped_ms = pgm_cutover_log_get_stopped_ms (self->log);
  pgm_cutover_log_resumed (self->log);
  report->done = TRUE;
  if (open)
    pgm_cutover_log_done (self->log, "the other side takes writes after %.0f ms",
                          report->stopped_ms);
  else
    {
      if (ctx->report != NULL)
        pgm_report_add_problem (ctx->report, "cutover", NULL, error->message);
      pgm_cutover_log_fail (self->log, error);
      g_clear_error (&error);
      add_standing_fence (self, pgm_fence_memo_find (self->memo, self->to));
    }
  release_lock (self);
  if (open && PGM_FAILPOINT ("switchover.opened", NULL) &&
      !pgm_switchover_write (ctx, stage_after (self->back), self->memo,
                             pgm_deadline_get_cancellable (deadline), &error))
    {
      /* The next start finds it decided, and does this again. */
      ctx->state->cutover = (int) stage_after (self->back);
      g_clear_error (&error);
    }
  pgm_cutover_log_begin (self->log, "refresh");
  if (ctx->report != NULL)
    pgm_handover_finish (self->handover, self->writer, ctx->report, cancellable);
  pgm_cutover_log_done (self->log, "%s", "");
  look_back (self, cancellable);
  add_standing_fence (self, self->fence);
  add_standing_objects (self);
  keep_report (self);
  pgm_progress_event (ctx->progress, "cutover", "writes were stopped for %.0f ms",
                      report->stopped_ms);
}

gboolean
pgm_switchover_run (PgmFollowContext *ctx,
                    const PgmSwitchoverOptions *options,
                    GCancellable *cancellable,
                    GError **error)
{
  g_auto (PgmSwitchover) self = { NULL };
  GError *reason = NULL;

  if (!switchover_init (&self, ctx, options, &reason))
    {
      pgm_cutover_log_get_report (self.log)->error = pgm_error_to_text (reason);
      keep_report (&self);
      g_propagate_error (error, reason);
      return FALSE;
    }
  pgm_progress_set_phase (ctx->progress, PGM_PHASE_SWITCHOVER);
  if (pgm_switchover_make_ready (&self, cancellable, &reason) &&
      pgm_switchover_stop (&self, cancellable, &reason))
    {
      conclude (&self, cancellable);
      return TRUE;
    }
  return fail (&self, reason, error);
}

void
pgm_switchover_refuse (PgmFollowContext *ctx, const PgmJobRequest *request, const char *reason)
{
  PgmSwitchover self = { .ctx = ctx };
  PgmFence fence =
      request->switchover != NULL ? (PgmFence) request->switchover->fence : PGM_FENCE_REVOKE;

  self.log =
      pgm_cutover_log_new (ctx->progress, fence, request->kind == PGM_REQUEST_SWITCHOVER_BACK);
  pgm_cutover_log_get_report (self.log)->error = g_strdup (reason);
  keep_report (&self);
  switchover_clear (&self);
}

/* The fence of a cutover that never happened. */
static gboolean
recover_fenced (PgmFollowContext *ctx,
                PgmFenceMemo *memo,
                GCancellable *cancellable,
                GError **error)
{
  PgmEnd from = memo->back ? PGM_END_DESTINATION : PGM_END_SOURCE;
  PgmFenceRecord *fence = pgm_fence_memo_find (memo, from);
  g_autofree char *what = NULL;
  PgmFenceMemo *without = NULL;
  gboolean written = FALSE;

  if (fence != NULL)
    {
      what = pgm_fence_describe (fence);
      if (!pgm_switchover_lower (ctx, fence, NULL, error))
        return FALSE;
      pgm_progress_event (ctx->progress, "cutover", "a cutover that was interrupted is undone (%s)",
                          what);
    }
  without = pgm_fence_memo_with (memo, memo->back, from, NULL);
  written = pgm_switchover_write (ctx, stage_before (memo->back), without, cancellable, error);
  pgm_record_unref (without);
  return written;
}

static gboolean
recover_decided (PgmFollowContext *ctx,
                 PgmFenceMemo **memo,
                 GCancellable *cancellable,
                 GError **error)
{
  if (!pgm_switchover_open (ctx, memo, NULL, error))
    return FALSE;
  pgm_progress_event (ctx->progress, "cutover", "a cutover that was decided is completed");
  return pgm_switchover_write (ctx, stage_after ((*memo)->back), *memo, cancellable, error);
}

static gboolean
settle (PgmFollowContext *ctx, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmConnection) source = NULL;
  g_autoptr (PgmConnection) destination = NULL;

  /* Nobody has ever tried. */
  if (ctx->state->cutover == PGM_CUTOVER_NONE && ctx->state->reverse_slot == NULL)
    return TRUE;
  source = pgm_ends_connect (ctx->ends, PGM_END_SOURCE, "settle", cancellable, error);
  if (source == NULL)
    return FALSE;
  destination = pgm_ends_connect (ctx->ends, PGM_END_DESTINATION, "settle", cancellable, error);
  return destination != NULL && pgm_reverse_settle (ctx, source, destination, cancellable, error);
}

gboolean
pgm_switchover_recover (PgmFollowContext *ctx, GCancellable *cancellable, GError **error)
{
  PgmFenceMemo *memo = pgm_fence_memo_parse (ctx->state->fence, error);
  gboolean ok = memo != NULL;

  if (ok && ctx->state->cutover == PGM_CUTOVER_FENCED)
    ok = recover_fenced (ctx, memo, cancellable, error);
  else if (ok && ctx->state->cutover == PGM_CUTOVER_DECIDED)
    ok = recover_decided (ctx, &memo, cancellable, error);
  g_clear_pointer (&memo, pgm_record_unref);
  return ok && settle (ctx, cancellable, error);
}

/* The record of it goes with the state, so it is told for the last time. */
static void
tell_fence (PgmFollowContext *ctx, const PgmFenceRecord *fence)
{
  g_autofree char *what = pgm_fence_describe (fence);
  g_autofree char *undo = pgm_fence_undo_sql (fence);

  if (fence->kind == PGM_FENCE_PGBOUNCER)
    pgm_progress_event (ctx->progress, "warning",
                        "where %s still: point the pool to the server that has the writes before "
                        "it is let go with %s",
                        what, undo);
  else if (fence->kind != PGM_FENCE_NONE)
    pgm_progress_event (ctx->progress, "warning", "a fence stays on the %s (%s); undone by: %s",
                        fence->end == PGM_END_SOURCE ? "source" : "destination", what, undo);
}

gboolean
pgm_switchover_clear (PgmFollowContext *ctx,
                      gboolean lower_fences,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (PgmConnection) source = NULL;
  g_autoptr (PgmConnection) destination = NULL;
  PgmFenceMemo *memo = pgm_fence_memo_parse (ctx->state->fence, error);
  gboolean ok = memo != NULL;

  for (guint i = 0; ok && i < memo->fences->len; i++)
    {
      const PgmFenceRecord *fence = g_ptr_array_index (memo->fences, i);

      /* A pool that still leads to the side without the writes would write there. */
      if (lower_fences && fence->kind != PGM_FENCE_PGBOUNCER)
        ok = pgm_switchover_lower (ctx, fence, NULL, error);
      else
        tell_fence (ctx, fence);
    }
  g_clear_pointer (&memo, pgm_record_unref);
  if (!ok)
    return FALSE;
  if (lower_fences)
    g_clear_pointer (&ctx->state->fence, g_free);
  source = pgm_ends_connect (ctx->ends, PGM_END_SOURCE, "cleanup", cancellable, error);
  if (source == NULL)
    return FALSE;
  destination = pgm_ends_connect (ctx->ends, PGM_END_DESTINATION, "cleanup", cancellable, error);
  return destination != NULL && pgm_reverse_remove (ctx, source, destination, cancellable, error) &&
         pgm_follow_state_write (ctx->journal, ctx->state, cancellable, error);
}
