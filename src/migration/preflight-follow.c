#include "config.h"

#include "core/units.h"
#include "migration/follow-setup.h"
#include "migration/preflight-private.h"
#include "postgres/quote.h"
#include "postgres/slot.h"

/* What following asks of the source. Every blocker comes with the statement that
 * takes it away, as the server's version has it. */

/* One for the job, one for a start anew after an interruption. */
#define SLOTS_WANTED   2
#define SENDERS_WANTED 2

static gboolean
resumes (PgmPreflight *self)
{
  return self->options != NULL && self->options->resume;
}

static gboolean
makes_publication (PgmPreflight *self)
{
  return self->follow->publication == NULL || *self->follow->publication == '\0';
}

gboolean
pgm_preflight_check_follow_wal_level (PgmPreflight *self, const char *name, GError **error)
{
  const char *level = self->source_info->wal_level;

  if (g_strcmp0 (level, "logical") == 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL, "The source writes what following needs.");
  else
    pgm_preflight_add (
        self, name, PGM_CHECK_BLOCKER,
        "ALTER SYSTEM SET wal_level = 'logical'; -- then restart the source",
        "wal_level of the source is “%s”: changes can be decoded only from “logical”.",
        level != NULL ? level : "unknown");
  return TRUE;
}

gboolean
pgm_preflight_check_follow_standby (PgmPreflight *self, const char *name, GError **error)
{
  if (!self->source_info->in_recovery)
    return TRUE;
  if (self->source_info->major < 16)
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, NULL,
                       "The source is a standby, and only from 16 on changes can be decoded there:"
                       " name the primary.");
  else if (makes_publication (self))
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, NULL,
                       "The source is a standby, where no publication can be made: make one on the"
                       " primary (CREATE PUBLICATION … FOR TABLE …) and give it with"
                       " --publication.");
  else
    pgm_preflight_add (self, name, PGM_CHECK_WARNING,
                       "SELECT pg_log_standby_snapshot(); -- on the primary",
                       "The source is a standby: making the slot waits until the primary writes a"
                       " snapshot of its running transactions, which this asks it to do.");
  return TRUE;
}

gboolean
pgm_preflight_check_follow_replication (PgmPreflight *self, const char *name, GError **error)
{
  const PgmServerInfo *info = self->source_info;
  g_autofree char *role = pgm_quote_identifier (info->user);
  g_autofree char *fix = g_strdup_printf ("ALTER ROLE %s REPLICATION; -- on the source", role);

  if (info->superuser || info->replication)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL, "Our role on the source may replicate.");
  else
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, fix,
                       "Role %s on the source lacks the attribute REPLICATION.", info->user);
  return TRUE;
}

static void
add_room (PgmPreflight *self,
          const char *name,
          const char *setting,
          gint64 limit,
          gint64 used,
          gint64 wanted)
{
  gint64 left = limit - used;
  g_autofree char *fix =
      g_strdup_printf ("ALTER SYSTEM SET %s = %" G_GINT64_FORMAT "; -- then restart the source",
                       setting, used + wanted);

  if (left >= wanted)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "%s of the source leaves room for %" G_GINT64_FORMAT " more.", setting,
                       left);
  else
    pgm_preflight_add (
        self, name, left > 0 ? PGM_CHECK_WARNING : PGM_CHECK_BLOCKER, fix,
        "%s of the source is %" G_GINT64_FORMAT ", of which %" G_GINT64_FORMAT
        " are in use; one is needed to follow, and another when the copy is interrupted.",
        setting, limit, used);
}

gboolean
pgm_preflight_check_follow_slots (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) row = pgm_preflight_ask (
      self, self->source,
      "SELECT current_setting('max_replication_slots')::int8,"
      " (SELECT count(*) FROM pg_replication_slots), current_setting('max_wal_senders')::int8,"
      " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender')",
      error);

  if (row == NULL)
    return FALSE;
  if (!resumes (self) && self->follow->slot_name == NULL)
    add_room (self, name, "max_replication_slots", pgm_result_get_int64 (row, 0, 0),
              pgm_result_get_int64 (row, 0, 1), SLOTS_WANTED);
  add_room (self, name, "max_wal_senders", pgm_result_get_int64 (row, 0, 2),
            pgm_result_get_int64 (row, 0, 3), SENDERS_WANTED);
  return TRUE;
}

