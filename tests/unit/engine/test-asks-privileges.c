/* The least-privilege planner: what it says is missing, and that the script as it is makes
 * a role with which the purpose works, on every version. */
#include "asker.h"

#include "fixture/cluster.h"

#define ROLE "mover o'f \"all\""

static const char quoted_role[] = "\"mover o'f \"\"all\"\"\"";

/* Several owners, everything that has a privilege of its own. */
static const char shop_sql[] =
    "CREATE ROLE \"Own er\"; CREATE ROLE other; CREATE SCHEMA \"Sch'ema\" AUTHORIZATION \"Own er\";"
    "GRANT CREATE ON DATABASE shop TO \"Own er\", other;"
    "SET ROLE \"Own er\";"
    "CREATE TABLE \"Sch'ema\".orders (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY, v text);"
    "INSERT INTO \"Sch'ema\".orders (v) SELECT 'v' FROM generate_series(1, 100);"
    "CREATE TABLE \"Sch'ema\".guarded (i int); INSERT INTO \"Sch'ema\".guarded VALUES (1);"
    "ALTER TABLE \"Sch'ema\".guarded ENABLE ROW LEVEL SECURITY;"
    "CREATE VIEW \"Sch'ema\".v AS SELECT 1 AS x; SELECT lo_from_bytea(70001, 'abc'); RESET ROLE;"
    "SET ROLE other; CREATE SCHEMA second; CREATE TABLE second.t (i int); RESET ROLE;"
    "CREATE TABLE public.plain (i int); INSERT INTO plain VALUES (1), (2);"
    "REVOKE ALL ON SCHEMA public FROM PUBLIC; REVOKE CONNECT ON DATABASE shop FROM PUBLIC;";

typedef struct
{
  PgmTestCluster *server;
  PgmAsker asker;
} Face;

static void
set_up (Face *self, gconstpointer data)
{
  self->server = (PgmTestCluster *) (guintptr) data;
  pgm_asker_init (&self->asker);
  pgm_test_cluster_create_database (self->server, "shop", NULL);
  pgm_test_cluster_create_database (self->server, "copy", NULL);
  pgm_test_cluster_execute (self->server, "shop", shop_sql);
  pgm_test_cluster_execute (self->server, "copy", "REVOKE ALL ON SCHEMA public FROM PUBLIC");
  pgm_asker_register (&self->asker, "prod", pgm_test_cluster_get_uri (self->server, NULL), NULL);
}

static void
tear_down (Face *self, gconstpointer data)
{
  g_autofree char *drop =
      g_strdup_printf ("DROP ROLE IF EXISTS %s; DROP ROLE \"Own er\", other", quoted_role);

  pgm_asker_clear (&self->asker);
  pgm_test_cluster_execute (self->server, NULL, "DROP DATABASE shop; DROP DATABASE copy");
  pgm_test_cluster_execute (
      self->server, NULL,
      "DO $$DECLARE r name; BEGIN FOR r IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'mover%'"
      " LOOP EXECUTE format('DROP OWNED BY %I', r); END LOOP; END$$");
  pgm_test_cluster_execute (self->server, NULL, drop);
}

static PgmPrivilegeMatrix *
plan (Face *self, const char *purpose, const char *database, const char *role)
{
  PgmPrivilegesQuery *query = pgm_record_new (&pgm_privileges_query_type);

  query->purpose = g_strdup (purpose);
  query->database = g_strdup (database);
  query->role = g_strdup (role);
  return pgm_asker_must (&self->asker, PGM_ASK_READ_PRIVILEGES, "prod", query);
}

static guint
count_missing (const PgmPrivilegeMatrix *matrix)
{
  guint missing = 0;

  for (guint i = 0; i < matrix->privileges->len; i++)
    {
      const PgmPrivilege *privilege = g_ptr_array_index (matrix->privileges, i);

      g_assert_nonnull (privilege->disables);
      g_assert_true (privilege->granted == FALSE || privilege->grant_sql == NULL);
      if (privilege->required && !privilege->granted)
        {
          g_assert_nonnull (privilege->grant_sql);
          g_test_message ("missing: %s", privilege->name);
          missing++;
        }
    }
  return missing;
}

/* As a DBA does: the script as it is. Afterwards nothing that is required is missing. */
static void
run_script (Face *self, const char *purpose, const char *database)
{
  PgmPrivilegeMatrix *before = plan (self, purpose, database, ROLE);
  PgmPrivilegeMatrix *after;

  g_assert_false (before->superuser);
  g_assert_cmpstr (before->role, ==, ROLE);
  g_assert_cmpuint (count_missing (before), >, 0);
  pgm_test_cluster_execute (self->server, database, before->script);
  after = plan (self, purpose, database, ROLE);
  g_assert_cmpuint (count_missing (after), ==, 0);
  /* It is there now, and running it again does no harm. */
  g_assert_nonnull (strstr (after->script, "ALTER ROLE"));
  pgm_test_cluster_execute (self->server, database, after->script);
  pgm_record_unref (before);
  pgm_record_unref (after);
}

