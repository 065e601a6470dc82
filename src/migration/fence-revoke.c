#include "migration/fence-private.h"

#include "postgres/quote.h"

/* Every CONNECT on the database, in the order of the ACL; without an ACL the
 * defaults count. The grantor is NULL when it is the owner. */
#define GRANTS_SQL                                                                                 \
  "SELECT CASE WHEN x.grantee <> 0 THEN pg_catalog.pg_get_userbyid(x.grantee) END,"                \
  " CASE WHEN x.grantor <> d.datdba THEN pg_catalog.pg_get_userbyid(x.grantor) END,"               \
  " x.is_grantable, x.grantee = d.datdba"                                                          \
  " FROM pg_catalog.pg_database d, pg_catalog.aclexplode("                                         \
  " coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) WITH ORDINALITY"                     \
  " x(grantor, grantee, privilege_type, is_grantable, n)"                                          \
  " WHERE d.datname = current_database() AND x.privilege_type = 'CONNECT' ORDER BY x.n"

static gboolean
read_grants (GPtrArray *grants,
             PgmConnection *connection,
             GCancellable *cancellable,
             GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, GRANTS_SQL, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      PgmFenceGrant *grant = pgm_record_new (&pgm_fence_grant_type);

      grant->grantee = g_strdup (pgm_result_get (result, row, 0));
      grant->grantor = g_strdup (pgm_result_get (result, row, 1));
      grant->grantable = pgm_result_get_bool (result, row, 2);
      g_ptr_array_add (grants, grant);
    }
  return TRUE;
}

/* A grant by somebody else than the owner can only be made again by him. */
static gboolean
check_grantors (PgmFenceRecord *self,
                const PgmFenceFacts *facts,
                PgmConnection *connection,
                GPtrArray *missing,
                GCancellable *cancellable,
                GError **error)
{
  for (guint i = 0; i < self->grants->len; i++)
    {
      const PgmFenceGrant *grant = g_ptr_array_index (self->grants, i);
      const char *params[] = { grant->grantor };
      g_autofree char *may = NULL;

      if (grant->grantor == NULL || facts->superuser)
        continue;
      may = pgm_connection_query_value (connection, "SELECT pg_catalog.pg_has_role($1, 'MEMBER')",
                                        1, params, cancellable, error);
      if (may == NULL)
        return FALSE;
      if (!g_str_equal (may, "t"))
        {
          g_autofree char *grantor = pgm_quote_identifier (grant->grantor);
          g_autofree char *role = pgm_quote_identifier (facts->role);
          g_autofree char *fix = g_strdup_printf ("GRANT %s TO %s", grantor, role);

          pgm_fence_miss (missing, "grant CONNECT again in the name of who granted it", fix, NULL);
        }
    }
  return TRUE;
}

static gboolean
is_our_own (const PgmFenceRecord *self, const PgmFenceGrant *grant)
{
  return self->ours != NULL && grant->grantor == NULL &&
         g_strcmp0 (grant->grantee, self->ours) == 0;
}

/* We get in by a grant of our own only: those of PUBLIC and of groups are taken
 * away. */
static void
admit_ourselves (PgmFenceRecord *self, const PgmFenceFacts *facts)
{
  if (facts->superuser)
    return;
  self->ours = g_strdup (facts->role);
  self->admitted = TRUE;
  for (guint i = 0; i < self->grants->len; i++)
    if (is_our_own (self, g_ptr_array_index (self->grants, i)))
      self->admitted = FALSE;
}

/* Members of our role get in with us. Those that are there now lose LOGIN, if they
 * may be changed by us; it counts for all databases, therefore not the others. */
static gboolean
find_nologin (PgmFenceRecord *self,
              PgmEnds *ends,
              PgmConnection *connection,
              GCancellable *cancellable,
              GError **error)
{
  g_autofree char *condition = pgm_fence_sessions_condition (ends);
  g_autoptr (GStrvBuilder) roles = g_strv_builder_new ();
  g_autofree char *sql = g_strdup_printf (
      "SELECT DISTINCT r.rolname FROM pg_catalog.pg_stat_activity a"
      " JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid, pg_catalog.pg_roles me"
      " WHERE %s AND r.rolcanlogin AND NOT r.rolsuper AND me.rolname = current_user"
      " AND r.oid <> me.oid AND pg_catalog.pg_has_role(r.oid, me.oid, 'USAGE')"
      " AND (me.rolsuper OR me.rolcreaterole AND %s)",
      condition,
      pgm_connection_get_major (connection) < 16
          ? "true"
          : "EXISTS (SELECT FROM pg_catalog.pg_auth_members m"
            " WHERE m.roleid = r.oid AND m.member = me.oid AND m.admin_option)");
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    g_strv_builder_add (roles, pgm_result_get (result, row, 0));
  self->nologin = g_strv_builder_end (roles);
  return TRUE;
}

