#include "engine/asks-private.h"

#include "engine/nodes.h"
#include "migration/ends.h"
#include "postgres/inspect.h"

/* Somebody waits for a test; a list of nodes must not wait for a dead one. */
#define TEST_CONNECT_SECONDS 10
#define TEST_SECONDS         20
#define LIST_CONNECT_SECONDS 3
#define LIST_SECONDS         8

/* Cancelled, malformed and unknown are errors of the question; all else is the answer. */
static gboolean
is_about_server (const GError *error)
{
  return !pgm_error_is_cancelled (error) && !g_error_matches (error, PGM_ERROR, PGM_ERROR_USAGE) &&
         !g_error_matches (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
}

static char *
error_with_detail (const GError *error)
{
  const char *detail = pgm_error_get_detail (error);

  return detail != NULL ? g_strdup_printf ("%s (%s)", error->message, detail)
                        : g_strdup (error->message);
}

static PgmConninfo *
test_to_conninfo (PgmStore *store, const PgmConnectionTest *test, GError **error)
{
  PgmEndpoint *reference = pgm_record_new (&pgm_endpoint_type);
  PgmEndpoint *filled;
  g_autoptr (PgmConninfo) given = NULL;
  PgmConninfo *info = NULL;

  reference->uri = g_strdup (test->cluster_id == NULL ? pgm_secret_reveal (test->dsn) : NULL);
  reference->cluster = g_strdup (test->cluster_id);
  reference->node = g_strdup (test->node_id);
  reference->user = g_strdup (test->user);
  reference->password = pgm_secret_ref (test->password);
  reference->foreign = test->foreign;
  filled = pgm_nodes_fill (store, reference, error);
  given = filled != NULL ? pgm_endpoint_to_conninfo (filled, error) : NULL;
  if (given != NULL)
    info = pgm_nodes_maintenance (given);
  if (reference->uri != NULL)
    {
      pgm_secret_free_text (g_steal_pointer (&reference->uri));
      if (filled != NULL)
        pgm_secret_free_text (g_steal_pointer (&filled->uri));
    }
  pgm_record_unref (filled);
  pgm_record_unref (reference);
  return info;
}

/* One round trip with nothing to do for the server. */
static gboolean
measure_latency (PgmNodeSession *session, gint64 *latency_ns, GError **error)
{
  gint64 began = g_get_monotonic_time ();

  if (!pgm_connection_exec (session->connection, "SELECT 1", session->cancellable, error))
    return FALSE;
  *latency_ns = MAX (g_get_monotonic_time () - began, 1) * 1000;
  return TRUE;
}

static gboolean
fill_result (PgmConnectionResult *self, PgmNodeSession *session, GError **error)
{
  g_autoptr (PgmResult) row = pgm_inspect_server (session->connection, session->cancellable, error);

  if (row == NULL || !measure_latency (session, &self->latency_ns, error))
    return FALSE;
  self->reachable = TRUE;
  self->version = g_strdup (pgm_result_get (row, 0, PGM_INSPECT_SERVER_VERSION));
  self->is_replica = pgm_result_get_bool (row, 0, PGM_INSPECT_SERVER_REPLICA);
  self->privileges = pgm_record_new (&pgm_connection_privileges_type);
  self->privileges->connect = TRUE;
  self->privileges->superuser = pgm_result_get_bool (row, 0, PGM_INSPECT_SERVER_SUPERUSER);
  self->privileges->replication =
      self->privileges->superuser || pgm_result_get_bool (row, 0, PGM_INSPECT_SERVER_REPLICATION);
  self->privileges->createdb =
      self->privileges->superuser || pgm_result_get_bool (row, 0, PGM_INSPECT_SERVER_CREATEDB);
  return TRUE;
}

gpointer
pgm_answer_test_connection (PgmStore *store,
                            const char *id,
                            gpointer request,
                            GCancellable *cancellable,
                            GError **error)
{
  const PgmConnectionTest *test = request;
  g_autoptr (PgmConninfo) info = NULL;
  g_autofree char *label = NULL;
  g_autoptr (PgmNodeSession) session = NULL;
  g_autoptr (GError) reason = NULL;
  PgmConnectionResult *result;

  if ((test->dsn == NULL) == (test->cluster_id == NULL))
    {
      pgm_error_set (error, PGM_ERROR_USAGE,
                     "field \"dsn\" or field \"cluster_id\" is required,"
                     " and not both");
      return NULL;
    }
  info = test_to_conninfo (store, test, error);
  if (info == NULL)
    return NULL;
  result = pgm_record_new (&pgm_connection_result_type);
  label = test->cluster_id == NULL ? g_strdup ("server")
          : test->node_id != NULL  ? pgm_nodes_label (test->cluster_id, test->node_id)
                                   : g_strdup (test->cluster_id);
  session =
      pgm_node_session_open (info, label, TEST_CONNECT_SECONDS, TEST_SECONDS, cancellable, &reason);
  if (session != NULL && !fill_result (result, session, &reason))
    pgm_node_session_explain (session, "the test", &reason);
  if (reason != NULL && !is_about_server (reason))
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      pgm_record_unref (result);
      return NULL;
    }
  if (reason != NULL)
    {
      result->error = error_with_detail (reason);
      result->hint = g_strdup (pgm_error_get_hint (reason));
    }
  return result;
}

