#include "migration/switchover-private.h"

#include "core/failpoint.h"

/* Of the timeout: what the stop may spend on reading again what isn't replicated. */
#define BUDGET 0.5

/* A sentinel that comes back sooner says that the stop will be short. Microseconds. */
#define NEAR     250000
#define PROBE_US 100000

/* Seconds that a slot for the way back may wait for old transactions, at least. */
#define SLOT_PATIENCE 60.0

static gboolean
open_sessions (PgmSwitchover *self, GCancellable *cancellable, GError **error)
{
  PgmEnds *ends = self->ctx->ends;
  PgmConnection *locker = NULL;

  pgm_cutover_log_begin (self->log, "sessions");
  self->reader = pgm_ends_connect (ends, self->from, "cutover", cancellable, error);
  if (self->reader == NULL)
    return FALSE;
  self->witness = pgm_ends_connect (ends, self->from, "sentinel", cancellable, error);
  if (self->witness == NULL || !pgm_sentinel_prepare (self->witness, cancellable, error))
    return FALSE;
  locker = pgm_ends_connect (ends, self->from, "lock", cancellable, error);
  if (locker == NULL)
    return FALSE;
  self->catalog = pgm_catalog_read_structure (self->reader, cancellable, error);
  if (self->catalog == NULL)
    {
      pgm_connection_free (locker);
      return FALSE;
    }
  pgm_filter_apply (self->ctx->filter, self->catalog);
  self->lock = pgm_table_lock_new (locker, self->catalog);
  self->writer = pgm_ends_connect (ends, self->to, "cutover", cancellable, error);
  if (self->writer == NULL ||
      !pgm_connection_exec (self->writer, "SET synchronous_commit = 'on'", cancellable, error))
    return FALSE;
  self->reverse = (PgmReverse){ self->ctx, self->back, self->reader, self->writer };
  pgm_cutover_log_done (self->log, "4 sessions are open");
  return TRUE;
}

/* A prepared transaction can't be waited for, and its changes are not there yet. */
static gboolean
check_prepared (PgmSwitchover *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmResult) prepared = pgm_connection_query (
      self->reader,
      "SELECT gid, owner FROM pg_catalog.pg_prepared_xacts WHERE database = current_database()"
      " ORDER BY prepared LIMIT 1",
      0, NULL, cancellable, error);

  if (prepared == NULL)
    return FALSE;
  if (pgm_result_get_rows (prepared) == 0)
    return TRUE;
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                      "COMMIT PREPARED or ROLLBACK PREPARED it first.",
                      "%s: the prepared transaction “%s” of %s holds its locks",
                      pgm_connection_get_label (self->reader), pgm_result_get (prepared, 0, 0),
                      pgm_result_get_or (prepared, 0, 1, "?"));
  return FALSE;
}

static gboolean
check_standby (PgmSwitchover *self, GError **error)
{
  const PgmServerInfo *server =
      self->from == PGM_END_SOURCE ? self->ctx->ends->source : self->ctx->ends->destination;

  if (!server->in_recovery)
    return TRUE;
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                      "Stop the writers by hand, wait until nothing is behind, then stop the job.",
                      "a standby can't be fenced: its writes happen on another server");
  return FALSE;
}

/* Everything that is lacking at once, so that it can be granted at once. */
static gboolean
refuse_missing (GPtrArray *missing, GError **error)
{
  g_autoptr (GString) subjects = g_string_new (NULL);
  g_autoptr (GString) fixes = g_string_new (NULL);

  if (missing->len == 0)
    return TRUE;
  for (guint i = 0; i < missing->len; i++)
    {
      const PgmMissingPrivilege *lacking = g_ptr_array_index (missing, i);

      g_string_append_printf (subjects, "%son the %s: %s", i > 0 ? "\n" : "", lacking->side,
                              lacking->subject);
      if (lacking->note != NULL)
        g_string_append_printf (subjects, " (%s)", lacking->note);
      g_string_append_printf (fixes, "%s%s; -- on the %s", i > 0 ? "\n" : "", lacking->fix_sql,
                              lacking->side);
    }
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, subjects->str, fixes->str,
                      "privileges for the cutover are missing");
  return FALSE;
}

gboolean
pgm_switchover_plan_fence (PgmSwitchover *self,
                           GPtrArray *missing,
                           GCancellable *cancellable,
                           GError **error)
{
  PgmFenceRecord *fence = pgm_fence_plan (self->ctx->ends, self->from, self->reader, self->options,
                                          missing, cancellable, error);

  if (fence == NULL)
    return FALSE;
  pgm_record_unref (self->fence);
  self->fence = fence;
  return TRUE;
}

