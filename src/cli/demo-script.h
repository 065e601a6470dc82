/* What the demo does with the job it follows: cuts over while customers order, goes
 * back again, and cleans up. Private to the room. */
#pragma once

#include "cli/job-runner.h"

G_BEGIN_DECLS

typedef struct _PgmDemoScript PgmDemoScript;

/* Steers the next job of @runner; @sample has writers by then. */
PgmDemoScript *pgm_demo_script_new (PgmJobRunner *runner, const PgmSample *sample);
void pgm_demo_script_free (PgmDemoScript *self);

/* After the job: both cutovers with their proof, and what the customers saw. FALSE
 * when a part of it did not come to pass. */
gboolean pgm_demo_script_print (PgmDemoScript *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmDemoScript, pgm_demo_script_free)

G_END_DECLS
