#include "migration/settings.h"

#include <string.h>

#include "migration/statement.h"
#include "postgres/quote.h"

/* Settings whose stored value is a list with its elements quoted already. */
static const char *const quoted_lists[] = {
  "local_preload_libraries",
  "search_path",
  "session_preload_libraries",
  "shared_preload_libraries",
  "temp_tablespaces",
  "unix_socket_directories",
  NULL,
};

static const char settings_sql[] =
    "SELECT r.rolname, s.setrole <> 0, o.option FROM pg_catalog.pg_db_role_setting s"
    " JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase"
    " LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole,"
    " pg_catalog.unnest(s.setconfig) WITH ORDINALITY o(option, n)"
    " WHERE d.datname = pg_catalog.current_database() ORDER BY s.setrole, o.n";

static const char database_sql[] =
    "SELECT pg_catalog.pg_get_userbyid(d.datdba), pg_catalog.shobj_description(d.oid, 'pg_database'),"
    " d.datacl IS NOT NULL, pg_catalog.pg_has_role(d.datdba, 'USAGE'), d.datname"
    " FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()";

/* What the owner has by being the owner is not asked for. */
static const char acl_sql[] =
    "SELECT CASE a.grantee WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable"
    " FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a"
    " WHERE d.datname = pg_catalog.current_database() AND a.grantee <> d.datdba ORDER BY a.grantee, 2";

typedef struct
{
  PgmCloneContext *ctx;
  char *database; /* the destination's, quoted */
  gboolean owner; /* we may do what the owner may */
  GPtrArray *statements;
} Settings;

static void
add_statement (Settings *self, const char *object, char *sql)
{
  g_ptr_array_add (self->statements, pgm_statement_new_take (g_strdup (object), sql));
}

/* Elements of a stored list, "a, \"b \"\"c\"\"\"", each as a literal. */
static void
append_list (GString *sql, const char *value)
{
  g_autoptr (GString) element = g_string_new (NULL);
  gboolean quoted = FALSE;
  gboolean first = TRUE;

  for (const char *p = value;; p++)
    {
      if (*p == '"' && quoted && p[1] == '"')
        g_string_append_c (element, *p++);
      else if (*p == '"')
        quoted = !quoted;
      else if (*p == '\0' || (*p == ',' && !quoted))
        {
          g_string_append (sql, first ? "" : ", ");
          pgm_quote_append_literal (sql, element->str);
          g_string_truncate (element, 0);
          first = FALSE;
          if (*p == '\0')
            return;
        }
      else if (quoted || *p != ' ')
        g_string_append_c (element, *p);
    }
}

/* "name=value", as pg_db_role_setting has it. Names of extensions have a dot. */
static void
append_setting (GString *sql, const char *option)
{
  const char *equals = strchr (option, '=');
  g_autofree char *name =
      equals != NULL ? g_strndup (option, (gsize) (equals - option)) : g_strdup (option);
  g_auto (GStrv) parts = g_strsplit (name, ".", -1);
  const char *value = equals != NULL ? equals + 1 : "";

  g_string_append (sql, " SET ");
  for (guint i = 0; parts[i] != NULL; i++)
    {
      g_string_append (sql, i > 0 ? "." : "");
      pgm_quote_append_identifier (sql, parts[i]);
    }
  g_string_append (sql, " TO ");
  if (g_strv_contains (quoted_lists, name) && *value != '\0')
    append_list (sql, value);
  else
    pgm_quote_append_literal (sql, value);
}

static gboolean
add_settings (Settings *self, PgmConnection *source, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (source, settings_sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const char *role = pgm_result_get (result, row, 0);
      gboolean of_role = pgm_result_get_bool (result, row, 1);
      GString *sql;

      if (of_role && role == NULL)
        continue;
      sql = g_string_new (NULL);
      if (of_role)
        {
          g_string_append (sql, "ALTER ROLE ");
          pgm_quote_append_identifier (sql, role);
          g_string_append_printf (sql, " IN DATABASE %s", self->database);
        }
      else
        g_string_append_printf (sql, "ALTER DATABASE %s", self->database);
      append_setting (sql, pgm_result_get_or (result, row, 2, ""));
      add_statement (self,
                     of_role ? "setting of a role in the database" : "setting of the database",
                     g_string_free (sql, FALSE));
    }
  return TRUE;
}

