#include "config.h"

#include "migration/change.h"

/* How far back a relation is searched among those that are held: transactions
 * come back to the same few tables. Holding one twice is no fault. */
#define HOLD_SEARCH 16

static void
release_relation (gpointer relation)
{
  pgm_relation_unref (relation);
}

PgmChangeBatch *
pgm_change_batch_new (void)
{
  PgmChangeBatch *self = g_new0 (PgmChangeBatch, 1);

  self->arena = pgm_arena_new (PGM_CHANGE_BATCH_BLOCK);
  self->changes = g_array_new (FALSE, FALSE, sizeof (PgmChange));
  self->relations = g_ptr_array_new_with_free_func (release_relation);
  return self;
}

void
pgm_change_batch_free (PgmChangeBatch *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->relations);
  g_array_unref (self->changes);
  pgm_arena_free (self->arena);
  g_free (self);
}

void
pgm_change_batch_hold (PgmChangeBatch *self, PgmRelation *relation)
{
  guint n = self->relations->len;
  guint end = n > HOLD_SEARCH ? n - HOLD_SEARCH : 0;

  for (guint i = n; i > end; i--)
    if (g_ptr_array_index (self->relations, i - 1) == relation)
      return;
  g_ptr_array_add (self->relations, pgm_relation_ref (relation));
}
