/* The daemon that commands hand their jobs to. Private to the room. */
#pragma once

#include "cli/server-choice.h"

G_BEGIN_DECLS

typedef struct
{
  PgmEngine *engine;
  PgmDaemonInfo *info;
} PgmFoundDaemon;

/* The one on this machine; NULL: none runs. */
PgmFoundDaemon *pgm_daemon_find (PgmCli *cli);
/* The one that @server chooses, which has to answer; else the one on this machine, with
 * *@daemon NULL when none runs. FALSE with @error. */
gboolean pgm_daemon_choose (PgmCli *cli,
                            const PgmServerChoice *server,
                            PgmFoundDaemon **daemon,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_found_daemon_free (PgmFoundDaemon *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmFoundDaemon, pgm_found_daemon_free)

G_END_DECLS
