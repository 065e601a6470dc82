#include "migration/sentinel.h"

#include "core/failpoint.h"

/* pgoutput sends logical messages from this major on. */
#define MESSAGES_MAJOR 14

gboolean
pgm_sentinel_prepare (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  return pgm_connection_exec (connection, "SET synchronous_commit = 'on'", cancellable, error);
}

static gboolean
parse (const char *text, PgmLsn *lsn, GError **error)
{
  return text != NULL && pgm_lsn_parse (text, lsn, error);
}

/* Below 14: where the flush of our own commit has got to, or further. */
static gboolean
read_flushed (PgmSentinel *self,
              PgmConnection *connection,
              GCancellable *cancellable,
              GError **error)
{
  g_autofree char *text = pgm_connection_query_value (
      connection, "SELECT pg_catalog.pg_current_wal_flush_lsn()", 0, NULL, cancellable, error);

  return parse (text, &self->end_lsn, error);
}

gboolean
pgm_sentinel_send (PgmSentinel *self,
                   PgmConnection *connection,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autofree char *content = g_uuid_string_random ();
  const char *params[] = { content };
  g_autofree char *text = NULL;

  if (!PGM_FAILPOINT ("sentinel.send", error))
    return FALSE;
  text = pgm_connection_query_value (
      connection,
      "SELECT pg_catalog.pg_logical_emit_message(true, '" PGM_MESSAGE_PREFIX
      "', $1::pg_catalog.text)",
      1, params, cancellable, error);
  pgm_sentinel_clear (self);
  self->content = g_steal_pointer (&content);
  if (!parse (text, &self->lsn, error))
    return FALSE;
  return pgm_connection_get_major (connection) >= MESSAGES_MAJOR ||
         read_flushed (self, connection, cancellable, error);
}

static gboolean
await_position (PgmSentinel *self,
                PgmApplier *applier,
                gint64 deadline,
                GCancellable *cancellable,
                GError **error)
{
  PgmApplierStats stats = { 0 };

  if (!pgm_applier_wait_flushed (applier, self->end_lsn, deadline, cancellable, error))
    return FALSE;
  pgm_applier_get_stats (applier, &stats);
  self->others = stats.inserts + stats.updates + stats.deletes + stats.truncates;
  return TRUE;
}

gboolean
pgm_sentinel_await (PgmSentinel *self,
                    PgmConnection *connection,
                    PgmApplier *applier,
                    gint64 deadline,
                    GCancellable *cancellable,
                    GError **error)
{
  PgmSentinelSighting sighting = { 0 };

  if (pgm_connection_get_major (connection) < MESSAGES_MAJOR)
    return await_position (self, applier, deadline, cancellable, error);
  if (!pgm_applier_wait_sentinel (applier, self->content, deadline, &sighting, cancellable, error))
    return FALSE;
  self->end_lsn = sighting.end_lsn;
  self->others = sighting.transactions;
  return TRUE;
}

void
pgm_sentinel_clear (PgmSentinel *self)
{
  g_clear_pointer (&self->content, g_free);
  *self = (PgmSentinel){ 0 };
}
