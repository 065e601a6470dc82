#include "model/cluster.h"

#include <string.h>

#include "model/descriptor.h"
#include "model/report.h"

#define MAX_ID 64

const char *const pgm_node_role_names[] = { "primary", "replica", "standby", NULL };

static const PgmField node_fields[] = {
  FIELD (PgmNode, id, STRING, 0),
  FIELD (PgmNode, name, STRING, 0),
  FIELD (PgmNode, host, STRING, 0),
  FIELD (PgmNode, port, INT64, 0),
  FIELD_ENUM (PgmNode, role, pgm_node_role_names, 0),
  FIELD (PgmNode, user, STRING, 0),
  FIELD (PgmNode, password, SECRET, 0),
  FIELD (PgmNode, dbname, STRING, 0),
  FIELD (PgmNode, uri, STRING, 0),
  FIELD (PgmNode, service, STRING, 0),
  FIELD (PgmNode, agent_url, STRING, 0),
  FIELD (PgmNode, monitoring_enabled, BOOL, 0),
  FIELD_END,
};

const PgmRecordType pgm_node_type = { "node", sizeof (PgmNode), node_fields };

static const PgmField cluster_fields[] = {
  FIELD (PgmCluster, id, STRING, 0),
  FIELD (PgmCluster, name, STRING, 0),
  FIELD_RECORDS (PgmCluster, nodes, pgm_node_type, 0),
  FIELD (PgmCluster, tags, STRV, OMIT_EMPTY),
  FIELD (PgmCluster, backup_path, STRING, 0),
  FIELD (PgmCluster, created_at, TIME, 0),
  FIELD (PgmCluster, updated_at, TIME, 0),
  FIELD_END,
};

const PgmRecordType pgm_cluster_type = { "cluster", sizeof (PgmCluster), cluster_fields };

static const PgmField cluster_file_fields[] = {
  FIELD (PgmClusterFile, version, INT64, 0),
  FIELD_RECORDS (PgmClusterFile, clusters, pgm_cluster_type, REQUIRED),
  FIELD_END,
};

const PgmRecordType pgm_cluster_file_type = { "clusters file", sizeof (PgmClusterFile),
                                              cluster_file_fields };

static const PgmField secret_entry_fields[] = {
  FIELD (PgmSecretEntry, name, STRING, REQUIRED),
  FIELD (PgmSecretEntry, password, SECRET, REQUIRED),
  FIELD_END,
};

const PgmRecordType pgm_secret_entry_type = { "password", sizeof (PgmSecretEntry),
                                              secret_entry_fields };

static const PgmField secret_file_fields[] = {
  FIELD (PgmSecretFile, version, INT64, REQUIRED),
  FIELD_RECORDS (PgmSecretFile, secrets, pgm_secret_entry_type, REQUIRED),
  FIELD_END,
};

const PgmRecordType pgm_secret_file_type = { "file of passwords", sizeof (PgmSecretFile),
                                             secret_file_fields };

static const PgmField connection_test_fields[] = {
  FIELD (PgmConnectionTest, dsn, SECRET, 0),
  FIELD (PgmConnectionTest, cluster_id, STRING, 0),
  FIELD (PgmConnectionTest, node_id, STRING, 0),
  FIELD (PgmConnectionTest, user, STRING, 0),
  FIELD (PgmConnectionTest, password, SECRET, 0),
  FIELD (PgmConnectionTest, foreign, BOOL, OMIT_EMPTY),
  FIELD_END,
};

const PgmRecordType pgm_connection_test_type = { "connection test", sizeof (PgmConnectionTest),
                                                 connection_test_fields };

static const PgmField connection_privileges_fields[] = {
  FIELD (PgmConnectionPrivileges, connect, BOOL, 0),
  FIELD (PgmConnectionPrivileges, replication, BOOL, 0),
  FIELD (PgmConnectionPrivileges, createdb, BOOL, 0),
  FIELD (PgmConnectionPrivileges, superuser, BOOL, 0),
  FIELD_END,
};

const PgmRecordType pgm_connection_privileges_type = { "privileges of a connection",
                                                       sizeof (PgmConnectionPrivileges),
                                                       connection_privileges_fields };

