/* Jobs that go on by themselves, each in a file of its own: what was given with it, with
 * the secrets that may stand nowhere else, for our eyes only and for as long as the job is
 * kept. They outlive a damaged state file. Not for other rooms. */
#pragma once

#include "model/job.h"

G_BEGIN_DECLS

/* @directory is that of the state. */
gboolean pgm_kept_jobs_keep (const char *directory, const PgmJobSpec *spec, GError **error);

/* NULL when there is none, or none that can be trusted. Transfer full. */
PgmJobSpec *pgm_kept_jobs_load (const char *directory, const char *job_id);

void pgm_kept_jobs_forget (const char *directory, const char *job_id);

/* The ids, in their order. Transfer full. */
GStrv pgm_kept_jobs_list (const char *directory);

G_END_DECLS
