#include "config.h"

#include "migration/preflight-private.h"
#include "postgres/quote.h"

static char *
conversion_sql (const char *from, const char *to)
{
  g_autofree char *from_literal = pgm_quote_literal (from);
  g_autofree char *to_literal = pgm_quote_literal (to);

  return g_strdup_printf ("SELECT EXISTS (SELECT FROM pg_conversion WHERE condefault"
                          " AND conforencoding = pg_char_to_encoding(%s)"
                          " AND contoencoding = pg_char_to_encoding(%s))",
                          from_literal, to_literal);
}

/* The database that would fit, for those who can still choose. */
static char *
create_database_sql (PgmPreflight *self, const char *encoding)
{
  const PgmServerInfo *source = self->source_info;
  g_autofree char *database = pgm_quote_identifier (self->destination_info->database);
  g_autofree char *encoding_literal = pgm_quote_literal (encoding);
  g_autofree char *collate = pgm_quote_literal (source->collate);
  g_autofree char *ctype = pgm_quote_literal (source->ctype);
  g_autofree char *locale = pgm_quote_literal (source->locale);
  GString *sql = g_string_new (NULL);

  g_string_append_printf (
      sql, "CREATE DATABASE %s TEMPLATE template0 ENCODING %s LC_COLLATE %s LC_CTYPE %s", database,
      encoding_literal, collate, ctype);
  if (g_str_equal (source->locale_provider, "icu") && source->locale != NULL &&
      self->destination_info->major >= 15)
    g_string_append_printf (sql, " LOCALE_PROVIDER icu ICU_LOCALE %s", locale);
  else if (g_str_equal (source->locale_provider, "builtin") && source->locale != NULL &&
           self->destination_info->major >= 17)
    g_string_append_printf (sql, " LOCALE_PROVIDER builtin BUILTIN_LOCALE %s", locale);
  g_string_append_c (sql, ';');
  return g_string_free (sql, FALSE);
}

static gboolean
check_conversion (PgmPreflight *self, const char *name, GError **error)
{
  const char *from = self->source_info->encoding;
  const char *to = self->destination_info->encoding;
  g_autofree char *sql = conversion_sql (from, to);
  g_autofree char *fix = create_database_sql (self, from);
  g_autoptr (PgmResult) result = pgm_preflight_ask (self, self->destination, sql, error);

  if (result == NULL)
    return FALSE;
  if (!pgm_result_get_bool (result, 0, 0))
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, fix,
                       "The source is encoded in %s, the destination in %s, and PostgreSQL knows no"
                       " conversion between the two.",
                       from, to);
  else if (g_str_equal (to, "UTF8"))
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "Text is converted from %s to UTF8, which has all of its characters.", from);
  else
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, fix,
                       "Text is converted from %s to %s; the copy stops at the first character that"
                       " %s does not have.",
                       from, to, to);
  return TRUE;
}

gboolean
pgm_preflight_check_encoding (PgmPreflight *self, const char *name, GError **error)
{
  const char *from = self->source_info->encoding;
  const char *to = self->destination_info->encoding;
  g_autofree char *fix = create_database_sql (self, from);

  if (g_str_equal (from, to))
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL, "Both databases are encoded in %s.", from);
  else if (g_str_equal (from, "SQL_ASCII"))
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, fix,
                       "The source is SQL_ASCII, so nobody knows how its text is encoded; the copy"
                       " stops at the first text that is not valid %s.",
                       to);
  else if (g_str_equal (to, "SQL_ASCII"))
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, fix,
                       "The destination is SQL_ASCII: it keeps the bytes of %s as they are and will"
                       " never check or convert text.",
                       from);
  else
    return check_conversion (self, name, error);
  return TRUE;
}

static char *
describe_locale (const PgmServerInfo *server)
{
  if (server->locale != NULL)
    return g_strdup_printf ("%s %s (LC_COLLATE %s, LC_CTYPE %s)", server->locale_provider,
                            server->locale, server->collate, server->ctype);
  if (g_strcmp0 (server->collate, server->ctype) == 0)
    return g_strdup_printf ("%s %s", server->locale_provider, server->collate);
  return g_strdup_printf ("%s LC_COLLATE %s, LC_CTYPE %s", server->locale_provider, server->collate,
                          server->ctype);
}

