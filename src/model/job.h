/* What to do: a job's specification, complete and serialisable. */
#pragma once

#include "core/lsn.h"
#include "model/record.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_JOB_CLONE, /* with options.dry_run: preflight and plan only */
  PGM_JOB_COMPARE,
  PGM_JOB_FOLLOW,  /* changes only: the rows are there already */
  PGM_JOB_CLEANUP, /* remove everything of ours from both sides */
} PgmJobKind;

extern const char *const pgm_job_kind_names[]; /* "clone", "compare", "follow", "cleanup" */

/* One end. @uri: libpq URI or keyword string, without password; the other
 * fields override what it says. */
typedef struct
{
  PgmRecord record;
  char *uri;
  char *host;
  char *port;
  char *user;
  char *dbname;
  PgmSecret *password;
  char *cluster;    /* id of a registered cluster: then it alone says where that is */
  gboolean foreign; /* named by somebody elsewhere: files of this account don't count */
  char *node;       /* id within it; NULL: the primary, else the first */
} PgmEndpoint;

typedef struct
{
  PgmRecord record;
  gint64 copy_workers;  /* 0: default (4, or fewer when the machine has fewer cores * 2) */
  gint64 index_workers; /* 0: default */
  guint64 split_bytes;  /* tables larger than this are split; 0: default 1 GiB */
  GStrv include;        /* patterns "schema", "schema.table", with * and ? ; NULL: all */
  GStrv exclude;
  gboolean schema_only;
  gboolean data_only;
  gboolean no_owner;
  gboolean no_acl;
  gboolean drop_existing;
  gboolean resume;
  gboolean dry_run;
  char *bindir; /* of pg_dump and pg_restore; NULL: look for them */
} PgmCloneOptions;

typedef struct
{
  PgmRecord record;
  gboolean schema; /* both FALSE: both */
  gboolean data;
  gint64 workers;
  gint64 max_rows; /* row differences shown per table; 0: 20 */
  GStrv include;
  GStrv exclude;
  gboolean no_owner; /* don't compare owners / ACLs */
  gboolean no_acl;
} PgmCompareOptions;

/* What becomes of a change that doesn't fit the destination's rows. */
typedef enum
{
  PGM_CONFLICT_STOP, /* the job ends with table, key and both rows */
  PGM_CONFLICT_LOG,  /* the change is left out, told as a warning event, counted */
  PGM_CONFLICT_SKIP, /* the same without an event */
} PgmConflictPolicy;

/* What follows a clone, or the whole of a PGM_JOB_FOLLOW. */
typedef struct
{
  PgmRecord record;
  char *slot_name;     /* NULL: named after the job, made by us */
  char *publication;   /* NULL: named after the job, made by us */
  char *origin;        /* NULL: named after the job */
  PgmLsn start_lsn;    /* PGM_JOB_FOLLOW with a slot of others: where the rows are; 0: its
                        * confirmed position */
  int on_conflict;     /* PgmConflictPolicy */
  gboolean streaming;  /* have large transactions sent before their end */
  gboolean keep_fence; /* PGM_JOB_CLEANUP: a fence that a cutover raised stays up */
  gboolean local_only; /* bidirectional: leave out what was replicated to the source */
} PgmFollowOptions;

extern const char *const pgm_conflict_names[]; /* "stop", "log", "skip" */

typedef struct
{
  PgmRecord record;
  char *id; /* given by the engine when NULL */
  int kind; /* PgmJobKind */
  PgmEndpoint *source;
  PgmEndpoint *destination;
  PgmCloneOptions *clone;     /* PGM_JOB_CLONE */
  PgmCompareOptions *compare; /* PGM_JOB_COMPARE */
  PgmFollowOptions *follow;   /* PGM_JOB_FOLLOW; PGM_JOB_CLONE: not NULL means to go on following */
} PgmJobSpec;

extern const PgmRecordType pgm_endpoint_type;
extern const PgmRecordType pgm_clone_options_type;
extern const PgmRecordType pgm_compare_options_type;
extern const PgmRecordType pgm_follow_options_type;
extern const PgmRecordType pgm_job_spec_type;

/* A connection string without the secrets that people put into it (the password
 * of a URI, password= and sslpassword= anywhere): to be shown or kept. NULL for
 * NULL. Transfer full. */
char *pgm_uri_without_secrets (const char *uri);

/* The same job without any secret; options are shared with @spec. Transfer full. */
PgmJobSpec *pgm_job_spec_without_secrets (const PgmJobSpec *spec);

/* What may be written to a disk: JSON of the job without any secret, which reads
 * back with pgm_record_from_json(). Transfer full. */
char *pgm_job_spec_to_storable_json (const PgmJobSpec *spec);

G_END_DECLS
