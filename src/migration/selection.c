#include "migration/selection-private.h"

#include "migration/follow-setup.h"
#include "postgres/snapshot.h"

static gboolean
needs_own (PgmSelectionFacts *self, const PgmTocEntry *entry)
{
  for (guint i = 0; i < entry->needs->len; i++)
    {
      PgmTocEntry *needed = pgm_toc_find (self->toc, g_array_index (entry->needs, guint, i));

      if (needed != NULL && needed->catalog == PGM_CATALOG_CLASS &&
          pgm_oid_set_has (self->own_indexes, needed->oid))
        return TRUE;
      if (needed != NULL && needed->catalog == PGM_CATALOG_CONSTRAINT &&
          g_hash_table_contains (self->constraint_indexes, GUINT_TO_POINTER (needed->oid)))
        return TRUE;
    }
  return FALSE;
}

/* Indexes, keys and their attachments that index.c and foreign-key.c make. */
static gboolean
is_own (PgmSelectionFacts *self, const PgmTocEntry *entry)
{
  gpointer index;

  if (entry->catalog == PGM_CATALOG_CLASS)
    return pgm_oid_set_has (self->own_indexes, entry->oid);
  if (pgm_toc_entry_is (entry, "FK CONSTRAINT"))
    return pgm_oid_set_has (self->own_keys, entry->oid);
  if (pgm_toc_entry_is (entry, "INDEX ATTACH"))
    return needs_own (self, entry) || entry->needs->len == 0;
  if (!pgm_toc_entry_is (entry, "CONSTRAINT"))
    return FALSE;
  index = g_hash_table_lookup (self->constraint_indexes, GUINT_TO_POINTER (entry->oid));
  return index != NULL && pgm_oid_set_has (self->own_indexes, GPOINTER_TO_UINT (index));
}

static gboolean
is_there (PgmSelectionFacts *self, const PgmTocEntry *entry)
{
  g_autofree char *key = pgm_selection_object_key (entry->catalog, entry->oid);
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
is_foreign_comment (PgmSelectionFacts *self, const PgmTocEntry *entry)
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

/* The publication that a following job has made on the source. */
static gboolean
is_our_publication (const PgmTocEntry *entry)
{
  return g_str_has_prefix (entry->text, "PUBLICATION - " PGM_FOLLOW_PREFIX) ||
         g_str_has_prefix (entry->text, "COMMENT - PUBLICATION " PGM_FOLLOW_PREFIX);
}

static gboolean
is_of_our_publication (PgmSelectionFacts *self, const PgmTocEntry *entry)
{
  if (is_our_publication (entry))
    return TRUE;
  if (!pgm_toc_entry_is (entry, "PUBLICATION TABLE"))
    return FALSE;
  for (guint i = 0; i < entry->needs->len; i++)
    {
      PgmTocEntry *needed = pgm_toc_find (self->toc, g_array_index (entry->needs, guint, i));

      if (needed != NULL && is_our_publication (needed))
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_about_event_trigger (const PgmTocEntry *entry)
{
  return pgm_toc_entry_is (entry, "EVENT TRIGGER") ||
         g_str_has_prefix (entry->text, "COMMENT - EVENT TRIGGER ");
}

static void
selection_sort (PgmSelection *self, PgmSelectionFacts *facts)
{
  g_autoptr (GPtrArray) privileges = g_ptr_array_new ();

  for (guint i = 0; i < self->toc->entries->len; i++)
    {
      PgmTocEntry *entry = g_ptr_array_index (self->toc->entries, i);

      if (!entry->taken || is_about_database (entry) || is_own (facts, entry) ||
          is_there (facts, entry) || is_foreign_comment (facts, entry) ||
          is_of_our_publication (facts, entry))
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

  used = pgm_selection_read_names (source,
                                   "SELECT DISTINCT s.spcname FROM pg_catalog.pg_class c"
                                   " JOIN pg_catalog.pg_tablespace s ON s.oid = c.reltablespace"
                                   " WHERE s.spcname NOT IN ('pg_default', 'pg_global')",
                                   cancellable, error);
  if (used == NULL)
    return FALSE;
  there = pgm_selection_read_names (destination, "SELECT spcname FROM pg_catalog.pg_tablespace",
                                    cancellable, error);
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
  g_auto (PgmSelectionFacts) facts = { .ctx = ctx };

  self->pre_data = g_ptr_array_new ();
  self->post_data = g_ptr_array_new ();
  self->event_triggers = g_ptr_array_new ();
  self->toc = pgm_toc_read (ctx->pg_restore, ctx->archive, cancellable, error);
  if (self->toc == NULL)
    return NULL;
  facts.toc = self->toc;
  source = pgm_ends_connect (ctx->ends, PGM_END_SOURCE, "schema", cancellable, error);
  if (source == NULL || !pgm_snapshot_import (source, ctx->snapshot, cancellable, error) ||
      !pgm_selection_facts_read (&facts, source, destination, cancellable, error) ||
      !check_tablespaces (self, source, destination, cancellable, error))
    return NULL;
  pgm_selection_filter (&facts);
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
