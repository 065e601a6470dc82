/* The desktop application: one AdwApplication around a PgmEngine that the
 * program hands in. */
#pragma once

#include <adwaita.h>

#include "app/outside.h"
#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_APPLICATION (pgm_application_get_type ())
G_DECLARE_FINAL_TYPE (PgmApplication, pgm_application, PGM, APPLICATION, AdwApplication)

/* @flags: G_APPLICATION_NON_UNIQUE for tests. */
PgmApplication *pgm_application_new (PgmEngine *engine, GApplicationFlags flags);

/* Without it there is only this computer. @outside is static. */
void pgm_application_set_outside (PgmApplication *self, const PgmOutside *outside);

/* SIGINT, SIGTERM or SIGHUP ended it (after everything was cleaned up). */
gboolean pgm_application_was_interrupted (PgmApplication *self);

G_END_DECLS
