#include "config.h"

#include "postgres/server.h"

/* Which columns pg_database has tells the version: the locale provider and the
 * recorded collation version came with 15, the locale of the other providers
 * was daticulocale in 15 and 16 and is datlocale since. */
static const char *
locale_columns (int major)
{
  if (major >= 17)
    return "d.datlocprovider, d.datlocale, d.datcollversion,"
           " pg_database_collation_actual_version(d.oid)";
  if (major >= 15)
    return "d.datlocprovider, d.daticulocale, d.datcollversion,"
           " pg_database_collation_actual_version(d.oid)";
  return "'c', NULL, NULL, NULL";
}

/* Our own sessions pin default_transaction_read_only to off, so SHOW can't tell
 * what everybody else gets. The database's and the role's settings can, and the
 * configuration files where we may read them. The most specific one wins. */
static const char read_only_sql[] =
    "SELECT s.setting FROM ("
    "  SELECT 1 AS priority, split_part(v, '=', 2) AS setting"
    "  FROM pg_db_role_setting x, unnest(x.setconfig) v"
    "  WHERE v LIKE 'default\\_transaction\\_read\\_only=%'"
    "    AND x.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())"
    "    AND x.setrole = (SELECT oid FROM pg_roles WHERE rolname = session_user)"
    " UNION ALL"
    "  SELECT 2, split_part(v, '=', 2) FROM pg_db_role_setting x, unnest(x.setconfig) v"
    "  WHERE v LIKE 'default\\_transaction\\_read\\_only=%' AND x.setdatabase = 0"
    "    AND x.setrole = (SELECT oid FROM pg_roles WHERE rolname = session_user)"
    " UNION ALL"
    "  SELECT 3, split_part(v, '=', 2) FROM pg_db_role_setting x, unnest(x.setconfig) v"
    "  WHERE v LIKE 'default\\_transaction\\_read\\_only=%' AND x.setrole = 0"
    "    AND x.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())"
    ") s ORDER BY s.priority LIMIT 1";

static const char file_read_only_sql[] =
    "SELECT setting FROM pg_show_all_file_settings()"
    " WHERE name = 'default_transaction_read_only' AND applied LIMIT 1";

static gboolean
is_on (const char *setting)
{
  g_autofree char *lower = g_ascii_strdown (setting, -1);

  /* As far as guc.c takes unambiguous prefixes: on, true, yes, 1. */
  return g_str_equal (lower, "on") || g_str_equal (lower, "1") ||
         (*lower != '\0' && (g_str_has_prefix ("true", lower) || g_str_has_prefix ("yes", lower)));
}

static gboolean
read_read_only (PgmServerInfo *self,
                PgmConnection *connection,
                gboolean files_readable,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (PgmResult) result = NULL;

  self->read_only = self->in_recovery;
  result = pgm_connection_query (connection, read_only_sql, 0, NULL, cancellable, error);
  if (result == NULL)
    return FALSE;
  if (pgm_result_get_rows (result) == 0 && files_readable)
    {
      g_clear_pointer (&result, pgm_result_free);
      result = pgm_connection_query (connection, file_read_only_sql, 0, NULL, cancellable, error);
      if (result == NULL)
        return FALSE;
    }
  if (pgm_result_get_rows (result) > 0 && is_on (pgm_result_get_or (result, 0, 0, "off")))
    self->read_only = TRUE;
  return TRUE;
}

static const char *
provider_name (const char *code)
{
  switch (*code)
    {
    case 'i':
      return "icu";
    case 'b':
      return "builtin";
    default:
      return "libc";
    }
}

