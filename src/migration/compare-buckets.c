#include "config.h"

#include "migration/compare-buckets.h"

#include <string.h>

#include "migration/digest.h"
#include "postgres/quote.h"

/* Buckets of one pass over a key range, and the rows that one may hold before it
 * is halved further. */
#define RANGES    4096
#define LEAF_ROWS 2000

/* Rows looked at in one go (a side's share of memory), and altogether. */
#define BATCH_ROWS   20000
#define BATCH_RANGES 200
#define MOST_ROWS    1000000

/* Without an integer key every batch reads the whole table. */
#define HASH_BATCH_ROWS 50000
#define HASH_BATCHES    8

typedef struct
{
  gint64 first; /* of the key, or the bucket's number */
  gint64 last;
  gint64 rows;
} Leaf;

struct _PgmCompareBuckets
{
  const PgmCompareScope *scope;
  GPtrArray *key_columns; /* char *, borrowed; NULL: whole rows */
  char *key_label;
  gboolean is_integer;
  gint64 mask; /* of the hash; buckets - 1 */
  GArray *leaves;
  guint next;
  guint batches;
  gint64 rows;
  gboolean is_complete;
};

static const PgmTable *
scope_table (const PgmCompareScope *scope, PgmEnd end)
{
  return end == PGM_END_SOURCE ? scope->source : scope->destination;
}

static const PgmColumn *
find_column (const PgmTable *table, const char *name)
{
  for (guint i = 0; i < table->columns->len; i++)
    {
      const PgmColumn *column = g_ptr_array_index (table->columns, i);

      if (strcmp (column->name, name) == 0)
        return column;
    }
  return NULL;
}

static gboolean
has_all (GPtrArray *names, GPtrArray *wanted)
{
  for (guint i = 0; i < wanted->len; i++)
    if (!g_ptr_array_find_with_equal_func (names, g_ptr_array_index (wanted, i), g_str_equal, NULL))
      return FALSE;
  return wanted->len > 0;
}

static gboolean
is_integer_key (const PgmTable *table, const char *name)
{
  const PgmColumn *column = find_column (table, name);

  return column != NULL && column->not_null &&
         (column->type_oid == 20 || column->type_oid == 21 || column->type_oid == 23);
}

static void
choose_key (PgmCompareBuckets *self)
{
  const PgmCompareScope *scope = self->scope;
  GString *label = NULL;

  if (has_all (scope->columns, scope->source->key_columns))
    self->key_columns = scope->source->key_columns;
  else if (has_all (scope->columns, scope->destination->key_columns))
    self->key_columns = scope->destination->key_columns;
  else
    return;

  label = g_string_new ("(");
  for (guint i = 0; i < self->key_columns->len; i++)
    g_string_append_printf (label, "%s%s", i > 0 ? ", " : "",
                            (char *) g_ptr_array_index (self->key_columns, i));
  g_string_append_c (label, ')');
  self->key_label = g_string_free (label, FALSE);
  self->is_integer = self->key_columns->len == 1 &&
                     is_integer_key (scope->source, g_ptr_array_index (self->key_columns, 0)) &&
                     is_integer_key (scope->destination, g_ptr_array_index (self->key_columns, 0));
}

static char *
integer_key_sql (PgmCompareBuckets *self)
{
  g_autofree char *name = pgm_quote_identifier (g_ptr_array_index (self->key_columns, 0));

  return g_strdup_printf ("t.%s", name);
}

char *
pgm_compare_buckets_hash_sql (PgmCompareBuckets *self, PgmEnd end)
{
  g_autofree char *row = pgm_digest_row_sql (scope_table (self->scope, end), self->scope->columns,
                                             self->scope->md5, self->scope->to_utf8);

  return pgm_digest_hash_sql (row, self->scope->md5, self->scope->to_utf8);
}

char *
pgm_compare_buckets_key_sql (PgmCompareBuckets *self, PgmEnd end)
{
  if (self->key_columns == NULL)
    return NULL;
  return pgm_digest_row_sql (scope_table (self->scope, end), self->key_columns, self->scope->md5,
                             self->scope->to_utf8);
}

char *
pgm_compare_buckets_order_sql (PgmCompareBuckets *self)
{
  g_autofree char *key = self->is_integer ? integer_key_sql (self) : NULL;

  return key != NULL ? g_strdup_printf ("%s::int8", key) : g_strdup ("NULL::int8");
}