/* Only an owner may publish a table. One GRANT for each owner. */
static gboolean
check_owners (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) rows = pgm_preflight_ask (
      self, self->source, "SELECT r.rolname FROM pg_roles r WHERE NOT pg_has_role(r.oid, 'USAGE')",
      error);
  g_autoptr (GHashTable) foreign = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) told = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GString) fix = g_string_new (NULL);

  if (rows == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    g_hash_table_add (foreign, g_strdup (pgm_result_get_or (rows, row, 0, "")));
  for (guint i = 0; i < self->catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (self->catalog->tables, i);

      if (!pgm_follow_takes (table) || !pgm_preflight_takes (self, table->schema, table->name) ||
          !g_hash_table_contains (foreign, table->owner) || !g_hash_table_add (told, table->owner))
        continue;
      g_string_append (fix, fix->len > 0 ? "\nGRANT " : "GRANT ");
      pgm_quote_append_identifier (fix, table->owner);
      g_string_append (fix, " TO ");
      pgm_quote_append_identifier (fix, self->source_info->user);
      g_string_append (fix, "; -- on the source");
    }
  if (fix->len > 0)
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, fix->str,
                       "Only an owner can publish a table, and role %s does not own them all.",
                       self->source_info->user);
  return TRUE;
}

gboolean
pgm_preflight_check_follow_publication (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) may = NULL;
  g_autofree char *database = pgm_quote_identifier (self->source_info->database);
  g_autofree char *role = pgm_quote_identifier (self->source_info->user);
  g_autofree char *fix =
      g_strdup_printf ("GRANT CREATE ON DATABASE %s TO %s; -- on the source", database, role);

  if (!makes_publication (self) || self->source_info->superuser)
    return TRUE;
  may = pgm_preflight_ask (self, self->source,
                           "SELECT has_database_privilege(current_database(), 'CREATE')", error);
  if (may == NULL)
    return FALSE;
  if (!pgm_result_get_bool (may, 0, 0))
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, fix,
                       "A publication is an object of the source database, and role %s may not"
                       " create any there.",
                       self->source_info->user);
  return check_owners (self, name, error);
}

/* A usable key for a table that has no identity: unique, whole, not deferrable, of
 * columns that are never NULL. */
static const char keys_sql[] =
    "SELECT DISTINCT ON (i.indrelid) i.indrelid, c.relname"
    "  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL"
    "   AND i.indexprs IS NULL AND NOT EXISTS (SELECT FROM pg_attribute a"
    "     WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) AND NOT a.attnotnull)"
    " ORDER BY i.indrelid, i.indnkeyatts, c.relname";

static GHashTable *
read_keys (PgmPreflight *self, GError **error)
{
  g_autoptr (PgmResult) rows = pgm_preflight_ask (self, self->source, keys_sql, error);
  GHashTable *keys = NULL;

  if (rows == NULL)
    return NULL;
  keys = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    g_hash_table_insert (keys, GUINT_TO_POINTER (pgm_result_get_oid (rows, row, 0)),
                         g_strdup (pgm_result_get_or (rows, row, 1, "")));
  return keys;
}

/* A partitioned table has no changes of its own. */
static gboolean
lacks_identity (PgmPreflight *self, const PgmTable *table)
{
  return table->kind == 'r' && pgm_follow_takes (table) &&
         pgm_preflight_takes (self, table->schema, table->name) &&
         (table->replica_identity == 'n' ||
          (table->replica_identity == 'd' && !table->has_primary_key));
}

/* F42: once such a table is published, its UPDATE and DELETE fail for whoever
 * writes to the source. */
gboolean
pgm_preflight_check_follow_identity (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) tables = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) keys = NULL;
  g_autoptr (GString) fix = g_string_new (NULL);
  g_autofree char *list = NULL;
  g_autofree char *count = NULL;
  gboolean published = FALSE;

  keys = read_keys (self, error);
  if (keys == NULL)
    return FALSE;
  for (guint i = 0; i < self->catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (self->catalog->tables, i);
      const char *key = g_hash_table_lookup (keys, GUINT_TO_POINTER (table->oid));

      if (!lacks_identity (self, table))
        continue;
      g_ptr_array_add (tables, pgm_preflight_name (table->schema, table->name));
      g_string_append (fix, fix->len > 0 ? "\nALTER TABLE " : "ALTER TABLE ");
      pgm_quote_append_qualified (fix, table->schema, table->name);
      g_string_append (fix,
                       key != NULL ? " REPLICA IDENTITY USING INDEX " : " REPLICA IDENTITY FULL;");
      if (key == NULL)
        continue;
      pgm_quote_append_identifier (fix, key);
      g_string_append_c (fix, ';');
    }
  list = pgm_preflight_list (tables);
  count = pgm_preflight_count (tables->len, "table has", "tables have");
  if (self->follow->publication != NULL &&
      !pgm_publication_exists (self->source, self->follow->publication, &published,
                               self->cancellable, error))
    return FALSE;
  if (tables->len == 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "Every table can be followed by its replica identity.");
  else if (published) /* by somebody else, and nothing that we do makes it worse */
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, fix->str,
                       "%s no replica identity: %s. Rows that are inserted there are followed.",
                       count, list);
  else
    pgm_preflight_add (
        self, name, PGM_CHECK_BLOCKER, fix->str,
        "%s no replica identity: %s. Publishing them would make every UPDATE and DELETE of the"
        " application fail there. A primary key is best; this is what helps at once.",
        count, list);
  return TRUE;
}

