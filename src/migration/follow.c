#include "config.h"

#include "migration/follow.h"

#include "migration/follow-begin.h"
#include "migration/follow-check.h"
#include "migration/follow-retry.h"
#include "migration/follow-session.h"
#include "migration/follow-setup.h"
#include "migration/spill.h"
#include "migration/switchover.h"
#include "migration/verify.h"

#define LOOK_US      (100 * G_TIME_SPAN_MILLISECOND)
#define FULL_DISK_US (10 * G_USEC_PER_SEC)
#define JOURNAL_ROLE "journal"
#define GO_ON_HINT                                                                                 \
  "The slot keeps what happens meanwhile: the same command with --resume goes on, `pgmanager"      \
  " cleanup` ends it for good."

typedef struct
{
  PgmFollowContext ctx;
  GCancellable *cancellable;
  PgmFollowSession *session;
  PgmLsn told; /* of the last session */
  PgmApplierStats totals;
  PgmFollowRetry retry;
  PgmFollowWay way;       /* of the session */
  PgmVerify *verify;      /* under way, or NULL */
  PgmJobRequest *cleanup; /* asked for, and done as soon as both sides can be reached */
  guint kinds;            /* of requests that are served now */
  const char *state;      /* why no others are */
  gboolean over;          /* nothing is left to follow */
} FollowRun;

static const PgmFollowOptions *
options_of (FollowRun *run)
{
  return run->ctx.spec->follow;
}

/* ---- between sessions ---- */

/* The last write through a session that was lost may have been done or not. */
static gboolean
read_state_again (FollowRun *run, PgmConnection *journal, GError **error)
{
  PgmFollowContext *ctx = &run->ctx;
  g_autoptr (PgmFollowState) state = NULL;

  if (ctx->state == NULL)
    return TRUE;
  if (!pgm_follow_state_read (journal, &state, run->cancellable, error))
    return FALSE;
  if (state == NULL)
    return TRUE;
  pgm_follow_state_free (ctx->state);
  ctx->state = g_steal_pointer (&state);
  return TRUE;
}

/* The session that owns the job; made anew when its server was restarted. */
static gboolean
ensure_journal (FollowRun *run, GError **error)
{
  PgmFollowContext *ctx = &run->ctx;
  g_autoptr (PgmConnection) journal = NULL;

  if (ctx->journal != NULL && !pgm_connection_is_lost (ctx->journal) &&
      pgm_connection_exec (ctx->journal, "SELECT 1", run->cancellable, NULL))
    return TRUE;
  g_clear_pointer (&ctx->journal, pgm_connection_free);
  g_atomic_int_set (&ctx->ends->owned, FALSE);
  journal =
      pgm_ends_connect (ctx->ends, PGM_END_DESTINATION, JOURNAL_ROLE, run->cancellable, error);
  if (journal == NULL || !pgm_ends_own (ctx->ends, journal, run->cancellable, error) ||
      !pgm_connection_exec (journal, "SET synchronous_commit = on", run->cancellable, error) ||
      !read_state_again (run, journal, error))
    return FALSE;
  ctx->journal = g_steal_pointer (&journal);
  return TRUE;
}

static void
count_session (FollowRun *run, PgmApplier *applier)
{
  PgmApplierStats stats = { 0 };
  PgmReport *report = run->ctx.report;

  pgm_applier_get_stats (applier, &stats);
  run->totals.transactions += stats.transactions;
  run->totals.inserts += stats.inserts;
  run->totals.updates += stats.updates;
  run->totals.deletes += stats.deletes;
  run->totals.truncates += stats.truncates;
  run->totals.conflicts += stats.conflicts;
  report->transactions = run->totals.transactions;
  report->changes =
      run->totals.inserts + run->totals.updates + run->totals.deletes + run->totals.truncates;
  report->conflicts = run->totals.conflicts;
  report->applied_lsn = pgm_applier_get_applied (applier);
}

