#include "destination.h"

#include <stdlib.h>

#include "fibers.h"
#include "postgres/pipeline.h"

typedef struct
{
  PgmFoldTable fold;
  guint table;
  guint keys[2];
} Table;

typedef struct
{
  PgmApplyTarget parent;
  Destination *destination;
  gboolean *alive;
  Table tables[N_TABLES];
  State *work;    /* of the open transaction; NULL: none */
  State *saved;   /* to go back to */
  GError *failed; /* of the transaction: nothing more until restore() or rollback() */
  const PgmFoldChange *culprit;
} Target;

static void
clear_committed (gpointer data)
{
  Committed *committed = data;

  state_free (committed->state);
}

void
destination_init (Destination *self, const History *history, guint faults)
{
  Committed first = { history->start, state_copy (g_ptr_array_index (history->states, 0)) };
  const State *copied = g_ptr_array_index (history->states, history->n_copied);

  g_array_unref (first.state->rows[TABLE_ORDERS]);
  first.state->rows[TABLE_ORDERS] = g_array_copy (copied->rows[TABLE_ORDERS]);
  *self = (Destination){ .history = history, .faults = faults, .n_durable = 1 };
  self->durable = first.progress;
  self->commits = g_array_new (FALSE, FALSE, sizeof (Committed));
  g_array_set_clear_func (self->commits, clear_committed);
  g_array_append_val (self->commits, first);
}

void
destination_clear (Destination *self)
{
  g_clear_pointer (&self->zombie.state, state_free);
  g_array_unref (self->commits);
}

const Committed *
destination_get (const Destination *self)
{
  return &g_array_index (self->commits, Committed, self->commits->len - 1);
}

static void
make_durable (Destination *self, guint n)
{
  if (n <= self->n_durable)
    return;
  self->n_durable = n;
  self->durable = g_array_index (self->commits, Committed, n - 1).progress;
  g_array_remove_range (self->commits, 0, n - 1);
  self->n_durable = 1;
  fibers_note ("destination: durable up to %lu", self->durable);
}

PgmLsn
destination_read_progress (Destination *self)
{
  make_durable (self, self->commits->len);
  return self->durable;
}

/* A5: whatever anybody can see is an exact prefix of the source's history. */
static void
land (Destination *self, Committed *committed)
{
  guint n = history_count (self->history, committed->progress);
  guint table = 0;

  if (committed->progress < destination_get (self)->progress)
    fibers_fail ("the origin went back from %lu to %lu", destination_get (self)->progress,
                 committed->progress);
  if (!history_matches (self->history, n, committed->state, &table))
    fibers_fail ("at %lu, after %u transactions, table %u is not what the source had",
                 committed->progress, n, table);
  fibers_note ("destination: commit of %lu, %u transactions", committed->progress, n);
  g_array_append_vals (self->commits, committed, 1);
  *committed = (Committed){ 0 };
}

void
destination_settle (Destination *self)
{
  if (self->zombie.state == NULL)
    return;
  if (fibers_chance (2))
    land (self, &self->zombie);
  else
    g_clear_pointer (&self->zombie.state, state_free);
}

/* Some of what wasn't flushed may have reached the disk all the same. */
static void
crash (Destination *self)
{
  guint n = self->n_durable + fibers_random (self->commits->len - self->n_durable + 1);

  destination_settle (self);
  fibers_note ("destination: crashes with %u of %u commits", n, self->commits->len);
  g_array_set_size (self->commits, n);
  self->crashes++;
  make_durable (self, n);
}

static gboolean
lost (GError **error)
{
  pgm_error_set (error, PGM_ERROR_LOST, "the destination has closed the connection");
  return FALSE;
}

/* Anything may happen between two steps. */
static gboolean
go_on (Target *self, const char *where, GError **error)
{
  Destination *destination = self->destination;

  if (fibers_chance (3))
    fibers_yield ();
  if (fibers_chance (60))
    fibers_sleep (fibers_random (1500000));
  if (*self->alive && destination->faults > 0 && fibers_chance (25))
    {
      destination->faults--;
      *self->alive = FALSE;
      fibers_note ("destination: connection lost at %s", where);
      if (fibers_chance (2))
        crash (destination);
    }
  return *self->alive || lost (error);
}

static gboolean
target_start (PgmApplyTarget *target, PgmLsn *progress, GCancellable *cancellable, GError **error)
{
  Target *self = (Target *) target;

  if (!go_on (self, "start", error))
    return FALSE;
  destination_settle (self->destination);
  *progress = destination_get (self->destination)->progress;
  fibers_note ("destination: start at %lu", *progress);
  return TRUE;
}