/* The number of a row's bucket, from its hash. */
static char *
hash_bucket_sql (PgmCompareBuckets *self, PgmEnd end)
{
  g_autofree char *key = pgm_compare_buckets_key_sql (self, end);
  g_autofree char *hash = key != NULL
                              ? pgm_digest_hash_sql (key, self->scope->md5, self->scope->to_utf8)
                              : pgm_compare_buckets_hash_sql (self, end);

  return g_strdup_printf ("(%s & %" G_GINT64_FORMAT ")", hash, self->mask);
}

/* OFFSET 0 keeps the subquery by itself, so that the planner knows nothing of how
 * many buckets there may be and hashes them: asked for GROUP BY key >> n it thinks
 * of as many groups as there are keys, and sorts the whole table. */
static char *
bucket_sql (PgmCompareBuckets *self, PgmEnd end, const char *bucket, const char *range)
{
  g_autofree char *from = pgm_digest_from_sql (scope_table (self->scope, end));
  g_autofree char *hash = pgm_compare_buckets_hash_sql (self, end);

  return g_strdup_printf (
      "SELECT q.b, pg_catalog.count(*), pg_catalog.sum(q.h) FROM (SELECT %s AS b, %s AS h FROM %s "
      "WHERE (%s) AND (%s) OFFSET 0) q GROUP BY 1 ORDER BY 1",
      bucket, hash, from, self->scope->where != NULL ? self->scope->where : "true", range);
}

static gboolean
same_digest (PgmResult *a, guint i, PgmResult *b, guint j)
{
  return pgm_result_get_int64 (a, i, 1) == pgm_result_get_int64 (b, j, 1) &&
         g_strcmp0 (pgm_result_get (a, i, 2), pgm_result_get (b, j, 2)) == 0;
}

/* Buckets (Leaf with its number as first) that are not the same on both sides;
 * both results are in the order of the numbers. */
static GArray *
differing_buckets (PgmResult *a, PgmResult *b)
{
  GArray *differing = g_array_new (FALSE, FALSE, sizeof (Leaf));
  guint i = 0;
  guint j = 0;

  while (i < pgm_result_get_rows (a) || j < pgm_result_get_rows (b))
    {
      gboolean has_a = i < pgm_result_get_rows (a);
      gboolean has_b = j < pgm_result_get_rows (b);
      gint64 of_a = has_a ? pgm_result_get_int64 (a, i, 0) : G_MAXINT64;
      gint64 of_b = has_b ? pgm_result_get_int64 (b, j, 0) : G_MAXINT64;
      gboolean in_a = has_a && (!has_b || of_a <= of_b);
      gboolean in_b = has_b && (!has_a || of_b <= of_a);
      Leaf leaf = { in_a ? of_a : of_b, 0, 0 };

      if (!in_a || !in_b || !same_digest (a, i, b, j))
        {
          leaf.rows = MAX (in_a ? pgm_result_get_int64 (a, i, 1) : 0,
                           in_b ? pgm_result_get_int64 (b, j, 1) : 0);
          g_array_append_val (differing, leaf);
        }
      i += in_a ? 1 : 0;
      j += in_b ? 1 : 0;
    }
  return differing;
}

static GArray *
digest_buckets (PgmCompareBuckets *self,
                PgmComparePair *pair,
                const char *source_bucket,
                const char *destination_bucket,
                const char *range,
                GCancellable *cancellable,
                GError **error)
{
  g_autofree char *source_sql = bucket_sql (self, PGM_END_SOURCE, source_bucket, range);
  g_autofree char *destination_sql =
      bucket_sql (self, PGM_END_DESTINATION, destination_bucket, range);
  g_autoptr (PgmResult) source = NULL;
  g_autoptr (PgmResult) destination = NULL;

  if (!pgm_compare_pair_query (pair, source_sql, destination_sql, &source, &destination,
                               cancellable, error))
    return NULL;
  return differing_buckets (source, destination);
}

static char *
range_sql (PgmCompareBuckets *self, gint64 first, gint64 last)
{
  g_autofree char *key = integer_key_sql (self);

  return g_strdup_printf (
      "%s BETWEEN '%" G_GINT64_FORMAT "'::int8 AND '%" G_GINT64_FORMAT "'::int8", key, first, last);
}

