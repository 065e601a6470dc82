#include "config.h"

#include "postgres/privileges-private.h"
#include "postgres/quote.h"

/* Up to this many relations are named in one GRANT; above, ALL … IN SCHEMA is
 * offered when it means the same relations. */
#define RELATIONS_NAMED 20

static const char schemas_sql[] =
    "SELECT n.nspname FROM pg_namespace n"
    " WHERE left(n.nspname, 3) <> 'pg_' AND n.nspname NOT IN ('information_schema', 'pgmanager')"
    "   AND NOT has_schema_privilege(n.oid, 'USAGE')"
    "   AND EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid"
    "     AND c.relkind IN ('r', 'p', 'S'))"
    " ORDER BY 1";

/* Relations of a kind that can't be read, by schema, with how many of them are there
 * and the name, which regclass qualifies and quotes. A sequence is a table's when one
 * owns it. pg_dump locks every table that it looks at, so members of extensions count
 * as far as they hold user data. */
#define UNREADABLE_SQL(kinds, function)                                                            \
  "SELECT x.nspname, x.n, x.oid::pg_catalog.regclass::text,"                                       \
  " CASE WHEN x.relkind <> 'S' THEN x.oid ELSE coalesce((SELECT d.refobjid FROM pg_depend d"       \
  "   WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = x.oid"                       \
  "   AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1), 0)" \
  " END"                                                                                           \
  " FROM (SELECT n.nspname, c.oid, c.relname, c.relkind,"                                          \
  "   count(*) OVER (PARTITION BY n.oid) AS n, " function "(c.oid, 'SELECT') AS ok"                \
  "   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"                               \
  "   WHERE c.relkind IN (" kinds ") AND left(n.nspname, 3) <> 'pg_'"                              \
  "   AND n.nspname NOT IN ('information_schema', 'pgmanager')"                                    \
  "   AND (NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::regclass"  \
  "       AND e.objid = c.oid AND e.objsubid = 0 AND e.deptype = 'e')"                             \
  "     OR EXISTS (SELECT FROM pg_extension p WHERE c.oid = ANY (p.extconfig)))) x"                \
  " WHERE NOT x.ok ORDER BY x.nspname, x.relname"

static const char tables_sql[] = UNREADABLE_SQL ("'r', 'p'", "has_table_privilege");
static const char sequences_sql[] = UNREADABLE_SQL ("'S'", "has_sequence_privilege");

static const char row_security_sql[] =
    "SELECT c.oid, c.oid::pg_catalog.regclass::text FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relrowsecurity AND c.relkind IN ('r', 'p') AND row_security_active(c.oid)"
    "   AND left(n.nspname, 3) <> 'pg_' AND n.nspname <> 'pgmanager' ORDER BY 2";

/* has_largeobject_privilege() came with 18; the ACL is read here as the server
 * reads it: the owner's and the grantees' rights through membership with
 * inheritance. lo_compat_privileges turns all of it off. */
static const char large_objects_sql[] =
    "SELECT count(*), min(m.oid::text), string_agg(m.oid::text, ', ')"
    " FROM pg_largeobject_metadata m WHERE NOT current_setting('lo_compat_privileges')::bool"
    "   AND NOT EXISTS (SELECT FROM aclexplode(coalesce(m.lomacl, acldefault('L', m.lomowner))) a"
    "     WHERE a.privilege_type = 'SELECT'"
    "       AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))";

void
pgm_missing_privilege_free (PgmMissingPrivilege *self)
{
  if (self == NULL)
    return;
  g_free (self->subject);
  g_free (self->fix_sql);
  g_free (self->note);
  g_free (self);
}

void
pgm_missing_privileges_set_side (GPtrArray *missing, const char *side)
{
  for (guint i = 0; i < missing->len; i++)
    {
      PgmMissingPrivilege *entry = g_ptr_array_index (missing, i);

      if (entry->side == NULL)
        entry->side = side;
    }
}

GPtrArray *
pgm_missing_privileges_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) pgm_missing_privilege_free);
}

void
pgm_missing_privileges_take (GPtrArray *missing, char *subject, char *fix_sql, const char *note)
{
  PgmMissingPrivilege *entry = g_new0 (PgmMissingPrivilege, 1);

  entry->subject = subject;
  entry->fix_sql = fix_sql;
  entry->note = g_strdup (note);
  g_ptr_array_add (missing, entry);
}

static gboolean
needs_schema (const PgmPrivilegesScope *scope, const char *schema)
{
  return scope == NULL || scope->needs_schema (schema, scope->user_data);
}

/* 0: a sequence that belongs to no table goes with its schema. */
static gboolean
needs_table (const PgmPrivilegesScope *scope, guint32 oid, const char *schema)
{
  if (scope == NULL)
    return TRUE;
  return oid != 0 ? scope->needs_table (oid, scope->user_data) : needs_schema (scope, schema);
}

static gboolean
check_schemas (GPtrArray *missing,
               PgmConnection *connection,
               const char *user,
               const PgmPrivilegesScope *scope,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, schemas_sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const char *schema = pgm_result_get (result, row, 0);
      g_autofree char *quoted = pgm_quote_identifier (schema);

      if (!needs_schema (scope, schema))
        continue;
      pgm_missing_privileges_take (
          missing, g_strdup_printf ("use schema %s", schema),
          g_strdup_printf ("GRANT USAGE ON SCHEMA %s TO %s;", quoted, user),
          "Its owner or a superuser can run it.");
    }
  return TRUE;
}

