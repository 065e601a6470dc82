#include "migration/plan.h"

#include <string.h>

#include "migration/routing.h"
#include "postgres/quote.h"

#define MIB ((guint64) 1024 * 1024)

/* A part below this isn't worth its statement; one above leaves a worker idle
 * at the end for long. */
#define PART_BYTES_MIN (32 * MIB)
#define PART_BYTES_MAX (1024 * MIB)
#define PARTS_MAX      10000

/* A stream of rows keeps two processors busy: the destination's session, and the
 * source's with ours. */
#define PROCESSORS_PER_STREAM 2

/* Tables up to here share a transaction. */
#define SMALL_BYTES        (256 * 1024)
#define BATCH_BYTES_MAX    (4 * MIB)
#define BATCH_TABLES_MAX   64u
#define BATCHES_PER_WORKER 8u

static void
entry_free (gpointer data)
{
  PgmPlanEntry *self = data;

  g_free (self->columns);
  g_free (self->selected);
  g_free (self->condition);
  g_clear_pointer (&self->leaves, g_ptr_array_unref);
  g_free (self);
}

static void
part_free (gpointer data)
{
  PgmPart *self = data;

  g_free (self->condition);
  g_free (self);
}

static void
batch_free (gpointer data)
{
  PgmBatch *self = data;

  g_ptr_array_unref (self->parts);
  g_free (self);
}

void
pgm_plan_limits (const PgmPlanOptions *options,
                 guint64 total,
                 guint64 *split_from,
                 guint64 *part_bytes)
{
  guint64 even = total / ((guint64) MAX (options->workers, 1) * 4);

  if (options->split_bytes != 0) /* asked for: to the letter */
    {
      *split_from = options->split_bytes;
      *part_bytes = options->split_bytes;
      return;
    }
  *part_bytes = CLAMP (even, PART_BYTES_MIN, PART_BYTES_MAX);
  /* Alone, a worker has nothing to share, and whole tables may be frozen. */
  *split_from = options->workers < 2 ? G_MAXUINT64 : *part_bytes * 2;
}

guint
pgm_plan_count_parts (guint64 bytes, guint64 part_bytes, guint workers)
{
  guint64 n = MAX (bytes / part_bytes + (bytes % part_bytes != 0), 2);
  guint64 even = MAX (workers, 1);

  return (guint) MIN ((n + even - 1) / even * even, PARTS_MAX);
}

GStrv
pgm_plan_cut_pages (gint64 pages, guint n_parts)
{
  g_autoptr (GPtrArray) conditions = g_ptr_array_new ();

  for (guint i = 0; i < n_parts; i++)
    {
      gint64 from = pages / n_parts * i + MIN ((gint64) i, pages % n_parts);
      gint64 to = pages / n_parts * (i + 1) + MIN ((gint64) i + 1, pages % n_parts);

      if (i + 1 < n_parts)
        g_ptr_array_add (conditions, g_strdup_printf ("(ctid >= '(%" G_GINT64_FORMAT
                                                      ",0)' AND ctid < '(%" G_GINT64_FORMAT ",0)')",
                                                      from, to));
      else
        g_ptr_array_add (conditions,
                         g_strdup_printf ("(ctid >= '(%" G_GINT64_FORMAT ",0)')", from));
    }
  g_ptr_array_add (conditions, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&conditions), FALSE);
}

