#include "state.h"

#include <string.h>

guint
state_n_keys (guint table)
{
  if (table == TABLE_LEDGER)
    return 0;
  return table == TABLE_PAIRS ? 2 : 1;
}

State *
state_new (void)
{
  State *self = g_new0 (State, 1);

  for (guint i = 0; i < N_TABLES; i++)
    self->rows[i] = g_array_new (FALSE, FALSE, sizeof (Row));
  return self;
}

State *
state_copy (const State *from)
{
  State *self = g_new0 (State, 1);

  for (guint i = 0; i < N_TABLES; i++)
    self->rows[i] = g_array_copy (from->rows[i]);
  return self;
}

void
state_free (State *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < N_TABLES; i++)
    g_array_unref (self->rows[i]);
  g_free (self);
}

int
state_find (const State *self, guint table, const Row *key)
{
  gsize size = state_n_keys (table) * sizeof key->c[0];

  for (guint i = 0; size > 0 && i < self->rows[table]->len; i++)
    if (memcmp (&g_array_index (self->rows[table], Row, i), key, size) == 0)
      return (int) i;
  return -1;
}

/* Would @row stand in the way of another than number @except? */
static gboolean
collides (const State *self, guint table, const Row *row, int except)
{
  int there = state_find (self, table, row);

  if (there >= 0 && there != except)
    return TRUE;
  for (guint i = 0; table == TABLE_ACCOUNTS && i < self->rows[table]->len; i++)
    if ((int) i != except && g_array_index (self->rows[table], Row, i).c[1] == row->c[1])
      return TRUE;
  return FALSE;
}

StateResult
state_insert (State *self, guint table, const Row *row)
{
  if (collides (self, table, row, -1))
    return STATE_DUPLICATE;
  g_array_append_vals (self->rows[table], row, 1);
  return STATE_OK;
}

StateResult
state_update (State *self, guint table, const Row *key, const Row *row)
{
  int there = state_find (self, table, key);

  if (there < 0)
    return STATE_MISSING;
  if (collides (self, table, row, there))
    return STATE_DUPLICATE;
  g_array_index (self->rows[table], Row, there) = *row;
  return STATE_OK;
}

StateResult
state_delete (State *self, guint table, const Row *key)
{
  int there = state_find (self, table, key);

  if (there < 0)
    return STATE_MISSING;
  g_array_remove_index_fast (self->rows[table], (guint) there);
  return STATE_OK;
}

void
state_truncate (State *self, guint table)
{
  g_array_set_size (self->rows[table], 0);
}

static int
compare_rows (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (Row));
}

gboolean
state_equal (const State *a, const State *b, guint table)
{
  g_autoptr (GArray) one = g_array_copy (a->rows[table]);
  g_autoptr (GArray) other = g_array_copy (b->rows[table]);

  g_array_sort (one, compare_rows);
  g_array_sort (other, compare_rows);
  return one->len == other->len &&
         (one->len == 0 || memcmp (one->data, other->data, one->len * sizeof (Row)) == 0);
}
