#include "migration/schema-parts.h"

#include "core/failpoint.h"
#include "migration/ledger.h"
#include "migration/schema-private.h"
#include "postgres/quote.h"

/* Fewer tables aren't worth a session and a run of pg_restore. */
#define TABLES_PER_PART 64u

typedef struct
{
  PgmSchemaParts *all;
  guint number;
  GPtrArray *entries;
  GThread *thread;
  PgmConnection *destination;
  GError *error;
} Part;

struct _PgmSchemaParts
{
  PgmCloneContext *ctx;
  PgmSelection *selection;
  GPtrArray *shares; /* PgmTocEntry arrays; the parts' and the caller's */
  GPtrArray *parts;  /* Part */
  GCancellable *cancellable;
  GCancellable *outer;
  gulong handler;
};

/* ---- islands ---------------------------------------------------------------- */

/* Disjoint sets over entries: entry -> an entry nearer to the set's root. */
static PgmTocEntry *
find_root (GHashTable *above, PgmTocEntry *entry)
{
  PgmTocEntry *next;

  while ((next = g_hash_table_lookup (above, entry)) != entry)
    {
      g_hash_table_replace (above, entry, g_hash_table_lookup (above, next));
      entry = next;
    }
  return entry;
}

static GHashTable *
unite (PgmSelection *selection)
{
  GHashTable *above = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < selection->pre_data->len; i++)
    {
      gpointer entry = g_ptr_array_index (selection->pre_data, i);

      g_hash_table_insert (above, entry, entry);
    }
  for (guint i = 0; i < selection->pre_data->len; i++)
    {
      PgmTocEntry *entry = g_ptr_array_index (selection->pre_data, i);

      for (guint j = 0; j < entry->needs->len; j++)
        {
          PgmTocEntry *needed =
              pgm_toc_find (selection->toc, g_array_index (entry->needs, guint, j));

          if (needed != NULL && g_hash_table_contains (above, needed))
            g_hash_table_replace (above, find_root (above, entry), find_root (above, needed));
        }
    }
  return above;
}

static PgmTable *
own_table (PgmCloneContext *ctx, const PgmTocEntry *entry)
{
  if (entry->catalog != PGM_CATALOG_CLASS || !pgm_toc_entry_is (entry, "TABLE"))
    return NULL;
  return g_hash_table_lookup (ctx->catalog->tables_by_oid, GUINT_TO_POINTER (entry->oid));
}

/* Nothing else knows of these but by a dependency that the archive tells. */
static gboolean
may_be_apart (const PgmTocEntry *entry)
{
  static const char *const kinds[] = { "TABLE", "SEQUENCE", "DEFAULT", "COMMENT" };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (pgm_toc_entry_is (entry, kinds[i]))
      return entry->catalog == PGM_CATALOG_CLASS || entry->needs->len > 0;
  return FALSE;
}

/* Roots of those sets that are islands -> one of their tables. */
static GHashTable *
find_islands (PgmCloneContext *ctx, PgmSelection *selection, GHashTable *above)
{
  GHashTable *islands = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < selection->pre_data->len; i++)
    {
      PgmTocEntry *entry = g_ptr_array_index (selection->pre_data, i);
      PgmTable *table = own_table (ctx, entry);

      if (table != NULL)
        g_hash_table_insert (islands, find_root (above, entry), table);
    }
  for (guint i = 0; i < selection->pre_data->len; i++)
    {
      PgmTocEntry *entry = g_ptr_array_index (selection->pre_data, i);

      if (!may_be_apart (entry))
        g_hash_table_remove (islands, find_root (above, entry));
    }
  return islands;
}

/* Which part the island of @root goes to: the one with the fewest entries. */
static guint
choose_part (GHashTable *chosen, GPtrArray *parts, gpointer root)
{
  gpointer known = NULL;
  guint least = 0;

  if (g_hash_table_lookup_extended (chosen, root, NULL, &known))
    return GPOINTER_TO_UINT (known);
  for (guint i = 1; i < parts->len; i++)
    if (((GPtrArray *) g_ptr_array_index (parts, i))->len <
        ((GPtrArray *) g_ptr_array_index (parts, least))->len)
      least = i;
  g_hash_table_insert (chosen, root, GUINT_TO_POINTER (least));
  return least;
}