/* One node of the list, on a thread of its own. */
typedef struct
{
  PgmNodeState *state;
  PgmConninfo *info; /* NULL: the state says why */
  char *label;
  GCancellable *cancellable;
  GThread *thread;
} Look;

static void
set_error (PgmNodeState *state, const GError *error)
{
  state->error = g_strdup (error->message);
  state->hint = g_strdup (pgm_error_get_hint (error));
}

static void
fill_state (PgmNodeState *self, PgmResult *row)
{
  self->version = g_strdup (pgm_result_get (row, 0, PGM_INSPECT_SERVER_VERSION));
  self->timeline = pgm_result_get_int64 (row, 0, PGM_INSPECT_SERVER_TIMELINE);
  self->uptime_sec =
      g_ascii_strtod (pgm_result_get_or (row, 0, PGM_INSPECT_SERVER_UPTIME, "0"), NULL);
  self->replay_lag_sec =
      g_ascii_strtod (pgm_result_get_or (row, 0, PGM_INSPECT_SERVER_REPLAY_LAG, "0"), NULL);
  if (!pgm_result_get_bool (row, 0, PGM_INSPECT_SERVER_REPLICA))
    self->live_role = PGM_NODE_PRIMARY;
  else if (self->declared_role != PGM_NODE_PRIMARY)
    self->live_role = self->declared_role; /* what the server can't tell apart */
  else
    self->live_role = PGM_NODE_REPLICA;
  self->role_differs = self->live_role != self->declared_role;
}

/* For the sake of the others a size that takes too long, or a database that goes away
 * meanwhile, is no size. */
static void
fill_size (PgmNodeState *self, PgmNodeSession *session)
{
  g_autoptr (GError) ignored = NULL;
  g_autoptr (PgmResult) rows =
      pgm_inspect_databases (session->connection, session->cancellable, &ignored);

  for (guint row = 0; rows != NULL && row < pgm_result_get_rows (rows); row++)
    self->size_bytes += (guint64) pgm_result_get_int64 (rows, row, PGM_INSPECT_DATABASE_BYTES);
}

static gboolean
look_inside (PgmNodeState *self, PgmNodeSession *session, GError **error)
{
  const PgmServerIdentity *identity = pgm_connection_get_identity (session->connection);
  g_autoptr (PgmResult) row = pgm_inspect_server (session->connection, session->cancellable, error);

  if (row == NULL || !measure_latency (session, &self->latency_ns, error))
    return FALSE;
  self->reachable = TRUE;
  if (identity->system_identifier != 0)
    self->system_identifier = g_strdup_printf ("%" G_GUINT64_FORMAT, identity->system_identifier);
  fill_state (self, row);
  if (identity->timeline != 0)
    self->timeline = identity->timeline;
  fill_size (self, session);
  return TRUE;
}

static gpointer
look_thread (gpointer data)
{
  Look *look = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmNodeSession) session = pgm_node_session_open (
      look->info, look->label, LIST_CONNECT_SECONDS, LIST_SECONDS, look->cancellable, &error);

  if (session != NULL && !look_inside (look->state, session, &error))
    pgm_node_session_explain (session, "its state", &error);
  if (error != NULL)
    set_error (look->state, error);
  look->state->checked_at = g_get_real_time ();
  return NULL;
}

/* "host:port", or the service's name. */
static char *
describe_address (PgmConninfo *info)
{
  const char *host = pgm_conninfo_get (info, "host");
  const char *port = pgm_conninfo_get (info, "port");
  const char *service = pgm_conninfo_get (info, "service");

  if (host == NULL)
    host = pgm_conninfo_get (info, "hostaddr");
  if (host == NULL && service != NULL)
    return g_strdup_printf ("service=%s", service);
  return g_strdup_printf ("%s:%s", host != NULL ? host : "", port != NULL ? port : "5432");
}