static PgmFoldTable *
target_describe (PgmApplyTarget *target, PgmRelation *relation, GError **error)
{
  static const PgmFoldMode modes[] = { PGM_FOLD_KEYED, PGM_FOLD_KEYED, PGM_FOLD_APPEND,
                                       PGM_FOLD_ORDERED };
  Target *self = (Target *) target;
  guint number = (guint) (relation->name[1] - '0');
  Table *table = &self->tables[number];

  if (!go_on (self, "describe", error))
    return NULL;
  *table = (Table){ .fold = { .mode = modes[number], .index = number, .may_sort = number == 0 },
                    .table = number,
                    .keys = { 0, 1 } };
  table->fold.keys = table->keys;
  table->fold.n_keys = modes[number] == PGM_FOLD_KEYED ? state_n_keys (number) : 0;
  return &table->fold;
}

static void
forget_failure (Target *self)
{
  g_clear_error (&self->failed);
  self->culprit = NULL;
}

static void
end_transaction (Target *self)
{
  forget_failure (self);
  g_clear_pointer (&self->work, state_free);
  g_clear_pointer (&self->saved, state_free);
}

static gboolean
target_begin (PgmApplyTarget *target, GError **error)
{
  Target *self = (Target *) target;

  if (self->work != NULL)
    fibers_fail ("BEGIN within a transaction");
  if (!go_on (self, "begin", error))
    return FALSE;
  self->work = state_copy (destination_get (self->destination)->state);
  return TRUE;
}

/* What isn't sent stays as it is in @row. */
static void
read_tuple (const PgmTuple *tuple, Row *row)
{
  for (guint i = 0; i < N_COLUMNS; i++)
    if (tuple->values[i].kind == PGM_VALUE_TEXT)
      {
        g_autofree char *text = g_strndup (tuple->values[i].data, tuple->values[i].size);
        row->c[i] = (guint32) strtoul (text, NULL, 10);
      }
}

static StateResult
write_row (Target *self, guint table, guint kind, const PgmTuple *key_tuple, const PgmTuple *tuple)
{
  Row key = { { 0 } };
  Row row = { { 0 } };
  int there;

  read_tuple (key_tuple, &key);
  if (kind == PGM_CHANGE_DELETE)
    return state_delete (self->work, table, &key);
  if (kind == PGM_CHANGE_UPDATE)
    {
      there = state_find (self->work, table, &key);
      if (there < 0)
        return STATE_MISSING;
      row = g_array_index (self->work->rows[table], Row, there);
    }
  read_tuple (tuple, &row);
  return kind == PGM_CHANGE_UPDATE ? state_update (self->work, table, &key, &row)
                                   : state_insert (self->work, table, &row);
}

static gboolean
fail_row (Target *self, StateResult result, const PgmFoldChange *culprit)
{
  if (result == STATE_OK)
    return TRUE;
  self->culprit = culprit;
  pgm_error_set_full (&self->failed, PGM_ERROR_SQL,
                      result == STATE_MISSING ? PGM_PIPELINE_MISCOUNT : "23505", NULL, NULL,
                      result == STATE_MISSING ? "a row isn't there" : "a row is there already");
  return FALSE;
}

/* Now and then a set is refused although it could be written. */
static void
write_sets (Target *self, const PgmFoldStep *step)
{
  guint table = ((const Table *) step->table)->table;

  if (fibers_chance (40) && !fail_row (self, STATE_DUPLICATE, NULL))
    return;
  for (guint s = 0; s < step->sets->len; s++)
    {
      const PgmFoldSet *set = &g_array_index (step->sets, PgmFoldSet, s);

      for (guint i = 0; i < set->rows->len; i++)
        {
          const PgmFoldRow *row = &g_array_index (set->rows, PgmFoldRow, i);
          if (!fail_row (self, write_row (self, table, set->kind, row->key, row->row), NULL))
            return;
        }
    }
}

static void
write_rows (Target *self, const PgmFoldStep *step)
{
  for (guint i = 0; i < step->rows->len; i++)
    {
      const PgmFoldChange *one = &g_array_index (step->rows, PgmFoldChange, i);
      const PgmChange *change = one->change;
      const PgmTuple *key;

      if (change->kind == PGM_CHANGE_TRUNCATE)
        {
          for (guint t = 0; one->tables[t] != NULL; t++)
            state_truncate (self->work, ((const Table *) one->tables[t])->table);
          continue;
        }
      key = change->row.old != NULL ? change->row.old : change->row.new;
      if (!fail_row (self,
                     write_row (self, ((const Table *) one->table)->table, change->kind, key,
                                change->row.new),
                     one))
        return;
    }
}

