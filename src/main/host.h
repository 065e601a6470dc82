/* What both programs do before their faces start: translations, the
 * configuration, the store, the engine. */
#pragma once

#include "cli/cli.h"
#include "engine/engine.h"

G_BEGIN_DECLS

/* Locale, text domain, program name. */
void pgm_host_init (const char *program);

/* The local engine on the user's store. A store that can't be used is said on
 * standard error and degrades; a configuration that can't be read is an error. */
PgmEngine *pgm_host_make_engine (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Lets other processes of this user look at and steer what runs on @engine, over a
 * socket in the runtime directory. To be ended with pgm_host_unserve(). */
gpointer
pgm_host_serve (PgmEngine *engine, const char *job_id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_host_unserve (gpointer server);

/* What a command calls a server elsewhere: connect_engine of cli/cli.h. */
PgmEngine *
pgm_host_connect_engine (const PgmCliTarget *target, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* PgmEngine of each living process that serves its jobs there. Transfer full. */
GPtrArray *pgm_host_find_engines (void);

/* "libpq 15.20, GLib 2.74.6, SQLite 3.40.1". Transfer full. */
char *pgm_host_describe_libraries (void);

G_END_DECLS
