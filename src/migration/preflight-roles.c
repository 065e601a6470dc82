#include "config.h"

#include "migration/narrow.h"
#include "migration/preflight-private.h"
#include "postgres/privileges.h"
#include "postgres/quote.h"

static void
add_missing (PgmPreflight *self,
             const char *name,
             const char *side,
             const char *user,
             GPtrArray *missing)
{
  for (guint i = 0; i < missing->len; i++)
    {
      PgmMissingPrivilege *entry = g_ptr_array_index (missing, i);

      g_autofree char *fix = g_strdup_printf ("%s -- on the %s", entry->fix_sql, side);

      pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, fix, "Role %s on the %s may not %s.%s%s",
                         user, side, entry->subject, entry->note != NULL ? " " : "",
                         entry->note != NULL ? entry->note : "");
    }
}

static gboolean
needs_table (guint32 oid, gpointer narrow)
{
  return pgm_narrow_needs (narrow, oid);
}

static gboolean
needs_schema (const char *schema, gpointer narrow)
{
  return pgm_narrow_needs_schema (narrow, schema);
}

/* With a filter, of what it takes: the dump is narrowed to that, too. */
gboolean
pgm_preflight_check_source_privileges (PgmPreflight *self, const char *name, GError **error)
{
  gboolean all = self->filter == NULL || !pgm_filter_is_active (self->filter);
  g_autoptr (PgmNarrow) narrow = NULL;
  g_autoptr (GPtrArray) missing = NULL;
  PgmPrivilegesScope scope = { needs_table, needs_schema, FALSE, NULL };

  if (!all)
    {
      narrow = pgm_narrow_read (self->source, self->filter, self->cancellable, error);
      if (narrow == NULL)
        return FALSE;
      scope.user_data = narrow;
    }
  missing = pgm_privileges_check_source (self->source, self->source_info, all ? NULL : &scope,
                                         self->cancellable, error);
  if (missing == NULL)
    return FALSE;
  add_missing (self, name, "source", self->source_info->user, missing);
  if (missing->len == 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL, "Role %s may read everything %s the source.",
                       self->source_info->user, all ? "at" : "that was chosen at");
  return TRUE;
}

/* Who owns what where. Members of extensions belong to the extension's owner on
 * the other side. Types made by a table, and arrays, follow their makers. */
static const char owners_sql[] =
    "SELECT DISTINCT pg_get_userbyid(o.owner), n.nspname FROM ("
    "  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS class, oid, relowner AS owner,"
    "    relnamespace AS space FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')"
    "  UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, proowner, pronamespace FROM pg_proc"
    "  UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid, typowner, typnamespace FROM pg_type"
    "    WHERE typrelid = 0 AND typelem = 0"
    "  UNION ALL SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, oid, nspowner, oid"
    "    FROM pg_namespace WHERE nspname <> 'public'"
    " ) o JOIN pg_namespace n ON n.oid = o.space"
    " WHERE left(n.nspname, 3) <> 'pg_' AND n.nspname NOT IN ('information_schema', 'pgmanager')"
    "   AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = o.class AND e.objid = o.oid"
    "     AND e.deptype = 'e')"
    " ORDER BY 1, 2";

typedef struct
{
  GPtrArray *owners; /* parallel, both NULL-terminated */
  GPtrArray *schemas;
} Ownerships;

static gboolean
read_ownerships (PgmPreflight *self, Ownerships *ownerships, GError **error)
{
  g_autoptr (PgmResult) result = pgm_preflight_ask (self, self->source, owners_sql, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const char *schema = pgm_result_get (result, row, 1);

      if (!pgm_preflight_takes_schema (self, schema))
        continue;
      g_ptr_array_add (ownerships->owners, g_strdup (pgm_result_get (result, row, 0)));
      g_ptr_array_add (ownerships->schemas, g_strdup (schema));
    }
  g_ptr_array_add (ownerships->owners, NULL);
  g_ptr_array_add (ownerships->schemas, NULL);
  return TRUE;
}

/* With --data-only nothing is made, but the tables must take rows. */
static const char insert_sql[] =
    "SELECT c.oid::pg_catalog.regclass::text, n.nspname, c.relname FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND left(n.nspname, 3) <> 'pg_'"
    "   AND n.nspname NOT IN ('information_schema', 'pgmanager')"
    "   AND NOT has_table_privilege(c.oid, 'INSERT') ORDER BY 1";

