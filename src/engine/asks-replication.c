#include "engine/asks-private.h"

#include "engine/nodes.h"
#include "model/report.h"
#include "postgres/inspect.h"
#include "postgres/quote.h"

/* Between the two looks at the position that the rate is made of. */
#define RATE_MILLISECONDS 500

typedef struct
{
  PgmReplication *record;
  PgmNodeSession *session;
  gboolean read_stats;
  char *role; /* quoted */
} Reading;

static char *
copy_text (PgmResult *rows, guint row, guint column)
{
  return g_strdup (pgm_result_get (rows, row, column));
}

static PgmLsn
get_lsn (PgmResult *rows, guint row, guint column)
{
  const char *text = pgm_result_get (rows, row, column);
  PgmLsn lsn = PGM_LSN_INVALID;

  if (text == NULL || !pgm_lsn_parse (text, &lsn, NULL))
    return PGM_LSN_INVALID;
  return lsn;
}

void
pgm_asks_add_note (GPtrArray *notes, const char *name, const char *reason, char *fix_sql)
{
  PgmCheck *note = pgm_record_new (&pgm_check_type);

  note->name = g_strdup (name);
  note->level = PGM_CHECK_WARNING;
  note->reason = g_strdup (reason);
  note->fix_sql = fix_sql;
  g_ptr_array_add (notes, note);
}

static gboolean
read_server (Reading *self, GError **error)
{
  g_autoptr (PgmResult) row =
      pgm_inspect_server (self->session->connection, self->session->cancellable, error);

  if (row == NULL)
    return FALSE;
  self->record->is_replica = pgm_result_get_bool (row, 0, PGM_INSPECT_SERVER_REPLICA);
  self->record->current_lsn = get_lsn (row, 0, PGM_INSPECT_SERVER_LSN);
  self->read_stats = pgm_result_get_bool (row, 0, PGM_INSPECT_SERVER_READ_STATS);
  self->role = pgm_quote_identifier (pgm_result_get (row, 0, PGM_INSPECT_SERVER_ROLE));
  return TRUE;
}

static gboolean
read_slots (Reading *self, GError **error)
{
  g_autoptr (PgmResult) rows =
      pgm_inspect_slots (self->session->connection, self->session->cancellable, error);

  for (guint row = 0; rows != NULL && row < pgm_result_get_rows (rows); row++)
    {
      PgmSlotState *slot = pgm_record_new (&pgm_slot_state_type);

      slot->name = copy_text (rows, row, PGM_INSPECT_SLOT_NAME);
      slot->plugin = copy_text (rows, row, PGM_INSPECT_SLOT_PLUGIN);
      slot->slot_type = copy_text (rows, row, PGM_INSPECT_SLOT_TYPE);
      slot->database = copy_text (rows, row, PGM_INSPECT_SLOT_DATABASE);
      slot->active = pgm_result_get_bool (rows, row, PGM_INSPECT_SLOT_ACTIVE);
      slot->wal_status = copy_text (rows, row, PGM_INSPECT_SLOT_WAL_STATUS);
      slot->restart_lsn = get_lsn (rows, row, PGM_INSPECT_SLOT_RESTART_LSN);
      slot->confirmed_flush_lsn = get_lsn (rows, row, PGM_INSPECT_SLOT_CONFIRMED_LSN);
      slot->retained_bytes = (guint64) pgm_result_get_int64 (rows, row, PGM_INSPECT_SLOT_RETAINED);
      slot->safe_wal_bytes = pgm_result_get (rows, row, PGM_INSPECT_SLOT_SAFE_BYTES) != NULL
                                 ? pgm_result_get_int64 (rows, row, PGM_INSPECT_SLOT_SAFE_BYTES)
                                 : -1;
      slot->forecast_seconds = -1;
      g_ptr_array_add (self->record->slots, slot);
    }
  return rows != NULL;
}

static gboolean
has_limited_slot (const GPtrArray *slots)
{
  for (guint i = 0; i < slots->len; i++)
    if (((PgmSlotState *) g_ptr_array_index (slots, i))->safe_wal_bytes >= 0)
      return TRUE;
  return FALSE;
}

