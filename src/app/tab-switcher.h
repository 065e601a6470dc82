/* The switcher in the header. Where there is no room for it the title stands there
 * instead, and a bar that belongs to it is revealed. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define PGM_TYPE_TAB_SWITCHER (pgm_tab_switcher_get_type ())
G_DECLARE_FINAL_TYPE (PgmTabSwitcher, pgm_tab_switcher, PGM, TAB_SWITCHER, GtkWidget)

/* Not owned; it stands where it likes. */
void pgm_tab_switcher_set_bar (PgmTabSwitcher *self, AdwViewSwitcherBar *bar);

/* NULL: then there is only the title. */
void pgm_tab_switcher_set_stack (PgmTabSwitcher *self, AdwViewStack *stack);

/* Plain text; @subtitle may be NULL. */
void pgm_tab_switcher_set_title (PgmTabSwitcher *self, const char *title, const char *subtitle);

G_END_DECLS
