/* A crew: some worker threads, each with a destination session of its own, that
 * take tasks from one list until it is empty. The first error of a task ends the
 * whole and cancels what the others are doing; whatever is only one object's
 * failure is handled inside the task. */
#pragma once

#include "migration/context.h"

G_BEGIN_DECLS

/* @source: a session under ctx->snapshot when asked for, else NULL. */
typedef struct
{
  PgmCloneContext *ctx;
  PgmConnection *source;
  PgmConnection *destination;
  gpointer data;
} PgmCrewMember;

typedef gboolean (*PgmCrewFunc) (PgmCrewMember *member,
                                 gpointer task,
                                 GCancellable *cancellable,
                                 GError **error);

typedef struct
{
  const char *role; /* sessions are called "role-1" … */
  guint workers;
  gboolean source;      /* open a source session too, under ctx->snapshot */
  const char *settings; /* SQL for each destination session, may be NULL */
} PgmCrewOptions;

/* Runs @func for every task, in order of the list as workers come free. No more
 * threads than tasks; with one worker everything happens on the calling thread. */
gboolean pgm_crew_run (PgmCloneContext *ctx,
                       const PgmCrewOptions *options,
                       GPtrArray *tasks,
                       PgmCrewFunc func,
                       gpointer data,
                       GCancellable *cancellable,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
