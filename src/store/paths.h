/* Where things are kept, after the XDG base directory specification. Nothing is
 * created by asking. All results are transfer full, absolute paths. */
#pragma once

#include "core/error.h"

G_BEGIN_DECLS

/* $XDG_CONFIG_HOME/pgmanager, else ~/.config/pgmanager. */
char *pgm_paths_config_directory (void);

/* clusters.json in there. */
char *pgm_paths_clusters_file (void);

/* $XDG_STATE_HOME/pgmanager, else ~/.local/state/pgmanager; for a user without a
 * home directory a private one below the temporary directory. */
char *pgm_paths_state_directory (void);

/* $XDG_RUNTIME_DIR/pgmanager, else a private directory below the temporary one. */
char *pgm_paths_runtime_directory (void);

/* Makes @directory and its parents with mode 0700. One that is there must be ours
 * (PGM_ERROR_REFUSED): a file of a name that anybody can foresee, in a directory
 * of somebody else, would be theirs to read or replace. */
gboolean pgm_paths_make_private (const char *directory, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
