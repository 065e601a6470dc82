/* The configuration: key files, the system's first, then the user's over it.
 *
 * /etc/pgmanager/pgmanager.conf and $XDG_CONFIG_HOME/pgmanager/pgmanager.conf have
 * one group, [pgmanager], with these keys; what is not set keeps its default.
 * The command line wins over both.
 *
 *   copy_workers       tables (or parts of them) copied at a time, 1 to 64
 *   index_workers      indexes built at a time, 1 to 64
 *   split_larger_than  size from which a table is copied in parts: 1GB, 512MB
 *   compare_workers    tables compared at a time, 1 to 64
 *   bindir             directory of pg_dump and pg_restore
 *   state_dir          directory of state.db and the lock files
 *
 * A key or group that is not known is an error with its line, as is a value that
 * can't be understood: a typing mistake must not be taken for a default.
 */
#pragma once

#include "model/config.h"
#include "model/job.h"

G_BEGIN_DECLS

/* Reads the two files above; one that is not there is fine. */
PgmConfig *pgm_config_load (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same from @paths, later ones over earlier ones. */
PgmConfig *
pgm_config_load_files (const char *const *paths, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Fills what @spec leaves open. Only for a spec that nobody else has seen yet. */
void pgm_config_apply (const PgmConfig *self, PgmJobSpec *spec);

G_END_DECLS
