/* What both programs do before their faces start: translations, the
 * configuration, the store, the engine. */
#pragma once

#include "engine/engine.h"

G_BEGIN_DECLS

/* Locale, text domain, program name. */
void pgm_host_init (const char *program);

/* The local engine on the user's store. A store that can't be used is said on
 * standard error and degrades; a configuration that can't be read is an error. */
PgmEngine *pgm_host_make_engine (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "libpq 15.20, GLib 2.74.6, SQLite 3.40.1". Transfer full. */
char *pgm_host_describe_libraries (void);

G_END_DECLS
