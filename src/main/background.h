/* Into the background: a child in a session of its own does the work, and this process
 * waits until it is ready, or says why it isn't. */
#pragma once

#include "model/daemon.h"

G_BEGIN_DECLS

/* Before any thread was made. The child gets a descriptor (>= 0) that it gives to one of
 * the two calls below; the parent gets -1, with *@info or @error set. */
int pgm_background_enter (PgmDaemonInfo **info, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The child's word to the parent; both close @fd, and -1 is fine. */
void pgm_background_ready (int fd, PgmDaemonInfo *info);
void pgm_background_fail (int fd, const GError *error);

G_END_DECLS
