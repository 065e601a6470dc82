#include "config.h"

#include "migration/preflight-private.h"
#include "postgres/quote.h"

#include <string.h>

/* PostgreSQL's own additional modules; Debian ships them with the server. */
static const char *const contrib[] = {
  "adminpack",
  "amcheck",
  "autoinc",
  "bloom",
  "btree_gin",
  "btree_gist",
  "citext",
  "cube",
  "dblink",
  "dict_int",
  "dict_xsyn",
  "earthdistance",
  "file_fdw",
  "fuzzystrmatch",
  "hstore",
  "insert_username",
  "intagg",
  "intarray",
  "isn",
  "lo",
  "ltree",
  "moddatetime",
  "old_snapshot",
  "pageinspect",
  "pg_buffercache",
  "pg_freespacemap",
  "pg_prewarm",
  "pg_stat_statements",
  "pg_surgery",
  "pg_trgm",
  "pg_visibility",
  "pg_walinspect",
  "pgcrypto",
  "pgrowlocks",
  "pgstattuple",
  "postgres_fdw",
  "refint",
  "seg",
  "sslinfo",
  "tablefunc",
  "tcn",
  "tsm_system_rows",
  "tsm_system_time",
  "unaccent",
  "uuid-ossp",
  "xml2",
  NULL,
};

/* Packages that are not named after their extension. %d: the major version. */
static const struct
{
  const char *extension;
  const char *package;
} packages[] = {
  { "plperl", "postgresql-plperl-%d" },
  { "plperlu", "postgresql-plperl-%d" },
  { "plpython3u", "postgresql-plpython3-%d" },
  { "pltcl", "postgresql-pltcl-%d" },
  { "pltclu", "postgresql-pltcl-%d" },
  { "postgis", "postgresql-%d-postgis-3" },
  { "postgis_topology", "postgresql-%d-postgis-3" },
  { "postgis_raster", "postgresql-%d-postgis-3" },
  { "vector", "postgresql-%d-pgvector" },
};

static char *
package_of (const char *extension, int major)
{
  g_autofree char *number = g_strdup_printf ("%d", major);
  g_autoptr (GString) name = NULL;

  if (g_strv_contains (contrib, extension))
    return g_strdup_printf ("postgresql-%d", major);
  for (guint i = 0; i < G_N_ELEMENTS (packages); i++)
    {
      if (!g_str_equal (packages[i].extension, extension))
        continue;
      name = g_string_new (packages[i].package);
      g_string_replace (name, "%d", number, 0);
      return g_string_free (g_steal_pointer (&name), FALSE);
    }
  name =
      g_string_new (g_str_has_prefix (extension, "pg_") ? extension + strlen ("pg_") : extension);
  g_string_replace (name, "_", "-", 0);
  return g_strdup_printf ("postgresql-%d-%s", major, name->str);
}

/* "1.10" is newer than "1.9"; what is no number compares as text. */
static int
compare_versions (const char *a, const char *b)
{
  while (*a != '\0' && *b != '\0')
    {
      if (g_ascii_isdigit (*a) && g_ascii_isdigit (*b))
        {
          char *end_a = NULL;
          char *end_b = NULL;
          guint64 number_a = g_ascii_strtoull (a, &end_a, 10);
          guint64 number_b = g_ascii_strtoull (b, &end_b, 10);

          if (number_a != number_b)
            return number_a < number_b ? -1 : 1;
          a = end_a;
          b = end_b;
        }
      else if (*a != *b)
        return *a < *b ? -1 : 1;
      else
        {
          a++;
          b++;
        }
    }
  return (*a != '\0') - (*b != '\0');
}

/* Name -> row of the answer about the destination. */
static const char available_sql[] =
    "SELECT a.name, a.default_version, x.extversion, coalesce(v.superuser, true),"
    "   coalesce(v.trusted, false)"
    " FROM pg_available_extensions a LEFT JOIN pg_extension x ON x.extname = a.name"
    " LEFT JOIN pg_available_extension_versions v ON v.name = a.name AND v.version = a.default_version"
    " UNION ALL SELECT x.extname, NULL, x.extversion, true, false FROM pg_extension x"
    "   WHERE NOT EXISTS (SELECT FROM pg_available_extensions a WHERE a.name = x.extname)";

typedef struct
{
  const char *name;
  const char *version; /* at the source */
  const char *schema;
} Extension;

static char *
create_extension_sql (const Extension *extension)
{
  g_autofree char *name = pgm_quote_identifier (extension->name);
  g_autofree char *schema = pgm_quote_identifier (extension->schema);

  if (g_str_equal (extension->schema, "pg_catalog"))
    return g_strdup_printf ("CREATE EXTENSION %s;", name);
  return g_strdup_printf ("CREATE SCHEMA IF NOT EXISTS %s; CREATE EXTENSION %s SCHEMA %s;", schema,
                          name, schema);
}

static void
add_missing (PgmPreflight *self, const char *check, const Extension *extension)
{
  g_autofree char *package = package_of (extension->name, self->destination_info->major);

  pgm_preflight_add (self, check, PGM_CHECK_BLOCKER, NULL,
                     "Extension %s (%s) is used at the source and not available on the destination;"
                     " install its files on that machine (on Debian and Ubuntu usually: apt install"
                     " %s), then run this again.",
                     extension->name, extension->version, package);
}