/* "en_US.UTF-8" and "en_US.utf8" are one locale to the C library. */
static gboolean
same_locale_name (const char *a, const char *b)
{
  g_autofree char *plain_a = a != NULL ? g_ascii_strdown (a, -1) : g_strdup ("");
  g_autofree char *plain_b = b != NULL ? g_ascii_strdown (b, -1) : g_strdup ("");
  g_autoptr (GString) string_a = g_string_new (plain_a);
  g_autoptr (GString) string_b = g_string_new (plain_b);

  g_string_replace (string_a, "utf-8", "utf8", 0);
  g_string_replace (string_b, "utf-8", "utf8", 0);
  return g_string_equal (string_a, string_b);
}

gboolean
pgm_preflight_check_locale (PgmPreflight *self, const char *name, GError **error)
{
  const PgmServerInfo *source = self->source_info;
  const PgmServerInfo *destination = self->destination_info;
  g_autofree char *ours = describe_locale (source);
  g_autofree char *theirs = describe_locale (destination);
  g_autofree char *fix = create_database_sql (self, destination->encoding);

  if (!g_str_equal (source->locale_provider, destination->locale_provider) ||
      !same_locale_name (source->collate, destination->collate) ||
      !same_locale_name (source->ctype, destination->ctype) ||
      !same_locale_name (source->locale, destination->locale))
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, fix,
                       "The databases sort and compare text differently: the source by %s, the"
                       " destination by %s; indexes are built anew and will be right, but ORDER BY,"
                       " ranges of text and upper and lower case can come out differently.",
                       ours, theirs);
  else if (source->collation_version_now != NULL && destination->collation_version_now != NULL &&
           !g_str_equal (source->collation_version_now, destination->collation_version_now))
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "Both databases sort by %s, in different versions of it (%s and %s): indexes"
                       " are built anew, and some texts may change places in an ORDER BY.",
                       ours, source->collation_version_now, destination->collation_version_now);
  else
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL, "Both databases sort by %s.", ours);
  return TRUE;
}

/* Collations that the tables and indexes of users name. */
#define USED_COLLATIONS                                                                             \
  " WITH used AS (SELECT a.attcollation AS oid FROM pg_attribute a"                                 \
  "     JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"        \
  "     WHERE a.attcollation NOT IN (0, 100) AND a.attnum > 0 AND NOT a.attisdropped"               \
  "       AND left(n.nspname, 3) <> 'pg_' AND n.nspname NOT IN ('information_schema', 'pgmanager')" \
  "   UNION SELECT k.oid FROM pg_index i"                                                           \
  "     CROSS JOIN LATERAL unnest(i.indcollation) k(oid)"                                           \
  "     JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace"        \
  "     WHERE k.oid NOT IN (0, 100)"                                                                \
  "       AND left(n.nspname, 3) <> 'pg_' AND n.nspname NOT IN ('information_schema', 'pgmanager')" \
  "   UNION SELECT t.typcollation FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"     \
  "     WHERE t.typcollation NOT IN (0, 100)"                                                       \
  "       AND left(n.nspname, 3) <> 'pg_' AND n.nspname NOT IN ('information_schema', 'pgmanager'))"

static char *
missing_collations_sql (PgmResult *used)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *values = NULL;

  for (guint row = 0; row < pgm_result_get_rows (used); row++)
    g_ptr_array_add (names, g_strdup (pgm_result_get (used, row, 0)));
  values = pgm_preflight_values (names);
  if (values == NULL)
    return NULL;
  return g_strdup_printf ("SELECT v.name FROM (VALUES %s) v(name) WHERE NOT EXISTS (SELECT FROM"
                          " pg_collation o WHERE o.collname = v.name"
                          " AND o.collnamespace = 'pg_catalog'::pg_catalog.regnamespace"
                          " AND o.collencoding IN (-1, (SELECT encoding FROM pg_database"
                          "   WHERE datname = current_database()))) ORDER BY 1",
                          values);
}