typedef struct
{
  const char *sql;
  const char *singular; /* "table" */
  const char *plural;
  const char *keyword; /* "TABLE" */
} RelationKind;

static const RelationKind relation_kinds[] = {
  { tables_sql, "table", "tables", "TABLE" },
  { sequences_sql, "sequence", "sequences", "SEQUENCE" },
};

/* @names: of one schema, with @total relations of the kind. */
static void
add_unreadable (GPtrArray *missing,
                const RelationKind *kind,
                const char *schema,
                gint64 total,
                GPtrArray *names,
                const char *user)
{
  g_autofree char *quoted = pgm_quote_identifier (schema);
  g_autoptr (GString) list = g_string_new (NULL);
  char *subject;
  char *fix;

  for (guint i = 0; i < names->len; i++)
    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "",
                            (const char *) g_ptr_array_index (names, i));
  if (names->len == 1)
    subject = g_strdup_printf ("read %s %s", kind->singular, list->str);
  else
    subject = g_strdup_printf ("read %u %s of schema %s", names->len, kind->plural, schema);
  if (names->len == total && names->len > RELATIONS_NAMED)
    fix = g_strdup_printf ("GRANT SELECT ON ALL %sS IN SCHEMA %s TO %s;", kind->keyword, quoted,
                           user);
  else
    fix = g_strdup_printf ("GRANT SELECT ON %s %s TO %s;", kind->keyword, list->str, user);
  pgm_missing_privileges_take (missing, subject, fix, "Their owner or a superuser can run it.");
}

static gboolean
check_relations (GPtrArray *missing,
                 PgmConnection *connection,
                 const RelationKind *kind,
                 const char *user,
                 const PgmPrivilegesScope *scope,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, kind->sql, 0, NULL, cancellable, error);
  guint rows = 0;

  if (result == NULL)
    return FALSE;
  rows = pgm_result_get_rows (result);
  for (guint row = 0; row < rows;)
    {
      const char *schema = pgm_result_get (result, row, 0);
      gint64 total = pgm_result_get_int64 (result, row, 1);
      g_autoptr (GPtrArray) names = g_ptr_array_new ();

      for (; row < rows && g_str_equal (schema, pgm_result_get (result, row, 0)); row++)
        if (needs_table (scope, pgm_result_get_oid (result, row, 3), schema))
          g_ptr_array_add (names, (gpointer) (guintptr) pgm_result_get (result, row, 2));
      if (names->len > 0)
        add_unreadable (missing, kind, schema, total, names, user);
    }
  return TRUE;
}

static gboolean
check_row_security (GPtrArray *missing,
                    PgmConnection *connection,
                    const char *user,
                    const PgmPrivilegesScope *scope,
                    GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, row_security_sql, 0, NULL, cancellable, error);
  const char *first = NULL;
  guint count = 0;

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      if (!needs_table (scope, pgm_result_get_oid (result, row, 0), NULL))
        continue;
      if (count++ == 0)
        first = pgm_result_get (result, row, 1);
    }
  if (count > 0)
    pgm_missing_privileges_take (
        missing,
        g_strdup_printf ("read all rows of %u tables with row security, the first is %s", count,
                         first),
        g_strdup_printf ("ALTER ROLE %s BYPASSRLS;", user), "A superuser can run it.");
  return TRUE;
}

static gboolean
check_large_objects (GPtrArray *missing,
                     PgmConnection *connection,
                     const char *user,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, large_objects_sql, 0, NULL, cancellable, error);
  gint64 count;
  char *fix;

  if (result == NULL)
    return FALSE;
  count = pgm_result_get_int64 (result, 0, 0);
  if (count == 0)
    return TRUE;
  if (count <= RELATIONS_NAMED)
    fix = g_strdup_printf ("GRANT SELECT ON LARGE OBJECT %s TO %s;", pgm_result_get (result, 0, 2),
                           user);
  else
    {
      g_autofree char *role = pgm_quote_literal (user);

      fix = g_strdup_printf (
          "DO $pgmanager$ DECLARE lo oid; BEGIN"
          " FOR lo IN SELECT oid FROM pg_catalog.pg_largeobject_metadata LOOP"
          " EXECUTE pg_catalog.format('GRANT SELECT ON LARGE OBJECT %%s TO %%s', lo, %s);"
          " END LOOP; END $pgmanager$;",
          role);
    }
  pgm_missing_privileges_take (missing,
                               g_strdup_printf ("read %" G_GINT64_FORMAT " large objects", count),
                               fix, "Their owner or a superuser can run it.");
  return TRUE;
}

GPtrArray *
pgm_privileges_check_source (PgmConnection *connection,
                             const PgmServerInfo *server,
                             const PgmPrivilegesScope *scope,
                             GCancellable *cancellable,
                             GError **error)
{
  g_autoptr (GPtrArray) missing = pgm_missing_privileges_new ();
  g_autofree char *user = pgm_quote_identifier (server->user);

  if (server->superuser)
    return g_steal_pointer (&missing);
  if (!check_schemas (missing, connection, user, scope, cancellable, error))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (relation_kinds); i++)
    {
      if (!check_relations (missing, connection, &relation_kinds[i], user, scope, cancellable,
                            error))
        return NULL;
    }
  if (!check_row_security (missing, connection, user, scope, cancellable, error))
    return NULL;
  if ((scope == NULL || scope->large_objects) &&
      !check_large_objects (missing, connection, user, cancellable, error))
    return NULL;
  return g_steal_pointer (&missing);
}
