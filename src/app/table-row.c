#include "app/table-row.h"

#include <string.h>

/* A table's rate is that of so long a time; it would jump otherwise. */
#define RATE_US (2 * G_USEC_PER_SEC)

struct _PgmTableRow
{
  GObject parent_instance;
  PgmTableProgress *table;
  char *folded; /* its name as it is searched */
  gint64 since; /* where the rate is counted from */
  guint64 rows_since;
  double rate;
};

G_DEFINE_FINAL_TYPE (PgmTableRow, pgm_table_row, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
pgm_table_row_finalize (GObject *object)
{
  PgmTableRow *self = PGM_TABLE_ROW (object);

  g_clear_pointer (&self->table, pgm_record_unref);
  g_free (self->folded);
  G_OBJECT_CLASS (pgm_table_row_parent_class)->finalize (object);
}

static void
pgm_table_row_class_init (PgmTableRowClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = pgm_table_row_finalize;
  signals[CHANGED] = g_signal_new ("changed", PGM_TYPE_TABLE_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
}

static void
pgm_table_row_init (PgmTableRow *self)
{
}

PgmTableRow *
pgm_table_row_new (PgmTableProgress *table, gint64 time)
{
  PgmTableRow *self = g_object_new (PGM_TYPE_TABLE_ROW, NULL);
  g_autofree char *name = g_strdup_printf ("%s.%s", table->schema, table->name);

  self->table = pgm_record_ref (table);
  self->folded = pgm_table_row_fold (name);
  self->since = time;
  self->rows_since = table->rows_copied;
  return self;
}

/* TRUE when it has become another one. */
static gboolean
update_rate (PgmTableRow *self, const PgmTableProgress *table, gint64 time)
{
  double before = self->rate;
  gint64 passed = time - self->since;

  if (table->status != PGM_TABLE_COPYING || table->rows_copied < self->rows_since)
    self->rate = 0;
  else if (passed > 0)
    self->rate =
        (double) (table->rows_copied - self->rows_since) * G_USEC_PER_SEC / (double) passed;
  if (passed >= RATE_US || table->status != PGM_TABLE_COPYING)
    {
      self->since = time;
      self->rows_since = table->rows_copied;
    }
  return self->rate != before;
}

void
pgm_table_row_update (PgmTableRow *self, PgmTableProgress *table, gint64 time)
{
  const PgmTableProgress *old = self->table;
  gboolean changed;

  /* Its record is made anew whenever it is under way. */
  if (old == table && self->rate == 0)
    return;
  changed = old->status != table->status || old->rows_copied != table->rows_copied ||
            old->bytes_copied != table->bytes_copied || old->percent != table->percent;
  changed |= update_rate (self, table, time);
  if (old != table)
    {
      pgm_record_unref (self->table);
      self->table = pgm_record_ref (table);
    }
  if (changed)
    g_signal_emit (self, signals[CHANGED], 0);
}

const PgmTableProgress *
pgm_table_row_get_table (PgmTableRow *self)
{
  return self->table;
}

double
pgm_table_row_get_rate (PgmTableRow *self)
{
  return self->rate;
}

gboolean
pgm_table_row_matches (PgmTableRow *self, const char *needle)
{
  return strstr (self->folded, needle) != NULL;
}

char *
pgm_table_row_fold (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *normal = g_utf8_normalize (valid, -1, G_NORMALIZE_ALL);

  return g_utf8_casefold (normal, -1);
}
