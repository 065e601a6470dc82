/* What is put into the window's content for a job and for a new migration. */
#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

G_BEGIN_DECLS

/* Each a new widget, floating. */
GtkWidget *pgm_places_make_migration (PgmEngine *engine, const char *job_id);
GtkWidget *pgm_places_make_assistant (PgmEngine *engine);

G_END_DECLS
