#include "engine/asks-private.h"

#include "engine/nodes.h"
#include "postgres/needs.h"

static PgmPrivilege *
need_to_privilege (const PgmNeed *need)
{
  PgmPrivilege *privilege = pgm_record_new (&pgm_privilege_type);

  privilege->purpose = g_strdup (pgm_purpose_to_name (need->purpose));
  privilege->name = g_strdup (need->name);
  privilege->granted = need->granted;
  privilege->required = need->required;
  privilege->disables = g_strdup (need->disables);
  privilege->grant_sql = need->granted ? NULL : g_strdup (need->grant_sql);
  privilege->note = g_strdup (need->note);
  return privilege;
}

static PgmPrivilegeMatrix *
make_matrix (const PgmServerInfo *server, const PgmNeeds *needs)
{
  PgmPrivilegeMatrix *matrix = pgm_record_new (&pgm_privilege_matrix_type);

  matrix->role = g_strdup (needs->role);
  matrix->version = g_strdup (server->version_text);
  matrix->database = g_strdup (server->database);
  matrix->superuser = needs->superuser;
  matrix->script = g_strdup (needs->script);
  for (guint i = 0; i < needs->needs->len; i++)
    g_ptr_array_add (matrix->privileges, need_to_privilege (g_ptr_array_index (needs->needs, i)));
  return matrix;
}

gpointer
pgm_answer_read_privileges (PgmStore *store,
                            const char *id,
                            gpointer request,
                            GCancellable *cancellable,
                            GError **error)
{
  const PgmPrivilegesQuery *query = request;
  g_autoptr (PgmNodeSession) session = NULL;
  g_autoptr (PgmServerInfo) server = NULL;
  g_autoptr (PgmNeeds) needs = NULL;
  PgmPurpose purposes;

  if (!pgm_purpose_parse (query->purpose, &purposes, error))
    return NULL;
  session = pgm_nodes_open (store, id, query->node, query->database, cancellable, error);
  if (session == NULL)
    return NULL;
  server = pgm_server_info_read (session->connection, session->cancellable, error);
  if (server != NULL)
    needs = pgm_needs_read (session->connection, server, purposes, query->role,
                            session->cancellable, error);
  if (needs != NULL)
    return make_matrix (server, needs);
  pgm_node_session_explain (session, "the privileges", error);
  return NULL;
}
