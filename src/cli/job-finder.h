/* Which running job a command means: by its id, by its two ends, or the only one
 * there is; and the options that say so. Private to the room. */
#pragma once

#include "cli/command.h"
#include "cli/endpoint-options.h"
#include "cli/server-choice.h"

G_BEGIN_DECLS

typedef struct
{
  char *job_id;
  PgmServerChoice server;
  PgmEndpointOptions source;
  PgmEndpointOptions destination;
} PgmJobChoice;

/* --job, --source-…, --dest-…, --server-url and what belongs to it */
void pgm_job_choice_add (GOptionContext *context, PgmJobChoice *self);
void pgm_job_choice_clear (PgmJobChoice *self);

typedef struct
{
  PgmEngine *engine; /* of the process that runs it */
  PgmJobInfo *job;
} PgmFoundJob;

void pgm_found_job_free (PgmFoundJob *self);

/* PgmFoundJob of every job that runs and fits; transfer full. Processes that don't
 * answer are left out, but for one at a URL. PGM_ERROR_USAGE when an end can't be
 * understood. */
GPtrArray *pgm_job_finder_list (PgmCli *cli, PgmJobChoice *choice, GError **error);

/* The one that is meant. PGM_ERROR_NOT_FOUND when there is none, PGM_ERROR_USAGE when
 * there are several. */
PgmFoundJob *
pgm_job_finder_find (PgmCli *cli, PgmJobChoice *choice, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What every engine call of a command waits for: @result is filled in by
 * pgm_wait_callback() with &@result as its data. Transfer full. */
GAsyncResult *pgm_wait_for (GAsyncResult **result);
void pgm_wait_callback (GObject *source, GAsyncResult *result, gpointer user_data);

/* Asks the job, and waits until it has accepted. */
gboolean pgm_found_job_request (PgmFoundJob *self,
                                PgmJobRequest *request,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* All jobs of @engine, waited for. */
GPtrArray *pgm_job_finder_list_engine (PgmEngine *engine, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmFoundJob, pgm_found_job_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PgmJobChoice, pgm_job_choice_clear)

G_END_DECLS
