/* A secret: text that must not be seen by accident.
 *
 * Lives in its own locked (where allowed) memory, is wiped when the last
 * reference goes, and prints as "***". The only way to the text is
 * pgm_secret_reveal(), so that every place that sees a password can be found.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _PgmSecret PgmSecret;

/* NULL for NULL. @text stays the caller's, to be wiped by the caller. */
PgmSecret *pgm_secret_new (const char *text);

/* Takes and wipes @text: the way for strings that held a secret until now. */
PgmSecret *pgm_secret_new_take (char *text);

/* Both accept NULL. */
PgmSecret *pgm_secret_ref (PgmSecret *self);
void pgm_secret_unref (PgmSecret *self);

/* NULL for NULL. Owned by the secret; valid while a reference is held. "" is a secret too. */
const char *pgm_secret_reveal (const PgmSecret *self);

/* "***", or "" for NULL. */
const char *pgm_secret_to_display (const PgmSecret *self);

/* Constant in time for equal lengths. NULL equals only NULL. */
gboolean pgm_secret_equal (const PgmSecret *a, const PgmSecret *b);

/* Overwrites so that the compiler can't drop it. */
void pgm_secret_wipe (gpointer memory, gsize size);

/* Wipes and frees a string that held a secret; NULL is fine. */
void pgm_secret_free_text (char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmSecret, pgm_secret_unref)

G_END_DECLS