/* The columns stand in the order of facts_sql below. */
static void
fill_facts (PgmServerInfo *self, PgmResult *result)
{
  guint column = 0;

  self->version_text = g_strdup (pgm_result_get_or (result, 0, column++, ""));
  self->in_recovery = pgm_result_get_bool (result, 0, column++);
  self->database = g_strdup (pgm_result_get_or (result, 0, column++, ""));
  self->user = g_strdup (pgm_result_get_or (result, 0, column++, ""));
  self->superuser = pgm_result_get_bool (result, 0, column++);
  self->bypass_rls = pgm_result_get_bool (result, 0, column++);
  self->replication = pgm_result_get_bool (result, 0, column++);
  self->encoding = g_strdup (pgm_result_get_or (result, 0, column++, ""));
  self->collate = g_strdup (pgm_result_get_or (result, 0, column++, ""));
  self->ctype = g_strdup (pgm_result_get_or (result, 0, column++, ""));
  self->lc_monetary = g_strdup (pgm_result_get_or (result, 0, column++, ""));
  self->wal_level = g_strdup (pgm_result_get_or (result, 0, column++, ""));
  self->data_checksums = g_str_equal (pgm_result_get_or (result, 0, column++, "off"), "on");
  self->max_locks_per_transaction = pgm_result_get_int64 (result, 0, column++);
  self->max_connections = pgm_result_get_int64 (result, 0, column++);
  self->max_prepared_transactions = pgm_result_get_int64 (result, 0, column++);
  self->maintenance_work_mem = pgm_result_get_int64 (result, 0, column++);
  self->max_parallel_maintenance_workers = pgm_result_get_int64 (result, 0, column++);
  self->database_size = pgm_result_get_int64 (result, 0, column++);
  self->locale_provider = g_strdup (provider_name (pgm_result_get_or (result, 0, column++, "c")));
  self->locale = g_strdup (pgm_result_get (result, 0, column++));
  self->collation_version = g_strdup (pgm_result_get (result, 0, column++));
  self->collation_version_now = g_strdup (pgm_result_get (result, 0, column++));
}

static char *
facts_sql (int major)
{
  /* server_version may carry the packager's words: "15.20 (Debian …)". */
  return g_strdup_printf (
      "SELECT split_part(current_setting('server_version'), ' ', 1), pg_is_in_recovery(),"
      " d.datname, r.rolname, r.rolsuper, r.rolbypassrls, r.rolreplication,"
      " current_setting('server_encoding'), d.datcollate, d.datctype,"
      " current_setting('lc_monetary'), current_setting('wal_level'),"
      " current_setting('data_checksums'),"
      " current_setting('max_locks_per_transaction')::int8,"
      " current_setting('max_connections')::int8,"
      " current_setting('max_prepared_transactions')::int8,"
      " pg_size_bytes(current_setting('maintenance_work_mem')),"
      /* 11 made index builds parallel. */
      " coalesce(current_setting('max_parallel_maintenance_workers', true), '0')::int8,"
      " CASE WHEN has_database_privilege(d.oid, 'CONNECT') OR r.rolsuper"
      "   THEN pg_database_size(d.oid) ELSE -1 END,"
      " %s,"
      " has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE')"
      " FROM pg_database d, pg_roles r"
      " WHERE d.datname = current_database() AND r.rolname = current_user",
      locale_columns (major));
}

PgmServerInfo *
pgm_server_info_read (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmServerInfo) self = g_new0 (PgmServerInfo, 1);
  g_autofree char *sql = facts_sql (pgm_connection_get_major (connection));
  g_autoptr (PgmResult) result = NULL;
  guint last;

  if (pgm_connection_get_major (connection) < PGM_SERVER_OLDEST_MAJOR)
    {
      pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                          "Upgrade that server first, with pg_upgrade or pg_dump.",
                          "the %s server is PostgreSQL %d, older than %d, the oldest supported one",
                          pgm_connection_get_label (connection),
                          pgm_connection_get_major (connection), PGM_SERVER_OLDEST_MAJOR);
      return NULL;
    }
  result = pgm_connection_query (connection, sql, 0, NULL, cancellable, error);
  if (result == NULL)
    return NULL;
  if (pgm_result_get_rows (result) != 1)
    {
      pgm_error_set (error, PGM_ERROR_PROTOCOL,
                     "the %s server does not find its own database and role in its catalogs",
                     pgm_connection_get_label (connection));
      return NULL;
    }
  self->version = pgm_connection_get_version (connection);
  self->major = pgm_connection_get_major (connection);
  self->identity = *pgm_connection_get_identity (connection);
  fill_facts (self, result);
  last = pgm_result_get_columns (result) - 1;
  if (!read_read_only (self, connection, pgm_result_get_bool (result, 0, last), cancellable, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
pgm_server_info_free (PgmServerInfo *self)
{
  if (self == NULL)
    return;
  g_free (self->version_text);
  g_free (self->database);
  g_free (self->user);
  g_free (self->encoding);
  g_free (self->collate);
  g_free (self->ctype);
  g_free (self->locale_provider);
  g_free (self->locale);
  g_free (self->collation_version);
  g_free (self->collation_version_now);
  g_free (self->lc_monetary);
  g_free (self->wal_level);
  g_free (self);
}
