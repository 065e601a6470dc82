/* Aligned columns for people, on standard output. Private to the room. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _PgmGrid PgmGrid;

/* Headings, NULL-terminated, borrowed. */
PgmGrid *pgm_grid_new (const char *const *headings);
void pgm_grid_free (PgmGrid *self);

/* One cell more; copied, NULL is empty. The last one of a line ends it. */
void pgm_grid_add (PgmGrid *self, const char *text);
/* Numbers and sizes, to the right of their column. Takes @text. */
void pgm_grid_take_right (PgmGrid *self, char *text);

void pgm_grid_print (PgmGrid *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmGrid, pgm_grid_free)

G_END_DECLS
