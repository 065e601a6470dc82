#include "config.h"

#include "migration/follow-check.h"

#include <string.h>

#include "core/units.h"
#include "migration/progress-row.h"
#include "postgres/slot.h"

/* A backend that was left behind is given so long to end. */
#define TAKEOVER_SECONDS 60u

#define ANEW_HINT                                                                                  \
  "What is missing can't be had any more: remove the job with `pgmanager cleanup` and clone anew"  \
  " with --follow."

PgmFollowWay
pgm_follow_way (const PgmFollowState *state)
{
  if (state->cutover == PGM_CUTOVER_DONE)
    return (PgmFollowWay){ .end = PGM_END_DESTINATION,
                           .slot = state->reverse_slot,
                           .publication = state->reverse_publication,
                           .origin = state->reverse_origin };
  return (PgmFollowWay){ .end = PGM_END_SOURCE,
                         .slot = state->slot,
                         .publication = state->publication,
                         .origin = state->origin };
}

/* R6: another server, or the same one on another timeline, may have other WAL
 * under the same positions. What is 0 isn't known. */
static char *
describe_other (const PgmServerIdentity *was, const PgmServerIdentity *now)
{
  if (was->system_identifier != 0 && now->system_identifier != 0 &&
      was->system_identifier != now->system_identifier)
    return g_strdup_printf ("Its system identifier was %" G_GUINT64_FORMAT
                            " and is %" G_GUINT64_FORMAT " now.",
                            was->system_identifier, now->system_identifier);
  if (was->timeline != 0 && now->timeline != 0 && was->timeline != now->timeline)
    return g_strdup_printf ("Its timeline was %u and is %u now: after a fail-over or a recovery"
                            " to a point in time, changes that were sent before may be gone there,"
                            " and changes since then may never have been sent.",
                            was->timeline, now->timeline);
  return NULL;
}

static gboolean
check_identity (PgmFollowContext *ctx, PgmEnd end, GError **error)
{
  const PgmFollowState *state = ctx->state;
  PgmServerIdentity was = { state->source_system_identifier, state->source_timeline };
  g_autofree char *detail = NULL;

  if (end == PGM_END_DESTINATION)
    {
      was =
          (PgmServerIdentity){ state->destination_system_identifier, state->destination_timeline };
      detail = describe_other (&was, &ctx->ends->destination->identity);
    }
  else if (g_strcmp0 (state->source_database, ctx->ends->source->database) != 0)
    detail = g_strdup_printf ("It follows database \"%s\", not \"%s\".", state->source_database,
                              ctx->ends->source->database);
  else
    detail = describe_other (&was, &ctx->ends->source->identity);
  if (detail == NULL)
    return TRUE;
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, detail, ANEW_HINT,
                      "the %s is not the server that is followed", pgm_end_name (end));
  return FALSE;
}

static gboolean
check_publication (const PgmFollowWay *way,
                   PgmConnection *reader,
                   GCancellable *cancellable,
                   GError **error)
{
  gboolean exists = FALSE;

  if (!pgm_publication_exists (reader, way->publication, &exists, cancellable, error))
    return FALSE;
  if (!exists)
    pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL,
                        "What it published between its end and a new one of the same name could"
                        " not be told any more.",
                        ANEW_HINT, "publication \"%s\" is gone from the %s", way->publication,
                        pgm_end_name (way->end));
  return exists;
}

static gboolean
read_row (PgmFollowContext *ctx,
          PgmConnection *connection,
          PgmLsn *progress,
          GCancellable *cancellable,
          GError **error)
{
  return pgm_progress_row_lock (connection, ctx->state->job_id, cancellable, error) &&
         pgm_progress_row_read (connection, ctx->state->job_id, progress, cancellable, error);
}

static gboolean
read_origin (const PgmFollowWay *way,
             PgmConnection *connection,
             PgmLsn *progress,
             GCancellable *cancellable,
             GError **error)
{
  gboolean found = FALSE;

  if (!pgm_origin_read (connection, way->origin, &found, progress, cancellable, error))
    return FALSE;
  if (!found)
    {
      pgm_error_set_full (
          error, PGM_ERROR_REFUSED, NULL,
          "It told how far the changes have been applied, in the same transactions.", ANEW_HINT,
          "replication origin \"%s\" is gone from the %s", way->origin,
          pgm_connection_get_label (connection));
      return FALSE;
    }
  return pgm_origin_own (connection, way->origin, TAKEOVER_SECONDS, cancellable, error) &&
         pgm_origin_read (connection, way->origin, &found, progress, cancellable, error) &&
         pgm_connection_exec (connection, "SELECT pg_replication_origin_session_reset()",
                              cancellable, error);
}

/* Owning comes first: an old backend may still be committing (A8). */
static gboolean
read_progress (PgmFollowContext *ctx, PgmFollowWay *way, GCancellable *cancellable, GError **error)
{
  PgmEnd written = way->end == PGM_END_SOURCE ? PGM_END_DESTINATION : PGM_END_SOURCE;
  g_autoptr (PgmConnection) connection =
      pgm_ends_connect (ctx->ends, written, "progress", cancellable, error);
  PgmLsn progress = 0;

  if (connection == NULL)
    return FALSE;
  if (!(way->origin != NULL ? read_origin (way, connection, &progress, cancellable, error)
                            : read_row (ctx, connection, &progress, cancellable, error)))
    return FALSE;
  way->start = progress;
  if (way->end == PGM_END_DESTINATION)
    way->start = MAX (progress, ctx->state->reverse_start);
  else if (progress == 0)
    way->start = ctx->state->consistent_point;
  return TRUE;
}

