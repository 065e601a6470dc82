/* A table's open set of changes in a fold: what has become of each key so far. */
#pragma once

#include "migration/fold.h"

G_BEGIN_DECLS

/* Tuples that have to be made are made in @arena. */
PgmFoldWindow *pgm_fold_window_new (const PgmFoldTable *table, PgmArena *arena);
void pgm_fold_window_free (PgmFoldWindow *self);

/* Takes the change in. FALSE: it doesn't follow from what the window knows (a
 * second insert of a key, an update of a deleted row); it needs a new window,
 * and the destination will find out. UPDATE must not change the key. */
gboolean pgm_fold_window_add (PgmFoldWindow *self, const PgmChange *change);

/* The sets, deletes first and inserts last, so that values of other unique keys
 * are free before they are taken again. */
GArray *pgm_fold_window_make_sets (PgmFoldWindow *self);

G_END_DECLS
