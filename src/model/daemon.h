/* The process that runs jobs in the background, as it describes itself. */
#pragma once

#include "model/record.h"

G_BEGIN_DECLS

typedef struct
{
  PgmRecord record;
  gint64 pid;
  char *version;
  gint64 started_at;
  GStrv addresses; /* "unix:/run/user/1000/pgmanager/api.sock", "https://[::1]:7654" */
  char *state_dir; /* of state.db */
  char *log_file;  /* NULL: standard error */
  gint64 jobs;     /* that run just now */
  char *problem;   /* why nothing is being kept just now; NULL: all is well */
} PgmDaemonInfo;

extern const PgmRecordType pgm_daemon_info_type;

G_END_DECLS
