#include <string.h>

#include "flow.h"
#include "migration/apply-session.h"
#include "migration/apply-sql.h"

/* Every statement that the applier makes is explained on a real server: rows are
 * found by an index, never by reading a table (B3). */

static PgmTestCluster *cluster;

static const char schema[] =
    "CREATE EXTENSION citext SCHEMA public; CREATE TYPE mood AS ENUM ('a', 'b'); CREATE DOMAIN dom AS varchar(9);"
    "CREATE COLLATION nd (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
    "CREATE TABLE t_int (k int PRIMARY KEY, v text, w int);"
    "CREATE TABLE t_text (k text PRIMARY KEY, v text); CREATE TABLE t_varchar (k varchar(9) PRIMARY KEY, v text);"
    "CREATE TABLE t_char (k char(9) PRIMARY KEY, v char(3)); CREATE TABLE t_bit (k bit(3) PRIMARY KEY, v bit(3));"
    "CREATE TABLE t_one (k \"char\" PRIMARY KEY, v \"char\"); CREATE TABLE t_name (k name PRIMARY KEY, v name);"
    "CREATE TABLE t_citext (k public.citext PRIMARY KEY, v public.citext); CREATE TABLE t_nd (k text COLLATE nd PRIMARY KEY, v text);"
    "CREATE TABLE t_enum (k mood PRIMARY KEY, v mood); CREATE TABLE t_dom (k dom PRIMARY KEY, v dom);"
    "CREATE TABLE t_numeric (k numeric PRIMARY KEY, v xml); CREATE TABLE t_array (k int[] PRIMARY KEY, v int[]);"
    "CREATE TABLE t_range (k int4range PRIMARY KEY, v json); CREATE TABLE t_uuid (k uuid PRIMARY KEY, v uuid);"
    "CREATE TABLE t_time (k timestamptz PRIMARY KEY, v date); CREATE TABLE t_bytea (k bytea PRIMARY KEY, v bytea);"
    "CREATE TABLE t_two (a bigint, b text, v text, PRIMARY KEY (b, a)); CREATE TABLE t_float (k float8 PRIMARY KEY, v real);"
    "CREATE TABLE t_collate (k text NOT NULL, v text); CREATE UNIQUE INDEX t_collate_k ON t_collate (k COLLATE \"C\");"
    "ALTER TABLE t_collate REPLICA IDENTITY USING INDEX t_collate_k;"
    "CREATE TABLE t_always (k int PRIMARY KEY, i int GENERATED ALWAYS AS IDENTITY, v text);"
    "CREATE TABLE t_part (k int, at date, v text, PRIMARY KEY (k, at)) PARTITION BY RANGE (at);"
    "CREATE TABLE t_part_1 PARTITION OF t_part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');"
    "CREATE TABLE t_part_2 PARTITION OF t_part FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');"
    "CREATE TABLE t_child (PRIMARY KEY (k)) INHERITS (t_int);"
    "CREATE TABLE f_full (a int, b text, c point); CREATE INDEX ON f_full (b); ALTER TABLE f_full REPLICA IDENTITY FULL;"
    "DO $$ DECLARE t text; BEGIN FOR t IN SELECT relname FROM pg_class WHERE relname LIKE 't\\_%' AND relkind = 'r' LOOP"
    " EXECUTE format('ANALYZE %I', t); END LOOP; END $$";

/* The relation as the stream would describe it. */
static PgmRelation *
describe (PgmConnection *connection, const char *name)
{
  const char *params[] = { name };
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmResult) rows = pgm_connection_query (
      connection,
      "SELECT a.attname, a.atttypid, a.atttypmod, c.relreplident, c.relreplident = 'f' OR EXISTS ("
      "  SELECT FROM pg_index i WHERE i.indrelid = c.oid AND a.attnum = ANY (i.indkey::int2[])"
      "    AND CASE c.relreplident WHEN 'd' THEN i.indisprimary ELSE i.indisreplident END)"
      " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
      " WHERE c.relname = $1 AND a.attnum > 0 ORDER BY a.attnum",
      1, params, NULL, &error);
  PgmRelation *relation = g_new0 (PgmRelation, 1);

  g_assert_no_error (error);
  g_atomic_ref_count_init (&relation->ref_count);
  relation->schema = g_strdup ("public");
  relation->name = g_strdup (name);
  relation->replica_identity = *pgm_result_get (rows, 0, 3);
  relation->n_columns = pgm_result_get_rows (rows);
  relation->columns = g_new0 (PgmRelationColumn, relation->n_columns);
  for (guint i = 0; i < relation->n_columns; i++)
    relation->columns[i] = (PgmRelationColumn){
      .name = g_strdup (pgm_result_get (rows, i, 0)),
      .type_oid = pgm_result_get_oid (rows, i, 1),
      .type_modifier = (gint32) pgm_result_get_int64 (rows, i, 2),
      .key = pgm_result_get_bool (rows, i, 4),
    };
  return relation;
}