GStrv
pgm_plan_cut_keys (const char *column, gint64 min, gint64 max, guint n_parts)
{
  g_autoptr (GPtrArray) conditions = g_ptr_array_new ();
  /* Unsigned, since the span of int8 is wider than int8. */
  guint64 span = (guint64) max - (guint64) min;

  for (guint i = 0; i < n_parts; i++)
    {
      gint64 from = (gint64) ((guint64) min + span / n_parts * i + MIN (i, span % n_parts));
      gint64 to = (gint64) ((guint64) min + span / n_parts * (i + 1) + MIN (i + 1, span % n_parts));

      /* Numbers are quoted, since a bare -9223372036854775808 is minus
       * something out of range. */
      if (i == 0)
        g_ptr_array_add (conditions, g_strdup_printf ("(%s < '%" G_GINT64_FORMAT "')", column, to));
      else if (i + 1 < n_parts)
        g_ptr_array_add (conditions, g_strdup_printf ("(%s >= '%" G_GINT64_FORMAT
                                                      "' AND %s < '%" G_GINT64_FORMAT "')",
                                                      column, from, column, to));
      else
        g_ptr_array_add (conditions,
                         g_strdup_printf ("(%s >= '%" G_GINT64_FORMAT "')", column, from));
    }
  g_ptr_array_add (conditions, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&conditions), FALSE);
}

/* Reads the key's ends. FALSE in @found when there is no row. */
static gboolean
read_key_range (PgmConnection *source,
                const PgmTable *table,
                const char *column,
                gboolean *found,
                gint64 *min,
                gint64 *max,
                GCancellable *cancellable,
                GError **error)
{
  g_autofree char *name = pgm_quote_qualified (table->schema, table->name);
  g_autofree char *sql =
      g_strdup_printf ("SELECT min(%s)::text, max(%s)::text FROM ONLY %s", column, column, name);
  g_autoptr (PgmResult) range = pgm_connection_query (source, sql, 0, NULL, cancellable, error);

  if (range == NULL)
    return FALSE;
  *found = pgm_result_get (range, 0, 0) != NULL;
  *min = pgm_result_get_int64 (range, 0, 0);
  *max = pgm_result_get_int64 (range, 0, 1);
  return TRUE;
}

/* The conditions that cut a table, or NULL in @conditions when it stays whole. */
static gboolean
cut_table (const PgmTable *table,
           PgmConnection *source,
           guint n_parts,
           GStrv *conditions,
           GCancellable *cancellable,
           GError **error)
{
  g_autofree char *column = NULL;
  gboolean found = FALSE;
  gint64 min = 0;
  gint64 max = 0;

  *conditions = NULL;
  if (pgm_connection_get_major (source) >= 14 && table->heap)
    {
      /* Few pages can stand for much: values moved out to TOAST. */
      n_parts = (guint) MIN ((gint64) n_parts, table->pages);
      if (n_parts >= 2)
        *conditions = pgm_plan_cut_pages (table->pages, n_parts);
      return TRUE;
    }
  if (!table->key_is_integer)
    return TRUE;
  column = pgm_quote_identifier (g_ptr_array_index (table->key_columns, 0));
  if (!read_key_range (source, table, column, &found, &min, &max, cancellable, error))
    return FALSE;
  if (found && (guint64) max - (guint64) min >= n_parts)
    *conditions = pgm_plan_cut_keys (column, min, max, n_parts);
  return TRUE;
}

static void
add_part (PgmPlan *self,
          PgmPlanEntry *entry,
          PgmTable *table,
          guint number,
          const char *condition,
          guint64 bytes)
{
  PgmPart *part = g_new0 (PgmPart, 1);

  part->entry = entry;
  part->table = table;
  part->number = number;
  part->condition = g_strdup (condition);
  part->bytes = bytes;
  g_ptr_array_add (self->parts, part);
}

/* Each leaf is a part: it is read by itself, and written to the root. */
static void
add_leaves (PgmPlan *self, PgmPlanEntry *entry)
{
  entry->n_parts = entry->leaves->len;
  for (guint i = 0; i < entry->leaves->len; i++)
    {
      PgmTable *leaf = g_ptr_array_index (entry->leaves, i);

      add_part (self, entry, leaf, i + 1, NULL, (guint64) MAX (leaf->bytes, 0));
    }
}

