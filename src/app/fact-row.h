/* One line of a list of facts: a sign, what it is, what is said of it below, and a value
 * at the right; where it helps, a bar below and a button that copies something. All of
 * it is plain text, also a server's. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define PGM_TYPE_FACT_ROW (pgm_fact_row_get_type ())
G_DECLARE_FINAL_TYPE (PgmFactRow, pgm_fact_row, PGM, FACT_ROW, GtkListBoxRow)

GtkWidget *pgm_fact_row_new (void);

/* Each may be set again at any time; NULL takes it away. @meaning: what the sign says,
 * for whoever doesn't see it. */
void pgm_fact_row_set_icon (PgmFactRow *self,
                            const char *icon,
                            const char *css_class,
                            const char *meaning);
void pgm_fact_row_set_title (PgmFactRow *self, const char *title);
void pgm_fact_row_set_subtitle (PgmFactRow *self, const char *subtitle);
void pgm_fact_row_set_value (PgmFactRow *self, const char *value, const char *note);

/* SQL or the like, shown below in its own letters, with a button that copies it. */
void pgm_fact_row_set_code (PgmFactRow *self, const char *code);

/* 0 to 1; negative: no bar. @css_class "warning", "error" or NULL. */
void pgm_fact_row_set_level (PgmFactRow *self, double level, const char *css_class);

/* A widget of somebody else's at the end. */
void pgm_fact_row_add_suffix (PgmFactRow *self, GtkWidget *widget);

/* A click, or Enter, runs an action of the window. */
void pgm_fact_row_set_action (PgmFactRow *self, const char *action, const char *target);

/* For looking at. Borrowed. */
const char *pgm_fact_row_get_title (PgmFactRow *self);
const char *pgm_fact_row_get_subtitle (PgmFactRow *self);
const char *pgm_fact_row_get_value (PgmFactRow *self);
const char *pgm_fact_row_get_code (PgmFactRow *self);

G_END_DECLS