static gboolean
check_insert (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) result = pgm_preflight_ask (self, self->destination, insert_sql, error);
  g_autoptr (GPtrArray) tables = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *user = pgm_quote_identifier (self->destination_info->user);
  g_autofree char *list = NULL;
  g_autofree char *joined = NULL;
  g_autofree char *fix = NULL;

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const char *schema = pgm_result_get (result, row, 1);
      const char *table = pgm_result_get (result, row, 2);

      if (pgm_catalog_find_table (self->catalog, schema, table) != NULL &&
          pgm_preflight_takes (self, schema, table))
        g_ptr_array_add (tables, g_strdup (pgm_result_get (result, row, 0)));
    }
  if (tables->len == 0)
    {
      pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                         "Role %s may write to the tables of the destination.",
                         self->destination_info->user);
      return TRUE;
    }
  list = pgm_preflight_list (tables);
  g_ptr_array_add (tables, NULL);
  joined = g_strjoinv (", ", (char **) tables->pdata);
  fix = g_strdup_printf ("GRANT INSERT, SELECT ON TABLE %s TO %s; -- on the destination", joined,
                         user);
  pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, fix,
                     "Role %s on the destination may not write to %s.",
                     self->destination_info->user, list);
  return TRUE;
}

/* Who owns objects in a schema of someone else. */
static const char strangers_sql[] =
    "SELECT DISTINCT pg_get_userbyid(o.owner), n.nspname, pg_get_userbyid(n.nspowner) FROM ("
    "  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS class, oid, relowner AS owner,"
    "    relnamespace AS space FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')"
    "  UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, proowner, pronamespace FROM pg_proc"
    "  UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid, typowner, typnamespace FROM pg_type"
    "    WHERE typrelid = 0 AND typelem = 0"
    " ) o JOIN pg_namespace n ON n.oid = o.space AND n.nspowner <> o.owner"
    " WHERE n.nspname <> 'public' AND (o.class, o.oid) NOT IN" PGM_PREFLIGHT_MEMBERS
    "   AND" PGM_PREFLIGHT_USER_SCHEMA "ORDER BY 1, 2";

/* Privileges are restored last, so while objects are given to their owners those
 * may not create in a new schema of someone else yet, and PostgreSQL wants that
 * of a new owner (unless a superuser does it). Membership helps for the time. */
static gboolean
check_strangers (PgmPreflight *self, const char *name, gboolean *found, GError **error)
{
  g_autoptr (PgmResult) pairs = pgm_preflight_ask (self, self->source, strangers_sql, error);
  g_autoptr (GString) sql = g_string_new (NULL);
  g_autoptr (PgmResult) result = NULL;

  if (pairs == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (pairs); row++)
    {
      if (!pgm_preflight_takes_schema (self, pgm_result_get (pairs, row, 1)))
        continue;
      g_string_append (sql, sql->len > 0 ? ", (" : "(");
      for (guint column = 0; column < 3; column++)
        {
          g_string_append (sql, column > 0 ? ", " : "");
          pgm_quote_append_literal (sql, pgm_result_get (pairs, row, column));
        }
      g_string_append_c (sql, ')');
    }
  if (sql->len == 0)
    return TRUE;
  g_string_prepend (sql, "SELECT v.owner, v.schema, v.schema_owner FROM (VALUES ");
  g_string_append (sql, ") v(owner, schema, schema_owner) JOIN pg_roles r ON r.rolname = v.owner"
                        " JOIN pg_roles s ON s.rolname = v.schema_owner"
                        " WHERE NOT EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = v.schema)"
                        "   AND NOT pg_has_role(r.oid, s.oid, 'USAGE') ORDER BY 1, 2");
  result = pgm_preflight_ask (self, self->destination, sql->str, error);
  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const char *owner = pgm_result_get (result, row, 0);
      const char *schema_owner = pgm_result_get (result, row, 2);
      g_autofree char *quoted_owner = pgm_quote_identifier (owner);
      g_autofree char *quoted_schema_owner = pgm_quote_identifier (schema_owner);
      g_autofree char *fix = g_strdup_printf ("GRANT %s TO %s; -- on the destination",
                                              quoted_schema_owner, quoted_owner);

      *found = TRUE;
      pgm_preflight_add (
          self, name, PGM_CHECK_BLOCKER, fix,
          "Role %s will own objects in schema %s of role %s, and may not create there"
          " before privileges are restored. A membership for the time of the clone"
          " helps, as do --no-owner and a superuser.",
          owner, pgm_result_get (result, row, 1), schema_owner);
    }
  return TRUE;
}