static gboolean
add_ranges (PgmPlan *self,
            PgmPlanEntry *entry,
            PgmConnection *source,
            guint workers,
            guint64 split_from,
            guint64 part_bytes,
            GCancellable *cancellable,
            GError **error)
{
  guint64 bytes = (guint64) entry->bytes;
  g_auto (GStrv) conditions = NULL;

  if (!entry->whole && bytes > split_from && *entry->columns != '\0' &&
      entry->table->extension == NULL)
    {
      if (!cut_table (entry->table, source, pgm_plan_count_parts (bytes, part_bytes, workers),
                      &conditions, cancellable, error))
        return FALSE;
    }
  entry->n_parts = conditions != NULL ? g_strv_length (conditions) : 1;
  for (guint i = 0; i < entry->n_parts; i++)
    add_part (self, entry, entry->table, i + 1, conditions != NULL ? conditions[i] : NULL,
              bytes / entry->n_parts);
  return TRUE;
}

static gboolean
add_parts (PgmPlan *self,
           PgmPlanEntry *entry,
           PgmConnection *source,
           guint workers,
           guint64 split_from,
           guint64 part_bytes,
           GCancellable *cancellable,
           GError **error)
{
  if (entry->leaves != NULL)
    add_leaves (self, entry);
  else if (!add_ranges (self, entry, source, workers, split_from, part_bytes, cancellable, error))
    return FALSE;
  entry->parts_left = (gint) entry->n_parts;
  return TRUE;
}

/* An extension's tables are made and filled by CREATE EXTENSION; what users
 * added to those marked as configuration is copied, by the condition that the
 * extension states (F17). */
static char *
make_extension_condition (const PgmTable *table)
{
  const char *condition = table->extension_filter;

  if (condition == NULL)
    return NULL;
  while (g_ascii_isspace (*condition))
    condition++;
  if (g_ascii_strncasecmp (condition, "where", 5) == 0)
    condition += 5;
  return g_strdup_printf ("(%s)", condition);
}

#define OID_XML 142

static PgmPlanEntry *
entry_new (PgmTable *table, const PgmPlanOptions *options)
{
  PgmPlanEntry *self = g_new0 (PgmPlanEntry, 1);
  g_autoptr (GString) columns = g_string_new (NULL);
  g_autoptr (GString) selected = g_string_new (NULL);
  gboolean has_xml = FALSE;

  self->table = table;
  self->bytes = MAX (table->bytes, 0);
  self->binary = !options->text_only;
  for (guint i = 0; i < table->columns->len; i++)
    {
      const PgmColumn *column = g_ptr_array_index (table->columns, i);

      if (column->generated)
        continue;
      g_string_append (columns, columns->len > 0 ? ", " : "");
      pgm_quote_append_identifier (columns, column->name);
      g_string_append (selected, selected->len > 0 ? ", " : "");
      pgm_quote_append_identifier (selected, column->name);
      /* xml's own output leaves out an XML declaration that says little; the
       * cast, which isn't a conversion, keeps every byte (F6). */
      g_string_append (selected, column->type_oid == OID_XML ? "::pg_catalog.text" : "");
      has_xml |= column->type_oid == OID_XML;
      self->binary &= column->binary_safe;
    }
  self->binary &= columns->len > 0;
  self->condition = make_extension_condition (table);
  self->columns = g_string_free (g_steal_pointer (&columns), FALSE);
  if (has_xml)
    self->selected = g_string_free (g_steal_pointer (&selected), FALSE);
  return self;
}

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const PgmPlanEntry *left = *(PgmPlanEntry *const *) a;
  const PgmPlanEntry *right = *(PgmPlanEntry *const *) b;

  return (left->bytes < right->bytes) - (left->bytes > right->bytes);
}

static int
compare_batches (gconstpointer a, gconstpointer b)
{
  const PgmBatch *left = *(PgmBatch *const *) a;
  const PgmBatch *right = *(PgmBatch *const *) b;

  return (left->bytes < right->bytes) - (left->bytes > right->bytes);
}

