/* The phases of a job in a row: done ones carry a check mark, the present one is
 * bold, one that failed carries a cross. The sign says it, the colour repeats it. */
#pragma once

#include <gtk/gtk.h>

#include "model/snapshot.h"

G_BEGIN_DECLS

#define PGM_TYPE_PHASE_STRIP (pgm_phase_strip_get_type ())
G_DECLARE_FINAL_TYPE (PgmPhaseStrip, pgm_phase_strip, PGM, PHASE_STRIP, GtkWidget)

typedef enum
{
  PGM_STEP_WAITING,
  PGM_STEP_PRESENT,
  PGM_STEP_DONE,
  PGM_STEP_FAILED,
  PGM_STEP_STOPPED,
} PgmStepState;

/* Back to the first phase. */
void pgm_phase_strip_restart (PgmPhaseStrip *self);

/* Goes on to @phase. It never goes back: the jobs of one run follow each other,
 * and each begins with connecting. */
void pgm_phase_strip_advance (PgmPhaseStrip *self, PgmPhase phase);

/* How it ended: DONE for all of it, FAILED or STOPPED in the present phase. */
void pgm_phase_strip_end (PgmPhaseStrip *self, PgmStepState state);

/* For looking at: how many phases there are, and what is shown of one. */
guint pgm_phase_strip_get_n_steps (PgmPhaseStrip *self);
PgmStepState pgm_phase_strip_get_step (PgmPhaseStrip *self, guint step);

G_END_DECLS