GPtrArray *
pgm_schema_parts_cut (PgmCloneContext *ctx, PgmSelection *selection, guint n_parts)
{
  g_autoptr (GHashTable) above = unite (selection);
  g_autoptr (GHashTable) islands = find_islands (ctx, selection, above);
  g_autoptr (GHashTable) chosen = g_hash_table_new (NULL, NULL);
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  guint n = CLAMP (g_hash_table_size (islands) / TABLES_PER_PART, 1, MAX (n_parts, 1));

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (parts, g_ptr_array_new ());
  /* What is no island first, so that the islands make up for it. */
  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i < selection->pre_data->len; i++)
      {
        gpointer entry = g_ptr_array_index (selection->pre_data, i);
        gpointer root = find_root (above, entry);
        gboolean island = g_hash_table_contains (islands, root);

        if (island == (pass == 1))
          g_ptr_array_add (
              g_ptr_array_index (parts, island ? choose_part (chosen, parts, root) : 0), entry);
      }
  return parts;
}

/* ---- restoring --------------------------------------------------------------- */

static gboolean
part_restore (Part *self, GError **error)
{
  PgmSchemaParts *all = self->all;
  GCancellable *cancellable = all->cancellable;
  g_autofree char *role = g_strdup_printf ("schema-%u", self->number);
  g_autofree char *list = g_strdup_printf ("restore-%u.list", self->number);
  g_autofree char *script = pgm_schema_script (all->ctx, all->selection, self->entries, 0,
                                               self->entries->len, list, cancellable, error);

  if (script == NULL)
    return FALSE;
  self->destination =
      pgm_ends_connect (all->ctx->ends, PGM_END_DESTINATION, role, cancellable, error);
  return self->destination != NULL &&
         pgm_connection_exec (self->destination, "SET synchronous_commit = on; BEGIN", cancellable,
                              error) &&
         pgm_connection_exec (self->destination, script, cancellable, error) &&
         PGM_FAILPOINT ("schema.in_part", error);
}

static gpointer
part_thread (gpointer data)
{
  Part *self = data;

  if (!part_restore (self, &self->error))
    g_cancellable_cancel (self->all->cancellable);
  return NULL;
}

/* Closing a session is all that an unfinished part needs: the server rolls back. */
static void
part_free (gpointer data)
{
  Part *self = data;

  if (self->thread != NULL)
    g_thread_join (self->thread);
  g_clear_pointer (&self->destination, pgm_connection_free);
  g_clear_error (&self->error);
  g_free (self);
}

static void
pass_cancel (GCancellable *cancellable, gpointer inner)
{
  g_cancellable_cancel (inner);
}

PgmSchemaParts *
pgm_schema_parts_start (PgmCloneContext *ctx,
                        PgmSelection *selection,
                        GPtrArray *parts,
                        GCancellable *cancellable)
{
  PgmSchemaParts *self = g_new0 (PgmSchemaParts, 1);

  self->ctx = ctx;
  self->selection = selection;
  self->shares = g_ptr_array_ref (parts);
  self->parts = g_ptr_array_new_with_free_func (part_free);
  self->cancellable = g_cancellable_new ();
  if (cancellable != NULL)
    {
      self->outer = g_object_ref (cancellable);
      self->handler =
          g_cancellable_connect (cancellable, G_CALLBACK (pass_cancel), self->cancellable, NULL);
    }
  for (guint i = 1; i < parts->len; i++)
    {
      Part *part = g_new0 (Part, 1);

      part->all = self;
      part->number = i + 1;
      part->entries = g_ptr_array_index (parts, i);
      g_ptr_array_add (self->parts, part);
      part->thread = g_thread_new ("schema", part_thread, part);
    }
  return self;
}