static gboolean
end_session (FollowRun *run, gboolean drain, GError **error)
{
  gboolean ok;

  if (run->session == NULL)
    return TRUE;
  ok = pgm_follow_session_end (run->session, drain, error);
  count_session (run, run->ctx.applier);
  run->ctx.receiver = NULL;
  run->ctx.applier = NULL;
  g_clear_pointer (&run->session, pgm_follow_session_free);
  return ok;
}

/* Once a cutover is done, what goes on is its way back. */
static PgmPhase
following_phase (const PgmFollowState *state)
{
  return state->cutover == PGM_CUTOVER_DONE ? PGM_PHASE_SWITCHOVER_COMPLETE : PGM_PHASE_STREAMING;
}

static PgmFollowSessionOptions
session_options (FollowRun *run, const PgmFollowWay *way)
{
  PgmFollowContext *ctx = &run->ctx;

  return (PgmFollowSessionOptions){
    .ends = ctx->ends,
    .end = way->end,
    .slot = way->slot,
    .publication = way->publication,
    .origin = way->origin,
    .start = way->start,
    .target = way->target,
    .copied_until = way->end == PGM_END_SOURCE ? ctx->state->copied_until : NULL,
    .conflicts = (PgmConflictPolicy) options_of (run)->on_conflict,
    .streaming = options_of (run)->streaming,
    .local_only = options_of (run)->local_only || way->end == PGM_END_DESTINATION,
    .directory = pgm_spill_directory (),
    .progress = ctx->progress,
    .caught_up_phase = following_phase (ctx->state),
    .transactions = run->totals.transactions,
    .changes = ctx->report->changes,
  };
}

/* What a cutover has left open is settled first: it says in which direction. */
/* A job that goes on has copied its tables in another life. */
static void
show_tables (const PgmFollowContext *ctx)
{
  if (pgm_progress_has_tables (ctx->progress))
    return;
  for (guint i = 0; i < ctx->catalog->tables->len; i++)
    {
      const PgmTable *table = g_ptr_array_index (ctx->catalog->tables, i);
      guint index;

      if (table->kind != 'r')
        continue;
      index = pgm_progress_add_table (ctx->progress, table->schema, table->name, -1,
                                      (guint64) MAX (table->bytes, 0));
      pgm_progress_table_status (ctx->progress, index, PGM_TABLE_STREAMING);
    }
}

static gboolean
start_session (FollowRun *run, GError **error)
{
  PgmFollowContext *ctx = &run->ctx;
  PgmFollowSessionOptions session;
  PgmFollowWay way;

  way = pgm_follow_way (ctx->state);
  if (way.slot == NULL)
    {
      run->over = TRUE;
      return TRUE;
    }
  if (!pgm_follow_check (ctx, &way, run->cancellable, error) ||
      !pgm_follow_read_catalog (ctx, run->cancellable, error))
    return FALSE;
  show_tables (ctx);
  session = session_options (run, &way);
  run->way = way;
  pgm_progress_set_phase (ctx->progress, way.end == PGM_END_SOURCE ? PGM_PHASE_CATCH_UP
                                                                   : PGM_PHASE_SWITCHOVER_COMPLETE);
  run->session = pgm_follow_session_start (&session);
  ctx->receiver = pgm_follow_session_get_receiver (run->session);
  ctx->applier = pgm_follow_session_get_applier (run->session);
  return TRUE;
}

/* ---- requests ---- */

typedef enum
{
  SERVED,  /* nothing, or done */
  AGAIN,   /* start a session now */
  STOPPED, /* @error is set, or the job is over */
} Service;

static void
allow (FollowRun *run, guint kinds, const char *state)
{
  run->kinds = kinds;
  run->state = state;
  pgm_control_allow (run->ctx.control, kinds, state);
}

/* Changes with the phase: tables can be compared once all that was is applied. */
static void
allow_while_following (FollowRun *run)
{
  gboolean done = run->ctx.state->cutover == PGM_CUTOVER_DONE;
  guint cutover = 1u << (done ? PGM_REQUEST_SWITCHOVER_BACK : PGM_REQUEST_SWITCHOVER);
  guint kinds = (1u << PGM_REQUEST_PAUSE) | (1u << PGM_REQUEST_CLEANUP);

  if (run->verify != NULL)
    allow (run, kinds, "both sides are being compared");
  else if (pgm_progress_get_phase (run->ctx.progress) == PGM_PHASE_CATCH_UP)
    allow (run, kinds | cutover, "the job is still catching up");
  else
    allow (run, kinds | cutover | (1u << PGM_REQUEST_VERIFY),
           done ? "the writes belong to the destination already"
                : "the writes belong to the source");
}

