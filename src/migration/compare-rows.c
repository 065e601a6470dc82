#include "config.h"

#include "migration/compare-rows.h"

#include <string.h>

#include "migration/compare-buckets.h"
#include "migration/digest.h"
#include "postgres/quote.h"

/* Shown of a single value, in characters. */
#define VALUE_SHOWN 200

/* A key (or whole row) and how often it is on either side with each hash. */
typedef struct
{
  char *hash;
  gint64 source;
  gint64 destination;
} Version;

typedef struct
{
  char *key;
  GArray *versions; /* Version */
} Entry;

typedef struct
{
  PgmComparePair *pair;
  const PgmCompareScope *scope;
  PgmCompareBuckets *buckets;
  guint max_rows;
  PgmTableComparison *comparison;
  GCancellable *cancellable;
  GPtrArray *entries; /* Entry, in the order they came */
  GHashTable *by_key; /* key -> Entry, borrowed */
} Search;

static void
version_clear (gpointer data)
{
  g_free (((Version *) data)->hash);
}

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->key);
  g_array_unref (entry->versions);
  g_free (entry);
}

static Version *
find_version (Search *self, const char *key, const char *hash)
{
  Entry *entry = g_hash_table_lookup (self->by_key, key);
  Version fresh = { NULL, 0, 0 };

  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      entry->key = g_strdup (key);
      entry->versions = g_array_new (FALSE, FALSE, sizeof (Version));
      g_array_set_clear_func (entry->versions, version_clear);
      g_ptr_array_add (self->entries, entry);
      g_hash_table_insert (self->by_key, entry->key, entry);
    }
  for (guint i = 0; i < entry->versions->len; i++)
    {
      Version *version = &g_array_index (entry->versions, Version, i);

      if (strcmp (version->hash, hash) == 0)
        return version;
    }
  fresh.hash = g_strdup (hash);
  g_array_append_val (entry->versions, fresh);
  return &g_array_index (entry->versions, Version, entry->versions->len - 1);
}

static void
take_rows (Search *self, PgmEnd end, PgmResult *result)
{
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const char *hash = pgm_result_get_or (result, row, 1, "");
      Version *version = find_version (self, pgm_result_get_or (result, row, 0, hash), hash);
      gint64 n = pgm_result_get_int64 (result, row, 2);

      if (end == PGM_END_SOURCE)
        version->source += n;
      else
        version->destination += n;
    }
}

/* Keys, hashes and counts of the rows that @where chooses. */
static char *
rows_sql (Search *self, PgmEnd end, const char *where)
{
  const PgmTable *table = end == PGM_END_SOURCE ? self->scope->source : self->scope->destination;
  g_autofree char *from = pgm_digest_from_sql (table);
  g_autofree char *key = pgm_compare_buckets_key_sql (self->buckets, end);
  g_autofree char *hash = pgm_compare_buckets_hash_sql (self->buckets, end);
  g_autofree char *order = pgm_compare_buckets_order_sql (self->buckets);

  return g_strdup_printf ("SELECT q.k, q.h, q.n FROM (SELECT %s AS k, %s AS h, %s AS o, "
                          "pg_catalog.count(*) AS n FROM %s WHERE %s GROUP BY 1, 2, 3) q "
                          "ORDER BY q.o, q.k COLLATE \"C\"",
                          key != NULL ? key : "NULL::text", hash, order, from, where);
}

/* What is left of an entry when equal rows have been taken off on both sides. */
static void
count_entry (const Entry *entry, gint64 *source, gint64 *destination)
{
  *source = 0;
  *destination = 0;
  for (guint i = 0; i < entry->versions->len; i++)
    {
      const Version *version = &g_array_index (entry->versions, Version, i);

      if (version->source > version->destination)
        *source += version->source - version->destination;
      else
        *destination += version->destination - version->source;
    }
}

/* The beginning of a long value, and what tells it from another that begins in
 * the same way. A bytea's text could be beyond 1 GB. */
