/* A cutover as text: its steps as they come, and the proof at its end. Private to the
 * room. */
#pragma once

#include "cli/command.h"

G_BEGIN_DECLS

void pgm_cutover_print_step (const PgmCutoverStep *step);
void pgm_cutover_print_proof (const PgmCutoverReport *cutover);

G_END_DECLS