static char *
explain (PgmConnection *connection, const PgmPrepared *prepared)
{
  g_autoptr (GString) sql = g_string_new ("PREPARE s");
  g_autoptr (GString) execute = g_string_new ("EXPLAIN (COSTS OFF) EXECUTE s");
  g_autoptr (GString) plan = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmResult) rows = NULL;
  guint n = pgm_prepared_get_n_params (prepared);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *question =
          g_strdup_printf ("SELECT format_type(%u, -1)", pgm_prepared_get_type (prepared, i));
      g_autofree char *type =
          pgm_connection_query_value (connection, question, 0, NULL, NULL, &error);
      g_assert_no_error (error);
      g_string_append_printf (sql, "%s%s", i > 0 ? ", " : " (", type);
      g_string_append (execute, i > 0 ? ", NULL" : " (NULL");
    }
  g_string_append_printf (sql, "%s AS %s", n > 0 ? ")" : "", pgm_prepared_get_sql (prepared));
  g_string_append (execute, n > 0 ? ")" : "");
  if (!pgm_connection_exec (connection, sql->str, NULL, &error))
    g_error ("%s: %s", sql->str, error->message);
  rows = pgm_connection_query (connection, execute->str, 0, NULL, NULL, &error);
  if (rows == NULL)
    g_error ("%s: %s", sql->str, error->message);
  for (guint i = 0; i < pgm_result_get_rows (rows); i++)
    g_string_append_printf (plan, "%s\n", pgm_result_get (rows, i, 0));
  g_assert_true (pgm_connection_exec (connection, "DEALLOCATE s", NULL, NULL));
  return g_string_free (g_steal_pointer (&plan), FALSE);
}

static void
check_plan (PgmConnection *connection,
            const PgmApplyTable *table,
            const PgmApplyStatement *statement)
{
  g_autofree char *plan = NULL;
  gboolean finds =
      statement->kind != PGM_APPLY_SET_INSERT && statement->kind != PGM_APPLY_ROW_INSERT;

  if (statement->prepared == NULL)
    return;
  plan = explain (connection, statement->prepared);
  if (g_test_verbose ())
    g_printerr ("%s\n%s\n", pgm_prepared_get_sql (statement->prepared), plan);
  if (strstr (plan, "Seq Scan") != NULL || strstr (plan, "Hash") != NULL ||
      strstr (plan, "Merge Join") != NULL || strstr (plan, "Sort") != NULL ||
      strstr (plan, "Materialize") != NULL ||
      (finds && strstr (plan, "Index Cond") == NULL && strstr (plan, "TID Cond") == NULL &&
       strstr (plan, "Subplans Removed") == NULL) ||
      (finds && table->finder != NULL && strstr (plan, "Index Cond") == NULL))
    g_error ("%s\n%s", pgm_prepared_get_sql (statement->prepared), plan);
}

static void
check_table (PgmApplySession *session, const char *name)
{
  PgmConnection *connection = session->connection;
  g_autoptr (PgmRelation) relation = describe (connection, name);
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmApplyTable) table =
      pgm_apply_table_read (connection, relation, NULL, 0, NULL, &error);
  gboolean full = relation->replica_identity == 'f';
  gboolean sets = table != NULL && table->fold.mode == PGM_FOLD_KEYED;

  g_assert_no_error (error);
  g_assert_cmpint (table->full, ==, full);
  for (int kind = sets ? PGM_APPLY_SET_INSERT : PGM_APPLY_ROW_INSERT; kind <= PGM_APPLY_ROW_DELETE;
       kind++)
    {
      guint8 last = (guint8) (1u << (table->n_columns - 1));
      PgmApplyStatement statement;

      pgm_apply_statement_init (&statement, table, (PgmApplyStatementKind) kind, NULL, full);
      check_plan (connection, table, &statement);
      pgm_apply_statement_clear (&statement);
      pgm_apply_statement_init (&statement, table, (PgmApplyStatementKind) kind, &last, full);
      check_plan (connection, table, &statement);
      pgm_apply_statement_clear (&statement);
    }
}

static PgmApplySession *
open_session (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmConninfo) info =
      pgm_conninfo_new (pgm_test_cluster_get_uri (cluster, "plans"), &error);
  PgmSessionOptions options = { .label = "destination" };
  PgmConnection *connection = pgm_connection_open (info, &options, NULL, &error);
  PgmApplySession *session = NULL;
  PgmLsn progress = 1;

  g_assert_no_error (error);
  session = pgm_apply_session_new_take (connection, "plans", "job", &progress, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (progress, ==, 0);
  return session;
}

static void
test_plans (void)
{
  g_autoptr (PgmApplySession) session = open_session ();
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmResult) tables = pgm_connection_query (
      session->connection,
      "SELECT relname FROM pg_class WHERE relname ~ '^[tf]_' AND relkind IN ('r', 'p') ORDER BY 1",
      0, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (pgm_result_get_rows (tables), >, 20);
  for (guint i = 0; i < pgm_result_get_rows (tables); i++)
    check_table (session, pgm_result_get (tables, i, 0));
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status = 0;

  g_test_init (&argc, &argv, NULL);
  cluster = pgm_test_cluster_new (0, NULL, &error);
  g_assert_no_error (error);
  pgm_test_cluster_create_database (cluster, "plans", NULL);
  pgm_test_cluster_execute (cluster, "plans", schema);
  pgm_test_cluster_execute (cluster, "plans", "SELECT pg_replication_origin_create('plans')");
  g_test_add_func ("/apply-plans/B3-every-statement-uses-its-index", test_plans);
  status = g_test_run ();
  pgm_test_cluster_free (cluster);
  return status;
}