static void
allow_while_paused (FollowRun *run)
{
  allow (run, (1u << PGM_REQUEST_RESUME) | (1u << PGM_REQUEST_CLEANUP), "the job is paused");
}

/* Asked for when it can't be served any more: told in words, also to who waits. */
static void
refuse (FollowRun *run, const PgmJobRequest *request)
{
  PgmFollowContext *ctx = &run->ctx;
  g_autofree char *reason =
      g_strdup_printf ("%s was not done: %s", pgm_request_kind_names[request->kind], run->state);

  pgm_progress_event (ctx->progress, "warning", "%s", reason);
  if (request->kind == PGM_REQUEST_VERIFY)
    pgm_verify_refuse (ctx, reason);
  else if (request->kind == PGM_REQUEST_SWITCHOVER || request->kind == PGM_REQUEST_SWITCHOVER_BACK)
    pgm_switchover_refuse (ctx, request, reason);
}

/* ---- verify ---- */

/* Who sees its end may ask for the next thing at once. */
static void
end_verify (FollowRun *run, gboolean cancel)
{
  g_autoptr (PgmVerify) verify = g_steal_pointer (&run->verify);

  if (verify == NULL)
    return;
  if (pgm_progress_get_phase (run->ctx.progress) == PGM_PHASE_VERIFY)
    pgm_progress_set_phase (run->ctx.progress, following_phase (run->ctx.state));
  if (run->session != NULL && run->cleanup == NULL && !cancel)
    allow_while_following (run);
  pgm_verify_finish (verify, cancel);
}

/* The phase is shown whenever nothing else is: a lost session catches up first. */
static void
tend_verify (FollowRun *run)
{
  if (run->verify == NULL)
    return;
  if (pgm_verify_is_over (run->verify))
    {
      end_verify (run, FALSE);
      return;
    }
  if (pgm_progress_get_phase (run->ctx.progress) == following_phase (run->ctx.state))
    pgm_progress_set_phase (run->ctx.progress, PGM_PHASE_VERIFY);
  pgm_verify_tell (run->verify);
}

static void
begin_verify (FollowRun *run)
{
  run->verify = pgm_verify_start (&run->ctx, &run->way);
  tend_verify (run);
}

/* ---- the others ---- */

static gboolean
clean_up (FollowRun *run, GError **error)
{
  PgmFollowContext *ctx = &run->ctx;

  allow (run, 0, "the job is being removed");
  end_verify (run, TRUE);
  pgm_progress_set_activity (ctx->progress, "removing what is ours on both sides");
  if (!ensure_journal (run, error) || !pgm_switchover_recover (ctx, run->cancellable, error) ||
      !pgm_switchover_clear (ctx, !run->cleanup->keep_fence, run->cancellable, error) ||
      !pgm_follow_setup_remove (ctx->ends, ctx->state, ctx->journal, ctx->progress,
                                run->cancellable, error))
    return FALSE;
  run->over = TRUE;
  return TRUE;
}

static Service
end_for_another (FollowRun *run, GError **error)
{
  return end_session (run, FALSE, error) ? AGAIN : STOPPED;
}

static void
cancel_too (GCancellable *cancellable, gpointer other)
{
  g_cancellable_cancel (other);
}

/* Ends with the job's own cancellation, and by itself when somebody asks for that. */
static gboolean
run_switchover (FollowRun *run, const PgmSwitchoverOptions *options, GError **error)
{
  g_autoptr (GCancellable) own = g_cancellable_new ();
  gulong handler = g_cancellable_connect (run->cancellable, G_CALLBACK (cancel_too), own, NULL);
  gboolean done;

  pgm_control_set_cutover (run->ctx.control, own);
  done = pgm_switchover_run (&run->ctx, options, own, error);
  pgm_control_set_cutover (run->ctx.control, NULL);
  g_cancellable_disconnect (run->cancellable, handler);
  return done;
}

