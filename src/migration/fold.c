#include "migration/fold.h"

#include <string.h>

#include "migration/fold-window.h"

struct _PgmFoldBatch
{
  gatomicrefcount references;
  PgmChangeBatch *batch;
};

PgmFoldBatch *
pgm_fold_batch_new_take (PgmChangeBatch *batch)
{
  PgmFoldBatch *self = g_new0 (PgmFoldBatch, 1);

  g_atomic_ref_count_init (&self->references);
  self->batch = batch;
  return self;
}

PgmFoldBatch *
pgm_fold_batch_ref (PgmFoldBatch *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
pgm_fold_batch_unref (PgmFoldBatch *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->references))
    return;
  pgm_change_batch_free (self->batch);
  g_free (self);
}

PgmChangeBatch *
pgm_fold_batch_get (PgmFoldBatch *self)
{
  return self->batch;
}

static void
free_set (gpointer data)
{
  PgmFoldSet *set = data;

  g_array_unref (set->rows);
}

static void
free_step (gpointer data)
{
  PgmFoldStep *step = data;

  pgm_fold_window_free (step->window);
  g_clear_pointer (&step->sets, g_array_unref);
  g_clear_pointer (&step->rows, g_array_unref);
  g_free (step);
}

static void
free_change (gpointer data)
{
  PgmFoldChange *change = data;

  g_free (change->tables);
}

static void
unref_batch (gpointer data)
{
  pgm_fold_batch_unref (data);
}

PgmFold *
pgm_fold_new (void)
{
  PgmFold *self = g_new0 (PgmFold, 1);

  self->arena = pgm_arena_new (0);
  self->steps = g_ptr_array_new_with_free_func (free_step);
  self->changes = g_array_new (FALSE, FALSE, sizeof (PgmFoldChange));
  g_array_set_clear_func (self->changes, free_change);
  self->transactions = g_array_new (FALSE, FALSE, sizeof (PgmFoldTransaction));
  self->batches = g_ptr_array_new_with_free_func (unref_batch);
  self->last = g_ptr_array_new ();
  return self;
}

void
pgm_fold_free (PgmFold *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->steps);
  g_array_unref (self->changes);
  g_array_unref (self->transactions);
  g_ptr_array_unref (self->batches);
  g_ptr_array_unref (self->last);
  pgm_arena_free (self->arena);
  g_free (self);
}

void
pgm_fold_hold (PgmFold *self, PgmFoldBatch *batch)
{
  if (self->batches->len > 0 && g_ptr_array_index (self->batches, self->batches->len - 1) == batch)
    return;
  g_ptr_array_add (self->batches, pgm_fold_batch_ref (batch));
  self->bytes += batch->batch->bytes;
}

static PgmFoldStep *
last_step (PgmFold *self, const PgmFoldTable *table)
{
  return table->index < self->last->len ? g_ptr_array_index (self->last, table->index) : NULL;
}

static void
set_last_step (PgmFold *self, const PgmFoldTable *table, PgmFoldStep *step)
{
  if (table->index >= self->last->len)
    g_ptr_array_set_size (self->last, (gint) table->index + 1);
  g_ptr_array_index (self->last, table->index) = step;
}

static PgmFoldStep *
open_window (PgmFold *self, PgmFoldTable *table)
{
  PgmFoldStep *step = g_new0 (PgmFoldStep, 1);

  step->kind = PGM_FOLD_SETS;
  step->table = table;
  step->window = pgm_fold_window_new (table, self->arena);
  g_ptr_array_add (self->steps, step);
  set_last_step (self, table, step);
  return step;
}

static PgmFoldStep *
open_rows (PgmFold *self)
{
  PgmFoldStep *step = g_new0 (PgmFoldStep, 1);

  step->kind = PGM_FOLD_ROWS;
  step->rows = g_array_new (FALSE, FALSE, sizeof (PgmFoldChange));
  g_ptr_array_add (self->steps, step);
  return step;
}

static void
add_row (PgmFold *self, const PgmFoldChange *change)
{
  PgmFoldStep *step = last_step (self, change->table);

  if (step == NULL || step->kind != PGM_FOLD_ROWS)
    step = open_rows (self);
  g_array_append_vals (step->rows, change, 1);
  set_last_step (self, change->table, step);
}

static void
add_to_window (PgmFold *self, const PgmFoldChange *change)
{
  PgmFoldStep *step = last_step (self, change->table);

  if (step == NULL || step->kind != PGM_FOLD_SETS)
    step = open_window (self, change->table);
  if (pgm_fold_window_add (step->window, change->change))
    return;
  step = open_window (self, change->table);
  (void) pgm_fold_window_add (step->window, change->change);
}