static const PgmField connection_result_fields[] = {
  FIELD (PgmConnectionResult, reachable, BOOL, 0),
  FIELD (PgmConnectionResult, version, STRING, 0),
  FIELD (PgmConnectionResult, is_replica, BOOL, 0),
  FIELD_RECORD (PgmConnectionResult, privileges, pgm_connection_privileges_type, 0),
  FIELD (PgmConnectionResult, latency_ns, INT64, 0),
  FIELD (PgmConnectionResult, error, STRING, 0),
  FIELD (PgmConnectionResult, hint, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_connection_result_type = { "result of a connection test",
                                                   sizeof (PgmConnectionResult),
                                                   connection_result_fields };

static const PgmField node_state_fields[] = {
  FIELD (PgmNodeState, node_id, STRING, REQUIRED),
  FIELD (PgmNodeState, name, STRING, 0),
  FIELD (PgmNodeState, address, STRING, 0),
  FIELD_ENUM (PgmNodeState, declared_role, pgm_node_role_names, 0),
  FIELD_ENUM (PgmNodeState, live_role, pgm_node_role_names, 0),
  FIELD (PgmNodeState, role_differs, BOOL, 0),
  FIELD (PgmNodeState, reachable, BOOL, 0),
  FIELD (PgmNodeState, version, STRING, 0),
  FIELD (PgmNodeState, system_identifier, STRING, 0),
  FIELD (PgmNodeState, timeline, INT64, OMIT_EMPTY),
  FIELD (PgmNodeState, latency_ns, INT64, OMIT_EMPTY),
  FIELD (PgmNodeState, uptime_sec, DOUBLE, OMIT_EMPTY),
  FIELD (PgmNodeState, size_bytes, UINT64, OMIT_EMPTY),
  FIELD (PgmNodeState, replay_lag_sec, DOUBLE, OMIT_EMPTY),
  FIELD (PgmNodeState, error, STRING, 0),
  FIELD (PgmNodeState, hint, STRING, 0),
  FIELD (PgmNodeState, warning, STRING, 0),
  FIELD (PgmNodeState, checked_at, TIME, 0),
  FIELD_END,
};

const PgmRecordType pgm_node_state_type = { "state of a node", sizeof (PgmNodeState),
                                            node_state_fields };

static const PgmField discover_query_fields[] = {
  FIELD (PgmDiscoverQuery, uri, SECRET, REQUIRED),
  FIELD (PgmDiscoverQuery, foreign, BOOL, OMIT_EMPTY),
  FIELD_END,
};

const PgmRecordType pgm_discover_query_type = { "discovery query", sizeof (PgmDiscoverQuery),
                                                discover_query_fields };

static const PgmField sibling_fields[] = {
  FIELD (PgmSibling, name, STRING, 0),
  FIELD (PgmSibling, host, STRING, 0),
  FIELD (PgmSibling, port, INT64, OMIT_EMPTY),
  FIELD_ENUM (PgmSibling, role, pgm_node_role_names, 0),
  FIELD (PgmSibling, found_in, STRING, 0),
  FIELD (PgmSibling, state, STRING, 0),
  FIELD (PgmSibling, logical, BOOL, OMIT_EMPTY),
  FIELD (PgmSibling, reachable, BOOL, 0),
  FIELD (PgmSibling, error, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_sibling_type = { "sibling", sizeof (PgmSibling), sibling_fields };

static const PgmField discovery_fields[] = {
  FIELD (PgmDiscovery, cluster_name, STRING, 0),
  FIELD (PgmDiscovery, system_identifier, STRING, 0),
  FIELD (PgmDiscovery, version, STRING, 0),
  FIELD_RECORDS (PgmDiscovery, siblings, pgm_sibling_type, 0),
  FIELD_RECORDS (PgmDiscovery, notes, pgm_check_type, 0),
  FIELD_END,
};

const PgmRecordType pgm_discovery_type = { "discovery", sizeof (PgmDiscovery), discovery_fields };

gboolean
pgm_id_check (const char *id, const char *what, GError **error)
{
  gsize length = id != NULL ? strlen (id) : 0;
  gboolean fine = length > 0 && length <= MAX_ID && strchr ("-_.", id[0]) == NULL;

  for (gsize i = 0; fine && i < length; i++)
    fine = g_ascii_isalnum (id[i]) || strchr ("-_.", id[i]) != NULL;
  if (!fine)
    pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                        "Use up to 64 letters, digits, \"-\", \"_\" and \".\", beginning with a "
                        "letter or a digit.",
                        "\"%s\" can't be the id of a %s", id != NULL ? id : "", what);
  return fine;
}

static gboolean
is_given (const char *text)
{
  return text != NULL && *text != '\0';
}

static gboolean
check_node (const PgmCluster *self, guint index, GError **error)
{
  const PgmNode *node = g_ptr_array_index (self->nodes, index);

  if (node->id != NULL && !pgm_id_check (node->id, "node", error))
    return FALSE;
  for (guint i = 0; node->id != NULL && i < index; i++)
    if (g_strcmp0 (((PgmNode *) g_ptr_array_index (self->nodes, i))->id, node->id) == 0)
      {
        pgm_error_set (error, PGM_ERROR_USAGE, "field \"nodes[%u].id\" is \"%s\" a second time",
                       index, node->id);
        return FALSE;
      }
  if (node->port < 0 || node->port > 65535)
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "field \"nodes[%u].port\" must be from 1 to 65535",
                     index);
      return FALSE;
    }
  if (!is_given (node->host) && !is_given (node->uri) && !is_given (node->service))
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "field \"nodes[%u]\" needs a host, a URI or a service",
                     index);
      return FALSE;
    }
  if (is_given (node->uri) && is_given (node->service))
    {
      pgm_error_set (error, PGM_ERROR_USAGE,
                     "field \"nodes[%u]\" has a URI and a service: give one of them", index);
      return FALSE;
    }
  return TRUE;
}

