#include "migration/ends.h"

#include <string.h>

/* PostgreSQL cuts application names at NAMEDATALEN - 1 bytes. */
#define APPLICATION_NAME_MAX 63

/* Shared by every session of ours on a destination, see pgm_ends_own(). */
#define SESSION_LOCK "1346850637, 2"
#define OWNER_LOCK   "1346850637, 1"

/* Tenths of a second. */
#define OWN_ATTEMPTS 30u

static PgmConninfo *
conninfo_override (PgmConninfo *info, const char *keyword, const char *value)
{
  PgmConninfo *changed = NULL;

  if (value == NULL || *value == '\0')
    return info;
  changed = pgm_conninfo_with (info, keyword, value);
  pgm_conninfo_unref (info);
  return changed;
}

PgmConninfo *
pgm_endpoint_to_conninfo (const PgmEndpoint *endpoint, GError **error)
{
  PgmConninfo *info = NULL;
  PgmConninfo *with_password = NULL;

  if (endpoint == NULL)
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "an end of the job is not given");
      return NULL;
    }
  info = pgm_conninfo_new (endpoint->uri, error);
  if (info == NULL)
    return NULL;
  info = conninfo_override (info, "host", endpoint->host);
  info = conninfo_override (info, "port", endpoint->port);
  info = conninfo_override (info, "user", endpoint->user);
  info = conninfo_override (info, "dbname", endpoint->dbname);
  if (endpoint->password == NULL)
    return info;
  with_password = pgm_conninfo_with_password (info, endpoint->password);
  pgm_conninfo_unref (info);
  return with_password;
}

static char *
make_application_name (const PgmEnds *self, const char *role)
{
  g_autofree char *name = g_strdup_printf ("pgmanager %s %s", role, self->job_id);

  if (strlen (name) > APPLICATION_NAME_MAX)
    name[APPLICATION_NAME_MAX] = '\0';
  return g_steal_pointer (&name);
}

static PgmConnection *
open_session (PgmEnds *self,
              PgmEnd end,
              const char *role,
              gboolean replication,
              GCancellable *cancellable,
              GError **error)
{
  gboolean is_source = end == PGM_END_SOURCE;
  PgmServerInfo *facts = is_source ? self->source : self->destination;
  g_autofree char *application_name = make_application_name (self, role);
  PgmSessionOptions options = {
    .label = is_source ? "source" : "destination",
    .application_name = application_name,
    .client_encoding = self->source != NULL ? self->source->encoding : NULL,
    .replication = replication,
    .expected = facts != NULL ? &facts->identity : NULL,
  };

  return pgm_connection_open (is_source ? self->source_info : self->destination_info, &options,
                              cancellable, error);
}

/* A server refuses a client_encoding that it can't convert to its own before
 * anything else can be asked. */
static void
explain_encoding (PgmEnds *self, PgmEnd end, GError **error)
{
  if (end != PGM_END_DESTINATION || error == NULL ||
      g_strcmp0 (pgm_error_get_sqlstate (*error), "0A000") != 0)
    return;
  g_clear_error (error);
  pgm_error_set_full (
      error, PGM_ERROR_REFUSED, NULL, NULL,
      "Make the destination database with ENCODING 'UTF8' or that of the source.",
      "the destination's encoding can't hold text of the source, which is encoded in %s",
      self->source->encoding);
}

const char *
pgm_end_name (PgmEnd end)
{
  return end == PGM_END_SOURCE ? "source" : "destination";
}

/* Connects once, and keeps what the server says of itself. */
static gboolean
learn_end (PgmEnds *self, PgmEnd end, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmConnection) connection =
      open_session (self, end, "facts", FALSE, cancellable, error);
  PgmServerInfo *facts = NULL;

  if (connection == NULL)
    {
      explain_encoding (self, end, error);
      return FALSE;
    }
  facts = pgm_server_info_read (connection, cancellable, error);
  self->on_one_machine &= pgm_connection_is_local (connection);
  if (end == PGM_END_SOURCE)
    self->source = facts;
  else
    self->destination = facts;
  return facts != NULL;
}

PgmEnds *
pgm_ends_open (const PgmJobSpec *spec, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmEnds) self = g_new0 (PgmEnds, 1);

  self->on_one_machine = TRUE; /* until one isn't here */
  self->job_id = spec->id != NULL ? g_strdup (spec->id) : g_uuid_string_random ();
  self->source_info = pgm_endpoint_to_conninfo (spec->source, error);
  if (self->source_info == NULL)
    return NULL;
  self->destination_info = pgm_endpoint_to_conninfo (spec->destination, error);
  if (self->destination_info == NULL)
    return NULL;
  if (!learn_end (self, PGM_END_SOURCE, cancellable, error) ||
      !learn_end (self, PGM_END_DESTINATION, cancellable, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
pgm_ends_free (PgmEnds *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->source_info, pgm_conninfo_unref);
  g_clear_pointer (&self->destination_info, pgm_conninfo_unref);
  g_clear_pointer (&self->source, pgm_server_info_free);
  g_clear_pointer (&self->destination, pgm_server_info_free);
  g_free (self->job_id);
  g_free (self);
}

/* Asks the server to notice soon when we are gone, even in the middle of a
 * statement (14+; not on every platform, hence no failure). */
static gboolean
watch_for_our_end (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) ignored = NULL;

  if (pgm_connection_get_major (connection) < 14 ||
      pgm_connection_exec (connection, "SET client_connection_check_interval = '1s'", cancellable,
                           &ignored) ||
      (!pgm_error_is_cancelled (ignored) && !pgm_connection_is_lost (connection)))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&ignored));
  return FALSE;
}