static void
append_value_shown (GString *sql, const PgmColumn *column)
{
  g_autofree char *quoted = pgm_quote_identifier (column->name);
  g_autofree char *name = g_strconcat ("t.", quoted, NULL);

  if (column->type_oid == 17)
    g_string_append_printf (
        sql,
        "CASE WHEN octet_length(%s) > %d THEN concat('\\x', encode(substring(%s, 1, %d), 'hex'), "
        "'... (', octet_length(%s), ' bytes, md5 ', md5(%s), ')') ELSE %s::text END",
        name, VALUE_SHOWN / 2, name, VALUE_SHOWN / 2, name, name, name);
  else
    g_string_append_printf (
        sql,
        "CASE WHEN length(%s::text) > %d THEN concat(left(%s::text, %d), '... (', length(%s::text), "
        "' characters, md5 ', md5(%s::text), ')') ELSE %s::text END",
        name, VALUE_SHOWN, name, VALUE_SHOWN, name, name, name);
}

/* The row as people read it. */
static char *
shown_sql (const PgmTable *table)
{
  GString *sql = g_string_new ("ROW(");

  for (guint i = 0; i < table->columns->len; i++)
    {
      if (i > 0)
        g_string_append (sql, ", ");
      append_value_shown (sql, g_ptr_array_index (table->columns, i));
    }
  g_string_append (sql, ")::text");
  return g_string_free (sql, FALSE);
}

/* Each entry that differs, on this side: key -> row text. */
static char *
shown_rows_sql (Search *self, PgmEnd end, const char *where, GPtrArray *differing)
{
  const PgmTable *table = end == PGM_END_SOURCE ? self->scope->source : self->scope->destination;
  g_autofree char *from = pgm_digest_from_sql (table);
  g_autofree char *shown = shown_sql (table);
  g_autofree char *key = pgm_compare_buckets_key_sql (self->buckets, end);
  g_autofree char *hash = pgm_compare_buckets_hash_sql (self->buckets, end);
  g_autoptr (GString) list = g_string_new (NULL);

  /* Only hashes that this side has: a key of the other one may not even be
   * expressible in this side's encoding. */
  for (guint i = 0; i < differing->len; i++)
    {
      const Entry *entry = g_ptr_array_index (differing, i);

      for (guint k = 0; k < entry->versions->len; k++)
        {
          const Version *version = &g_array_index (entry->versions, Version, k);
          gint64 here = end == PGM_END_SOURCE ? version->source : version->destination;
          gint64 there = end == PGM_END_SOURCE ? version->destination : version->source;

          if (here > there)
            g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", version->hash);
        }
    }
  if (list->len == 0)
    return NULL;
  return g_strdup_printf ("SELECT DISTINCT %s, %s, %s FROM %s WHERE (%s) AND %s IN (%s)",
                          key != NULL ? key : "NULL::text", hash, shown, from, where, hash,
                          list->str);
}

static const char *
find_shown (PgmResult *result, const char *key, const char *hash)
{
  for (guint row = 0; result != NULL && row < pgm_result_get_rows (result); row++)
    if (strcmp (pgm_result_get_or (result, row, 1, ""), hash) == 0 &&
        strcmp (pgm_result_get_or (result, row, 0, hash), key) == 0)
      return pgm_result_get (result, row, 2);
  return NULL;
}

/* The row of @entry that is on this side and (so often) not on the other. */
static char *
entry_shown (const Entry *entry, PgmEnd end, PgmResult *result)
{
  for (guint i = 0; i < entry->versions->len; i++)
    {
      const Version *version = &g_array_index (entry->versions, Version, i);
      gint64 surplus = version->source - version->destination;
      const char *text = NULL;

      if (end == PGM_END_SOURCE ? surplus <= 0 : surplus >= 0)
        continue;
      text = find_shown (result, entry->key, version->hash);
      return text != NULL ? g_utf8_make_valid (text, -1) : NULL;
    }
  return NULL;
}

static char *
entry_key_shown (Search *self, const Entry *entry)
{
  const Version *version = &g_array_index (entry->versions, Version, 0);
  g_autofree char *key = NULL;

  if (pgm_compare_buckets_get_key (self->buckets) == NULL)
    return g_strdup_printf ("whole row: %" G_GINT64_FORMAT " in source, %" G_GINT64_FORMAT
                            " in destination",
                            version->source, version->destination);
  key = g_utf8_make_valid (entry->key, -1);
  return g_strdup_printf ("%s=%s", pgm_compare_buckets_get_key (self->buckets), key);
}