/* A slot that is read moves on; the forecast is for the case that it isn't. */
static gboolean
forecast_slots (Reading *self, gint64 began, GError **error)
{
  PgmLsn position;
  double seconds;
  double rate;

  if (!has_limited_slot (self->record->slots))
    return TRUE;
  if (!pgm_connection_execf (self->session->connection, self->session->cancellable, error,
                             "SELECT pg_sleep(%g)", RATE_MILLISECONDS / 1000.0) ||
      !pgm_inspect_position (self->session->connection, &position, self->session->cancellable,
                             error))
    return FALSE;
  seconds = (double) (g_get_monotonic_time () - began) / G_USEC_PER_SEC;
  rate = position > self->record->current_lsn
             ? (double) (position - self->record->current_lsn) / seconds
             : 0;
  for (guint i = 0; i < self->record->slots->len && rate > 0; i++)
    {
      PgmSlotState *slot = g_ptr_array_index (self->record->slots, i);

      if (slot->safe_wal_bytes >= 0)
        slot->forecast_seconds = (gint64) ((double) slot->safe_wal_bytes / rate);
    }
  return TRUE;
}

static gboolean
read_senders (Reading *self, GError **error)
{
  g_autoptr (PgmResult) rows =
      pgm_inspect_senders (self->session->connection, self->session->cancellable, error);

  for (guint row = 0; rows != NULL && row < pgm_result_get_rows (rows); row++)
    {
      PgmSenderState *sender = pgm_record_new (&pgm_sender_state_type);
      const char *lag = pgm_result_get (rows, row, PGM_INSPECT_SENDER_LAG_SECONDS);

      sender->application_name = copy_text (rows, row, PGM_INSPECT_SENDER_APPLICATION);
      sender->client_address = copy_text (rows, row, PGM_INSPECT_SENDER_ADDRESS);
      sender->user = copy_text (rows, row, PGM_INSPECT_SENDER_USER);
      sender->state = copy_text (rows, row, PGM_INSPECT_SENDER_STATE);
      sender->sync_state = copy_text (rows, row, PGM_INSPECT_SENDER_SYNC_STATE);
      sender->sent_lsn = get_lsn (rows, row, PGM_INSPECT_SENDER_SENT_LSN);
      sender->replay_lsn = get_lsn (rows, row, PGM_INSPECT_SENDER_REPLAY_LSN);
      sender->lag_bytes = (guint64) pgm_result_get_int64 (rows, row, PGM_INSPECT_SENDER_LAG_BYTES);
      sender->replay_lag_sec = lag != NULL ? g_ascii_strtod (lag, NULL) : -1;
      g_ptr_array_add (self->record->senders, sender);
    }
  return rows != NULL;
}

static gboolean
read_upstream (Reading *self, GError **error)
{
  g_autoptr (PgmResult) rows =
      pgm_inspect_receiver (self->session->connection, self->session->cancellable, error);
  const char *host;

  if (rows == NULL || pgm_result_get_rows (rows) == 0)
    return rows != NULL;
  host = pgm_result_get (rows, 0, PGM_INSPECT_RECEIVER_HOST);
  if (host != NULL)
    self->record->upstream = g_strdup_printf (
        "%s:%s", host, pgm_result_get_or (rows, 0, PGM_INSPECT_RECEIVER_PORT, "?"));
  return TRUE;
}

static gboolean
read_publications (Reading *self, GError **error)
{
  g_autoptr (PgmResult) rows =
      pgm_inspect_publications (self->session->connection, self->session->cancellable, error);

  for (guint row = 0; rows != NULL && row < pgm_result_get_rows (rows); row++)
    {
      PgmPublicationState *publication = pgm_record_new (&pgm_publication_state_type);

      publication->name = copy_text (rows, row, PGM_INSPECT_PUBLICATION_NAME);
      publication->owner = copy_text (rows, row, PGM_INSPECT_PUBLICATION_OWNER);
      publication->all_tables = pgm_result_get_bool (rows, row, PGM_INSPECT_PUBLICATION_ALL_TABLES);
      publication->tables = pgm_result_get_int64 (rows, row, PGM_INSPECT_PUBLICATION_TABLES);
      publication->operations = copy_text (rows, row, PGM_INSPECT_PUBLICATION_OPERATIONS);
      g_ptr_array_add (self->record->publications, publication);
    }
  return rows != NULL;
}

