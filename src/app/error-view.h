/* An error as people need it: what happened, the detail, what to do, and the
 * SQLSTATE; each can be selected, and all of it copied. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define PGM_TYPE_ERROR_VIEW (pgm_error_view_get_type ())
G_DECLARE_FINAL_TYPE (PgmErrorView, pgm_error_view, PGM, ERROR_VIEW, GtkWidget)

/* NULL hides the view. */
void pgm_error_view_set_error (PgmErrorView *self, const GError *error);

/* What the copy button copies; NULL without an error. Owned by the view. */
const char *pgm_error_view_get_text (PgmErrorView *self);

G_END_DECLS