/* A server only warns of a GRANT that has no effect, so it is not asked. */
static void
add_privilege (Settings *self, char *sql)
{
  g_autoptr (GError) refused = NULL;
  g_autofree char *owned = sql;

  if (self->owner)
    {
      add_statement (self, "privileges of the database", g_steal_pointer (&owned));
      return;
    }
  pgm_error_set (&refused, PGM_ERROR_SQL, "must be owner of database %s", self->database);
  pgm_clone_context_problem (self->ctx, "privileges of the database", owned, refused);
}

/* What everyone has by default and not on the source. Nothing else is revoked:
 * whoever made the destination may have granted it. */
static void
add_revokes (Settings *self, PgmResult *granted)
{
  static const char *const by_default[] = { "CONNECT", "TEMPORARY" };

  for (guint i = 0; i < G_N_ELEMENTS (by_default); i++)
    {
      gboolean kept = FALSE;

      for (guint row = 0; row < pgm_result_get_rows (granted); row++)
        kept |= pgm_result_get (granted, row, 0) == NULL &&
                g_str_equal (pgm_result_get_or (granted, row, 1, ""), by_default[i]);
      if (!kept)
        add_privilege (self, g_strdup_printf ("REVOKE %s ON DATABASE %s FROM PUBLIC", by_default[i],
                                              self->database));
    }
}

static gboolean
add_privileges (Settings *self, PgmConnection *source, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (source, acl_sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  add_revokes (self, result);
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const char *role = pgm_result_get (result, row, 0);
      GString *sql = g_string_new (NULL);

      g_string_append_printf (sql, "GRANT %s ON DATABASE %s TO ",
                              pgm_result_get_or (result, row, 1, ""), self->database);
      if (role != NULL)
        pgm_quote_append_identifier (sql, role);
      else
        g_string_append (sql, "PUBLIC");
      g_string_append (sql, pgm_result_get_bool (result, row, 2) ? " WITH GRANT OPTION" : "");
      add_privilege (self, g_string_free (sql, FALSE));
    }
  return TRUE;
}

static void
add_comment (Settings *self, const char *comment)
{
  g_autofree char *literal = NULL;

  if (comment == NULL)
    return;
  literal = pgm_quote_literal (comment);
  add_statement (self, "comment of the database",
                 g_strdup_printf ("COMMENT ON DATABASE %s IS %s", self->database, literal));
}

gboolean
pgm_settings_copy (PgmCloneContext *ctx,
                   PgmConnection *source,
                   PgmConnection *destination,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (PgmResult) from =
      pgm_connection_query (source, database_sql, 0, NULL, cancellable, error);
  g_autoptr (PgmResult) to = NULL;
  g_autoptr (GPtrArray) statements = pgm_statements_new ();
  g_autofree char *database = NULL;
  Settings self = { .ctx = ctx, .statements = statements };

  if (from == NULL)
    return FALSE;
  to = pgm_connection_query (destination, database_sql, 0, NULL, cancellable, error);
  if (to == NULL)
    return FALSE;
  pgm_progress_set_activity (ctx->progress, "settings of the database");
  self.database = database = pgm_quote_identifier (pgm_result_get_or (to, 0, 4, ""));
  self.owner = pgm_result_get_bool (to, 0, 3);
  if (g_strcmp0 (pgm_result_get (from, 0, 0), pgm_result_get (to, 0, 0)) != 0)
    pgm_progress_event (
        ctx->progress, "note",
        "the database belongs to %s on the source and to %s on the destination; that is left as it is",
        pgm_result_get_or (from, 0, 0, ""), pgm_result_get_or (to, 0, 0, ""));
  if (!add_settings (&self, source, cancellable, error))
    return FALSE;
  add_comment (&self, pgm_result_get (from, 0, 1));
  if (!ctx->options->no_acl && pgm_result_get_bool (from, 0, 2) &&
      !add_privileges (&self, source, cancellable, error))
    return FALSE;
  return pgm_statements_run (ctx, destination, statements, 50, NULL, cancellable, error);
}
