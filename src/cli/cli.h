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

/* What the command line says over the configuration. */
typedef struct
{
  gboolean foreground;
  gboolean no_tcp;
  GStrv listen; /* NULL: not given */
  gint64 port;  /* the same: 0 */
  char *tls_cert;
  char *tls_key;
} PgmDaemonOptions;

/* A server elsewhere; all but @url may be NULL. */
typedef struct
{
  const char *url;
  const char *token_file;
  const char *ca;
  const char *fingerprint;
} PgmCliTarget;

/* What the dashboard is to begin with. */
typedef struct
{
  PgmEngine *engine;   /* shown alone; NULL: all of this user's on this machine */
  const char *job_id;  /* or NULL */
  double interval_sec; /* between two pictures; 0: default */
  gboolean no_colours;
} PgmDashboardOptions;

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
  /* The engine at a URL; nothing has been sent yet. Transfer full. */
  PgmEngine *(*connect_engine) (const PgmCliTarget *target, GError **error);
  /* Becomes the daemon. In the background it returns when that is ready, with *@info
   * (transfer full); in the foreground when it has ended. PGM_ERROR_REFUSED when there
   * is one already. */
  gboolean (*run_daemon) (const PgmDaemonOptions *options, PgmDaemonInfo **info, GError **error);
  /* A certificate that signs itself and its key, for the daemon: in the files that the
   * options name, else in the configuration's directory; @names: what the machine is
   * called beside its own name. The fingerprint; *@certificate, *@key: the files. All
   * transfer full. */
  char *(*make_certificate) (const PgmDaemonOptions *options,
                             const char *const *names,
                             char **certificate,
                             char **key,
                             GError **error);
  /* Whether configuration and options can be used. */
  gboolean (*check_config) (const PgmDaemonOptions *options, GError **error);
  /* What the environment of this process says of an end (PGHOST, PGPASSWORD, …) and was
   * not given otherwise becomes part of it: the job may run in another process. Only for
   * an endpoint that nobody else has seen yet. */
  void (*complete_endpoint) (PgmEndpoint *endpoint);
  /* Do two endpoints name the same database? */
  gboolean (*is_same_database) (const PgmEndpoint *a, const PgmEndpoint *b);
  /* "libpq 15.20, GLib 2.74.6, …" for --version. Transfer full. */
  char *(*describe_libraries) (void);
  /* Shows the dashboard in this terminal until it is left; FALSE with an error when it
   * can't be shown or was interrupted. */
  gboolean (*run_dashboard) (const PgmDashboardOptions *options, GError **error);
} PgmCliHost;

/* Runs the command that @argv names. Passwords in @argv are taken over and
 * overwritten in place before anything else happens. Returns the exit status. */
int pgm_cli_main (int argc, char **argv, const PgmCliHost *host);

G_END_DECLS
