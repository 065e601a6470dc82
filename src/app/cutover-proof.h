/* What a cutover has come to: the result, how long writes stood, the sentinels, the
 * steps, and what still stands with the SQL that undoes it. The buttons are the actions
 * cutover.copy, .save-text, .save-json and .close of the view around it. */
#pragma once

#include <gtk/gtk.h>

#include "model/report.h"

G_BEGIN_DECLS

#define PGM_TYPE_CUTOVER_PROOF (pgm_cutover_proof_get_type ())
G_DECLARE_FINAL_TYPE (PgmCutoverProof, pgm_cutover_proof, PGM, CUTOVER_PROOF, GtkWidget)

void pgm_cutover_proof_show (PgmCutoverProof *self, const PgmCutoverReport *cutover);

/* For looking at: the headline. */
const char *pgm_cutover_proof_get_result (PgmCutoverProof *self);

G_END_DECLS
