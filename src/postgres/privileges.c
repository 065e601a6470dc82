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

/* Per schema: how many relations of a kind can't be read, of how many, and their
 * names, which regclass qualifies and quotes. pg_dump locks every table that it
 * looks at, so members of extensions count as far as they hold user data. */
#define UNREADABLE_SQL(kinds, function)                                                            \
  "SELECT n.nspname, count(*) FILTER (WHERE NOT x.ok), count(*),"                                  \
  " string_agg(c.oid::pg_catalog.regclass::text, ', ' ORDER BY c.relname) FILTER (WHERE NOT x.ok)" \
  " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"                                 \
  " CROSS JOIN LATERAL (SELECT " function "(c.oid, 'SELECT') AS ok) x"                             \
  " WHERE c.relkind IN (" kinds ") AND left(n.nspname, 3) <> 'pg_'"                                \
  "   AND n.nspname NOT IN ('information_schema', 'pgmanager')"                                    \
  "   AND (NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::regclass"  \
  "       AND e.objid = c.oid AND e.objsubid = 0 AND e.deptype = 'e')"                             \
  "     OR EXISTS (SELECT FROM pg_extension p WHERE c.oid = ANY (p.extconfig)))"                   \
  " GROUP BY n.nspname HAVING count(*) FILTER (WHERE NOT x.ok) > 0 ORDER BY 1"

static const char tables_sql[] = UNREADABLE_SQL ("'r', 'p'", "has_table_privilege");
static const char sequences_sql[] = UNREADABLE_SQL ("'S'", "has_sequence_privilege");

static const char row_security_sql[] =
    "SELECT count(*), min(c.oid::pg_catalog.regclass::text) FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relrowsecurity AND c.relkind IN ('r', 'p') AND row_security_active(c.oid)"
    "   AND left(n.nspname, 3) <> 'pg_' AND n.nspname <> 'pgmanager'";

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
check_schemas (GPtrArray *missing,
               PgmConnection *connection,
               const char *user,
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

static void
add_unreadable (GPtrArray *missing,
                const RelationKind *kind,
                PgmResult *result,
                guint row,
                const char *user)
{
  const char *schema = pgm_result_get (result, row, 0);
  gint64 count = pgm_result_get_int64 (result, row, 1);
  gboolean whole = count == pgm_result_get_int64 (result, row, 2);
  const char *names = pgm_result_get (result, row, 3);
  g_autofree char *quoted = pgm_quote_identifier (schema);
  char *subject;
  char *fix;

  if (count == 1)
    subject = g_strdup_printf ("read %s %s", kind->singular, names);
  else
    subject =
        g_strdup_printf ("read %" G_GINT64_FORMAT " %s of schema %s", count, kind->plural, schema);
  if (whole && count > RELATIONS_NAMED)
    fix = g_strdup_printf ("GRANT SELECT ON ALL %sS IN SCHEMA %s TO %s;", kind->keyword, quoted,
                           user);
  else
    fix = g_strdup_printf ("GRANT SELECT ON %s %s TO %s;", kind->keyword, names, user);
  pgm_missing_privileges_take (missing, subject, fix, "Their owner or a superuser can run it.");
}

static gboolean
check_relations (GPtrArray *missing,
                 PgmConnection *connection,
                 const RelationKind *kind,
                 const char *user,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, kind->sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    add_unreadable (missing, kind, result, row, user);
  return TRUE;
}

static gboolean
check_row_security (GPtrArray *missing,
                    PgmConnection *connection,
                    const char *user,
                    GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, row_security_sql, 0, NULL, cancellable, error);
  gint64 count;

  if (result == NULL)
    return FALSE;
  count = pgm_result_get_int64 (result, 0, 0);
  if (count > 0)
    pgm_missing_privileges_take (missing,
                                 g_strdup_printf ("read all rows of %" G_GINT64_FORMAT
                                                  " tables with row security, the first is %s",
                                                  count, pgm_result_get (result, 0, 1)),
                                 g_strdup_printf ("ALTER ROLE %s BYPASSRLS;", user),
                                 "A superuser can run it.");
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
                             GCancellable *cancellable,
                             GError **error)
{
  g_autoptr (GPtrArray) missing = pgm_missing_privileges_new ();
  g_autofree char *user = pgm_quote_identifier (server->user);

  if (server->superuser)
    return g_steal_pointer (&missing);
  if (!check_schemas (missing, connection, user, cancellable, error))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (relation_kinds); i++)
    {
      if (!check_relations (missing, connection, &relation_kinds[i], user, cancellable, error))
        return NULL;
    }
  if (!check_row_security (missing, connection, user, cancellable, error) ||
      !check_large_objects (missing, connection, user, cancellable, error))
    return NULL;
  return g_steal_pointer (&missing);
}