gboolean
pgm_schema_parts_await (PgmSchemaParts *self, GError **error)
{
  GError *first = NULL;

  for (guint i = 0; i < self->parts->len; i++)
    {
      Part *part = g_ptr_array_index (self->parts, i);

      g_thread_join (part->thread);
      part->thread = NULL;
      /* A cancellation may only be the consequence of another's failure. */
      if (part->error != NULL && (first == NULL || pgm_error_is_cancelled (first)))
        {
          g_clear_error (&first);
          first = g_steal_pointer (&part->error);
        }
    }
  if (first == NULL)
    return TRUE;
  g_propagate_error (error, first);
  return FALSE;
}

gboolean
pgm_schema_parts_commit (PgmSchemaParts *self, GError **error)
{
  for (guint i = 0; i < self->parts->len; i++)
    {
      Part *part = g_ptr_array_index (self->parts, i);

      if (!pgm_connection_exec (part->destination, "COMMIT", self->cancellable, error) ||
          !PGM_FAILPOINT ("schema.after_part", error))
        return FALSE;
    }
  return TRUE;
}

void
pgm_schema_parts_free (PgmSchemaParts *self)
{
  if (self == NULL)
    return;
  g_cancellable_disconnect (self->outer, self->handler);
  g_cancellable_cancel (self->cancellable);
  g_ptr_array_unref (self->parts);
  g_ptr_array_unref (self->shares);
  g_clear_pointer (&self->selection, pgm_selection_free);
  g_clear_object (&self->outer);
  g_object_unref (self->cancellable);
  g_free (self);
}

/* ---- --resume ---------------------------------------------------------------- */

/* Takes out of @islands those whose table is there. */
static gboolean
forget_present (GHashTable *islands,
                PgmConnection *destination,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (GString) sql = g_string_new ("SELECT v.i FROM (VALUES (NULL::int, NULL::text)");
  guint n = 0;
  g_autofree gpointer *roots = g_hash_table_get_keys_as_array (islands, &n);
  g_autoptr (PgmResult) present = NULL;

  for (guint i = 0; i < n; i++)
    {
      const PgmTable *table = g_hash_table_lookup (islands, roots[i]);
      g_autofree char *name = pgm_quote_qualified (table->schema, table->name);

      g_string_append_printf (sql, ", (%u, ", i);
      pgm_quote_append_literal (sql, name);
      g_string_append_c (sql, ')');
    }
  g_string_append (sql, ") v(i, t) WHERE pg_catalog.to_regclass(v.t) IS NOT NULL");
  present = pgm_connection_query (destination, sql->str, 0, NULL, cancellable, error);
  if (present == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (present); row++)
    g_hash_table_remove (islands, roots[pgm_result_get_int64 (present, row, 0)]);
  return TRUE;
}

gboolean
pgm_schema_restore_missing (PgmCloneContext *ctx,
                            PgmConnection *destination,
                            GCancellable *cancellable,
                            GError **error)
{
  g_autoptr (PgmSelection) selection = pgm_selection_read (ctx, destination, cancellable, error);
  g_autoptr (GHashTable) above = NULL;
  g_autoptr (GHashTable) islands = NULL;
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();
  g_autofree char *script = NULL;

  if (selection == NULL)
    return FALSE;
  above = unite (selection);
  islands = find_islands (ctx, selection, above);
  if (!forget_present (islands, destination, cancellable, error))
    return FALSE;
  for (guint i = 0; i < selection->pre_data->len; i++)
    {
      gpointer entry = g_ptr_array_index (selection->pre_data, i);

      if (g_hash_table_contains (islands, find_root (above, entry)))
        g_ptr_array_add (missing, entry);
    }
  script = pgm_schema_script (ctx, selection, missing, 0, missing->len, "restore.list", cancellable,
                              error);
  return script != NULL && pgm_connection_exec (destination, "BEGIN", cancellable, error) &&
         (missing->len == 0 || pgm_connection_exec (destination, script, cancellable, error)) &&
         pgm_schema_reset_settings (destination, cancellable, error) &&
         pgm_ledger_mark (destination, PGM_LEDGER_PHASE_SCHEMA, cancellable, error) &&
         pgm_connection_exec (destination, "COMMIT", cancellable, error);
}