/* pg_dump of 15 and later gives "public" to its owner of the source, unless that
 * is the pg_database_owner of new databases; a superuser may have to do it
 * beforehand, since ALTER SCHEMA … OWNER TO the owner it has asks nothing. */
static gboolean
check_public_owner (PgmPreflight *self, const char *name, gboolean *found, GError **error)
{
  static const char sql[] = "SELECT pg_get_userbyid(nspowner), pg_has_role(nspowner, 'USAGE')"
                            " FROM pg_namespace WHERE nspname = 'public'";
  int pg_dump = MAX (self->source_info->major, self->destination_info->major);
  g_autoptr (PgmResult) ours = NULL;
  g_autoptr (PgmResult) theirs = NULL;
  g_autofree char *quoted = NULL;
  g_autofree char *fix = NULL;
  const char *owner;

  if (pg_dump < 15 || !pgm_preflight_takes_schema (self, "public"))
    return TRUE;
  ours = pgm_preflight_ask (self, self->source, sql, error);
  theirs = ours != NULL ? pgm_preflight_ask (self, self->destination, sql, error) : NULL;
  if (theirs == NULL)
    return FALSE;
  if (pgm_result_get_rows (ours) == 0 || pgm_result_get_rows (theirs) == 0)
    return TRUE;
  owner = pgm_result_get_or (ours, 0, 0, "");
  if (g_str_equal (owner, "pg_database_owner") ||
      g_strcmp0 (owner, pgm_result_get (theirs, 0, 0)) == 0 ||
      (pgm_result_get_bool (theirs, 0, 1) && g_str_equal (owner, self->destination_info->user)))
    return TRUE;
  quoted = pgm_quote_identifier (owner);
  fix = g_strdup_printf ("ALTER SCHEMA public OWNER TO %s;", quoted);
  *found = TRUE;
  pgm_preflight_add (
      self, name, PGM_CHECK_BLOCKER, fix,
      "Schema public belongs to role %s at the source and to %s on the destination,"
      " where role %s may not change that. A superuser can; --no-owner does without.",
      owner, pgm_result_get_or (theirs, 0, 0, ""), self->destination_info->user);
  return TRUE;
}

gboolean
pgm_preflight_check_destination_privileges (PgmPreflight *self, const char *name, GError **error)
{
  Ownerships ownerships = { 0 };
  g_autoptr (GPtrArray) owners = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) schemas = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) missing = NULL;
  gboolean strangers = FALSE;

  if (!pgm_preflight_wants_schema (self))
    return check_insert (self, name, error);
  ownerships.owners = owners;
  ownerships.schemas = schemas;
  if (!read_ownerships (self, &ownerships, error))
    return FALSE;
  missing = pgm_privileges_check_destination (
      self->destination, self->destination_info,
      self->options->no_owner ? NULL : (const char *const *) owners->pdata,
      (const char *const *) schemas->pdata, self->cancellable, error);
  if (missing == NULL)
    return FALSE;
  add_missing (self, name, "destination", self->destination_info->user, missing);
  if (!self->destination_info->superuser && !self->options->no_owner &&
      (!check_strangers (self, name, &strangers, error) ||
       !check_public_owner (self, name, &strangers, error)))
    return FALSE;
  if (missing->len == 0 && !strangers)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "Role %s may make everything on the destination.",
                       self->destination_info->user);
  return TRUE;
}

/* pg_shdepend says which roles own, were granted, or are named in policies, for
 * all kinds of objects at once. It leaves out the role that initdb made, which
 * is added by what people make. %d: pg_dump's version; see check_public_owner(). */
static const char roles_sql[] =
    "SELECT r.rolname, bool_or(u.kind = 'o'), bool_or(u.kind IN ('a', 'i')), bool_or(u.kind = 'r'),"
    "   r.rolcanlogin, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolsuper, r.rolreplication,"
    "   r.rolbypassrls"
    " FROM (SELECT s.refobjid AS role, s.deptype AS kind FROM pg_shdepend s"
    "     WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass"
    "       AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
    "       AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = s.classid"
    "         AND e.objid = s.objid AND e.deptype = 'e')"
    "   UNION ALL SELECT 10, 'o' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    "     WHERE c.relowner = 10 AND left(n.nspname, 3) <> 'pg_'"
    "       AND n.nspname NOT IN ('information_schema', 'pgmanager')"
    "   UNION ALL SELECT 10, 'o' FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
    "     WHERE p.proowner = 10 AND left(n.nspname, 3) <> 'pg_'"
    "       AND n.nspname NOT IN ('information_schema', 'pgmanager')"
    "   UNION ALL SELECT 10, 'o' FROM pg_namespace n"
    "     WHERE n.nspowner = 10 AND (n.nspname <> 'public' OR %d >= 15) AND" PGM_PREFLIGHT_USER_SCHEMA
    " ) u JOIN pg_roles r ON r.oid = u.role"
    " GROUP BY r.rolname, r.rolcanlogin, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolsuper,"
    "   r.rolreplication, r.rolbypassrls ORDER BY 1";