static gboolean
refuse_gap (const PgmFollowWay *way, PgmLsn from, PgmLsn to, const char *what, GError **error)
{
  char from_text[PGM_LSN_TEXT_SIZE];
  char to_text[PGM_LSN_TEXT_SIZE];
  g_autofree char *size = pgm_format_bytes (pgm_lsn_distance (from, to));
  g_autofree char *detail =
      g_strdup_printf ("Everything up to %s is applied. What was committed between there and %s"
                       " (%s of WAL) is lost to this job.",
                       pgm_lsn_format (from, from_text), pgm_lsn_format (to, to_text), size);

  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, detail, ANEW_HINT, "slot \"%s\" on the %s %s",
                      way->slot, pgm_end_name (way->end), what);
  return FALSE;
}

static gboolean
check_slot (const PgmFollowWay *way, const PgmSlot *slot, GError **error)
{
  g_autofree char *lost = NULL;

  if (slot == NULL)
    return refuse_gap (way, way->start, way->target, "is gone", error);
  if (g_strcmp0 (slot->wal_status, "lost") == 0 || slot->invalidation_reason != NULL)
    {
      lost = g_strdup_printf ("was invalidated (wal_status %s%s%s)",
                              slot->wal_status != NULL ? slot->wal_status : "unknown",
                              slot->invalidation_reason != NULL ? ", " : "",
                              slot->invalidation_reason != NULL ? slot->invalidation_reason : "");
      return refuse_gap (way, way->start, way->target, lost, error);
    }
  if (slot->confirmed_flush_lsn > way->start)
    return refuse_gap (way, way->start, slot->confirmed_flush_lsn,
                       "was confirmed beyond what is applied, by somebody else or before the"
                       " destination was restored from a backup",
                       error);
  if (g_strcmp0 (slot->plugin, "pgoutput") != 0 || slot->two_phase)
    {
      pgm_error_set (error, PGM_ERROR_REFUSED,
                     slot->two_phase ? "slot \"%s\" sends prepared transactions by themselves"
                                     : "slot \"%s\" is not one of the plugin pgoutput",
                     way->slot);
      return FALSE;
    }
  return TRUE;
}

/* A walsender of ours that hasn't noticed yet that we are gone; anybody else's is
 * left alone. */
static const char end_leftover_sql[] =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid = %d AND application_name LIKE 'pgmanager receive %%'";

static gboolean
free_slot (const PgmFollowWay *way,
           PgmConnection *reader,
           PgmSlot **slot,
           GCancellable *cancellable,
           GError **error)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) TAKEOVER_SECONDS * G_USEC_PER_SEC;

  while (*slot != NULL && (*slot)->active)
    {
      g_autoptr (GError) ignored = NULL;

      if (!pgm_connection_execf (reader, cancellable, &ignored, end_leftover_sql,
                                 (*slot)->active_pid) &&
          (pgm_error_is_cancelled (ignored) || pgm_connection_is_lost (reader)))
        {
          g_propagate_error (error, g_steal_pointer (&ignored));
          return FALSE;
        }
      if (g_get_monotonic_time () > deadline)
        {
          pgm_error_set_full (
              error, PGM_ERROR_REFUSED, NULL, NULL, "Stop who uses it, or name another slot.",
              "slot \"%s\" is in use by process %d", way->slot, (*slot)->active_pid);
          return FALSE;
        }
      if (!pgm_connection_exec (reader, "SELECT pg_sleep(0.1)", cancellable, error))
        return FALSE;
      g_clear_pointer (slot, pgm_slot_free);
      if (!pgm_slot_read (reader, way->slot, slot, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
pgm_follow_check (PgmFollowContext *ctx,
                  PgmFollowWay *way,
                  GCancellable *cancellable,
                  GError **error)
{
  g_autoptr (PgmConnection) reader = NULL;
  g_autoptr (PgmSlot) slot = NULL;
  g_autofree char *end = NULL;

  if (!check_identity (ctx, way->end, error))
    return FALSE;
  reader = pgm_ends_connect (ctx->ends, way->end, "check", cancellable, error);
  if (reader == NULL || !read_progress (ctx, way, cancellable, error))
    return FALSE;
  end = pgm_connection_query_value (
      reader,
      "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
      " ELSE pg_current_wal_flush_lsn() END",
      0, NULL, cancellable, error);
  return end != NULL && pgm_lsn_parse (end, &way->target, error) &&
         check_publication (way, reader, cancellable, error) &&
         pgm_slot_read (reader, way->slot, &slot, cancellable, error) &&
         check_slot (way, slot, error) && free_slot (way, reader, &slot, cancellable, error);
}

gboolean
pgm_follow_error_is_full_disk (const GError *error)
{
  return g_strcmp0 (pgm_error_get_sqlstate (error), "53100") == 0;
}

/* By SQLSTATE: connection exceptions, conflicts between transactions, too many
 * sessions, a server that is shut down or starts, an object that is still in use.
 * A login that is refused for other reasons stays refused. */
gboolean
pgm_follow_error_passes (const GError *error)
{
  static const char *const passing[] = { "08", "40", "53300", "57P0", "55006", "55P03", NULL };
  const char *state = pgm_error_get_sqlstate (error);

  if (g_error_matches (error, PGM_ERROR, PGM_ERROR_LOST))
    return TRUE;
  if (!g_error_matches (error, PGM_ERROR, PGM_ERROR_CONNECT) &&
      !g_error_matches (error, PGM_ERROR, PGM_ERROR_SQL))
    return FALSE;
  if (state == NULL)
    return g_error_matches (error, PGM_ERROR, PGM_ERROR_CONNECT);
  for (guint i = 0; passing[i] != NULL; i++)
    if (g_str_has_prefix (state, passing[i]))
      return TRUE;
  return FALSE;
}
