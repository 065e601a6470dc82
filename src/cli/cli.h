/* The command line: one table of commands, each a thin shell around PgmEngine.
 *
 * A command parses its arguments into a PgmJobSpec, hands it to the engine, shows
 * the snapshots that come back and ends with the report's exit status. It never
 * learns which engine it speaks to; the program that hosts it makes one.
 */
#pragma once

#include "core/error.h"
#include "engine/engine.h"

G_BEGIN_DECLS

typedef struct
{
  /* Makes the engine when a command needs one (--help doesn't). Transfer full. */
  PgmEngine *(*make_engine) (GError **error);
  /* Lets other processes of this user look at and steer what runs on @engine; where
   * that is not possible, the job runs all the same. Ended with unserve(). */
  gpointer (*serve) (PgmEngine *engine, const char *job_id, GError **error);
  void (*unserve) (gpointer server);
  /* PgmEngine of each living process that lets us. Transfer full. */
  GPtrArray *(*find_engines) (void);
  /* Do two endpoints name the same database? */
  gboolean (*is_same_database) (const PgmEndpoint *a, const PgmEndpoint *b);
  /* "libpq 15.20, GLib 2.74.6, …" for --version. Transfer full. */
  char *(*describe_libraries) (void);
} PgmCliHost;

/* Runs the command that @argv names. Passwords in @argv are taken over and
 * overwritten in place before anything else happens. Returns the exit status. */
int pgm_cli_main (int argc, char **argv, const PgmCliHost *host);

G_END_DECLS
