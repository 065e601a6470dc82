#include "config.h"

#include "migration/preflight-private.h"
#include "postgres/quote.h"

/* What people made there, leaving out members of extensions (installing those
 * beforehand is fine) and what comes with a table. */
static const char content_sql[] =
    "SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'"
    "   WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table' ELSE 'table' END,"
    "   n.nspname, c.relname"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND" PGM_PREFLIGHT_USER_SCHEMA
    "   AND ('pg_catalog.pg_class'::pg_catalog.regclass, c.oid) NOT IN" PGM_PREFLIGHT_MEMBERS
    " UNION ALL SELECT 'function', n.nspname, p.proname"
    " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE" PGM_PREFLIGHT_USER_SCHEMA
    "   AND ('pg_catalog.pg_proc'::pg_catalog.regclass, p.oid) NOT IN" PGM_PREFLIGHT_MEMBERS
    " UNION ALL SELECT 'type', n.nspname, t.typname"
    " FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
    " WHERE t.typtype IN ('b', 'd', 'e', 'r', 'c')"
    "   AND (t.typrelid = 0 OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid"
    "     AND c.relkind = 'c'))"
    "   AND NOT EXISTS (SELECT FROM pg_type a WHERE a.typarray = t.oid) AND" PGM_PREFLIGHT_USER_SCHEMA
    "   AND ('pg_catalog.pg_type'::pg_catalog.regclass, t.oid) NOT IN" PGM_PREFLIGHT_MEMBERS
    " UNION ALL SELECT 'schema', n.nspname, NULL"
    " FROM pg_namespace n WHERE n.nspname <> 'public' AND" PGM_PREFLIGHT_USER_SCHEMA
    "   AND ('pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid) NOT IN" PGM_PREFLIGHT_MEMBERS
    " ORDER BY 2, 1, 3";

static gboolean
has_ledger (PgmPreflight *self, gboolean *found, GError **error)
{
  g_autoptr (PgmResult) result = pgm_preflight_ask (
      self, self->destination,
      "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'pgmanager')", error);

  if (result == NULL)
    return FALSE;
  *found = pgm_result_get_bool (result, 0, 0);
  return TRUE;
}

static void
judge_content (PgmPreflight *self,
               const char *name,
               guint64 count,
               const char *list,
               gboolean ledger)
{
  g_autofree char *objects = pgm_preflight_count (count, "object", "objects");
  g_autofree char *database = g_strdup (self->destination_info->database);

  if (self->options->resume && ledger)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "The destination holds an interrupted clone, which is taken up again.");
  else if (self->options->drop_existing && count > 0)
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, NULL,
                       "The destination has %s, of which --drop-existing drops what stands in the"
                       " way: %s.",
                       objects, list);
  else if (ledger && !self->options->drop_existing)
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, NULL,
                       "The destination holds an interrupted clone; --resume takes it up again,"
                       " --drop-existing starts anew.");
  else if (count == 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       self->options->resume
                           ? "The destination is empty: there is nothing to resume,"
                             " and the clone starts from the beginning."
                           : "The destination is empty.");
  else
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, NULL,
                       "Database %s of the destination is not empty, it has %s: %s. Choose an empty"
                       " database, or allow dropping with --drop-existing.",
                       database, objects, list);
}

static gboolean
check_content (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (PgmResult) result = pgm_preflight_ask (self, self->destination, content_sql, error);
  g_autofree char *list = NULL;
  gboolean ledger = FALSE;

  if (result == NULL || !has_ledger (self, &ledger, error))
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const char *kind = pgm_result_get (result, row, 0);
      const char *schema = pgm_result_get (result, row, 1);
      const char *object = pgm_result_get (result, row, 2);

      g_ptr_array_add (names, g_strdup_printf ("%s %s%s%s", kind, schema, object != NULL ? "." : "",
                                               object != NULL ? object : ""));
    }
  list = pgm_preflight_list (names);
  judge_content (self, name, names->len, list, ledger);
  return TRUE;
}

