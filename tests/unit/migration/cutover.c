#include "cutover.h"

static PgmEndpoint *
endpoint_new (PgmTestCluster *cluster, const char *database, const char *user)
{
  PgmEndpoint *endpoint = pgm_record_new (&pgm_endpoint_type);

  endpoint->uri = g_strdup (pgm_test_cluster_get_socket_uri (cluster, database));
  endpoint->user = g_strdup (user);
  return endpoint;
}

PgmJobSpec *
pgm_cutover_spec (PgmTestCluster *source,
                  const char *source_database,
                  const char *user,
                  PgmTestCluster *destination,
                  const char *destination_database)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);

  spec->kind = PGM_JOB_FOLLOW;
  spec->id = g_uuid_string_random ();
  spec->source = endpoint_new (source, source_database, user);
  spec->destination = endpoint_new (destination, destination_database, NULL);
  return spec;
}

PgmEnds *
pgm_cutover_ends (PgmTestCluster *cluster, const char *database, const char *user)
{
  g_autoptr (GError) error = NULL;
  PgmJobSpec *spec = pgm_cutover_spec (cluster, database, user, cluster, database);
  PgmEnds *ends = pgm_ends_open (spec, NULL, &error);

  g_assert_no_error (error);
  pgm_record_unref (spec);
  return ends;
}

PgmConnection *
pgm_cutover_connect (PgmEnds *ends, PgmEnd end, const char *role)
{
  g_autoptr (GError) error = NULL;
  PgmConnection *connection = pgm_ends_connect (ends, end, role, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

static PgmConnection *
log_in (PgmTestCluster *cluster, const char *database, const char *user, GError **error)
{
  PgmSessionOptions options = { .label = "application", .application_name = "app" };
  g_autoptr (PgmConninfo) info =
      pgm_conninfo_new (pgm_test_cluster_get_socket_uri (cluster, database), error);
  g_autoptr (PgmConninfo) as = pgm_conninfo_with (info, "user", user);

  return pgm_connection_open (as, &options, NULL, error);
}

PgmConnection *
pgm_cutover_application (PgmTestCluster *cluster, const char *database, const char *user)
{
  g_autoptr (GError) error = NULL;
  PgmConnection *connection = log_in (cluster, database, user, &error);

  g_assert_no_error (error);
  return connection;
}

gboolean
pgm_cutover_gets_in (PgmTestCluster *cluster, const char *database, const char *user)
{
  g_autoptr (PgmConnection) connection = log_in (cluster, database, user, NULL);

  return connection != NULL;
}

char *
pgm_cutover_footprint (PgmTestCluster *cluster)
{
  return pgm_test_cluster_query (
      cluster, "postgres",
      "SELECT 'acl', d.datname, x.grantee::regrole::text, x.grantor::regrole::text,"
      " x.privilege_type, x.is_grantable FROM pg_database d,"
      " aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x"
      " UNION ALL SELECT 'login', rolname, rolcanlogin::text, '', '', false FROM pg_roles"
      " UNION ALL SELECT 'setting', setdatabase::text, setrole::text, setconfig::text, '', false"
      " FROM pg_db_role_setting ORDER BY 1, 2, 3, 4, 5, 6");
}

struct _PgmCutoverJob
{
  GThread *thread;
  PgmConnection *connection;
  char *sql;
  GError *error;
  gint64 began;
  gint64 ended;
};

static gpointer
run_job (gpointer data)
{
  PgmCutoverJob *self = data;

  if (!pgm_connection_exec (self->connection, self->sql, NULL, &self->error))
    g_assert_nonnull (self->error);
  self->ended = g_get_monotonic_time ();
  return NULL;
}

PgmCutoverJob *
pgm_cutover_start (PgmConnection *connection, const char *sql)
{
  PgmCutoverJob *self = g_new0 (PgmCutoverJob, 1);

  self->connection = connection;
  self->sql = g_strdup (sql);
  self->began = g_get_monotonic_time ();
  self->thread = g_thread_new ("application", run_job, self);
  return self;
}

GError *
pgm_cutover_finish (PgmCutoverJob *self)
{
  g_clear_pointer (&self->thread, g_thread_join);
  return g_steal_pointer (&self->error);
}

double
pgm_cutover_took (PgmCutoverJob *self)
{
  return (double) (self->ended - self->began) / 1000;
}

void
pgm_cutover_job_free (PgmCutoverJob *self)
{
  g_clear_error (&self->error);
  g_free (self->sql);
  g_free (self);
}
