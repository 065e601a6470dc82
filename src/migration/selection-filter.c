#include "migration/selection-private.h"

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
filter_takes_schema_of (PgmSelectionFacts *self, const PgmTocEntry *entry)
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
needs_untaken (PgmSelectionFacts *self, const PgmTocEntry *entry)
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
drop_relations (PgmSelectionFacts *self)
{
  gboolean changed = TRUE;

  while (changed)
    {
      changed = FALSE;
      for (guint i = 0; i < self->toc->entries->len; i++)
        {
          PgmTocEntry *entry = g_ptr_array_index (self->toc->entries, i);
          gboolean relation = entry->catalog == PGM_CATALOG_CLASS;

          if (!entry->taken || (relation && pgm_oid_set_has (self->partitions, entry->oid) &&
                                pgm_oid_set_has (self->kept, entry->oid)))
            continue;
          if ((relation && pgm_oid_set_has (self->dropped, entry->oid)) ||
              needs_untaken (self, entry))
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
keep_parents (PgmSelectionFacts *self)
{
  gboolean changed = self->ctx->pg_dump->major < 14;

  while (changed)
    {
      changed = FALSE;
      for (guint i = 0; i < self->toc->entries->len; i++)
        {
          PgmTocEntry *entry = g_ptr_array_index (self->toc->entries, i);

          if (entry->catalog != PGM_CATALOG_CLASS ||
              !pgm_oid_set_has (self->partitions, entry->oid) ||
              !pgm_oid_set_has (self->kept, entry->oid))
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
mark_needed (PgmSelectionFacts *self, PgmTocEntry *entry, GHashTable *needed)
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
drop_unneeded (PgmSelectionFacts *self)
{
  g_autoptr (GHashTable) needed = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < self->toc->entries->len; i++)
    {
      PgmTocEntry *entry = g_ptr_array_index (self->toc->entries, i);

      if (entry->taken &&
          ((entry->catalog == PGM_CATALOG_CLASS && pgm_oid_set_has (self->kept, entry->oid)) ||
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

static void
drop_gone (PgmSelectionFacts *self)
{
  for (guint i = 0; self->gone != NULL && i < self->toc->entries->len; i++)
    {
      PgmTocEntry *entry = g_ptr_array_index (self->toc->entries, i);
      g_autofree char *key = pgm_selection_object_key (entry->catalog, entry->oid);

      if (entry->catalog != 0 && g_hash_table_contains (self->gone, key))
        entry->taken = FALSE;
    }
}

void
pgm_selection_filter (PgmSelectionFacts *self)
{
  if (!pgm_filter_is_active (self->ctx->filter))
    return;
  drop_gone (self);
  keep_parents (self);
  drop_relations (self);
  drop_unneeded (self);
}