/* Rows live in plain tables and in leaves of partition trees; those of foreign
 * tables are elsewhere, temporary ones are nobody else's business (F26, F28). */
static gboolean
has_own_rows (const PgmTable *table, const PgmPlanOptions *options)
{
  return table->kind == 'r' && table->persistence != 't' &&
         !(table->persistence == 'u' && options->in_recovery);
}

/* The entry that stands for the tree below @root, made when first asked for. */
static PgmPlanEntry *
tree_entry (PgmPlan *self, GHashTable *trees, PgmTable *root, const PgmPlanOptions *options)
{
  PgmPlanEntry *entry = g_hash_table_lookup (trees, root);

  if (entry != NULL)
    return entry;
  entry = entry_new (root, options);
  entry->leaves = g_ptr_array_new ();
  g_hash_table_insert (trees, root, entry);
  g_ptr_array_add (self->entries, entry);
  return entry;
}

/* A tree can only be read by its root when all of it takes part. */
static void
forget_partial_trees (GHashTable *roots, PgmCatalog *catalog)
{
  g_autoptr (GHashTable) partial = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer oid = NULL;
  gpointer root = NULL;

  g_hash_table_iter_init (&iter, roots);
  while (g_hash_table_iter_next (&iter, &oid, &root))
    if (!g_hash_table_contains (catalog->tables_by_oid, oid) ||
        !g_hash_table_contains (catalog->tables_by_oid, root))
      g_hash_table_add (partial, root);
  g_hash_table_iter_init (&iter, roots);
  while (g_hash_table_iter_next (&iter, &oid, &root))
    if (g_hash_table_contains (partial, root))
      g_hash_table_iter_remove (&iter);
}

static void
add_entries (PgmPlan *self, PgmCatalog *catalog, GHashTable *roots, const PgmPlanOptions *options)
{
  g_autoptr (GHashTable) trees = g_hash_table_new (NULL, NULL);

  forget_partial_trees (roots, catalog);
  for (guint i = 0; i < catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (catalog->tables, i);
      gpointer root = g_hash_table_lookup (roots, GUINT_TO_POINTER (table->oid));

      if (!has_own_rows (table, options))
        continue;
      if (root != NULL)
        {
          PgmPlanEntry *entry =
              tree_entry (self, trees, g_hash_table_lookup (catalog->tables_by_oid, root), options);

          g_ptr_array_add (entry->leaves, table);
          entry->bytes += MAX (table->bytes, 0);
        }
      else
        g_ptr_array_add (self->entries, entry_new (table, options));
      self->bytes += (guint64) MAX (table->bytes, 0);
    }
  g_ptr_array_sort (self->entries, compare_entries);
}

gboolean
pgm_plan_keeps_whole (const PgmPlanOptions *options, gboolean has_index)
{
  return has_index && options->split_bytes == 0 && options->processors != 0 &&
         options->processors / PROCESSORS_PER_STREAM <= 1;
}

static void
keep_whole (PgmPlan *self, PgmCatalog *catalog, const PgmPlanOptions *options)
{
  g_autoptr (GHashTable) indexed = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < catalog->indexes->len; i++)
    g_hash_table_add (
        indexed,
        GUINT_TO_POINTER (((PgmIndex *) g_ptr_array_index (catalog->indexes, i))->table_oid));
  for (guint i = 0; i < self->entries->len; i++)
    {
      PgmPlanEntry *entry = g_ptr_array_index (self->entries, i);

      entry->whole = pgm_plan_keeps_whole (
          options, g_hash_table_contains (indexed, GUINT_TO_POINTER (entry->table->oid)));
    }
}