static gboolean
role_is_needed (PgmPreflight *self, PgmResult *result, guint row)
{
  return (pgm_result_get_bool (result, row, 1) && !self->options->no_owner) ||
         (pgm_result_get_bool (result, row, 2) && !self->options->no_acl) ||
         pgm_result_get_bool (result, row, 3);
}

static void
append_create_role (GString *sql, PgmResult *result, guint row)
{
  static const struct
  {
    guint column;
    const char *when_set;
    const char *when_not;
  } attributes[] = {
    { 4, " LOGIN", " NOLOGIN" }, { 5, "", " NOINHERIT" }, { 6, " CREATEROLE", "" },
    { 7, " CREATEDB", "" },      { 8, " SUPERUSER", "" }, { 9, " REPLICATION", "" },
    { 10, " BYPASSRLS", "" },
  };

  g_string_append (sql, sql->len > 0 ? "\nCREATE ROLE " : "CREATE ROLE ");
  pgm_quote_append_identifier (sql, pgm_result_get (result, row, 0));
  for (guint i = 0; i < G_N_ELEMENTS (attributes); i++)
    g_string_append (sql, pgm_result_get_bool (result, row, attributes[i].column)
                              ? attributes[i].when_set
                              : attributes[i].when_not);
  g_string_append_c (sql, ';');
}

static GHashTable *
read_destination_roles (PgmPreflight *self, GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_preflight_ask (self, self->destination, "SELECT rolname FROM pg_roles", error);
  GHashTable *roles;

  if (result == NULL)
    return NULL;
  roles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    g_hash_table_add (roles, g_strdup (pgm_result_get (result, row, 0)));
  return roles;
}

gboolean
pgm_preflight_check_roles (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) used = NULL;
  g_autoptr (GHashTable) known = NULL;
  g_autoptr (GPtrArray) missing = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) reserved = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) fix = g_string_new (NULL);
  g_autofree char *list = NULL;
  g_autofree char *reserved_list = NULL;
  g_autofree char *sql = NULL;

  if (!pgm_preflight_wants_schema (self))
    return TRUE;
  sql = g_strdup_printf (roles_sql, MAX (self->source_info->major, self->destination_info->major));
  used = pgm_preflight_ask (self, self->source, sql, error);
  known = used != NULL ? read_destination_roles (self, error) : NULL;
  if (known == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (used); row++)
    {
      const char *role = pgm_result_get (used, row, 0);

      if (g_hash_table_contains (known, role) || !role_is_needed (self, used, row))
        continue;
      if (g_str_has_prefix (role, "pg_"))
        {
          g_ptr_array_add (reserved, g_strdup (role));
          continue;
        }
      g_ptr_array_add (missing, g_strdup (role));
      append_create_role (fix, used, row);
    }
  list = pgm_preflight_list (missing);
  reserved_list = pgm_preflight_list (reserved);
  if (missing->len > 0)
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, fix->str,
                       "Roles that own or may use objects at the source are missing on the"
                       " destination: %s. Passwords and memberships are set apart from this;"
                       " --no-owner and --no-acl do without the roles.",
                       list);
  if (reserved->len > 0)
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, NULL,
                       "Predefined roles that the destination's version does not have: %s. What is"
                       " granted to them is left out and reported.",
                       reserved_list);
  if (missing->len + reserved->len == 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "Every role that is needed exists on the destination.");
  return TRUE;
}

/* What only a superuser can make; objects of extensions come with those. A
 * before-rows object that can't be made would end the clone, the others are
 * reported one by one. @from follows "SELECT count(*), min(…)". */
typedef struct
{
  const char *plural;
  gboolean before_rows;
  const char *name;
  const char *from;
} SuperuserKind;