/* For --data-only: the tables must be there, and hold nothing yet. */
static const char occupied_sql[] =
    "SELECT n.nspname, c.relname, c.oid::pg_catalog.regclass::text,"
    "   c.relkind = 'r' AND pg_relation_size(c.oid) > 0 AND has_table_privilege(c.oid, 'SELECT')"
    "     AND has_schema_privilege(n.oid, 'USAGE')"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND" PGM_PREFLIGHT_USER_SCHEMA "ORDER BY 1, 2";

/* Tables with pages may still be empty; those are asked, a hundred at a time. */
#define TABLES_PER_QUERY 100

static gboolean
keep_occupied (PgmPreflight *self, GPtrArray *quoted, GPtrArray *occupied, GError **error)
{
  for (guint first = 0; first < quoted->len; first += TABLES_PER_QUERY)
    {
      g_autoptr (GString) sql = g_string_new (NULL);
      g_autoptr (PgmResult) result = NULL;

      for (guint i = first; i < MIN (first + TABLES_PER_QUERY, quoted->len); i++)
        g_string_append_printf (sql, "%sSELECT %u, EXISTS (SELECT FROM ONLY %s)",
                                i > first ? " UNION ALL " : "", i,
                                (char *) g_ptr_array_index (quoted, i));
      result = pgm_preflight_ask (self, self->destination, sql->str, error);
      if (result == NULL)
        return FALSE;
      for (guint row = 0; row < pgm_result_get_rows (result); row++)
        {
          if (pgm_result_get_bool (result, row, 1))
            g_ptr_array_add (occupied, g_strdup (g_ptr_array_index (
                                           quoted, (guint) pgm_result_get_int64 (result, row, 0))));
        }
    }
  return TRUE;
}

/* Sorts the tables that will be copied into missing ones and those with pages. */
static void
sort_tables (PgmPreflight *self, PgmResult *result, GPtrArray *missing, GPtrArray *with_pages)
{
  g_autoptr (GHashTable) rows = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const char *schema = pgm_result_get (result, row, 0);
      const char *table = pgm_result_get (result, row, 1);

      g_hash_table_insert (rows, pgm_quote_qualified (schema, table), GUINT_TO_POINTER (row));
    }
  for (guint i = 0; i < self->catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (self->catalog->tables, i);
      g_autofree char *key = pgm_quote_qualified (table->schema, table->name);
      gpointer row;

      if (table->kind != 'r' || !pgm_preflight_takes (self, table->schema, table->name))
        continue;
      if (!g_hash_table_lookup_extended (rows, key, NULL, &row))
        g_ptr_array_add (missing, pgm_preflight_name (table->schema, table->name));
      else if (pgm_result_get_bool (result, GPOINTER_TO_UINT (row), 3))
        g_ptr_array_add (with_pages, g_strdup (pgm_result_get (result, GPOINTER_TO_UINT (row), 2)));
    }
}

static gboolean
check_tables (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) with_pages = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) occupied = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (PgmResult) result = pgm_preflight_ask (self, self->destination, occupied_sql, error);
  g_autofree char *missing_list = NULL;
  g_autofree char *occupied_list = NULL;
  gboolean ledger = FALSE;

  if (result == NULL || !has_ledger (self, &ledger, error))
    return FALSE;
  sort_tables (self, result, missing, with_pages);
  if (!keep_occupied (self, with_pages, occupied, error))
    return FALSE;
  missing_list = pgm_preflight_list (missing);
  occupied_list = pgm_preflight_list (occupied);
  if (missing->len > 0)
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, NULL,
                       "--data-only copies into tables that are there, and these are missing on the"
                       " destination: %s.",
                       missing_list);
  if (self->options->resume && ledger)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "The destination holds an interrupted clone, which is taken up again.");
  else if (occupied->len > 0)
    pgm_preflight_add (
        self, name, self->options->drop_existing ? PGM_CHECK_WARNING : PGM_CHECK_BLOCKER, NULL,
        "These tables of the destination hold rows already: %s.%s", occupied_list,
        self->options->drop_existing ? " --drop-existing empties them first."
                                     : " Empty them, or let --drop-existing empty them.");
  else if (missing->len == 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "The tables exist on the destination and are empty.");
  return TRUE;
}

