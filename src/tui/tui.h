/* The terminal dashboard: the jobs of whatever engines it is handed, in a terminal,
 * until somebody leaves. It only looks and asks; jobs run elsewhere and go on without
 * it. */
#pragma once

#include "engine/engine.h"

G_BEGIN_DECLS

typedef struct
{
  /* Shown alone, however often it doesn't answer; or NULL. */
  PgmEngine *engine;
  /* Without @engine: PgmEngine that answer now and aren't among @known; asked for every few seconds, so
   * that what begins or comes back appears. Must not wait. Transfer full. */
  GPtrArray *(*find_engines) (GPtrArray *known);
  /* Without @engine: the one that knows jobs that are over, or NULL. */
  PgmEngine *history;
  const char *job_id;  /* shown first, or NULL */
  double interval_sec; /* between two pictures; 0: default */
  gboolean no_colours; /* NO_COLOR says the same */
} PgmTuiOptions;

/* Takes the terminal and the program's main context until it is left. Returns TRUE when
 * somebody did so; PGM_ERROR_USAGE where there is no terminal to draw on;
 * G_IO_ERROR_CANCELLED when a signal or the end of the terminal ended it. */
gboolean pgm_tui_run (const PgmTuiOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