static const SuperuserKind superuser_kinds[] = {
  { "functions in untrusted languages", TRUE, "format('%s.%s', n.nspname, p.proname)",
    "pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
    " JOIN pg_language l ON l.oid = p.prolang WHERE NOT l.lanpltrusted AND l.lanname <> 'sql'"
    " AND NOT EXISTS (SELECT FROM pg_aggregate g WHERE g.aggfnoid = p.oid) AND" PGM_PREFLIGHT_USER_SCHEMA
    "AND ('pg_catalog.pg_proc'::pg_catalog.regclass, p.oid) NOT IN" PGM_PREFLIGHT_MEMBERS },
  { "leakproof functions", TRUE, "format('%s.%s', n.nspname, p.proname)",
    "pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.proleakproof AND" PGM_PREFLIGHT_USER_SCHEMA
    "AND ('pg_catalog.pg_proc'::pg_catalog.regclass, p.oid) NOT IN" PGM_PREFLIGHT_MEMBERS },
  { "base types", TRUE, "format('%s.%s', n.nspname, t.typname)",
    "pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'b'"
    " AND NOT EXISTS (SELECT FROM pg_type a WHERE a.typarray = t.oid) AND" PGM_PREFLIGHT_USER_SCHEMA
    "AND ('pg_catalog.pg_type'::pg_catalog.regclass, t.oid) NOT IN" PGM_PREFLIGHT_MEMBERS },
  { "operator classes", TRUE, "format('%s.%s', n.nspname, o.opcname)",
    "pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace WHERE" PGM_PREFLIGHT_USER_SCHEMA
    "AND ('pg_catalog.pg_opclass'::pg_catalog.regclass, o.oid) NOT IN" PGM_PREFLIGHT_MEMBERS },
  { "foreign-data wrappers", TRUE, "w.fdwname::text",
    "pg_foreign_data_wrapper w WHERE ('pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, w.oid) NOT IN" PGM_PREFLIGHT_MEMBERS },
  { "procedural languages", TRUE, "l.lanname::text",
    "pg_language l WHERE l.oid >= 16384 AND ('pg_catalog.pg_language'::pg_catalog.regclass, l.oid) NOT IN" PGM_PREFLIGHT_MEMBERS },
  { "access methods", TRUE, "m.amname::text",
    "pg_am m WHERE m.oid >= 16384 AND ('pg_catalog.pg_am'::pg_catalog.regclass, m.oid) NOT IN" PGM_PREFLIGHT_MEMBERS },
  { "text search parsers", TRUE, "x.prsname::text",
    "pg_ts_parser x WHERE x.oid >= 16384 AND ('pg_catalog.pg_ts_parser'::pg_catalog.regclass, x.oid) NOT IN" PGM_PREFLIGHT_MEMBERS },
  { "text search templates", TRUE, "x.tmplname::text",
    "pg_ts_template x WHERE x.oid >= 16384 AND ('pg_catalog.pg_ts_template'::pg_catalog.regclass, x.oid) NOT IN" PGM_PREFLIGHT_MEMBERS },
  { "event triggers", FALSE, "v.evtname::text",
    "pg_event_trigger v WHERE ('pg_catalog.pg_event_trigger'::pg_catalog.regclass, v.oid) NOT IN" PGM_PREFLIGHT_MEMBERS },
  { "publications of all tables", FALSE, "b.pubname::text",
    "pg_publication b WHERE b.puballtables" },
};

static char *
superuser_sql (void)
{
  GString *sql = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (superuser_kinds); i++)
    g_string_append_printf (sql, "%sSELECT %u, count(*), min(%s) FROM %s",
                            i > 0 ? " UNION ALL " : "", i, superuser_kinds[i].name,
                            superuser_kinds[i].from);
  return g_string_free (sql, FALSE);
}

gboolean
pgm_preflight_check_superuser_objects (PgmPreflight *self, const char *name, GError **error)
{
  g_autofree char *sql = superuser_sql ();
  g_autoptr (PgmResult) result = NULL;
  gboolean found = FALSE;

  if (self->destination_info->superuser || !pgm_preflight_wants_schema (self))
    return TRUE;
  result = pgm_preflight_ask (self, self->source, sql, error);
  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const SuperuserKind *kind = &superuser_kinds[pgm_result_get_int64 (result, row, 0)];
      gint64 count = pgm_result_get_int64 (result, row, 1);

      if (count == 0)
        continue;
      found = TRUE;
      pgm_preflight_add (
          self, name, kind->before_rows ? PGM_CHECK_BLOCKER : PGM_CHECK_WARNING, NULL,
          "The source has %s (%" G_GINT64_FORMAT ", the first is %s), which only a"
          " superuser can make; role %s on the destination is none.%s",
          kind->plural, count, pgm_result_get_or (result, row, 2, ""), self->destination_info->user,
          kind->before_rows ? "" : " They will be left out and reported.");
    }
  if (!found)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL, "Nothing at the source needs a superuser.");
  return TRUE;
}
