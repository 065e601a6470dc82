#include "config.h"

#include "migration/compare-units.h"

#include <string.h>

/* A catalog, and which tree a partition belongs to. */
typedef struct
{
  PgmCatalog *catalog;
  GHashTable *by_name;  /* "schema\nname" -> PgmTable */
  GHashTable *parents;  /* oid of a partition -> oid of what it is attached to */
  GHashTable *leaves;   /* oid of a root -> GPtrArray of PgmTable */
  GHashTable *absorbed; /* PgmTable that is compared within its tree */
  GHashTable *unfilled; /* oid of a materialized view that was not populated */
  GHashTable *hashed;   /* oid of a root with hashing in its tree */
} Side;

/* Who is attached to whom, materialized views without contents, and tables that
 * are partitioned by hash. */
static const char *const partitions_sql =
    "SELECT 'p', i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits i"
    " JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE c.relispartition"
    " AND c.relkind NOT IN ('i', 'I')"
    " UNION ALL SELECT 'u', c.oid, NULL FROM pg_catalog.pg_class c"
    " WHERE c.relkind = 'm' AND NOT c.relispopulated"
    " UNION ALL SELECT 'h', t.partrelid, NULL FROM pg_catalog.pg_partitioned_table t"
    " WHERE t.partstrat = 'h'";

static char *
name_key (const PgmTable *table)
{
  return g_strdup_printf ("%s\n%s", table->schema, table->name);
}

static guint32
find_root (Side *side, guint32 oid)
{
  for (;;)
    {
      gpointer parent = g_hash_table_lookup (side->parents, GUINT_TO_POINTER (oid));

      if (parent == NULL)
        return oid;
      oid = GPOINTER_TO_UINT (parent);
    }
}

static void
add_leaf (Side *side, PgmTable *table)
{
  guint32 root = find_root (side, table->oid);
  GPtrArray *leaves = g_hash_table_lookup (side->leaves, GUINT_TO_POINTER (root));

  if (leaves == NULL)
    {
      leaves = g_ptr_array_new ();
      g_hash_table_insert (side->leaves, GUINT_TO_POINTER (root), leaves);
    }
  g_ptr_array_add (leaves, table);
}

static void
take_partitions (Side *side, PgmResult *partitions)
{
  for (guint row = 0; row < pgm_result_get_rows (partitions); row++)
    {
      gpointer oid = GUINT_TO_POINTER (pgm_result_get_oid (partitions, row, 1));
      char what = *pgm_result_get_or (partitions, row, 0, "");

      if (what == 'p')
        g_hash_table_insert (side->parents, oid,
                             GUINT_TO_POINTER (pgm_result_get_oid (partitions, row, 2)));
      else if (what == 'u')
        g_hash_table_add (side->unfilled, oid);
    }
  for (guint row = 0; row < pgm_result_get_rows (partitions); row++)
    if (*pgm_result_get_or (partitions, row, 0, "") == 'h')
      g_hash_table_add (side->hashed, GUINT_TO_POINTER (find_root (
                                          side, pgm_result_get_oid (partitions, row, 1))));
}

static void
side_init (Side *side, PgmCatalog *catalog, PgmResult *partitions)
{
  side->catalog = catalog;
  side->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  side->parents = g_hash_table_new (NULL, NULL);
  side->leaves = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  side->absorbed = g_hash_table_new (NULL, NULL);
  side->unfilled = g_hash_table_new (NULL, NULL);
  side->hashed = g_hash_table_new (NULL, NULL);
  take_partitions (side, partitions);
  for (guint i = 0; i < catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (catalog->tables, i);

      g_hash_table_insert (side->by_name, name_key (table), table);
      if (table->is_partition && table->kind != 'p')
        add_leaf (side, table);
    }
}

static void
side_clear (Side *side)
{
  g_clear_pointer (&side->by_name, g_hash_table_unref);
  g_clear_pointer (&side->parents, g_hash_table_unref);
  g_clear_pointer (&side->leaves, g_hash_table_unref);
  g_clear_pointer (&side->absorbed, g_hash_table_unref);
  g_clear_pointer (&side->unfilled, g_hash_table_unref);
  g_clear_pointer (&side->hashed, g_hash_table_unref);
}

static PgmTable *
find_same (Side *side, const PgmTable *table)
{
  g_autofree char *key = name_key (table);

  return g_hash_table_lookup (side->by_name, key);
}

static GPtrArray *
leaves_of (Side *side, const PgmTable *root)
{
  return g_hash_table_lookup (side->leaves, GUINT_TO_POINTER (root->oid));
}

static gboolean
is_root (const PgmTable *table)
{
  return table->kind == 'p' && !table->is_partition;
}

/* Do both trees have leaves of the same names? Where a hash chooses the leaf, a
 * row need not be in the same one on the other side: hashes of enums, of text in
 * another encoding, and on other hardware differ. */
