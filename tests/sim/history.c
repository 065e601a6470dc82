#include "history.h"

#include "fibers.h"

#define KEYS 14u

typedef struct
{
  History *history;
  State *state;
  guint32 next_xid;
  guint32 next_entry; /* of the ledger */
  PgmLsn lsn;
} Author;

static void
transaction_free (gpointer data)
{
  Transaction *self = data;

  g_array_unref (self->changes);
  g_free (self);
}

static Row
random_row (Author *self, guint table)
{
  Row row = { { fibers_random (KEYS), fibers_random (KEYS), fibers_random (1000),
                fibers_random (3) } };

  if (table == TABLE_LEDGER)
    row.c[2] = self->next_entry++;
  if (table == TABLE_PAIRS)
    row.c[0] %= 3;
  return row;
}

static const Row *
existing_row (const State *state, guint table)
{
  const GArray *rows = state->rows[table];

  return rows->len > 0 ? &g_array_index (rows, Row, fibers_random (rows->len)) : NULL;
}

static gboolean
draw_update (Author *self, Change *change)
{
  const Row *there = existing_row (self->state, change->table);

  if (there == NULL || change->table == TABLE_LEDGER)
    return FALSE;
  change->kind = 'U';
  change->old = *there;
  change->new = *there;
  change->new.c[2] = fibers_random (1000);
  change->toasted = fibers_chance (2);
  if (!change->toasted)
    change->new.c[3] = fibers_random (3);
  if (fibers_chance (3))
    change->new.c[fibers_random (2)] = fibers_random (KEYS);
  for (guint i = 0; i < state_n_keys (change->table); i++)
    change->rekeyed |= change->new.c[i] != change->old.c[i];
  return state_update (self->state, change->table, &change->old, &change->new) == STATE_OK;
}

static gboolean
draw_truncate (Author *self, Change *change)
{
  change->kind = 'T';
  change->tables = 1 + fibers_random ((1u << N_TABLES) - 1);
  for (guint i = 0; i < N_TABLES; i++)
    if ((change->tables & (1u << i)) != 0)
      state_truncate (self->state, i);
  return TRUE;
}

/* FALSE: the tables don't admit it. */
static gboolean
draw_change (Author *self, Change *change)
{
  const Row *there;

  *change = (Change){ .table = fibers_random (N_TABLES) };
  switch (fibers_random (20))
    {
    case 0:
      change->kind = 'M';
      change->foreign = fibers_chance (2);
      return TRUE;
    case 1:
      return fibers_chance (3) && draw_truncate (self, change);
    case 2:
    case 3:
    case 4:
      there = existing_row (self->state, change->table);
      if (there == NULL || change->table == TABLE_LEDGER)
        return FALSE;
      change->kind = 'D';
      change->old = *there;
      return state_delete (self->state, change->table, &change->old) == STATE_OK;
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
      return draw_update (self, change);
    default:
      change->kind = 'I';
      change->new = random_row (self, change->table);
      return state_insert (self->state, change->table, &change->new) == STATE_OK;
    }
}

static void
draw_changes (Author *self, GArray *changes, guint n, guint32 subxid, gboolean aborted)
{
  for (guint i = 0; i < n; i++)
    {
      Change change;

      if (!draw_change (self, &change))
        continue;
      change.subxid = subxid;
      change.aborted = aborted;
      g_array_append_val (changes, change);
    }
}

/* A savepoint, released or gone back to. */
static void
draw_subtransaction (Author *self, Transaction *transaction)
{
  gboolean aborted = fibers_chance (2);
  guint32 subxid = self->next_xid++;
  State *before = state_copy (self->state);

  draw_changes (self, transaction->changes, 1 + fibers_random (5), subxid, aborted);
  if (aborted)
    {
      state_free (self->state);
      self->state = before;
    }
  else
    state_free (before);
}

static void
draw_content (Author *self, Transaction *transaction)
{
  guint size = fibers_chance (8) ? 10 + fibers_random (40) : fibers_random (7);

  draw_changes (self, transaction->changes, size, 0, FALSE);
  while (fibers_chance (4))
    {
      draw_subtransaction (self, transaction);
      draw_changes (self, transaction->changes, fibers_random (4), 0, FALSE);
    }
}

/* Commit records may stand one behind the other, without a byte between them. */
static void
draw_transaction (Author *self)
{
  History *history = self->history;
  Transaction *transaction = g_new0 (Transaction, 1);
  State *before = state_copy (self->state);

  transaction->xid = self->next_xid++;
  transaction->changes = g_array_new (FALSE, FALSE, sizeof (Change));
  transaction->aborted = fibers_chance (8);
  draw_content (self, transaction);
  g_ptr_array_add (history->transactions, transaction);
  if (transaction->aborted)
    {
      state_free (self->state);
      self->state = before;
      return;
    }
  state_free (before);
  transaction->final_lsn = self->lsn + (fibers_chance (3) ? 0 : 8 * (1 + fibers_random (50)));
  transaction->end_lsn = transaction->final_lsn + 48;
  self->lsn = transaction->end_lsn;
  g_array_append_val (history->finals, transaction->final_lsn);
  g_array_append_val (history->ends, transaction->end_lsn);
  g_ptr_array_add (history->states, state_copy (self->state));
}

static void
free_state (gpointer data)
{
  state_free (data);
}

History *
history_new (guint n_transactions)
{
  History *self = g_new0 (History, 1);
  Author author = { .history = self, .state = state_new (), .next_xid = 700, .lsn = 1000 };

  self->transactions = g_ptr_array_new_with_free_func (transaction_free);
  self->states = g_ptr_array_new_with_free_func (free_state);
  self->finals = g_array_new (FALSE, FALSE, sizeof (PgmLsn));
  self->ends = g_array_new (FALSE, FALSE, sizeof (PgmLsn));
  self->start = author.lsn;
  for (guint i = 0; i < N_TABLES; i++)
    for (guint n = 0; n < 10; n++)
      {
        Row row = random_row (&author, i);
        (void) state_insert (author.state, i, &row);
      }
  g_ptr_array_add (self->states, state_copy (author.state));
  while (self->finals->len < n_transactions)
    draw_transaction (&author);
  self->n_copied = fibers_random (n_transactions / 2);
  self->copied_until =
      self->n_copied > 0 ? g_array_index (self->ends, PgmLsn, self->n_copied - 1) : self->start;
  state_free (author.state);
  return self;
}

void
history_free (History *self)
{
  g_ptr_array_unref (self->transactions);
  g_ptr_array_unref (self->states);
  g_array_unref (self->finals);
  g_array_unref (self->ends);
  g_free (self);
}

guint
history_count (const History *self, PgmLsn lsn)
{
  guint n = 0;

  while (n < self->finals->len && g_array_index (self->finals, PgmLsn, n) < lsn)
    n++;
  return n;
}

gboolean
history_matches (const History *self, guint n, const State *state, guint *table)
{
  for (*table = 0; *table < N_TABLES; (*table)++)
    {
      guint at = *table == TABLE_ORDERS ? MAX (n, self->n_copied) : n;
      if (!state_equal (g_ptr_array_index (self->states, at), state, *table))
        return FALSE;
    }
  return TRUE;
}