gboolean
pgm_fence_revoke_plan (PgmFenceRecord *self,
                       PgmEnds *ends,
                       const PgmFenceFacts *facts,
                       PgmConnection *connection,
                       GPtrArray *missing,
                       GCancellable *cancellable,
                       GError **error)
{
  if (!read_grants (self->grants, connection, cancellable, error) ||
      !check_grantors (self, facts, connection, missing, cancellable, error) ||
      !find_nologin (self, ends, connection, cancellable, error))
    return FALSE;
  admit_ourselves (self, facts);
  return TRUE;
}

static void
append_grantee (GString *sql, const char *grantee)
{
  if (grantee == NULL)
    g_string_append (sql, "PUBLIC");
  else
    pgm_quote_append_identifier (sql, grantee);
}

static void
append_logins (GString *sql, const PgmFenceRecord *self, const char *option)
{
  for (guint i = 0; self->nologin != NULL && self->nologin[i] != NULL; i++)
    {
      g_string_append (sql, "ALTER ROLE ");
      pgm_quote_append_identifier (sql, self->nologin[i]);
      g_string_append_printf (sql, " %s; ", option);
    }
}

static void
append_grant (GString *sql, const char *database, const PgmFenceGrant *grant)
{
  if (grant->grantor != NULL)
    {
      g_string_append (sql, "SET ROLE ");
      pgm_quote_append_identifier (sql, grant->grantor);
      g_string_append (sql, "; ");
    }
  g_string_append_printf (sql, "GRANT CONNECT ON DATABASE %s TO ", database);
  append_grantee (sql, grant->grantee);
  g_string_append (sql, grant->grantable ? " WITH GRANT OPTION; " : "; ");
  if (grant->grantor != NULL)
    g_string_append (sql, "RESET ROLE; ");
}

/* Grants by others hang on one by the owner: CASCADE takes them along. */
char *
pgm_fence_revoke_raise_sql (const PgmFenceRecord *self)
{
  g_autofree char *database = pgm_quote_identifier (self->database);
  GString *sql = g_string_new (NULL);

  if (self->admitted)
    {
      g_string_append_printf (sql, "GRANT CONNECT ON DATABASE %s TO ", database);
      append_grantee (sql, self->ours);
      g_string_append (sql, "; ");
    }
  for (guint i = 0; i < self->grants->len; i++)
    {
      const PgmFenceGrant *grant = g_ptr_array_index (self->grants, i);

      if (grant->grantor != NULL || (is_our_own (self, grant) && !grant->grantable))
        continue;
      g_string_append_printf (sql, "REVOKE %sCONNECT ON DATABASE %s FROM ",
                              is_our_own (self, grant) ? "GRANT OPTION FOR " : "", database);
      append_grantee (sql, grant->grantee);
      g_string_append (sql, " CASCADE; ");
    }
  append_logins (sql, self, "NOLOGIN");
  return g_string_free (sql, FALSE);
}

char *
pgm_fence_revoke_lower_sql (const PgmFenceRecord *self)
{
  g_autofree char *database = pgm_quote_identifier (self->database);
  GString *sql = g_string_new (NULL);

  for (guint i = 0; i < self->grants->len; i++)
    append_grant (sql, database, g_ptr_array_index (self->grants, i));
  append_logins (sql, self, "LOGIN");
  if (self->admitted)
    {
      g_string_append_printf (sql, "REVOKE CONNECT ON DATABASE %s FROM ", database);
      append_grantee (sql, self->ours);
      g_string_append (sql, "; ");
    }
  g_string_truncate (sql, sql->len >= 2 ? sql->len - 2 : 0);
  return g_string_free (sql, FALSE);
}

static gboolean
has_grant (GPtrArray *grants, const PgmFenceGrant *wanted)
{
  for (guint i = 0; i < grants->len; i++)
    if (pgm_record_equal (g_ptr_array_index (grants, i), wanted))
      return TRUE;
  return FALSE;
}

/* A GRANT of what is there already would write out the defaults of a database that
 * has no ACL: nothing is touched that need not be. */
gboolean
pgm_fence_revoke_is_down (const PgmFenceRecord *self,
                          PgmConnection *connection,
                          gboolean *down,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (GPtrArray) grants = g_ptr_array_new_with_free_func (pgm_record_unref);

  *down = FALSE;
  if (!read_grants (grants, connection, cancellable, error))
    return FALSE;
  *down = self->nologin == NULL || self->nologin[0] == NULL;
  for (guint i = 0; i < self->grants->len; i++)
    *down = *down && has_grant (grants, g_ptr_array_index (self->grants, i));
  for (guint i = 0; self->admitted && i < grants->len; i++)
    *down = *down && !is_our_own (self, g_ptr_array_index (grants, i));
  return TRUE;
}