static gboolean
tell_failure (Target *self, GError **error)
{
  if (self->failed == NULL)
    return TRUE;
  if (error != NULL)
    *error = g_error_copy (self->failed);
  return FALSE;
}

/* As with a pipeline, a failure may be known at once or only at check(). */
static gboolean
target_write (PgmApplyTarget *target, const PgmFoldStep *step, GError **error)
{
  Target *self = (Target *) target;

  if (!go_on (self, "write", error))
    return FALSE;
  if (self->work == NULL)
    fibers_fail ("a change outside of a transaction");
  if (self->failed != NULL)
    return tell_failure (self, error);
  if (step->kind == PGM_FOLD_SETS)
    write_sets (self, step);
  else
    write_rows (self, step);
  return fibers_chance (2) || tell_failure (self, error);
}

static gboolean
target_check (PgmApplyTarget *target, GError **error)
{
  Target *self = (Target *) target;

  return go_on (self, "check", error) && tell_failure (self, error);
}

static const PgmFoldChange *
target_culprit (PgmApplyTarget *target)
{
  return ((Target *) target)->culprit;
}

/* A8: lost before it arrived, after it was done, or while it is being done. */
static gboolean
lose_commit (Target *self, Committed *committed, GError **error)
{
  Destination *destination = self->destination;

  destination->faults--;
  *self->alive = FALSE;
  fibers_note ("destination: the answer to the commit of %lu is lost", committed->progress);
  destination->zombie = *committed;
  if (fibers_chance (3))
    destination_settle (destination);
  return lost (error);
}

static gboolean
target_commit (PgmApplyTarget *target, PgmLsn end_lsn, gint64 commit_time, GError **error)
{
  Target *self = (Target *) target;
  Destination *destination = self->destination;
  Committed committed = { .progress = end_lsn };

  if (!go_on (self, "commit", error))
    return FALSE;
  if (self->work == NULL || self->failed != NULL)
    fibers_fail ("COMMIT of what has failed or never begun");
  committed.state = g_steal_pointer (&self->work);
  end_transaction (self);
  if (destination->faults > 0 && fibers_chance (12))
    return lose_commit (self, &committed, error);
  land (destination, &committed);
  if (fibers_chance (10)) /* the server's own WAL writer */
    make_durable (destination, destination->commits->len);
  return TRUE;
}

static gboolean
target_rollback (PgmApplyTarget *target, GError **error)
{
  Target *self = (Target *) target;

  end_transaction (self);
  return go_on (self, "rollback", error);
}

static gboolean
target_save (PgmApplyTarget *target, GError **error)
{
  Target *self = (Target *) target;

  if (!go_on (self, "save", error))
    return FALSE;
  if (self->work == NULL || self->failed != NULL)
    fibers_fail ("SAVEPOINT in what has failed or never begun");
  g_clear_pointer (&self->saved, state_free);
  self->saved = state_copy (self->work);
  return TRUE;
}

static gboolean
target_restore (PgmApplyTarget *target, GError **error)
{
  Target *self = (Target *) target;

  if (!go_on (self, "restore", error))
    return FALSE;
  if (self->saved == NULL)
    fibers_fail ("there is nothing to go back to");
  forget_failure (self);
  g_clear_pointer (&self->work, state_free);
  self->work = state_copy (self->saved);
  return TRUE;
}

/* The order matters: what was committed meanwhile isn't part of it. */
static gboolean
target_flush (PgmApplyTarget *target, PgmLsn *durable, GError **error)
{
  Target *self = (Target *) target;

  if (!go_on (self, "flush", error))
    return FALSE;
  *durable = destination_read_progress (self->destination);
  return TRUE;
}

static void
target_explain (PgmApplyTarget *target, const PgmFoldChange *change, GError **error)
{
  g_prefix_error (error, "explained: ");
}

static void
target_free (PgmApplyTarget *target)
{
  Target *self = (Target *) target;

  end_transaction (self);
  g_free (self);
}

static const PgmApplyTargetClass target_class = {
  .start = target_start,
  .describe = target_describe,
  .begin = target_begin,
  .write = target_write,
  .check = target_check,
  .culprit = target_culprit,
  .commit = target_commit,
  .rollback = target_rollback,
  .save = target_save,
  .restore = target_restore,
  .flush = target_flush,
  .explain = target_explain,
  .free = target_free,
};

PgmApplyTarget *
destination_connect (Destination *self, gboolean *alive)
{
  Target *target = g_new0 (Target, 1);

  target->parent.class = &target_class;
  target->destination = self;
  target->alive = alive;
  return &target->parent;
}
