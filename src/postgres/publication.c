#include "config.h"

#include "postgres/quote.h"
#include "postgres/replication-private.h"
#include "postgres/slot.h"

/* ONLY: each table is named by itself, and what inherits from it may have been
 * left out on purpose. For partitioned tables the server ignores it. */
static void
append_tables (GString *sql, const char *const *tables)
{
  for (guint i = 0; tables[i] != NULL; i++)
    g_string_append_printf (sql, "%s ONLY %s", i == 0 ? " FOR TABLE" : ",", tables[i]);
}

gboolean
pgm_publication_create (PgmConnection *connection,
                        const char *name,
                        const char *const *tables,
                        GCancellable *cancellable,
                        GError **error)
{
  static const char *const taken[] = { PGM_SQLSTATE_DUPLICATE, NULL };
  g_autoptr (GString) sql = g_string_new ("CREATE PUBLICATION ");
  GError *local = NULL;

  pgm_quote_append_identifier (sql, name);
  if (tables == NULL)
    g_string_append (sql, " FOR ALL TABLES");
  else
    append_tables (sql, tables);
  if (pgm_connection_exec (connection, sql->str, cancellable, &local))
    return TRUE;
  pgm_replication_recode (local, taken, PGM_ERROR_REFUSED,
                          "Another job has it, or one that was not cleaned up.");
  g_propagate_error (error, local);
  return FALSE;
}

gboolean
pgm_publication_exists (PgmConnection *connection,
                        const char *name,
                        gboolean *exists,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autofree char *literal = pgm_quote_literal (name);
  g_autofree char *sql = g_strdup_printf (
      "SELECT count(*) FROM pg_catalog.pg_publication WHERE pubname::pg_catalog.text = %s",
      literal);
  g_autofree char *count =
      pgm_connection_query_value (connection, sql, 0, NULL, cancellable, error);

  if (count == NULL)
    return FALSE;
  *exists = g_strcmp0 (count, "0") != 0;
  return TRUE;
}

gboolean
pgm_publication_drop (PgmConnection *connection,
                      const char *name,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autofree char *quoted = pgm_quote_identifier (name);

  return pgm_connection_execf (connection, cancellable, error, "DROP PUBLICATION IF EXISTS %s",
                               quoted);
}