/* A step of its own: none of its tables may go on in an earlier one. */
static void
add_truncate (PgmFold *self, const PgmFoldChange *change)
{
  PgmFoldStep *step = open_rows (self);

  g_array_append_vals (step->rows, change, 1);
  for (guint i = 0; change->tables[i] != NULL; i++)
    set_last_step (self, change->tables[i], step);
}

static gboolean
value_is_given (const PgmValue *value)
{
  return value->kind == PGM_VALUE_TEXT || value->kind == PGM_VALUE_BINARY;
}

static gboolean
key_is_given (const PgmFoldTable *table, const PgmTuple *tuple)
{
  for (guint i = 0; i < table->n_keys; i++)
    if (!value_is_given (&tuple->values[table->keys[i]]))
      return FALSE;
  return TRUE;
}

gboolean
pgm_fold_key_changes (const PgmFoldTable *table, const PgmChange *change)
{
  if (change->kind != PGM_CHANGE_UPDATE || change->row.old == NULL)
    return FALSE;
  for (guint i = 0; i < table->n_keys; i++)
    {
      const PgmValue *old = &change->row.old->values[table->keys[i]];
      const PgmValue *new = &change->row.new->values[table->keys[i]];
      if (new->kind == PGM_VALUE_UNCHANGED)
        continue;
      if (old->kind != new->kind || old->size != new->size ||
          (new->size > 0 && memcmp (old->data, new->data, new->size) != 0))
        return TRUE;
    }
  return FALSE;
}

gboolean
pgm_fold_is_unchanged (const guint8 *unchanged, guint column)
{
  return unchanged != NULL && (unchanged[column / 8] & (1u << (column % 8))) != 0;
}

static gboolean
check_key (const PgmFoldChange *change, GError **error)
{
  const PgmChange *row = change->change;
  const PgmTuple *key = row->row.old != NULL ? row->row.old : row->row.new;

  if (key_is_given (change->table, key))
    return TRUE;
  pgm_error_set_full (error, PGM_ERROR_PROTOCOL, NULL,
                      "Its replica identity has a column that the change says nothing of.", NULL,
                      "source: a changed row of \"%s\".\"%s\" came without its key",
                      row->row.relation->schema, row->row.relation->name);
  return FALSE;
}

static gboolean
add_change (PgmFold *self, const PgmFoldChange *change, GError **error)
{
  const PgmFoldTable *table = change->table;

  if (table == NULL)
    add_truncate (self, change);
  else if (table->mode == PGM_FOLD_ORDERED)
    add_row (self, change);
  else if (table->mode == PGM_FOLD_APPEND)
    {
      if (change->change->kind == PGM_CHANGE_INSERT)
        add_to_window (self, change);
      else
        add_row (self, change);
    }
  else if (change->change->kind == PGM_CHANGE_INSERT &&
           !key_is_given (table, change->change->row.new))
    add_row (self, change); /* the destination's key takes no NULL: it will say so */
  else if (!check_key (change, error))
    return FALSE;
  else if (pgm_fold_key_changes (table, change->change))
    add_row (self, change);
  else
    add_to_window (self, change);
  return TRUE;
}

static void
count (PgmFoldCounts *counts, const PgmChange *change)
{
  counts->inserts += change->kind == PGM_CHANGE_INSERT;
  counts->updates += change->kind == PGM_CHANGE_UPDATE;
  counts->deletes += change->kind == PGM_CHANGE_DELETE;
  counts->truncates += change->kind == PGM_CHANGE_TRUNCATE;
}

gboolean
pgm_fold_add (PgmFold *self,
              const PgmFoldTransaction *transaction,
              const PgmFoldChange *changes,
              guint n_changes,
              GError **error)
{
  PgmFoldTransaction added = *transaction;

  added.first = self->changes->len;
  added.n_changes = n_changes;
  g_array_append_val (self->transactions, added);
  g_array_append_vals (self->changes, changes, n_changes);
  self->counts.transactions++;
  for (guint i = 0; i < n_changes; i++)
    {
      count (&self->counts, changes[i].change);
      if (!add_change (self, &changes[i], error))
        return FALSE;
    }
  return TRUE;
}

void
pgm_fold_seal (PgmFold *self)
{
  for (guint i = 0; i < self->steps->len; i++)
    {
      PgmFoldStep *step = g_ptr_array_index (self->steps, i);

      if (step->window == NULL)
        continue;
      step->sets = pgm_fold_window_make_sets (step->window);
      g_array_set_clear_func (step->sets, free_set);
      g_clear_pointer (&step->window, pgm_fold_window_free);
    }
  g_ptr_array_set_size (self->last, 0);
}
