#include "app/table-row.h"

struct _PgmTableRow
{
  GObject parent_instance;
  PgmTableProgress *table;
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
pgm_table_row_new (PgmTableProgress *table)
{
  PgmTableRow *self = g_object_new (PGM_TYPE_TABLE_ROW, NULL);

  self->table = pgm_record_ref (table);
  return self;
}

void
pgm_table_row_update (PgmTableRow *self, PgmTableProgress *table)
{
  const PgmTableProgress *old = self->table;
  gboolean changed = old->status != table->status || old->rows_copied != table->rows_copied ||
                     old->bytes_copied != table->bytes_copied || old->percent != table->percent;

  if (self->table == table)
    return;
  pgm_record_unref (self->table);
  self->table = pgm_record_ref (table);
  if (changed)
    g_signal_emit (self, signals[CHANGED], 0);
}

const PgmTableProgress *
pgm_table_row_get_table (PgmTableRow *self)
{
  return self->table;
}