static PgmEndpoint *
make_end (Face *self, const char *database, const char *user)
{
  PgmEndpoint *end = pgm_record_new (&pgm_endpoint_type);

  end->cluster = g_strdup ("prod");
  end->dbname = g_strdup (database);
  end->user = g_strdup (user);
  return end;
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
clone_as (Face *self, const char *source_user, const char *destination_user)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *id = NULL;
  g_autofree char *rows = NULL;
  PgmReport *report;

  spec->kind = PGM_JOB_CLONE;
  spec->source = make_end (self, "shop", source_user);
  spec->destination = make_end (self, "copy", destination_user);
  spec->clone = pgm_record_new (&pgm_clone_options_type);
  spec->clone->no_owner = TRUE;
  spec->clone->no_acl = TRUE;
  spec->clone->bindir = g_strdup (pgm_test_cluster_get_bindir (self->server));
  pgm_engine_start_job_async (self->asker.engine, spec, NULL, on_started, &result);
  pgm_record_unref (spec);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  id = pgm_engine_start_job_finish (self->asker.engine, result, &error);
  g_assert_no_error (error);
  while ((report = pgm_engine_ref_report (self->asker.engine, id)) == NULL)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < report->checks->len; i++)
    if (((PgmCheck *) g_ptr_array_index (report->checks, i))->level == PGM_CHECK_BLOCKER)
      g_test_message ("%s", ((PgmCheck *) g_ptr_array_index (report->checks, i))->reason);
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_cmpint (report->exit_status, ==, 0);
  pgm_record_unref (report);
  rows = pgm_test_cluster_query (self->server, "copy",
                                 "SELECT (SELECT count(*) FROM \"Sch'ema\".orders),"
                                 " (SELECT count(*) FROM \"Sch'ema\".guarded),"
                                 " (SELECT count(*) FROM public.plain),"
                                 " (SELECT last_value FROM \"Sch'ema\".orders_id_seq),"
                                 " (SELECT count(*) FROM pg_largeobject_metadata)");
  g_assert_cmpstr (rows, ==, "100|1|2|100|1");
}

static void
test_migrate_from (Face *self, gconstpointer data)
{
  g_autofree char *allowed = NULL;

  run_script (self, "migrate-from", "shop");
  clone_as (self, ROLE, "postgres");
  /* And no more than that. */
  allowed = pgm_test_cluster_query (
      self->server, "shop",
      "SELECT bool_or(has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')),"
      " bool_or(has_database_privilege(r.oid, current_database(), 'CREATE')), bool_or(r.rolsuper)"
      " FROM pg_class c, pg_roles r WHERE r.rolname LIKE 'mover%' AND c.relkind = 'r'"
      " AND c.relnamespace::regnamespace::text NOT LIKE 'pg%' ");
  g_assert_cmpstr (allowed, ==, "f|f|f");
}

static void
test_later_tables (Face *self, gconstpointer data)
{
  g_autofree char *allowed = NULL;

  run_script (self, "migrate-from", "shop");
  pgm_test_cluster_execute (self->server, "shop",
                            "SET ROLE \"Own er\"; CREATE TABLE \"Sch'ema\".later (i serial)");
  allowed =
      pgm_test_cluster_query (self->server, "shop",
                              "SELECT has_table_privilege(oid, '\"Sch''ema\".later', 'SELECT'),"
                              " has_sequence_privilege(oid, '\"Sch''ema\".later_i_seq', 'SELECT')"
                              " FROM pg_roles WHERE rolname LIKE 'mover%'");
  g_assert_cmpstr (allowed, ==, "t|t");
}

static void
test_migrate_to (Face *self, gconstpointer data)
{
  run_script (self, "migrate-to", "copy");
  clone_as (self, "postgres", ROLE);
}

/* Runs @sql as the role. */
static char *
query_as_role (Face *self, const char *database, const char *sql)
{
  g_autofree char *text = g_strdup_printf ("SET SESSION AUTHORIZATION %s; %s", quoted_role, sql);
  g_autofree char *output = pgm_test_cluster_query (self->server, database, text);
  const char *newline = strchr (output, '\n');

  return g_strdup (newline != NULL ? newline + 1 : output); /* after psql's "SET" */
}

static void
test_monitor (Face *self, gconstpointer data)
{
  g_autofree char *seen = NULL;

  run_script (self, "monitor", "shop");
  seen =
      query_as_role (self, "shop",
                     "SELECT count(*) FILTER (WHERE query = '<insufficient privilege>'),"
                     " pg_database_size('postgres') > 0, current_setting('data_directory') <> '',"
                     " (SELECT count(*) > 0 FROM pg_ls_waldir()) FROM pg_stat_activity");
  g_assert_cmpstr (seen, ==, "0|t|t|t");
}

