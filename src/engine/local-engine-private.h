/* What the files of the local engine share. */
#pragma once

#include "engine/job.h"
#include "engine/local-engine.h"
#include "engine/samples.h"

G_BEGIN_DECLS

struct _PgmLocalEngine
{
  GObject parent_instance;
  GMainContext *context;
  PgmStore *store;
  GHashTable *waiting;  /* job id → GPtrArray of GTask: who asked it to stop */
  GHashTable *cutovers; /* job id → PgmAutoCutover, of those that cut over by themselves */
  PgmSamples *samples;
  PgmDaemonInfo *daemon; /* NULL: of a program that ends with its job */
  gboolean resting;

  GMutex lock;     /* the one below */
  GPtrArray *jobs; /* PgmJob, in the order of starting */
};

/* A question that is being answered: the data of its task. */
typedef struct
{
  PgmAsk ask;
  char *id;
  gpointer request;
} PgmAsked;

/* Transfer full, or NULL. */
PgmJob *pgm_local_engine_find_job (PgmLocalEngine *self, const char *job_id);
void pgm_local_engine_remove_job (PgmLocalEngine *self, const char *job_id);

/* In the engine's context. The job belongs to the engine; NULL with @error. */
PgmJob *pgm_local_engine_start_job (PgmLocalEngine *self,
                                    const PgmJobSpec *spec,
                                    PgmJobMode mode,
                                    GError **error);
/* Of a job that somebody starts just now. */
PgmJobMode pgm_local_engine_get_mode (PgmLocalEngine *self);

/* Answers to questions that need the engine itself; both take @task. */
void pgm_local_engine_start_migration (PgmLocalEngine *self, GTask *task);
void pgm_local_engine_delete_migration (PgmLocalEngine *self, GTask *task);

/* Twice a second of each running job. */
void
pgm_local_engine_look_for_cutover (PgmLocalEngine *self, PgmJob *job, const PgmSnapshot *snapshot);
/* From now on, if @plan asks for it. */
void pgm_local_engine_watch_for_cutover (PgmLocalEngine *self, const PgmMigrationBody *plan);

G_END_DECLS
