#include "migration/apply-private.h"

#include "core/failpoint.h"
#include "postgres/quote.h"

/* What is known of a relation of the stream. */
typedef struct
{
  PgmRelation *relation; /* referenced */
  PgmRelation *alias;    /* the newest object that says the same; referenced */
  char *name;            /* quoted */
  gboolean left_out;
  PgmLsn copied_until;
  PgmFoldTable *table; /* NULL: not asked for yet */
} Known;

/* The transaction that is being read is kept apart until its end is there: only
 * whole ones go into a fold. */
typedef struct
{
  PgmApplier *applier;
  GHashTable *by_relation; /* PgmRelation -> Known, borrowed */
  GHashTable *by_name;     /* quoted name -> Known, the newest */
  GPtrArray *all;          /* Known */
  const PgmRelation *last_relation;
  Known *last_known;

  PgmFoldTransaction transaction;
  gboolean skipped;   /* applied before this start */
  gboolean in_parts;  /* some of it has been handed over */
  gboolean has_rows;  /* changes that are for us */
  GArray *changes;    /* PgmFoldChange */
  GArray *sentinels;  /* PgmApplySentinel */
  GPtrArray *batches; /* PgmFoldBatch: where the changes lie */
  gsize bytes;        /* of these batches */
  guint64 seen;       /* transactions with changes for us */
} Folder;

static void
known_free (gpointer data)
{
  Known *known = data;

  pgm_relation_unref (known->relation);
  pgm_relation_unref (known->alias);
  g_free (known->name);
  g_free (known);
}

static void
clear_change (gpointer data)
{
  PgmFoldChange *change = data;

  g_free (change->tables);
}

static void
clear_sentinel (gpointer data)
{
  PgmApplySentinel *sentinel = data;

  g_free (sentinel->content);
}

static void
unref_batch (gpointer data)
{
  pgm_fold_batch_unref (data);
}

static void
folder_init (Folder *self, PgmApplier *applier)
{
  *self = (Folder){ .applier = applier };
  self->by_relation = g_hash_table_new (NULL, NULL);
  self->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  self->all = g_ptr_array_new_with_free_func (known_free);
  self->changes = g_array_new (FALSE, FALSE, sizeof (PgmFoldChange));
  g_array_set_clear_func (self->changes, clear_change);
  self->sentinels = g_array_new (FALSE, FALSE, sizeof (PgmApplySentinel));
  g_array_set_clear_func (self->sentinels, clear_sentinel);
  self->batches = g_ptr_array_new_with_free_func (unref_batch);
}

static void
folder_clear (Folder *self)
{
  g_hash_table_unref (self->by_relation);
  g_hash_table_unref (self->by_name);
  g_ptr_array_unref (self->all);
  g_array_unref (self->changes);
  g_array_unref (self->sentinels);
  g_ptr_array_unref (self->batches);
}

/* A description that says the same as the last one is no news: the table's window
 * stays open. */
static Known *
meet (Folder *self, PgmRelation *relation)
{
  g_autofree char *name = pgm_quote_qualified (relation->schema, relation->name);
  Known *known = g_hash_table_lookup (self->by_name, name);
  const PgmLsn *copied_until = NULL;

  if (known == NULL || !pgm_relation_equal (known->relation, relation))
    {
      if (self->applier->copied_until != NULL)
        copied_until = g_hash_table_lookup (self->applier->copied_until, name);
      known = g_new0 (Known, 1);
      known->relation = pgm_relation_ref (relation);
      known->name = g_steal_pointer (&name);
      known->left_out = g_str_equal (relation->schema, "pgmanager");
      known->copied_until = copied_until != NULL ? *copied_until : 0;
      g_ptr_array_add (self->all, known);
      g_hash_table_replace (self->by_name, known->name, known);
    }
  if (known->alias != NULL)
    g_hash_table_remove (self->by_relation, known->alias);
  g_clear_pointer (&known->alias, pgm_relation_unref);
  known->alias = pgm_relation_ref (relation);
  g_hash_table_insert (self->by_relation, relation, known);
  return known;
}

