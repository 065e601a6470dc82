#include "config.h"

#include "migration/compare-pieces.h"

#include "migration/plan.h"

/* The first server that reads a range of ctids without reading the rest. */
#define TID_RANGE_MAJOR 14

#define MOST_PIECES 1000

/* A condition like "WHERE x > 0", of an extension's configuration table. */
static const char *
table_condition (const PgmTable *table)
{
  const char *filter = table->extension_filter;

  if (filter == NULL)
    return NULL;
  while (g_ascii_isspace (*filter))
    filter++;
  return g_ascii_strncasecmp (filter, "where", 5) == 0 ? filter + 5 : filter;
}

static GStrv
cut (const PgmTable *table, int major, guint n)
{
  if (table == NULL || n < 2 || major < TID_RANGE_MAJOR || !table->heap ||
      (table->kind != 'r' && table->kind != 'm') || table->pages < (gint64) n)
    return NULL;
  return pgm_plan_cut_pages (table->pages, n);
}

PgmComparePieces *
pgm_compare_pieces_new (const PgmCompareUnit *unit,
                        PgmEnds *ends,
                        guint64 piece_bytes,
                        gboolean md5,
                        gboolean to_utf8)
{
  PgmComparePieces *self = g_new0 (PgmComparePieces, 1);
  guint n = (guint) CLAMP (unit->weight / piece_bytes, 1, MOST_PIECES);
  const PgmTable *any;

  self->unit = unit;
  any = pgm_compare_pieces_get_table (self);
  self->scope = (PgmCompareScope){
    .source = unit->source,
    .destination = unit->destination,
    .columns = pgm_digest_columns (any, unit->destination),
    .where = table_condition (any),
    .md5 = md5,
    .to_utf8 = to_utf8,
  };
  self->source = cut (unit->source, ends->source->major, n);
  self->destination = cut (unit->destination, ends->destination->major, n);
  self->n = self->source != NULL || self->destination != NULL ? n : 1;
  self->left = self->n;
  return self;
}

void
pgm_compare_pieces_free (PgmComparePieces *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->scope.columns);
  g_strfreev (self->source);
  g_strfreev (self->destination);
  pgm_digest_clear (&self->of_source);
  pgm_digest_clear (&self->of_destination);
  g_clear_error (&self->error);
  g_free (self);
}

const PgmTable *
pgm_compare_pieces_get_table (const PgmComparePieces *self)
{
  return self->unit->source != NULL ? self->unit->source : self->unit->destination;
}

/* NULL: there is nothing to read. */
static char *
piece_sql (const PgmComparePieces *self, const PgmTable *table, GStrv conditions, guint number)
{
  const PgmCompareScope *scope = &self->scope;
  const char *piece = conditions != NULL ? conditions[number] : NULL;
  g_autofree char *both = NULL;

  if (table == NULL || (conditions == NULL && number > 0))
    return NULL;
  if (piece != NULL && scope->where != NULL)
    both = g_strdup_printf ("(%s) AND %s", scope->where, piece);
  return pgm_digest_select_sql (table, scope->columns,
                                both != NULL    ? both
                                : piece != NULL ? piece
                                                : scope->where,
                                scope->md5, scope->to_utf8);
}

gboolean
pgm_compare_pieces_read (const PgmComparePieces *self,
                         guint number,
                         PgmComparePair *pair,
                         PgmDigest *source,
                         PgmDigest *destination,
                         GCancellable *cancellable,
                         GError **error)
{
  g_autofree char *source_sql = piece_sql (self, self->scope.source, self->source, number);
  g_autofree char *destination_sql =
      piece_sql (self, self->scope.destination, self->destination, number);
  g_autoptr (PgmResult) of_source = NULL;
  g_autoptr (PgmResult) of_destination = NULL;

  if (!pgm_compare_pair_query (pair, source_sql, destination_sql, &of_source, &of_destination,
                               cancellable, error))
    return FALSE;
  if (of_source != NULL)
    pgm_digest_set_from_result (source, of_source);
  if (of_destination != NULL)
    pgm_digest_set_from_result (destination, of_destination);
  return TRUE;
}
