/* Ctrl+K: one field, and everything that the window can show under the keys. */
#pragma once

#include <adwaita.h>

#include "app/inventory.h"

G_BEGIN_DECLS

#define PGM_TYPE_JUMP (pgm_jump_get_type ())
G_DECLARE_FINAL_TYPE (PgmJump, pgm_jump, PGM, JUMP, AdwWindow)

/* What is chosen runs an action of @parent. */
PgmJump *pgm_jump_new (GtkWindow *parent, PgmInventory *inventory);

/* For looking at. Borrowed. */
GtkEditable *pgm_jump_get_entry (PgmJump *self);
guint pgm_jump_count_shown (PgmJump *self);

/* The first that is shown, as Enter does. */
void pgm_jump_activate_first (PgmJump *self);

G_END_DECLS