static Known *
know (Folder *self, PgmRelation *relation)
{
  Known *known = NULL;

  if (relation == self->last_relation)
    return self->last_known;
  known = g_hash_table_lookup (self->by_relation, relation);
  if (known == NULL)
    known = meet (self, relation);
  self->last_relation = relation;
  self->last_known = known;
  return known;
}

/* @table: NULL when its changes are not for us: ours, or in the rows already (A4):
 * a commit record that begins before the copy's position ends at or before it. */
static gboolean
find_table (Folder *self, PgmRelation *relation, PgmFoldTable **table, GError **error)
{
  Known *known = know (self, relation);
  PgmApplyTarget *target = self->applier->target;

  *table = NULL;
  if (known->left_out || self->transaction.final_lsn < known->copied_until)
    return TRUE;
  if (known->table == NULL)
    known->table = target->class->describe (target, known->relation, error);
  *table = known->table;
  return known->table != NULL;
}

static gboolean
add_row (Folder *self, const PgmChange *change, GError **error)
{
  PgmFoldChange added = { .change = change };

  if (!find_table (self, change->row.relation, &added.table, error))
    return FALSE;
  if (added.table == NULL)
    return TRUE;
  g_array_append_val (self->changes, added);
  self->has_rows = TRUE;
  return TRUE;
}

static gboolean
add_truncate (Folder *self, const PgmChange *change, GError **error)
{
  PgmFoldChange added = { .change = change };
  guint n = 0;

  added.tables = g_new0 (PgmFoldTable *, change->truncate.n_relations + 1);
  for (guint i = 0; i < change->truncate.n_relations; i++)
    {
      if (!find_table (self, change->truncate.relations[i], &added.tables[n], error))
        {
          g_free (added.tables);
          return FALSE;
        }
      n += added.tables[n] != NULL;
    }
  if (n == 0)
    g_free (added.tables);
  else
    {
      g_array_append_val (self->changes, added);
      self->has_rows = TRUE;
    }
  return TRUE;
}

static void
add_sentinel (Folder *self, const PgmChange *change)
{
  PgmApplySentinel sentinel = {
    .content = g_strdup (change->message.content),
    .sighting.lsn = change->message.lsn,
    .sighting.transactions = self->seen,
  };

  g_array_append_val (self->sentinels, sentinel);
}

static void
begin (Folder *self, const PgmChange *change)
{
  self->transaction = (PgmFoldTransaction){
    .final_lsn = change->begin.final_lsn,
    .commit_time = change->begin.commit_time,
  };
  self->skipped = change->begin.final_lsn < self->applier->start;
  self->in_parts = FALSE;
  self->has_rows = FALSE;
}

static void
forget_transaction (Folder *self)
{
  /* What was handed over took the tables of TRUNCATE along. */
  g_array_set_clear_func (self->changes, NULL);
  g_array_set_size (self->changes, 0);
  g_array_set_clear_func (self->changes, clear_change);
  g_ptr_array_set_size (self->batches, 0);
  self->bytes = 0;
}

/* FALSE: the applier stops. */
static gboolean
wait_until_taken_locked (PgmApplier *applier)
{
  while (applier->pending != NULL && !g_cancellable_is_cancelled (applier->stop))
    g_cond_wait (&applier->changed, &applier->mutex);
  return !g_cancellable_is_cancelled (applier->stop);
}

static gboolean
fold_transaction (Folder *self, PgmApplyWork *work, GError **error)
{
  for (guint i = 0; i < self->batches->len; i++)
    pgm_fold_hold (work->fold, g_ptr_array_index (self->batches, i));
  return pgm_fold_add (work->fold, &self->transaction,
                       (const PgmFoldChange *) (gpointer) self->changes->data, self->changes->len,
                       error);
}