gboolean
pgm_preflight_check_destination_empty (PgmPreflight *self, const char *name, GError **error)
{
  return pgm_preflight_wants_schema (self) ? check_content (self, name, error)
                                           : check_tables (self, name, error);
}

/* Enabled triggers, rules and foreign keys of tables that were there before would
 * work on every row that comes in; event triggers on every statement of ours. */
static const char triggers_sql[] =
    "SELECT count(*) FILTER (WHERE g.tgconstraint = 0 AND NOT g.tgisinternal),"
    "   count(*) FILTER (WHERE g.tgconstraint <> 0 AND g.tgisinternal)"
    " FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE g.tgenabled IN ('O', 'A') AND" PGM_PREFLIGHT_USER_SCHEMA;

static gboolean
check_table_triggers (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) result = pgm_preflight_ask (self, self->destination, triggers_sql, error);
  gint64 triggers;
  gint64 foreign_keys;

  if (result == NULL)
    return FALSE;
  triggers = pgm_result_get_int64 (result, 0, 0);
  foreign_keys = pgm_result_get_int64 (result, 0, 1);
  if (triggers > 0)
    pgm_preflight_add (
        self, name, PGM_CHECK_WARNING, NULL,
        "%" G_GINT64_FORMAT " enabled triggers of the destination's tables fire for"
        " every row that is copied in; ALTER TABLE … DISABLE TRIGGER USER stops that.",
        triggers);
  if (foreign_keys > 0)
    pgm_preflight_add (
        self, name, PGM_CHECK_WARNING, NULL,
        "Foreign keys of the destination's tables are checked while rows are copied in"
        " no particular order, and may refuse them; drop them first and add them"
        " afterwards.");
  if (triggers + foreign_keys == 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "No trigger on the destination stands in the way.");
  return TRUE;
}

gboolean
pgm_preflight_check_destination_triggers (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) fix = g_string_new (NULL);
  g_autofree char *list = NULL;
  g_autoptr (PgmResult) result = pgm_preflight_ask (
      self, self->destination,
      "SELECT evtname FROM pg_event_trigger v WHERE evtenabled IN ('O', 'A') AND"
      " ('pg_catalog.pg_event_trigger'::pg_catalog.regclass, v.oid) NOT IN" PGM_PREFLIGHT_MEMBERS
      "ORDER BY 1",
      error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      g_autofree char *quoted = pgm_quote_identifier (pgm_result_get (result, row, 0));

      g_ptr_array_add (names, g_strdup (pgm_result_get (result, row, 0)));
      g_string_append_printf (fix, "%sALTER EVENT TRIGGER %s DISABLE;", row > 0 ? "\n" : "",
                              quoted);
    }
  list = pgm_preflight_list (names);
  if (names->len > 0)
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, fix->str,
                       "Event triggers of the destination fire for what the clone makes: %s.",
                       list);
  else if (pgm_preflight_wants_schema (self))
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "No trigger on the destination stands in the way.");
  return pgm_preflight_wants_schema (self) || check_table_triggers (self, name, error);
}

static const char tablespaces_sql[] =
    "SELECT s.spcname, pg_tablespace_location(s.oid), n.nspname, coalesce(t.relname, c.relname)"
    " FROM pg_class c JOIN pg_tablespace s ON s.oid = c.reltablespace"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid"
    " WHERE c.relkind IN ('r', 'p', 'm', 'i', 'I') AND s.spcname <> 'pg_global' AND" PGM_PREFLIGHT_USER_SCHEMA
    " ORDER BY 1";

/* Name of each tablespace in use -> its directory on the source. */
static GHashTable *
used_tablespaces (PgmPreflight *self, GError **error)
{
  g_autoptr (PgmResult) result = pgm_preflight_ask (self, self->source, tablespaces_sql, error);
  GHashTable *used;

  if (result == NULL)
    return NULL;
  used = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      if (pgm_preflight_takes (self, pgm_result_get (result, row, 2),
                               pgm_result_get (result, row, 3)))
        g_hash_table_insert (used, g_strdup (pgm_result_get (result, row, 0)),
                             g_strdup (pgm_result_get_or (result, row, 1, "")));
    }
  return used;
}

