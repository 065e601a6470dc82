#include "migration/routing.h"

/* %s: the test for nondeterministic collations, which came with 12. */
static const char routing_sql[] =
    "WITH RECURSIVE unsafe AS ("
    "  SELECT p.partrelid AS oid FROM pg_partitioned_table p"
    "   WHERE p.partstrat = 'h' AND (p.partexprs IS NOT NULL"
    "     OR EXISTS (SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
    "          WHERE a.attrelid = p.partrelid AND a.attnum = ANY (p.partattrs::int2[])"
    "            AND (t.oid >= 16384 OR t.typtype <> 'b'))"
    "     OR EXISTS (SELECT FROM pg_collation c WHERE c.oid = ANY (p.partcollation::oid[]) AND %s))),"
    " below AS ("
    "  SELECT i.inhparent AS root, i.inhrelid AS oid FROM unsafe u JOIN pg_inherits i ON i.inhparent = u.oid"
    "  UNION ALL SELECT b.root, i.inhrelid FROM below b JOIN pg_inherits i ON i.inhparent = b.oid)"
    " SELECT b.oid, b.root FROM below b WHERE b.root NOT IN (SELECT oid FROM below)";

GHashTable *
pgm_routing_read (PgmConnection *source, GCancellable *cancellable, GError **error)
{
  g_autoptr (GHashTable) roots = g_hash_table_new (NULL, NULL);
  int major = pgm_connection_get_major (source);
  g_autofree char *sql = NULL;
  g_autoptr (PgmResult) rows = NULL;

  if (major < 11)
    return g_steal_pointer (&roots);
  sql = g_strdup_printf (routing_sql, major >= 12 ? "NOT c.collisdeterministic" : "false");
  rows = pgm_connection_query (source, sql, 0, NULL, cancellable, error);
  if (rows == NULL)
    return NULL;
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    g_hash_table_insert (roots, GUINT_TO_POINTER (pgm_result_get_oid (rows, row, 0)),
                         GUINT_TO_POINTER (pgm_result_get_oid (rows, row, 1)));
  return g_steal_pointer (&roots);
}