/* Makes a session on an owned destination known as one of ours. */
static gboolean
enlist_session (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  return watch_for_our_end (connection, cancellable, error) &&
         pgm_connection_exec (connection, "SELECT pg_advisory_lock_shared(" SESSION_LOCK ")",
                              cancellable, error);
}

PgmConnection *
pgm_ends_connect (PgmEnds *self,
                  PgmEnd end,
                  const char *role,
                  GCancellable *cancellable,
                  GError **error)
{
  g_autoptr (PgmConnection) connection = open_session (self, end, role, FALSE, cancellable, error);

  if (connection != NULL && end == PGM_END_DESTINATION && g_atomic_int_get (&self->owned) &&
      !enlist_session (connection, cancellable, error))
    return NULL;
  return g_steal_pointer (&connection);
}

PgmConnection *
pgm_ends_connect_replication (PgmEnds *self,
                              PgmEnd end,
                              const char *role,
                              GCancellable *cancellable,
                              GError **error)
{
  return open_session (self, end, role, TRUE, cancellable, error);
}

static gboolean
refuse_second_owner (PgmConnection *control, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmResult) holder = pgm_connection_query (
      control,
      "SELECT l.pid, coalesce(nullif(a.application_name, ''), 'unknown'), coalesce(host(a.client_addr), 'local')"
      " FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid"
      " WHERE l.locktype = 'advisory' AND l.classid = 1346850637 AND l.objid = 1 AND l.objsubid = 2"
      "   AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
      0, NULL, cancellable, error);
  g_autofree char *detail = NULL;

  if (holder == NULL)
    return FALSE;
  if (pgm_result_get_rows (holder) > 0)
    detail = g_strdup_printf ("It is the session with process id %s (%s), connected from %s.",
                              pgm_result_get (holder, 0, 0), pgm_result_get (holder, 0, 1),
                              pgm_result_get (holder, 0, 2));
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, detail,
                      "Wait for it to end, or stop it; then start again.",
                      "another clone into this destination is running");
  return FALSE;
}

/* A process that was killed can leave sessions that still work on their last
 * statement, and could commit it later (A8). They hold the session lock. */
static gboolean
end_leftover_sessions (PgmConnection *control, GCancellable *cancellable, GError **error)
{
  for (guint attempt = 0; attempt < 300; attempt++)
    {
      g_autofree char *alone = pgm_connection_query_value (
          control, "SELECT pg_try_advisory_lock(" SESSION_LOCK ")", 0, NULL, cancellable, error);
      g_autoptr (GError) ignored = NULL;

      if (alone == NULL)
        return FALSE;
      if (g_str_equal (alone, "t"))
        return pgm_connection_exec (control, "SELECT pg_advisory_unlock(" SESSION_LOCK ")",
                                    cancellable, error);
      /* May not be allowed; then they are waited for. */
      if (!pgm_connection_exec (
              control,
              "SELECT pg_terminate_backend(pid) FROM pg_locks"
              " WHERE locktype = 'advisory' AND classid = 1346850637 AND objid = 2 AND objsubid = 2"
              "   AND pid <> pg_backend_pid()"
              "   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
              cancellable, &ignored) &&
          (pgm_error_is_cancelled (ignored) || pgm_connection_is_lost (control)))
        {
          g_propagate_error (error, g_steal_pointer (&ignored));
          return FALSE;
        }
      if (!pgm_connection_exec (control, "SELECT pg_sleep(0.1)", cancellable, error))
        return FALSE;
    }
  pgm_error_set_full (
      error, PGM_ERROR_REFUSED, NULL,
      "They belong to a clone that was stopped, and may still change the destination.",
      "End the sessions whose application_name begins with “pgmanager”, then start again.",
      "sessions of an earlier clone are still at work on the destination");
  return FALSE;
}

gboolean
pgm_ends_own (PgmEnds *self, PgmConnection *control, GCancellable *cancellable, GError **error)
{
  if (!watch_for_our_end (control, cancellable, error))
    return FALSE;
  /* A job that was killed holds on for the moment its server needs to notice. */
  for (guint attempt = 0; attempt < OWN_ATTEMPTS; attempt++)
    {
      g_autofree char *got = pgm_connection_query_value (
          control, "SELECT pg_try_advisory_lock(" OWNER_LOCK ")", 0, NULL, cancellable, error);

      if (got == NULL)
        return FALSE;
      if (g_str_equal (got, "t"))
        {
          gboolean alone = end_leftover_sessions (control, cancellable, error);

          g_atomic_int_set (&self->owned, alone);
          return alone;
        }
      if (!pgm_connection_exec (control, "SELECT pg_sleep(0.1)", cancellable, error))
        return FALSE;
    }
  return refuse_second_owner (control, cancellable, error);
}