static void
test_back_up (Face *self, gconstpointer data)
{
  g_autofree char *program =
      g_build_filename (pgm_test_cluster_get_bindir (self->server), "pg_basebackup", NULL);
  g_autofree char *target = g_dir_make_tmp ("pgm-backup-XXXXXX", NULL);
  g_autofree char *port = g_strdup_printf ("%d", pgm_test_cluster_get_port (self->server));
  g_autofree char *label = g_build_filename (target, "backup_label", NULL);
  g_autofree char *switched = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) backup = NULL;
  g_autoptr (GSubprocess) remove = NULL;

  run_script (self, "back-up", "postgres");
  backup = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, program, "-h", "127.0.0.1", "-p",
                             port, "-U", ROLE, "-D", target, "-c", "fast", "-X", "none", NULL);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_wait_check (backup, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_test (label, G_FILE_TEST_EXISTS));
  remove = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, "rm", "-rf", target, NULL);
  g_assert_true (g_subprocess_wait_check (remove, NULL, &error));
  switched = query_as_role (
      self, "postgres",
      pgm_test_cluster_get_major (self->server) >= 15
          ? "SELECT pg_switch_wal() IS NOT NULL, pg_backup_start('x', true) IS NOT NULL,"
            " pg_create_restore_point('p') IS NOT NULL"
          : "SELECT pg_switch_wal() IS NOT NULL, pg_start_backup('x', true, false) IS NOT NULL,"
            " pg_create_restore_point('p') IS NOT NULL");
  g_assert_nonnull (strstr (switched, "t|t|t"));
}

static void
test_administer (Face *self, gconstpointer data)
{
  g_autofree char *done = NULL;

  run_script (self, "administer", "postgres");
  g_free (query_as_role (
      self, "postgres",
      "CREATE DATABASE made; DROP DATABASE made; CREATE ROLE made; DROP ROLE made;"));
  done = query_as_role (
      self, "postgres",
      "SELECT pg_reload_conf(), count(pg_terminate_backend(pid)) FILTER (WHERE pid IS NULL) FROM"
      " pg_stat_activity WHERE query = '<insufficient privilege>'");
  g_assert_cmpstr (done, ==, "t|0");
}

/* Logged in as a superuser nothing is missing, and the script is for a role to be made. */
static void
test_superuser (Face *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmPrivilegesQuery *query = pgm_record_new (&pgm_privileges_query_type);
  PgmPrivilegeMatrix *matrix = plan (self, NULL, "shop", NULL);

  g_assert_true (matrix->superuser);
  g_assert_cmpstr (matrix->role, ==, "postgres");
  g_assert_cmpuint (count_missing (matrix), ==, 0);
  g_assert_nonnull (strstr (matrix->script, "CREATE ROLE \"pgmanager\" LOGIN"));
  g_assert_null (strstr (matrix->script, "TO \"postgres\""));
  pgm_test_cluster_execute (self->server, "shop", matrix->script);
  pgm_test_cluster_execute (self->server, "shop", "DROP OWNED BY pgmanager");
  pgm_test_cluster_execute (self->server, NULL, "DROP OWNED BY pgmanager; DROP ROLE pgmanager");
  pgm_record_unref (matrix);

  query->purpose = g_strdup ("monitor,rule");
  g_assert_null (pgm_asker_ask (&self->asker, PGM_ASK_READ_PRIVILEGES, "prod", query, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
  g_assert_nonnull (strstr (error->message, "\"rule\""));
}

static void
add_tests (int major, PgmTestCluster *server)
{
  const struct
  {
    const char *name;
    void (*func) (Face *, gconstpointer);
  } tests[] = {
    { "migrate-from", test_migrate_from }, { "later-tables", test_later_tables },
    { "migrate-to", test_migrate_to },     { "monitor", test_monitor },
    { "back-up", test_back_up },           { "administer", test_administer },
    { "superuser", test_superuser },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path =
          g_strdup_printf ("/engine/asks-privileges/%d/%s", major, tests[i].name);

      g_test_add (path, Face, server, set_up, tests[i].func, tear_down);
    }
}

int
main (int argc, char **argv)
{
  const int majors[] = { 13, 15, 17, 18 };
  PgmTestCluster *servers[G_N_ELEMENTS (majors)] = { 0 };
  guint found = 0;
  int status;

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (majors); i++)
    {
      g_autofree char *bindir = pgm_test_cluster_find_bindir (majors[i]);
      g_autoptr (GError) error = NULL;

      if (bindir == NULL)
        {
          g_test_message ("no PostgreSQL %d here", majors[i]);
          continue;
        }
      servers[i] = pgm_test_cluster_new (majors[i], NULL, &error);
      g_assert_no_error (error);
      add_tests (majors[i], servers[i]);
      found++;
    }
  g_assert_cmpuint (found, >, 0);
  status = g_test_run ();
  for (gsize i = 0; i < G_N_ELEMENTS (majors); i++)
    g_clear_pointer (&servers[i], pgm_test_cluster_free);
  return status;
}