/* The session goes on while it is tried, and after it was given up. */
static Service
switch_over (FollowRun *run, PgmJobRequest *request, GError **error)
{
  PgmFollowContext *ctx = &run->ctx;
  PgmSwitchoverOptions *options = request->switchover != NULL
                                      ? pgm_record_ref (request->switchover)
                                      : pgm_record_new (&pgm_switchover_options_type);
  g_autoptr (GError) failure = NULL;
  PgmPhase before = pgm_progress_get_phase (ctx->progress);
  gboolean done;

  /* Who asks for the way back before the cutover has ended is served after it. */
  allow (run, ctx->state->cutover == PGM_CUTOVER_DONE ? 0 : 1u << PGM_REQUEST_SWITCHOVER_BACK,
         "the job is cutting over");
  pgm_progress_set_phase (ctx->progress, PGM_PHASE_SWITCHOVER);
  done = run_switchover (run, options, &failure);
  pgm_record_unref (options);
  if (!done)
    {
      if (!pgm_error_is_cancelled (failure))
        pgm_progress_error (ctx->progress, failure, TRUE);
      pgm_progress_set_phase (ctx->progress, before);
      allow_while_following (run);
      /* The fence may still be up: recovering takes it down before going on. */
      return ctx->state->cutover == PGM_CUTOVER_FENCED ? end_for_another (run, error) : SERVED;
    }
  /* What is asked for from here on waits for the next session. */
  allow_while_following (run);
  pgm_progress_set_phase (ctx->progress, PGM_PHASE_SWITCHOVER_COMPLETE);
  return end_for_another (run, error);
}

static Service serve (FollowRun *run, gint64 timeout_us, gboolean paused, GError **error);

/* The slot goes on to keep what comes. */
static Service
pause_job (FollowRun *run, GError **error)
{
  Service service = SERVED;

  if (!end_session (run, TRUE, error))
    return STOPPED;
  allow_while_paused (run);
  pgm_progress_set_phase (run->ctx.progress, PGM_PHASE_PAUSED);
  pgm_progress_set_activity (run->ctx.progress, "paused as it was asked for");
  while (service == SERVED)
    {
      if (g_cancellable_set_error_if_cancelled (run->cancellable, error))
        return STOPPED;
      service = serve (run, G_USEC_PER_SEC, TRUE, error);
    }
  return service;
}

static Service
serve_allowed (FollowRun *run, PgmJobRequest *request, gboolean paused, GError **error)
{
  switch ((PgmRequestKind) request->kind)
    {
    case PGM_REQUEST_PAUSE:
      return paused ? SERVED : pause_job (run, error);
    case PGM_REQUEST_RESUME:
      pgm_follow_retry_reset (&run->retry, g_get_monotonic_time ());
      return paused ? AGAIN : SERVED;
    case PGM_REQUEST_CLEANUP:
      run->cleanup = pgm_record_ref (request);
      return end_for_another (run, error);
    case PGM_REQUEST_SWITCHOVER:
    case PGM_REQUEST_SWITCHOVER_BACK:
      return switch_over (run, request, error);
    case PGM_REQUEST_SWITCHOVER_CANCEL: /* the control's own */
      return SERVED;
    case PGM_REQUEST_VERIFY:
    default:
      begin_verify (run);
      return SERVED;
    }
}

/* The control let it through in the state of then, which may be another one now. */
static Service
serve (FollowRun *run, gint64 timeout_us, gboolean paused, GError **error)
{
  PgmJobRequest *request;
  Service service = SERVED;

  tend_verify (run);
  request = pgm_control_take (run->ctx.control, timeout_us, run->cancellable);
  if (request == NULL)
    return SERVED;
  if ((run->kinds & (1u << request->kind)) == 0)
    refuse (run, request);
  else
    service = serve_allowed (run, request, paused, error);
  pgm_record_unref (request);
  return service;
}

/* ---- the loop ---- */