gboolean
pgm_cluster_check (const PgmCluster *self, GError **error)
{
  if (self->id != NULL && !pgm_id_check (self->id, "cluster", error))
    return FALSE;
  if (self->name == NULL || *self->name == '\0' || !g_utf8_validate (self->name, -1, NULL))
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "field \"name\" is required");
      return FALSE;
    }
  if (self->nodes->len == 0)
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "field \"nodes\" needs at least one node");
      return FALSE;
    }
  if (self->nodes->len > PGM_CLUSTER_MAX_NODES)
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "field \"nodes\" has more than %d nodes",
                     PGM_CLUSTER_MAX_NODES);
      return FALSE;
    }
  for (guint i = 0; i < self->nodes->len; i++)
    if (!check_node (self, i, error))
      return FALSE;
  return TRUE;
}

/* "Production (EU)" becomes "production-eu"; @fallback when nothing is left of it. */
static char *
make_slug (const char *name, const char *fallback)
{
  g_autoptr (GString) slug = g_string_new (NULL);

  for (const char *p = name; p != NULL && *p != '\0' && slug->len < MAX_ID - 8; p++)
    if (g_ascii_isalnum (*p))
      g_string_append_c (slug, g_ascii_tolower (*p));
    else if (slug->len > 0 && slug->str[slug->len - 1] != '-')
      g_string_append_c (slug, '-');
  while (slug->len > 0 && slug->str[slug->len - 1] == '-')
    g_string_truncate (slug, slug->len - 1);
  return g_strdup (slug->len > 0 ? slug->str : fallback);
}

/* @slug, or with the first number behind it that makes it new. */
static char *
make_unique (const char *slug, GHashTable *taken)
{
  char *id = g_strdup (slug);

  for (guint i = 2; taken != NULL && g_hash_table_contains (taken, id); i++)
    {
      g_free (id);
      id = g_strdup_printf ("%s-%u", slug, i);
    }
  return id;
}

void
pgm_cluster_give_ids (PgmCluster *self, GHashTable *taken)
{
  g_autoptr (GHashTable) nodes = g_hash_table_new (g_str_hash, g_str_equal);

  if (self->id == NULL)
    {
      g_autofree char *slug = make_slug (self->name, "cluster");

      self->id = make_unique (slug, taken);
    }
  for (guint i = 0; i < self->nodes->len; i++)
    {
      PgmNode *node = g_ptr_array_index (self->nodes, i);

      if (node->id != NULL)
        g_hash_table_add (nodes, node->id);
    }
  for (guint i = 0; i < self->nodes->len; i++)
    {
      PgmNode *node = g_ptr_array_index (self->nodes, i);
      g_autofree char *slug = make_slug (node->name, pgm_node_role_names[node->role]);

      if (node->id != NULL)
        continue;
      node->id = make_unique (slug, nodes);
      g_hash_table_add (nodes, node->id);
    }
}

gboolean
pgm_password_is_mark (const PgmSecret *password)
{
  return g_strcmp0 (pgm_secret_reveal (password), PGM_STORED_PASSWORD) == 0;
}

PgmNode *
pgm_cluster_find_node (const PgmCluster *self, const char *node_id)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      PgmNode *node = g_ptr_array_index (self->nodes, i);

      if (node_id != NULL ? g_strcmp0 (node->id, node_id) == 0 : node->role == PGM_NODE_PRIMARY)
        return node;
    }
  return node_id == NULL && self->nodes->len > 0 ? g_ptr_array_index (self->nodes, 0) : NULL;
}
