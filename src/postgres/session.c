#include "config.h"

#include "postgres/connection-private.h"

#include <string.h>

#include "postgres/quote.h"

/* The oldest server that is spoken to. */
#define OLDEST_SUPPORTED 100000

/* Known to every supported version, so they can go into the start-up packet and
 * there is no moment without them. What an administrator has set for the role or
 * the database loses against start-up options. */
static const struct
{
  const char *name;
  const char *value;
} pinned[] = {
  { "search_path", "" },
  { "datestyle", "ISO,MDY" },
  { "intervalstyle", "postgres" },
  { "extra_float_digits", "3" },
  { "timezone", "UTC" },
  { "bytea_output", "hex" },
  { "xmloption", "content" },
  { "xmlbinary", "base64" },
  { "array_nulls", "on" },
  { "row_security", "off" },
  { "standard_conforming_strings", "on" },
  { "default_transaction_read_only", "off" },
  { "default_transaction_isolation", "read committed" },
  { "default_transaction_deferrable", "off" },
  { "statement_timeout", "0" },
  { "lock_timeout", "0" },
  { "idle_in_transaction_session_timeout", "0" },
  { "client_min_messages", "notice" },
  { "quote_all_identifiers", "off" },
};

/* Settings of newer servers: unknown ones in a start-up packet are fatal. */
static const struct
{
  const char *name;
  const char *value;
  int since; /* server version number */
} versioned[] = {
  { "jit", "off", 110000 }, /* costs more than it brings for catalog reads */
  { "idle_session_timeout", "0", 140000 },
  { "transaction_timeout", "0", 170000 },
};

static void
append_option (GString *options, const char *name, const char *value)
{
  if (options->len > 0)
    g_string_append_c (options, ' ');
  g_string_append_printf (options, "-c %s=", name);
  for (const char *p = value; *p != '\0'; p++)
    {
      if (*p == ' ' || *p == '\\')
        g_string_append_c (options, '\\');
      g_string_append_c (options, *p);
    }
}

char *
pgm_session_startup_options (const char *user, const PgmSessionOptions *options)
{
  GString *text = g_string_new (user);

  for (guint i = 0; i < G_N_ELEMENTS (pinned); i++)
    append_option (text, pinned[i].name, pinned[i].value);
  append_option (text, "lc_monetary", options->lc_monetary != NULL ? options->lc_monetary : "C");
  return g_string_free (text, FALSE);
}

/* The database's own encoding unless another was asked for; "" when it is right
 * already. A role's setting or PGCLIENTENCODING could have made it another. */
static void
append_client_encoding (GString *sql, PgmConnection *self, const char *wanted)
{
  if (wanted == NULL)
    wanted = PQparameterStatus (self->pg, "server_encoding");
  if (wanted == NULL || g_strcmp0 (wanted, PQparameterStatus (self->pg, "client_encoding")) == 0)
    return;
  g_string_append (sql, "SET client_encoding = ");
  pgm_quote_append_literal (sql, wanted);
  g_string_append_c (sql, ';');
}

static char *
late_settings (PgmConnection *self, const PgmSessionOptions *options)
{
  GString *sql = g_string_new (NULL);
  int version = PQserverVersion (self->pg);

  for (guint i = 0; i < G_N_ELEMENTS (versioned); i++)
    if (version >= versioned[i].since)
      g_string_append_printf (sql, "SET %s = '%s';", versioned[i].name, versioned[i].value);
  append_client_encoding (sql, self, options->client_encoding);
  return g_string_free (sql, FALSE);
}

/* pg_control_checkpoint() lags behind after a promotion; the name of the WAL
 * file that is being written does not. */
#define TIMELINE_SQL                                                                               \
  "CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE "                                       \
  "substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) END"

/* Runs @settings and the identity query as one string: one round trip. */
static gboolean
run_identity (PgmConnection *self,
              const char *settings,
              const char *query,
              int timeline_base,
              GCancellable *cancellable,
              GError **error)
{
  g_autofree char *sql = g_strconcat (settings, query, NULL);
  g_autoptr (PgmResult) result = pgm_connection_run (self, sql, 0, NULL, TRUE, cancellable, error);

  if (result == NULL)
    return FALSE;
  if (pgm_result_get_rows (result) != 1)
    return TRUE;
  self->identity.system_identifier =
      g_ascii_strtoull (pgm_result_get_or (result, 0, 0, "0"), NULL, 10);
  self->identity.timeline =
      (guint32) g_ascii_strtoull (pgm_result_get_or (result, 0, 1, "0"), NULL, timeline_base);
  return TRUE;
}

/* The system identifier needs EXECUTE on pg_control_system(), which everyone has
 * unless it was revoked; going on without it is better than not at all. */
static gboolean
begin_ordinary (PgmConnection *self,
                const char *settings,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (GError) local = NULL;

  if (run_identity (self, settings,
                    "SELECT system_identifier, " TIMELINE_SQL
                    " FROM pg_catalog.pg_control_system()",
                    16, cancellable, &local))
    return TRUE;
  if (g_strcmp0 (pgm_error_get_sqlstate (local), "42501") != 0)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return run_identity (self, settings, "SELECT 0, NULL", 16, cancellable, error);
}

/* A walsender says who it is to every role that may replicate. */
static gboolean
begin_replication (PgmConnection *self,
                   const char *settings,
                   GCancellable *cancellable,
                   GError **error)
{
  if (*settings != '\0' && !pgm_connection_exec (self, settings, cancellable, error))
    return FALSE;
  return run_identity (self, "", "IDENTIFY_SYSTEM", 10, cancellable, error);
}

static gboolean
check_identity (PgmConnection *self, const PgmServerIdentity *expected, GError **error)
{
  const PgmServerIdentity *found = &self->identity;

  if (expected == NULL)
    return TRUE;
  gboolean other_system = expected->system_identifier != 0 && found->system_identifier != 0 &&
                          expected->system_identifier != found->system_identifier;
  gboolean other_timeline =
      expected->timeline != 0 && found->timeline != 0 && expected->timeline != found->timeline;
  if (!other_system && !other_timeline)
    return TRUE;

  g_autofree char *detail = g_strdup_printf (
      "The first session reached system identifier %" G_GUINT64_FORMAT
      ", timeline %u; this one reached %" G_GUINT64_FORMAT ", timeline %u.",
      expected->system_identifier, expected->timeline, found->system_identifier, found->timeline);
  if (other_system)
    pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, detail,
                        "Name the server itself: not a pooler or a load balancer.",
                        "%s: a further session reached another server", self->label);
  else
    pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, detail,
                        "Changes may be missing on the server that is there now: clone anew.",
                        "%s: the server was promoted meanwhile, or failed over to another one",
                        self->label);
  return FALSE;
}

gboolean
pgm_session_begin (PgmConnection *self,
                   const PgmSessionOptions *options,
                   GCancellable *cancellable,
                   GError **error)
{
  if (PQserverVersion (self->pg) < OLDEST_SUPPORTED)
    {
      pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                          "PostgreSQL 10 is the oldest version that works.",
                          "%s: PostgreSQL %s is not supported", self->label,
                          PQparameterStatus (self->pg, "server_version"));
      return FALSE;
    }

  g_autofree char *settings = late_settings (self, options);
  gboolean ok = self->replication ? begin_replication (self, settings, cancellable, error)
                                  : begin_ordinary (self, settings, cancellable, error);
  return ok && check_identity (self, options->expected, error);
}
