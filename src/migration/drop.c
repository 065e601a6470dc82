#include "migration/drop.h"

#include "postgres/quote.h"

/* Database-wide objects, as "kind|name". Those of extensions stay. Subscriptions
 * are left: dropping one speaks to its publisher. */
static const char global_sql[] =
    "SELECT 'EVENT TRIGGER', quote_ident(evtname) FROM pg_event_trigger e"
    " WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_event_trigger'::regclass"
    "   AND d.objid = e.oid AND d.deptype = 'e')"
    " UNION ALL SELECT 'PUBLICATION', quote_ident(pubname) FROM pg_publication"
    " UNION ALL SELECT 'SERVER', quote_ident(srvname) FROM pg_foreign_server s"
    " WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_foreign_server'::regclass"
    "   AND d.objid = s.oid AND d.deptype = 'e')"
    " UNION ALL SELECT 'FOREIGN DATA WRAPPER', quote_ident(fdwname) FROM pg_foreign_data_wrapper f"
    " WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_foreign_data_wrapper'::regclass"
    "   AND d.objid = f.oid AND d.deptype = 'e')"
    " UNION ALL SELECT 'CAST', format('(%s AS %s)', format_type(castsource, NULL), format_type(casttarget, NULL))"
    "  FROM pg_cast c WHERE c.oid >= 16384"
    "   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass"
    "   AND d.objid = c.oid AND d.deptype = 'e')";

static const char schemas_sql[] =
    "SELECT n.nspname FROM pg_namespace n WHERE left(n.nspname, 3) <> 'pg_'"
    "   AND n.nspname NOT IN ('information_schema', 'pgmanager')"
    "   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass"
    "     AND d.objid = n.oid AND d.deptype = 'e')";

/* Everything that stands in a schema by itself. */
static const char members_sql[] =
    "SELECT i.type, i.identity FROM pg_depend d,"
    "  LATERAL pg_identify_object(d.classid, d.objid, 0) i"
    " WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = to_regnamespace($1)::oid"
    "   AND d.objsubid = 0 AND d.deptype = 'n'"
    "   AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid"
    "     AND e.deptype IN ('e', 'i', 'a') AND (e.refclassid, e.refobjid) <> (d.classid, d.objid))"
    /* By name, since the last exists from 15 only. */
    "   AND d.classid NOT IN (SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'pg_catalog'::regnamespace"
    "     AND c.relname IN ('pg_extension', 'pg_default_acl', 'pg_publication_namespace'))";

typedef struct
{
  PgmCloneContext *ctx;
  PgmConnection *source;
  PgmConnection *destination;
  GCancellable *cancellable;
} DropRun;

/* pg_identify_object()'s words are DROP's, but for a few. */
static const char *
drop_word (const char *type)
{
  static const struct
  {
    const char *type;
    const char *word;
  } words[] = {
    { "statistics object", "STATISTICS" },
    { "composite type", "TYPE" },
    { "partitioned table", "TABLE" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (words[i].type, type))
      return words[i].word;
  return type;
}

static gboolean
drop_one (DropRun *run, const char *kind, const char *identity, gboolean cascade, GError **error)
{
  pgm_progress_event (run->ctx->progress, "drop", "dropping %s %s on the destination", kind,
                      identity);
  return pgm_connection_execf (run->destination, run->cancellable, error, "DROP %s IF EXISTS %s%s",
                               kind, identity, cascade ? " CASCADE" : "");
}

static gboolean
drop_members (DropRun *run, const char *schema, GError **error)
{
  g_autofree char *quoted = pgm_quote_identifier (schema);
  const char *params[] = { quoted };
  g_autoptr (PgmResult) members =
      pgm_connection_query (run->destination, members_sql, 1, params, run->cancellable, error);

  if (members == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (members); row++)
    {
      const char *identity = pgm_result_get (members, row, 1);

      if (identity != NULL &&
          !drop_one (run, drop_word (pgm_result_get (members, row, 0)), identity, TRUE, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
drop_schemas (DropRun *run, GError **error)
{
  g_autoptr (PgmResult) schemas =
      pgm_connection_query (run->source, schemas_sql, 0, NULL, run->cancellable, error);

  if (schemas == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (schemas); row++)
    {
      const char *name = pgm_result_get (schemas, row, 0);
      g_autofree char *quoted = pgm_quote_identifier (name);

      if (!(g_str_equal (name, "public") ? drop_members (run, name, error)
                                         : drop_one (run, "SCHEMA", quoted, TRUE, error)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
drop_globals (DropRun *run, GError **error)
{
  g_autoptr (PgmResult) globals =
      pgm_connection_query (run->source, global_sql, 0, NULL, run->cancellable, error);

  if (globals == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (globals); row++)
    {
      const char *kind = pgm_result_get (globals, row, 0);
      /* Only these two can have dependants of their own. */
      gboolean cascade = g_str_equal (kind, "SERVER") || g_str_equal (kind, "FOREIGN DATA WRAPPER");

      if (!drop_one (run, kind, pgm_result_get (globals, row, 1), cascade, error))
        return FALSE;
    }
  return TRUE;
}

static const char *
table_word (char kind)
{
  if (kind == 'f')
    return "FOREIGN TABLE";
  return kind == 'm' ? "MATERIALIZED VIEW" : "TABLE";
}

static gboolean
drop_tables (DropRun *run, GError **error)
{
  for (guint i = 0; i < run->ctx->catalog->tables->len; i++)
    {
      const PgmTable *table = g_ptr_array_index (run->ctx->catalog->tables, i);
      g_autofree char *name = pgm_quote_qualified (table->schema, table->name);

      if (table->extension == NULL && !drop_one (run, table_word (table->kind), name, TRUE, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
pgm_drop_existing (PgmCloneContext *ctx,
                   PgmConnection *source,
                   PgmConnection *destination,
                   GCancellable *cancellable,
                   GError **error)
{
  DropRun run = { ctx, source, destination, cancellable };

  pgm_progress_set_activity (ctx->progress, "dropping what is on the destination");
  if (pgm_filter_is_active (ctx->filter))
    return drop_tables (&run, error);
  return drop_globals (&run, error) && drop_schemas (&run, error);
}
