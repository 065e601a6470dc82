/* An arena: many small allocations with one end.
 *
 * Named by what ends them (message, transaction, table, job). Memory is aligned
 * for any type and not zeroed unless asked for. pgm_arena_reset() keeps the
 * first block for the next round.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _PgmArena PgmArena;

/* @block_size: bytes asked of the system at a time; 0 takes 64 KiB. */
PgmArena *pgm_arena_new (gsize block_size);
void pgm_arena_free (PgmArena *self);
void pgm_arena_reset (PgmArena *self);

gpointer pgm_arena_alloc (PgmArena *self, gsize size);
gpointer pgm_arena_alloc0 (PgmArena *self, gsize size);
gpointer pgm_arena_memdup (PgmArena *self, gconstpointer data, gsize size);
char *pgm_arena_strdup (PgmArena *self, const char *text);

/* Bytes handed out since the last reset. */
gsize pgm_arena_get_used (PgmArena *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmArena, pgm_arena_free)

G_END_DECLS
