/* Migrations between registered clusters: written down, listed, made into jobs. Not for
 * other rooms. */
#pragma once

#include "engine/asks.h"

G_BEGIN_DECLS

/* What starting @id means: the job, and the plan that it comes from (NULL: an earlier
 * job is gone on with). *@begun: there was a job of this id before. Everything is
 * transfer full. PGM_ERROR_NOT_FOUND for an unknown id. Reads the state file. */
PgmJobSpec *pgm_planned_load (PgmStore *store,
                              const char *id,
                              PgmMigrationBody **plan,
                              gboolean *begun,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds to the list of jobs what is planned of them, and those that are only planned. */
void pgm_planned_merge (PgmStore *store, GPtrArray *infos);

/* Whether @id may be forgotten: it is known, and following has left nothing on the
 * servers that nobody would find again. @force: known is enough. */
gboolean pgm_planned_check_forget (PgmStore *store, const char *id, gboolean force, GError **error);

G_END_DECLS
