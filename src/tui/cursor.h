/* Where somebody is in a list, and which part of it is seen. Not for other rooms. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint at;
  guint top;     /* the first line that is seen */
  gboolean tail; /* stays at the end as the list grows */
} PgmCursor;

typedef enum
{
  PGM_MOVE_UP,
  PGM_MOVE_DOWN,
  PGM_MOVE_PAGE_UP,
  PGM_MOVE_PAGE_DOWN,
  PGM_MOVE_FIRST,
  PGM_MOVE_LAST,
} PgmMove;

/* @tails: this list is one whose end people want to see. */
void pgm_cursor_move (PgmCursor *self, PgmMove move, guint length, guint rows, gboolean tails);

/* Brings it back within a list of @length of which @rows are seen. */
void pgm_cursor_fit (PgmCursor *self, guint length, guint rows);

G_END_DECLS