static void
give_sentinels (Folder *self, PgmApplyWork *work)
{
  for (guint i = 0; i < self->sentinels->len; i++)
    {
      PgmApplySentinel *sentinel = &g_array_index (self->sentinels, PgmApplySentinel, i);
      sentinel->sighting.end_lsn = self->transaction.end_lsn;
      g_array_append_val (work->sentinels, *sentinel);
    }
  g_array_set_clear_func (self->sentinels, NULL);
  g_array_set_size (self->sentinels, 0);
  g_array_set_clear_func (self->sentinels, clear_sentinel);
}

/* What there is of a transaction that is too large for one fold goes on alone. */
static gboolean
hand_part (Folder *self, gboolean last, GError **error)
{
  PgmApplier *applier = self->applier;
  g_autoptr (PgmApplyWork) work = pgm_apply_work_new ();
  g_autoptr (GMutexLocker) locker = NULL;

  work->in_parts = TRUE;
  work->first = !self->in_parts;
  work->last = last;
  work->full = TRUE;
  if (!fold_transaction (self, work, error))
    {
      forget_transaction (self);
      return FALSE;
    }
  forget_transaction (self);
  work->fold->counts.transactions = last ? 1 : 0;
  if (last)
    give_sentinels (self, work);
  self->in_parts = TRUE;
  locker = g_mutex_locker_new (&applier->mutex);
  if (applier->pending != NULL)
    applier->pending->full = TRUE;
  g_cond_broadcast (&applier->changed);
  if (!wait_until_taken_locked (applier))
    return g_cancellable_set_error_if_cancelled (applier->stop, error), FALSE;
  applier->pending = g_steal_pointer (&work);
  g_cond_broadcast (&applier->changed);
  return TRUE;
}

static gboolean
is_full (const PgmApplier *applier, const PgmFold *fold)
{
  return fold->bytes >= applier->max_fold_bytes || fold->changes->len >= applier->max_fold_changes;
}

static gboolean
add_whole_locked (Folder *self, GError **error)
{
  PgmApplier *applier = self->applier;
  gboolean ok = FALSE;

  while (applier->pending != NULL && applier->pending->full)
    {
      if (g_cancellable_set_error_if_cancelled (applier->stop, error))
        return FALSE;
      g_cond_wait (&applier->changed, &applier->mutex);
    }
  if (applier->pending == NULL)
    applier->pending = pgm_apply_work_new ();
  ok = fold_transaction (self, applier->pending, error);
  forget_transaction (self);
  give_sentinels (self, applier->pending);
  applier->pending->full = is_full (applier, applier->pending->fold);
  if (applier->pending->full)
    g_cond_broadcast (&applier->changed);
  return ok;
}

static void
note_position (Folder *self, PgmLsn position)
{
  PgmApplier *applier = self->applier;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&applier->mutex);

  applier->position = MAX (applier->position, position);
}

static gboolean
commit (Folder *self, const PgmChange *change, GError **error)
{
  gboolean ok = TRUE;

  self->transaction.end_lsn = change->commit.end_lsn;
  self->transaction.commit_time = change->commit.commit_time;
  if (self->skipped)
    {
      g_array_set_size (self->changes, 0);
      g_array_set_size (self->sentinels, 0);
    }
  if (self->in_parts)
    ok = hand_part (self, TRUE, error);
  else if (self->changes->len > 0 || self->sentinels->len > 0)
    {
      g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->applier->mutex);
      ok = add_whole_locked (self, error);
    }
  else
    {
      forget_transaction (self);
      note_position (self, change->commit.end_lsn);
    }
  self->seen += self->has_rows;
  self->in_parts = FALSE;
  return ok;
}