/* The collations of the operating system must be there under the same name; a
 * user's own are part of the schema. */
gboolean
pgm_preflight_check_collations (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) used = pgm_preflight_ask (
      self, self->source,
      USED_COLLATIONS " SELECT o.collname FROM used u JOIN pg_collation o ON o.oid = u.oid"
                      " WHERE o.collnamespace = 'pg_catalog'::pg_catalog.regnamespace ORDER BY 1",
      error);
  g_autofree char *sql = NULL;
  g_autoptr (PgmResult) missing = NULL;

  if (used == NULL)
    return FALSE;
  sql = missing_collations_sql (used);
  if (sql == NULL)
    return TRUE;
  missing = pgm_preflight_ask (self, self->destination, sql, error);
  if (missing == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (missing); row++)
    pgm_preflight_add (
        self, name, PGM_CHECK_BLOCKER, "SELECT pg_import_system_collations('pg_catalog');",
        "Collation “%s” is used at the source and missing on the destination; install"
        " that locale on its machine, then import it.",
        pgm_result_get (missing, row, 0));
  if (pgm_result_get_rows (missing) == 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "The named collations in use (%u) exist on the destination.",
                       pgm_result_get_rows (used));
  return TRUE;
}

static gboolean
database_version_changed (const PgmServerInfo *server)
{
  return server->collation_version != NULL && server->collation_version_now != NULL &&
         !g_str_equal (server->collation_version, server->collation_version_now);
}

/* An index that was built under another version of the locale may be wrong. */
static gboolean
check_versions (PgmPreflight *self,
                const char *name,
                PgmConnection *connection,
                const PgmServerInfo *server,
                const char *consequence,
                GError **error)
{
  const char *side = pgm_connection_get_label (connection);
  g_autofree char *database = pgm_quote_identifier (server->database);
  g_autoptr (PgmResult) result = pgm_preflight_ask (
      self, connection,
      USED_COLLATIONS " SELECT format('%I.%I', n.nspname, o.collname), o.collversion,"
                      " pg_collation_actual_version(o.oid)"
                      " FROM used u JOIN pg_collation o ON o.oid = u.oid"
                      " JOIN pg_namespace n ON n.oid = o.collnamespace"
                      " WHERE o.collversion <> pg_collation_actual_version(o.oid) ORDER BY 1",
      error);

  if (result == NULL)
    return FALSE;
  if (database_version_changed (server))
    {
      g_autofree char *fix = g_strdup_printf (
          "REINDEX DATABASE %s; ALTER DATABASE %s REFRESH COLLATION VERSION;", database, database);

      pgm_preflight_add (
          self, name, PGM_CHECK_WARNING, fix,
          "The %s database was made with version %s of its locale, and the system now"
          " has %s; %s.",
          side, server->collation_version, server->collation_version_now, consequence);
    }
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const char *collation = pgm_result_get (result, row, 0);
      g_autofree char *fix = g_strdup_printf (
          "REINDEX DATABASE %s; ALTER COLLATION %s REFRESH VERSION;", database, collation);

      pgm_preflight_add (
          self, name, PGM_CHECK_WARNING, fix,
          "Collation %s on the %s was recorded with version %s, and the system now has"
          " %s; %s.",
          collation, side, pgm_result_get (result, row, 1), pgm_result_get (result, row, 2),
          consequence);
    }
  if (!database_version_changed (server) && pgm_result_get_rows (result) == 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "The collations of the %s are of the versions they were recorded with.",
                       side);
  return TRUE;
}

gboolean
pgm_preflight_check_source_collation_versions (PgmPreflight *self, const char *name, GError **error)
{
  return check_versions (self, name, self->source, self->source_info,
                         "its text indexes may be out of order, and unique ones may have let"
                         " duplicates in, which the destination will refuse",
                         error);
}

gboolean
pgm_preflight_check_destination_collation_versions (PgmPreflight *self,
                                                    const char *name,
                                                    GError **error)
{
  return check_versions (self, name, self->destination, self->destination_info,
                         "new indexes follow the new version, older ones there may not", error);
}