/* TRUE when there is nothing to say about it. */
static gboolean
judge_extension (PgmPreflight *self,
                 const char *check,
                 const Extension *extension,
                 PgmResult *available,
                 guint row)
{
  const char *installed = pgm_result_get (available, row, 2);
  const char *version = installed != NULL ? installed : pgm_result_get (available, row, 1);
  gboolean needs_superuser =
      pgm_result_get_bool (available, row, 3) && !pgm_result_get_bool (available, row, 4);
  g_autofree char *fix = create_extension_sql (extension);
  g_autofree char *name = pgm_quote_identifier (extension->name);

  if (installed == NULL && needs_superuser && !self->destination_info->superuser)
    {
      pgm_preflight_add (
          self, check, PGM_CHECK_BLOCKER, fix,
          "Extension %s must be created by a superuser; role %s on the destination is"
          " none.",
          extension->name, self->destination_info->user);
      return FALSE;
    }
  if (version != NULL && compare_versions (version, extension->version) < 0)
    {
      g_autofree char *update = g_strdup_printf ("ALTER EXTENSION %s UPDATE;", name);

      pgm_preflight_add (self, check, PGM_CHECK_WARNING, installed != NULL ? update : NULL,
                         "Extension %s is %s at the source and only %s on the destination; what the"
                         " newer one brought will be missing.",
                         extension->name, extension->version, version);
      return FALSE;
    }
  return TRUE;
}

static gboolean
find_row (PgmResult *available, const char *name, guint *found)
{
  for (guint row = 0; row < pgm_result_get_rows (available); row++)
    {
      if (g_strcmp0 (pgm_result_get (available, row, 0), name) == 0)
        {
          *found = row;
          return TRUE;
        }
    }
  return FALSE;
}

gboolean
pgm_preflight_check_extensions (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) used = NULL;
  g_autoptr (PgmResult) available = NULL;
  guint good = 0;

  if (!pgm_preflight_wants_schema (self))
    return TRUE;
  used = pgm_preflight_ask (self, self->source,
                            "SELECT x.extname, x.extversion, n.nspname FROM pg_extension x"
                            " JOIN pg_namespace n ON n.oid = x.extnamespace ORDER BY 1",
                            error);
  available =
      used != NULL ? pgm_preflight_ask (self, self->destination, available_sql, error) : NULL;
  if (available == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (used); row++)
    {
      Extension extension = { pgm_result_get_or (used, row, 0, ""),
                              pgm_result_get_or (used, row, 1, ""),
                              pgm_result_get_or (used, row, 2, "") };
      guint found = 0;

      if (!find_row (available, extension.name, &found))
        add_missing (self, name, &extension);
      else if (judge_extension (self, name, &extension, available, found))
        good++;
    }
  if (good == pgm_result_get_rows (used))
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "The extensions of the source (%u) are available on the destination.", good);
  return TRUE;
}

/* Libraries of C functions that belong to no extension: nothing in a dump brings
 * them, and only the destination's file system knows whether they are there. */
static const char libraries_sql[] =
    "SELECT p.probin, count(*), min(format('%s.%s', n.nspname, p.proname))"
    " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
    " JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'c'"
    " WHERE p.probin IS NOT NULL AND" PGM_PREFLIGHT_USER_SCHEMA
    "   AND ('pg_catalog.pg_proc'::pg_catalog.regclass, p.oid) NOT IN" PGM_PREFLIGHT_MEMBERS
    " GROUP BY p.probin ORDER BY 1";

/* Languages that came without an extension, as from before 9.1. */
static const char languages_sql[] =
    "SELECT l.lanname FROM pg_language l WHERE l.oid >= 16384"
    "   AND ('pg_catalog.pg_language'::pg_catalog.regclass, l.oid) NOT IN" PGM_PREFLIGHT_MEMBERS
    " ORDER BY 1";

gboolean
pgm_preflight_check_languages (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) libraries = NULL;
  g_autoptr (PgmResult) languages = NULL;

  if (!pgm_preflight_wants_schema (self))
    return TRUE;
  libraries = pgm_preflight_ask (self, self->source, libraries_sql, error);
  languages =
      libraries != NULL ? pgm_preflight_ask (self, self->source, languages_sql, error) : NULL;
  if (languages == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (libraries); row++)
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, NULL,
                       "Functions in C (%s, %s among them) need the library %s on the destination's"
                       " machine.",
                       pgm_result_get (libraries, row, 1), pgm_result_get (libraries, row, 2),
                       pgm_result_get (libraries, row, 0));
  for (guint row = 0; row < pgm_result_get_rows (languages); row++)
    {
      g_autofree char *quoted = pgm_quote_identifier (pgm_result_get (languages, row, 0));
      g_autofree char *fix = g_strdup_printf ("CREATE EXTENSION %s;", quoted);

      pgm_preflight_add (self, name, PGM_CHECK_WARNING, fix,
                         "Language %s belongs to no extension at the source; the destination needs"
                         " its handler, which an extension of that name brings today.",
                         pgm_result_get (languages, row, 0));
    }
  if (pgm_result_get_rows (libraries) + pgm_result_get_rows (languages) == 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "All languages and C functions come with extensions.");
  return TRUE;
}