PgmPlan *
pgm_plan_new (PgmCatalog *catalog,
              PgmConnection *source,
              const PgmPlanOptions *options,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (PgmPlan) self = g_new0 (PgmPlan, 1);
  g_autoptr (GHashTable) roots = pgm_routing_read (source, cancellable, error);
  guint64 split_from = 0;
  guint64 part_bytes = 0;

  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->parts = g_ptr_array_new_with_free_func (part_free);
  self->batches = g_ptr_array_new_with_free_func (batch_free);
  if (roots == NULL)
    return NULL;
  add_entries (self, catalog, roots, options);
  keep_whole (self, catalog, options);
  pgm_plan_limits (options, self->bytes, &split_from, &part_bytes);
  for (guint i = 0; i < self->entries->len; i++)
    if (!add_parts (self, g_ptr_array_index (self->entries, i), source, options->workers,
                    split_from, part_bytes, cancellable, error))
      return NULL;
  pgm_plan_queue (self, options->workers, NULL, NULL);
  return g_steal_pointer (&self);
}

void
pgm_plan_free (PgmPlan *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->batches);
  g_ptr_array_unref (self->parts);
  g_ptr_array_unref (self->entries);
  g_free (self);
}

static gboolean
is_small (const PgmPart *part)
{
  return (part->entry->n_parts == 1 || part->entry->leaves != NULL) && part->bytes <= SMALL_BYTES;
}

static PgmBatch *
add_batch (PgmPlan *self)
{
  PgmBatch *batch = g_new0 (PgmBatch, 1);

  batch->parts = g_ptr_array_new ();
  g_ptr_array_add (self->batches, batch);
  return batch;
}

void
pgm_plan_queue (PgmPlan *self, guint workers, PgmPlanTakes takes, gpointer user_data)
{
  PgmBatch *open = NULL; /* small tables are still added to it */
  guint n_small = 0;
  guint per_batch = 0;

  for (guint i = 0; i < self->parts->len; i++)
    n_small += is_small (g_ptr_array_index (self->parts, i));
  per_batch = CLAMP (n_small / (MAX (workers, 1) * BATCHES_PER_WORKER), 1, BATCH_TABLES_MAX);
  g_ptr_array_set_size (self->batches, 0);
  for (guint i = 0; i < self->parts->len; i++)
    {
      PgmPart *part = g_ptr_array_index (self->parts, i);
      gboolean small = is_small (part);
      PgmBatch *batch = open;

      if (takes != NULL && !takes (part->entry, user_data))
        continue;
      if (!small || open == NULL || open->parts->len >= per_batch || open->bytes > BATCH_BYTES_MAX)
        batch = add_batch (self);
      if (small)
        open = batch;
      g_ptr_array_add (batch->parts, part);
      batch->bytes += part->bytes;
    }
  g_ptr_array_sort (self->batches, compare_batches);
}

void
pgm_plan_report (const PgmPlan *self, const PgmCatalog *catalog, PgmReport *report)
{
  g_autoptr (GHashTable) indexes = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < catalog->indexes->len; i++)
    {
      const PgmIndex *index = g_ptr_array_index (catalog->indexes, i);
      gpointer table = GUINT_TO_POINTER (index->table_oid);

      g_hash_table_insert (
          indexes, table,
          GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (indexes, table)) + 1));
    }
  for (guint i = 0; i < self->entries->len; i++)
    {
      const PgmPlanEntry *entry = g_ptr_array_index (self->entries, i);
      PgmPlanTable *row = pgm_record_new (&pgm_plan_table_type);

      row->schema = g_strdup (entry->table->schema);
      row->name = g_strdup (entry->table->name);
      row->rows_estimate = entry->table->rows_estimate;
      row->size_bytes = (guint64) entry->bytes;
      row->parts = entry->n_parts;
      row->method = g_strdup (entry->binary ? "binary" : "text");
      row->indexes =
          GPOINTER_TO_UINT (g_hash_table_lookup (indexes, GUINT_TO_POINTER (entry->table->oid)));
      g_ptr_array_add (report->plan, row);
    }
}