/* TRUE to go on with another session. */
static gboolean
wait_and_retry (FollowRun *run, gint64 wait_us, gboolean paused, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + wait_us;

  while (g_get_monotonic_time () < deadline)
    {
      gint64 left = deadline - g_get_monotonic_time ();

      if (g_cancellable_set_error_if_cancelled (run->cancellable, error))
        return FALSE;
      switch (serve (run, MIN (MAX (left, 1), G_USEC_PER_SEC), paused, error))
        {
        case AGAIN:
          return TRUE;
        case STOPPED:
          return FALSE;
        case SERVED:
        default:
          break;
        }
    }
  return !g_cancellable_set_error_if_cancelled (run->cancellable, error);
}

/* F57: waits for room, with the reason shown. */
static gboolean
wait_for_room (FollowRun *run, const GError *failure, GError **error)
{
  if (pgm_progress_get_phase (run->ctx.progress) != PGM_PHASE_PAUSED)
    pgm_progress_error (run->ctx.progress, failure, TRUE);
  pgm_progress_set_phase (run->ctx.progress, PGM_PHASE_PAUSED);
  pgm_progress_set_activity (run->ctx.progress, "no room on a disk, trying again by itself: %s",
                             failure->message);
  allow_while_paused (run);
  pgm_follow_retry_reset (&run->retry, g_get_monotonic_time ());
  return wait_and_retry (run, FULL_DISK_US, TRUE, error);
}

static gboolean
back_off (FollowRun *run, const GError *failure, GError **error)
{
  gint64 wait_ms = pgm_follow_retry_next (&run->retry, g_get_monotonic_time ());
  g_autofree char *wait = NULL;

  if (wait_ms < 0)
    {
      g_propagate_error (error, g_error_copy (failure));
      return FALSE;
    }
  wait = g_strdup_printf ("%.1f s", (double) wait_ms / 1000);
  pgm_progress_error (run->ctx.progress, failure, TRUE);
  pgm_progress_set_activity (run->ctx.progress, "trying again in %s: %s", wait, failure->message);
  if (run->cleanup != NULL)
    allow (run, 0, "the job is being removed as soon as both sides can be reached");
  else
    allow (run, (1u << PGM_REQUEST_PAUSE) | (1u << PGM_REQUEST_CLEANUP),
           "the job has lost a connection and tries again");
  return wait_and_retry (run, wait_ms * G_TIME_SPAN_MILLISECOND, FALSE, error);
}

/* FALSE: the job ends, with @error or because it is over. */
static gboolean
may_go_on (FollowRun *run, GError *failure, GError **error)
{
  g_autoptr (GError) own = failure;

  if (g_cancellable_set_error_if_cancelled (run->cancellable, error))
    return FALSE;
  if (pgm_follow_error_is_full_disk (failure))
    return wait_for_room (run, failure, error);
  if (pgm_follow_error_passes (failure))
    return back_off (run, failure, error);
  g_propagate_error (error, g_steal_pointer (&own));
  return FALSE;
}

/* From a good start until one of its parts ends or somebody wants something. */
static Service
watch_session (FollowRun *run, GError **error)
{
  Service service = SERVED;

  while (service == SERVED && !pgm_follow_session_is_over (run->session))
    {
      allow_while_following (run);
      service = serve (run, LOOK_US, FALSE, error);
      if (service != SERVED || !g_cancellable_is_cancelled (run->cancellable))
        continue;
      /* What ended it tells less than that it was asked to. */
      if (!end_session (run, FALSE, NULL))
        pgm_progress_set_activity (run->ctx.progress, "ending");
      g_cancellable_set_error_if_cancelled (run->cancellable, error);
      return STOPPED;
    }
  return service;
}

