#include "tui/table-list.h"

#include <string.h>

struct _PgmTableList
{
  PgmSnapshot *snapshot;
  PgmTableOrder order;
  gboolean reversed;
  char *filter;     /* NULL: all */
  GPtrArray *shown; /* PgmTableProgress of the snapshot */
  gboolean stale;   /* @shown is of before */
};

PgmTableList *
pgm_table_list_new (void)
{
  PgmTableList *self = g_new0 (PgmTableList, 1);

  self->shown = g_ptr_array_new ();
  return self;
}

void
pgm_table_list_free (PgmTableList *self)
{
  if (self == NULL)
    return;
  pgm_record_unref (self->snapshot);
  g_ptr_array_unref (self->shown);
  g_free (self->filter);
  g_free (self);
}

void
pgm_table_list_set_snapshot (PgmTableList *self, PgmSnapshot *snapshot)
{
  if (self->snapshot == snapshot)
    return;
  g_ptr_array_set_size (self->shown, 0);
  pgm_record_unref (self->snapshot);
  self->snapshot = snapshot != NULL ? pgm_record_ref (snapshot) : NULL;
  self->stale = TRUE;
}

void
pgm_table_list_set_order (PgmTableList *self, PgmTableOrder order, gboolean reversed)
{
  self->order = order;
  self->reversed = reversed;
  self->stale = TRUE;
}

void
pgm_table_list_set_filter (PgmTableList *self, const char *filter)
{
  g_free (self->filter);
  self->filter = filter != NULL && *filter != '\0' ? g_strdup (filter) : NULL;
  self->stale = TRUE;
}

PgmTableOrder
pgm_table_list_get_order (const PgmTableList *self)
{
  return self->order;
}

gboolean
pgm_table_list_is_reversed (const PgmTableList *self)
{
  return self->reversed;
}

gboolean
pgm_filter_matches (const char *filter, const char *text)
{
  g_autofree char *valid = NULL;
  g_autofree char *wanted = NULL;
  g_autofree char *folded = NULL;

  if (filter == NULL || *filter == '\0')
    return TRUE;
  if (text == NULL)
    return FALSE;
  if (strstr (text, filter) != NULL)
    return TRUE;
  valid = g_utf8_make_valid (text, -1);
  wanted = g_utf8_casefold (filter, -1);
  folded = g_utf8_casefold (valid, -1);
  return strstr (folded, wanted) != NULL;
}

static gint
compare_names (const PgmTableProgress *a, const PgmTableProgress *b)
{
  gint order = g_strcmp0 (a->schema, b->schema);

  return order != 0 ? order : g_strcmp0 (a->name, b->name);
}

/* Greater first, as people look for what is large. */
#define DESCENDING(a, b) (((a) < (b)) - ((a) > (b)))

static gint
rank_of (const PgmTableProgress *table)
{
  static const gint ranks[] = {
    [PGM_TABLE_COPYING] = 0,
    [PGM_TABLE_PENDING] = 1,
    [PGM_TABLE_COPIED] = 2,
    [PGM_TABLE_STREAMING] = 3,
  };

  return ranks[table->status];
}

static gint
compare_by (const PgmTableProgress *a, const PgmTableProgress *b, PgmTableOrder order)
{
  switch (order)
    {
    case PGM_TABLE_ORDER_STATE:
      return rank_of (a) - rank_of (b);
    case PGM_TABLE_ORDER_SIZE:
      return DESCENDING (a->size_bytes, b->size_bytes);
    case PGM_TABLE_ORDER_ROWS:
      return DESCENDING (a->rows_copied, b->rows_copied);
    case PGM_TABLE_ORDER_PERCENT:
      return DESCENDING (a->percent, b->percent);
    case PGM_TABLE_ORDER_TIME:
      return DESCENDING (a->elapsed_sec, b->elapsed_sec);
    case PGM_TABLE_ORDER_NAME:
    default:
      return 0;
    }
}

static gint
compare_tables (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const PgmTableList *self = user_data;
  const PgmTableProgress *first = *(PgmTableProgress *const *) a;
  const PgmTableProgress *second = *(PgmTableProgress *const *) b;
  gint order = compare_by (first, second, self->order);

  /* Names keep their direction among equals. */
  if (order == 0)
    order = self->order == PGM_TABLE_ORDER_NAME && self->reversed ? compare_names (second, first)
                                                                  : compare_names (first, second);
  else if (self->reversed)
    order = -order;
  return order;
}

static gboolean
is_wanted (const PgmTableList *self, const PgmTableProgress *table)
{
  g_autofree char *name = NULL;

  if (self->filter == NULL)
    return TRUE;
  name = g_strdup_printf ("%s.%s", table->schema, table->name);
  return pgm_filter_matches (self->filter, name);
}

static void
refresh (PgmTableList *self)
{
  if (!self->stale)
    return;
  self->stale = FALSE;
  g_ptr_array_set_size (self->shown, 0);
  for (guint i = 0; self->snapshot != NULL && i < self->snapshot->tables->len; i++)
    {
      PgmTableProgress *table = g_ptr_array_index (self->snapshot->tables, i);

      if (is_wanted (self, table))
        g_ptr_array_add (self->shown, table);
    }
  g_ptr_array_sort_with_data (self->shown, compare_tables, self);
}

guint
pgm_table_list_get_length (PgmTableList *self)
{
  refresh (self);
  return self->shown->len;
}

const PgmTableProgress *
pgm_table_list_get (PgmTableList *self, guint index)
{
  refresh (self);
  return g_ptr_array_index (self->shown, index);
}