static gboolean
take_change (Folder *self, const PgmChange *change, GError **error)
{
  switch ((PgmChangeKind) change->kind)
    {
    case PGM_CHANGE_BEGIN:
      begin (self, change);
      return TRUE;
    case PGM_CHANGE_INSERT:
    case PGM_CHANGE_UPDATE:
    case PGM_CHANGE_DELETE:
      return self->skipped || add_row (self, change, error);
    case PGM_CHANGE_TRUNCATE:
      return self->skipped || add_truncate (self, change, error);
    case PGM_CHANGE_MESSAGE:
      add_sentinel (self, change);
      return TRUE;
    case PGM_CHANGE_COMMIT:
      return commit (self, change, error);
    case PGM_CHANGE_POSITION:
    default:
      note_position (self, change->position);
      return TRUE;
    }
}

/* The open transaction lies in this batch, too. */
static void
lie_in (Folder *self, PgmFoldBatch *batch)
{
  if (self->batches->len > 0 && g_ptr_array_index (self->batches, self->batches->len - 1) == batch)
    return;
  g_ptr_array_add (self->batches, pgm_fold_batch_ref (batch));
  self->bytes += pgm_fold_batch_get (batch)->bytes;
}

static gboolean
take_batch (Folder *self, PgmFoldBatch *batch, GError **error)
{
  GArray *changes = pgm_fold_batch_get (batch)->changes;

  for (guint i = 0; i < changes->len; i++)
    {
      const PgmChange *change = &g_array_index (changes, PgmChange, i);
      if (change->kind == PGM_CHANGE_BEGIN || self->batches->len == 0 || i == 0)
        lie_in (self, batch);
      if (!take_change (self, change, error))
        return FALSE;
    }
  /* Between transactions nothing is held back. */
  if (self->changes->len == 0 && self->sentinels->len == 0)
    forget_transaction (self);
  else if (self->bytes >= self->applier->max_fold_bytes ||
           self->changes->len >= self->applier->max_fold_changes)
    return hand_part (self, FALSE, error);
  return TRUE;
}

static void
set_caught_up (PgmApplier *applier, gboolean caught_up)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&applier->mutex);

  applier->caught_up = caught_up;
  if (caught_up)
    g_cond_broadcast (&applier->changed);
}

/* The writer is told before the folder begins to wait for more. */
static PgmChannelResult
next_batch (PgmApplier *applier, gpointer *batch)
{
  PgmChannelResult result = pgm_channel_pop (applier->changes, batch, 0, applier->stop);

  if (result != PGM_CHANNEL_TIMEOUT)
    return result;
  set_caught_up (applier, TRUE);
  result = pgm_channel_pop (applier->changes, batch, -1, applier->stop);
  set_caught_up (applier, FALSE);
  return result;
}

static gboolean
fold_all (Folder *self, GError **error)
{
  gpointer item = NULL;
  PgmChannelResult result;

  while ((result = next_batch (self->applier, &item)) == PGM_CHANNEL_OK)
    {
      PgmFoldBatch *batch = pgm_fold_batch_new_take (item);
      gboolean ok = PGM_FAILPOINT ("apply.before_fold", error) && take_batch (self, batch, error);
      pgm_fold_batch_unref (batch);
      if (!ok)
        return FALSE;
    }
  if (result == PGM_CHANNEL_END)
    return TRUE;
  if (!g_cancellable_set_error_if_cancelled (self->applier->stop, error))
    pgm_error_set (error, PGM_ERROR_LOST, "the stream of changes has ended early");
  return FALSE;
}

gpointer
pgm_apply_folder_thread (gpointer data)
{
  PgmApplier *applier = data;
  GError *error = NULL;
  Folder self;

  folder_init (&self, applier);
  (void) fold_all (&self, &error);
  folder_clear (&self);
  g_mutex_lock (&applier->mutex);
  applier->folder_error = error;
  applier->ended = TRUE;
  g_cond_broadcast (&applier->changed);
  g_mutex_unlock (&applier->mutex);
  return NULL;
}