static gboolean
same_leaves (Side *a, const PgmTable *a_root, Side *b, const PgmTable *b_root)
{
  GPtrArray *of_a = leaves_of (a, a_root);
  GPtrArray *of_b = leaves_of (b, b_root);
  guint n_a = of_a != NULL ? of_a->len : 0;
  guint n_b = of_b != NULL ? of_b->len : 0;

  if (n_a != n_b || g_hash_table_contains (a->hashed, GUINT_TO_POINTER (a_root->oid)) ||
      g_hash_table_contains (b->hashed, GUINT_TO_POINTER (b_root->oid)))
    return FALSE;
  for (guint i = 0; i < n_a; i++)
    {
      PgmTable *same = find_same (b, g_ptr_array_index (of_a, i));

      if (same == NULL || !g_ptr_array_find (of_b, same, NULL))
        return FALSE;
    }
  return TRUE;
}

static void
absorb (Side *side, const PgmTable *root)
{
  GPtrArray *leaves = leaves_of (side, root);

  for (guint i = 0; leaves != NULL && i < leaves->len; i++)
    g_hash_table_add (side->absorbed, g_ptr_array_index (leaves, i));
}

static gboolean
is_read (const PgmTable *table)
{
  return table != NULL && (table->kind == 'r' || table->kind == 'm' || is_root (table));
}

static void
add_unit (GPtrArray *units, const PgmTable *source, const PgmTable *destination)
{
  PgmCompareUnit *unit = g_new0 (PgmCompareUnit, 1);

  unit->source = source;
  unit->destination = destination;
  unit->weight = 1;
  if (source != NULL)
    unit->weight = MAX (unit->weight, (guint64) MAX (source->bytes, 0));
  if (destination != NULL)
    unit->weight = MAX (unit->weight, (guint64) MAX (destination->bytes, 0));
  g_ptr_array_add (units, unit);
}

/* The trees come first: they say which leaves are not compared by themselves. */
static void
add_trees (GPtrArray *units, Side *a, Side *b, gboolean a_is_source, PgmFilter *filter)
{
  for (guint i = 0; i < a->catalog->tables->len; i++)
    {
      PgmTable *root = g_ptr_array_index (a->catalog->tables, i);
      PgmTable *same = find_same (b, root);

      if (!is_root (root) || !pgm_filter_takes (filter, root->schema, root->name))
        continue;
      if (is_read (same) && is_root (same) && (!a_is_source || same_leaves (a, root, b, same)))
        continue; /* by leaves, or seen already from the source's side */
      absorb (a, root);
      if (is_read (same) && is_root (same))
        absorb (b, same);
      add_unit (units,
                a_is_source      ? root
                : is_read (same) ? same
                                 : NULL,
                a_is_source ? (is_read (same) ? same : NULL) : root);
      if (is_read (same) && !is_root (same))
        g_hash_table_add (b->absorbed, same);
    }
}

static gboolean
is_plain (Side *side, const PgmTable *table, PgmFilter *filter)
{
  return (table->kind == 'r' || table->kind == 'm') &&
         !g_hash_table_contains (side->absorbed, table) &&
         pgm_filter_takes (filter, table->schema, table->name);
}

static gboolean
holds_nothing (Side *side, const PgmTable *table)
{
  return table == NULL || g_hash_table_contains (side->unfilled, GUINT_TO_POINTER (table->oid));
}

static void
add_tables (GPtrArray *units, Side *source, Side *destination, PgmFilter *filter)
{
  for (guint i = 0; i < source->catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (source->catalog->tables, i);
      PgmTable *same = find_same (destination, table);

      if (!is_plain (source, table, filter))
        continue;
      if (same != NULL && !is_plain (destination, same, filter))
        same = NULL;
      if (!holds_nothing (source, table) || !holds_nothing (destination, same))
        add_unit (units, table, same);
    }
  for (guint i = 0; i < destination->catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (destination->catalog->tables, i);
      PgmTable *same = find_same (source, table);

      if (is_plain (destination, table, filter) &&
          (same == NULL || !is_plain (source, same, filter)) && !holds_nothing (destination, table))
        add_unit (units, NULL, table);
    }
}

static int
compare_weights (gconstpointer a, gconstpointer b)
{
  const PgmCompareUnit *first = *(PgmCompareUnit *const *) a;
  const PgmCompareUnit *second = *(PgmCompareUnit *const *) b;

  return (second->weight > first->weight) - (second->weight < first->weight);
}

GPtrArray *
pgm_compare_units_new (PgmComparePair *pair,
                       PgmCatalog *source,
                       PgmCatalog *destination,
                       PgmFilter *filter,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (PgmResult) source_partitions = NULL;
  g_autoptr (PgmResult) destination_partitions = NULL;
  GPtrArray *units = NULL;
  Side a = { NULL };
  Side b = { NULL };

  if (!pgm_compare_pair_query (pair, partitions_sql, partitions_sql, &source_partitions,
                               &destination_partitions, cancellable, error))
    return NULL;
  side_init (&a, source, source_partitions);
  side_init (&b, destination, destination_partitions);
  units = g_ptr_array_new_with_free_func (g_free);
  add_trees (units, &a, &b, TRUE, filter);
  add_trees (units, &b, &a, FALSE, filter);
  add_tables (units, &a, &b, filter);
  g_ptr_array_sort (units, compare_weights);
  side_clear (&a);
  side_clear (&b);
  return units;
}
