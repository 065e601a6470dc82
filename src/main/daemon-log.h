/* The daemon's log: lines on standard error, which is a file in the background, the
 * journal under systemd, a terminal otherwise. Each names its subject. */
#pragma once

#include "engine/engine.h"

G_BEGIN_DECLS

typedef struct _PgmDaemonLog PgmDaemonLog;

typedef enum
{
  PGM_LOG_ERROR,
  PGM_LOG_WARNING,
  PGM_LOG_INFO,
} PgmLogLevel;

/* @path: standard output and error go there from now on, 0600, added to; NULL: they
 * stay what they are. */
PgmDaemonLog *pgm_daemon_log_new (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_daemon_log_free (PgmDaemonLog *self);

/* The file is opened anew: somebody has moved it away. */
void pgm_daemon_log_reopen (PgmDaemonLog *self);

/* @subject: "daemon", or a job's id. */
void pgm_daemon_log_line (PgmDaemonLog *self,
                          PgmLogLevel level,
                          const char *subject,
                          const char *format,
                          ...) G_GNUC_PRINTF (4, 5);

/* What jobs of @engine tell: phases, warnings, errors, their ends. */
void pgm_daemon_log_follow (PgmDaemonLog *self, PgmEngine *engine);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmDaemonLog, pgm_daemon_log_free)

G_END_DECLS