typedef gboolean (*TableTest) (const PgmTable *table);

static gboolean
is_unlogged (const PgmTable *table)
{
  return table->kind == 'r' && table->persistence == 'u';
}

static gboolean
is_matview (const PgmTable *table)
{
  return table->kind == 'm';
}

static gboolean
is_extension_table (const PgmTable *table)
{
  return table->extension != NULL;
}

static void
add_left_out (PgmPreflight *self,
              const char *name,
              TableTest test,
              PgmCheckLevel level,
              const char *what)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *list = NULL;

  for (guint i = 0; i < self->catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (self->catalog->tables, i);

      if (test (table) && pgm_preflight_takes (self, table->schema, table->name))
        g_ptr_array_add (names, pgm_preflight_name (table->schema, table->name));
    }
  list = pgm_preflight_list (names);
  if (names->len > 0)
    pgm_preflight_add (self, name, level, NULL, "%s: %s.", what, list);
}

gboolean
pgm_preflight_check_follow_left_out (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) count =
      pgm_preflight_ask (self, self->source, "SELECT count(*) FROM pg_largeobject_metadata", error);

  if (count == NULL)
    return FALSE;
  add_left_out (self, name, is_unlogged, PGM_CHECK_WARNING,
                "Unlogged tables are copied, but their changes are not in the WAL and can't be"
                " followed");
  add_left_out (self, name, is_extension_table, PGM_CHECK_WARNING,
                "Configuration tables of extensions are copied, but not followed");
  add_left_out (self, name, is_matview, PGM_CHECK_OK,
                "Materialized views are not followed: the cutover refreshes them");
  if (pgm_result_get_int64 (count, 0, 0) > 0)
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, NULL,
                       "Large objects are copied, but no stream of changes has them: what changes"
                       " of them meanwhile is copied again at the cutover.");
  return TRUE;
}

static gboolean
check_idle_timeout (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) idle = pgm_preflight_ask (
      self, self->source,
      "SELECT setting FROM pg_settings WHERE name = 'idle_replication_slot_timeout' AND setting <> '0'",
      error);

  if (idle == NULL)
    return FALSE;
  if (pgm_result_get_rows (idle) > 0)
    pgm_preflight_add (
        self, name, PGM_CHECK_WARNING,
        "ALTER SYSTEM SET idle_replication_slot_timeout = 0; SELECT pg_reload_conf();",
        "The source drops slots that nobody reads for %s (as it counts), and ours is"
        " not read while the rows are copied.",
        pgm_result_get_or (idle, 0, 0, "?"));
  return TRUE;
}

gboolean
pgm_preflight_check_follow_retention (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) limit =
      pgm_preflight_ask (self, self->source,
                         "SELECT setting::int8, pg_size_pretty(setting::int8 * 1024 * 1024),"
                         " pg_database_size(current_database()) / 1024 / 1024 FROM pg_settings"
                         " WHERE name = 'max_slot_wal_keep_size' AND setting::int8 >= 0",
                         error);

  if (limit == NULL || !check_idle_timeout (self, name, error))
    return FALSE;
  if (pgm_result_get_rows (limit) == 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "The source keeps all WAL for us, on its own disk: watch its room.");
  else
    pgm_preflight_add (self, name,
                       pgm_result_get_int64 (limit, 0, 0) < pgm_result_get_int64 (limit, 0, 2)
                           ? PGM_CHECK_WARNING
                           : PGM_CHECK_OK,
                       "ALTER SYSTEM SET max_slot_wal_keep_size = -1; SELECT pg_reload_conf();",
                       "The source keeps at most %s of WAL for us (max_slot_wal_keep_size); if more"
                       " is written while the rows are copied, the slot is lost.",
                       pgm_result_get_or (limit, 0, 1, "?"));
  return TRUE;
}

gboolean
pgm_preflight_check_follow_old_transactions (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) rows = pgm_preflight_ask (
      self, self->source,
      "SELECT count(*), max(gid) FROM pg_prepared_xacts WHERE pg_is_in_recovery() IS FALSE", error);
  g_autofree char *literal = NULL;
  g_autofree char *fix = NULL;

  if (rows == NULL)
    return FALSE;
  if (pgm_result_get_int64 (rows, 0, 0) == 0)
    return TRUE;
  literal = pgm_quote_literal (pgm_result_get_or (rows, 0, 1, ""));
  fix = g_strdup_printf ("ROLLBACK PREPARED %s; -- or COMMIT PREPARED", literal);
  pgm_preflight_add (self, name, PGM_CHECK_WARNING, fix,
                     "Making the slot waits for every transaction that is open, prepared ones"
                     " included: %s there now.",
                     pgm_result_get_or (rows, 0, 0, "0"));
  return TRUE;
}
