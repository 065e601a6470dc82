/* The cutover of one job, from the plan over its steps to its proof, there and back. It
 * asks its engine itself, and shows what snapshots bring.
 *
 * Actions: cutover.start, cutover.cancel, cutover.copy, cutover.save-text,
 * cutover.save-json, cutover.close. Signal "message" (char *text) for what should be
 * told and passes. */
#pragma once

#include <gtk/gtk.h>

#include "app/cutover-ask.h"
#include "app/cutover-proof.h"
#include "app/cutover-steps.h"
#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_CUTOVER_VIEW (pgm_cutover_view_get_type ())
G_DECLARE_FINAL_TYPE (PgmCutoverView, pgm_cutover_view, PGM, CUTOVER_VIEW, GtkWidget)

typedef enum
{
  PGM_CUTOVER_STAGE_CLOSED, /* not possible now */
  PGM_CUTOVER_STAGE_ASKING,
  PGM_CUTOVER_STAGE_LIVE,
  PGM_CUTOVER_STAGE_PROOF,
} PgmCutoverStageShown;

void pgm_cutover_view_set_job (PgmCutoverView *self, PgmEngine *engine, const char *job_id);

/* Names of both ends, and which of them are protected. */
void pgm_cutover_view_set_ends (PgmCutoverView *self,
                                const char *source,
                                gboolean source_protected,
                                const char *destination,
                                gboolean destination_protected);

void pgm_cutover_view_show (PgmCutoverView *self, const PgmSnapshot *snapshot);

/* The job has ended: nothing can be asked of it any more. */
void pgm_cutover_view_end (PgmCutoverView *self, const PgmReport *report);

PgmCutoverStageShown pgm_cutover_view_get_stage (PgmCutoverView *self);

/* Owned by the view. */
PgmCutoverAsk *pgm_cutover_view_get_ask (PgmCutoverView *self);
PgmCutoverProof *pgm_cutover_view_get_proof (PgmCutoverView *self);
PgmCutoverSteps *pgm_cutover_view_get_steps (PgmCutoverView *self);
const char *pgm_cutover_view_get_clock (PgmCutoverView *self);

G_END_DECLS