static gboolean
read_subscriptions (Reading *self, GError **error)
{
  g_autoptr (PgmResult) rows =
      pgm_inspect_subscriptions (self->session->connection, self->session->cancellable, error);

  for (guint row = 0; rows != NULL && row < pgm_result_get_rows (rows); row++)
    {
      PgmSubscriptionState *subscription = pgm_record_new (&pgm_subscription_state_type);

      subscription->name = copy_text (rows, row, PGM_INSPECT_SUBSCRIPTION_NAME);
      subscription->enabled = pgm_result_get_bool (rows, row, PGM_INSPECT_SUBSCRIPTION_ENABLED);
      subscription->slot_name = copy_text (rows, row, PGM_INSPECT_SUBSCRIPTION_SLOT);
      subscription->received_lsn = get_lsn (rows, row, PGM_INSPECT_SUBSCRIPTION_RECEIVED_LSN);
      g_ptr_array_add (self->record->subscriptions, subscription);
    }
  return rows != NULL;
}

static void
note_origins (Reading *self)
{
  gboolean grantable = pgm_connection_get_major (self->session->connection) >= 14;

  pgm_asks_add_note (
      self->record->notes, "origin-progress",
      grantable ? "How far the replication origins are can't be seen by our role."
                : "How far the replication origins are can only be seen by a"
                  " superuser before PostgreSQL 14.",
      grantable ? g_strdup_printf (
                      "GRANT SELECT ON pg_catalog.pg_replication_origin_status TO %s; GRANT "
                      "EXECUTE ON FUNCTION pg_catalog.pg_show_replication_origin_status() TO "
                      "%s;",
                      self->role, self->role)
                : NULL);
}

static gboolean
read_origins (Reading *self, GError **error)
{
  g_autoptr (PgmResult) rows = NULL;
  gboolean may;

  if (!pgm_inspect_may_read_origins (self->session->connection, &may, self->session->cancellable,
                                     error))
    return FALSE;
  rows = pgm_inspect_origins (self->session->connection, may, self->session->cancellable, error);
  for (guint row = 0; rows != NULL && row < pgm_result_get_rows (rows); row++)
    {
      PgmOriginState *origin = pgm_record_new (&pgm_origin_state_type);

      origin->name = copy_text (rows, row, PGM_INSPECT_ORIGIN_NAME);
      origin->remote_lsn = get_lsn (rows, row, PGM_INSPECT_ORIGIN_REMOTE_LSN);
      origin->local_lsn = get_lsn (rows, row, PGM_INSPECT_ORIGIN_LOCAL_LSN);
      g_ptr_array_add (self->record->origins, origin);
    }
  if (rows != NULL && !may && self->record->origins->len > 0)
    note_origins (self);
  return rows != NULL;
}

void
pgm_asks_note_stats (GPtrArray *notes, const char *quoted_role)
{
  pgm_asks_add_note (
      notes, "replication-details",
      "Who replicates from here, and from where this server receives, can't be seen"
      " by our role.",
      g_strdup_printf ("GRANT pg_read_all_stats TO %s; -- pg_monitor includes it", quoted_role));
}

static gboolean
read_all (Reading *self, GError **error)
{
  gint64 began = g_get_monotonic_time ();

  if (!read_server (self, error))
    return FALSE;
  if (!self->read_stats)
    pgm_asks_note_stats (self->record->notes, self->role);
  return read_slots (self, error) && read_senders (self, error) && read_upstream (self, error) &&
         read_publications (self, error) && read_subscriptions (self, error) &&
         read_origins (self, error) && forecast_slots (self, began, error);
}

gpointer
pgm_answer_read_replication (PgmStore *store,
                             const char *id,
                             gpointer request,
                             GCancellable *cancellable,
                             GError **error)
{
  const PgmIntrospectionQuery *query = request;
  g_autoptr (PgmNodeSession) session =
      pgm_nodes_open (store, id, query->node, query->database, cancellable, error);
  Reading reading = { .session = session };
  gboolean done;

  if (session == NULL)
    return NULL;
  reading.record = pgm_record_new (&pgm_replication_type);
  done = read_all (&reading, error);
  g_free (reading.role);
  if (done)
    return reading.record;
  pgm_node_session_explain (session, "the state of replication", error);
  pgm_record_unref (reading.record);
  return NULL;
}