static void
begin_look (Look *look,
            PgmStore *store,
            const PgmCluster *cluster,
            const PgmNode *node,
            GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  PgmEndpoint *reference = pgm_record_new (&pgm_endpoint_type);
  PgmEndpoint *filled;

  look->state = pgm_record_new (&pgm_node_state_type);
  look->state->node_id = g_strdup (node->id);
  look->state->name = g_strdup (node->name != NULL ? node->name : node->id);
  look->state->declared_role = node->role;
  look->label = pgm_nodes_label (cluster->id, node->id);
  look->cancellable = cancellable;
  reference->cluster = g_strdup (cluster->id);
  reference->node = g_strdup (node->id);
  filled = pgm_nodes_fill (store, reference, &error);
  if (filled != NULL)
    {
      g_autoptr (PgmConninfo) info = pgm_endpoint_to_conninfo (filled, &error);

      look->info = info != NULL ? pgm_nodes_maintenance (info) : NULL;
    }
  pgm_record_unref (filled);
  pgm_record_unref (reference);
  if (look->info == NULL)
    {
      set_error (look->state, error);
      return;
    }
  look->state->address = describe_address (look->info);
  look->thread = g_thread_new ("pgm-look", look_thread, look);
}

static PgmNodeState *
end_look (Look *look)
{
  g_clear_pointer (&look->thread, g_thread_join);
  g_clear_pointer (&look->info, pgm_conninfo_unref);
  g_clear_pointer (&look->label, g_free);
  return g_steal_pointer (&look->state);
}

static void G_GNUC_PRINTF (2, 3) warn (PgmNodeState *state, const char *format, ...)
{
  g_autofree char *text = NULL;
  g_autofree char *before = g_steal_pointer (&state->warning);
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  state->warning = before != NULL ? g_strconcat (before, "; ", text, NULL) : g_strdup (text);
}

/* Whose system the others are held against: a primary that answers, else whoever does. */
static const PgmNodeState *
find_reference (const GPtrArray *states)
{
  const PgmNodeState *found = NULL;

  for (guint i = 0; i < states->len; i++)
    {
      const PgmNodeState *state = g_ptr_array_index (states, i);

      if (state->system_identifier != NULL &&
          (found == NULL ||
           (found->live_role != PGM_NODE_PRIMARY && state->live_role == PGM_NODE_PRIMARY)))
        found = state;
    }
  return found;
}

static void
compare_states (GPtrArray *states)
{
  const PgmNodeState *reference = find_reference (states);

  for (guint i = 0; i < states->len; i++)
    {
      PgmNodeState *state = g_ptr_array_index (states, i);

      if (!state->reachable)
        continue;
      if (state->role_differs)
        warn (state, "declared as %s, but it is a %s", pgm_node_role_names[state->declared_role],
              pgm_node_role_names[state->live_role]);
      if (reference == NULL || state == reference || state->system_identifier == NULL)
        continue;
      if (!g_str_equal (state->system_identifier, reference->system_identifier))
        warn (state, "it belongs to another cluster: its system identifier is %s, that of %s is %s",
              state->system_identifier, reference->node_id, reference->system_identifier);
      else if (state->live_role == PGM_NODE_PRIMARY && reference->live_role == PGM_NODE_PRIMARY)
        warn (state, "a second primary beside %s", reference->node_id);
    }
}

gpointer
pgm_answer_list_nodes (PgmStore *store,
                       const char *id,
                       gpointer request,
                       GCancellable *cancellable,
                       GError **error)
{
  PgmCluster *cluster = pgm_clusters_get (pgm_store_get_clusters (store), id, error);
  g_autofree Look *looks = NULL;
  GPtrArray *states;

  if (cluster == NULL)
    return NULL;
  looks = g_new0 (Look, cluster->nodes->len);
  states = g_ptr_array_new_with_free_func (pgm_record_unref);
  for (guint i = 0; i < cluster->nodes->len; i++)
    begin_look (&looks[i], store, cluster, g_ptr_array_index (cluster->nodes, i), cancellable);
  for (guint i = 0; i < cluster->nodes->len; i++)
    g_ptr_array_add (states, end_look (&looks[i]));
  pgm_record_unref (cluster);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      g_ptr_array_unref (states);
      return NULL;
    }
  compare_states (states);
  return states;
}