static void
judge_tablespaces (PgmPreflight *self, const char *name, GHashTable *used, PgmResult *known)
{
  g_autofree char *user = pgm_quote_identifier (self->destination_info->user);
  guint bad = 0;
  GHashTableIter iter;
  gpointer key;
  gpointer location;

  for (guint row = 0; row < pgm_result_get_rows (known); row++)
    {
      const char *tablespace = pgm_result_get (known, row, 0);
      g_autofree char *quoted = pgm_quote_identifier (tablespace);
      g_autofree char *fix = g_strdup_printf (
          "GRANT CREATE ON TABLESPACE %s TO %s; -- on the destination", quoted, user);

      if (!g_hash_table_remove (used, tablespace) || pgm_result_get_bool (known, row, 1))
        continue;
      bad++;
      pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, fix,
                         "Role %s may not use tablespace %s of the destination.",
                         self->destination_info->user, tablespace);
    }
  g_hash_table_iter_init (&iter, used);
  while (g_hash_table_iter_next (&iter, &key, &location))
    {
      g_autofree char *quoted = pgm_quote_identifier (key);
      g_autofree char *literal = pgm_quote_literal (location);
      g_autofree char *fix = g_strdup_printf ("CREATE TABLESPACE %s LOCATION %s;", quoted, literal);

      bad++;
      pgm_preflight_add (
          self, name, PGM_CHECK_WARNING, fix,
          "Tablespace %s is used at the source and missing on the destination, so"
          " everything goes into the default one; to have it, make an empty directory"
          " there that belongs to the server's user, and then the tablespace.",
          (const char *) key);
    }
  if (bad == 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "Every tablespace in use exists on the destination.");
}

gboolean
pgm_preflight_check_tablespaces (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (GHashTable) used = NULL;
  g_autoptr (PgmResult) known = NULL;

  if (!pgm_preflight_wants_schema (self))
    return TRUE;
  used = used_tablespaces (self, error);
  if (used == NULL)
    return FALSE;
  known = pgm_preflight_ask (
      self, self->destination,
      "SELECT spcname, has_tablespace_privilege(oid, 'CREATE') FROM pg_tablespace", error);
  if (known == NULL)
    return FALSE;
  judge_tablespaces (self, name, used, known);
  return TRUE;
}

/* PostgreSQL's own types of this range keep their OIDs for ever; abstime went
 * away with 12, multiranges came with 14. */
#define HIGHEST_STABLE_OID 9999

gboolean
pgm_preflight_check_types (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (GHashTable) wanted = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  g_autoptr (PgmResult) known = NULL;
  GHashTableIter iter;
  gpointer type_oid;
  gpointer use;

  if (!pgm_preflight_wants_schema (self))
    return TRUE;
  for (guint i = 0; i < self->catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (self->catalog->tables, i);

      for (guint j = 0;
           j < table->columns->len && pgm_preflight_takes (self, table->schema, table->name); j++)
        {
          PgmColumn *column = g_ptr_array_index (table->columns, j);

          if (column->type_oid <= HIGHEST_STABLE_OID)
            g_hash_table_insert (
                wanted, GUINT_TO_POINTER (column->type_oid),
                g_strdup_printf ("%s, as in %s.%s", column->type_name, table->schema, table->name));
        }
    }
  known = pgm_preflight_ask (self, self->destination, "SELECT oid FROM pg_type WHERE oid < 10000",
                             error);
  if (known == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (known); row++)
    g_hash_table_remove (wanted, GUINT_TO_POINTER (pgm_result_get_oid (known, row, 0)));
  g_hash_table_iter_init (&iter, wanted);
  while (g_hash_table_iter_next (&iter, &type_oid, &use))
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, NULL,
                       "The destination's version does not have type %s.", (const char *) use);
  return TRUE;
}
