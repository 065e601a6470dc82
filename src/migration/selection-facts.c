#include "migration/selection-private.h"

void
pgm_selection_facts_clear (PgmSelectionFacts *self)
{
  g_clear_pointer (&self->schemas, g_hash_table_unref);
  g_clear_pointer (&self->dropped, g_hash_table_unref);
  g_clear_pointer (&self->kept, g_hash_table_unref);
  g_clear_pointer (&self->partitions, g_hash_table_unref);
  g_clear_pointer (&self->gone, g_hash_table_unref);
  g_clear_pointer (&self->constraint_indexes, g_hash_table_unref);
  g_clear_pointer (&self->own_indexes, g_hash_table_unref);
  g_clear_pointer (&self->own_keys, g_hash_table_unref);
  g_clear_pointer (&self->destination_schemas, g_hash_table_unref);
  g_clear_pointer (&self->destination_extensions, g_hash_table_unref);
  g_clear_pointer (&self->destination_objects, g_hash_table_unref);
  g_clear_pointer (&self->identities, g_hash_table_unref);
}

GHashTable *
pgm_selection_read_names (PgmConnection *connection,
                          const char *sql,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, sql, 0, NULL, cancellable, error);
  GHashTable *names;

  if (result == NULL)
    return NULL;
  names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    g_hash_table_add (names, g_strdup (pgm_result_get_or (result, row, 0, "")));
  return names;
}

static gboolean
read_source_schemas (PgmSelectionFacts *self,
                     PgmConnection *source,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (PgmResult) result = pgm_connection_query (
      source, "SELECT oid, nspname FROM pg_catalog.pg_namespace", 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    g_hash_table_insert (self->schemas, GUINT_TO_POINTER (pgm_result_get_oid (result, row, 0)),
                         g_strdup (pgm_result_get_or (result, row, 1, "")));
  return TRUE;
}

/* Dependents of tables, to the last; a view by its rule. */
static const char gone_sql[] =
    "WITH RECURSIVE gone(class, oid) AS ("
    " SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, o.oid"
    "   FROM pg_catalog.unnest($1::pg_catalog.oid[]) o(oid)"
    " UNION SELECT x.class, x.oid FROM gone g CROSS JOIN LATERAL ("
    "   SELECT d.classid, d.objid FROM pg_catalog.pg_depend d"
    "    WHERE d.refclassid = g.class AND d.refobjid = g.oid AND d.deptype <> 'e'"
    "   UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, r.ev_class"
    "     FROM pg_catalog.pg_rewrite r WHERE r.oid = g.oid AND r.rulename = '_RETURN'"
    "      AND g.class = 'pg_catalog.pg_rewrite'::pg_catalog.regclass) x(class, oid))"
    " SELECT class, oid FROM gone";

/* Tables that were left out of the dump leave no entry that others could be seen to
 * need. */
static gboolean
read_gone (PgmSelectionFacts *self,
           const GString *absent,
           PgmConnection *source,
           GCancellable *cancellable,
           GError **error)
{
  const char *params[] = { absent->str };
  g_autoptr (PgmResult) rows =
      pgm_connection_query (source, gone_sql, 1, params, cancellable, error);

  if (rows == NULL)
    return FALSE;
  self->gone = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    g_hash_table_add (self->gone, pgm_selection_object_key (pgm_result_get_oid (rows, row, 0),
                                                            pgm_result_get_oid (rows, row, 1)));
  return TRUE;
}

/* @relations: as read_source_relations() has them. */
static gboolean
find_gone (PgmSelectionFacts *self,
           PgmResult *relations,
           PgmConnection *source,
           GCancellable *cancellable,
           GError **error)
{
  g_autoptr (GHashTable) dumped = g_hash_table_new (NULL, NULL);
  g_autoptr (GString) absent = g_string_new ("{");

  for (guint i = 0; i < self->toc->entries->len; i++)
    {
      const PgmTocEntry *entry = g_ptr_array_index (self->toc->entries, i);

      if (entry->catalog == PGM_CATALOG_CLASS)
        g_hash_table_add (dumped, GUINT_TO_POINTER (entry->oid));
    }
  for (guint row = 0; row < pgm_result_get_rows (relations); row++)
    {
      guint32 oid = pgm_result_get_oid (relations, row, 0);

      if (pgm_result_get_bool (relations, row, 4) && pgm_oid_set_has (self->dropped, oid) &&
          !pgm_oid_set_has (dumped, oid))
        g_string_append_printf (absent, "%s%u", absent->len > 1 ? "," : "", oid);
    }
  if (absent->len == 1)
    return TRUE;
  g_string_append_c (absent, '}');
  return read_gone (self, absent, source, cancellable, error);
}

static gboolean
read_source_relations (PgmSelectionFacts *self,
                       PgmConnection *source,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (PgmResult) result = NULL;

  if (!pgm_filter_is_active (self->ctx->filter))
    return TRUE;
  result = pgm_connection_query (
      source,
      "SELECT c.oid, n.nspname, c.relname, c.relispartition, c.relkind IN ('r', 'p')"
      " FROM pg_catalog.pg_class c"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')",
      0, NULL, cancellable, error);
  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      gpointer oid = GUINT_TO_POINTER (pgm_result_get_oid (result, row, 0));
      gboolean taken = pgm_filter_takes (self->ctx->filter, pgm_result_get_or (result, row, 1, ""),
                                         pgm_result_get_or (result, row, 2, ""));

      g_hash_table_add (taken ? self->kept : self->dropped, oid);
      if (pgm_result_get_bool (result, row, 3))
        g_hash_table_add (self->partitions, oid);
    }
  return find_gone (self, result, source, cancellable, error);
}

