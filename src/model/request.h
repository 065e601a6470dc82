/* What a face may ask of a running job, and what it hears back. */
#pragma once

#include "model/record.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_REQUEST_PAUSE,             /* stop applying; the source keeps its WAL */
  PGM_REQUEST_RESUME,            /* go on, also after a conflict or a full disk was seen to */
  PGM_REQUEST_VERIFY,            /* compare under live traffic */
  PGM_REQUEST_SWITCHOVER,        /* move writes to the destination */
  PGM_REQUEST_SWITCHOVER_BACK,   /* and back again */
  PGM_REQUEST_CLEANUP,           /* end it and leave nothing of ours on either side */
  PGM_REQUEST_SWITCHOVER_CANCEL, /* before its point of no return: all is as before */
} PgmRequestKind;

extern const char *const pgm_request_kind_names[];

typedef enum
{
  PGM_FENCE_REVOKE,    /* CONNECT revoked, roles' sessions ended */
  PGM_FENCE_READONLY,  /* the database made read-only by default, sessions ended */
  PGM_FENCE_PGBOUNCER, /* PAUSE in front of the servers */
  PGM_FENCE_NONE,      /* whoever asks has stopped the writers; nothing is proved */
} PgmFence;

extern const char *const pgm_fence_names[]; /* "revoke", "readonly", "pgbouncer", "none" */

typedef struct
{
  PgmRecord record;
  double timeout_sec;     /* the application never waits longer; 0: 30 */
  int fence;              /* PgmFence */
  char *pgbouncer_uri;    /* of its administrative database, PGM_FENCE_PGBOUNCER */
  gint64 sequence_margin; /* added to every sequence's value */
  gboolean no_reverse;    /* no way back is kept */
} PgmSwitchoverOptions;

typedef struct
{
  PgmRecord record;
  int kind;                         /* PgmRequestKind */
  gboolean keep_fence;              /* CLEANUP: a fence that a cutover raised stays up */
  PgmSwitchoverOptions *switchover; /* SWITCHOVER, SWITCHOVER_BACK; NULL: defaults */
} PgmJobRequest;

/* The request was accepted; what becomes of it is told by the snapshots. */
typedef struct
{
  PgmRecord record;
  gboolean ok;
  char *message;
  char *job_id; /* which job has it */
} PgmAnswer;

extern const PgmRecordType pgm_switchover_options_type;
extern const PgmRecordType pgm_job_request_type;
extern const PgmRecordType pgm_answer_type;

G_END_DECLS
