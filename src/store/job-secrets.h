/* What was given with a job that goes on by itself and may stand in no other file:
 * its specification with the secrets in it, in a file of its own that only we can
 * read, for as long as the job is kept. Not for other rooms. */
#pragma once

#include "model/job.h"

G_BEGIN_DECLS

/* Writes nothing for a job that has no secrets. @directory is that of the state. */
gboolean pgm_job_secrets_keep (const char *directory, const PgmJobSpec *spec, GError **error);

/* NULL when there is none, or none that can be trusted. Transfer full. */
PgmJobSpec *pgm_job_secrets_load (const char *directory, const char *job_id);

void pgm_job_secrets_forget (const char *directory, const char *job_id);

G_END_DECLS
