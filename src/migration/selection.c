#include "migration/selection.h"

#include "postgres/snapshot.h"

/* What the selection needs to know while it is made. */
typedef struct
{
  PgmCloneContext *ctx;
  PgmToc *toc;
  GHashTable *schemas;            /* source: OID -> name */
  GHashTable *dropped;            /* source: OIDs of relations that the filter leaves out */
  GHashTable *kept;               /* source: OIDs of relations that it takes */
  GHashTable *partitions;         /* source: OIDs of partitions */
  GHashTable *constraint_indexes; /* source: OID of constraint -> OID of its index */
  GHashTable *own_indexes;        /* OIDs of what we make ourselves: two sets, since an */
  GHashTable *own_keys;           /* OID is unique only within its catalog */
  GHashTable *destination_schemas;
  GHashTable *destination_extensions;
  GHashTable *destination_objects; /* on --resume: identities of what is there */
  GHashTable *identities;          /* on --resume: "catalog/oid" -> identity on the source */
} Facts;

static void
facts_clear (Facts *self)
{
  g_clear_pointer (&self->schemas, g_hash_table_unref);
  g_clear_pointer (&self->dropped, g_hash_table_unref);
  g_clear_pointer (&self->kept, g_hash_table_unref);
  g_clear_pointer (&self->partitions, g_hash_table_unref);
  g_clear_pointer (&self->constraint_indexes, g_hash_table_unref);
  g_clear_pointer (&self->own_indexes, g_hash_table_unref);
  g_clear_pointer (&self->own_keys, g_hash_table_unref);
  g_clear_pointer (&self->destination_schemas, g_hash_table_unref);
  g_clear_pointer (&self->destination_extensions, g_hash_table_unref);
  g_clear_pointer (&self->destination_objects, g_hash_table_unref);
  g_clear_pointer (&self->identities, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Facts, facts_clear)

static gboolean
has_oid (GHashTable *set, guint32 oid)
{
  return g_hash_table_contains (set, GUINT_TO_POINTER (oid));
}

static GHashTable *
read_names (PgmConnection *connection, const char *sql, GCancellable *cancellable, GError **error)
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
read_source_schemas (Facts *self, PgmConnection *source, GCancellable *cancellable, GError **error)
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

static gboolean
read_source_relations (Facts *self,
                       PgmConnection *source,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (PgmResult) result = NULL;

  if (!pgm_filter_is_active (self->ctx->filter))
    return TRUE;
  result = pgm_connection_query (
      source,
      "SELECT c.oid, n.nspname, c.relname, c.relispartition FROM pg_catalog.pg_class c"
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
  return TRUE;
}

static gboolean
read_source_constraints (Facts *self,
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

static char *
object_key (guint32 catalog, guint32 oid)
{
  return g_strdup_printf ("%u/%u", catalog, oid);
}

static gboolean
read_identities (Facts *self,
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
    g_hash_table_insert (
        self->identities,
        object_key (pgm_result_get_oid (here, row, 0), pgm_result_get_oid (here, row, 1)),
        g_strdup (pgm_result_get_or (here, row, 2, "")));
  for (guint row = 0; row < pgm_result_get_rows (there); row++)
    g_hash_table_add (self->destination_objects, g_strdup (pgm_result_get_or (there, row, 2, "")));
  return TRUE;
}

static gboolean
facts_read_source (Facts *self, PgmConnection *source, GCancellable *cancellable, GError **error)
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

static gboolean
facts_read (Facts *self,
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
  self->destination_schemas =
      read_names (destination, "SELECT nspname FROM pg_catalog.pg_namespace", cancellable, error);
  if (self->destination_schemas == NULL)
    return FALSE;
  self->destination_extensions =
      read_names (destination, "SELECT extname FROM pg_catalog.pg_extension", cancellable, error);
  return self->destination_extensions != NULL;
}

/* "FUNCTION public f() alice": the only schema that has no entry of its own. */
static gboolean
is_in_public (const PgmTocEntry *entry)
{
  const char *p = entry->text;

  while (g_ascii_isupper (*p) || *p == ' ')
    p++;
  return p > entry->text && p[-1] == ' ' && g_str_has_prefix (p, "public ");
}

/* TRUE for what lies in no schema at all (extensions, languages, casts …). */
static gboolean
filter_takes_schema_of (Facts *self, const PgmTocEntry *entry)
{
  if (entry->catalog == PGM_CATALOG_NAMESPACE)
    return pgm_filter_takes_schema (
        self->ctx->filter, g_hash_table_lookup (self->schemas, GUINT_TO_POINTER (entry->oid)));
  for (guint i = 0; i < entry->needs->len; i++)
    {
      PgmTocEntry *needed = pgm_toc_find (self->toc, g_array_index (entry->needs, guint, i));
      const char *schema = needed != NULL && needed->catalog == PGM_CATALOG_NAMESPACE
                               ? g_hash_table_lookup (self->schemas, GUINT_TO_POINTER (needed->oid))
                               : NULL;

      if (schema != NULL)
        return pgm_filter_takes_schema (self->ctx->filter, schema);
    }
  return !is_in_public (entry) || pgm_filter_takes_schema (self->ctx->filter, "public");
}

static gboolean
needs_untaken (Facts *self, const PgmTocEntry *entry)
{
  for (guint i = 0; i < entry->needs->len; i++)
    {
      PgmTocEntry *needed = pgm_toc_find (self->toc, g_array_index (entry->needs, guint, i));

      if (needed != NULL && !needed->taken)
        return TRUE;
    }
  return FALSE;
}

/* Leaves out the relations that are not taken and all that depends on them. A
 * partition can stand without its parent. */
static void
drop_relations (Facts *self)
{
  gboolean changed = TRUE;

  while (changed)
    {
      changed = FALSE;
      for (guint i = 0; i < self->toc->entries->len; i++)
        {
          PgmTocEntry *entry = g_ptr_array_index (self->toc->entries, i);
          gboolean relation = entry->catalog == PGM_CATALOG_CLASS;

          if (!entry->taken || (relation && has_oid (self->partitions, entry->oid) &&
                                has_oid (self->kept, entry->oid)))
            continue;
          if ((relation && has_oid (self->dropped, entry->oid)) || needs_untaken (self, entry))
            {
              entry->taken = FALSE;
              changed = TRUE;
            }
        }
    }
}

/* Before 14 pg_dump attaches a partition in the very entry that makes it, so
 * that its parents have to be there, without rows. */
static void
keep_parents (Facts *self)
{
  gboolean changed = self->ctx->pg_dump->major < 14;

  while (changed)
    {
      changed = FALSE;
      for (guint i = 0; i < self->toc->entries->len; i++)
        {
          PgmTocEntry *entry = g_ptr_array_index (self->toc->entries, i);

          if (entry->catalog != PGM_CATALOG_CLASS || !has_oid (self->partitions, entry->oid) ||
              !has_oid (self->kept, entry->oid))
            continue;
          for (guint j = 0; j < entry->needs->len; j++)
            {
              PgmTocEntry *parent =
                  pgm_toc_find (self->toc, g_array_index (entry->needs, guint, j));

              if (parent == NULL || parent->catalog != PGM_CATALOG_CLASS ||
                  !g_hash_table_remove (self->dropped, GUINT_TO_POINTER (parent->oid)))
                continue;
              g_hash_table_add (self->kept, GUINT_TO_POINTER (parent->oid));
              changed = TRUE;
            }
        }
    }
}

static void
mark_needed (Facts *self, PgmTocEntry *entry, GHashTable *needed)
{
  if (!g_hash_table_add (needed, entry))
    return;
  for (guint i = 0; i < entry->needs->len; i++)
    {
      PgmTocEntry *other = pgm_toc_find (self->toc, g_array_index (entry->needs, guint, i));

      if (other != NULL && other->taken)
        mark_needed (self, other, needed);
    }
}

/* Of what is left, keeps the relations, what lies in schemas that take part, and
 * whatever those need. */
static void
drop_unneeded (Facts *self)
{
  g_autoptr (GHashTable) needed = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < self->toc->entries->len; i++)
    {
      PgmTocEntry *entry = g_ptr_array_index (self->toc->entries, i);

      if (entry->taken &&
          ((entry->catalog == PGM_CATALOG_CLASS && has_oid (self->kept, entry->oid)) ||
           filter_takes_schema_of (self, entry)))
        mark_needed (self, entry, needed);
    }
  for (guint i = 0; i < self->toc->entries->len; i++)
    {
      PgmTocEntry *entry = g_ptr_array_index (self->toc->entries, i);

      /* Comments and privileges go with what they are about. */
      entry->taken =
          entry->taken &&
          (g_hash_table_contains (needed, entry) ||
           (entry->catalog == 0 && entry->needs->len > 0 && !needs_untaken (self, entry)));
    }
  drop_relations (self);
}

static gboolean
needs_own (Facts *self, const PgmTocEntry *entry)
{
  for (guint i = 0; i < entry->needs->len; i++)
    {
      PgmTocEntry *needed = pgm_toc_find (self->toc, g_array_index (entry->needs, guint, i));

      if (needed != NULL && needed->catalog == PGM_CATALOG_CLASS &&
          has_oid (self->own_indexes, needed->oid))
        return TRUE;
      if (needed != NULL && needed->catalog == PGM_CATALOG_CONSTRAINT &&
          g_hash_table_contains (self->constraint_indexes, GUINT_TO_POINTER (needed->oid)))
        return TRUE;
    }
  return FALSE;
}

/* Indexes, keys and their attachments that index.c and foreign-key.c make. */
static gboolean
is_own (Facts *self, const PgmTocEntry *entry)
{
  gpointer index;

  if (entry->catalog == PGM_CATALOG_CLASS)
    return has_oid (self->own_indexes, entry->oid);
  if (pgm_toc_entry_is (entry, "FK CONSTRAINT"))
    return has_oid (self->own_keys, entry->oid);
  if (pgm_toc_entry_is (entry, "INDEX ATTACH"))
    return needs_own (self, entry) || entry->needs->len == 0;
  if (!pgm_toc_entry_is (entry, "CONSTRAINT"))
    return FALSE;
  index = g_hash_table_lookup (self->constraint_indexes, GUINT_TO_POINTER (entry->oid));
  return index != NULL && has_oid (self->own_indexes, GPOINTER_TO_UINT (index));
}

static gboolean
is_there (Facts *self, const PgmTocEntry *entry)
{
  g_autofree char *key = object_key (entry->catalog, entry->oid);
  const char *schema, *identity;

  if (entry->catalog == PGM_CATALOG_NAMESPACE)
    {
      /* For public nothing is made, but its owner may be set. */
      schema = g_hash_table_lookup (self->schemas, GUINT_TO_POINTER (entry->oid));
      return schema != NULL && !g_str_equal (schema, "public") &&
             g_hash_table_contains (self->destination_schemas, schema);
    }
  if (self->identities == NULL || entry->catalog == 0)
    return FALSE;
  identity = g_hash_table_lookup (self->identities, key);
  return identity != NULL && g_hash_table_contains (self->destination_objects, identity);
}

/* The comment of an extension that is there belongs to whoever installed it. */
static gboolean
is_foreign_comment (Facts *self, const PgmTocEntry *entry)
{
  GHashTableIter iter;
  gpointer name;

  if (!g_str_has_prefix (entry->text, "COMMENT - EXTENSION "))
    return FALSE;
  g_hash_table_iter_init (&iter, self->destination_extensions);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    {
      g_autofree char *prefix = g_strdup_printf ("COMMENT - EXTENSION %s ", (char *) name);

      if (g_str_has_prefix (entry->text, prefix))
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_about_database (const PgmTocEntry *entry)
{
  return pgm_toc_entry_is (entry, "DATABASE") || pgm_toc_entry_is (entry, "DATABASE PROPERTIES") ||
         g_str_has_prefix (entry->text, "COMMENT - DATABASE ") ||
         g_str_has_prefix (entry->text, "ACL - DATABASE ") ||
         g_str_has_prefix (entry->text, "SECURITY LABEL - DATABASE ") ||
         pgm_toc_entry_is (entry, "ENCODING") || pgm_toc_entry_is (entry, "STDSTRINGS") ||
         pgm_toc_entry_is (entry, "SEARCHPATH");
}

static gboolean
is_about_event_trigger (const PgmTocEntry *entry)
{
  return pgm_toc_entry_is (entry, "EVENT TRIGGER") ||
         g_str_has_prefix (entry->text, "COMMENT - EVENT TRIGGER ");
}

static void
selection_sort (PgmSelection *self, Facts *facts)
{
  g_autoptr (GPtrArray) privileges = g_ptr_array_new ();

  for (guint i = 0; i < self->toc->entries->len; i++)
    {
      PgmTocEntry *entry = g_ptr_array_index (self->toc->entries, i);

      if (!entry->taken || is_about_database (entry) || is_own (facts, entry) ||
          is_there (facts, entry) || is_foreign_comment (facts, entry))
        continue;
      self->has_subscriptions |= pgm_toc_entry_is (entry, "SUBSCRIPTION");
      if (is_about_event_trigger (entry))
        g_ptr_array_add (self->event_triggers, entry);
      else if (pgm_toc_entry_is (entry, "ACL"))
        g_ptr_array_add (privileges, entry);
      else
        g_ptr_array_add (entry->pre_data ? self->pre_data : self->post_data, entry);
    }
  for (guint i = 0; i < privileges->len; i++)
    g_ptr_array_add (self->post_data, g_ptr_array_index (privileges, i));
}

/* A dump names tablespaces for tables and indexes alike; pg_restore can leave
 * out all of them or none. */
static gboolean
check_tablespaces (PgmSelection *self,
                   PgmConnection *source,
                   PgmConnection *destination,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (GHashTable) used = NULL;
  g_autoptr (GHashTable) there = NULL;
  GHashTableIter iter;
  gpointer name;

  used = read_names (source,
                     "SELECT DISTINCT s.spcname FROM pg_catalog.pg_class c"
                     " JOIN pg_catalog.pg_tablespace s ON s.oid = c.reltablespace"
                     " WHERE s.spcname NOT IN ('pg_default', 'pg_global')",
                     cancellable, error);
  if (used == NULL)
    return FALSE;
  there =
      read_names (destination, "SELECT spcname FROM pg_catalog.pg_tablespace", cancellable, error);
  if (there == NULL)
    return FALSE;
  g_hash_table_iter_init (&iter, used);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (!g_hash_table_contains (there, name))
      self->no_tablespaces = TRUE;
  return TRUE;
}

PgmSelection *
pgm_selection_read (PgmCloneContext *ctx,
                    PgmConnection *destination,
                    GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (PgmSelection) self = g_new0 (PgmSelection, 1);
  g_autoptr (PgmConnection) source = NULL;
  g_auto (Facts) facts = { .ctx = ctx };

  self->pre_data = g_ptr_array_new ();
  self->post_data = g_ptr_array_new ();
  self->event_triggers = g_ptr_array_new ();
  self->toc = pgm_toc_read (ctx->pg_restore, ctx->archive, cancellable, error);
  if (self->toc == NULL)
    return NULL;
  facts.toc = self->toc;
  source = pgm_ends_connect (ctx->ends, PGM_END_SOURCE, "schema", cancellable, error);
  if (source == NULL || !pgm_snapshot_import (source, ctx->snapshot, cancellable, error) ||
      !facts_read (&facts, source, destination, cancellable, error) ||
      !check_tablespaces (self, source, destination, cancellable, error))
    return NULL;
  if (pgm_filter_is_active (ctx->filter))
    {
      keep_parents (&facts);
      drop_relations (&facts);
      drop_unneeded (&facts);
    }
  selection_sort (self, &facts);
  return g_steal_pointer (&self);
}

void
pgm_selection_free (PgmSelection *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->pre_data, g_ptr_array_unref);
  g_clear_pointer (&self->post_data, g_ptr_array_unref);
  g_clear_pointer (&self->event_triggers, g_ptr_array_unref);
  g_clear_pointer (&self->toc, pgm_toc_free);
  g_free (self);
}