static void
add_difference (Search *self, const Entry *entry, PgmResult *source, PgmResult *destination)
{
  PgmRowDifference *difference = pgm_record_new (&pgm_row_difference_type);
  gint64 at_source = 0;
  gint64 at_destination = 0;

  count_entry (entry, &at_source, &at_destination);
  difference->key = entry_key_shown (self, entry);
  difference->state = g_strdup (at_destination == 0 ? "only-source"
                                : at_source == 0    ? "only-destination"
                                                    : "different");
  difference->source_row = entry_shown (entry, PGM_END_SOURCE, source);
  difference->destination_row = entry_shown (entry, PGM_END_DESTINATION, destination);
  g_ptr_array_add (self->comparison->rows, difference);
}

static gboolean
show_entries (Search *self,
              const char *source_where,
              const char *destination_where,
              GPtrArray *differing,
              GError **error)
{
  g_autofree char *source_sql = shown_rows_sql (self, PGM_END_SOURCE, source_where, differing);
  g_autofree char *destination_sql =
      shown_rows_sql (self, PGM_END_DESTINATION, destination_where, differing);
  g_autoptr (PgmResult) source = NULL;
  g_autoptr (PgmResult) destination = NULL;

  if (!pgm_compare_pair_query (self->pair, source_sql, destination_sql, &source, &destination,
                               self->cancellable, error))
    return FALSE;
  for (guint i = 0; i < differing->len; i++)
    add_difference (self, g_ptr_array_index (differing, i), source, destination);
  return TRUE;
}

static gboolean
search_batch (Search *self, const char *source_where, const char *destination_where, GError **error)
{
  g_autofree char *source_sql = rows_sql (self, PGM_END_SOURCE, source_where);
  g_autofree char *destination_sql = rows_sql (self, PGM_END_DESTINATION, destination_where);
  g_autoptr (PgmResult) source = NULL;
  g_autoptr (PgmResult) destination = NULL;
  g_autoptr (GPtrArray) differing = g_ptr_array_new ();

  if (!pgm_compare_pair_query (self->pair, source_sql, destination_sql, &source, &destination,
                               self->cancellable, error))
    return FALSE;
  g_hash_table_remove_all (self->by_key);
  g_ptr_array_set_size (self->entries, 0);
  take_rows (self, PGM_END_SOURCE, source);
  take_rows (self, PGM_END_DESTINATION, destination);

  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (self->entries, i);
      gint64 at_source = 0;
      gint64 at_destination = 0;

      count_entry (entry, &at_source, &at_destination);
      if (at_source == 0 && at_destination == 0)
        continue;
      self->comparison->differing_rows += MAX (at_source, at_destination);
      if (self->comparison->rows->len + differing->len < self->max_rows)
        g_ptr_array_add (differing, entry);
    }
  return differing->len == 0 ||
         show_entries (self, source_where, destination_where, differing, error);
}

gboolean
pgm_compare_rows (PgmComparePair *pair,
                  const PgmCompareScope *scope,
                  guint max_rows,
                  PgmTableComparison *comparison,
                  GCancellable *cancellable,
                  GError **error)
{
  g_autoptr (PgmCompareBuckets) buckets = pgm_compare_buckets_find (
      pair, scope, MAX (comparison->source_rows, comparison->destination_rows), cancellable, error);
  Search self = { pair, scope, buckets, max_rows, comparison, cancellable, NULL, NULL };
  gboolean ok = buckets != NULL;

  self.entries = g_ptr_array_new_with_free_func (entry_free);
  self.by_key = g_hash_table_new (g_str_hash, g_str_equal);
  comparison->differing_rows = 0;
  while (ok)
    {
      g_autofree char *source_where = NULL;
      g_autofree char *destination_where = NULL;

      if (!pgm_compare_buckets_next (buckets, &source_where, &destination_where))
        break;
      ok = search_batch (&self, source_where, destination_where, error);
    }
  if (ok && !pgm_compare_buckets_is_complete (buckets))
    comparison->differing_rows = -1;
  g_hash_table_unref (self.by_key);
  g_ptr_array_unref (self.entries);
  return ok;
}