static gboolean
read_source_constraints (PgmSelectionFacts *self,
                         PgmConnection *source,
                         GCancellable *cancellable,
                         GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (source,
                            "SELECT oid, conindid FROM pg_catalog.pg_constraint"
                            " WHERE contype IN ('p', 'u', 'x') AND conindid <> 0",
                            0, NULL, cancellable, error);
  PgmCatalog *catalog = self->ctx->catalog;

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    g_hash_table_insert (self->constraint_indexes,
                         GUINT_TO_POINTER (pgm_result_get_oid (result, row, 0)),
                         GUINT_TO_POINTER (pgm_result_get_oid (result, row, 1)));
  for (guint i = 0; i < catalog->indexes->len; i++)
    g_hash_table_add (
        self->own_indexes,
        GUINT_TO_POINTER (((PgmIndex *) g_ptr_array_index (catalog->indexes, i))->oid));
  for (guint i = 0; i < catalog->foreign_keys->len; i++)
    g_hash_table_add (
        self->own_keys,
        GUINT_TO_POINTER (((PgmForeignKey *) g_ptr_array_index (catalog->foreign_keys, i))->oid));
  return TRUE;
}

/* Identities of all objects of the classes that only post-data holds. The rule
 * of a view exists as soon as its placeholder does and says nothing. */
static char *
identities_sql (int major)
{
  static const struct
  {
    const char *catalog;
    const char *condition;
    int since;
  } classes[] = {
    { "pg_trigger", "NOT tgisinternal", 0 },
    { "pg_rewrite", "rulename <> '_RETURN'", 0 },
    { "pg_policy", "true", 0 },
    { "pg_constraint", "contype IN ('c', 'n')", 0 },
    { "pg_publication", "true", 0 },
    { "pg_publication_rel", "true", 0 },
    { "pg_publication_namespace", "true", 15 },
    { "pg_statistic_ext", "true", 0 },
    { "pg_event_trigger", "true", 0 },
  };
  GString *sql = g_string_new ("SELECT o.class, o.oid, i.type || ' ' || i.identity FROM (");

  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    {
      if (major < classes[i].since)
        continue;
      g_string_append_printf (sql, "%sSELECT tableoid AS class, oid FROM pg_catalog.%s WHERE %s",
                              i > 0 ? " UNION ALL " : "", classes[i].catalog, classes[i].condition);
    }
  g_string_append (sql, ") o, LATERAL pg_catalog.pg_identify_object(o.class, o.oid, 0) i");
  return g_string_free (sql, FALSE);
}

char *
pgm_selection_object_key (guint32 catalog, guint32 oid)
{
  return g_strdup_printf ("%u/%u", catalog, oid);
}

static gboolean
read_identities (PgmSelectionFacts *self,
                 PgmConnection *source,
                 PgmConnection *destination,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autofree char *source_sql = identities_sql (pgm_connection_get_major (source));
  g_autofree char *destination_sql = identities_sql (pgm_connection_get_major (destination));
  g_autoptr (PgmResult) here =
      pgm_connection_query (source, source_sql, 0, NULL, cancellable, error);
  g_autoptr (PgmResult) there = NULL;

  if (here == NULL)
    return FALSE;
  there = pgm_connection_query (destination, destination_sql, 0, NULL, cancellable, error);
  if (there == NULL)
    return FALSE;
  self->identities = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->destination_objects = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint row = 0; row < pgm_result_get_rows (here); row++)
    g_hash_table_insert (self->identities,
                         pgm_selection_object_key (pgm_result_get_oid (here, row, 0),
                                                   pgm_result_get_oid (here, row, 1)),
                         g_strdup (pgm_result_get_or (here, row, 2, "")));
  for (guint row = 0; row < pgm_result_get_rows (there); row++)
    g_hash_table_add (self->destination_objects, g_strdup (pgm_result_get_or (there, row, 2, "")));
  return TRUE;
}

static gboolean
facts_read_source (PgmSelectionFacts *self,
                   PgmConnection *source,
                   GCancellable *cancellable,
                   GError **error)
{
  self->schemas = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->dropped = g_hash_table_new (NULL, NULL);
  self->kept = g_hash_table_new (NULL, NULL);
  self->partitions = g_hash_table_new (NULL, NULL);
  self->constraint_indexes = g_hash_table_new (NULL, NULL);
  self->own_indexes = g_hash_table_new (NULL, NULL);
  self->own_keys = g_hash_table_new (NULL, NULL);
  return read_source_schemas (self, source, cancellable, error) &&
         read_source_relations (self, source, cancellable, error) &&
         read_source_constraints (self, source, cancellable, error);
}

gboolean
pgm_selection_facts_read (PgmSelectionFacts *self,
                          PgmConnection *source,
                          PgmConnection *destination,
                          GCancellable *cancellable,
                          GError **error)
{
  if (!facts_read_source (self, source, cancellable, error))
    return FALSE;
  if (self->ctx->options->resume &&
      !read_identities (self, source, destination, cancellable, error))
    return FALSE;
  self->destination_schemas = pgm_selection_read_names (
      destination, "SELECT nspname FROM pg_catalog.pg_namespace", cancellable, error);
  if (self->destination_schemas == NULL)
    return FALSE;
  self->destination_extensions = pgm_selection_read_names (
      destination, "SELECT extname FROM pg_catalog.pg_extension", cancellable, error);
  return self->destination_extensions != NULL;
}
