/* The steps of a cutover as they are taken, a row each: sign, what, when, and what was
 * found. */
#pragma once

#include <gtk/gtk.h>

#include "model/report.h"

G_BEGIN_DECLS

#define PGM_TYPE_CUTOVER_STEPS (pgm_cutover_steps_get_type ())
G_DECLARE_FINAL_TYPE (PgmCutoverSteps, pgm_cutover_steps, PGM, CUTOVER_STEPS, GtkWidget)

/* Changes only what differs. NULL: none. */
void pgm_cutover_steps_show (PgmCutoverSteps *self, const PgmCutoverReport *cutover);

/* For looking at. */
guint pgm_cutover_steps_get_n_rows (PgmCutoverSteps *self);

G_END_DECLS
