/* The daemon: a process that runs jobs for others, and goes on with them after it was
 * killed. */
#pragma once

#include "cli/cli.h"

G_BEGIN_DECLS

/* In the foreground: returns when it has been told to end. In the background: returns
 * when it is ready, with *@info (transfer full); the process that runs on never
 * returns. PGM_ERROR_REFUSED when there is one already. */
gboolean pgm_daemon_run (const PgmDaemonOptions *options, PgmDaemonInfo **info, GError **error);

/* Tries what pgm_daemon_run() would read, and changes nothing. */
gboolean pgm_daemon_check (const PgmDaemonOptions *options, GError **error);

/* See PgmCliHost. */
char *pgm_daemon_make_certificate (const PgmDaemonOptions *options,
                                   const char *const *names,
                                   char **certificate,
                                   char **key,
                                   GError **error);

G_END_DECLS
