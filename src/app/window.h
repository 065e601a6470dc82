/* The main window. For now it runs the demo and shows it live: phase, overall
 * progress, tables. Actions: win.start-demo, win.stop. */
#pragma once

#include <adwaita.h>

#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_WINDOW (pgm_window_get_type ())
G_DECLARE_FINAL_TYPE (PgmWindow, pgm_window, PGM, WINDOW, AdwApplicationWindow)

typedef enum
{
  PGM_WINDOW_IDLE,      /* the welcome page */
  PGM_WINDOW_PREPARING, /* making the sample clusters */
  PGM_WINDOW_RUNNING,   /* a job runs */
  PGM_WINDOW_CLEANING,  /* removing the sample clusters */
  PGM_WINDOW_FINISHED,  /* the result stands */
} PgmWindowState;

PgmWindow *pgm_window_new (GtkApplication *application, PgmEngine *engine);
PgmWindowState pgm_window_get_state (PgmWindow *self);

/* The throw-away clusters while they exist, else NULL. Owned by the window. */
const PgmSample *pgm_window_get_sample (PgmWindow *self);

G_END_DECLS
