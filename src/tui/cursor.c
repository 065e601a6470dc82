#include "tui/cursor.h"

static guint
target_of (const PgmCursor *self, PgmMove move, guint length, guint rows)
{
  guint page = MAX (rows, 2) - 1;
  guint last = length - 1;

  switch (move)
    {
    case PGM_MOVE_UP:
      return self->at > 0 ? self->at - 1 : 0;
    case PGM_MOVE_DOWN:
      return MIN (self->at + 1, last);
    case PGM_MOVE_PAGE_UP:
      return self->at > page ? self->at - page : 0;
    case PGM_MOVE_PAGE_DOWN:
      return MIN (self->at + page, last);
    case PGM_MOVE_LAST:
      return last;
    case PGM_MOVE_FIRST:
    default:
      return 0;
    }
}

void
pgm_cursor_move (PgmCursor *self, PgmMove move, guint length, guint rows, gboolean tails)
{
  if (length == 0)
    return;
  pgm_cursor_fit (self, length, rows);
  self->at = target_of (self, move, length, rows);
  self->tail = tails && self->at == length - 1;
  pgm_cursor_fit (self, length, rows);
}

void
pgm_cursor_fit (PgmCursor *self, guint length, guint rows)
{
  rows = MAX (rows, 1); /* nothing may have been drawn yet */
  if (length == 0)
    {
      self->at = self->top = 0;
      return;
    }
  if (self->tail || self->at >= length)
    self->at = length - 1;
  if (self->top > self->at)
    self->top = self->at;
  if (self->at - self->top >= rows)
    self->top = self->at - rows + 1;
  /* No blank lines while there are others to show. */
  if (self->top + rows > length)
    self->top = length > rows ? length - rows : 0;
}