static gboolean
preflight (PgmSwitchover *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) missing =
      g_ptr_array_new_with_free_func ((GDestroyNotify) pgm_missing_privilege_free);

  pgm_cutover_log_begin (self->log, "preflight");
  if (!check_standby (self, error) || !check_prepared (self, cancellable, error) ||
      !pgm_table_lock_check_privileges (self->lock, missing, cancellable, error) ||
      !pgm_switchover_plan_fence (self, missing, cancellable, error))
    return FALSE;
  pgm_missing_privileges_set_side (missing, pgm_end_name (self->from));
  if (!self->options->no_reverse &&
      !pgm_reverse_check (&self->reverse, missing, cancellable, error))
    return FALSE;
  if (!refuse_missing (missing, error))
    return FALSE;
  pgm_cutover_log_done (self->log, "%u tables to be locked",
                        pgm_table_lock_get_tables (self->lock));
  return TRUE;
}

static gboolean
prepare_handover (PgmSwitchover *self, GCancellable *cancellable, GError **error)
{
  PgmHandoverOptions options = {
    .filter = self->ctx->filter,
    .catalog = self->catalog,
    .followed = self->ctx->catalog,
    .progress = self->ctx->progress,
    .sequence_margin = self->options->sequence_margin,
    .budget = self->timeout * BUDGET,
  };

  pgm_cutover_log_begin (self->log, "handover-ready");
  self->handover = pgm_handover_new (&options);
  if (!pgm_handover_prepare (self->handover, self->reader, self->writer, cancellable, error))
    return FALSE;
  pgm_cutover_log_done (self->log, "%u sequences to be taken over",
                        pgm_handover_get_sequences (self->handover));
  return TRUE;
}

static gboolean
prepare_reverse (PgmSwitchover *self, GCancellable *cancellable, GError **error)
{
  pgm_cutover_log_begin (self->log, "way-back");
  if (self->options->no_reverse)
    {
      pgm_cutover_log_done (self->log, "none, as asked for");
      return TRUE;
    }
  self->reverse_made = TRUE;
  if (!pgm_reverse_prepare (&self->reverse, MAX (self->timeout, SLOT_PATIENCE), cancellable, error))
    return FALSE;
  pgm_cutover_log_done (self->log, "publication, slot and origin are there");
  return TRUE;
}

static gboolean
prepare_lock (PgmSwitchover *self, GCancellable *cancellable, GError **error)
{
  /* Catching up and the stop may take the timeout each; a hung process of ours must
   * not hold the locks for much longer. */
  gint64 idle_limit = (gint64) (self->timeout * 2000) + 5000;

  pgm_cutover_log_begin (self->log, "lock-ready");
  if (!pgm_table_lock_prepare (self->lock, idle_limit, cancellable, error))
    return FALSE;
  pgm_cutover_log_done (self->log, "vacuums and DDL are kept away");
  return TRUE;
}

/* Sentinels that prove nothing yet: they measure how far the other side is behind. */
static gboolean
catch_up (PgmSwitchover *self, GCancellable *cancellable, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) (self->timeout * G_USEC_PER_SEC);
  gint64 took = 0;

  pgm_cutover_log_begin (self->log, "catch-up");
  pgm_progress_set_activity (self->ctx->progress, "catching up");
  do
    {
      g_auto (PgmSentinel) probe = { NULL };
      gint64 began = g_get_monotonic_time ();
      g_autoptr (GError) local = NULL;

      if (took > 0)
        g_usleep (PROBE_US);
      if (!pgm_sentinel_send (&probe, self->witness, cancellable, error))
        return FALSE;
      if (!pgm_sentinel_await (&probe, self->witness, self->ctx->applier, deadline, cancellable,
                               &local))
        {
          if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
            pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                                "Wait until less is left to be applied, then try again.",
                                "the other side is more than %g s behind", self->timeout);
          else
            g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      took = g_get_monotonic_time () - began;
    }
  while (took > NEAR && g_get_monotonic_time () < deadline);
  pgm_cutover_log_done (self->log, "%.0f ms behind", (double) took / 1000);
  return TRUE;
}

gboolean
pgm_switchover_make_ready (PgmSwitchover *self, GCancellable *cancellable, GError **error)
{
  return open_sessions (self, cancellable, error) && preflight (self, cancellable, error) &&
         prepare_handover (self, cancellable, error) &&
         prepare_reverse (self, cancellable, error) && prepare_lock (self, cancellable, error) &&
         catch_up (self, cancellable, error) && PGM_FAILPOINT ("switchover.ready", error);
}
