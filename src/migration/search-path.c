#include "migration/search-path.h"

#include "postgres/quote.h"

char *
pgm_search_path_read (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  return pgm_connection_query_value (
      connection,
      "SELECT coalesce((SELECT pg_catalog.substr(o, 13) FROM pg_catalog.pg_db_role_setting s"
      " JOIN pg_catalog.pg_database b ON b.oid = s.setdatabase, pg_catalog.unnest(s.setconfig) o"
      " WHERE s.setrole = 0 AND b.datname = pg_catalog.current_database()"
      "   AND o LIKE 'search\\_path=%' LIMIT 1), '\"$user\", public')",
      0, NULL, cancellable, error);
}

gboolean
pgm_search_path_exec (PgmConnection *connection,
                      const char *path,
                      const char *sql,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autofree char *literal = pgm_quote_literal (path);

  /* One string is one transaction: after a failure the setting is gone too. */
  return pgm_connection_execf (
      connection, cancellable, error,
      "SELECT pg_catalog.set_config('search_path', %s, false);\n%s\nRESET search_path", literal,
      sql);
}