/* One session. FALSE with the reason for its end. */
static gboolean
follow_once (FollowRun *run, Service *service, GError **error)
{
  gint64 started;

  if (run->cleanup != NULL)
    return clean_up (run, error);
  if (!ensure_journal (run, error) ||
      !pgm_switchover_recover (&run->ctx, run->cancellable, error) || !start_session (run, error))
    return FALSE;
  if (run->over)
    return TRUE;
  started = g_get_monotonic_time ();
  *service = watch_session (run, error);
  pgm_follow_retry_note_session (&run->retry, started, g_get_monotonic_time ());
  if (*service != SERVED)
    return TRUE;
  if (end_session (run, FALSE, error))
    pgm_error_set (error, PGM_ERROR_LOST, "the server ended the stream of changes");
  return FALSE;
}

static gboolean
follow_until_stopped (FollowRun *run, GError **error)
{
  pgm_follow_retry_reset (&run->retry, g_get_monotonic_time ());
  while (!run->over)
    {
      GError *failure = NULL;
      Service service = SERVED;

      if (!follow_once (run, &service, &failure))
        {
          if (!may_go_on (run, failure, error))
            return run->over;
        }
      else if (service == STOPPED && (failure == NULL || !may_go_on (run, failure, error)))
        return run->over;
    }
  return TRUE;
}

/* ---- begin and end ---- */

static gboolean
prepare (FollowRun *run, GError **error)
{
  PgmFollowContext *ctx = &run->ctx;
  const PgmCloneOptions *clone = ctx->spec->clone;
  static const char *const none[] = { NULL };

  ctx->filter = pgm_filter_new (clone != NULL ? (const char *const *) clone->include : none,
                                clone != NULL ? (const char *const *) clone->exclude : none, error);
  if (ctx->filter == NULL)
    return FALSE;
  ctx->ends = pgm_ends_open (ctx->spec, run->cancellable, error);
  if (ctx->ends == NULL || !ensure_journal (run, error))
    return FALSE;
  if (!pgm_follow_state_read (ctx->journal, &ctx->state, run->cancellable, error))
    return FALSE;
  return pgm_follow_begin (ctx, run->cancellable, error);
}

static void
run_clear (FollowRun *run)
{
  PgmFollowContext *ctx = &run->ctx;

  g_clear_pointer (&run->session, pgm_follow_session_free);
  g_clear_pointer (&run->cleanup, pgm_record_unref);
  g_clear_pointer (&ctx->journal, pgm_connection_free);
  g_clear_pointer (&ctx->catalog, pgm_catalog_free);
  g_clear_pointer (&ctx->state, pgm_follow_state_free);
  g_clear_pointer (&ctx->filter, pgm_filter_free);
  g_clear_pointer (&ctx->ends, pgm_ends_free);
}

static void
tell_end (FollowRun *run, GError *failure)
{
  PgmReport *report = run->ctx.report;
  gboolean kept = run->ctx.state != NULL;

  if (failure == NULL)
    {
      report->outcome = PGM_OUTCOME_DONE;
      return;
    }
  report->outcome = pgm_error_is_cancelled (failure) ? PGM_OUTCOME_INTERRUPTED
                    : g_error_matches (failure, PGM_ERROR, PGM_ERROR_REFUSED) ? PGM_OUTCOME_REFUSED
                                                                              : PGM_OUTCOME_FAILED;
  report->resumable = kept;
  if (kept && pgm_error_is_cancelled (failure))
    report->hint = g_strdup (GO_ON_HINT);
  else if (kept && pgm_error_get_hint (failure) == NULL)
    pgm_error_set_hint (failure, GO_ON_HINT);
}

gboolean
pgm_follow_run (const PgmJobSpec *spec,
                PgmProgress *progress,
                PgmReport *report,
                PgmControl *control,
                GCancellable *cancellable,
                GError **error)
{
  FollowRun run = {
    .ctx = { .spec = spec, .progress = progress, .report = report, .control = control },
    .cancellable = cancellable,
  };
  GError *failure = NULL;
  gboolean ok;

  allow (&run, 0, "the job has not begun to follow");
  ok = prepare (&run, &failure) && follow_until_stopped (&run, &failure);
  end_verify (&run, TRUE);
  allow (&run, 0, "the job is ending");
  if (!ok && failure == NULL)
    pgm_error_set (&failure, PGM_ERROR_FAILED, "following ended");
  tell_end (&run, failure);
  run_clear (&run);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}