/* The smallest shift that cuts the range into at most RANGES buckets. */
static guint
range_shift (gint64 first, gint64 last)
{
  guint shift = 0;

  while ((guint64) (last >> shift) - (guint64) (first >> shift) >= RANGES)
    shift++;
  return shift;
}

static void
add_leaf (PgmCompareBuckets *self, Leaf leaf)
{
  if (self->rows >= MOST_ROWS)
    {
      self->is_complete = FALSE;
      return;
    }
  self->rows += leaf.rows;
  g_array_append_val (self->leaves, leaf);
}

static gboolean
refine_range (PgmCompareBuckets *self,
              PgmComparePair *pair,
              gint64 first,
              gint64 last,
              GCancellable *cancellable,
              GError **error)
{
  guint shift = range_shift (first, last);
  g_autofree char *key = integer_key_sql (self);
  g_autofree char *bucket = g_strdup_printf ("%s::int8 >> %u", key, shift);
  g_autofree char *range = range_sql (self, first, last);
  g_autoptr (GArray) differing =
      digest_buckets (self, pair, bucket, bucket, range, cancellable, error);

  if (differing == NULL)
    return FALSE;
  for (guint i = 0; i < differing->len; i++)
    {
      Leaf leaf = g_array_index (differing, Leaf, i);
      guint64 start = (guint64) leaf.first << shift;

      leaf.first = MAX (first, (gint64) start);
      leaf.last = MIN (last, (gint64) (start + ((G_GUINT64_CONSTANT (1) << shift) - 1)));
      if (leaf.rows > LEAF_ROWS && shift > 0 && self->rows < MOST_ROWS)
        {
          if (!refine_range (self, pair, leaf.first, leaf.last, cancellable, error))
            return FALSE;
        }
      else
        add_leaf (self, leaf);
    }
  return TRUE;
}

static gboolean
find_ranges (PgmCompareBuckets *self,
             PgmComparePair *pair,
             GCancellable *cancellable,
             GError **error)
{
  g_autofree char *key = integer_key_sql (self);
  g_autofree char *source_from = pgm_digest_from_sql (self->scope->source);
  g_autofree char *destination_from = pgm_digest_from_sql (self->scope->destination);
  g_autofree char *source_sql =
      g_strdup_printf ("SELECT min(%s), max(%s) FROM %s", key, key, source_from);
  g_autofree char *destination_sql =
      g_strdup_printf ("SELECT min(%s), max(%s) FROM %s", key, key, destination_from);
  g_autoptr (PgmResult) source = NULL;
  g_autoptr (PgmResult) destination = NULL;
  PgmResult *any = NULL;
  gint64 first = 0;
  gint64 last = 0;

  if (!pgm_compare_pair_query (pair, source_sql, destination_sql, &source, &destination,
                               cancellable, error))
    return FALSE;
  any = pgm_result_get (source, 0, 0) != NULL ? source : destination;
  if (pgm_result_get (any, 0, 0) == NULL)
    return TRUE; /* both empty */
  first = pgm_result_get_int64 (any, 0, 0);
  last = pgm_result_get_int64 (any, 0, 1);
  if (any == source && pgm_result_get (destination, 0, 0) != NULL)
    {
      first = MIN (first, pgm_result_get_int64 (destination, 0, 0));
      last = MAX (last, pgm_result_get_int64 (destination, 0, 1));
    }
  return refine_range (self, pair, first, last, cancellable, error);
}

static gboolean
find_hash_buckets (PgmCompareBuckets *self,
                   PgmComparePair *pair,
                   gint64 rows,
                   GCancellable *cancellable,
                   GError **error)
{
  gint64 buckets = 16;
  g_autofree char *source_bucket = NULL;
  g_autofree char *destination_bucket = NULL;
  g_autoptr (GArray) differing = NULL;

  while (buckets < 65536 && buckets < rows / 500)
    buckets *= 2;
  self->mask = buckets - 1;
  source_bucket = hash_bucket_sql (self, PGM_END_SOURCE);
  destination_bucket = hash_bucket_sql (self, PGM_END_DESTINATION);
  differing =
      digest_buckets (self, pair, source_bucket, destination_bucket, "true", cancellable, error);
  if (differing == NULL)
    return FALSE;
  for (guint i = 0; i < differing->len; i++)
    add_leaf (self, g_array_index (differing, Leaf, i));
  return TRUE;
}

