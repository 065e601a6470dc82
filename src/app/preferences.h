/* The preferences: how it looks, how often it looks at clusters, and what happens when
 * the window is closed. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define PGM_TYPE_PREFERENCES (pgm_preferences_get_type ())
G_DECLARE_FINAL_TYPE (PgmPreferences, pgm_preferences, PGM, PREFERENCES, AdwWindow)

/* @settings: NULL where there is no schema; then it says so. */
PgmPreferences *pgm_preferences_new (GtkWindow *parent, GSettings *settings);

G_END_DECLS
