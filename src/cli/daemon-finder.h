/* The daemon that commands hand their jobs to. Private to the room. */
#pragma once

#include "cli/command.h"

G_BEGIN_DECLS

typedef struct
{
  PgmEngine *engine;
  PgmDaemonInfo *info;
} PgmFoundDaemon;

/* NULL: none runs. */
PgmFoundDaemon *pgm_daemon_find (PgmCli *cli);
void pgm_found_daemon_free (PgmFoundDaemon *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmFoundDaemon, pgm_found_daemon_free)

G_END_DECLS