PgmCompareBuckets *
pgm_compare_buckets_find (PgmComparePair *pair,
                          const PgmCompareScope *scope,
                          gint64 rows,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (PgmCompareBuckets) self = g_new0 (PgmCompareBuckets, 1);
  gboolean ok = FALSE;

  self->scope = scope;
  self->leaves = g_array_new (FALSE, FALSE, sizeof (Leaf));
  self->is_complete = TRUE;
  choose_key (self);
  if (self->is_integer)
    ok = find_ranges (self, pair, cancellable, error);
  else
    ok = find_hash_buckets (self, pair, rows, cancellable, error);
  return ok ? g_steal_pointer (&self) : NULL;
}

void
pgm_compare_buckets_free (PgmCompareBuckets *self)
{
  if (self == NULL)
    return;
  g_free (self->key_label);
  g_clear_pointer (&self->leaves, g_array_unref);
  g_free (self);
}

const char *
pgm_compare_buckets_get_key (PgmCompareBuckets *self)
{
  return self->key_label;
}

gboolean
pgm_compare_buckets_is_complete (PgmCompareBuckets *self)
{
  return self->is_complete;
}

static void
append_ranges (PgmCompareBuckets *self, GString *sql)
{
  gint64 rows = 0;

  for (guint n = 0; self->next < self->leaves->len && n < BATCH_RANGES && rows < BATCH_ROWS; n++)
    {
      Leaf leaf = g_array_index (self->leaves, Leaf, self->next++);
      g_autofree char *range = NULL;

      rows += leaf.rows;
      while (self->next < self->leaves->len && rows < BATCH_ROWS && leaf.last < G_MAXINT64 &&
             leaf.last + 1 == g_array_index (self->leaves, Leaf, self->next).first)
        {
          const Leaf *after = &g_array_index (self->leaves, Leaf, self->next++);

          leaf.last = after->last;
          rows += after->rows;
        }
      range = range_sql (self, leaf.first, leaf.last);
      g_string_append_printf (sql, "%s%s", n > 0 ? " OR " : "", range);
    }
}

/* The list "1, 2, …" of the next buckets. */
static char *
list_hash_buckets (PgmCompareBuckets *self)
{
  GString *list = g_string_new (NULL);
  gint64 rows = 0;

  while (self->next < self->leaves->len && rows < HASH_BATCH_ROWS)
    {
      const Leaf *leaf = &g_array_index (self->leaves, Leaf, self->next++);

      rows += leaf->rows;
      g_string_append_printf (list, "%s%" G_GINT64_FORMAT, list->len > 0 ? ", " : "", leaf->first);
    }
  if (++self->batches >= HASH_BATCHES && self->next < self->leaves->len)
    {
      self->next = self->leaves->len;
      self->is_complete = FALSE;
    }
  return g_string_free (list, FALSE);
}

static char *
both_conditions (PgmCompareBuckets *self, const char *condition)
{
  if (self->scope->where == NULL)
    return g_strdup (condition);
  return g_strdup_printf ("(%s) AND (%s)", self->scope->where, condition);
}

gboolean
pgm_compare_buckets_next (PgmCompareBuckets *self, char **source_where, char **destination_where)
{
  if (self->next >= self->leaves->len)
    return FALSE;
  if (self->is_integer)
    {
      g_autoptr (GString) ranges = g_string_new (NULL);

      append_ranges (self, ranges);
      *source_where = both_conditions (self, ranges->str);
      *destination_where = both_conditions (self, ranges->str);
      return TRUE;
    }

  g_autofree char *list = list_hash_buckets (self);
  g_autofree char *source_bucket = hash_bucket_sql (self, PGM_END_SOURCE);
  g_autofree char *destination_bucket = hash_bucket_sql (self, PGM_END_DESTINATION);
  g_autofree char *source = g_strdup_printf ("%s IN (%s)", source_bucket, list);
  g_autofree char *destination = g_strdup_printf ("%s IN (%s)", destination_bucket, list);

  *source_where = both_conditions (self, source);
  *destination_where = both_conditions (self, destination);
  return TRUE;
}
